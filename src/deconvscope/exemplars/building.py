"""The streaming pass over a data set: which channel responds most to which image, and where.

The work is cut into units, index ranges of about 2,000 images; what a unit found is written when it is
done, and found again when the build is run again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from shlex import quote
from typing import Any

import torch
from torch import nn
from tqdm.auto import tqdm

from deconvscope.models import Model, as_model

from .images import image_source
from .loading import loaded
from .manifest import Manifest
from .merging import merge
from .parts import Part, is_done, write_part
from .preparation import Settings, Work, prepare, require_positive
from .shares import Share, share_of
from .unit import UnitUnderWay

UNIT = 2048
CHUNK = 32


@dataclass(frozen=True)
class Report:
    """What a call of `build` did; prints as a few lines.

    Attributes:
        folder: where the build is.
        parts: how many parts the build has.
        computed: numbers of those computed now.
        found: numbers of this process's parts that were there already.
        images: how many images were looked at now.
        skipped: name of an image → why it could not be read, of those looked at now.
        merged: whether all parts are there and merged.
    """

    folder: Path
    parts: int
    computed: tuple[int, ...] = ()
    found: tuple[int, ...] = ()
    images: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    merged: bool = False

    def __str__(self) -> str:
        lines = [
            f"{self.images} images in {len(self.computed)} parts, {len(self.found)} parts were there already; "
            f"{self.parts} in all, in {self.folder}"
        ]
        if self.skipped:
            lines.append(f"{len(self.skipped)} images were skipped:")
            lines += [f"  {name}: {why}" for name, why in self.skipped.items()]
        if not self.merged:
            lines.append(
                f"when all parts are there: python -m deconvscope exemplars merge {quote(str(self.folder))}"
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
    workers: int = 0,
    chunk: int = CHUNK,
    unit: int = UNIT,
    share: Share | None = None,
) -> Report:
    """Find for every channel of every layer the k images of a data set that excite it most.

    May be stopped and run again at any time: parts that are there are kept. Several processes with the
    same arguments share the work when torchrun or SLURM started them; `merge` then finishes it. A
    process alone merges by itself.

    Args:
        model: a name from `available_models()`, an ``nn.Module``, or a `Model`. It is copied.
        images: a folder, a list of files, a mapping name → picture, or a map-style data set.
        out: the folder for the results.
        layers: paths or labels ("conv4_3"); by default what each rectifier reads, and the output.
        k: how many images are kept a channel, one patch an image.
        batch_size: how many images are loaded at a time; never changes a result.
        device: "auto" (CUDA where there is one, else the CPU) or a torch device.
        dtype: the precision of the forward pass.
        workers: processes that read images; 0 to read between the passes.
        chunk: how many images the network sees at once; results with other chunks may differ in their
            last digits, so that they are not mixed.
        unit: images a part, a multiple of `chunk`.
        share: which units this process takes; by default as its environment says.

    Returns:
        What was done. `Exemplars.open` reads the result.

    Raises:
        ChangedBuildError: `out` holds another build, or the data set shrank meanwhile.
        NoImagesError: there is nothing to look at.
        UnknownLayerError: no layer of that name, or one that cannot be collected.
        WriteError: the disk is full; what was done is safe.
        ValueError: k, batch_size, chunk or unit out of range.

    Source: Zeiler & Fergus, *Visualizing and Understanding Convolutional Networks* (ECCV 2014), Fig. 2.

    Example:
        >>> build("vgg16_trunk", "photographs", out="exemplars", k=9)  # doctest: +SKIP
        >>> Exemplars.open("exemplars")["conv4_3"][33]                 # doctest: +SKIP
    """
    require_positive("batch_size", batch_size)
    share = share_of() if share is None else share
    settings = Settings(k, chunk, unit, share.device(device), dtype)
    work, notes = prepare(
        as_model(model), image_source(images), Path(out).expanduser(), layers, settings
    )
    for note in notes:
        warnings.warn(note, stacklevel=2)
    mine = share.units(work.manifest.units)
    found = tuple(number for number in mine if is_done(work.folder, work.manifest, number))
    report = Report(work.folder, work.manifest.units, found=found)
    missing = [number for number in mine if number not in found]
    names = work.source.listing.names
    with _bar(work.manifest, missing, share) as bar:
        for number, part in _parts(work, missing, batch_size, workers, bar):
            write_part(work.folder, work.manifest, number, part)
            report = replace(
                report,
                computed=(*report.computed, number),
                images=report.images + len(work.manifest.range_of(number)),
                skipped=report.skipped | {names[i]: why for i, why in part.skipped.items()},
            )
    if share.of == 1:
        merge(work.folder)
        report = replace(report, merged=True)
    return report


def _parts(
    work: Work, units: Sequence[int], batch_size: int, workers: int, bar: Any
) -> Iterator[tuple[int, Part]]:
    """Compute the parts of units, one after the other, from one stream of images."""
    ranges = [work.manifest.range_of(number) for number in units]
    batches = [
        [*range(start, min(start + batch_size, numbers.stop))]
        for numbers in ranges
        for start in range(numbers.start, numbers.stop, batch_size)
    ]
    stream = loaded(
        work.source,
        work.model.preprocess,
        work.manifest.shape,
        batches,
        workers,
        pinned=work.settings.device.type == "cuda",
    )
    skipped = 0
    for number, numbers in zip(units, ranges, strict=True):
        unit = UnitUnderWay(work, numbers)
        while not unit.complete:
            batch = next(stream)
            unit.add(batch)
            skipped += len(batch.skipped)
            if batch.skipped:
                bar.set_postfix_str(f"{skipped} skipped")
            bar.update(len(batch.numbers) + len(batch.skipped))
        yield number, unit.part()


def _bar(manifest: Manifest, missing: Sequence[int], share: Share) -> Any:
    return tqdm(
        total=sum(len(manifest.range_of(number)) for number in missing),
        unit="image",
        desc="exemplars" if share.of == 1 else f"exemplars, {share.rank + 1} of {share.of}",
        disable=not missing,
        position=share.local_rank,
        dynamic_ncols=True,
    )
