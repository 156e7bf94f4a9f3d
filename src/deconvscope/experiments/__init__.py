"""The experiments of Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), and controls beside them."""

from .randomise import randomised
from .similarity import similarity

__all__ = ["randomised", "similarity"]
