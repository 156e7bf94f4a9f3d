"""The rows of a batch: which architecture each follows, and the convolution weights prepared for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import Parameter

from ..architecture import Architecture
from ..rules import LrnRule, PoolRule, ReluRule
from ..runtime.capabilities import REDUCED

T = TypeVar("T")


class PreparedWeights:
    """Weights in the memory layout that the reversed convolution wants, made once for each weight and form.

    Only parameters are stored; a weight computed in `forward` (weight norm, say) is another tensor each time.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[int, str, torch.dtype], tuple[Tensor, Tensor, Tensor]] = {}
        self._lock = threading.Lock()

    def get(
        self, weight: Tensor, form: str, dtype: torch.dtype, make: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """Return ``make(weight)`` in a precision, from the store where the weight is the same.

        Args:
            weight: the layer's weight.
            form: a name for what `make` does.
            dtype: the precision of the way back.
            make: the preparation.
        """
        key = (id(weight), form, dtype)
        entry = self._entries.get(key)
        if entry is not None and entry[0] is weight:
            return entry[2]
        prepared = make(weight.detach().to(dtype))
        if isinstance(weight, Parameter):
            with self._lock:
                self._entries[key] = (weight, _fingerprint(weight), prepared)
        return prepared

    def tensors(self) -> list[Tensor]:
        """Return all that is prepared now."""
        with self._lock:
            return [prepared for _, _, prepared in self._entries.values()]

    def keep_unchanged(self, weights: Iterable[Tensor]) -> None:
        """Forget what was made from other weights than these, or before they were written or moved.

        Writes through ``.data`` count, which do not raise a tensor's version.

        Args:
            weights: the network's parameters.
        """
        held = {id(weight) for weight in weights}
        with self._lock:
            for key, (weight, fingerprint, _) in list(self._entries.items()):
                if id(weight) not in held or not _identical(_fingerprint(weight), fingerprint):
                    del self._entries[key]


def _fingerprint(weight: Tensor) -> Tensor:
    """Return numbers that change with the weight: the sum of products of neighbours, the first and last value."""
    flat = weight.detach().flatten()
    if flat.dtype in REDUCED:  # a sum of 8 bits would stay the same where one weight is another
        flat = flat.float()
    return torch.stack([torch.dot(flat[:-1], flat[1:]), flat[0], flat[-1]])


def _identical(a: Tensor, b: Tensor) -> bool:
    return a.device == b.device and a.dtype == b.dtype and torch.equal(a, b)


@dataclass(frozen=True)
class RectifierRows:
    """Which rows a rectifier clamps, which it masks, and which it gates by a rule of their own."""

    clamped: tuple[slice, ...]
    masked: tuple[slice, ...]
    gated: tuple[tuple[slice, ReluRule], ...]


@dataclass
class Batch:
    """Rows (architectures × lanes) that are reversed together.

    Args:
        architectures: one for each group of `lanes` rows, in the order of `in_runs`.
        lanes: how many selections are reversed together.
        prepared: the weights of the network.
    """

    architectures: tuple[Architecture, ...]
    lanes: int
    prepared: PreparedWeights
    _rectifier: dict[str, RectifierRows] = field(default_factory=dict)
    _pool: dict[str, tuple[tuple[slice, PoolRule], ...]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many signals the batch holds."""
        return len(self.architectures) * self.lanes

    def rectifier_rows(self, layer: str) -> RectifierRows:
        """Return which rows are clamped, masked and gated at the rectifier of that name."""
        found = self._rectifier.get(layer)
        if found is None:
            rules = [architecture.relu_at(layer) for architecture in self.architectures]
            found = self._rectifier[layer] = RectifierRows(
                clamped=tuple(
                    rows for rows, on in self._runs([rule.clamps for rule in rules]) if on
                ),
                masked=tuple(rows for rows, on in self._runs([rule.masks for rule in rules]) if on),
                gated=tuple((rows, rule) for rows, rule in self._runs(rules) if rule.gated),
            )
        return found

    def pool_rows(self, layer: str) -> tuple[tuple[slice, PoolRule], ...]:
        """Return the runs of rows that follow the same MP† at the pool of that name."""
        found = self._pool.get(layer)
        if found is None:
            found = self._pool[layer] = tuple(
                self._runs([a.pool_at(layer) for a in self.architectures])
            )
        return found

    def lrn_rows(self, layer: str) -> tuple[tuple[slice, LrnRule], ...]:
        """Return the runs of rows that follow the same LRN† at the normalisation of that name."""
        return tuple(
            self._runs([architecture.lrn_at(layer) for architecture in self.architectures])
        )

    def _runs(self, rules: Sequence[T]) -> list[tuple[slice, T]]:
        starts = [i for i, rule in enumerate(rules) if i == 0 or rules[i - 1] != rule]
        ends = [*starts[1:], len(rules)]
        return [
            (slice(a * self.lanes, b * self.lanes), rules[a])
            for a, b in zip(starts, ends, strict=True)
        ]


def in_runs(architectures: Sequence[Architecture]) -> list[int]:
    """Return the order of architectures in which rows that follow one rule lie together.

    With switches: 1, RU, RU∘RU_BP, RU_BP; with centres the other way round, so that the masked rows of both
    lie side by side. A run costs one operation on a contiguous part of the batch.
    """

    def place(index: int) -> tuple[int, int, int]:
        architecture = architectures[index]
        rule = architecture.relu_rule
        around = {(False, False): 0, (True, False): 1, (True, True): 2, (False, True): 3}[
            rule.clamps, rule.masks
        ]
        pool = ("switches", "centre", "uniform").index(architecture.pool)
        return pool, (around if pool == 0 else -around), architecture.lrn == "bp"

    return sorted(range(len(architectures)), key=place)
