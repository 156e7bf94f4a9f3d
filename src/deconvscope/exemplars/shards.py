"""Shards: what a worker found in one range of images, written as one file, and how all are merged into the result.

Merging takes every channel's strongest responses over all shards, and the sums of all histograms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import BrokenFileError, UnfinishedBuildError
from .files import Sealed, read_sealed, remove_leftovers, write_sealed
from .histogram import BINS, Counts, added
from .manifest import Manifest, read_manifest
from .top_responses import Responses, merged, place_type, without

MERGED = "exemplars.safetensors"
LISTING = "images.safetensors"


@dataclass(frozen=True)
class LayerStatistics:
    """The strongest responses of a layer to some images, and the distribution of all its responses."""

    responses: Responses
    counts: Counts


@dataclass(frozen=True)
class Shard:
    """The results of one range of images.

    Attributes:
        layers: layer name → the layer's statistics.
        contents: a digest of each image's content, 0 where it was skipped.
        skipped: number of an image → why it was skipped.
    """

    layers: Mapping[str, LayerStatistics]
    contents: NDArray[np.int64]
    skipped: Mapping[int, str]


def shard_path(folder: Path, number: int) -> Path:
    """Return the file of a shard."""
    return folder / f"shard-{number:05d}.safetensors"


def write_shard(folder: Path, manifest: Manifest, number: int, shard: Shard) -> None:
    """Write a shard, whole or not at all.

    Raises:
        WriteError: it cannot be written.
    """
    path = shard_path(folder, number)
    remove_leftovers(path)
    about = {
        "manifest": manifest.digest,
        "shard": number,
        "skipped": {str(image): why for image, why in shard.skipped.items()},
    }
    write_sealed(path, {**_arrays(shard.layers), "images/content": shard.contents}, about)


def read_shard(folder: Path, manifest: Manifest, number: int) -> Shard:
    """Read a shard and check it.

    Raises:
        FileNotFoundError: it does not exist.
        BrokenFileError: it is truncated, altered, or of another build.
    """
    path = shard_path(folder, number)
    sealed = read_sealed(path)
    if (sealed.about.get("manifest"), sealed.about.get("shard")) != (manifest.digest, number):
        raise BrokenFileError(f"{path.name} belongs to another build")
    skipped = {int(image): why for image, why in sealed.about["skipped"].items()}
    return Shard(_layers(sealed, manifest, path), sealed.arrays["images/content"], skipped)


def is_done(folder: Path, manifest: Manifest, number: int) -> bool:
    """Return whether a shard was written and is intact."""
    try:
        read_shard(folder, manifest, number)
    except (FileNotFoundError, BrokenFileError):
        return False
    return True


def merge(folder: str | PathLike[str]) -> Path:
    """Merge the shards of a build into ``exemplars.safetensors``; the result does not depend on who computed them.

    Of images with the same content the first counts; the others are listed as duplicates and replaced by the next
    strongest.

    Args:
        folder: as given to `build`.

    Returns:
        The file.

    Raises:
        UnfinishedBuildError: shards are missing or broken; the message says which.
        WriteError: the result cannot be written.
    """
    path = Path(folder).expanduser()
    manifest = read_manifest(path)
    missing = [number for number in range(manifest.shards) if not shard_path(path, number).exists()]
    if missing:
        shown = ", ".join(map(str, missing[:8])) + (" …" if len(missing) > 8 else "")
        raise UnfinishedBuildError(
            f"{len(missing)} of {manifest.shards} shards are missing ({shown}): run build again with the same arguments"
        )
    contents = [_intact(path, manifest, number).contents for number in range(manifest.shards)]
    duplicates = duplicates_in(np.concatenate(contents))
    copies = duplicates[:, 0].astype(np.int32)
    total: dict[str, LayerStatistics] = {}
    skipped: dict[str, str] = {}
    for number in range(manifest.shards):  # read again, so that one shard at a time is in memory
        shard = _intact(path, manifest, number)
        skipped |= {str(image): why for image, why in shard.skipped.items()}
        total = {
            name: _joined(total.get(name), layer, copies) for name, layer in shard.layers.items()
        }
    result = path / MERGED
    about = {"manifest": manifest.digest, "skipped": skipped}
    write_sealed(result, {**_arrays(total), "images/duplicates": duplicates}, about)
    return result


def duplicates_in(contents: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return pairs (number, number of the first image with the same content), from digests, 0 for none.

    Example:
        >>> duplicates_in(np.array([5, 0, 7, 5, 0])).tolist()
        [[3, 0]]
    """
    _, first, inverse = np.unique(contents, return_index=True, return_inverse=True)
    original = first[inverse.ravel()]
    copies = np.flatnonzero((original != np.arange(len(contents))) & (contents != 0))
    return np.stack([copies, original[copies]], axis=1).astype(np.int32)


def _intact(folder: Path, manifest: Manifest, number: int) -> Shard:
    try:
        return read_shard(folder, manifest, number)
    except (BrokenFileError, FileNotFoundError) as error:
        raise UnfinishedBuildError(
            f"{error}: run build again with the same arguments, which computes that shard again"
        ) from error


def _joined(
    total: LayerStatistics | None, more: LayerStatistics, copies: NDArray[np.int32]
) -> LayerStatistics:
    fresh = without(more.responses, copies)
    if total is None:
        return LayerStatistics(fresh, more.counts)
    return LayerStatistics(_improved(total.responses, fresh), added(total.counts, more.counts))


def _improved(total: Responses, more: Responses) -> Responses:
    """Merge responses in those channels alone that may change."""
    channels = (more.values[:, 0] >= total.values[:, -1]) & np.isfinite(more.values[:, 0])
    if not channels.any():
        return total
    some = merged([each.map(lambda array: array[channels]) for each in (total, more)])
    result = total.map(np.copy)
    result.values[channels] = some.values
    result.images[channels] = some.images
    result.places[channels] = some.places
    return result


def _arrays(layers: Mapping[str, LayerStatistics]) -> dict[str, NDArray[Any]]:
    """Return the arrays of layers under their names in files."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, layer in layers.items():
        arrays[f"{name}/value"] = layer.responses.values
        arrays[f"{name}/image"] = layer.responses.images
        arrays[f"{name}/place"] = layer.responses.places
        arrays[f"{name}/histogram"] = layer.counts
    return arrays


def _layers(sealed: Sealed, manifest: Manifest, path: Path) -> dict[str, LayerStatistics]:
    """Return the layers of a file, after checking their shapes and types."""
    layers = {}
    for layer in manifest.layers:
        try:
            value, image, place, counts = (
                sealed.arrays[f"{layer.name}/{what}"]
                for what in ("value", "image", "place", "histogram")
            )
        except KeyError as error:
            raise BrokenFileError(f"{path.name} lacks {error}") from None
        shapes = {value.shape, image.shape, place.shape}
        if shapes != {(layer.channels, manifest.k)} or counts.shape != (layer.channels, BINS):
            raise BrokenFileError(f"{path.name} has another shape at {layer.name}")
        if place.dtype != place_type(layer.places):
            raise BrokenFileError(f"{path.name} has places of another type at {layer.name}")
        layers[layer.name] = LayerStatistics(Responses(value, image, place), counts)
    return layers
