"""Custom autograd functions: one call is one step, reversed by the function's own backward.

A call is recognised by the autograd node of its outputs. The node is the call's context: it holds the class, the
inputs, the outputs and the tensors that `forward` saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.utils.checkpoint import CheckpointError

from ..errors import RecordingError
from ..runtime.torch_internals import (
    function_class,
    is_torch_function,
    output_shapes,
    owner_of_node,
)
from ..signals.batch import Batch
from ..signals.window import Dense, Signal
from ..steps.normalisation import ResponseNormFunction
from ..steps.rectifier import Masked, elementwise_slope
from ..steps.step import Step
from .opaque_code import require_dense
from .recorded_tensors import Node, RecordedTensors

_COMPILED = ("torch._functorch", "torch._dynamo", "torch._inductor")
"""Packages that define the functions of compiled code."""

Edge = tuple[Node, int]
"""An input of a node: the node that made it, and that node's output number."""


class CustomFunction(Step):
    """One call of a custom autograd function: x̂ is its own backward applied to ŷ, row by row."""

    kind = "custom function"
    rule: ClassVar[str] = "its own backward"
    falls_back: ClassVar[bool] = True

    def __init__(self, node: Node, owner: object, origins: Mapping[Edge, Tensor]) -> None:
        """Keep a call's autograd node, an object that keeps the node alive, and the recorded inputs by edge."""
        self.values = list({id(value): value for value in origins.values()}.values())
        super().__init__(*self.values)
        places = {id(value): place for place, value in enumerate(self.values)}
        self.node, self._owner = node, owner
        self.places = {edge: places[id(value)] for edge, value in origins.items()}
        self.numbers: list[int] = []
        """Which of the call's outputs each output of the step is."""
        self._slope: Tensor | None | Literal["not tried"] = "not tried"

    def only_launches(self, batch: Batch) -> bool:
        """Return False: a backward may run any code."""
        return False

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Apply the backward to the signal at the only output."""
        return self.reverse_outputs([y_hat], batch)

    def reverse_outputs(
        self, y_hats: Sequence[Signal | None], batch: Batch
    ) -> Sequence[Signal | None]:
        """Apply the backward to the signals at the outputs."""
        arrived = {
            number: y_hat.densified().values
            for number, y_hat in zip(self.numbers, y_hats, strict=True)
            if y_hat is not None
        }
        if not arrived:
            return [None] * len(self.values)
        rows = [self.pull({n: y[row] for n, y in arrived.items()}) for row in range(batch.rows)]
        signals: list[Signal | None] = []
        for place, value in enumerate(self.values):
            pulled = [row[place] for row in rows]
            if all(x_hat is None for x_hat in pulled):
                signals.append(None)
                continue
            filled = [torch.zeros_like(value) if x is None else x for x in pulled]
            signals.append(Dense(torch.stack(filled), batch.lanes))
        return signals

    def pull(self, arrived: Mapping[int, Tensor]) -> list[Tensor | None]:
        """Return x̂ for each recorded input, given ŷ by output number."""
        pulled: list[Tensor | None] = [None] * len(self.values)
        for place, x_hat in self._pulled(self.node, arrived):
            value, sofar = self.values[place], pulled[place]
            x_hat = x_hat.real if x_hat.is_complex() and not value.is_complex() else x_hat
            x_hat = x_hat.sum_to_size(value.shape).to(value.dtype)
            pulled[place] = x_hat if sofar is None else sofar + x_hat
        return pulled

    def slope(self, y: Tensor) -> Tensor | None:
        """Return f′(x) where the function acts on each value alone, None for any other.

        Args:
            y: the first output of the step.
        """
        if isinstance(self._slope, str):
            self._slope = self._tried(y)
        return self._slope

    def _tried(self, y: Tensor) -> Tensor | None:
        if len(self.values) != 1:
            return None
        (x,) = self.values
        numbers = x.is_floating_point() and y.is_floating_point()
        if x.shape != y.shape or not numbers or x.numel() < 2:
            return None

        def pull(y_hat: Tensor) -> Tensor:
            (x_hat,) = self.pull({self.numbers[0]: y_hat})
            return torch.full_like(x, torch.nan) if x_hat is None else x_hat

        return elementwise_slope(pull, y)

    def _pulled(self, node: Node, arrived: Mapping[int, Tensor]) -> Iterator[tuple[int, Tensor]]:
        for edge, gradient in _gradients(node, arrived):
            if edge in self.places:
                yield self.places[edge], gradient
            elif function_class(edge[0]) is not None:  # one custom function after another
                yield from self._pulled(edge[0], {edge[1]: gradient})


def _gradients(node: Node, arrived: Mapping[int, Tensor]) -> Iterator[tuple[Edge, Tensor]]:
    """Yield each input edge of a function with its gradient, given the gradients at its outputs."""
    given = []
    for number, (shape, dtype, device) in enumerate(
        output_shapes(node) or _arrived_shapes(arrived)
    ):
        gradient = arrived.get(number)
        # a backward is linear, so zeros are equivalent to no gradient
        given.append(
            torch.zeros(shape, dtype=dtype, device=device)
            if gradient is None
            else gradient.reshape(shape).to(dtype).contiguous()
        )
    try:
        returned = node.apply(*given)
    except CheckpointError as error:
        raise inside_checkpoint(node, "the network") from error
    gradients = list(returned) if isinstance(returned, tuple) else [returned]
    needed = [gradient for gradient, need in zip(gradients, node.needs_input_grad) if need]  # noqa: B905
    edges = [edge for edge in node.next_functions if edge[0] is not None]
    for edge, gradient in zip(edges, needed):  # noqa: B905 — both may omit inputs after the last tensor
        if gradient is not None:
            yield edge, gradient


def _arrived_shapes(
    arrived: Mapping[int, Tensor],
) -> list[tuple[tuple[int, ...], torch.dtype, torch.device]]:
    """Return the outputs' shapes, types and devices from the used outputs, for when torch does not report them."""
    like = next(iter(arrived.values()))
    known = [arrived.get(number, like) for number in range(max(arrived) + 1)]
    return [(tuple(y.shape), y.dtype, y.device) for y in known]


