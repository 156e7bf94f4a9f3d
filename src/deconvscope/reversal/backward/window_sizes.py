"""How large a reversed signal grows on its way to the image, known beforehand from the layers' reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..selection import Seed

if TYPE_CHECKING:
    from ..recording import Recording


def signal_sizes(recording: Recording, slot: int, seed: Seed) -> dict[int, int]:
    """Return how many values one row of the signal holds at each tensor on the way.

    Args:
        recording: the forward pass.
        slot: number of the tensor that the seed belongs to.
        seed: ŷ of one selection.
    """
    sizes = {}
    for number, reach in recording.reaches(slot).items():
        tensor = recording.recorded(number)
        sizes[number] = tensor.numel()
        if reach is not None and tensor.ndim == 4 and seed.values.ndim == 3:
            height, width = (
                min(float(r.size + (n - 1) * r.stride), full)
                for r, n, full in zip(reach, seed.values.shape[1:], tensor.shape[2:], strict=True)
            )
            sizes[number] = int(tensor.shape[1] * height * width)
    return sizes
