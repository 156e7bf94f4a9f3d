"""One file a family of layers: what each keeps of the forward pass (r), and how it is reversed."""
