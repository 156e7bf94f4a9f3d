"""Inverse networks that are trained with and without the bottleneck information."""
