"""Turn real-valued pictures into pixels. Takes NumPy arrays or torch tensors, returns NumPy arrays."""

from .colour_maps import activation_map, colour_map
from .companding import compand, expand
from .files import encode_png, montage
from .reconstructions import magnitude, paper, paper_scale, renormalised, saliency, signed

__all__ = [
    "activation_map",
    "colour_map",
    "compand",
    "encode_png",
    "expand",
    "magnitude",
    "montage",
    "paper",
    "paper_scale",
    "renormalised",
    "saliency",
    "signed",
]
