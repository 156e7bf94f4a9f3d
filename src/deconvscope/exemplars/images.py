"""Data sets: a folder, files, pictures by name, or any map-style data set; and digests of them."""

from __future__ import annotations

import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..models import Preprocess, UnreadableImageError, input_picture, names_a_picture, read_image
from ..models.pictures import SUFFIXES
from .errors import ChangedBuildError, DataSetError, NoImagesError
from .files import digest_of


@dataclass(frozen=True)
class Listing:
    """The names of a data set's images in order and, for files, their sizes.

    Attributes:
        kind: "folder", "files", "pictures" or "data set".
        names: one per image, all different.
        sizes: bytes of each file, −1 for a dangling link; empty where there are no files.
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

    def packed(self) -> dict[str, NDArray[Any]]:
        """Return names and sizes as arrays: all names in one, and where each ends."""
        encoded = [name.encode("utf-8", "surrogateescape") for name in self.names]
        return {
            "ends": np.cumsum([len(name) for name in encoded], dtype=np.int64),
            "names": np.frombuffer(b"".join(encoded), dtype=np.uint8),
            "sizes": np.array(self.sizes, dtype=np.int64),
        }

    @classmethod
    def unpacked(cls, arrays: Mapping[str, NDArray[Any]], kind: str, root: str) -> Listing:
        """Return the listing that was packed."""
        text, ends = arrays["names"].tobytes(), arrays["ends"].tolist()
        names = tuple(
            text[start:end].decode("utf-8", "surrogateescape")
            for start, end in zip([0, *ends], ends, strict=False)
        )
        return cls(kind, names, tuple(arrays["sizes"].tolist()), root)


class ImageSource(ABC):
    """A data set: a listing, and the image of each number."""

    listing: Listing

    def __len__(self) -> int:
        return len(self.listing.names)

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(len(self)))

    @abstractmethod
    def __getitem__(self, number: int) -> Any:
        """Return a PIL picture, or a float tensor (C, H, W) that the network takes as it is."""

    def input(self, number: int, preprocess: Preprocess) -> Tensor:
        """Return the network's input for an image, (C, H, W)."""
        item = self[number]
        return item.detach().cpu() if isinstance(item, Tensor) else preprocess(item)

    def view(self, number: int, preprocess: Preprocess) -> Image.Image:
        """Return the pixels that the network sees of an image, RGB."""
        item = self[number]
        if isinstance(item, Tensor):
            return input_picture(preprocess, item)
        return preprocess.view(item)


