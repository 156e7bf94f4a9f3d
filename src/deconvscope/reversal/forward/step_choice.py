"""From a call to its output and step: by a registered rule, a mask written by hand, its family, or BP."""

from __future__ import annotations

import inspect
from typing import Any

from torch import Tensor

from ..registered_rules import read_registered
from ..runtime.nested import tensors_in
from ..steps.backpropagation import read_product
from ..steps.call import FAMILIES, Call, Recorded, called
from ..steps.call_names import ONLY_LIKE
from ..steps.masked_products import ImageMasks, rectifier_by_hand
from ..steps.step import Step
from .opaque_code import require_dense


def read(call: Call, tracked: dict[int, Tensor], masks: ImageMasks) -> tuple[Any, Step]:
    """Run a call; return its output and the step to keep.

    `tracked` are its arguments that depend on the image, by identity.
    """
    if call.name in ONLY_LIKE and call.args and id(call.args[0]) in tracked:
        tracked = {id(call.args[0]): call.args[0]}  # of the others only the shape or dtype counts
    output, step = (
        read_registered(call, tracked)
        or rectifier_by_hand(call, masks)
        or _by_family(call, tracked)
        or read_product(call, tracked)
    )
    require_dense(tensors_in(output), call.name)
    step.gated = step.kind != "rectifier" and not step.registered and masks.gate(call)
    masks.note(call, output)
    return output, step


def _by_family(call: Call, tracked: dict[int, Tensor]) -> Recorded | None:
    """Let its family read a call; None where it has none, or none for all of these arguments."""
    family = FAMILIES.get(called(call.function))
    if family is None:
        return None
    try:
        recorded = family(call, *call.args, **call.kwargs)
    except TypeError:
        try:
            inspect.signature(family).bind(call, *call.args, **call.kwargs)
        except TypeError:
            return None  # a way to pass the arguments that the family does not know
        raise
    covered = recorded and {id(source) for source in recorded[1].sources} >= tracked.keys()
    return recorded if covered else None
