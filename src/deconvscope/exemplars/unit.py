"""A unit of images under way: filled into chunks, looked at chunk by chunk, and summed up as a part.

The network always sees the same images of a unit in the same places of the batch, however many are
loaded at a time and whoever computes them; an image that cannot be read leaves a black one in its place.
So the arithmetic of every image is fixed, and with it the last bit of every number.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from .histogram import Histogram
from .loading import LoadedImages
from .parts import LayerPart, Part
from .plain_pass import collect
from .preparation import Work
from .top_responses import TopResponses


class UnitUnderWay:
    """A unit under way: the chunk that is being filled, and what was found so far."""

    def __init__(self, work: Work, numbers: range) -> None:
        manifest = work.manifest
        self._work, self._numbers = work, numbers
        self._next = numbers.start
        self._top = {
            layer.name: TopResponses(
                layer.channels, manifest.k, work.settings.dtype, work.settings.device
            )
            for layer in manifest.layers
        }
        self._histograms = {
            layer.name: Histogram(layer.channels, work.settings.device) for layer in manifest.layers
        }
        self._contents = np.zeros(len(numbers), dtype=np.int64)
        self._seen: set[int] = set()
        self._skipped: dict[int, str] = {}
        self._chunk = torch.zeros(
            (manifest.chunk, *manifest.shape),
            dtype=work.settings.dtype,
            device=work.settings.device,
        ).to(memory_format=torch.channels_last)
        self._usable = np.zeros(manifest.chunk, dtype=bool)
        self._eligible = np.zeros(manifest.chunk, dtype=bool)

    @property
    def complete(self) -> bool:
        """Whether every image of the unit was looked at."""
        return self._next == self._numbers.stop

    def add(self, batch: LoadedImages) -> None:
        """Take in the next images, in the order of their numbers."""
        self._skipped.update(batch.skipped)
        images = batch.images.to(
            self._work.settings.device, self._work.settings.dtype, non_blocking=True
        )
        position = {number: i for i, number in enumerate(batch.numbers)}
        size = len(self._chunk)
        for _ in range(len(batch.numbers) + len(batch.skipped)):
            number = self._next
            slot = (number - self._numbers.start) % size
            if number in position:
                content = batch.contents[position[number]]
                self._contents[number - self._numbers.start] = content
                self._chunk[slot] = images[position[number]]
                self._usable[slot] = True
                self._eligible[slot] = (
                    content not in self._seen
                )  # a copy would fill the nine places
                self._seen.add(content)
            self._next += 1
            if slot == size - 1 or self.complete:
                self._look(number - slot)

    def part(self) -> Part:
        """Return what was found."""
        layers = {
            layer.name: LayerPart(
                self._top[layer.name].responses(layer.places), self._histograms[layer.name].counts()
            )
            for layer in self._work.manifest.layers
        }
        return Part(layers, self._contents, self._skipped)

    def _look(self, first: int) -> None:
        """Run the network over the chunk, and empty it."""
        usable = torch.from_numpy(self._usable).to(self._work.settings.device)
        eligible = torch.from_numpy(self._eligible).to(self._work.settings.device)
        taken = {name: partial(self._take, name, first, usable, eligible) for name in self._top}
        collect(self._work.network, self._chunk, self._work.plan, taken)
        self._chunk.zero_()
        self._usable[:] = False
        self._eligible[:] = False

    def _take(self, layer: str, first: int, usable: Tensor, eligible: Tensor, maps: Tensor) -> None:
        self._top[layer].add(maps, first, eligible)
        self._histograms[layer].add(maps, first // len(self._chunk), usable)
