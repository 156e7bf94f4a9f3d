"""Photographs with known foreground: bundled objects on pieces of other bundled photographs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ...analysis import sample_mask
from ...analysis.masks import Mask
from ...models import sample_image

WIDTH, HEIGHT = 320, 240
_AREAS = (0.10, 0.30)  # of the composite, that an object may cover

# Pieces of the photographs without their objects: left, top, right, bottom in percent.
_BACKGROUNDS: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "coffee": ((81, 0, 100, 48), (81, 60, 100, 100)),
    "rocket": ((14, 0, 29, 80), (32, 0, 47, 80), (54, 0, 68, 80), (72, 0, 86, 90)),
    "astronaut": ((60, 0, 74, 45), (13, 0, 30, 28), (0, 0, 12, 80)),
    "chelsea": ((84, 22, 100, 60), (84, 60, 100, 100)),
}
_OBJECTS = ("chelsea", "coffee", "astronaut")


@dataclass(frozen=True, eq=False)
class Composite:
    """A photograph with its foreground.

    Attributes:
        name: of object and background.
        photograph: RGB.
        mask: (H, W), bool.
    """

    name: str
    photograph: Image.Image
    mask: Mask


def composites(count: int = 24, seed: int = 0) -> Iterator[Composite]:
    """Make composites: cat, cup and astronaut, at random sizes and places on pieces of other photographs.

    An object covers a tenth to three tenths of the area, lies completely inside and may be mirrored. These are not
    natural photographs: edges are hard, and light and sharpness of object and background differ.

    Args:
        count: their number.
        seed: of the random choices.

    Yields:
        320×240 pixels each.

    Raises:
        ValueError: count < 1.
    """
    if count < 1:
        raise ValueError(f"count={count}: at least one")
    random = np.random.default_rng(seed)
    for number in range(count):
        name = _OBJECTS[number % len(_OBJECTS)]
        ground = str(random.choice([other for other in _BACKGROUNDS if other != name]))
        canvas = _background(ground, random)
        thing, mask = _object(name, random)
        left = int(random.integers(0, WIDTH - thing.width + 1))
        top = int(random.integers(0, HEIGHT - thing.height + 1))
        canvas.paste(thing, (left, top), mask)
        whole = Image.new("L", (WIDTH, HEIGHT))
        whole.paste(mask, (left, top))
        yield Composite(f"{number:03} {name} on {ground}", canvas, np.asarray(whole) > 127)


def _background(name: str, random: np.random.Generator) -> Image.Image:
    photograph = sample_image(name)
    pieces = _BACKGROUNDS[name]
    left, top, right, bottom = pieces[int(random.integers(len(pieces)))]
    width, height = photograph.width / 100, photograph.height / 100
    piece = photograph.crop(
        (round(left * width), round(top * height), round(right * width), round(bottom * height))
    )
    if piece.height > piece.width:
        piece = piece.transpose(Image.Transpose.ROTATE_90)
    return piece.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def _object(name: str, random: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """Return the object and its mask, cropped to the mask's box."""
    photograph, mask = sample_image(name), sample_mask(name)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    thing, grey = photograph.crop(box), Image.fromarray(mask.astype(np.uint8) * 255).crop(box)
    area = random.uniform(*_AREAS) * WIDTH * HEIGHT
    scale = float(np.sqrt(area / mask.sum()))
    scale = min(scale, WIDTH / thing.width, HEIGHT / thing.height)
    size = (max(1, int(thing.width * scale)), max(1, int(thing.height * scale)))
    thing, grey = thing.resize(size, Image.Resampling.LANCZOS), grey.resize(size)
    if random.random() < 0.5:
        mirrored = Image.Transpose.FLIP_LEFT_RIGHT
        thing, grey = thing.transpose(mirrored), grey.transpose(mirrored)
    return thing, grey.point([0] * 128 + [255] * 128)
