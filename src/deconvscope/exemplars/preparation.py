"""Before the first image is looked at: the network copied, its layers found, the manifest written or compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from deconvscope.models import Model, network_digest
from deconvscope.reversal import ReversedNetwork, UnknownLayerError

from .data_set import data_digest
from .errors import BrokenPartError
from .files import read_sealed, write_sealed
from .images import ImageSource, packed_listing
from .layers import asked_layers, described, rectified_layers, usual_layers
from .loading import first_input
from .manifest import (
    Manifest,
    establish,
    preprocessing_digest,
    versions,
)
from .parts import LISTING
from .plain_pass import PassPlan, find_layers, in_batches, working_copy


@dataclass(frozen=True)
class Settings:
    """What a person chooses, see `build`.

    Raises:
        ValueError: a number out of range.
    """

    k: int
    chunk: int
    unit: int
    device: torch.device
    dtype: torch.dtype

    def __post_init__(self) -> None:
        for name in ("k", "chunk", "unit"):
            require_positive(name, getattr(self, name))
        if self.unit % self.chunk:
            raise ValueError(
                f"unit={self.unit} must be a multiple of chunk={self.chunk}, so that no chunk lies in two parts"
            )
        if not self.dtype.is_floating_point:
            raise ValueError(f"dtype={self.dtype} must be a floating-point type")


@dataclass(frozen=True)
class Work:
    """All that a process needs to compute parts."""

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
    """Find the layers, and write or compare the manifest.

    Args:
        model: the network, which is copied.
        source: the data set.
        folder: for the results.
        layers: paths or labels; None for the usual ones.
        settings: the rest.

    Returns:
        What parts are computed from, and what a person is to be warned of.
    """
    device, dtype = settings.device, settings.dtype
    network = working_copy(model.network, device, dtype)
    shape = tuple(first_input(source, model.preprocess).shape)
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
        unit=settings.unit,
        chunk=settings.chunk,
        dtype=str(dtype).removeprefix("torch."),
        shape=(shape[0], shape[1], shape[2]),
        device=device.type,
        versions=versions(),
    )
    recording.forget()
    notes = establish(folder, manifest)
    _keep_listing(folder, source)
    return Work(folder, manifest, source, model, network, plan, settings), notes


def _keep_listing(folder: Path, source: ImageSource) -> None:
    """Keep the names of the images, for whoever opens the result; where the folder lies may change."""
    path = folder / LISTING
    about = {
        "kind": source.listing.kind,
        "root": str(Path(source.listing.root).absolute()) if source.listing.root else "",
    }
    try:
        read_sealed(path)
    except (FileNotFoundError, BrokenPartError):
        write_sealed(path, packed_listing(source.listing), about)


def require_positive(name: str, number: object) -> None:
    """Raise a `ValueError` where a setting is no whole number of at least 1."""
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"{name}={number!r} must be a whole number of at least 1")
