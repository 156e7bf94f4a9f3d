"""Real-valued pictures → pixels. NumPy in, NumPy out; torch tensors are welcome; no Jupyter."""

from .colour_maps import activation_map, colour_map
from .companding import compand, expand
from .files import encode_png, montage
from .reconstructions import paper, paper_scale, renormalised, saliency, signed

__all__ = [
    "activation_map",
    "colour_map",
    "compand",
    "encode_png",
    "expand",
    "montage",
    "paper",
    "paper_scale",
    "renormalised",
    "saliency",
    "signed",
]
