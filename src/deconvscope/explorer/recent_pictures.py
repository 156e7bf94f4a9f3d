"""The reversed pictures computed last, so that a click on a neuron already seen costs nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from deconvscope.reversal import Architecture, Neuron, Reversed

BUDGET = 32 << 20
"""Bytes of pictures that are kept."""

Key = tuple[Neuron, tuple[Architecture, ...]]


@dataclass(frozen=True)
class Timed:
    """Pictures, and how long it took to compute them."""

    pictures: Reversed
    milliseconds: float


class RecentPictures:
    """Neuron and architectures → their pictures, the least recently used dropped first."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._kept: OrderedDict[Key, Timed] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def get(self, key: Key) -> Timed | None:
        """Return the pictures, None where they are not kept."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: Key, timed: Timed) -> None:
        """Keep pictures, in place of older ones where they do not fit beside them."""
        if key in self._kept:
            return
        self._kept[key] = timed
        self._bytes += _size(timed)
        while self._bytes > self._budget and len(self._kept) > 1:
            self._bytes -= _size(self._kept.popitem(last=False)[1])

    def clear(self) -> None:
        """Drop all."""
        self._kept.clear()
        self._bytes = 0


def _size(timed: Timed) -> int:
    return timed.pictures.values.untyped_storage().nbytes()
