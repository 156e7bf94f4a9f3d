"""What travels backwards: windows of a signal, and the batch of architectures and neurons that shares a pass."""
