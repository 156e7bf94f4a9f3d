"""The evaluation of section 3.5: how well reversed pictures segment photographs with known foreground."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...analysis import as_mask
from ...analysis.grab_cut import Mask, cut_out, gaussian_baseline
from ...analysis.progress import each
from ...models import Preprocessing, UnreadableImageError, network_digest, picture_files, read_image
from ...reversal import Architecture, Asked, as_architectures
from ..drawing import COLOURS, new_figure
from ..result import Entry, Figure, Result, Table
from ..subject import THREE, AnyModel, mean
from .composites import composites
from .segment import NothingPositiveError, Segmenter, prepared, segmentations

BASELINE = "Gaussian baseline"
PAPER: dict[str, tuple[float | None, ...]] = {
    "SaliNet": (82.82, 57.07, 82.45, 56.33),
    "DeSaliNet": (82.31, 55.57, 83.29, 56.25),
    "DeConvNet": (75.85, 48.26, 76.52, 48.16),
    BASELINE: (78.97, 46.27, 78.97, 46.27),
}
"""Table 1 of Mahendran & Vedaldi (ECCV 2016): PP and IoU with AlexNet, PP and IoU with VGG-16."""

DIFFERENCES = (
    "OpenCV's GrabCut in place of a segmenter with geodesic star convexity",
    "the same protocol otherwise: quantiles 0.90 and 0.30, clamps at 0.995 and 0.005, 5 + 5 Gaussians, "
    "largest component",
)

Case = tuple[str, Image.Image, Mask]


@dataclass(frozen=True)
class Score:
    """Per-pixel accuracy and intersection over union of one segmented photograph, both from 0 to 1."""

    photograph: str
    method: str
    accuracy: float
    overlap: float


class KeptScores:
    """Scores in a file of JSON lines, None for no file: first the settings, then one line per photograph.

    An incomplete last line, left by a crash or a full disk, is dropped.
    """

    def __init__(self, file: str | Path | None, settings: Mapping[str, Any]) -> None:
        self._file = None if file is None else Path(file)
        self._known: dict[str, list[Score]] = {}
        if self._file is None:
            return
        text = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        *whole, cut_short = text.split("\n")
        first, *lines = whole or [json.dumps(settings)]
        try:
            there = json.loads(first)
            rows = [[Score(**score) for score in json.loads(line)] for line in lines]
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{str(self._file)!r} holds something else than scores ({error}); name another file"
            ) from error
        if there != settings:
            raise ValueError(
                f"{str(self._file)!r} holds scores of other settings: {first}; name another file"
            )
        self._known = {scores[0].photograph: scores for scores in rows}
        if cut_short or not whole:
            self._file.write_text("\n".join([first, *lines, ""]), encoding="utf-8")

    def of(self, photograph: str) -> list[Score] | None:
        """Return the scores of a photograph, None where there are none."""
        return self._known.get(photograph)

    def add(self, scores: Sequence[Score]) -> None:
        """Append a photograph's scores to the file."""
        if self._file is None:
            return
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps([asdict(score) for score in scores]) + "\n")


@dataclass(frozen=True, eq=False, repr=False)
class SegmentationScores(Result):
    """What `evaluate_segmentation` found.

    Attributes:
        network: its label.
        methods: names of the architectures, and "Gaussian baseline".
        scores: one for each photograph and method; of an empty mask where nothing of the top class is positive.
    """

    network: str
    methods: tuple[str, ...]
    scores: tuple[Score, ...]

    def accuracy(self, method: str) -> float:
        """Return the mean per-pixel accuracy (PP), in percent."""
        return 100 * mean(s.accuracy for s in self.scores if s.method == method)

    def overlap(self, method: str) -> float:
        """Return the mean intersection over union (IoU) of the foreground, in percent."""
        return 100 * mean(s.overlap for s in self.scores if s.method == method)

    @property
    def photographs(self) -> int:
        """The number of photographs."""
        return len({score.photograph for score in self.scores})

    def table(self) -> Table:
        """Return the scores in the form of Table 1, with the paper's beside ours and the differences named."""
        rows: list[tuple[Entry, ...]] = []
        for method in self.methods:
            paper = PAPER.get(method, (None,) * 4)
            ours = (self.accuracy(method), self.overlap(method))
            rows.append((method, *(None if x is None else f"{x:.2f}" for x in (*ours, *paper))))
        return Table(
            ("method", "PP", "IoU", "paper, AlexNet: PP", "IoU", "paper, VGG-16: PP", "IoU"),
            rows,
            f"{self.network} on {self.photographs} photographs (the paper's: AlexNet and VGG-16 on annotated "
            "photographs of ImageNet). PP: pixels classified correctly; IoU: intersection over union of the "
            "foreground, both in percent, means over photographs. Differences from Table 1: "
            f"{'; '.join(DIFFERENCES)}.",
        )

    def figure(self) -> Figure:
        """Draw the IoU of every photograph, by method, and its mean."""
        figure = new_figure(6.4, 0.5 + 0.55 * len(self.methods))
        axis = figure.subplots()
        for row, method in enumerate(self.methods):
            values = [100 * s.overlap for s in self.scores if s.method == method]
            colour = COLOURS.get(method, "#5f6b7a")
            axis.plot(values, [row] * len(values), "|", color=colour, ms=12, alpha=0.6)
            axis.plot(self.overlap(method), row, "o", color=colour, ms=7)
        axis.set_yticks(range(len(self.methods)), self.methods, fontsize=9)
        axis.set_xlim(0, 100)
        axis.set_ylim(len(self.methods) - 0.5, -0.5)
        axis.tick_params(axis="x", labelsize=8)
        axis.set_xlabel("intersection over union, % (bars: photographs, dot: mean)", fontsize=8)
        for side in ("top", "right", "left"):
            axis.spines[side].set_visible(False)
        return figure


