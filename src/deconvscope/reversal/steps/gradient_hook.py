"""Gradient hooks that a network puts on its own tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..signals.batch import Batch
from ..signals.window import Dense, Signal
from .step import Step


class Hooked(Step):
    """y = x, with a hook that ``register_hook`` put there. Reversed: what the hook makes of ŷ, row by row."""

    kind = "gradient hook"
    falls_back = True
    rule: ClassVar[str] = "the hook's result"

    def __init__(self, x: Tensor, hook: Callable[[Tensor], Tensor | None], handle: Any) -> None:
        super().__init__(x)
        self.hook, self.handle, self.hooks = hook, handle, handle.hooks_dict_ref()

    def only_launches(self, batch: Batch) -> bool:
        """Return False: a hook may do anything."""
        return False

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Call the hook with each row, as the gradient of its tensor."""
        if self.handle.id not in self.hooks:  # removed by the network itself
            return (y_hat,)
        dense = y_hat.densified()
        rows = []
        for row in dense.values:
            given = self.hook(row)
            rows.append(row if given is None else given)
        return (Dense(torch.stack(rows), dense.lanes),)
