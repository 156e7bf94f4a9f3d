"""Custom autograd functions: a call of one is a single step, reversed by the backward pass that its author wrote."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from .calls_in_progress import ModuleCall
from .errors import RecordingError
from .recorder import tensors_in
from .steps.backpropagation import Backpropagation
from .steps.step import Step


def join_custom_functions(
    steps: Sequence[Step],
    made_in: Sequence[int],
    calls: Sequence[ModuleCall],
    outputs: Sequence[int],
) -> tuple[list[Step], list[int]]:
    """Replace the steps recorded inside each custom autograd function by one step for the function.

    Args:
        steps: the recorded calls in order.
        made_in: for each step, the number of the module or function call that made it.
        calls: the module and function calls.
        outputs: numbers of the tensors that the network returned.

    Raises:
        RecordingError: a function returned several tensors that depend on the image.
    """
    owner = [_outermost_function(call, calls) for call in made_in]
    if all(call < 0 for call in owner):
        return list(steps), list(made_in)
    joined: list[Step] = []
    places: list[int] = []
    used = [(slot, owner[i]) for i, step in enumerate(steps) for slot in step.inputs]
    used += [(slot, -1) for slot in outputs]
    for call in dict.fromkeys(owner):
        if call < 0:
            continue
        inner = [step for step, own in zip(steps, owner, strict=True) if own == call]
        made = {slot for step in inner for slot in step.outputs}
        leaving = sorted({slot for slot, user in used if slot in made and user != call})
        function = calls[call].function
        assert function is not None
        if len(leaving) > 1:
            raise RecordingError(
                f"{function.__name__} in {calls[call].name!r} is a custom autograd function with several outputs, "
                "which cannot be followed; split it into functions of one output"
            )
        if not leaving:
            continue
        last = max(i for i, step in enumerate(steps) if leaving[0] in step.outputs)
        entering = dict.fromkeys(
            slot for step in inner for slot in step.inputs if slot >= 0 and slot not in made
        )
        steps = [
            *steps[:last],
            _step(calls[call], steps[last], leaving[0], list(entering)),
            *steps[last + 1 :],
        ]
    for i, step in enumerate(steps):
        if owner[i] < 0 or isinstance(step, _FunctionStep):
            joined.append(step)
            places.append(calls[owner[i]].parent if owner[i] >= 0 else made_in[i])
    return joined, places


class _FunctionStep(Backpropagation):
    """One call of a custom autograd function."""

    rule = "its own backward"


def _step(call: ModuleCall, last: Step, output: int, inputs: list[int]) -> Step:
    function = call.function
    assert function is not None
    tracked = [t for t in tensors_in(call.arguments) if t.is_floating_point()]

    def again(fresh: Sequence[Tensor]) -> list[Tensor]:
        place = {id(old): new for old, new in zip(tracked, fresh, strict=True)}
        arguments = [place.get(id(a), a) if isinstance(a, Tensor) else a for a in call.arguments]
        return [t for t in tensors_in(function.apply(*arguments)) if t.is_floating_point()]

    step = _FunctionStep(function.__name__, tracked, again)
    step.call, step.outputs, step.inputs, step.sources = (
        function.__name__,
        (output,),
        tuple(inputs),
        (),
    )
    return step


def _outermost_function(call: int, calls: Sequence[ModuleCall]) -> int:
    found = -1
    while call >= 0:
        if calls[call].function is not None:
            found = call
        call = calls[call].parent
    return found