def read_function(live: Tensor, tensors: RecordedTensors) -> CustomFunction | None:
    """Return the step of the custom function that made `live`; None if it does not depend on the image.

    Raises:
        RecordingError: scripted or compiled code made it from recorded tensors.
    """
    node = live.grad_fn
    origins = {edge: tensors.values[number] for edge, number in _origins(node, tensors)}
    if not origins:
        return None
    assert node is not None
    require_dense([live], f"the custom function {function_name(node)}")
    return CustomFunction(node, owner_of_node(live), origins)


def _origins(node: Node, tensors: RecordedTensors) -> Iterator[tuple[Edge, int]]:
    """Yield the edges from a node and its predecessors to recorded tensors, with the tensors' numbers."""
    pending, seen, unseen = [node], {node}, ""
    found: list[tuple[Edge, int]] = []
    while pending:
        one = pending.pop()
        cls = function_class(one)
        if cls is None or cls.__module__.startswith(_COMPILED):
            unseen = unseen or function_name(one)
        for behind, output in one.next_functions:
            if behind is None:
                continue
            number = tensors.at_edge(behind, output)
            if number is None:
                if behind not in seen:
                    seen.add(behind)
                    pending.append(behind)
            elif number >= 0:
                found.append(((behind, output), number))
    if found and unseen:
        raise RecordingError(
            f"the operator {unseen} runs inside scripted or compiled code, which cannot be recorded; "
            "use the plain Python function (without torch.jit.script or torch.compile)"
        )
    yield from found


def inside_checkpoint(node: Node, place: str) -> RecordingError:
    """Return the error for a custom function with recomputed saved tensors."""
    return RecordingError(
        f"the custom function {function_name(node)} in {place} runs under torch.utils.checkpoint or other hooks on "
        "saved tensors, which cannot be recorded; switch gradient checkpointing off"
    )


def function_name(node: Node) -> str:
    """Return the class name of a custom function, or the node name of a built-in one."""
    cls = function_class(node)
    return str(node.name()) if cls is None else cls.__name__.removesuffix("Backward")


def read_norm(step: CustomFunction) -> ResponseNormFunction | None:
    """Return a call of ``nn.CrossMapLRN2d``, which torch implements as a custom function, as an LRN; None otherwise."""
    function = function_class(step.node)
    if not is_torch_function(function, "CrossMapLRN2d") or len(step.values) != 1:
        return None

    def pull(y_hat: Tensor) -> Tensor:
        (x_hat,) = step.pull({0: y_hat})
        return torch.zeros_like(y_hat) if x_hat is None else x_hat

    return ResponseNormFunction(step.values[0], pull)


def read_rectifier(step: CustomFunction, y: Tensor) -> Masked | None:
    """Return a custom function as a rectifier where it acts on each value alone and its slope varies.

    A slope that is the same everywhere is a scaling, or a rounding with a straight-through gradient.

    Args:
        step: a call with one output that is used.
        y: that output.
    """
    slope = step.slope(y) if len(step.numbers) == 1 else None
    if slope is None or bool((slope == slope.flatten()[0]).all()):
        return None
    return Masked(step.values[0], y, slope.detach())
