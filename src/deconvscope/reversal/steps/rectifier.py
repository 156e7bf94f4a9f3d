"""Rectifiers: y = f(x), elementwise. RU† is a choice; the mask is f′(x), for a ReLU [x > 0].

Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), section 2. x = 0 counts as masked.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..runtime.torch_internals import zero_where_not_positive
from ..signals.batch import Batch
from ..signals.window import Signal, in_layout_of, lanewise
from .call import Call, Recorded, broadcasts_into, family
from .step import Cut, Elementwise

SETTLED_BYTES = 1 << 25
"""Larger maps keep their memory order: copying them would delay the first click."""


class Rectifier(Elementwise):
    """A rectifier; keeps its input and output, which are activations of the recording anyway."""

    kind = "rectifier"
    any_precision = True
    rule = "RU†"
    masked_by = "x"
    """Which of the two the mask is computed from."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        super().__init__(x)
        self.x, self.y = x, y
        self.settled = False

    def settle(self, tensors: list[Tensor]) -> None:
        """Copy what the mask is computed from to channels-last order, here and among the recorded tensors.

        Signals are in that order; without this each click would copy its window.
        """
        self.settled = True
        old: Tensor = getattr(self, self.masked_by)
        slot = (self.outputs if self.masked_by == "y" else self.inputs)[0]
        if slot >= 0 and tensors[slot] is old and old.ndim == 4 and old.nbytes <= SETTLED_BYTES:
            tensors[slot] = old.contiguous(memory_format=torch.channels_last)
            setattr(self, self.masked_by, tensors[slot])

    def only_launches(self, batch: Batch) -> bool:
        """Return False where a rule has its own gate, which may run any code."""
        return not batch.rectifier_rows(self.layer).gated

    @abstractmethod
    def derivative(self, cut: Cut) -> Tensor:
        """Return f′(x) inside the box that `cut` cuts to."""

    def mask(self, signals: Sequence[Tensor], cut: Cut) -> None:
        """Multiply signals (architectures, lanes, …) by f′(x) in place."""
        derivative = self.derivative(cut)
        for signal in signals:
            signal.mul_(derivative)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Apply RU† of each row in place: clamp, mask, gate."""
        values, rows = y_hat.values, batch.rectifier_rows(self.layer)
        arrived = [values[run].clone() for run, _ in rows.gated]
        for run in rows.clamped:
            values[run].clamp_(min=0)
        if rows.masked:
            masked = [lanewise(values[run], batch.lanes) for run in rows.masked]
            self.mask(masked, lambda tensor: in_layout_of(values, y_hat.cut(tensor)))
        for (run, rule), before in zip(rows.gated, arrived, strict=True):
            x, y = y_hat.cut(self.x), y_hat.cut(self.y)
            gate = rule.gate(lanewise(before, batch.lanes), x, y)
            lanewise(values[run], batch.lanes).mul_(gate)
        return (y_hat,)


class Relu(Rectifier):
    """max(x, 0)."""

    masked_by = "y"

    def derivative(self, cut: Cut) -> Tensor:
        """Return [x > 0], computed from the output."""
        return cut(self.y) > 0

    def mask(self, signals: Sequence[Tensor], cut: Cut) -> None:
        """Set signals to zero where x ≤ 0, without an intermediate mask."""
        y = cut(self.y)
        for signal in signals:
            if y.dtype != signal.dtype:
                y = y.to(signal.dtype)
            zero_where_not_positive(signal, y)


class Clamp(Rectifier):
    """min(max(x, low), high), as in ReLU6 and hardtanh."""

    def __init__(self, x: Tensor, y: Tensor, low: float, high: float) -> None:
        super().__init__(x, y)
        self.low, self.high = low, high

    def derivative(self, cut: Cut) -> Tensor:
        """Return [low < x < high]."""
        x = cut(self.x)
        return (x > self.low) & (x < self.high)


class Leaky(Rectifier):
    """x where positive, slope·x elsewhere; the slope is one number, or one for each channel (PReLU)."""

    def __init__(self, x: Tensor, y: Tensor, slope: float | Tensor) -> None:
        super().__init__(x, y)
        self.slope = slope if isinstance(slope, Tensor) else x.new_tensor(slope).view((1,) * x.ndim)

    def derivative(self, cut: Cut) -> Tensor:
        """Return 1 where x > 0, the slope elsewhere."""
        x = cut(self.x)
        return torch.where(x > 0, torch.ones_like(x), cut(self.slope))


class Smooth(Rectifier):
    """Any other elementwise non-linearity (GELU, SiLU, ELU, sigmoid …): f′ by automatic differentiation."""

    def __init__(self, x: Tensor, y: Tensor, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__(x, y)
        self.function = function

    def derivative(self, cut: Cut) -> Tensor:
        """Return f′(x)."""
        with torch.enable_grad():
            x = cut(self.x).detach().clone().requires_grad_()
            (derivative,) = torch.autograd.grad(self.function(x).sum(), x)
        return derivative


class Masked(Rectifier):
    """A rectifier that keeps f′(x), which cannot be computed from the activations: one written by hand, say."""

    def __init__(self, x: Tensor, y: Tensor, slope: Tensor) -> None:
        super().__init__(x, y)
        self.slope = slope

    def derivative(self, cut: Cut) -> Tensor:
        """Return f′(x)."""
        return cut(self.slope)

    def bottleneck(self) -> Sequence[Tensor]:
        """Return f′(x)."""
        return (self.slope,)


def elementwise_slope(pull: Callable[[Tensor], Tensor], y: Tensor) -> Tensor | None:
    """Return f′(x) of a function whose backward pass multiplies each value by it; None where that does more.

    Args:
        pull: the backward pass: takes ŷ, returns x̂ of the same shape. It is tried with random signals.
        y: what the function returned.
    """
    generator = torch.Generator(device=y.device).manual_seed(0)
    trial = torch.rand(y.shape, generator=generator, device=y.device, dtype=torch.float32)
    trial = (2 * trial - 1).to(y.dtype)
    slope, pulled = pull(torch.ones_like(y)), pull(trial)
    tolerance = 16 * torch.finfo(slope.dtype).eps
    largest = float(slope.abs().max()) if slope.numel() else 0.0
    alone = torch.allclose(pulled, trial * slope, rtol=tolerance, atol=tolerance * largest)
    return slope if alone else None


class StepFunction(Elementwise):
    """A piecewise constant function, whose derivative is zero. Reversed: nothing."""

    kind = "step function"
    rule = "0"

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return nothing for each input."""
        return [None] * len(self.inputs)


