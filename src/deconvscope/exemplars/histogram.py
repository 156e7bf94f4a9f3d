"""How a channel's responses are distributed over the data set: a histogram whose bins grow with the response.

The bins are those of floating point itself: a positive number's exponent and the two leading bits of its
mantissa, four bins an octave from 2⁻¹⁶ to 2¹⁶; one bin an octave below zero. As in DDSketch (Masson, Rim
and Lee, VLDB 2019) the error of a quantile is relative, and histograms add: whoever counted what in which
order, the sum is the same to the last count. KLL and t-digest sketches do not have that.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_LOWEST, _HIGHEST = -16, 16
_OCTAVES = _HIGHEST - _LOWEST
_NEGATIVE = _OCTAVES - 1  # the two smallest octaves share a bin, and zero takes the one left over
ZERO = _NEGATIVE
BINS = _NEGATIVE + 1 + 4 * _OCTAVES
"""160 counts of four bytes: 640 bytes a channel."""

LATTICE = 8
"""At most 8 × 8 places of a map are counted; the lattice shifts from chunk to chunk and so visits all."""

Counts = NDArray[np.uint32]


class Histogram:
    """Counts a layer's responses, channel by channel; lives where the network computes."""

    def __init__(self, channels: int, device: torch.device) -> None:
        self._counts = torch.zeros(channels * (BINS + 1), dtype=torch.int64, device=device)

    def add(self, maps: Tensor, chunk: int, usable: Tensor) -> None:
        """Count the places of a lattice in the maps of one chunk of images.

        Args:
            maps: (n, C, H, W) or (n, C).
            chunk: number of the chunk, which shifts the lattice.
            usable: (n,) bool; which of the images are pictures at all.
        """
        maps = maps if maps.ndim == 4 else maps[:, :, None, None]
        rows, columns = lattice(maps.shape[2], maps.shape[3], chunk)
        sample = maps[:, :, rows, columns].float()
        number = _bin_of(sample)
        number = torch.where(sample.isfinite() & usable[:, None, None, None], number, BINS)
        channel = torch.arange(maps.shape[1], device=maps.device)[:, None, None]
        number = number + channel * (BINS + 1)
        self._counts += torch.bincount(number.flatten(), minlength=len(self._counts))

    def counts(self) -> Counts:
        """Return the counts, (C, BINS), on the CPU."""
        counted = self._counts.view(-1, BINS + 1)[:, :BINS].cpu().numpy()
        return counted.astype(np.uint32)


def lattice(height: int, width: int, chunk: int) -> tuple[slice, slice]:
    """Return the rows and columns of a map that are counted in a chunk."""
    down, across = -(-height // LATTICE), -(-width // LATTICE)
    return slice(chunk % down, None, down), slice(chunk // down % across, None, across)


def added(first: Counts, second: Counts) -> Counts:
    """Return the sum of two histograms.

    Raises:
        OverflowError: more than 4·10⁹ places fell into one bin.
    """
    total = first.astype(np.uint64) + second
    if (total > np.iinfo(np.uint32).max).any():
        raise OverflowError("more than 2³² responses of one bin: build from fewer images")
    return total.astype(np.uint32)


def share_at_least(counts: NDArray[Any], value: float) -> float:
    """Return the share of a channel's responses that are at least this strong, 0 … 1.

    Inside a bin the responses count as evenly spread.

    Args:
        counts: (BINS,), one channel's.
        value: a response.

    Raises:
        ValueError: nothing was counted.
    """
    total = int(counts.sum())
    if not total:
        raise ValueError("nothing was counted: no image could be read")
    number = int(_bin_of(torch.tensor(value, dtype=torch.float32)))
    below, above = _edges(number)
    inside = 1.0 if below == above else (above - value) / (above - below)
    stronger = int(counts[number + 1 :].sum())
    return float((stronger + min(max(inside, 0.0), 1.0) * int(counts[number])) / total)


def quantile(counts: NDArray[Any], share: float) -> float:
    """Return the response that this share of a channel's responses reach or pass: `share_at_least` undone.

    Raises:
        ValueError: a share outside 0 … 1, or nothing was counted.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share={share} is no share: 0 ≤ share ≤ 1")
    total = int(counts.sum())
    if not total:
        raise ValueError("nothing was counted: no image could be read")
    wanted = share * total
    stronger = 0
    for number in range(BINS - 1, -1, -1):
        here = int(counts[number])
        if here and stronger + here >= wanted:
            below, above = _edges(number)
            return above - (wanted - stronger) / here * (above - below)
        stronger += here
    return _edges(int(np.flatnonzero(counts)[0]))[0]


def _bin_of(values: Tensor) -> Tensor:
    bits = values.view(torch.int32)
    octave = 127 + _LOWEST  # the biased exponent of the lowest octave
    positive = ((bits >> 21) - 4 * octave).clamp(0, 4 * _OCTAVES - 1) + ZERO + 1
    magnitude = ((bits & 0x7FFFFFFF) >> 23) - octave
    negative = ZERO - 1 - (magnitude - 1).clamp(0, _NEGATIVE - 1)
    return torch.where(values > 0, positive, torch.where(values < 0, negative, ZERO))


def _edges(number: int) -> tuple[float, float]:
    """Return the responses between which a bin lies; both 0 for the bin of zero."""
    if number == ZERO:
        return 0.0, 0.0
    if number > ZERO:
        octave, quarter = divmod(number - ZERO - 1, 4)
        scale = math.ldexp(1.0, octave + _LOWEST)
        below = 0.0 if number == ZERO + 1 else scale * (1 + quarter / 4)
        return below, scale * (1 + (quarter + 1) / 4)
    octave = ZERO - number
    return -math.ldexp(1.0, octave + _LOWEST + 1), (
        0.0 if octave == 1 else -math.ldexp(1.0, octave + _LOWEST)
    )