class Files(ImageSource):
    """Image files, of a folder and its subfolders or given one by one."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing

    def __getitem__(self, number: int) -> Image.Image:
        """Read and decode a file.

        Raises:
            OSError: it cannot be read.
            UnreadableImageError: it is not a picture, or was a dangling link when it was listed.
        """
        if self.listing.sizes[number] < 0:
            raise UnreadableImageError("a link that leads nowhere")
        return read_image((Path(self.listing.root) / self.listing.names[number]).read_bytes())


class Items(ImageSource):
    """A map-style data set, such as ``torchvision.datasets.ImageFolder`` or a list of pictures.

    An item is an image, a tuple that begins with one, or a record with an "image".
    """

    def __init__(self, items: Any, listing: Listing | None = None) -> None:
        self._items = items
        self.listing = listing or Listing("data set", _item_names(items))

    def __getitem__(self, number: int) -> Any:
        """Return the image of an item."""
        item = self._items[number]
        if isinstance(item, tuple | list):
            item = item[0]
        elif isinstance(item, Mapping):
            item = item["image"]
        if not isinstance(item, Tensor):
            return read_image(item)
        if item.ndim != 3 or not item.is_floating_point():
            raise ValueError(
                f"a tensor of the data set is {tuple(item.shape)}, {item.dtype}; it goes to the network as it is, so "
                "it must be (C, H, W) of floats"
            )
        return item


def image_source(images: Any) -> ImageSource:
    """Return a folder, a list of files, a mapping name → picture or a data set as an `ImageSource`.

    Raises:
        FileNotFoundError: no such folder.
        NoImagesError: it is empty.
        DataSetError: two images of one name.
        TypeError: something else was given.
    """
    source: ImageSource
    if isinstance(images, ImageSource):
        return images
    if _is_path(images):
        source = Files(_folder(Path(images).expanduser()))
    elif isinstance(images, Mapping):
        source = Items([*images.values()], Listing("pictures", tuple(images)))
    elif not (hasattr(images, "__len__") and hasattr(images, "__getitem__")):
        raise TypeError(
            f"images is {type(images).__name__}; give a folder, a list of files, a mapping name → picture, or a "
            "map-style data set with __len__ and __getitem__"
        )
    elif isinstance(images, list | tuple) and all(map(_is_path, images[:3] or [None])):
        names = tuple(os.fspath(name) for name in images)
        source = Files(Listing("files", names, tuple(Path(name).stat().st_size for name in names)))
    else:
        source = Items(images)
    if not len(source):
        raise NoImagesError(f"the {source.listing.kind} of images is empty")
    (name, count), *_ = Counter(source.listing.names).most_common(1)
    if count > 1:
        raise DataSetError(f"two images of the data set are named {name!r}: give each once")
    return source


def content_of(image: Tensor) -> int:
    """Return 63 bits of a digest of a network input, never 0; equal for equal images."""
    values = image.contiguous()
    content = hashlib.sha256(f"{values.dtype}{tuple(values.shape)}".encode())
    content.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return int.from_bytes(content.digest()[:8], "little") >> 1 or 1


def data_digest(listing: Listing, source: ImageSource, preprocess: Preprocess) -> str:
    """Return a digest of names and file sizes, or without files of names and the contents of three images."""
    probes = {}
    for number in () if listing.sizes else {0, len(source) // 2, len(source) - 1}:
        try:
            probes[number] = content_of(source.input(number, preprocess))
        except Exception:  # the build lists it among the skipped
            probes[number] = 0
    return digest_of(json.dumps([listing.digest, sorted(probes.items())]).encode())


def require_same_files(built: Listing, given: Listing) -> None:
    """Check that a data set has the names and sizes of a build's, wherever its files are now.

    Raises:
        ChangedBuildError: it does not; the message names the first difference.
    """
    if len(built.names) != len(given.names):
        raise ChangedBuildError(
            f"these exemplars are of {len(built.names)} images, the data set given has {len(given.names)}"
        )
    for number, (before, after) in enumerate(zip(built.names, given.names, strict=True)):
        if os.path.basename(before) != os.path.basename(after):
            raise ChangedBuildError(
                f"image {number} of these exemplars is {before!r}, that of the data set given {after!r}"
            )
    for name, size, another in zip(built.names, built.sizes, given.sizes, strict=False):
        if size != another:
            raise ChangedBuildError(
                f"{name!r} of these exemplars has {size} bytes, that of the data set given {another}"
            )


def _folder(root: Path) -> Listing:
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise FileNotFoundError(f"the folder of images {str(root)!r} {what}")
    found = sorted(_files_below(root, ""))
    if not found:
        raise NoImagesError(
            f"the folder {str(root)!r} holds no images: looked in it and below for {', '.join(sorted(SUFFIXES))}"
        )
    names, sizes = zip(*found, strict=True)
    return Listing("folder", names, sizes, str(root))


def _files_below(folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _files_below(Path(entry.path), f"{prefix}{entry.name}/")
            elif names_a_picture(entry.name):
                try:
                    size = entry.stat().st_size
                except FileNotFoundError:
                    size = -1
                yield f"{prefix}{entry.name}", size


def _is_path(image: object) -> bool:
    return isinstance(image, str | os.PathLike)


def _item_names(items: Any) -> tuple[str, ...]:
    samples = getattr(items, "samples", None)  # torchvision's folders: (path, class)
    if isinstance(samples, list) and len(samples) == len(items):
        paths = [sample[0] if isinstance(sample, tuple) else sample for sample in samples]
        if all(isinstance(path, str) for path in paths):
            return tuple(paths)
    return tuple(map(str, range(len(items))))
