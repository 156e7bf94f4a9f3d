"""Fully connected layers: y = xAᵀ + b over the last axis. Reversed: ŷA, without bias; nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..signals.batch import Batch
from ..signals.window import Dense, Signal
from .call import Call, Recorded, family
from .step import Step


class Linear(Step):
    """A fully connected layer, weight (K_out, K_in)."""

    kind = "linear"
    any_precision = True
    rule = "Aᵀ"

    weight: Tensor

    def __init__(self, x: Tensor, weight: Tensor) -> None:
        super().__init__(x)
        self.read_on_the_way_back(weight)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return ŷA."""
        self.require_unchanged()
        dense = y_hat.densified()
        weight = self.weight.detach()
        if weight.dtype != dense.values.dtype:
            weight = batch.prepared.get(self.weight, "as it is", dense.values.dtype, torch.detach)
        return (Dense(dense.values @ weight, dense.lanes),)


@family("linear")
def linear(call: Call, input: Tensor, weight: Tensor, bias: Any = None) -> Recorded | None:
    """Read a fully connected layer."""
    if weight.ndim != 2 or input.ndim < 2:
        return None
    return call.run(), Linear(input, weight)
