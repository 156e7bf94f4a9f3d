"""Custom autograd functions: a call of one is a single step, reversed by the backward pass that its author wrote."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from .calls_in_progress import ModuleCall
from .errors import RecordingError
from .nested import tensors_in
from .recorder import Recorder
from .steps.backpropagation import Backpropagation
from .steps.step import Step


def join_custom_functions(
    recorder: Recorder, outputs: Sequence[int]
) -> tuple[list[Step], list[int]]:
    """Replace the steps recorded inside each custom autograd function by one step for the function.

    Args:
        recorder: what was recorded.
        outputs: numbers of the tensors that the network returned.

    Returns:
        The steps, and for each the number of the module call that made it.

    Raises:
        RecordingError: a function returned several tensors that depend on the image.
    """
    calls = recorder.stack.calls
    owner = [_outermost_function(call, calls) for call in recorder.made_in]
    steps = list(recorder.steps)
    used = [(slot, owner[i]) for i, step in enumerate(steps) for slot in step.inputs]
    used += [(slot, -1) for slot in outputs]
    places = list(recorder.made_in)
    for call in dict.fromkeys(owner):
        if call < 0:
            continue
        inner = [i for i, own in enumerate(owner) if own == call]
        made = {slot for i in inner for slot in recorder.steps[i].outputs}
        leaving = sorted({slot for slot, user in used if slot in made and user != call})
        if len(leaving) > 1:
            function = calls[call].function
            raise RecordingError(
                f"{function.__name__ if function else ''} in {calls[call].name!r} is a custom autograd function "
                "with several outputs, which cannot be followed; split it into functions of one output"
            )
        if leaving:
            last = next(i for i in inner if leaving[0] in recorder.steps[i].outputs)
            steps[last] = _function_step(calls[call], leaving[0], recorder)
            places[last] = calls[call].parent
    kept = [i for i, step in enumerate(steps) if owner[i] < 0 or isinstance(step, FunctionStep)]
    return [steps[i] for i in kept], [places[i] for i in kept]


class FunctionStep(Backpropagation):
    """One call of a custom autograd function."""

    rule = "its own backward"


def _function_step(call: ModuleCall, output: int, recorder: Recorder) -> Step:
    function = call.function
    assert function is not None
    tracked = {
        id(t): t
        for t in tensors_in(call.arguments)
        if t.is_floating_point() and recorder.slot_of(t) >= 0
    }
    order = list(tracked)

    def again(fresh: Sequence[Tensor]) -> list[Tensor]:
        place = {
            old: new * 1 for old, new in zip(order, fresh, strict=True)
        }  # it may write in place
        arguments = [place.get(id(a), a) if isinstance(a, Tensor) else a for a in call.arguments]
        return [t for t in tensors_in(function.apply(*arguments)) if t.is_floating_point()]

    step = FunctionStep(function.__name__, list(tracked.values()), again)
    step.call, step.outputs, step.sources = function.__name__, (output,), ()
    step.inputs = tuple(recorder.slot_of(t) for t in tracked.values())
    return step


def _outermost_function(call: int, calls: Sequence[ModuleCall]) -> int:
    found = -1
    while call >= 0:
        if calls[call].function is not None:
            found = call
        call = calls[call].parent
    return found
