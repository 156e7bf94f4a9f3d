"""One file a family of calls: how a call is read, what its step keeps (r), and how the step reverses a signal.

Importing this package fills `call.FAMILIES`, the table from functions to how their calls are read.
"""

from . import (
    arithmetic,
    attention,
    concatenation,
    convolution,
    elementwise,
    linear,
    matrix_product,
    max_pool,
    normalisation,
    rearrangement,
    rectifier,
    separable,
    shape,
)

__all__ = [
    "arithmetic",
    "attention",
    "concatenation",
    "convolution",
    "elementwise",
    "linear",
    "matrix_product",
    "max_pool",
    "normalisation",
    "rearrangement",
    "rectifier",
    "separable",
    "shape",
]
