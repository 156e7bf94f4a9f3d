"""Norms. Batch norm in eval mode is affine; the others divide by a scale σ that they compute from the image.

Like the denominator of LRN, σ says how loud a value is, not where it is or of which sign. Under ``norm="frozen"`` it is
a constant on the way back; under ``"bp"`` the reversal is the true vector-Jacobian product.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..runtime.capabilities import REDUCED
from ..signals.batch import Batch
from ..signals.window import Dense, Signal, Window, lanewise
from .call import Call, Recorded, family
from .step import Elementwise, Step


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


class Norm(Step):
    """y = γ⊙n + β, n = (x − mean x)/σ over groups of values: layer, group and instance norm; without the mean RMS norm.

    Reversed: with g = γ⊙ŷ/σ, x̂ = g − mean g − n·mean(g⊙n) under BP, x̂ = g − mean g under frozen; RMS norm leaves out
    mean g. All means are over the group.
    """

    kind = "norm"
    rule = "norm†"

    def __init__(
        self, x: Tensor, groups: int, gain: Tensor | None, eps: float, centred: bool, kind: str
    ) -> None:
        """Keep the input and how it is normalised.

        Args:
            x: the input; its values make `groups` groups of equal size, in the order of memory.
            groups: how many.
            gain: γ, broadcastable to x.
            eps: added to σ².
            centred: whether the mean is taken off.
            kind: what the norm is called.
        """
        super().__init__(x)
        self.x, self.groups, self.gain, self.eps, self.centred, self.named = (
            x,
            groups,
            gain,
            eps,
            centred,
            kind,
        )

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Apply the choice of each row, over the whole tensor."""
        dense = y_hat.densified()
        x = self.x.reshape(self.groups, -1)
        x = x.float() if x.dtype in REDUCED else x  # as torch computes the statistics
        mean = x.mean(1, keepdim=True) if self.centred else 0
        centred = x - mean
        scale = torch.rsqrt(centred.square().mean(1, keepdim=True) + self.eps)
        g = dense.values if self.gain is None else dense.values * self.gain
        g = g.reshape(batch.rows, self.groups, -1) * scale
        made = g - g.mean(2, keepdim=True) if self.centred else g.clone()
        n = centred * scale
        for rows, rule in batch.norm_rows(self.layer):
            if rule == "bp":
                made[rows] -= n * (g[rows] * n).mean(2, keepdim=True)
        return (Dense(made.reshape(dense.values.shape).to(dense.values.dtype), dense.lanes),)


class UnitNorm(Step):
    """y = x/‖x‖ along axes (`F.normalize`). Reversed (BP): (ŷ − y·Σ ŷ⊙y)/‖x‖."""

    kind = "norm"
    rule = "BP, from y and ‖x‖"

    def __init__(self, x: Tensor, y: Tensor, axes: Sequence[int], eps: float) -> None:
        super().__init__(x)
        self.x, self.y, self.axes, self.eps = x, y, [axis % x.ndim for axis in axes], eps
        self.named = "unit norm"

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return the product for all rows."""
        dense = y_hat.densified()
        y, axes = self.y.unsqueeze(0), [1 + axis for axis in self.axes]
        length = torch.linalg.vector_norm(self.x, dim=self.axes, keepdim=True).unsqueeze(0)
        along = (dense.values * y).sum(axes, keepdim=True)
        along = torch.where(length > self.eps, along, 0)
        return (Dense((dense.values - y * along) / length.clamp_min(self.eps), dense.lanes),)


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


def _per_channel(weight: Tensor | None, x: Tensor) -> Tensor | None:
    return None if weight is None else weight.detach().view(-1, *(1,) * (x.ndim - 2))


@family("layer_norm")
def layer_norm(
    call: Call,
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *rest: Any,
) -> Recorded | None:
    """Read a layer norm over the last axes."""
    if call.tracks(weight) or call.tracks(bias):
        return None
    groups = math.prod(input.shape[: input.ndim - len(normalized_shape)])
    gain = None if weight is None else weight.detach()
    return call.run(), Norm(input, groups, gain, eps, True, "layer norm")


@family("rms_norm")
def rms_norm(
    call: Call,
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Recorded | None:
    """Read an RMS norm over the last axes."""
    if call.tracks(weight):
        return None
    groups = math.prod(input.shape[: input.ndim - len(normalized_shape)])
    gain = None if weight is None else weight.detach()
    eps = torch.finfo(input.dtype).eps if eps is None else eps
    return call.run(), Norm(input, groups, gain, eps, False, "RMS norm")


@family("group_norm")
def group_norm(
    call: Call,
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *rest: Any,
) -> Recorded | None:
    """Read a group norm."""
    if call.tracks(weight) or call.tracks(bias):
        return None
    groups = input.shape[0] * num_groups
    return call.run(), Norm(input, groups, _per_channel(weight, input), eps, True, "group norm")


@family("instance_norm")
def instance_norm(
    call: Call,
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *rest: Any,
) -> Recorded | None:
    """Read an instance norm; with running statistics it is a batch norm."""
    if call.tracks(weight) or call.tracks(bias):
        return None
    if not use_input_stats:
        return (
            None
            if running_var is None
            else (call.run(), BatchNorm(input, eval_scale(weight, running_var, eps)))
        )
    groups = input.shape[0] * input.shape[1]
    return call.run(), Norm(input, groups, _per_channel(weight, input), eps, True, "instance norm")


@family("normalize")
def normalize(
    call: Call,
    input: Tensor,
    p: float = 2.0,
    dim: Any = 1,
    eps: float = 1e-12,
    *rest: Any,
    **kwargs: Any,
) -> Recorded | None:
    """Read a division by the Euclidean length along axes."""
    if p != 2 or rest or any(kwargs.values()):
        return None
    y = call.run()
    return y, UnitNorm(input, y, [dim] if isinstance(dim, int) else list(dim), eps)
