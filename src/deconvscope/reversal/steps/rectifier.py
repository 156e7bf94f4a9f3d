"""Rectifiers: y = f(x) elementwise. RU† is a choice; the mask is f′(x), for a ReLU [x > 0].

Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), section 2. x = 0 counts as masked.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from ..runtime.torch_internals import zero_where_not_positive
from ..signals.batch import Batch
from ..signals.window import Signal, in_layout_of, lanewise
from .step import Cut, Elementwise

SETTLED_BYTES = 1 << 25
"""Larger maps stay as they are: bringing them into another order would be felt in the first click."""


class Rectifier(Elementwise):
    """A recorded rectifier; keeps its input and output, which are activations of the recording anyway."""

    kind = "rectifier"
    any_precision = True
    rule: ClassVar[str] = "RU†"
    masked_by: ClassVar[str] = "x"
    """Which of the two the mask is read from."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        super().__init__(x)
        self.x, self.y = x, y
        self.settled = False

    def settle(self, tensors: list[Tensor]) -> None:
        """Bring what the mask is read from into channels-last order, here and among the recorded tensors.

        Signals travel in that order; without this every click would bring its window there again.
        """
        self.settled = True
        old: Tensor = getattr(self, self.masked_by)
        slot = (self.outputs if self.masked_by == "y" else self.inputs)[0]
        if slot >= 0 and tensors[slot] is old and old.ndim == 4 and old.nbytes <= SETTLED_BYTES:
            tensors[slot] = old.contiguous(memory_format=torch.channels_last)
            setattr(self, self.masked_by, tensors[slot])

    def only_launches(self, batch: Batch) -> bool:
        """Return False where a gate that a person may have written decides."""
        return not batch.rectifier_rows(self.layer).gated

    @abstractmethod
    def derivative(self, cut: Cut) -> Tensor:
        """Return f′(x) at the place that `cut` cuts to."""

    def mask(self, signals: Sequence[Tensor], cut: Cut) -> None:
        """Multiply signals (architectures, lanes, …) by f′(x) in place."""
        derivative = self.derivative(cut)
        for signal in signals:
            signal.mul_(derivative)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Apply each row's RU† in place: clamp, mask, gate."""
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

    masked_by: ClassVar[str] = "y"

    def derivative(self, cut: Cut) -> Tensor:
        """Return [x > 0], read from the output."""
        return cut(self.y) > 0

    def mask(self, signals: Sequence[Tensor], cut: Cut) -> None:
        """Set signals to zero where x ≤ 0, without making the mask."""
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
    """x where positive, slope·x elsewhere; the slope a number or one a channel (PReLU)."""

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