def evaluate_segmentation(
    images: str | Path | None = None,
    masks: str | Path | None = None,
    model: AnyModel | Segmenter = "mobilenet_v2",
    architectures: Asked = THREE,
    *,
    layer: str | None = None,
    size: int | None = None,
    limit: int | None = None,
    keep: str | Path | None = None,
    seed: int = 0,
) -> SegmentationScores:
    """Segment photographs by several architectures and compare with their masks (section 3.5, Table 1).

    Args:
        images: a folder of photographs; by default 24 composites made from the bundled ones (`composites`).
        masks: a folder with a mask for each photograph, a picture of the same name (any suffix) and size, zero outside
            the foreground.
        model: a classifier, any network with `layer`, or a `Segmenter`.
        architectures: by default DeConvNet, SaliNet and DeSaliNet.
        layer: name or label of a layer with maps, whose most active channel takes the class's place.
        size: short side of the resized photographs, in pixels; by default 256.
        limit: the largest number of photographs.
        keep: a file to which each photograph's scores are appended; scores that it has are not computed again.
        seed: of the composites.

    Raises:
        ValueError: one folder without the other, a photograph without mask, a mask that is empty, full or of another
            size, no photographs, a photograph that cannot be cut, a layer or size given with a `Segmenter`, or a
            `keep` file from other settings.
        NoClassLayerError: the network has no class layer, and none was named.
        MissingExtraError: OpenCV is not installed: ``pip install 'deconvscope[segmentation]'``.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit={limit}: at least one photograph")
    asked = as_architectures(architectures)
    ready = prepared(model, layer, size)
    cases, count = _cases(images, masks, limit, seed)
    methods = (*(architecture.name for architecture in asked), BASELINE)
    preprocess = ready.model.preprocess
    settings = {
        "network": ready.model.name,
        "weights": network_digest(ready.model.network),
        "layer": ready.layer,
        "preprocessing": str(preprocess) if isinstance(preprocess, Preprocessing) else None,
        "methods": list(methods),
        "images": "composites" if images is None else str(Path(images).resolve()),
        "masks": None if masks is None else str(Path(masks).resolve()),
        "seed": seed if images is None else None,
    }
    kept = KeptScores(keep, settings)
    scores: list[Score] = []
    for case in each(cases, "segmenting", count):
        known = kept.of(case[0])
        if known is None:
            known = _scores(case, asked, ready)
            kept.add(known)
        scores += known
    return SegmentationScores(ready.model.label, methods, tuple(scores))


def accuracy_and_overlap(found: Mask, true: Mask) -> tuple[float, float]:
    """Return per-pixel accuracy, and intersection over union of the foreground, from 0 to 1.

    Raises:
        ValueError: masks of different sizes.
    """
    if found.shape != true.shape:
        raise ValueError(f"masks of sizes {found.shape} and {true.shape} cannot be compared")
    union = int((found | true).sum())
    return float((found == true).mean()), int((found & true).sum()) / union if union else 1.0


def _scores(case: Case, architectures: Sequence[Architecture], ready: Segmenter) -> list[Score]:
    name, photograph, true = case
    try:
        found = segmentations(photograph, name, architectures, ready)
    except NothingPositiveError:  # no foreground
        masks = [np.zeros_like(true) for _ in architectures]
    else:
        masks = [one.mask for one in found]
    pixels = np.asarray(photograph)
    masks.append(cut_out(pixels, gaussian_baseline(*true.shape)).mask)
    names = (*(architecture.name for architecture in architectures), BASELINE)
    return [
        Score(name, method, *accuracy_and_overlap(mask, true))
        for method, mask in zip(names, masks, strict=True)
    ]


def _cases(
    images: str | Path | None, masks: str | Path | None, limit: int | None, seed: int
) -> tuple[Iterable[Case], int]:
    """Return photographs with their masks, and the number of them."""
    if images is None and masks is None:
        count = 24 if limit is None else limit
        return ((c.name, c.photograph, c.mask) for c in composites(count, seed)), count
    if images is None or masks is None:
        raise ValueError("give both folders, images and masks, or neither for the composites")
    photographs = picture_files(images)
    found = {path.stem: path for path in picture_files(masks)}
    missing = [path.name for path in photographs if path.stem not in found]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise ValueError(
            f"no mask of the same name in {str(masks)!r} for {', '.join(missing[:3])}{more}"
        )
    pairs = [(path, found[path.stem]) for path in photographs][:limit]
    return _read(pairs), len(pairs)


def _read(pairs: Sequence[tuple[Path, Path]]) -> Iterator[Case]:
    for image, mask in pairs:
        photograph = read_image(image)
        try:
            with Image.open(mask) as opened:
                true = as_mask(opened, (photograph.height, photograph.width))
        except OSError as error:
            raise UnreadableImageError(f"the mask {str(mask)!r} cannot be read") from error
        except ValueError as error:
            raise ValueError(f"{mask.name}: {error}") from error
        yield image.stem, photograph, true
