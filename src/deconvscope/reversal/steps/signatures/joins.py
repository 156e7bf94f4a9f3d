"""How branches are joined, and values moved without being changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..arithmetic import Add, Concatenate, Multiply, Number, Scale, Split, broadcasts_into
from ..call import ANY, Call, Recorded, family
from ..shape import Pad, Permute, Reshape, Unchanged
from .arguments import broadcast, is_map


def _sum(call: Call, *terms: tuple[Any, Number]) -> Recorded | None:
    shape = broadcast(*(x.shape for x, _ in terms if isinstance(x, Tensor)))
    tracked = [(x, factor) for x, factor in terms if call.tracks(x)]
    if any(x.shape != shape for x, _ in tracked):
        return None
    y = call.run()
    return (y, Add(*tracked)) if all(x.dtype == y.dtype for x, _ in tracked) else None


@family("add", "__add__", "__radd__", numbers=ANY)
def add(call: Call, input: Any, other: Any, *, alpha: Number = 1) -> Recorded | None:
    """Read a sum with a tensor of the same shape or a constant."""
    return _sum(call, (input, 1), (other, alpha))


@family("sub", "subtract", "__sub__", numbers=ANY)
def sub(call: Call, input: Any, other: Any, *, alpha: Number = 1) -> Recorded | None:
    """Read a difference with a tensor of the same shape or a constant."""
    return _sum(call, (input, 1), (other, -alpha))


@family("rsub", "__rsub__", numbers=ANY)
def rsub(call: Call, input: Any, other: Any, *, alpha: Number = 1) -> Recorded | None:
    """Read a difference the other way round."""
    return _sum(call, (input, -alpha), (other, 1))


@family("neg", "negative", "__neg__", numbers=ANY)
def neg(call: Call, input: Tensor) -> Recorded:
    """Read a change of sign."""
    return call.run(), Scale(input, -1.0)


@family("mul", "multiply", "__mul__", "__rmul__", numbers=ANY)
def mul(call: Call, input: Any, other: Any) -> Recorded | None:
    """Read a product with a constant, or of two tensors one of which may broadcast."""
    shape = broadcast(*(x.shape for x in (input, other) if isinstance(x, Tensor)))
    a, b = (input, other) if call.tracks(input) and input.shape == shape else (other, input)
    if not call.tracks(a) or a.shape != shape:
        return None
    if not call.tracks(b):
        y = call.run()
        return (y, Scale(a, b)) if y.dtype == a.dtype else None
    return (call.run(), Multiply(a, b)) if a.dtype == b.dtype and a.ndim == b.ndim else None


@family("div", "divide", "true_divide", "__truediv__", "__div__", numbers=ANY)
def div(call: Call, input: Any, other: Any, *, rounding_mode: str | None = None) -> Recorded | None:
    """Read a division by a constant."""
    if rounding_mode is not None or not call.tracks(input) or call.tracks(other):
        return None
    if isinstance(other, Tensor) and not broadcasts_into(other, input):
        return None
    y = call.run()
    if y.dtype != input.dtype:
        return None
    inverse = 1 / (other.to(y.dtype) if isinstance(other, Tensor) else other)
    return y, Scale(input, inverse)


@family("cat", "concat", "concatenate", numbers=ANY)
def cat(call: Call, tensors: Sequence[Tensor], dim: int = 0, **kwargs: Any) -> Recorded | None:
    """Read a concatenation."""
    dim = kwargs.get("axis", dim)
    parts = list(tensors)
    if any(part.ndim != parts[0].ndim or part.dtype != parts[0].dtype for part in parts):
        return None
    return call.run(), Concatenate(parts, dim)


@family("chunk", "split", "tensor_split", "split_with_sizes", numbers=ANY)
def split(call: Call, input: Tensor, sections: Any = None, dim: int = 0, **kwargs: Any) -> Recorded:
    """Read a tensor cut into parts."""
    parts = call.run()
    return parts, Split(input, parts, dim)


@family(
    "flatten", "reshape", "view", "squeeze", "unsqueeze", "unflatten", "view_as", "reshape_as", "ravel", numbers=ANY
)  # fmt: skip
def reshape(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Recorded | None:
    """Read any change of shape that keeps the order of the values."""
    if any(isinstance(a, torch.dtype) for a in (*args, *kwargs.values())):
        return None
    return call.run(), Reshape(input)


@family("permute", numbers=ANY)
def permute(call: Call, input: Tensor, *dims: Any, **kwargs: Any) -> Recorded:
    """Read a permutation of axes."""
    axes = kwargs.get("dims", dims)
    axes = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return call.run(), Permute(input, axes)


@family("transpose", "swapaxes", "swapdims", numbers=ANY)
def transpose(call: Call, input: Tensor, dim0: int, dim1: int) -> Recorded:
    """Read an exchange of two axes."""
    axes = list(range(input.ndim))
    axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
    return call.run(), Permute(input, axes)


@family("contiguous", "clone", numbers=ANY)
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
    numbers=ANY,
)
def dropout(
    call: Call, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Recorded | None:
    """Read dropout in eval mode, which changes nothing."""
    return (call.run(), Unchanged(input, "dropout")) if not training or p == 0 else None


@family("pad", numbers=ANY)
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
