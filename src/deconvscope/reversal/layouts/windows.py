"""Calls that move a window over maps and so make a new grid: convolution, pooling, interpolation."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .axes import NO_GRID, Axes, maps, unknown
from .calls import Call, Result, rule
from .places import contracted, on_new_grid
from .products import with_new_axis


@rule(
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "convolution",
)
def convolution(call: Call, input: Tensor, weight: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """Make new channels on a new grid. A kernel of size 1 keeps the places, as a linear layer does."""
    a = call.of(input)
    shape = call.shape
    if a is None:
        return unknown(shape)
    n = weight.ndim - 2
    if n == 2 and a.upright and a.ndim == 4:
        return maps(shape)
    dim = a.ndim - n - 1
    if dim < 0:
        return unknown(shape)
    mixed = with_new_axis(a, dim, shape[dim])
    same = shape[dim + 1 :] == a.shape[dim + 1 :]
    if same and all(size == 1 for size in weight.shape[2:]):
        return mixed
    if n == 2:
        made = on_new_grid(mixed, shape, channels=False)
        if made.grid != NO_GRID:
            return made
    return mixed if same and n < 3 else unknown(shape)


@rule(
    "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices",
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices", "adaptive_max_pool3d_with_indices",
    "lp_pool1d", "lp_pool2d", "fractional_max_pool2d", "fractional_max_pool2d_with_indices",
    "max_unpool2d",
)  # fmt: skip
def pooling(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Result:
    """Keep the channels on a new grid, or none where all places are pooled."""
    a = call.known(input)
    shape = call.shape
    n = next((int(c) for c in call.name if c.isdigit()), a.ndim - 2)
    dims = range(a.ndim - n, a.ndim)
    if all(shape[dim] == 1 for dim in dims):
        made = contracted(a, dims) if not a.upright else maps(shape)
    elif n == 2:
        made = on_new_grid(a, shape, channels=False)
    else:
        made = unknown(shape)
    return [made] if isinstance(call.output, Tensor) else [made, None]


@rule("interpolate", "upsample", "upsample_nearest", "upsample_bilinear")
def interpolate(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """Keep the channels on a new grid."""
    a = call.known(input)
    return on_new_grid(a, call.shape, channels=False) if a.ndim == 4 else unknown(call.shape)
