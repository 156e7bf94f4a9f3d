"""Custom autograd functions: one call is one step, reversed by the backward pass that its author wrote.

A call is recognised by the node that autograd put at its outputs. The node is the call's own context: it knows the
class, the inputs, the outputs and what `forward` saved, as they were at the call.
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
from ..steps.rectifier import Rectifier
from ..steps.step import Cut, Step
from .opaque_code import require_dense
from .recorded_tensors import Node, RecordedTensors

_COMPILED = ("torch._functorch", "torch._dynamo", "torch._inductor")
"""Where the functions of compiled code are defined."""

Edge = tuple[Node, int]
"""An input of a node: the node that made it, and the number of that node's output."""


class CustomFunction(Step):
    """One call of a custom autograd function: x̂ is what its own backward makes of ŷ, row by row."""

    kind = "custom function"
    rule: ClassVar[str] = "its own backward"
    falls_back: ClassVar[bool] = True

    def __init__(self, node: Node, owner: object, origins: Mapping[Edge, Tensor]) -> None:
        """Keep a call.

        Args:
            node: autograd's node of it.
            owner: what keeps the node alive.
            origins: for each gradient edge that leads to a recorded tensor, that tensor.
        """
        self.values = list({id(value): value for value in origins.values()}.values())
        super().__init__(*self.values)
        places = {id(value): place for place, value in enumerate(self.values)}
        self.node, self._owner = node, owner
        self.places = {edge: places[id(value)] for edge, value in origins.items()}
        self.numbers: list[int] = []
        """Which of the call's outputs each output of the step is."""
        self._slope: Tensor | None | Literal["not tried"] = "not tried"

    def only_launches(self, batch: Batch) -> bool:
        """Return False: the backward may do anything."""
        return False

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return what the backward makes of the signal at the only output."""
        return self.reverse_outputs([y_hat], batch)

    def reverse_outputs(
        self, y_hats: Sequence[Signal | None], batch: Batch
    ) -> Sequence[Signal | None]:
        """Return what the backward makes of the signals at the outputs."""
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
        """Return x̂ for each recorded input from ŷ at some outputs, by their numbers."""
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
            self._slope = slope_of(self, y)
        return self._slope

    def _pulled(self, node: Node, arrived: Mapping[int, Tensor]) -> Iterator[tuple[int, Tensor]]:
        for edge, gradient in _gradients(node, arrived):
            if edge in self.places:
                yield self.places[edge], gradient
            elif function_class(edge[0]) is not None:  # a function of a function
                yield from self._pulled(edge[0], {edge[1]: gradient})


def _gradients(node: Node, arrived: Mapping[int, Tensor]) -> Iterator[tuple[Edge, Tensor]]:
    """Yield what a function's backward makes of gradients at its outputs, for each edge to its inputs."""
    given = []
    for number, (shape, dtype, device) in enumerate(
        output_shapes(node) or _arrived_shapes(arrived)
    ):
        gradient = arrived.get(number)
        # by linearity zero stands for "nothing arrived", whether or not the function asked for None
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
    for edge, gradient in zip(edges, needed):  # noqa: B905 — both may leave out what follows the last tensor
        if gradient is not None:
            yield edge, gradient


def _arrived_shapes(
    arrived: Mapping[int, Tensor],
) -> list[tuple[tuple[int, ...], torch.dtype, torch.device]]:
    """Return what is known of the outputs of a function where torch does not tell: those that were used."""
    like = next(iter(arrived.values()))
    known = [arrived.get(number, like) for number in range(max(arrived) + 1)]
    return [(tuple(y.shape), y.dtype, y.device) for y in known]


class CustomRectifier(Rectifier):
    """A custom function that acts on each value alone: f′ is what its own backward makes of ones."""

    def __init__(self, x: Tensor, y: Tensor, slope: Tensor) -> None:
        super().__init__(x, y)
        self.slope = slope

    def derivative(self, cut: Cut) -> Tensor:
        """Return f′(x)."""
        return cut(self.slope)

    def bottleneck(self) -> Sequence[Tensor]:
        """Return f′, which cannot be read from the activations."""
        return (self.slope,)


