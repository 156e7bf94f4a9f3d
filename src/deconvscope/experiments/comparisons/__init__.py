"""Experiments that compare pictures: of architectures, layers, neurons, or trained and random networks."""
