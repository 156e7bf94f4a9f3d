"""Elementwise functions other than rectifiers, and sums over axes. Reversed by their derivatives, all rows at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..runtime.nested import by_identity, replaced, tensors_in
from ..signals.batch import Batch
from ..signals.window import Dense, Signal, lanewise
from .call import Call, Recorded, family
from .step import Elementwise, Step


class Pointwise(Elementwise):
    """y = f(x), each value alone, such as exp, √ or a power. Reversed: ŷ⊙f′(x)."""

    kind = "elementwise"
    rule = "f′(x)"

    def __init__(self, x: Tensor, function: Callable[[Tensor], Tensor], kind: str) -> None:
        super().__init__(x)
        self.x, self.function, self.named = x, function, kind

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Multiply by the derivative."""
        with torch.enable_grad():
            x = y_hat.cut(self.x).detach().clone().requires_grad_()
            (derivative,) = torch.autograd.grad(self.function(x).sum(), x)
        return (
            y_hat.with_values((lanewise(y_hat.values, y_hat.lanes) * derivative).flatten(0, 1)),
        )


class PointwiseOfSeveral(Step):
    """y = f(a, b, …), each value alone, tensors broadcast. Reversed: ŷ⊙∂f/∂a …, summed where a tensor was broadcast."""

    kind = "elementwise"
    rule = "∂f/∂x of each input"

    def __init__(self, xs: Sequence[Tensor], call: Call, shape: torch.Size, kind: str) -> None:
        super().__init__(*xs)
        self.xs, self.call_on, self.shape, self.named = tuple(xs), call, shape, kind

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Multiply by each partial derivative."""
        values = y_hat.densified().values
        with torch.enable_grad():
            wide = [x.detach().expand(self.shape).clone().requires_grad_() for x in self.xs]
            exchange = by_identity({id(x): w for x, w in zip(self.xs, wide, strict=True)})
            args, kwargs = (
                replaced(self.call_on.args, exchange),
                replaced(self.call_on.kwargs, exchange),
            )
            y = self.call_on.function(*args, **kwargs)
            partial = torch.autograd.grad(y.sum(), wide, allow_unused=True)
        signals: list[Signal | None] = []
        for x, derivative in zip(self.xs, partial, strict=True):
            if derivative is None:
                signals.append(None)
                continue
            x_hat = (values * derivative).sum_to_size((batch.rows, *_aligned(x.shape, self.shape)))
            signals.append(Dense(x_hat.reshape(batch.rows, *x.shape), batch.lanes))
        return signals


class Sum(Step):
    """y = c·Σ x over axes: sums and means. Reversed: c·ŷ at each value."""

    kind = "sum"
    any_precision = True
    rule = "copied to each value"

    def __init__(self, x: Tensor, axes: Sequence[int], factor: float, kind: str) -> None:
        super().__init__(x)
        self.shape, self.factor, self.named = tuple(x.shape), factor, kind
        self.kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Repeat ŷ along the axes."""
        values = y_hat.densified().values.reshape(batch.rows, *self.kept) * self.factor
        return (Dense(values.expand(-1, *self.shape).contiguous(), batch.lanes),)


class Length(Step):
    """y = ‖x‖ along axes. Reversed (BP): ŷ·x/‖x‖, zero where x is zero."""

    kind = "norm"
    rule = "x/‖x‖"

    def __init__(self, x: Tensor, y: Tensor, axes: Sequence[int]) -> None:
        super().__init__(x)
        self.x, self.named = x, "length"
        self.kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        self.y = y.reshape(self.kept)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return the product for all rows."""
        values = y_hat.densified().values.reshape(batch.rows, *self.kept)
        share = torch.where(self.y > 0, values / self.y, 0)
        return (Dense(share * self.x, batch.lanes),)


def _aligned(shape: torch.Size, whole: torch.Size) -> tuple[int, ...]:
    return (1,) * (len(whole) - len(shape)) + tuple(shape)


def pointwise(call: Call, kind: str = "") -> Recorded | None:
    """Read a call that computes each value from the values at the same place of its arguments."""
    xs = list({id(t): t for t in tensors_in((call.args, call.kwargs)) if call.tracks(t)}.values())
    y = call.run()
    if not isinstance(y, Tensor) or any(x.dtype != y.dtype for x in xs):
        return None
    kind = kind or call.name.strip("_")
    if len(xs) > 1 or xs[0].shape != y.shape:
        return y, PointwiseOfSeveral(xs, call, y.shape, kind)
    (x,) = xs
    others = [t for t in tensors_in((call.args, call.kwargs)) if t is not x and t.numel() > 1]
    if others:  # cut to a window, the constants would no longer fit
        return y, PointwiseOfSeveral(xs, call, y.shape, kind)

    def function(t: Tensor) -> Tensor:
        exchange = by_identity({id(x): t})
        made: Tensor = call.function(
            *replaced(call.args, exchange), **replaced(call.kwargs, exchange)
        )
        return made

    return y, Pointwise(x, function, kind)


@family(
    "exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "square", "reciprocal", "sin", "cos",
    "sinh", "cosh", "atan", "asinh", "erf", "pow", "__pow__", "__rpow__", "float_power", "__rtruediv__", "__rdiv__",
    "lerp", "addcmul", "addcdiv", "where", "masked_fill", "xlogy", "atan2", "hypot", "logaddexp", "log_sigmoid",
    "logsigmoid", "softsign",
)  # fmt: skip
def elementwise(call: Call, *args: Any, **kwargs: Any) -> Recorded | None:
    """Read an elementwise function."""
    return pointwise(call)


def reduction(call: Call, input: Tensor, dim: Any, keepdim: bool, mean: bool) -> Recorded | None:
    """Read a sum or a mean over axes."""
    y = call.run()
    if not isinstance(y, Tensor) or y.dtype != input.dtype or not input.ndim:
        return None
    axes = range(input.ndim) if dim is None or dim == () else [dim] if isinstance(dim, int) else dim
    axes = [axis % input.ndim for axis in axes]
    count = math.prod(input.shape[axis] for axis in axes)
    return y, Sum(input, axes, 1 / count if mean else 1.0, "mean" if mean else "sum")


@family("sum")
def sum_(
    call: Call,
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    axis: Any = None,
    dtype: Any = None,
) -> Recorded | None:
    """Read a sum over axes."""
    return reduction(call, input, dim if axis is None else axis, keepdim, False)


@family("norm", "vector_norm", "linalg_vector_norm")
def length(
    call: Call, input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, **kwargs: Any
) -> Recorded | None:
    """Read a Euclidean length along axes."""
    order = kwargs.pop("ord", p)
    if (
        not input.ndim
        or order not in ("fro", 2, None)
        or any(value is not None for value in kwargs.values())
    ):
        return None
    axes = range(input.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    y = call.run()
    return y, Length(input, y, [axis % input.ndim for axis in axes])
