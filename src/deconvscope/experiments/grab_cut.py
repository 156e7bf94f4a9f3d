"""From a saliency map to a foreground mask: colour models of both sides, and a graph cut between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .drawing import require

Mask = NDArray[np.bool_]
Saliency = NDArray[np.float64]

# Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), section 3.5.
FOREGROUND_QUANTILE, BACKGROUND_QUANTILE = 0.90, 0.30
HARD_FOREGROUND_QUANTILE, HARD_BACKGROUND_QUANTILE = 0.995, 0.005
GAUSSIANS = 5


@dataclass(frozen=True, eq=False)
class Cut:
    """A foreground.

    Attributes:
        mask: (H, W), bool.
        seeds: (H, W): 2 and 1 for pixels that were foreground for certain and to begin with, −2 and −1 for background,
            0 for those left open.
    """

    mask: Mask
    seeds: NDArray[np.int8]


def cut_out(
    pixels: NDArray[np.uint8],
    saliency: Any,
    rounds: int = 5,
    between: Callable[[], None] = lambda: None,
) -> Cut:
    """Cut the foreground out of a photograph, seeded by a saliency map (section 3.5).

    Pixels above the 0.90 quantile of the saliency teach the foreground's colours, those below the 0.30 quantile the
    background's (5 + 5 Gaussians each); above the 0.995 and below the 0.005 quantile they are clamped. The largest
    connected component is kept. The cut is OpenCV's GrabCut (Rother, Kolmogorov & Blake, SIGGRAPH 2004); the authors
    used a segmenter with geodesic star convexity.

    Args:
        pixels: the photograph, (H, W, 3), uint8.
        saliency: (H, W), larger where the foreground is thought to be.
        rounds: of colour models and cuts.
        between: called before each round; may raise to give up.

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
    for mode in modes:
        between()
        cv2.grabCut(bgr, labels, None, background, foreground, 1, mode)
        marked = labels & 1 == cv2.GC_FGD
        if not marked.any() or marked.all():
            break  # no colours are left to learn one side from
    return Cut(_largest_component(cv2, marked), seeds)


def saliency_of(picture: Tensor) -> Saliency:
    """The largest |x| of the colours, by which section 3.5 seeds: (C, H, W) ↦ (H, W)."""
    saliency: Saliency = picture.detach().abs().amax(0).double().cpu().numpy()
    return saliency


def gaussian_baseline(height: int, width: int) -> Saliency:
    """The saliency of someone who has not seen the photograph: −r², r being the distance from its centre, (H, W).

    That is the logarithm of a Gaussian, without the zeros far from the centre. `cut_out` looks at nothing but which
    pixels are above which quantile, so every Gaussian, of whatever width, gives the same cut.

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
    certain, high, low, never = np.quantile(
        saliency,
        (
            HARD_FOREGROUND_QUANTILE,
            FOREGROUND_QUANTILE,
            BACKGROUND_QUANTILE,
            HARD_BACKGROUND_QUANTILE,
        ),
    )
    if not high > low:
        raise ValueError(
            "the saliency is the same nearly everywhere, so it tells no foreground: is the picture zero?"
        )
    seeds = np.zeros(saliency.shape, dtype=np.int8)
    seeds[saliency <= low] = -1
    seeds[saliency < never] = -2
    seeds[saliency > high] = 1
    seeds[saliency > certain] = 2
    return seeds


def _colour_models(cv2: Any, bgr: NDArray[np.uint8], seeds: NDArray[np.int8]) -> tuple[Any, Any]:
    """Gaussian mixtures of the seeds' colours. Pixels left open take no part, as they would in one call of GrabCut."""
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
