"""BP, the default: a call without a rule of its own is reversed by its vector-Jacobian product.

Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), section 2: x̂ = ∂⟨ŷ, f(x)⟩/∂x.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from ..errors import RecordingError, RuleError, StaleRecordingError
from ..runtime.memory_limit import is_out_of_memory
from ..runtime.nested import by_identity, replaced, tensors_in
from ..runtime.random_state import RandomStates, default_generators
from ..signals.batch import Batch
from ..signals.window import Dense, Signal
from .call import Call
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
        arrived = [(i, y.densified().values) for i, y in enumerate(y_hats) if y is not None]
        if not arrived:
            return [None] * len(self.xs)
        try:
            products = self._products(arrived)
        except RuntimeError as error:
            if is_out_of_memory(error) or isinstance(error, RecordingError | StaleRecordingError):
                raise
            raise RuleError(
                f"torch cannot compute the derivative of {self.call} in layer {self.layer!r}: "
                f"{str(error).splitlines()[0]}; pass its input through .detach() to let nothing flow back"
            ) from error
        return [None if x_hat is None else Dense(x_hat, batch.lanes) for x_hat in products]

    def vjp(self, y_hats: Sequence[Tensor]) -> list[Tensor]:
        """Return the product for each input from one ŷ at each output; zeros for an input on which none depends."""
        products = self._products([(i, y_hat.unsqueeze(0)) for i, y_hat in enumerate(y_hats)])
        return [
            torch.zeros_like(x) if x_hat is None else x_hat[0]
            for x, x_hat in zip(self.xs, products, strict=True)
        ]

    def _products(self, arrived: Sequence[tuple[int, Tensor]]) -> list[Tensor | None]:
        """Return x̂ (rows, *shape) for each input from ŷ (rows, *shape) at some outputs, by their numbers."""
        with torch.enable_grad():
            xs = [x.detach().clone().requires_grad_() for x in self.xs]
            outputs = self.run(xs)
        arrived = [(i, y_hat) for i, y_hat in arrived if outputs[i].requires_grad]
        if not arrived:  # the result is constant, such as a rounded one
            return [None] * len(xs)
        ys, rows = [outputs[i] for i, _ in arrived], len(arrived[0][1])
        gradients = [
            torch.autograd.grad(
                ys,
                xs,
                [_as_gradient(y_hat[row], y) for y, (_, y_hat) in zip(ys, arrived, strict=True)],
                retain_graph=row + 1 < rows,
                allow_unused=True,
            )
            for row in range(rows)
        ]
        return [
            None if of_x[0] is None else torch.stack(of_x) for of_x in zip(*gradients, strict=True)
        ]


def _as_gradient(y_hat: Tensor, y: Tensor) -> Tensor:
    """Return ŷ as autograd passes gradients: contiguous, and aligned so that it can be viewed as complex numbers."""
    y_hat = y_hat.reshape(y.shape).contiguous()
    return y_hat.clone() if y_hat.storage_offset() % 2 else y_hat


def read_product(call: Call, tracked: dict[int, Tensor]) -> tuple[Any, Backpropagation]:
    """Run a call that is repeated on the way back, with the random numbers that it draws here.

    Args:
        call: the call.
        tracked: its arguments that depend on the image, by identity.
    """
    xs = [x for x in tracked.values() if x.is_floating_point() or x.is_complex()]
    order = [id(x) for x in xs]
    device = next(iter(tracked.values())).device
    generators = [g for g in (*call.args, *call.kwargs.values()) if isinstance(g, torch.Generator)]
    states = RandomStates.now([*default_generators(device), *generators])
    output = call.run()
    drawn = states if states.moved() else None

    def again(fresh: Sequence[Tensor]) -> list[Tensor]:
        swap = by_identity(dict(zip(order, fresh, strict=True)))
        args, kwargs = replaced(call.args, swap), replaced(call.kwargs, swap)
        with nullcontext() if drawn is None else drawn.again():
            made = tensors_in(call.function(*args, **kwargs))
        return [t for t in made if t.is_floating_point() or t.is_complex()]

    return output, Backpropagation(call.name, xs, again)


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
