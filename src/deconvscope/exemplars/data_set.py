"""What tells data sets apart: names, sizes of files, and where there are none, the contents of a few images."""

from __future__ import annotations

import json
import os

from deconvscope.models import Preprocess

from .errors import ChangedBuildError
from .files import digest_of
from .images import ImageSource, Listing, content_of


def data_digest(listing: Listing, source: ImageSource, preprocess: Preprocess) -> str:
    """Return a digest of the names and sizes of a data set, or of its names and the contents of three images.

    Args:
        listing: names and sizes.
        source: where the images are.
        preprocess: makes the network's input of an image.
    """
    probes = {} if listing.sizes else _probes(source, preprocess)
    return digest_of(json.dumps([listing.digest, sorted(probes.items())]).encode())


def require_same_files(there: Listing, now: Listing) -> None:
    """Make sure that a data set has the names and sizes of a build's, wherever it lies now.

    Raises:
        ChangedBuildError: it has not; the message says where they differ first.
    """
    if len(there.names) != len(now.names):
        raise ChangedBuildError(
            f"these exemplars are of {len(there.names)} images, the data set given has {len(now.names)}"
        )
    for number, (before, after) in enumerate(zip(there.names, now.names, strict=True)):
        if os.path.basename(before) != os.path.basename(after):
            raise ChangedBuildError(
                f"image {number} of these exemplars is {before!r}, that of the data set given {after!r}"
            )
    for name, size, another in zip(there.names, there.sizes, now.sizes, strict=False):
        if size != another:
            raise ChangedBuildError(
                f"{name!r} of these exemplars has {size} bytes, that of the data set given {another}"
            )


def _probes(source: ImageSource, preprocess: Preprocess) -> dict[int, int]:
    """Return digests of the contents of three images; 0 for one that is unreadable."""
    probes = {}
    for number in {0, len(source) // 2, len(source) - 1}:
        try:
            probes[number] = content_of(source.input(number, preprocess))
        except Exception:  # the build lists it among the skipped
            probes[number] = 0
    return probes
