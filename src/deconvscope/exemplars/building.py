"""The streaming pass over a data set: which channel responds most to which image, and where.

The images are divided into shards, ranges of about 2,000 images. A finished shard is written, and found again
when the build is run again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from ..models import Model, as_model
from .histogram import Histogram
from .images import image_source
from .loading import LoadedImages, loaded
from .manifest import Manifest
from .plain_pass import collect
from .preparation import Settings, Work, prepare, require_positive
from .shards import LayerStatistics, Shard, is_done, merge, write_shard
from .top_responses import TopResponses
from .workers import Worker, this_worker

SHARD_SIZE = 2048
CHUNK = 32


@dataclass(frozen=True)
class Report:
    """What a call of `build` did; prints as a few lines.

    Attributes:
        folder: the folder of the build.
        shards: the number of shards of the build.
        computed: numbers of the shards that were computed now.
        found: numbers of this worker's shards that existed before.
        images: the number of images that were processed now.
        skipped: name → why the image could not be read, of the images processed now.
        merged: whether the shards were merged.
    """

    folder: Path
    shards: int
    computed: tuple[int, ...] = ()
    found: tuple[int, ...] = ()
    images: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    merged: bool = False

    def __str__(self) -> str:
        lines = [
            f"{self.images} images in {len(self.computed)} shards, {len(self.found)} shards existed before; "
            f"{self.shards} in all, in {self.folder}"
        ]
        if self.skipped:
            lines.append(f"{len(self.skipped)} images were skipped:")
            lines += [f"  {name}: {why}" for name, why in self.skipped.items()]
        if not self.merged:
            lines.append(
                f"when all shards are done: python -m deconvscope exemplars merge {quote(str(self.folder))}"
            )
        return "\n".join(lines)


def build(
    model: str | nn.Module | Model,
    images: Any,
    *,
    out: str | PathLike[str],
    layers: Iterable[str] | None = None,
    k: int = 9,
    batch_size: int = CHUNK,
    device: str | torch.device = "auto",
    dtype: torch.dtype = torch.float32,
    loaders: int = 0,
    chunk: int = CHUNK,
    shard_size: int = SHARD_SIZE,
    worker: Worker | None = None,
) -> Report:
    """Find for every channel of every layer the k images of a data set that excite it most.

    A build can be stopped and run again at any time: finished shards are kept. Several processes with the
    same arguments share the work if torchrun or SLURM started them; `merge` then finishes it. A single
    process merges by itself.

    Args:
        model: a name from `available_models()`, an ``nn.Module``, or a `Model`. It is copied.
        images: a folder, a list of files, a mapping name → picture, or a map-style data set.
        out: the folder for the results.
        layers: names or labels ("conv4_3"); by default the inputs of all rectifiers, and the output.
        k: images per channel, with one patch each.
        batch_size: images loaded at a time; does not change the result.
        device: "auto" (CUDA where there is one, else the CPU) or a torch device.
        dtype: the precision of the forward pass.
        loaders: processes that load images; 0 to load between the passes.
        chunk: images that the network sees at once. Another number may change the last digits, so results of
            different chunks are never mixed.
        shard_size: images per shard, a multiple of `chunk`.
        worker: which of several workers this process is; by default read from its environment.

    Returns:
        What was done. `Exemplars.open` reads the result.

    Raises:
        ChangedBuildError: `out` holds another build, or the data set shrank in the meantime.
        NoImagesError: there are no images.
        UnknownLayerError: no layer of that name, or one that cannot be collected.
        WriteError: the disk is full; finished shards are safe.
        ValueError: k, batch_size, chunk or shard_size out of range.

    Source: Zeiler & Fergus, *Visualizing and Understanding Convolutional Networks* (ECCV 2014), Fig. 2.

    Example:
        >>> build("vgg16_trunk", "photographs", out="exemplars", k=9)  # doctest: +SKIP
        >>> Exemplars.open("exemplars")["conv4_3"][33]                 # doctest: +SKIP
    """
    require_positive("batch_size", batch_size)
    worker = this_worker() if worker is None else worker
    settings = Settings(k, chunk, shard_size, worker.device(device), dtype)
    work, notes = prepare(
        as_model(model), image_source(images), Path(out).expanduser(), layers, settings
    )
    for note in notes:
        warnings.warn(note, stacklevel=2)
    mine = worker.shards(work.manifest.shards)
    found = tuple(number for number in mine if is_done(work.folder, work.manifest, number))
    report = Report(work.folder, work.manifest.shards, found=found)
    missing = [number for number in mine if number not in found]
    names = work.source.listing.names
    with _bar(work.manifest, missing, worker) as bar:
        for number, shard in _shards(work, missing, batch_size, loaders, bar):
            write_shard(work.folder, work.manifest, number, shard)
            report = replace(
                report,
                computed=(*report.computed, number),
                images=report.images + len(work.manifest.images_of(number)),
                skipped=report.skipped | {names[i]: why for i, why in shard.skipped.items()},
            )
    if worker.count == 1:
        merge(work.folder)
        report = replace(report, merged=True)
    return report


def _shards(
    work: Work, missing: Sequence[int], batch_size: int, loaders: int, bar: Any
) -> Iterator[tuple[int, Shard]]:
    """Compute the missing shards one after the other, from one stream of images."""
    ranges = [work.manifest.images_of(number) for number in missing]
    batches = [
        [*range(start, min(start + batch_size, numbers.stop))]
        for numbers in ranges
        for start in range(numbers.start, numbers.stop, batch_size)
    ]
    pinned = work.settings.device.type == "cuda"
    stream = loaded(
        work.source, work.model.preprocess, work.manifest.shape, batches, loaders, pinned
    )
    skipped = 0
    for number, numbers in zip(missing, ranges, strict=True):
        builder = ShardBuilder(work, numbers)
        while not builder.complete:
            batch = next(stream)
            builder.add(batch)
            skipped += len(batch.skipped)
            if batch.skipped:
                bar.set_postfix_str(f"{skipped} skipped")
            bar.update(len(batch.numbers) + len(batch.skipped))
        yield number, builder.shard()


def _bar(manifest: Manifest, missing: Sequence[int], worker: Worker) -> Any:
    return tqdm(
        total=sum(len(manifest.images_of(number)) for number in missing),
        unit="image",
        desc="exemplars"
        if worker.count == 1
        else f"exemplars, {worker.rank + 1} of {worker.count}",
        disable=not missing,
        position=worker.local_rank,
        dynamic_ncols=True,
    )


class ShardBuilder:
    """Computes a shard: fills chunks with images, runs the network on each, and keeps the statistics.

    The network always sees the same images of a shard in the same places of a chunk, however many are
    loaded at a time and whichever worker computes them; an unreadable image leaves its place black. So the
    arithmetic of every image is fixed, and with it the last bit of every number.
    """

    def __init__(self, work: Work, numbers: range) -> None:
        manifest, settings = work.manifest, work.settings
        self._work, self._numbers = work, numbers
        self._next = numbers.start
        self._top = {
            layer.name: TopResponses(layer.channels, manifest.k, settings.dtype, settings.device)
            for layer in manifest.layers
        }
        self._histograms = {
            layer.name: Histogram(layer.channels, settings.device) for layer in manifest.layers
        }
        self._contents = np.zeros(len(numbers), dtype=np.int64)
        self._seen: set[int] = set()
        self._skipped: dict[int, str] = {}
        shape = (manifest.chunk, *manifest.shape)
        chunk = torch.zeros(shape, dtype=settings.dtype, device=settings.device)
        self._chunk = chunk.to(memory_format=torch.channels_last)
        self._usable = np.zeros(manifest.chunk, dtype=bool)
        self._eligible = np.zeros(manifest.chunk, dtype=bool)

    @property
    def complete(self) -> bool:
        """Whether every image of the shard was processed."""
        return self._next == self._numbers.stop

    def add(self, batch: LoadedImages) -> None:
        """Process the next images, in the order of their numbers."""
        self._skipped.update(batch.skipped)
        images = batch.images.to(
            self._work.settings.device, self._work.settings.dtype, non_blocking=True
        )
        position = {number: i for i, number in enumerate(batch.numbers)}
        size = len(self._chunk)
        for _ in range(len(batch.numbers) + len(batch.skipped)):
            number = self._next
            slot = (number - self._numbers.start) % size
            if number in position:
                content = batch.contents[position[number]]
                self._contents[number - self._numbers.start] = content
                self._chunk[slot] = images[position[number]]
                self._usable[slot] = True
                self._eligible[slot] = content not in self._seen  # copies would fill all k places
                self._seen.add(content)
            self._next += 1
            if slot == size - 1 or self.complete:
                self._run(number - slot)

    def shard(self) -> Shard:
        """Return the statistics of all images."""
        layers = {
            layer.name: LayerStatistics(
                self._top[layer.name].responses(layer.places), self._histograms[layer.name].counts()
            )
            for layer in self._work.manifest.layers
        }
        return Shard(layers, self._contents, self._skipped)

    def _run(self, first: int) -> None:
        """Run the network over the chunk, and empty it."""
        usable = torch.from_numpy(self._usable).to(self._work.settings.device)
        eligible = torch.from_numpy(self._eligible).to(self._work.settings.device)
        take = {name: partial(self._take, name, first, usable, eligible) for name in self._top}
        collect(self._work.network, self._chunk, self._work.plan, take)
        self._chunk.zero_()
        self._usable[:] = False
        self._eligible[:] = False

    def _take(self, layer: str, first: int, usable: Tensor, eligible: Tensor, maps: Tensor) -> None:
        self._top[layer].add(maps, first, eligible)
        self._histograms[layer].add(maps, first // len(self._chunk), usable)
