"""How alike two reversed pictures are: the one number that the experiments and the selectivity meter share."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def similarity(a: Tensor, b: Tensor) -> float:
    """The cosine between two signed pictures, ⟨a, b⟩ / (‖a‖·‖b‖).

    Sign, place and colour count, brightness does not: a reversed picture is only defined up to a positive
    factor. 1 is the same picture, 0 what unrelated pictures have, −1 the negative. Pixels that are zero in
    both leave it as it is, so windows may be compared instead of whole pictures.

    Measures of |x|, such as the rank correlation of Adebayo et al. (*Sanity Checks for Saliency Maps*,
    NeurIPS 2018), are no use for these pictures: every neuron draws brightest at the centre of its receptive
    field, whatever it draws. On VGG-16 at conv4_3 the pictures that one neuron draws on two different photographs
    have a rank correlation of |x| of 0.75 to 0.84, and a cosine of 0.11 at the most.

    Args:
        a: a picture, (C, H, W), of any floating-point type and device.
        b: another of the same shape.

    Returns:
        A number from −1 to 1; NaN where a picture is zero everywhere.

    Raises:
        ValueError: the shapes differ, or a picture holds NaN or infinite values.

    Example:
        >>> picture = Tensor([[[1.0, -2.0]]])
        >>> round(similarity(picture, 3 * picture), 6)
        1.0
    """
    if a.shape != b.shape:
        raise ValueError(
            f"pictures of shapes {tuple(a.shape)} and {tuple(b.shape)} cannot be compared; "
            "cut both to the same window, or compare whole pictures"
        )
    first, second = _unit(a), _unit(b.to(a.device))
    if first is None or second is None:
        return math.nan
    return min(1.0, max(-1.0, float(first @ second)))


def _unit(picture: Tensor) -> Tensor | None:
    """The picture as a vector of length 1, None for a picture of zeros."""
    vector = picture.detach().to(torch.float64, copy=True).flatten()
    largest = float(vector.abs().max()) if vector.numel() else 0.0
    if not math.isfinite(largest):
        raise ValueError("a picture with NaN or infinite values has no similarity to another")
    if largest == 0.0:
        return None
    vector /= largest  # squares of very small or large values leave the range of a float
    return vector.div_(torch.linalg.vector_norm(vector))
