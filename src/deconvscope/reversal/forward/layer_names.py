"""Name the recorded tensors after the modules that made them.

The convention is that of ``torchvision.models.feature_extraction``: ``layer1.0.relu``, ``layer1.0.relu_1`` for its
second call, ``layer1.0.add`` for a call in the module's own forward. The tensor that a module's own forward makes
and returns has the module's name.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..steps.step import Step
from .module_stack import ModuleCall


def name_layers(
    steps: Sequence[Step],
    made_in: Sequence[int],
    calls: Sequence[ModuleCall],
    outputs: Sequence[int],
) -> tuple[dict[str, int], dict[str, int]]:
    """Return names → tensor numbers in order of execution, and aliases for the outputs of container modules.

    `made_in` has the number of each step's module call; `outputs` are the numbers of the network's outputs.
    """
    results = _results(steps, made_in, calls, outputs)
    names: dict[str, int] = {}
    taken = {call.name for call in calls}
    for step, call in zip(steps, made_in, strict=True):
        owner = calls[call].name if call >= 0 else ""
        for position, slot in enumerate(step.outputs):
            base = (
                owner if owner and results.get(call) == slot else f"{owner}.{step.call}".lstrip(".")
            )
            if len(step.outputs) > 1 and base != owner:
                base = f"{base}[{position}]"
            name, again = base, 0
            while name in names or (again and name in taken):
                again += 1
                name = f"{base}_{again}"
            names[name] = slot
    aliases: dict[str, int] = {}
    for call, slot in results.items():
        name = calls[call].name
        if name and name not in names:
            aliases[name] = slot
    return names, aliases


def _results(
    steps: Sequence[Step],
    made_in: Sequence[int],
    calls: Sequence[ModuleCall],
    outputs: Sequence[int],
) -> dict[int, int]:
    """Return the output of each module call: the last tensor made inside it and used outside."""
    inside: dict[int, tuple[int, ...]] = {}

    def chain(call: int) -> tuple[int, ...]:
        if call not in inside:
            inside[call] = (*chain(calls[call].parent), call) if call >= 0 else ()
        return inside[call]

    maker = {
        slot: chain(call)
        for step, call in zip(steps, made_in, strict=True)
        for slot in step.outputs
    }
    results: dict[int, int] = {}

    def escapes(slot: int, user: tuple[int, ...]) -> None:
        for call in maker.get(slot, ()):
            if call not in user and results.get(call, -1) < slot:
                results[call] = slot

    for step, call in zip(steps, made_in, strict=True):
        for slot in step.inputs:
            if slot >= 0:
                escapes(slot, chain(call))
    for slot in outputs:
        escapes(slot, ())
    return results
