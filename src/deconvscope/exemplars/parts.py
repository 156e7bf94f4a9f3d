"""The parts of a build, one a unit of images: what a process writes when a unit is done, and reads to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import BrokenPartError
from .files import Sealed, read_sealed, remove_leftovers, write_sealed
from .histogram import BINS, Counts
from .manifest import Manifest
from .top_responses import Responses, place_type

MERGED = "exemplars.safetensors"
LISTING = "images.safetensors"


@dataclass(frozen=True)
class LayerPart:
    """What some images did in one layer: its strongest responses and how all are distributed."""

    responses: Responses
    counts: Counts

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.responses.nbytes + int(self.counts.nbytes)


@dataclass(frozen=True)
class Part:
    """What a unit of images did.

    Attributes:
        layers: layer name → what they did there.
        contents: a digest of each image's content, 0 where it was skipped.
        skipped: number of an image → why it was skipped.
    """

    layers: Mapping[str, LayerPart]
    contents: NDArray[np.int64]
    skipped: Mapping[int, str]

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept of all channels."""
        return sum(layer.nbytes for layer in self.layers.values())


def part_path(folder: Path, unit: int) -> Path:
    """Return where the part of a unit is kept."""
    return folder / f"part-{unit:05d}.safetensors"


def write_part(folder: Path, manifest: Manifest, unit: int, part: Part) -> None:
    """Write a part, whole or not at all.

    Raises:
        WriteError: it cannot be written.
    """
    path = part_path(folder, unit)
    remove_leftovers(path)
    about = {
        "manifest": manifest.digest,
        "unit": unit,
        "skipped": {str(number): why for number, why in part.skipped.items()},
    }
    write_sealed(path, {**arrays_of(part.layers), "images/content": part.contents}, about)


def read_part(folder: Path, manifest: Manifest, unit: int) -> Part:
    """Read a part and check it.

    Raises:
        FileNotFoundError: it is not there.
        BrokenPartError: it is cut short, altered, or of another build.
    """
    path = part_path(folder, unit)
    sealed = read_sealed(path)
    if (sealed.about.get("manifest"), sealed.about.get("unit")) != (manifest.digest, unit):
        raise BrokenPartError(f"{path.name} belongs to another build")
    skipped = {int(number): why for number, why in sealed.about["skipped"].items()}
    return Part(layers_in(sealed, manifest, path), sealed.arrays["images/content"], skipped)


def is_done(folder: Path, manifest: Manifest, unit: int) -> bool:
    """Tell whether the part of a unit is there and as it was written."""
    try:
        read_part(folder, manifest, unit)
    except (FileNotFoundError, BrokenPartError):
        return False
    return True


def arrays_of(layers: Mapping[str, LayerPart]) -> dict[str, NDArray[Any]]:
    """Return the arrays of some layers by the names they have in files."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, layer in layers.items():
        arrays[f"{name}/value"] = layer.responses.values
        arrays[f"{name}/image"] = layer.responses.images
        arrays[f"{name}/place"] = layer.responses.places
        arrays[f"{name}/histogram"] = layer.counts
    return arrays


def layers_in(sealed: Sealed, manifest: Manifest, path: Path) -> dict[str, LayerPart]:
    """Return the layers that a file holds.

    Raises:
        BrokenPartError: one is missing, or has another shape.
    """
    layers = {}
    for layer in manifest.layers:
        try:
            value, image, place, counts = (
                sealed.arrays[f"{layer.name}/{what}"]
                for what in ("value", "image", "place", "histogram")
            )
        except KeyError as error:
            raise BrokenPartError(f"{path.name} lacks {error}") from None
        shapes = {value.shape, image.shape, place.shape}
        if shapes != {(layer.channels, manifest.k)} or counts.shape != (layer.channels, BINS):
            raise BrokenPartError(f"{path.name} has another shape at {layer.name}")
        if place.dtype != place_type(layer.places):
            raise BrokenPartError(f"{path.name} has places of another type at {layer.name}")
        layers[layer.name] = LayerPart(Responses(value, image, place), counts)
    return layers
