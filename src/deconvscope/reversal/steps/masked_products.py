"""Rectifiers written by hand: products with a mask computed from the image, such as ``x * (x > 0)``.

A comparison has no gradient, so that automatic differentiation takes its result for a constant. A product with it acts
as a rectifier all the same. Where the mask is [x > 0] of the tensor that it multiplies, the call is read as a
rectifier. Other calls that multiply by such a mask, or select by it, are marked in the coverage report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..runtime.nested import tensors_in
from .call import Call, Recorded
from .call_names import MAKES_CONSTANTS, ONLY_LIKE
from .rectifier import Masked

FLAT = frozenset(("heaviside", "sign", "sgn"))
"""Calls whose floating-point result is piecewise constant."""

MULTIPLIES = frozenset(("mul", "multiply", "__mul__", "__rmul__"))
GATES = MULTIPLIES | frozenset((
    "div", "divide", "true_divide", "__truediv__", "__rtruediv__", "einsum", "addcmul", "addcdiv", "lerp", "where",
    "masked_fill", "setitem", "index_put", "masked_scatter",
))  # fmt: skip
"""Calls that multiply by an argument, or select values by it."""


@dataclass(frozen=True)
class _Computed:
    """A tensor that was computed from recorded ones and passes no gradient to them.

    Attributes:
        tensor: kept, so that no other tensor gets its identity.
        sources: identities of the recorded tensors that it was computed from.
        is_mask: whether a comparison or a step function is among the calls between.
    """

    tensor: Tensor
    sources: frozenset[int]
    is_mask: bool


class ImageMasks:
    """What a network computed from the image without a gradient: comparisons, step functions, detached copies."""

    def __init__(self) -> None:
        self._computed: dict[int, _Computed] = {}

    def copied(self, copy: Tensor, source: Tensor) -> None:
        """Note a detached copy of a recorded tensor."""
        self._computed[id(copy)] = _Computed(copy, frozenset((id(source),)), False)

    def alias(self, alias: Tensor, tensor: Tensor) -> None:
        """Note that a tensor is an alias of another."""
        found = self._computed.get(id(tensor))
        if found is not None:
            self._computed[id(alias)] = _Computed(alias, found.sources, found.is_mask)

    def note(self, call: Call, output: Any) -> None:
        """Note what a call computed without a gradient from recorded tensors, or from what is noted already."""
        if call.name in MAKES_CONSTANTS:
            return
        if not self._computed and _passes_gradient(call, output):
            return
        given = tensors_in((call.args, call.kwargs))
        given = given[:1] if call.name in ONLY_LIKE else given
        known = [self._computed[id(t)] for t in given if id(t) in self._computed]
        recorded = {id(t) for t in given if call.tracks(t)}
        recorded -= {id(one.tensor) for one in known}
        if not (recorded or known):
            return
        sources = frozenset(recorded.union(*(one.sources for one in known)))
        size = max((one.tensor.numel() for one in known if one.is_mask), default=None)
        for made in tensors_in(output):
            flat = call.name in FLAT and not made.is_complex()
            if recorded and not flat and (made.is_floating_point() or made.is_complex()):
                continue  # it passes a gradient
            # a mask of another dtype is a mask; the number of its true values is none
            carried = not recorded and size is not None and made.numel() >= size
            is_mask = flat or carried or made.dtype == torch.bool or call.name == "one_hot"
            self._computed[id(made)] = _Computed(made, sources, is_mask)

    def mask_of(self, x: Tensor, mask: object) -> bool:
        """Tell whether a tensor is a mask of x's shape that was computed from x alone."""
        found = self._computed.get(id(mask))
        return (
            found is not None
            and found.is_mask
            and found.sources == {id(x)}
            and found.tensor.shape == x.shape
        )

    def gate(self, call: Call) -> bool:
        """Tell whether a call multiplies by a mask, or selects values by one."""
        if not self._computed or call.name not in GATES:
            return False
        given: Sequence[Any] = call.args
        if call.name in ("setitem", "index_put"):
            target, index = call.args[0], call.args[1]
            given = [index] if _is_elementwise(index, target) else []
        found = (self._computed.get(id(t)) for t in tensors_in((given, call.kwargs)))
        return any(one is not None and one.is_mask for one in found)


def rectifier_by_hand(call: Call, masks: ImageMasks) -> Recorded | None:
    """Read a product of x with [x > 0], or a selection by it; at x = 0 the mask may be either."""
    if call.kwargs or call.name not in GATES:
        return None
    found = _masked(call, masks)
    if found is None:
        return None
    x, keep = found
    if not x.is_floating_point() or not bool(((keep == (x > 0)) | (x == 0)).all()):
        return None
    y = call.run()
    if not isinstance(y, Tensor) or y.shape != x.shape or y.dtype != x.dtype:
        return None
    return y, Masked(x, y, keep)


def _masked(call: Call, masks: ImageMasks) -> tuple[Tensor, Tensor] | None:
    """Return the tensor that a call masks by what was computed from it, and where the call keeps it."""
    arguments = call.args
    if call.name in MULTIPLIES and len(arguments) == 2:
        for x, mask in (arguments, arguments[::-1]):
            if call.tracks(x) and masks.mask_of(x, mask):
                keep = mask != 0
                return (x, keep) if bool((mask == keep).all()) else None
    if call.name == "where" and len(arguments) == 3:
        first, second, third = arguments
        method = call.function is torch.Tensor.where
        condition, chosen, other = (second, first, third) if method else arguments
        if call.tracks(chosen) and masks.mask_of(chosen, condition) and _is_zero(call, other):
            return chosen, condition
        if call.tracks(other) and masks.mask_of(other, condition) and _is_zero(call, chosen):
            return other, ~condition
    if call.name in ("masked_fill", "setitem") and len(arguments) == 3:
        x, mask, value = arguments
        if call.tracks(x) and masks.mask_of(x, mask) and _is_zero(call, value):
            return (x, ~mask) if mask.dtype == torch.bool else None
    return None


def _passes_gradient(call: Call, output: object) -> bool:
    """Tell at little cost whether a call's only output is recorded, so that it is not a mask."""
    flows = bool(call.tracked) and call.name not in FLAT
    return flows and isinstance(output, Tensor) and output.is_floating_point()


def _is_zero(call: Call, value: object) -> bool:
    if isinstance(value, Tensor):
        return not call.tracks(value) and not bool(value.any())
    return isinstance(value, int | float) and value == 0


def _is_elementwise(index: object, target: Tensor) -> bool:
    """Tell whether an index selects single values by a mask, not rows such as a detector's boxes."""
    parts = index if isinstance(index, tuple) else (index,)
    masks = [part for part in parts if isinstance(part, Tensor) and part.dtype == torch.bool]
    axes = sum(part.ndim for part in masks) + len(parts) - len(masks)
    return bool(masks) and (axes == target.ndim or any(part is Ellipsis for part in parts))
