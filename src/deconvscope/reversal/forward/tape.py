"""The tape of a forward pass: the recorded steps and their tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor

from ..errors import InputError, RecordingError
from ..layouts import Axes, follow, parameter_names, unknown
from ..runtime.memory_limit import is_out_of_memory
from ..runtime.nested import by_identity, replaced, tensors_in
from ..steps.call import Call
from ..steps.call_names import QUIET
from ..steps.masked_products import ImageMasks
from ..steps.step import Step
from .input_errors import refusal
from .module_stack import CallStack
from .opaque_code import quantised
from .recorded_tensors import InferenceTensor, RecordedTensors
from .step_choice import read


class Tape:
    """Runs calls on recorded values and keeps a step for each.

    Attributes:
        steps: the recorded calls, in order.
        made_in: for each step the number of its module call.
        stops: the calls at which the network left the recorded computation.
        masks: tensors computed from the image without a gradient.
    """

    def __init__(
        self,
        tensors: RecordedTensors,
        stack: CallStack,
        named_constants: Iterable[tuple[str, Tensor]] = (),
    ) -> None:
        self.tensors, self.stack, self.masks = tensors, stack, ImageMasks()
        self._axes: list[Axes | Callable[[], Axes]] = []
        self._name_of = parameter_names(named_constants)
        self.steps: list[Step] = []
        self.made_in: list[int] = []
        self.stops: list[str] = []

    def run(self, call: Call) -> tuple[Any, list[int]]:
        """Run a call on values and keep its step; return the output and the numbers of the tensors in it."""
        made_in = self.stack.innermost()
        tracked = {id(t): t for t in tensors_in((call.args, call.kwargs)) if id(t) in call.tracked}
        try:
            output, step = read(call, tracked, self.masks)
        except (RuntimeError, ValueError, IndexError) as error:
            if isinstance(error, RecordingError) or is_out_of_memory(error):
                raise
            given = next(iter(tracked.values()), None)
            text = refusal(call, error, self.stack.where(), self.tensors.values[0], given)
            raise InputError(text) from error
        if any(t.is_quantized for t in tensors_in(output)):
            raise quantised(call.name, self.where())
        made = [t for t in tensors_in(output) if t.is_floating_point() or t.is_complex()]
        if not made:
            return output, []
        if len(made) == 1 and id(made[0]) in tracked and call.name in QUIET:
            return output, []
        output, made = _distinct(output, made, tracked)
        step.call = call.name
        self.append(step, made_in)
        step.outputs = tuple(map(self.keep, made, self._followed(call, output)))
        return output, list(step.outputs)

    def _followed(self, call: Call, output: Any) -> list[Axes]:
        """Return what the axes of each recorded tensor in a call's output stand for."""
        tensors = tensors_in(output)
        made = output if isinstance(output, Tensor) else tensors
        everything = follow(call.name, call.args, call.kwargs, self.axes_of, made, self._name_of)
        return [
            axes
            for t, axes in zip(tensors, everything, strict=True)
            if t.is_floating_point() or t.is_complex()
        ]

    def axes_of(self, value: Tensor) -> Axes | None:
        """Return what the axes of a recorded value stand for, None for a constant."""
        number = self.tensors.number_of(value)
        return None if number < 0 else self.axes_at(number)

    def axes_at(self, number: int) -> Axes:
        """Return what the axes of a recorded tensor stand for."""
        found = self._axes[number]
        if not isinstance(found, Axes):
            found = self._axes[number] = found()
        return found

    def values_of(self, call: Call) -> Any:
        """Run a call on values and record it if one of them is recorded; return its output."""
        return self.run(call)[0] if call.tracked else call.run()

    def add(self, step: Step, value: Tensor) -> int:
        """Record a step that puts a value in the place of its source; return the value's number."""
        step.call = step.kind
        axes = self.axes_of(step.sources[0])
        self.append(step, self.stack.innermost())
        step.outputs = (self.keep(value, axes),)
        return step.outputs[0]

    def append(self, step: Step, made_in: int) -> None:
        """Append a step made in a module call; the caller then keeps its outputs."""
        step.inputs = tuple(map(self.tensors.number_of, step.sources))
        step.sources = ()
        self.made_in.append(made_in)
        self.steps.append(step)

    def keep(self, value: Tensor, axes: Axes | Callable[[], Axes] | None = None) -> int:
        """Record a value and what its axes stand for, by default unknown; return its number.

        A function is called when the axes are first needed.

        Raises:
            RecordingError: it is a tensor of inference mode.
        """
        try:
            number = self.tensors.keep(value)
        except InferenceTensor as error:
            raise self.in_inference_mode() from error
        self._axes.append(axes or unknown(value.shape))
        return number

    # --- for messages ---------------------------------------------------------------------------------------

    def where(self) -> str:
        """Return the path of the running module, "" outside any module."""
        self.stack.innermost()
        return self.stack.where()

    def place(self) -> str:
        """Return the running module's quoted path, or "the network", for a message."""
        where = self.where()
        return repr(where) if where else "the network"

    def stop(self, what: str) -> None:
        """Note a call that leaves the recorded computation."""
        stop = f"{self.where() or 'the network'}: {what}"
        if stop not in self.stops:
            self.stops.append(stop)

    def in_inference_mode(self) -> RecordingError:
        """Return the error for inference-mode tensors."""
        return RecordingError(
            f"{self.place()} runs under torch.inference_mode, which cannot be recorded; "
            "remove it, or use torch.no_grad"
        )


def _distinct(
    output: Any, made: list[Tensor], tracked: dict[int, Tensor]
) -> tuple[Any, list[Tensor]]:
    """Replace outputs that are inputs by views of them, so that each layer has its own tensor."""
    if not any(id(t) in tracked for t in made):
        return output, made
    fresh = {id(t): t.view_as(t) for t in made if id(t) in tracked}
    return replaced(output, by_identity(fresh)), [fresh.get(id(t), t) for t in made]
