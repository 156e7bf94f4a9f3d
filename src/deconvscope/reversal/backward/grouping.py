"""Which selections of a list are reversed together: those of one layer whose windows have one size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..selection import Seed, Selection
from .window_sizes import signal_sizes

if TYPE_CHECKING:
    from ..recording import Recording

CACHE_BYTES = 1 << 22
"""Signals of so many bytes stay in a processor's cache; larger batches of small windows are slower, not faster."""

Numbered = tuple[int, Seed]
"""A selection's number in the list, and its ŷ."""


def alike(
    recording: Recording, selections: Sequence[Selection], architectures: int, max_batch_bytes: int
) -> Iterator[tuple[int, list[Numbered]]]:
    """Yield groups as soon as they are full, so that no more seeds than theirs are held.

    Args:
        recording: the forward pass.
        selections: in any order.
        architectures: how many each is reversed under.
        max_batch_bytes: a bound on the memory of a group's reversal.

    Yields:
        The number of the tensor that the group's seeds belong to, and the group.
    """
    groups: dict[tuple[int, tuple[int, ...]], list[Numbered]] = defaultdict(list)
    full: dict[tuple[int, tuple[int, ...]], int] = {}
    for number, selection in enumerate(selections):
        seed, slot = selection.seed(recording), recording.slot(selection.layer)
        shape = tuple(seed.values.shape)
        key = slot, shape[1:] if len(shape) == 3 else shape
        group = groups[key]
        group.append((number, seed))
        if len(group) > 1 and key not in full:
            full[key] = _lanes_at_once(recording, slot, seed, architectures, max_batch_bytes)
        at_once = full.get(key, len(selections))
        while len(group) >= at_once:
            yield slot, group[:at_once]
            del group[:at_once]
    for (slot, _), group in groups.items():
        if group:
            yield slot, group


def _lanes_at_once(
    recording: Recording, slot: int, seed: Seed, architectures: int, max_batch_bytes: int
) -> int:
    """Return how many lanes fit the bound, three times over, and on a CPU its cache: the largest signal on the way."""
    sizes = signal_sizes(recording, slot, seed)
    largest = max(n * recording.recorded(number).element_size() for number, n in sizes.items())
    bound = max_batch_bytes // 3
    if recording.recorded(0).device.type == "cpu":
        bound = min(bound, CACHE_BYTES)
    return max(1, bound // max(1, largest * architectures))
