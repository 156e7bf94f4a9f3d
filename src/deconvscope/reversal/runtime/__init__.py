"""Capabilities of the machine and of this PyTorch release. Every private interface has a public fall-back."""
