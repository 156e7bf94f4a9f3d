"""Parts into one result: every channel's strongest over all units, and the sums of all histograms."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import BrokenPartError, UnfinishedBuildError
from .files import write_sealed
from .histogram import added
from .manifest import Manifest, read_manifest
from .parts import MERGED, LayerPart, Part, arrays_of, part_path, read_part
from .top_responses import Responses, merged, without


def merge(folder: str | PathLike[str]) -> Path:
    """Merge the parts of a build into ``exemplars.safetensors``; cheap, and the same whoever made the parts.

    Of images with the same content the first counts, the others are listed as duplicates and leave
    their places to the next strongest.

    Args:
        folder: as given to `build`.

    Returns:
        The file.

    Raises:
        UnfinishedBuildError: parts are missing or broken; the message says which.
        WriteError: the result cannot be written.
    """
    path = Path(folder).expanduser()
    manifest = read_manifest(path)
    _require_all(path, manifest)
    contents = np.concatenate(
        [_part(path, manifest, unit).contents for unit in range(manifest.units)]
    )
    duplicates = duplicates_in(contents)
    copies = duplicates[:, 0].astype(np.int32)
    total: dict[str, LayerPart] = {}
    skipped: dict[str, str] = {}
    for unit in range(manifest.units):
        part = _part(path, manifest, unit)
        skipped |= {str(number): why for number, why in part.skipped.items()}
        total = {
            name: _joined(total.get(name), layer, copies) for name, layer in part.layers.items()
        }
    result = path / MERGED
    about = {"manifest": manifest.digest, "skipped": skipped}
    write_sealed(result, {**arrays_of(total), "images/duplicates": duplicates}, about)
    return result


def duplicates_in(contents: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return pairs (number, number of the first of the same content), in order.

    Args:
        contents: a digest of each image's content, 0 where there is none.

    Example:
        >>> duplicates_in(np.array([5, 0, 7, 5, 0])).tolist()
        [[3, 0]]
    """
    _, first, inverse = np.unique(contents, return_index=True, return_inverse=True)
    original = first[inverse.ravel()]
    copies = np.flatnonzero((original != np.arange(len(contents))) & (contents != 0))
    return np.stack([copies, original[copies]], axis=1).astype(np.int32)


def _joined(total: LayerPart | None, part: LayerPart, copies: NDArray[np.int32]) -> LayerPart:
    fresh = without(part.responses, copies)
    if total is None:
        return LayerPart(fresh, part.counts)
    return LayerPart(_improved(total.responses, fresh), added(total.counts, part.counts))


def _improved(total: Responses, part: Responses) -> Responses:
    """Return the merged responses, looking only at the channels where the part may add something."""
    channels = (part.values[:, 0] >= total.values[:, -1]) & np.isfinite(part.values[:, 0])
    if not channels.any():
        return total
    some = merged([_of(total, channels), _of(part, channels)])
    result = Responses(total.values.copy(), total.images.copy(), total.places.copy())
    result.values[channels] = some.values
    result.images[channels] = some.images
    result.places[channels] = some.places
    return result


def _of(responses: Responses, channels: NDArray[Any]) -> Responses:
    return Responses(
        responses.values[channels], responses.images[channels], responses.places[channels]
    )


def _require_all(folder: Path, manifest: Manifest) -> None:
    missing = [unit for unit in range(manifest.units) if not part_path(folder, unit).exists()]
    if missing:
        shown = ", ".join(map(str, missing[:8])) + (" …" if len(missing) > 8 else "")
        raise UnfinishedBuildError(
            f"{len(missing)} of {manifest.units} parts are not there yet ({shown}): run build again with the same "
            "arguments"
        )


def _part(folder: Path, manifest: Manifest, unit: int) -> Part:
    try:
        return read_part(folder, manifest, unit)
    except (BrokenPartError, FileNotFoundError) as error:
        raise UnfinishedBuildError(
            f"{error}: run build again with the same arguments, which computes that part anew"
        ) from error
