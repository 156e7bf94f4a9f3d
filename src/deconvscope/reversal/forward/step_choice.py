"""Choose the step for a call: a hand-written ReLU mask, its family's step, or its vector-Jacobian product."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from ..runtime.nested import by_identity, replaced, tensors_in
from ..runtime.random_state import RandomStates, default_generators
from ..steps.backpropagation import Backpropagation
from ..steps.call import FAMILIES, Call, Family, Recorded
from ..steps.masked_products import ImageMasks, rectifier_by_hand
from ..steps.step import Step
from .opaque_code import require_dense


def read(call: Call, tracked: dict[int, Tensor], masks: ImageMasks) -> tuple[Any, Step]:
    """Run a call; return its output and the step to keep.

    `tracked` are its arguments that depend on the image, by identity.
    """
    output, step = rectifier_by_hand(call, masks) or _by_rule(call, tracked)
    require_dense(tensors_in(output), call.name)
    step.gated = step.kind != "rectifier" and masks.gate(call)
    masks.note(call, output)
    return output, step


def _by_rule(call: Call, tracked: dict[int, Tensor]) -> Recorded:
    family = FAMILIES.get(call.function)
    recorded = _by_family(family, call) if family is not None else None
    if recorded is not None and {id(source) for source in recorded[1].sources} >= tracked.keys():
        return recorded
    return _by_product(call, tracked)


def _by_family(family: Family, call: Call) -> Recorded | None:
    """Return the family's output and step; None if the call's arguments do not fit its signature."""
    try:
        return family(call, *call.args, **call.kwargs)
    except TypeError:
        try:
            inspect.signature(family).bind(call, *call.args, **call.kwargs)
        except TypeError:
            return None
        raise


def _by_product(call: Call, tracked: dict[int, Tensor]) -> tuple[Any, Step]:
    """Run a call that the reversal repeats with the same random numbers."""
    xs = [x for x in tracked.values() if x.is_floating_point() or x.is_complex()]
    order = [id(x) for x in xs]
    device = next(iter(tracked.values())).device
    states = RandomStates.now([*default_generators(device), *_generators_in(call)])
    output = call.run()
    drawn = states if states.moved() else None

    def again(fresh: Sequence[Tensor]) -> list[Tensor]:
        swap = by_identity(dict(zip(order, fresh, strict=True)))
        args, kwargs = replaced(call.args, swap), replaced(call.kwargs, swap)
        with nullcontext() if drawn is None else drawn.again():
            made = tensors_in(call.function(*args, **kwargs))
        return [t for t in made if t.is_floating_point() or t.is_complex()]

    return output, Backpropagation(call.name, xs, again)


def _generators_in(call: Call) -> Iterator[torch.Generator]:
    for value in (*call.args, *call.kwargs.values()):
        if isinstance(value, torch.Generator):
            yield value
