"""Arguments as torch accepts them, brought to one form."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

Pair = tuple[int, int]


def is_map(x: object) -> bool:
    """Tell whether a tensor is a stack of maps (1, C, H, W)."""
    return isinstance(x, Tensor) and x.ndim == 4 and x.shape[0] == 1


def pair(value: Any) -> Pair:
    """Return (rows, columns) from a number or a sequence of one or two."""
    if isinstance(value, int):
        return value, value
    values = [int(v) for v in value]
    return (values[0], values[-1])


def broadcast(*shapes: torch.Size) -> torch.Size:
    """Return the shape to which all broadcast."""
    if all(shape == shapes[0] for shape in shapes):
        return shapes[0]
    return torch.Size(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]