def read_function(live: Tensor, tensors: RecordedTensors) -> CustomFunction | None:
    """Return the step of the custom function that made a tensor; None where it does not depend on the image.

    Args:
        live: a tensor with a gradient edge that the recorder did not make.
        tensors: what is recorded.

    Raises:
        RecordingError: other code made it from recorded tensors.
    """
    node = live.grad_fn
    origins = {edge: tensors.values[number] for edge, number in _origins(node, tensors)}
    if not origins:
        return None
    assert node is not None
    require_dense([live], f"the custom function {function_name(node)}")
    return CustomFunction(node, owner_of_node(live), origins)


def _origins(node: Node, tensors: RecordedTensors) -> Iterator[tuple[Edge, int]]:
    """Yield the edges at which a node and those behind it lead to recorded tensors."""
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
            f"the operator {unseen} runs inside scripted or compiled code, which cannot be seen; "
            "use the plain Python function (without torch.jit.script or torch.compile)"
        )
    yield from found


def inside_checkpoint(node: Node, place: str) -> RecordingError:
    """Return the error for a custom function of which torch keeps nothing but how to compute it again."""
    return RecordingError(
        f"the custom function {function_name(node)} in {place} runs inside torch.utils.checkpoint, or other hooks on "
        "saved tensors, which cannot be followed; switch gradient checkpointing off"
    )


def function_name(node: Node) -> str:
    """Return the name of a custom function's class, or of a built-in function's node."""
    cls = function_class(node)
    return str(node.name()) if cls is None else cls.__name__.removesuffix("Backward")


def read_norm(step: CustomFunction) -> ResponseNormFunction | None:
    """Return a call of ``nn.CrossMapLRN2d``'s function, which is a custom function of torch's own, as an LRN."""
    function = function_class(step.node)
    if not is_torch_function(function, "CrossMapLRN2d") or len(step.values) != 1:
        return None

    def pull(y_hat: Tensor) -> Tensor:
        (x_hat,) = step.pull({0: y_hat})
        return torch.zeros_like(y_hat) if x_hat is None else x_hat

    return ResponseNormFunction(step.values[0], pull)


def slope_of(step: CustomFunction, y: Tensor) -> Tensor | None:
    """Return f′(x) of a custom function that acts on each value alone; None for any other.

    Its backward is tried with random signals: it must multiply each by f′(x).

    Args:
        step: the call.
        y: its first output.
    """
    if len(step.values) != 1:
        return None
    (x,), number = step.values, step.numbers[0]
    if (
        x.shape != y.shape
        or not x.is_floating_point()
        or not y.is_floating_point()
        or x.numel() < 2
    ):
        return None
    (slope,) = step.pull({number: torch.ones_like(y)})
    if slope is None:
        return None
    tolerance = 16 * torch.finfo(x.dtype).eps
    generator = torch.Generator(device=y.device).manual_seed(0)
    for _ in range(2):
        trial = torch.rand(y.shape, generator=generator, device=y.device, dtype=torch.float32)
        trial = (trial * 2 - 1).to(y.dtype)
        (pulled,) = step.pull({number: trial})
        expected = trial * slope
        if pulled is None or not torch.allclose(
            pulled, expected, rtol=tolerance, atol=tolerance * float(slope.abs().max())
        ):
            return None
    return slope.detach()


def read_rectifier(step: CustomFunction, y: Tensor) -> CustomRectifier | None:
    """Return a custom function as a rectifier where it acts on each value alone and its slope varies.

    A slope that is the same everywhere is a scaling, or a rounding with a straight-through gradient.

    Args:
        step: a call with one output that is used.
        y: that output.
    """
    slope = step.slope(y) if len(step.numbers) == 1 else None
    if slope is None or bool((slope == slope.flatten()[0]).all()):
        return None
    return CustomRectifier(step.values[0], y, slope)
