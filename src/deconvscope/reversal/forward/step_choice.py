"""From a call to its output and step: by hand-written mask, by its family, or by its vector-Jacobian product."""

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
from ..steps.call_names import ONLY_LIKE
from ..steps.masked_products import ImageMasks, rectifier_by_hand
from ..steps.step import Step
from .opaque_code import require_dense


def read(call: Call, tracked: dict[int, Tensor], masks: ImageMasks) -> tuple[Any, Step]:
    """Run a call, and return its output and the step to keep.

    Args:
        call: the call.
        tracked: its arguments that depend on the image, by identity.
        masks: what was computed from the image without a gradient.
    """
    if call.name in ONLY_LIKE and call.args and id(call.args[0]) in tracked:
        tracked = {id(call.args[0]): call.args[0]}  # of the others only the shape or dtype counts
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
    """Let a family read a call; None for a spelling of the arguments that it does not know."""
    try:
        return family(call, *call.args, **call.kwargs)
    except TypeError:
        try:
            inspect.signature(family).bind(call, *call.args, **call.kwargs)
        except TypeError:
            return None
        raise


def _by_product(call: Call, tracked: dict[int, Tensor]) -> tuple[Any, Step]:
    """Run a call that is run again on the way back, with the random numbers that it draws here."""
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
