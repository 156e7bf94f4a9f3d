"""Images on their way to the network: read by worker processes, the unreadable ones told of, not hidden."""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from deconvscope.models import Preprocess

from .errors import ChangedBuildError, NoImagesError
from .images import ImageSource, content_of

_UNREADABLE = frozenset((None, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ELOOP))
"""Errors of one file. Any other says that the data set is not where it was."""


@dataclass(frozen=True)
class LoadedImages:
    """Some images, read together.

    Attributes:
        numbers: of those that could be read.
        images: (n, C, H, W), these.
        contents: digests of these, see `content_of`.
        skipped: number → why it could not be read.
        gone: why the data set cannot be read any more, or "".
    """

    numbers: tuple[int, ...]
    images: Tensor
    contents: tuple[int, ...]
    skipped: dict[int, str]
    gone: str = ""

    def pin_memory(self) -> LoadedImages:
        """Return the same with the images where a GPU copies them from without waiting."""
        return replace(self, images=self.images.pin_memory())


class _Reading(Dataset[tuple[int, "Tensor | None", str]]):
    def __init__(self, source: ImageSource, preprocess: Preprocess, shape: tuple[int, ...]) -> None:
        self._source, self._preprocess, self._shape = source, preprocess, shape

    def __getitem__(self, number: int) -> tuple[int, Tensor | None, str]:
        try:
            image = self._source.input(number, self._preprocess)
        except (IndexError, OSError) as error:
            if isinstance(error, OSError) and error.errno in _UNREADABLE:
                return number, None, _told(error)
            return number, None, f"gone: {_told(error)}"
        except (
            Exception
        ) as error:  # whatever a decoder or a person's data set raises, listed at the end
            return number, None, _told(error)
        if tuple(image.shape) != self._shape:
            return number, None, f"its shape is {tuple(image.shape)}, of others {self._shape}"
        if not bool(torch.isfinite(image).all()):
            return number, None, "it holds NaN or infinite values"
        return number, image, ""


def loaded(
    source: ImageSource,
    preprocess: Preprocess,
    shape: tuple[int, ...],
    batches: Iterable[list[int]],
    workers: int,
    pinned: bool,
) -> Iterator[LoadedImages]:
    """Yield batches of images in the order of their numbers given.

    Args:
        source: the data set.
        preprocess: from a picture to the network's input.
        shape: (C, H, W) that every image must have.
        batches: the numbers of the images of each batch.
        workers: processes that read; 0 to read here.
        pinned: whether to hold them ready for a GPU.

    Raises:
        ChangedBuildError: an image that was listed is gone, or the disk cannot be read.
    """
    loader = DataLoader(
        _Reading(source, preprocess, shape),
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=_Together(shape),
        pin_memory=pinned,
        worker_init_fn=_leave_interrupts_to_the_parent,
    )
    for batch in loader:
        if batch.gone:
            raise ChangedBuildError(
                f"the data set shrank while it was read: {batch.gone}; put it back and run the same again"
            )
        yield batch


def first_input(source: ImageSource, preprocess: Preprocess) -> Tensor:
    """Return the network's input for the first image that can be read.

    Raises:
        NoImagesError: none can.
    """
    why = ""
    for number in range(len(source)):
        try:
            return source.input(number, preprocess)
        except Exception as error:  # the build lists them one by one
            why = why or f"{source.listing.names[number]}: {_told(error)}"
    raise NoImagesError(f"none of the {len(source)} images can be read; the first, {why}")


class _Together:
    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape

    def __call__(self, items: Sequence[tuple[int, Tensor | None, str]]) -> LoadedImages:
        read = [(number, image) for number, image, _ in items if image is not None]
        images = [image for _, image in read]
        gone = next((why for _, _, why in items if why.startswith("gone: ")), "")
        return LoadedImages(
            tuple(number for number, _ in read),
            torch.stack(images) if images else torch.zeros((0, *self._shape)),
            tuple(content_of(image) for image in images),
            {number: why for number, image, why in items if image is None},
            gone.removeprefix("gone: "),
        )


def _leave_interrupts_to_the_parent(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _told(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
