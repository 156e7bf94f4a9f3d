"""Recorded steps carry a signal back to the image: batches, windows, precision, captured passes."""
