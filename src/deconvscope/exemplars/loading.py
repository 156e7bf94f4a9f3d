"""Batches of images for the network, loaded by worker processes; unreadable images are reported, not hidden."""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..models import Preprocess
from .errors import ChangedBuildError
from .images import ImageSource, content_of

_UNREADABLE = frozenset((None, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ELOOP))
"""Errors of a single file. Any other means that the data set is gone."""
_GONE = "gone: "

Item = tuple[int, "Tensor | None", str]
"""An image's number, the network's input, and why there is none."""


@dataclass(frozen=True)
class LoadedImages:
    """A batch of images.

    Attributes:
        numbers: of the images that could be read.
        images: (n, C, H, W), these images.
        contents: their digests, see `content_of`.
        skipped: number → why it could not be read.
        gone: why the data set cannot be read any more, or "".
    """

    numbers: tuple[int, ...]
    images: Tensor
    contents: tuple[int, ...]
    skipped: dict[int, str]
    gone: str = ""

    def pin_memory(self) -> LoadedImages:
        """Return the batch with the images in pinned memory, from which a GPU copies without waiting."""
        return replace(self, images=self.images.pin_memory())


def loaded(
    source: ImageSource,
    preprocess: Preprocess,
    shape: tuple[int, ...],
    batches: Iterable[list[int]],
    loaders: int,
    pinned: bool,
) -> Iterator[LoadedImages]:
    """Yield batches of images in order, loaded by processes, or for 0 loaders by this one.

    Args:
        source: the data set.
        preprocess: from a picture to the network's input.
        shape: (C, H, W) that every image must have.
        batches: the numbers of the images of each batch.
        loaders: number of processes.
        pinned: whether to use pinned memory, for a GPU.

    Raises:
        ChangedBuildError: an image that was listed is gone, or the disk cannot be read.
    """
    loader = DataLoader(
        _Inputs(source, preprocess, shape),
        batch_sampler=batches,
        num_workers=loaders,
        collate_fn=_Collate(shape),
        pin_memory=pinned,
        worker_init_fn=_leave_interrupts_to_the_parent,
    )
    for batch in loader:
        if batch.gone:
            raise ChangedBuildError(
                f"the data set shrank while it was read: {batch.gone}; put it back and run the same again"
            )
        yield batch


def reason(error: Exception) -> str:
    """Return an error as one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


class _Inputs(Dataset[Item]):
    def __init__(self, source: ImageSource, preprocess: Preprocess, shape: tuple[int, ...]) -> None:
        self._source, self._preprocess, self._shape = source, preprocess, shape

    def __getitem__(self, number: int) -> Item:
        try:
            image = self._source.input(number, self._preprocess)
        except Exception as error:  # decoders and data sets raise anything; listed at the end
            of_one_image = not isinstance(error, IndexError | OSError) or (
                isinstance(error, OSError) and error.errno in _UNREADABLE
            )
            return number, None, ("" if of_one_image else _GONE) + reason(error)
        if tuple(image.shape) != self._shape:
            return number, None, f"its shape is {tuple(image.shape)}, of others {self._shape}"
        if not bool(torch.isfinite(image).all()):
            return number, None, "it holds NaN or infinite values"
        return number, image, ""


class _Collate:
    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape

    def __call__(self, items: Sequence[Item]) -> LoadedImages:
        read = [(number, image) for number, image, _ in items if image is not None]
        images = [image for _, image in read]
        gone = next((why for _, _, why in items if why.startswith(_GONE)), "")
        return LoadedImages(
            tuple(number for number, _ in read),
            torch.stack(images) if images else torch.zeros((0, *self._shape)),
            tuple(content_of(image) for image in images),
            {number: why for number, image, why in items if image is None},
            gone.removeprefix(_GONE),
        )


def _leave_interrupts_to_the_parent(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
