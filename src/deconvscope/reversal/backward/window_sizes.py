"""Predict the size of a reversed signal at each layer from the layers' reach."""

from __future__ import annotations

from ..forward.graph import RecordedGraph
from ..neurons import Seed


def signal_sizes(graph: RecordedGraph, number: int, seed: Seed) -> dict[int, int]:
    """Return the number of signal values per row at each tensor on the way from ŷ (`seed`) at tensor `number`."""
    sizes = {}
    for earlier, reach in graph.reaches(number).items():
        tensor = graph[earlier]
        sizes[earlier] = tensor.numel()
        if reach is not None and tensor.ndim == 4 and seed.values.ndim == 3:
            height, width = (
                min(float(r.size + (n - 1) * r.stride), full)
                for r, n, full in zip(reach, seed.values.shape[1:], tensor.shape[2:], strict=True)
            )
            sizes[earlier] = int(tensor.shape[1] * height * width)
    return sizes
