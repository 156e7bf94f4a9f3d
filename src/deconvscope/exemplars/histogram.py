"""The distribution of a channel's responses over the data set: a histogram whose bins grow with the response.

A bin is a positive number's exponent and the two leading bits of its mantissa, four bins per octave from 2⁻¹⁶ to
2¹⁶; negative numbers have one bin per octave. As in DDSketch (Masson, Rim and Lee, VLDB 2019) the error of a quantile
is relative, and the sum of histograms does not depend on the order of counting, as it does with KLL and t-digest
sketches.
"""

from __future__ import annotations

import math
from functools import cache
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
"""160 counts of four bytes: 640 bytes per channel."""

LATTICE = 4
"""At most 4 × 4 places of a map are counted; the lattice shifts with every chunk, and so visits all places."""

Counts = NDArray[np.uint32]


class Histogram:
    """Counts of a layer's responses per channel, on the network's device."""

    def __init__(self, channels: int, device: torch.device) -> None:
        self._counts = torch.zeros(channels * (BINS + 1), dtype=torch.int64, device=device)

    def add(self, maps: Tensor, chunk: int, usable: Tensor) -> None:
        """Count maps, (n, C, H, W) or (n, C), of usable images, (n,), on the lattice of a chunk."""
        maps = maps if maps.ndim == 4 else maps[:, :, None, None]
        rows, columns = lattice(maps.shape[2], maps.shape[3], chunk)
        sample = (
            maps[:, :, rows, columns] if bool(usable.all()) else maps[usable][:, :, rows, columns]
        )
        channel = torch.arange(maps.shape[1], dtype=torch.int32, device=maps.device)
        number = bin_of(sample.float()).add_((channel * (BINS + 1))[:, None, None])
        self._counts += torch.bincount(number.flatten(), minlength=len(self._counts))

    def counts(self) -> Counts:
        """Return the counts, (C, BINS), on the CPU."""
        counted = self._counts.view(-1, BINS + 1)[:, :BINS].cpu().numpy()
        return counted.astype(np.uint32)


def lattice(height: int, width: int, chunk: int) -> tuple[slice, slice]:
    """Return the rows and columns of a map that a chunk counts."""
    down, across = -(-height // LATTICE), -(-width // LATTICE)
    return slice(chunk % down, None, down), slice(chunk // down % across, None, across)


def added(first: Counts, second: Counts) -> Counts:
    """Return the sum of two histograms, as long as every count fits into 32 bits."""
    total = first.astype(np.uint64) + second
    if (total > np.iinfo(np.uint32).max).any():
        raise OverflowError("more than 2³² responses of one bin: build from fewer images")
    return total.astype(np.uint32)


def share_at_least(counts: NDArray[Any], value: float) -> float:
    """Return the share of a channel's responses that are at least this strong, 0 … 1.

    Responses count as evenly spread inside a bin. The share is 0 for ∞ and NaN, 1 for −∞.
    """
    total = _total(counts)
    number = int(bin_of(torch.tensor([value], dtype=torch.float32)))
    if number == BINS:
        return 1.0 if value < 0 else 0.0
    below, above = _edges(number)
    inside = 1.0 if below == above else (above - value) / (above - below)
    stronger = int(counts[number + 1 :].sum())
    return float((stronger + min(max(inside, 0.0), 1.0) * int(counts[number])) / total)


def quantile(counts: NDArray[Any], share: float) -> float:
    """Return the response that this share of a channel's responses reach: the inverse of `share_at_least`."""
    if not 0 <= share <= 1:
        raise ValueError(f"share must be from 0 to 1, got {share}")
    wanted = share * _total(counts)
    stronger = 0
    for number in range(BINS - 1, -1, -1):
        here = int(counts[number])
        if here and stronger + here >= wanted:
            below, above = _edges(number)
            return above - (wanted - stronger) / here * (above - below)
        stronger += here
    return _edges(int(np.flatnonzero(counts)[0]))[0]


def _total(counts: NDArray[Any]) -> int:
    total = int(counts.sum())
    if not total:
        raise ValueError("nothing was counted: no image could be read")
    return total


def bin_of(values: Tensor) -> Tensor:
    """Return the number of each response's bin, int32; `BINS` for NaN and infinite values."""
    keys = values.view(torch.int32) >> 21  # sign, exponent and two bits of the mantissa
    return _table(values.device).index_select(0, keys.flatten() + _KEYS // 2).view(keys.shape)


_KEYS = 1 << 11


@cache
def _table(device: torch.device) -> Tensor:
    """Return the bin of each of the 2,048 leading bit patterns of a number."""
    keys = torch.arange(_KEYS // 2)
    octave = (keys >> 2) - 127 - _LOWEST
    positive = ZERO + 1 + (keys - 4 * (127 + _LOWEST)).clamp(0, 4 * _OCTAVES - 1)
    negative = ZERO - 1 - (octave - 1).clamp(0, _NEGATIVE - 1)
    for half in (positive, negative):
        half[0] = ZERO  # and subnormal numbers
        half[4 * 255 :] = BINS
    return torch.cat([negative, positive]).to(torch.int32).to(device)


def _edges(number: int) -> tuple[float, float]:
    """Return the bounds of a bin; both 0 for the bin of zero."""
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
