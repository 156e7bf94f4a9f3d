"""How affine layers are called: convolutions, linear layers, batch norm, average pools, interpolations."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from ..arithmetic import MeanOverPlaces
from ..call import Call, Recorded, family
from ..convolution import Convolution, TransposedConvolution
from ..linear import Linear
from ..normalisation import BatchNorm, eval_scale
from ..separable import Separable, fixed_windows, matrix
from .arguments import is_map, pair


@family("conv2d")
def conv2d(
    call: Call,
    input: Tensor,
    weight: Tensor,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Recorded | None:
    """Read a two-dimensional convolution."""
    if not is_map(input):
        return None
    dilation = pair(dilation)
    if padding == "valid":
        padding = 0
    elif padding == "same":
        totals = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        padding = [
            t // 2 for t in totals
        ]  # torch puts the odd one at the end, where it moves nothing
    return call.run(), Convolution(input, weight, pair(stride), pair(padding), dilation, groups)


@family("conv_transpose2d")
def conv_transpose2d(
    call: Call,
    input: Tensor,
    weight: Tensor,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Recorded | None:
    """Read a two-dimensional transposed convolution."""
    if not is_map(input):
        return None
    return call.run(), TransposedConvolution(
        input, weight, pair(stride), pair(padding), pair(dilation), groups
    )


@family("linear")
def linear(call: Call, input: Tensor, weight: Tensor, bias: Any = None) -> Recorded | None:
    """Read a fully connected layer."""
    if weight.ndim != 2 or input.ndim < 2:
        return None
    return call.run(), Linear(input, weight)


@family("batch_norm")
def batch_norm(
    call: Call,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Recorded | None:
    """Read a batch norm that uses its running statistics."""
    if training or running_var is None:
        return None
    return call.run(), BatchNorm(input, eval_scale(weight, running_var, eps))


@family("avg_pool2d")
def avg_pool2d(
    call: Call,
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Recorded | None:
    """Read an average pool."""
    if not is_map(input):
        return None
    kernel, pads = pair(kernel_size), pair(padding)
    strides = pair(stride) if stride is not None and stride != [] and stride != () else kernel

    divisor = 1 if divisor_override else None

    def along(axis: int) -> Any:
        return lambda x: F.avg_pool2d(
            x,
            (kernel[axis], 1),
            (strides[axis], 1),
            (pads[axis], 0),
            ceil_mode,
            count_include_pad,
            divisor,
        )

    my, mx = matrix(input.shape[2], along(0), input), matrix(input.shape[3], along(1), input)
    mx = mx / divisor_override if divisor_override else mx
    down, right = (fixed_windows(k, s, p) for k, s, p in zip(kernel, strides, pads, strict=True))
    return call.run(), Separable(input, my, mx, "average pool", (down, right))


@family("adaptive_avg_pool2d")
def adaptive_avg_pool2d(call: Call, input: Tensor, output_size: Any) -> Recorded | None:
    """Read an adaptive average pool."""
    if not is_map(input):
        return None
    y = call.run()

    def along(size: int) -> Any:
        return lambda x: F.adaptive_avg_pool2d(x, (size, 1))

    my, mx = (
        matrix(input.shape[2], along(y.shape[2]), input),
        matrix(input.shape[3], along(y.shape[3]), input),
    )
    return y, Separable(input, my, mx, "average pool")


@family("mean")
def mean(
    call: Call, input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Recorded | None:
    """Read a mean over both axes of a map."""
    axes = (
        {d % 4 for d in ([dim] if isinstance(dim, int) else dim or [])} if is_map(input) else set()
    )
    if axes != {2, 3} or dtype is not None:
        return None
    if not keepdim:
        return call.run(), MeanOverPlaces(input)
    rows, columns = (input.new_full((1, size), 1 / size) for size in input.shape[2:])
    return call.run(), Separable(input, rows, columns, "average pool")


@family("interpolate")
def interpolate(
    call: Call,
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Recorded | None:
    """Read an interpolation of maps, up or down."""
    smooth = ("nearest", "nearest-exact", "bilinear", "bicubic", "area")
    if not is_map(input) or mode not in smooth or antialias:
        return None

    def along(which: int) -> Any:
        factor = scale_factor[which] if isinstance(scale_factor, tuple | list) else scale_factor
        line: dict[str, Any] = (
            {"scale_factor": (float(factor), 1.0)}
            if factor is not None and not recompute_scale_factor
            else {"size": (y.shape[2 + which], 1)}
        )
        return lambda x: F.interpolate(x, mode=mode, align_corners=align_corners, **line)

    y = call.run()
    my, mx = (matrix(input.shape[2 + which], along(which), input) for which in (0, 1))
    return y, Separable(input, my, mx, "interpolation")
