"""How max pools and local response normalisation are called."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from ..call import Call, Recorded, family
from ..max_pool import AdaptiveMaxPool, MaxPool, PoolGeometry
from ..normalisation import LocalResponseNorm
from .arguments import is_map, pair


@family("max_pool2d", "max_pool2d_with_indices")
def max_pool2d(
    call: Call,
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Recorded | None:
    """Read a max pool; the switches come from the indices that torch computes anyway."""
    if not is_map(input):
        return None
    kernel = pair(kernel_size)
    strides = pair(stride) if stride is not None and stride != [] and stride != () else kernel
    geometry = PoolGeometry(kernel, strides, pair(padding), pair(dilation))
    y, indices = F.max_pool2d(
        input, kernel, strides, geometry.padding, geometry.dilation, ceil_mode, return_indices=True
    )
    step = MaxPool(input, geometry, geometry.switches(indices, input.shape[3]))
    asked = return_indices or call.name == "max_pool2d_with_indices"
    return ((y, indices) if asked else y), step


@family("adaptive_max_pool2d", "adaptive_max_pool2d_with_indices")
def adaptive_max_pool2d(
    call: Call, input: Tensor, output_size: Any, return_indices: bool = False
) -> Recorded | None:
    """Read an adaptive max pool."""
    if not is_map(input):
        return None
    y, indices = F.adaptive_max_pool2d(input, output_size, return_indices=True)
    asked = return_indices or call.name == "adaptive_max_pool2d_with_indices"
    return ((y, indices) if asked else y), AdaptiveMaxPool(input, indices)


@family("local_response_norm")
def local_response_norm(
    call: Call, input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Recorded | None:
    """Read local response normalisation."""
    return (call.run(), LocalResponseNorm(input, size, alpha, beta, k)) if input.ndim >= 3 else None
