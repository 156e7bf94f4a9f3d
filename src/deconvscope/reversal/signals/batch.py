"""The rows of a batch: which architecture each follows, so which rule each reversed layer applies to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar

from ..architecture import Architecture
from ..rules import AttentionRule, LrnRule, NormRule, PoolRule, ReluRule
from ..runtime.prepared_weights import PreparedWeights

T = TypeVar("T")


@dataclass(frozen=True)
class RectifierRows:
    """Which rows a rectifier clamps, which it masks, and which it multiplies by a rule's own gate."""

    clamped: tuple[slice, ...]
    masked: tuple[slice, ...]
    gated: tuple[tuple[slice, ReluRule], ...]


@dataclass
class Batch:
    """Rows (architectures × lanes) that are reversed together.

    Args:
        architectures: one for each `lanes` rows, in the order of `in_runs`.
        lanes: how many selections are reversed together.
        prepared: the network's weights in the forms that reversed layers read.
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
                tuple(rows for rows, on in self._runs([rule.clamps for rule in rules]) if on),
                tuple(rows for rows, on in self._runs([rule.masks for rule in rules]) if on),
                tuple((rows, rule) for rows, rule in self._runs(rules) if rule.gated),
            )
        return found

    def pool_rows(self, layer: str) -> tuple[tuple[slice, PoolRule], ...]:
        """Return the runs of rows that follow one MP† at the pool of that name."""
        found = self._pool.get(layer)
        if found is None:
            rules = [architecture.pool_at(layer) for architecture in self.architectures]
            found = self._pool[layer] = tuple(self._runs(rules))
        return found

    def lrn_rows(self, layer: str) -> tuple[tuple[slice, LrnRule], ...]:
        """Return the runs of rows that follow one LRN† at the normalisation of that name."""
        return tuple(self._runs([a.lrn_at(layer) for a in self.architectures]))

    def norm_rows(self, layer: str) -> tuple[tuple[slice, NormRule], ...]:
        """Return the runs of rows that follow one choice at the norm of that name."""
        return tuple(self._runs([a.norm_at(layer) for a in self.architectures]))

    def attention_rows(self, layer: str) -> tuple[tuple[slice, AttentionRule], ...]:
        """Return the runs of rows that follow one choice at the attention of that name."""
        return tuple(self._runs([a.attention_at(layer) for a in self.architectures]))

    def _runs(self, rules: Sequence[T]) -> Iterator[tuple[slice, T]]:
        """Yield which rows follow one rule, run by run."""
        start = 0
        for rule, run in groupby(rules):
            end = start + self.lanes * len(list(run))
            yield slice(start, end), rule
            start = end


def in_runs(architectures: Sequence[Architecture]) -> list[int]:
    """Return the order of architectures in which rows that follow one rule are contiguous.

    With switches: 1, RU, RU∘RU_BP, RU_BP; with centres the reverse, so that the masked rows of both are adjacent. Each
    run of rows costs one operation.
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
