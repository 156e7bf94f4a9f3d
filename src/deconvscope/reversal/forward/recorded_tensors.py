"""The tensors of a recording, and the network's own tensors that stand for them while it runs.

A recorded tensor is kept as *value*: a plain tensor that nobody writes. The network computes with *live* tensors that
hold the same numbers. Each live tensor requires a gradient, as it would in automatic differentiation, but no graph
grows from it: the recorder runs every call on the values. So whatever a live tensor's gradient edge leads to was not
made by a call that the recorder saw, and the edge tells what made it, from which recorded tensors.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..runtime.torch_internals import write_mark

Node = Any
"""A node of autograd's graph, as `Tensor.grad_fn` is."""


class _Renewed(torch.autograd.Function):
    """Gives a tensor a gradient edge of its own, in place; its version is raised as by any write."""

    @staticmethod
    def forward(ctx: Any, live: Tensor, anchor: Tensor) -> Tensor:
        ctx.mark_dirty(live)
        return live

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        return g, None


class RecordedTensors:
    """Recorded values by number, and which live tensor stands for which of them now.

    Live tensors are leaves of autograd's graph, which costs little. A leaf has one edge for its lifetime, and a custom
    function may not write to it: where either matters, the pass starts again with live tensors that each bear a node.

    Args:
        with_nodes: whether live tensors bear nodes.

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
        """Record a value, and return its number."""
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
        live = self.values[number].data  # its version counts its own writes alone
        if self._with_nodes:
            self._give_node(live)
        else:
            live.requires_grad_()
        self.stands_for(live, number)
        return live

    def current(self, live: Tensor) -> int | None:
        """Return the number that a live tensor stands for; None where its gradient edge is not of this table.

        Raises:
            LostGradient: autograd itself has no gradient for it any more.
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
        """Note which recorded value a live tensor stands for, whatever its gradient edge leads to."""
        self._live[id(live)] = (live, number)
        node = live.grad_fn
        if node is not None:
            self._nodes[id(live)] = node
            self._edges[node, live.output_nr] = number
        self._versions[id(live)] = write_mark(live)

    def renew(self, live: Tensor, number: int) -> None:
        """Let a tensor stand for another recorded value from now on; what used it before used the former."""
        if id(live) not in self._live:
            self._adopted.append(live)
        if self._with_nodes or not live.is_leaf:
            self._give_node(live)
        else:
            live.requires_grad_()
            self._renewed.add(id(live))
        self.stands_for(live, number)

    def drop(self, live: Tensor) -> None:
        """Forget that a live tensor stands for a recorded one: it is a constant from now on."""
        self._live.pop(id(live), None)
        self._nodes.pop(id(live), None)

    def at_edge(self, node: Node, output: int) -> int | None:
        """Return the recorded tensor at a gradient edge, −1 for a constant's; None for the edge of other code.

        Raises:
            NodesNeeded: the edge is that of a leaf which stood for several values in turn.
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

    def living(self) -> list[tuple[Tensor, int]]:
        """Return the live tensors that stand for a recorded one, with its number."""
        return list(self._live.values())

    def sharing(self, memory: int) -> list[tuple[Tensor, int]]:
        """Return the live tensors in a memory, with the number that each stands for."""
        return [(live, number) for live, number in self._live.values() if address(live) == memory]

    def set_apart(self, memory: int) -> None:
        """Move the values in a memory that is about to be written to a copy of it."""
        held = [value for value in self.values if address(value) == memory]
        if not held:
            return
        copy = held[0].untyped_storage().clone()  # type: ignore[no-untyped-call]
        for value in held:
            value.set_(copy, value.storage_offset(), value.size(), value.stride())

    def written_unseen(self, live: Tensor) -> bool:
        """Tell whether code outside every call that the recorder saw wrote to a live tensor in place."""
        return write_mark(live) != self._versions[id(live)]

    def before(self, live: Tensor) -> int | None:
        """Return the number that a live tensor stood for before it got another gradient edge."""
        found = self._live.get(id(live))
        return None if found is None else found[1]

    def note_written(self, live: Tensor) -> None:
        """Note that a write to a live tensor is known."""
        if id(live) in self._versions:
            self._versions[id(live)] = write_mark(live)

    def release(self) -> None:
        """Drop the live tensors and every edge; constants that the network wrote to are constants again."""
        for live in self._adopted:
            live.detach_()
        for table in (self._live, self._nodes, self._edges, self._numbers, self._adopted):
            table.clear()


class NodesNeeded(BaseException):
    """The pass must start again with live tensors that bear nodes; no code of the network's may catch it."""


class LostGradient(RuntimeError):
    """A view's base was written in a way for which autograd has no gradient."""


class InferenceTensor(Exception):
    """A tensor of `torch.inference_mode` was to be recorded."""


def address(tensor: Tensor) -> int:
    """Return what tells a tensor's memory from others, 0 where it has none."""
    try:
        return tensor.untyped_storage().data_ptr()
    except (
        RuntimeError,
        NotImplementedError,
    ):  # sparse and quantised tensors have no storage to share
        return 0
