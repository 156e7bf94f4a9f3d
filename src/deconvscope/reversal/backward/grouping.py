"""Group the selections that are reversed together: those of one layer with windows of the same size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ..forward.graph import RecordedGraph
from ..neurons import Seed
from .window_sizes import signal_sizes

CACHE_BYTES = 1 << 22
"""Bytes of signal that stay in a processor's cache; larger batches of small windows are slower."""

Seeded = tuple[int, Seed]
"""The number of a recorded tensor, and a selection's ŷ there."""
Numbered = tuple[int, Seed]
"""A selection's index in the list, and its ŷ."""


def grouped(
    graph: RecordedGraph, seeds: Iterable[Seeded], architectures: int, max_batch_bytes: int
) -> Iterator[tuple[int, list[Numbered]]]:
    """Yield groups with the numbers of their tensors, each as soon as it is full, to hold few seeds at a time.

    A group under a number of architectures is reversed in `max_batch_bytes` of memory.
    """
    groups: dict[tuple[int, tuple[int, ...]], list[Numbered]] = defaultdict(list)
    full: dict[tuple[int, tuple[int, ...]], int] = {}
    for place, (number, seed) in enumerate(seeds):
        shape = tuple(seed.values.shape)
        key = number, shape[1:] if len(shape) == 3 else shape
        group = groups[key]
        group.append((place, seed))
        if len(group) > 1 and key not in full:
            full[key] = _lanes_at_once(graph, number, seed, architectures, max_batch_bytes)
        while len(group) >= full.get(key, len(group) + 1):
            yield number, group[: full[key]]
            del group[: full[key]]
    for (number, _), group in groups.items():
        if group:
            yield number, group


def _lanes_at_once(
    graph: RecordedGraph, number: int, seed: Seed, architectures: int, max_batch_bytes: int
) -> int:
    """Return how many lanes of the largest signal fit in a third of the bound, and in a CPU's cache."""
    sizes = signal_sizes(graph, number, seed)
    largest = max(n * graph[earlier].element_size() for earlier, n in sizes.items())
    bound = max_batch_bytes // 3
    if graph.device.type == "cpu":
        bound = min(bound, CACHE_BYTES)
    return max(1, bound // max(1, largest * architectures))
