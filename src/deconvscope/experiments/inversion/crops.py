"""Random crops of photographs, for training and held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ...models import SAMPLE_IMAGES, Model, Preprocessing, picture_files, read_image, sample_image

_ENOUGH = 5
_KEPT = 256
_TRAINING_SHARE = 0.7


@dataclass(frozen=True)
class Region:
    """A part of one photograph: the columns from `start` to `stop`, as fractions of its width."""

    source: str
    start: float = 0.0
    stop: float = 1.0


class Crops:
    """A source of random crops, which keeps the most recent network inputs in memory.

    Args:
        regions: where crops are cut from.
        preprocess: from pixels to the network's input, without cropping.
        size: side of a crop.
    """

    def __init__(self, regions: Sequence[Region], preprocess: Preprocessing, size: int) -> None:
        self._regions, self.preprocess, self._size = tuple(regions), preprocess, size
        self._input = lru_cache(_KEPT)(lambda source: preprocess(_picture(source)))

    def draw(self, count: int, seed: int) -> Tensor:
        """Return random crops, (count, C, size, size); the same for the same seed."""
        generator = torch.Generator().manual_seed(seed)
        return torch.stack([self._one(generator) for _ in range(count)])

    def _one(self, generator: torch.Generator) -> Tensor:
        region = self._regions[int(torch.randint(len(self._regions), (), generator=generator))]
        whole = self._input(region.source)
        part = whole[:, :, int(region.start * whole.shape[2]) : int(region.stop * whole.shape[2])]
        top, left = (
            int(torch.randint(side - self._size + 1, (), generator=generator))
            for side in part.shape[1:]
        )
        return part[:, top : top + self._size, left : left + self._size]


def training_and_held_out(
    folder: str | Path | None, model: Model, size: int, short_side: int
) -> tuple[Crops, Crops]:
    """Return crops for training and held-out crops, both from a folder or from the bundled photographs.

    Of five photographs or more, a fifth is held out; of fewer, the right three tenths of each.
    """
    if not isinstance(model.preprocess, Preprocessing):
        raise ValueError(
            f"how {model.label} turns pixels into inputs is not known here; give it a deconvscope.models.Preprocessing"
        )
    whole = replace(model.preprocess, size=None, resize=short_side)
    sources = list(SAMPLE_IMAGES) if folder is None else list(map(str, picture_files(folder)))
    if len(sources) >= _ENOUGH:
        held = [Region(source) for source in sources[::_ENOUGH]]
        train = [Region(s) for i, s in enumerate(sources) if i % _ENOUGH]
    else:
        train = [Region(source, 0.0, _TRAINING_SHARE) for source in sources]
        held = [Region(source, _TRAINING_SHARE, 1.0) for source in sources]
    for source in sources:
        sides = _picture(source).size
        width, height = (round(side * short_side / min(sides)) for side in sides)
        narrowest = width if len(sources) >= _ENOUGH else int((1 - _TRAINING_SHARE) * width) - 1
        if min(narrowest, height) < size:
            raise ValueError(
                f"{source}: {width}×{height} pixels are too few for crops of {size}; choose a smaller size "
                "or a larger short_side"
            )
    return Crops(train, whole, size), Crops(held, whole, size)


def _picture(source: str) -> Image.Image:
    return sample_image(source) if source in SAMPLE_IMAGES else read_image(source)
