"""Segmentation by reversed pictures: the method, its evaluation, and the share of a picture on the foreground."""
