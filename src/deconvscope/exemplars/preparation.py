"""Preparation of a build: copy the network, find its layers, write or compare the manifest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ..models import Model, network_digest
from ..reversal import ReversedNetwork, UnknownLayerError
from .errors import BrokenFileError, NoImagesError
from .files import read_sealed, write_sealed
from .images import ImageSource, data_digest
from .layers import asked_layers, described, rectified_layers, usual_layers
from .loading import reason
from .manifest import Manifest, establish, preprocessing_digest, versions
from .plain_pass import PassPlan, find_layers, in_batches, working_copy
from .shards import LISTING


@dataclass(frozen=True)
class Settings:
    """The settings of a build, see `build`."""

    k: int
    chunk: int
    shard_size: int
    device: torch.device
    dtype: torch.dtype

    def __post_init__(self) -> None:
        for name in ("k", "chunk", "shard_size"):
            require_positive(name, getattr(self, name))
        if self.shard_size % self.chunk:
            raise ValueError(
                f"shard_size={self.shard_size} must be a multiple of chunk={self.chunk}, so that no chunk lies in two "
                "shards"
            )
        if not self.dtype.is_floating_point:
            raise ValueError(f"dtype={self.dtype} must be a floating-point type")


@dataclass(frozen=True)
class Work:
    """Everything that a worker needs to compute shards."""

    folder: Path
    manifest: Manifest
    source: ImageSource
    model: Model
    network: nn.Module
    plan: PassPlan
    settings: Settings


def prepare(
    model: Model,
    source: ImageSource,
    folder: Path,
    layers: Iterable[str] | None,
    settings: Settings,
) -> tuple[Work, list[str]]:
    """Find the layers, and write or compare the manifest; return what shards are computed from, and warnings."""
    device, dtype = settings.device, settings.dtype
    network = working_copy(model.network, device, dtype)
    shape = tuple(_first_input(source, model).shape)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    recording = ReversedNetwork(network).record(noise.to(device, dtype))
    asked = None if layers is None else asked_layers(recording, model.name, layers)
    names = usual_layers(recording) if asked is None else asked
    plan = in_batches(network, recording, find_layers(network, recording, names))
    lost = [name for name in names if name not in plan.sites]
    if lost and (asked is not None or not plan.sites):
        raise UnknownLayerError(
            f"layers {', '.join(lost)} cannot be collected: no call returns them with the batch as first axis"
        )
    found = [name for name in names if name in plan.sites]
    manifest = Manifest(
        model=model.name,
        label=model.label,
        network=network_digest(model.network),
        preprocessing=preprocessing_digest(model),
        kind=source.listing.kind,
        images=len(source),
        data=data_digest(source.listing, source, model.preprocess),
        layers=described(recording, model.name, found, dict(network.named_modules())),
        rectified=rectified_layers(recording, found),
        k=settings.k,
        shard_size=settings.shard_size,
        chunk=settings.chunk,
        dtype=str(dtype).removeprefix("torch."),
        shape=(shape[0], shape[1], shape[2]),
        device=device.type,
        versions=versions(),
    )
    recording.forget()
    warnings = establish(folder, manifest)
    _write_listing(folder, source)
    return Work(folder, manifest, source, model, network, plan, settings), warnings


def require_positive(name: str, number: object) -> None:
    """Raise a `ValueError` where a setting is not a whole number of at least 1."""
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"{name}={number!r} must be a whole number of at least 1")


def _first_input(source: ImageSource, model: Model) -> Tensor:
    """Return the network's input for the first image that can be read."""
    why = ""
    for number in range(len(source)):
        try:
            return source.input(number, model.preprocess)
        except Exception as error:  # the build lists them one by one
            why = why or f"{source.listing.names[number]}: {reason(error)}"
    raise NoImagesError(f"none of the {len(source)} images can be read; the first, {why}")


def _write_listing(folder: Path, source: ImageSource) -> None:
    """Write the names of the images, for readers of the result, unless an intact list is there."""
    path, root = folder / LISTING, source.listing.root
    about = {"kind": source.listing.kind, "root": str(Path(root).absolute()) if root else ""}
    try:
        read_sealed(path)
    except (FileNotFoundError, BrokenFileError):
        write_sealed(path, source.listing.packed(), about)
