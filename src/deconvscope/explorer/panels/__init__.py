"""The panels beside the pictures, computed while nothing else is asked."""