def _read(step: Callable[..., Rectifier], call: Call, x: Tensor, *given: Any) -> Recorded:
    """Run a call; return its output and the step, made of input, output and what is given."""
    y = call.run()
    return y, step(x, y, *given)


@family("relu")
def relu(call: Call, input: Tensor, inplace: bool = False) -> Recorded:
    """Read max(x, 0)."""
    return _read(Relu, call, input)


@family("relu6")
def relu6(call: Call, input: Tensor, inplace: bool = False) -> Recorded:
    """Read min(max(x, 0), 6)."""
    return _read(Clamp, call, input, 0.0, 6.0)


@family("hardtanh")
def hardtanh(
    call: Call, input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Recorded:
    """Read min(max(x, min_val), max_val), which ``nn.ReLU6`` calls."""
    return _read(Clamp, call, input, float(min_val), float(max_val))


@family("clamp", "clip", "clamp_min")
def clamp(call: Call, input: Tensor, min: Any = None, max: Any = None) -> Recorded | None:
    """Read a clamp from zero, which is a ReLU."""
    if isinstance(min, Tensor) or isinstance(max, Tensor) or min is None or float(min) != 0.0:
        return None
    return _read(Relu, call, input) if max is None else _read(Clamp, call, input, 0.0, float(max))


@family("maximum", "max")
def maximum(
    call: Call, input: Tensor, other: Any = None, *rest: Any, **kwargs: Any
) -> Recorded | None:
    """Read max(x, 0) where one of the two is a constant zero."""
    if rest or kwargs or not isinstance(other, Tensor) or not isinstance(input, Tensor):
        return None
    x, zero = (input, other) if call.tracks(input) else (other, input)
    if call.tracks(zero) or not broadcasts_into(zero, x) or bool(zero.any()):
        return None
    return _read(Relu, call, x)


@family("threshold", "_threshold")
def threshold(
    call: Call, input: Tensor, threshold: float, value: float, inplace: bool = False
) -> Recorded:
    """Read x where it is above a threshold, a constant elsewhere."""
    return _read(Clamp, call, input, float(threshold), float("inf"))


@family("leaky_relu")
def leaky_relu(
    call: Call, input: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Recorded:
    """Read the leaky ReLU."""
    return _read(Leaky, call, input, float(negative_slope))


@family("rrelu")
def rrelu(
    call: Call,
    input: Tensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Recorded | None:
    """Read the randomised leaky ReLU, whose slope in eval mode is the mean one."""
    if training:
        return None
    return _read(Leaky, call, input, (lower + upper) / 2)


@family("prelu")
def prelu(call: Call, input: Tensor, weight: Tensor) -> Recorded:
    """Read the parametric ReLU."""
    y = call.run()
    shape = (1, -1) + (1,) * (input.ndim - 2) if weight.numel() > 1 else (1,) * input.ndim
    return y, Leaky(input, y, weight.detach().view(shape))


@family(
    "elu", "selu", "celu", "gelu", "silu", "mish", "hardswish", "softplus", "sigmoid", "hardsigmoid", "tanh"
)  # fmt: skip
def smooth(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Recorded:
    """Read another elementwise non-linearity."""
    options = {key: value for key, value in kwargs.items() if key not in ("inplace", "out")}
    return _read(Smooth, call, input, lambda x: call.function(x, *args, **options))


@family("heaviside", "floor_divide", "__floordiv__", "__rfloordiv__")
def step_function(call: Call, input: Any, other: Any) -> Recorded:
    """Read a piecewise constant function, for which torch has no derivative."""
    return call.run(), StepFunction(*(x for x in (input, other) if call.tracks(x)))
