"""From a saliency map, or a reversed picture, to a foreground mask: colour models and a graph cut.

Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), section 3.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..reversal import Architecture, Reversed
from .measures import inside
from .optional_packages import require
from .progress import Progress, no_progress

Mask = NDArray[np.bool_]
Saliency = NDArray[np.float64]

QUANTILES = (0.995, 0.90, 0.30, 0.005)
"""Of the saliency: certain foreground, foreground, background, certain background."""
GAUSSIANS = 5
SMALLEST = 16
"""Rows and columns of a window below which it has too few pixels to learn 5 + 5 Gaussians from."""


@dataclass(frozen=True, eq=False)
class Cut:
    """A foreground.

    Attributes:
        mask: (H, W), bool.
        seeds: (H, W): 2 and 1 for certain and initial foreground, −2 and −1 for certain and initial background,
            0 for undecided pixels.
    """

    mask: Mask
    seeds: NDArray[np.int8]


def cut_out(
    pixels: NDArray[np.uint8], saliency: Any, rounds: int = 5, progress: Progress = no_progress
) -> Cut:
    """Cut the foreground out of a photograph, seeded by a saliency map (section 3.5).

    The foreground's colours are learnt from pixels above the 0.90 quantile of the saliency, the background's from those
    below the 0.30 quantile (5 Gaussians each); pixels above the 0.995 and below the 0.005 quantile are clamped. The
    largest connected component is kept. The cut is OpenCV's GrabCut (Rother, Kolmogorov & Blake, SIGGRAPH 2004); the
    authors used a segmenter with geodesic star convexity.

    Args:
        pixels: the photograph, (H, W, 3), uint8.
        saliency: (H, W), larger where foreground is more likely.
        rounds: of colour models and cuts.
        progress: called before each round with (done, total); an exception ends the work.

    Raises:
        ValueError: sizes that differ, or a saliency that is the same everywhere.
        MissingExtraError: OpenCV is not installed.
    """
    cv2 = require("cv2", "segmentation")
    values: Saliency = np.asarray(saliency, dtype=np.float64)
    if values.shape != pixels.shape[:2]:
        raise ValueError(
            f"the saliency has shape {values.shape}, the photograph {pixels.shape[:2]}: they must be equal"
        )
    seeds = _seeds(values)
    bgr = np.ascontiguousarray(pixels[:, :, ::-1])
    background, foreground = _colour_models(cv2, bgr, seeds)
    labels = np.full(seeds.shape, cv2.GC_PR_BGD, dtype=np.uint8)
    labels[seeds == 2] = cv2.GC_FGD
    labels[seeds == -2] = cv2.GC_BGD
    modes = [cv2.GC_EVAL_FREEZE_MODEL] + [cv2.GC_EVAL] * (rounds - 1)
    for done, mode in enumerate(modes):
        progress(done, rounds)
        cv2.grabCut(bgr, labels, None, background, foreground, 1, mode)
        marked = labels & 1 == cv2.GC_FGD
        if not marked.any() or marked.all():
            break  # one side has no pixels left to learn colours from
    return Cut(_largest_component(cv2, marked), seeds)


def segment_reversed(
    photograph: Image.Image | NDArray[np.uint8],
    result: Reversed,
    architecture: Architecture | str | None = None,
    progress: Progress = no_progress,
) -> Cut:
    """Cut the foreground out of a photograph, seeded by one picture of a `Reversed` (section 3.5).

    Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), use the picture of a whole class map
    (`segment`); this function takes the picture of any selection. The cut (`cut_out`) and its quantiles of max |x| are
    restricted to the picture's window: what a neuron cannot see is background.

    Args:
        photograph: RGB as the network saw it, a PIL image or (H, W, 3), uint8.
        result: what `Recording.reverse` returned for it.
        architecture: whose picture; by default the first one's.
        progress: called before each round of cutting with (done, total); an exception ends the work.

    Returns:
        mask and seeds, both (H, W); seeds are −2 outside the window.

    Raises:
        LookupError: the architecture was not computed.
        ValueError: a photograph of another size, a window smaller than 16×16, or a picture that is zero.
        MissingExtraError: OpenCV is not installed: ``pip install 'deconvscope[segmentation]'``.

    Example:
        >>> result = rec.reverse(ds.Channel("features.30", 33), "SaliNet")                  # doctest: +SKIP
        >>> segment_reversed(model.preprocess.view(photograph), result).mask.mean()         # doctest: +SKIP
    """
    pixels: Any = np.asarray(photograph)
    if pixels.shape != (*result.extent, 3) or pixels.dtype != np.uint8:
        raise ValueError(
            f"the photograph has shape {pixels.shape} and type {pixels.dtype}; the picture needs "
            f"{(*result.extent, 3)}, uint8: give the pixels that the network saw, model.preprocess.view(photograph)"
        )
    window = result.window
    if min(window.height, window.width) < SMALLEST:
        raise ValueError(
            f"the picture covers {window.height}×{window.width} pixels, too few to separate foreground and background: "
            f"choose a deeper layer or a whole channel ({SMALLEST}×{SMALLEST} at least)"
        )
    drawn = result[result.architectures[0] if architecture is None else architecture]
    seen = inside(window)
    cut = cut_out(np.ascontiguousarray(pixels[seen]), saliency_of(drawn)[seen], progress=progress)
    mask = np.zeros(result.extent, dtype=np.bool_)
    seeds = np.full(result.extent, -2, dtype=np.int8)
    mask[seen], seeds[seen] = cut.mask, cut.seeds
    return Cut(mask, seeds)


def saliency_of(picture: Tensor) -> Saliency:
    """Return the largest |x| over colours, from which section 3.5 takes its seeds: (C, H, W) ↦ (H, W)."""
    saliency: Saliency = picture.detach().abs().amax(0).double().cpu().numpy()
    return saliency


def gaussian_baseline(height: int, width: int) -> Saliency:
    """Return a saliency map that ignores the photograph: −r², with r the distance from the centre, (H, W).

    This is the logarithm of a Gaussian, without underflow far from the centre. `cut_out` uses only the order of the
    values, so a Gaussian of any width gives the same cut.

    Example:
        >>> gaussian_baseline(3, 3)
        array([[-2., -1., -2.],
               [-1., -0., -1.],
               [-2., -1., -2.]])
    """
    y, x = np.mgrid[:height, :width]
    blob: Saliency = -((y - (height - 1) / 2) ** 2) - (x - (width - 1) / 2) ** 2
    return blob


def _seeds(saliency: Saliency) -> NDArray[np.int8]:
    certain, high, low, never = np.quantile(saliency, QUANTILES)
    if not high > low:
        raise ValueError(
            "the saliency is the same nearly everywhere, so it shows no foreground: is the picture zero?"
        )
    seeds = np.zeros(saliency.shape, dtype=np.int8)
    seeds[saliency <= low] = -1
    seeds[saliency < never] = -2
    seeds[saliency > high] = 1
    seeds[saliency > certain] = 2
    return seeds


def _colour_models(cv2: Any, bgr: NDArray[np.uint8], seeds: NDArray[np.int8]) -> tuple[Any, Any]:
    """Return Gaussian mixtures of the seeds' colours. One call of GrabCut would use undecided pixels, too."""
    known = np.concatenate([bgr[seeds > 0], bgr[seeds < 0]])[None]
    labels = np.full(known.shape[:2], cv2.GC_BGD, dtype=np.uint8)
    labels[:, : int((seeds > 0).sum())] = cv2.GC_FGD
    if min((seeds > 0).sum(), (seeds < 0).sum()) < GAUSSIANS:
        raise ValueError(
            f"a photograph of {seeds.size} pixels is too small for {GAUSSIANS} Gaussians"
        )
    background, foreground = np.zeros((1, 13 * GAUSSIANS)), np.zeros((1, 13 * GAUSSIANS))
    cv2.setRNGSeed(0)
    cv2.grabCut(known, labels, None, background, foreground, 0, cv2.GC_INIT_WITH_MASK)
    return background, foreground


def _largest_component(cv2: Any, mask: Mask) -> Mask:
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return mask
    largest: Mask = labels == 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())
    return largest
