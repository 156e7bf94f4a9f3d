"""What the machine and this release of PyTorch can do, each private facility with a public way beside it."""
