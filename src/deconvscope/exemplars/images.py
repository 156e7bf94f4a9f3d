"""Where images come from: a folder, files, pictures by name, or any map-style data set; and what tells them apart."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from deconvscope.models import (
    Preprocess,
    UnreadableImageError,
    input_picture,
    names_a_picture,
    read_image,
)
from deconvscope.models.pictures import SUFFIXES

from .errors import DataSetError, NoImagesError


@dataclass(frozen=True)
class Listing:
    """The names of a data set's images in order, and as far as files tell, their sizes.

    Attributes:
        kind: "folder", "files", "pictures" or "data set".
        names: one an image, all different.
        sizes: bytes of each file, −1 for a link that leads nowhere; empty where there are no files.
        root: the folder of a "folder".
    """

    kind: str
    names: tuple[str, ...]
    sizes: tuple[int, ...] = ()
    root: str = ""

    @property
    def digest(self) -> str:
        """A digest of all names and sizes."""
        content = hashlib.sha256()
        for name, size in zip(self.names, self.sizes or (-1,) * len(self.names), strict=True):
            content.update(f"{name}\0{size}\0".encode("utf-8", "surrogateescape"))
        return f"sha256:{content.hexdigest()}"


class ImageSource(ABC):
    """A data set: a listing, and the image of each number."""

    listing: Listing

    def __len__(self) -> int:
        return len(self.listing.names)

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(len(self)))

    @abstractmethod
    def __getitem__(self, number: int) -> Any:
        """Return a PIL picture, or a float tensor (C, H, W) that goes to the network as it is."""

    def input(self, number: int, preprocess: Preprocess) -> Tensor:
        """Return what the network is given for an image, (C, H, W)."""
        item = self[number]
        return item.detach().cpu() if isinstance(item, Tensor) else preprocess(item)

    def view(self, number: int, preprocess: Preprocess) -> Image.Image:
        """Return the pixels that the network sees of an image, RGB."""
        item = self[number]
        return (
            input_picture(preprocess, item) if isinstance(item, Tensor) else preprocess.view(item)
        )


class Files(ImageSource):
    """Image files, in a folder and all below it or given one by one."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing

    def __getitem__(self, number: int) -> Image.Image:
        """Read and decode a file.

        Raises:
            OSError: it cannot be read from where it lies.
            UnreadableImageError: it is no picture, or a link that led nowhere when it was listed.
        """
        if self.listing.sizes[number] < 0:
            raise UnreadableImageError("a link that leads nowhere")
        return read_image((Path(self.listing.root) / self.listing.names[number]).read_bytes())


class Pictures(ImageSource):
    """Pictures at hand, by name."""

    def __init__(self, pictures: Mapping[str, Any]) -> None:
        self._pictures = dict(pictures)
        self.listing = Listing("pictures", tuple(self._pictures))

    def __getitem__(self, number: int) -> Any:
        """Return a picture; whatever `read_image` takes, or a float tensor."""
        return _as_image(self._pictures[self.listing.names[number]])


class Items(ImageSource):
    """A map-style data set, such as ``torchvision.datasets.ImageFolder`` or a list of pictures.

    An item is an image, or a tuple that begins with one, or a record with an "image".
    """

    def __init__(self, items: Any) -> None:
        self._items = items
        self.listing = Listing("data set", _item_names(items))

    def __getitem__(self, number: int) -> Any:
        """Return the image of an item."""
        item = self._items[number]
        if isinstance(item, tuple | list):
            item = item[0]
        elif isinstance(item, Mapping):
            item = item["image"]
        return _as_image(item)


def image_source(images: Any) -> ImageSource:
    """Return a folder, a list of files, a mapping name → picture or a data set as an `ImageSource`.

    Raises:
        FileNotFoundError: no such folder.
        NoImagesError: nothing is in it.
        DataSetError: two images of one name.
        TypeError: something else was given.
    """
    source: ImageSource
    if isinstance(images, ImageSource):
        return images
    if isinstance(images, str | os.PathLike):
        source = Files(_folder(Path(images).expanduser()))
    elif isinstance(images, Mapping):
        source = Pictures(images)
    elif not (hasattr(images, "__len__") and hasattr(images, "__getitem__")):
        raise TypeError(
            f"images is {type(images).__name__}; give a folder, a list of files, a mapping name → picture, or a "
            "map-style data set with __len__ and __getitem__"
        )
    elif len(images) and all(isinstance(name, str | os.PathLike) for name in _first(images)):
        names = tuple(os.fspath(name) for name in images)
        source = Files(Listing("files", names, tuple(Path(name).stat().st_size for name in names)))
    else:
        source = Items(images)
    if not len(source):
        raise NoImagesError(f"the {source.listing.kind} of images is empty")
    _require_different(source.listing.names)
    return source


def content_of(image: Tensor) -> int:
    """Return 63 bits of a digest of a network input, never 0; equal for equal images."""
    values = image.contiguous()
    content = hashlib.sha256(f"{values.dtype}{tuple(values.shape)}".encode())
    content.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return int.from_bytes(content.digest()[:8], "little") >> 1 or 1


def packed_listing(listing: Listing) -> dict[str, NDArray[Any]]:
    """Return a listing as arrays: all names in one, and where each ends."""
    encoded = [name.encode("utf-8", "surrogateescape") for name in listing.names]
    return {
        "ends": np.cumsum([len(name) for name in encoded], dtype=np.int64),
        "names": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "sizes": np.array(listing.sizes, dtype=np.int64),
    }


def unpacked_listing(arrays: Mapping[str, NDArray[Any]], kind: str, root: str) -> Listing:
    """Return the listing that was packed."""
    text, ends = arrays["names"].tobytes(), arrays["ends"].tolist()
    names = tuple(
        text[start:end].decode("utf-8", "surrogateescape")
        for start, end in zip([0, *ends], ends, strict=False)
    )
    return Listing(kind, names, tuple(arrays["sizes"].tolist()), root)


def _folder(root: Path) -> Listing:
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise FileNotFoundError(f"the folder of images {str(root)!r} {what}")
    found = sorted(_files_below(root, ""))
    if not found:
        raise NoImagesError(
            f"the folder {str(root)!r} holds no images: looked in it and below for {', '.join(sorted(SUFFIXES))}"
        )
    return Listing(
        "folder", tuple(name for name, _ in found), tuple(size for _, size in found), str(root)
    )


def _files_below(folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _files_below(Path(entry.path), f"{prefix}{entry.name}/")
            elif names_a_picture(entry.name):
                yield f"{prefix}{entry.name}", _size(entry)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:
        return -1


def _first(images: Any) -> Sequence[Any]:
    return (
        [images[number] for number in range(min(3, len(images)))]
        if isinstance(images, list | tuple)
        else [None]
    )


def _item_names(items: Any) -> tuple[str, ...]:
    samples = getattr(items, "samples", None)  # torchvision's folders: (path, class)
    if isinstance(samples, list) and len(samples) == len(items):
        paths = [sample[0] if isinstance(sample, tuple) else sample for sample in samples]
        if all(isinstance(path, str) for path in paths):
            return tuple(paths)
    return tuple(map(str, range(len(items))))


def _as_image(item: Any) -> Any:
    if isinstance(item, Tensor):
        if item.ndim != 3 or not item.is_floating_point():
            raise ValueError(
                f"a tensor of the data set is {tuple(item.shape)}, {item.dtype}; it goes to the network as it is, so "
                "it must be (C, H, W) of floats"
            )
        return item
    return read_image(item)


def _require_different(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataSetError(f"two images of the data set are named {name!r}: give each once")
        seen.add(name)
