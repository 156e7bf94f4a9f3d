"""What it means that two reversed pictures are equal."""

from __future__ import annotations

import torch
from torch import Tensor

TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-5}
"""Largest difference, relative to the picture's maximum."""


def difference(ours: Tensor, expected: Tensor) -> float:
    """Return the largest difference, relative to the maximum of what is expected."""
    assert ours.shape == expected.shape, (tuple(ours.shape), tuple(expected.shape))
    largest = (ours - expected).abs().max()
    scale = expected.abs().max()
    return float(largest / scale if scale > 0 else largest)


def assert_equal_pictures(
    ours: Tensor, expected: Tensor, what: object, tolerance: float | None = None
) -> None:
    """Fail with the architecture or network where two pictures differ."""
    allowed = TOLERANCE[expected.dtype] if tolerance is None else tolerance
    found = difference(ours, expected)
    assert found <= allowed, f"{what}: differs by {found:.2e} of the maximum"
