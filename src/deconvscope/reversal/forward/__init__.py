"""One forward pass becomes recorded steps: what the network calls, watched as it runs."""
