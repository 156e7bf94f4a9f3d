"""Sanity checks: how similar other neurons' pictures are at the same place, and what random filters draw."""

from __future__ import annotations

import math
import zlib
from dataclasses import asdict, replace

import torch

from deconvscope.analysis import similarity
from deconvscope.reversal import Neuron, Reversed

from ..protocol.responses import Payload, picture_traits
from ..scheduler import Check
from ..session import View

SAMPLES = 12
"""Other neurons that a picture is compared with; the mean of so many is known to about ±0.05."""
AT_ONCE = 3


class Meter:
    """The similarity of a view's pictures to those of other channels' neurons at the same place.

    All share the bottleneck information of one recording, so what they have in common is not due to the neuron
    (Mahendran & Vedaldi, ECCV 2016, Fig. 4). The other channels are drawn at random, the same each time, among
    those that are not zero there: the picture of a silent neuron would be empty.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._others = _others(view)
        self._sums = [0.0] * len(view.place.architectures)
        self._counts = [0] * len(view.place.architectures)
        self.samples = 0

    @property
    def finished(self) -> bool:
        """Whether all the other neurons were compared."""
        return self.samples == len(self._others)

    @property
    def similarities(self) -> list[float | None]:
        """The mean similarity of each picture to the others so far; None if one of the two was always empty."""
        return [
            total / number if number else None
            for total, number in zip(self._sums, self._counts, strict=True)
        ]

    def sample(self, check: Check) -> None:
        """Compare with a few more neurons."""
        part = self._others[self.samples : self.samples + AT_ONCE]
        own = self._view.reconstruction
        found = self._view.recorded_image.recording.reverse(part, own.architectures, check=check)
        for other in found:
            for number, (a, b) in enumerate(zip(*_over_both_windows(own, other), strict=True)):
                similar = similarity(a, b)
                if not math.isnan(similar):
                    self._sums[number] += similar
                    self._counts[number] += 1
        self.samples += len(part)


def random_traits(view: View, check: Check) -> Payload:
    """Return the traits that show the same click in the same network with random filters."""
    recording = view.recorded_image.randomised(check)
    reversed_view = recording.reverse(view.neuron, view.place.architectures, check=check)
    pictures, values = picture_traits(reversed_view)
    return {
        "_random": {"window": asdict(reversed_view.window), "pictures": pictures},
        "_random_pictures": values,
    }


def _others(view: View) -> list[Neuron]:
    neuron = view.neuron
    activation = view.recorded_image.activation(neuron.layer)
    here = activation if neuron.y is None else activation[:, neuron.y, neuron.x]
    active = [
        channel for channel in (here != 0).nonzero().flatten().tolist() if channel != neuron.channel
    ]
    channels = active or [channel for channel in range(len(here)) if channel != neuron.channel]
    draw = torch.Generator().manual_seed(zlib.crc32(repr(neuron).encode()))
    order = torch.randperm(len(channels), generator=draw)[:SAMPLES].tolist()
    return [replace(neuron, channel=channels[i]) for i in order]


def _over_both_windows(one: Reversed, other: Reversed) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the pictures of both over the same pixels, on the CPU: not every device has float64."""
    if one.window == other.window:
        return one.values.cpu(), other.values.cpu()
    return one.dense().cpu(), other.dense().cpu()
