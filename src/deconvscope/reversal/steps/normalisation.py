"""Batch norm in eval mode, which is affine, and local response normalisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..signals.batch import Batch
from ..signals.window import Dense, Signal, Window, lanewise
from .call import Call, Recorded, family
from .step import Elementwise


class BatchNorm(Elementwise):
    """y = scale·x + shift, one scale a channel: γ/√(σ² + ε) of the running statistics. Reversed: scale·ŷ."""

    kind = "batch norm"
    any_precision = True
    rule = "γ/σ"

    def __init__(self, x: Tensor, scale: Tensor) -> None:
        super().__init__(x)
        self.scale = scale.view(1, -1, *(1,) * (x.ndim - 2))

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Multiply by the scale, in place."""
        lanewise(y_hat.values, y_hat.lanes).mul_(y_hat.cut(self.scale))
        return (y_hat,)


class LocalResponseNorm(Elementwise):
    """y = x·s^−β, s = k + (α/n)·Σ x² over n neighbouring channels (Krizhevsky et al., 2012).

    LRN† is the identity, or the true vector-Jacobian product
    x̂ᵢ = ŷᵢ·sᵢ^−β − (2αβ/n)·xᵢ·Σⱼ ŷⱼ·xⱼ·sⱼ^(−β−1), the sum over the channels j whose window holds i.
    """

    kind = "local response norm"
    rule = "LRN†"

    def __init__(self, x: Tensor, size: int, alpha: float, beta: float, k: float) -> None:
        super().__init__(x)
        self.x, self.size, self.alpha, self.beta, self.k = x, size, alpha, beta, k

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Leave the rows whose LRN† is the identity; apply the derivative to the others."""
        runs = [rows for rows, rule in batch.lrn_rows(self.layer) if rule == "bp"]
        if not runs:
            return (y_hat,)
        signal = y_hat.all_channels() if isinstance(y_hat, Window) else y_hat
        x = signal.cut(self.x)
        channels = x.ndim - (3 if isinstance(signal, Window) else self.x.ndim - 1)
        before, after = self.size // 2, (self.size - 1) // 2
        s = self.k + self.alpha / self.size * _neighbours(x * x, channels, before, after)
        s = s.clamp_min(torch.finfo(s.dtype).tiny)  # k = 0 over a patch of zeros
        for rows in runs:
            y = lanewise(signal.values[rows], signal.lanes)
            inner = _neighbours(
                y * x * s ** (-self.beta - 1), channels + y.ndim - x.ndim, after, before
            )
            y.copy_(y * s**-self.beta - 2 * self.alpha * self.beta / self.size * x * inner)
        return (signal,)


class ResponseNormFunction(Elementwise):
    """Local response normalisation by a custom autograd function, as ``nn.CrossMapLRN2d`` computes it.

    LRN† is the identity, or the function's own backward. Both directions are torch's: a window holds one channel too
    many, so that the values differ from ``F.local_response_norm``, and the backward is not the derivative.
    """

    kind = "local response norm"
    rule = "LRN†"

    def __init__(self, x: Tensor, pull: Callable[[Tensor], Tensor]) -> None:
        """Keep `pull`, which returns x̂ from the ŷ of one row."""
        super().__init__(x)
        self.pull = pull

    def only_launches(self, batch: Batch) -> bool:
        """Return False: the backward may do anything."""
        return False

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Leave the rows whose LRN† is the identity; apply the function's backward to the others."""
        runs = [rows for rows, rule in batch.lrn_rows(self.layer) if rule == "bp"]
        if not runs:
            return (y_hat,)
        values = y_hat.densified().values.clone()
        for rows in runs:
            for row in range(*rows.indices(batch.rows)):
                values[row] = self.pull(values[row])
        return (Dense(values, y_hat.lanes),)


def _neighbours(values: Tensor, axis: int, before: int, after: int) -> Tensor:
    """Return the sum over the channels from i − before to i + after, for each channel i."""
    last = values.movedim(axis, -1)
    sums = F.pad(last, (before + 1, after)).cumsum(-1)
    size = before + after + 1
    return (sums[..., size:] - sums[..., :-size]).movedim(-1, axis)


def eval_scale(weight: Tensor | None, variance: Tensor, eps: float) -> Tensor:
    """Return γ/√(σ² + ε), the slope of batch norm in eval mode."""
    scale = torch.rsqrt(variance.detach() + eps)
    return scale if weight is None else scale * weight.detach()


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


@family("local_response_norm")
def local_response_norm(
    call: Call, input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Recorded | None:
    """Read local response normalisation."""
    return (call.run(), LocalResponseNorm(input, size, alpha, beta, k)) if input.ndim >= 3 else None
