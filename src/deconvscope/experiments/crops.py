"""Random crops of photographs, some for training and some held out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ..models import SAMPLE_IMAGES, Model, Preprocessing, read_image, sample_image

_ENOUGH = 5
_TRAINING_SHARE = 0.7


@dataclass(frozen=True)
class Region:
    """A part of one photograph: the columns from `start` to `stop`, as shares of its width."""

    source: str
    start: float = 0.0
    stop: float = 1.0


@dataclass(frozen=True, eq=False)
class Crops:
    """Where crops are cut from.

    Attributes:
        regions: what they are cut from.
        preprocess: from pixels to the network's input, without cropping.
        size: side of a crop.
    """

    regions: tuple[Region, ...]
    preprocess: Preprocessing
    size: int

    def draw(self, count: int, seed: int) -> Tensor:
        """Random crops, (count, C, size, size); the same for the same seed."""
        generator = torch.Generator().manual_seed(seed)
        return torch.stack([self._one(generator) for _ in range(count)])

    def _one(self, generator: torch.Generator) -> Tensor:
        region = self.regions[int(torch.randint(len(self.regions), (), generator=generator))]
        whole = _input(region.source, self.preprocess)
        part = whole[:, :, int(region.start * whole.shape[2]) : int(region.stop * whole.shape[2])]
        top, left = (
            int(torch.randint(side - self.size + 1, (), generator=generator))
            for side in part.shape[1:]
        )
        return part[:, top : top + self.size, left : left + self.size]


def training_and_held_out(
    folder: str | Path | None, model: Model, size: int, short_side: int
) -> tuple[Crops, Crops]:
    """Crops to train on and crops that are held out.

    Of five photographs or more a fifth of them is held out; of fewer, the right three tenths of each.

    Args:
        folder: photographs; None for the bundled four.
        model: whose preprocessing turns pixels into inputs.
        size: side of a crop, in pixels.
        short_side: pixels along the short side that photographs are resized to.

    Raises:
        ValueError: no such folder, no pictures in it, one too small for a crop, or preprocessing that is unknown.
    """
    if not isinstance(model.preprocess, Preprocessing):
        raise ValueError(
            f"how {model.label} turns pixels into inputs is not known here; give it a deconvscope.models.Preprocessing"
        )
    whole = replace(model.preprocess, size=None, resize=short_side)
    sources = list(SAMPLE_IMAGES) if folder is None else _files(Path(folder))
    if len(sources) >= _ENOUGH:
        held = [Region(source) for source in sources[::_ENOUGH]]
        train = [Region(s) for i, s in enumerate(sources) if i % _ENOUGH]
    else:
        train = [Region(source, 0.0, _TRAINING_SHARE) for source in sources]
        held = [Region(source, _TRAINING_SHARE, 1.0) for source in sources]
    for source in sources:
        width, height = (round(side * short_side / min(_size(source))) for side in _size(source))
        narrowest = width if len(sources) >= _ENOUGH else int((1 - _TRAINING_SHARE) * width) - 1
        if min(narrowest, height) < size:
            raise ValueError(
                f"{source}: {width}×{height} pixels are too few for crops of {size}; choose a smaller size "
                "or a larger short_side"
            )
    return Crops(tuple(train), whole, size), Crops(tuple(held), whole, size)


def _files(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise ValueError(f"{str(folder)!r} is no folder")
    known = Image.registered_extensions()
    files = sorted(str(path) for path in folder.iterdir() if path.suffix.lower() in known)
    if not files:
        raise ValueError(f"the folder {str(folder)!r} has no pictures")
    return files


@lru_cache(maxsize=256)
def _input(source: str, preprocess: Preprocessing) -> Tensor:
    return preprocess(sample_image(source) if source in SAMPLE_IMAGES else read_image(source))


def _size(source: str) -> tuple[int, int]:
    if source in SAMPLE_IMAGES:
        return sample_image(source).size
    with Image.open(source) as opened:
        width, height = opened.size
        return int(width), int(height)
