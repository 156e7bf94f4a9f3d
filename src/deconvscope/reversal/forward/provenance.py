"""Find what each of the network's tensors stands for: a recorded value, a constant, a custom function's output."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor

from ..errors import RecordingError
from ..layouts import Axes, unknown
from ..runtime.torch_internals import function_class, is_torch_function, unpacks_by
from ..steps.step import Step
from .custom_functions import (
    CustomFunction,
    function_name,
    inside_checkpoint,
    read_function,
    read_norm,
    read_rectifier,
)
from .in_place_writes import WrittenTensors
from .recorded_tensors import LostGradient, RecordedTensors
from .tape import Tape


class Provenance:
    """Finds what made a tensor, and records the custom functions on the way.

    Attributes:
        unrecorded: tensors made inside a custom function, by identity, with the module call that made each.
        unrecorded_rectifier: whether a rectifier ran inside the custom function that is to be recorded next.
        saving: whether a custom function is saving tensors; calls made meanwhile are not the network's.
    """

    def __init__(self, tensors: RecordedTensors, tape: Tape, written: WrittenTensors) -> None:
        self.tensors, self.tape, self.written = tensors, tape, written
        self.unrecorded: dict[int, tuple[Tensor, int]] = {}
        self.unrecorded_rectifier = self.saving = False
        self._functions: dict[Any, CustomFunction] = {}

    def release(self) -> None:
        """Drop the nodes of custom functions."""
        self._functions.clear()
        self.unrecorded.clear()

    def number(self, t: Tensor, recording: bool = True) -> int:
        """Return the number of the value that a tensor stands for, −1 for a constant."""
        try:
            number = self.tensors.current(t)
        except LostGradient as error:
            raise RecordingError(
                f"{self.tape.place()} uses a view after a write to its base, for which autograd has no "
                "gradient; write to a copy instead"
            ) from error
        if number is None:
            return self.made_elsewhere(t)
        if number >= 0 and recording and self.written.stale(t):
            self.record_hidden_writes()
            number = self.tensors.current(t)
            assert number is not None
        return number

    def record_hidden_writes(self) -> None:
        """Record the contents of tensors that were written without autograd's knowledge."""
        for t in self.written.all_stale():
            if self.tensors.current(t) is None:
                self.made_elsewhere(t)
        for t in self.written.all_stale():
            self.written.overwrite(t)

    def made_elsewhere(self, t: Tensor) -> int:
        """Record the custom function that a tensor's gradient edge leads to; return the tensor's number."""
        node = t.grad_fn
        number = self.tensors.at_edge(node, t.output_nr)
        if number is None and node is not None:
            cls = function_class(node)
            if is_torch_function(cls, "BackwardHookFunction"):  # returns its inputs
                number = self.tensors.at_edge(*node.next_functions[t.output_nr])
            elif is_torch_function(cls, "CheckpointFunction"):  # the calls inside were recorded
                number = self.tensors.before(t)
        if number is None:
            step = self._functions.get(node) or read_function(t, self.tensors)
            if step is None:
                return -1
            number = self._add_output(step, t)
        if number >= 0:
            known = self.tensors.before(t) is not None
            self.tensors.stands_for(t, number)
            self.written.refreshed(t)
            if known:  # the function wrote to its input
                self.written.written_by_function(t, self.tensors.values[number])
                number = self.tensors.current(t) or number
        return number

    def _add_output(self, step: CustomFunction, t: Tensor) -> int:
        node = step.node
        if node not in self._functions:
            self._require_own_hooks(node)
            self._functions[node] = step
            step.call = function_name(node)
            step.gated, self.unrecorded_rectifier = self.unrecorded_rectifier, False
            _, made_in = self.unrecorded.get(id(t), (t, -1))
            self.tape.append(step, made_in if made_in >= 0 else self.tape.stack.innermost())
        value, first = t.detach(), not step.outputs
        number = self.tape.keep(value, partial(self._axes, step, value) if first else None)
        step.outputs += (number,)
        step.numbers.append(t.output_nr)
        return number

    def _axes(self, step: CustomFunction, y: Tensor) -> Axes:
        """Return what the axes of a custom function's first output stand for."""
        try:
            slope = step.slope(y)
        except Exception:  # the call is not over, as while it renews the views of its input
            return unknown(y.shape)
        known = None if slope is None else self.tape.axes_of(step.values[0])
        return known or unknown(y.shape)

    def _require_own_hooks(self, node: Any) -> None:
        """Raise if a custom function's saved tensors are recomputed, as under checkpointing."""
        if not unpacks_by(node, as_saved):
            raise inside_checkpoint(node, self.tape.place())

    def saved(self, t: Tensor) -> Tensor:
        """Return the tensor that a custom function's context keeps for a saved one; it is never written."""
        self.saving = True
        try:
            number = self.tensors.current(t)
            if number is not None and number >= 0 and not self.written.stale(t):
                return self.tensors.values[number]
            return t.detach().clone()
        finally:
            self.saving = False

    def finished(self, step: Step) -> Step:
        """Return a step, replaced by a rectifier or response norm if it is a custom function that computes one."""
        if not isinstance(step, CustomFunction):
            return step
        if len(step.outputs) != 1:
            return step
        y = self.tensors.values[step.outputs[0]]
        read = read_norm(step) or read_rectifier(step, y)
        if read is None:
            return step
        read.call, read.sources = step.call, ()
        read.inputs, read.outputs = step.inputs, step.outputs
        return read


def as_saved(t: Tensor) -> Tensor:
    """Return a saved tensor unchanged."""
    return t
