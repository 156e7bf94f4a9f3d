"""BP, the default: a call without a rule of its own is reversed by its vector-Jacobian product.

Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), section 2: x̂ = ∂⟨ŷ, f(x)⟩/∂x.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import RecordingError, RuleError, StaleRecordingError
from ..runtime.memory_limit import is_out_of_memory
from ..signals.batch import Batch
from ..signals.window import Dense, Signal
from .step import Step

Run = Callable[[Sequence[Tensor]], Sequence[Tensor]]
"""Repeats a call on other inputs; returns its floating-point outputs in a fixed order."""


class Backpropagation(Step):
    """Any call; keeps its inputs, which are activations of the recording, and repeats it on the way back."""

    kind = "other"
    rule = "BP (vector-Jacobian product)"
    falls_back = True

    def __init__(self, call: str, xs: Sequence[Tensor], run: Run) -> None:
        """Keep the inputs `xs` and `run`, which repeats the call on them."""
        super().__init__(*xs)
        self.named, self.xs, self.run = call, tuple(xs), run

    def only_launches(self, batch: Batch) -> bool:
        """Return False: the call may do anything, such as draw random numbers."""
        return False

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return the product for each input, over the whole tensor."""
        return self.reverse_outputs([y_hat], batch)

    def reverse_outputs(
        self, y_hats: Sequence[Signal | None], batch: Batch
    ) -> Sequence[Signal | None]:
        """Return the product for each input from what arrived at each output.

        Raises:
            RuleError: torch has no derivative for the call.
        """
        arrived = [(i, y.densified()) for i, y in enumerate(y_hats) if y is not None]
        if not arrived:
            return [None] * len(self.xs)
        try:
            return self._products(arrived, batch)
        except RuntimeError as error:
            if is_out_of_memory(error) or isinstance(error, RecordingError | StaleRecordingError):
                raise
            raise RuleError(
                f"torch cannot compute the derivative of {self.call} in layer {self.layer!r}: "
                f"{str(error).splitlines()[0]}; pass its input through .detach() to let nothing flow back"
            ) from error

    def _products(
        self, arrived: Sequence[tuple[int, Dense]], batch: Batch
    ) -> Sequence[Signal | None]:
        with torch.enable_grad():
            xs = [x.detach().clone().requires_grad_() for x in self.xs]
            outputs = self.run(xs)
        arrived = [(i, y) for i, y in arrived if outputs[i].requires_grad]
        if not arrived:  # the result is constant, such as a rounded one
            return [None] * len(self.xs)
        ys = [outputs[i] for i, _ in arrived]
        rows: list[tuple[Tensor | None, ...]] = [
            torch.autograd.grad(
                ys,
                xs,
                [
                    _as_gradient(y_hat.values[row], y)
                    for y, (_, y_hat) in zip(ys, arrived, strict=True)
                ],
                retain_graph=row + 1 < batch.rows,
                allow_unused=True,
            )
            for row in range(batch.rows)
        ]
        return [
            None
            if rows[0][i] is None
            else Dense(torch.stack([row[i] for row in rows]), batch.lanes)  # type: ignore[misc]
            for i in range(len(xs))
        ]


def _as_gradient(y_hat: Tensor, y: Tensor) -> Tensor:
    """Return ŷ as autograd passes gradients: contiguous, and aligned so that it can be viewed as complex numbers."""
    y_hat = y_hat.reshape(y.shape).contiguous()
    return y_hat.clone() if y_hat.storage_offset() % 2 else y_hat


class Hooked(Step):
    """y = x, with a gradient hook that the network put on it. Reversed: what the hook returns for ŷ, row by row."""

    kind = "gradient hook"
    falls_back = True
    rule = "the hook's result"

    def __init__(self, x: Tensor, hook: Callable[[Tensor], Tensor | None], handle: Any) -> None:
        super().__init__(x)
        self.hook, self.handle, self.hooks = hook, handle, handle.hooks_dict_ref()

    def only_launches(self, batch: Batch) -> bool:
        """Return False: a hook may do anything."""
        return False

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Call the hook with each row, as with the gradient of its tensor."""
        if self.handle.id not in self.hooks:  # removed by the network itself
            return (y_hat,)
        dense = y_hat.densified()
        rows = []
        for row in dense.values:
            returned = self.hook(row)
            rows.append(row if returned is None else returned)
        return (Dense(torch.stack(rows), dense.lanes),)
