"""How each family reads a call: torch's own argument names, the output, and the step to keep.

A family returns None for a call outside its reach (another rank, a computed weight), which then is reversed
by its true vector-Jacobian product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .arithmetic import Add, Concatenate, MeanOverPlaces, Multiply, Scale, Split, broadcasts_into
from .calls import Call, Recorded, family
from .convolution import Convolution, TransposedConvolution
from .linear import Linear
from .normalisation import BatchNorm, LocalResponseNorm, eval_scale
from .pooling import AdaptiveMaxPool, MaxPool, PoolGeometry
from .rectifier import Clamp, Leaky, Relu, Smooth
from .separable import Separable, fixed_windows, matrix
from .shape import Pad, Permute, Reshape, Unchanged

Pair = tuple[int, int]


def is_map(x: object) -> bool:
    """Tell whether a tensor is a stack of maps (1, C, H, W)."""
    return isinstance(x, Tensor) and x.ndim == 4 and x.shape[0] == 1


def _broadcast(*shapes: torch.Size) -> torch.Size:
    if all(shape == shapes[0] for shape in shapes):
        return shapes[0]
    return torch.Size(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]


def pair(value: Any) -> Pair:
    """Return (rows, columns) from a number or a sequence of one or two."""
    if isinstance(value, int):
        return value, value
    values = [int(v) for v in value]
    return (values[0], values[-1])


# --- affine layers -----------------------------------------------------------------------------------------


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


# --- rectifiers --------------------------------------------------------------------------------------------


@family("relu")
def relu(call: Call, input: Tensor, inplace: bool = False) -> Recorded:
    """Read max(x, 0)."""
    y = call.run()
    return y, Relu(input, y)


@family("relu6")
def relu6(call: Call, input: Tensor, inplace: bool = False) -> Recorded:
    """Read min(max(x, 0), 6)."""
    y = call.run()
    return y, Clamp(input, y, 0.0, 6.0)


@family("hardtanh")
def hardtanh(
    call: Call, input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Recorded:
    """Read min(max(x, min_val), max_val), as which ``nn.ReLU6`` arrives."""
    y = call.run()
    return y, Clamp(input, y, float(min_val), float(max_val))


@family("clamp", "clip", "clamp_min")
def clamp(call: Call, input: Tensor, min: Any = None, max: Any = None) -> Recorded | None:
    """Read a clamp from zero, a ReLU by another name."""
    if isinstance(min, Tensor) or isinstance(max, Tensor) or min is None or float(min) != 0.0:
        return None
    y = call.run()
    return y, Relu(input, y) if max is None else Clamp(input, y, 0.0, float(max))


@family("maximum", "max")
def maximum(
    call: Call, input: Tensor, other: Any = None, *rest: Any, **kwargs: Any
) -> Recorded | None:
    """Read max(x, 0) where one of the two is a constant zero."""
    if rest or kwargs or not isinstance(other, Tensor) or not isinstance(input, Tensor):
        return None
    for x, zero in ((input, other), (other, input)):
        if (
            call.tracks(x)
            and not call.tracks(zero)
            and broadcasts_into(zero, x)
            and not bool(zero.any())
        ):
            y = call.run()
            return y, Relu(x, y)
    return None


@family("threshold", "_threshold")
def threshold(
    call: Call, input: Tensor, threshold: float, value: float, inplace: bool = False
) -> Recorded:
    """Read x where above a threshold, a constant elsewhere."""
    y = call.run()
    return y, Clamp(input, y, float(threshold), float("inf"))


@family("leaky_relu")
def leaky_relu(
    call: Call, input: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Recorded:
    """Read the leaky ReLU."""
    y = call.run()
    return y, Leaky(input, y, float(negative_slope))


@family("rrelu")
def rrelu(
    call: Call,
    input: Tensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Recorded | None:
    """Read the randomised leaky ReLU, which in eval mode has the mean slope."""
    if training:
        return None
    y = call.run()
    return y, Leaky(input, y, (lower + upper) / 2)


@family("prelu")
def prelu(call: Call, input: Tensor, weight: Tensor) -> Recorded:
    """Read the parametric ReLU, one slope or one a channel."""
    y = call.run()
    shape = (1, -1) + (1,) * (input.ndim - 2) if weight.numel() > 1 else (1,) * input.ndim
    return y, Leaky(input, y, weight.detach().view(shape))


@family(
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "mish",
    "hardswish",
    "softplus",
    "sigmoid",
    "tanh",
)
def smooth(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Recorded:
    """Read any other elementwise non-linearity."""
    y = call.run()
    options = {key: value for key, value in kwargs.items() if key not in ("inplace", "out")}
    return y, Smooth(input, y, lambda x: call.function(x, *args, **options))


# --- pools and normalisation -------------------------------------------------------------------------------


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


# --- joining and moving ------------------------------------------------------------------------------------


def _sum(call: Call, *terms: tuple[Any, float]) -> Recorded | None:
    shape = _broadcast(*(x.shape for x, _ in terms if isinstance(x, Tensor)))
    tracked = [(x, factor) for x, factor in terms if call.tracks(x)]
    if any(x.shape != shape for x, _ in tracked):
        return None
    y = call.run()
    return (y, Add(*tracked)) if all(x.dtype == y.dtype for x, _ in tracked) else None


@family("add", "__add__", "__radd__")
def add(call: Call, input: Any, other: Any, *, alpha: float = 1) -> Recorded | None:
    """Read a sum with a tensor of the same shape or a constant."""
    return _sum(call, (input, 1.0), (other, float(alpha)))


@family("sub", "subtract", "__sub__")
def sub(call: Call, input: Any, other: Any, *, alpha: float = 1) -> Recorded | None:
    """Read a difference with a tensor of the same shape or a constant."""
    return _sum(call, (input, 1.0), (other, -float(alpha)))


@family("rsub", "__rsub__")
def rsub(call: Call, input: Any, other: Any, *, alpha: float = 1) -> Recorded | None:
    """Read a difference the other way round."""
    return _sum(call, (input, -float(alpha)), (other, 1.0))


@family("neg", "negative", "__neg__")
def neg(call: Call, input: Tensor) -> Recorded:
    """Read a change of sign."""
    return call.run(), Scale(input, -1.0)


@family("mul", "multiply", "__mul__", "__rmul__")
def mul(call: Call, input: Any, other: Any) -> Recorded | None:
    """Read a product with a constant, or of two tensors one of which may broadcast."""
    shape = _broadcast(*(x.shape for x in (input, other) if isinstance(x, Tensor)))
    a, b = (input, other) if call.tracks(input) and input.shape == shape else (other, input)
    if not call.tracks(a) or a.shape != shape:
        return None
    if not call.tracks(b):
        y = call.run()
        return (y, Scale(a, b)) if y.dtype == a.dtype else None
    return (call.run(), Multiply(a, b)) if a.dtype == b.dtype and a.ndim == b.ndim else None


@family("div", "divide", "true_divide", "__truediv__", "__div__")
def div(call: Call, input: Any, other: Any, *, rounding_mode: str | None = None) -> Recorded | None:
    """Read a division by a constant."""
    if rounding_mode is not None or not call.tracks(input) or call.tracks(other):
        return None
    if isinstance(other, Tensor) and not broadcasts_into(other, input):
        return None
    y = call.run()
    return (y, Scale(input, 1 / other)) if y.dtype == input.dtype else None


@family("cat", "concat", "concatenate")
def cat(call: Call, tensors: Sequence[Tensor], dim: int = 0, **kwargs: Any) -> Recorded | None:
    """Read a concatenation."""
    dim = kwargs.get("axis", dim)
    parts = list(tensors)
    if any(part.ndim != parts[0].ndim for part in parts):
        return None
    return call.run(), Concatenate(parts, dim)


@family("chunk", "split", "tensor_split", "split_with_sizes")
def split(call: Call, input: Tensor, sections: Any = None, dim: int = 0, **kwargs: Any) -> Recorded:
    """Read a tensor cut into parts."""
    parts = call.run()
    return parts, Split(input, parts, dim)


@family(
    "flatten", "reshape", "view", "squeeze", "unsqueeze", "unflatten", "view_as", "reshape_as", "ravel"
)  # fmt: skip
def reshape(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Recorded | None:
    """Read any change of shape that keeps the order of the values."""
    if any(isinstance(a, torch.dtype) for a in (*args, *kwargs.values())):
        return None
    return call.run(), Reshape(input)


@family("permute")
def permute(call: Call, input: Tensor, *dims: Any, **kwargs: Any) -> Recorded:
    """Read a permutation of axes."""
    axes = kwargs.get("dims", dims)
    axes = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return call.run(), Permute(input, axes)


@family("transpose", "swapaxes", "swapdims")
def transpose(call: Call, input: Tensor, dim0: int, dim1: int) -> Recorded:
    """Read an exchange of two axes."""
    axes = list(range(input.ndim))
    axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
    return call.run(), Permute(input, axes)


@family("contiguous", "clone")
def copied(call: Call, input: Tensor, **kwargs: Any) -> Recorded:
    """Read a copy or a change of memory layout."""
    return call.run(), Unchanged(input)


@family(
    "dropout",
    "alpha_dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
    "feature_dropout",
)
def dropout(
    call: Call, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Recorded | None:
    """Read dropout in eval mode, which changes nothing."""
    return (call.run(), Unchanged(input, "dropout")) if not training or p == 0 else None


@family("pad")
def pad(
    call: Call,
    input: Tensor,
    pad: Sequence[int],
    mode: str = "constant",
    value: float | None = None,
) -> Recorded | None:
    """Read a constant border around maps."""
    if not is_map(input) or mode != "constant" or len(pad) not in (2, 4):
        return None
    border = [int(p) for p in pad]
    return call.run(), Pad(input, border[0], border[2] if len(border) == 4 else 0)
