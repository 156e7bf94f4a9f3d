"""The manifest of a build: everything its numbers depend on, so that shards of different builds are never mixed."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..models import Model, network_digest
from .errors import BrokenFileError, ChangedBuildError, DataSetError, UnfinishedBuildError
from .files import digest_of, write_whole
from .layers import CollectedLayer, Rectified

FILE = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """Everything that decides the numbers of a build, and the versions that computed them.

    Attributes:
        model: name and label of the model.
        network: digest of the weights and of the network's structure.
        preprocessing: digest of its result for a test picture.
        kind, images, data: kind of data set, number of images, digest of their names and sizes.
        layers: the collected layers.
        rectified: rectifiers whose inputs are collected.
        k: images per channel.
        shard_size: images per shard.
        chunk: images that the network sees at once, which decides the rounding.
        dtype: the precision of the forward pass.
        shape: (C, H, W) of the network's input.
        device: "cpu", "cuda" …
        versions: of torch and the like.
    """

    model: str
    label: str
    network: str
    preprocessing: str
    kind: str
    images: int
    data: str
    layers: tuple[CollectedLayer, ...]
    rectified: dict[str, Rectified]
    k: int
    shard_size: int
    chunk: int
    dtype: str
    shape: tuple[int, int, int]
    device: str
    versions: dict[str, str]

    @property
    def shards(self) -> int:
        """The number of shards."""
        return -(-self.images // self.shard_size)

    @property
    def digest(self) -> str:
        """A digest of everything but the device and the versions."""
        record = {k: v for k, v in asdict(self).items() if k not in ("device", "versions")}
        return digest_of(json.dumps(record, sort_keys=True).encode())

    def images_of(self, shard: int) -> range:
        """Return the numbers of the images of a shard."""
        return range(shard * self.shard_size, min((shard + 1) * self.shard_size, self.images))

    def to_json(self) -> str:
        """Return the text of the manifest's file."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Return the manifest of a file's text.

        Raises:
            BrokenFileError: the text is not a manifest of this format.
        """
        try:
            record = json.loads(text)
            if record.pop("format") != FORMAT:
                raise ValueError("it was written by another version of deconvscope")
            layers = tuple(CollectedLayer.from_record(layer) for layer in record.pop("layers"))
            rectified = {k: Rectified(**v) for k, v in record.pop("rectified").items()}
            shape = tuple(record.pop("shape"))
            return cls(layers=layers, rectified=rectified, shape=shape, **record)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BrokenFileError(f"{FILE} is broken: {error}") from error


def establish(folder: Path, manifest: Manifest) -> list[str]:
    """Write the manifest, or compare it with the existing one; return warnings about other versions and devices.

    Raises:
        ChangedBuildError: the folder holds another build.
        WriteError: the manifest cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    if not path.exists():
        write_whole(path, manifest.to_json().encode())
    there = read_manifest(folder)  # another worker may just have written it
    if there.digest != manifest.digest:
        changes = "; ".join(_differences(there, manifest)) or "its layers differ"
        raise ChangedBuildError(
            f"{folder} holds another build: {changes}. Give another out=, or the same model, images and settings"
        )
    return [
        f"{what} was {before!r} and is {now!r} now: numbers may differ in their last digits"
        for what, before, now in (
            ("the device", there.device, manifest.device),
            ("torch", there.versions.get("torch"), manifest.versions.get("torch")),
        )
        if before != now
    ]


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a build, unless it is missing (`UnfinishedBuildError`) or broken (`BrokenFileError`)."""
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UnfinishedBuildError(
            f"{folder} holds no exemplars: build them first, with deconvscope.exemplars.build or "
            "python -m deconvscope exemplars build"
        ) from None
    return Manifest.from_json(text)


def versions() -> dict[str, str]:
    """Return the versions that numbers may depend on."""
    packages = ("deconvscope", "torch", "numpy", "pillow")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def preprocessing_digest(model: Model) -> str:
    """Return a digest of the preprocessing's result for a test picture, which must not be random."""
    first, second = (_bytes_of(model.preprocess(_test_picture())) for _ in range(2))
    if first != second:
        raise DataSetError(
            f"the preprocessing of {model.name} is random: its result for the same picture changes; "
            "give one without augmentation"
        )
    return digest_of(first)


def difference(model: Model, manifest: Manifest) -> str:
    """Return how a model differs from that of a build, "" where it does not."""
    if network_digest(model.network) != manifest.network:
        return "its weights or structure differ"
    if preprocessing_digest(model) != manifest.preprocessing:
        return "its preprocessing differs"
    return ""


def _differences(there: Manifest, now: Manifest) -> list[str]:
    lines = []
    if there.model != now.model:
        lines.append(f"it is of the model {there.model!r}, not {now.model!r}")
    elif there.network != now.network:
        lines.append("the network's weights or structure changed")
    if there.preprocessing != now.preprocessing:
        lines.append("the preprocessing changed")
    if there.images != now.images:
        verb = "shrank" if now.images < there.images else "grew"
        lines.append(f"the data set {verb} from {there.images} to {now.images} images")
    elif there.data != now.data:
        lines.append("other images, or other sizes of their files")
    names, others = {one.name for one in there.layers}, {one.name for one in now.layers}
    if missing := names - others:
        lines.append(
            f"layers {', '.join(sorted(missing))} were collected and are not asked for now"
        )
    if new := others - names:
        lines.append(f"layers {', '.join(sorted(new))} were not collected")
    for what in ("k", "shard_size", "chunk", "dtype", "shape"):
        before, after = getattr(there, what), getattr(now, what)
        if before != after:
            lines.append(f"{what} was {before} and is {after} now")
    return lines


def _test_picture() -> Image.Image:
    y, x = np.mgrid[:301, :407]
    pixels = np.stack([x * 255 // 406, y * 255 // 300, (x * y) % 251], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def _bytes_of(value: Tensor) -> bytes:
    return value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
