"""Run a recorded graph in reverse, from ŷ at a layer to x̂ at the image."""
