"""The recorded tensors, and the live tensors that stand for them while the network runs.

A recorded tensor is kept as a *value*, a plain tensor that is never written. The network computes with *live* tensors
that hold the same numbers. A live tensor requires a gradient, as under autograd, but no graph grows from it, because
the recorder runs every call on the values. A gradient edge that the recorder did not make therefore belongs to code
that it did not see; the edge says what that code is and which recorded tensors it read.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..runtime.torch_internals import write_mark

Node = Any
"""A node of autograd's graph, such as `Tensor.grad_fn`."""


class _Renewed(torch.autograd.Function):
    """Gives a tensor a new gradient edge in place, which increments its version like any write."""

    @staticmethod
    def forward(ctx: Any, live: Tensor, anchor: Tensor) -> Tensor:
        ctx.mark_dirty(live)
        return live

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        return g, None


class RecordedTensors:
    """Recorded values by number, and the value that each live tensor stands for.

    Live tensors are leaves of autograd's graph, which is cheap. A leaf keeps one edge for its lifetime, and a custom
    function must not write to it. Where either matters, the pass restarts with a node for each live tensor.

    Args:
        with_nodes: whether live tensors have nodes.

    Attributes:
        values: the recorded tensors; number 0 is the image.
    """

    def __init__(self, with_nodes: bool) -> None:
        self.values: list[Tensor] = []
        self._with_nodes = with_nodes
        self._numbers: dict[int, int] = {}
        self._live: dict[int, tuple[Tensor, int]] = {}
        self._nodes: dict[int, Node] = {}
        self._edges: dict[tuple[Node, int], int] = {}
        self._versions: dict[int, int] = {}
        self._renewed: set[int] = set()
        self._adopted: list[Tensor] = []
        self._anchor = torch.zeros(()).requires_grad_()

    def keep(self, value: Tensor) -> int:
        """Record a value; return its number."""
        if value.is_inference():
            raise InferenceTensor
        self._numbers[id(value)] = len(self.values)
        self.values.append(value)
        return len(self.values) - 1

    def number_of(self, value: Tensor) -> int:
        """Return the number of a recorded value, −1 for any other tensor."""
        return self._numbers.get(id(value), -1)

    def new_live(self, number: int) -> Tensor:
        """Return a new live tensor for a recorded value."""
        live = self.values[number].data  # has a version counter of its own
        if self._with_nodes:
            self._give_node(live)
        else:
            live.requires_grad_()
        self.stands_for(live, number)
        return live

    def current(self, live: Tensor) -> int | None:
        """Return the number of a live tensor's value, −1 for a constant, None for an unknown gradient edge.

        Raises:
            LostGradient: autograd no longer has a gradient for it.
        """
        try:
            node = live.grad_fn
        except RuntimeError as error:
            raise LostGradient(str(error)) from error
        found = self._live.get(id(live))
        if found is None:
            return None if node is not None else -1
        return found[1] if node is self._nodes.get(id(live)) else None

    def stands_for(self, live: Tensor, number: int) -> None:
        """Note which recorded value a live tensor stands for, whatever its gradient edge."""
        self._live[id(live)] = (live, number)
        node = live.grad_fn
        if node is not None:
            self._nodes[id(live)] = node
            self._edges[node, live.output_nr] = number
        self._versions[id(live)] = write_mark(live)

    def renew(self, live: Tensor, number: int) -> None:
        """Make a tensor stand for another recorded value; earlier uses keep the former value."""
        if id(live) not in self._live:
            self._adopted.append(live)
        if self._with_nodes or not live.is_leaf:
            self._give_node(live)
        else:
            live.requires_grad_()
            self._renewed.add(id(live))
        self.stands_for(live, number)

    def drop(self, live: Tensor) -> None:
        """Make a live tensor a constant."""
        self._live.pop(id(live), None)
        self._nodes.pop(id(live), None)

    def at_edge(self, node: Node, output: int) -> int | None:
        """Return the number of the tensor at a gradient edge, −1 for a constant, None for an unknown edge.

        Raises:
            NodesNeeded: the edge belongs to a leaf that stood for several values in turn.
        """
        number = self._edges.get((node, output))
        if number is not None:
            return number
        variable = getattr(node, "variable", None)
        if variable is None:
            return None
        if id(variable) in self._renewed:
            raise NodesNeeded
        found = self._live.get(id(variable))
        return -1 if found is None else found[1]

    def _give_node(self, live: Tensor) -> None:
        with torch.enable_grad():
            if live.is_leaf:
                live.requires_grad_(False)
            _Renewed.apply(live, self._anchor)

    def live_tensors(self) -> list[tuple[Tensor, int]]:
        """Return the live tensors with the numbers of their values."""
        return list(self._live.values())

    def sharing(self, memory: int) -> list[tuple[Tensor, int]]:
        """Return the live tensors that share memory at an address, with the numbers of their values."""
        return [(live, number) for live, number in self._live.values() if address(live) == memory]

    def move_values(self, memory: int) -> None:
        """Move the values at an address to a copy of their memory before it is written."""
        held = [value for value in self.values if address(value) == memory]
        if not held:
            return
        copy = held[0].untyped_storage().clone()  # type: ignore[no-untyped-call]
        for value in held:
            value.set_(copy, value.storage_offset(), value.size(), value.stride())

    def written_unseen(self, live: Tensor) -> bool:
        """Return whether code that the recorder did not see wrote to a live tensor."""
        return write_mark(live) != self._versions[id(live)]

    def before(self, live: Tensor) -> int | None:
        """Return the number of a live tensor's value before it got another gradient edge."""
        found = self._live.get(id(live))
        return None if found is None else found[1]

    def note_written(self, live: Tensor) -> None:
        """Note that the last write to a live tensor is accounted for."""
        if id(live) in self._versions:
            self._versions[id(live)] = write_mark(live)

    def release(self) -> None:
        """Drop the live tensors and all edges; turn written constants back into constants."""
        for live in self._adopted:
            live.detach_()
        for table in (self._live, self._nodes, self._edges, self._numbers, self._adopted):
            table.clear()


class NodesNeeded(BaseException):
    """The pass must restart with live tensors that have nodes. Not an Exception, so the network cannot catch it."""


class LostGradient(RuntimeError):
    """Autograd has no gradient for a view, because of a write to its base."""


class InferenceTensor(Exception):
    """An inference-mode tensor cannot be recorded."""


def address(tensor: Tensor) -> int:
    """Return the address of a tensor's memory, 0 if it has none (sparse and quantised tensors)."""
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0
