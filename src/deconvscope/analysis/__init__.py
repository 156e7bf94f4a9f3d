"""Measures of reversed pictures and controls, shared by the explorer, the experiments and the exemplars."""

from .grab_cut import Cut, cut_out, gaussian_baseline, saliency_of, segment_reversed
from .masks import as_mask, as_seen, sample_mask
from .measures import (
    box_of,
    edge_agreement,
    energy_inside,
    extent,
    extent_holding,
    inside,
    similarity,
)
from .optional_packages import MissingExtraError, require
from .progress import Progress, no_progress
from .random_weights import NORMALISATIONS, randomised

__all__ = [
    "Cut",
    "MissingExtraError",
    "NORMALISATIONS",
    "Progress",
    "as_mask",
    "as_seen",
    "box_of",
    "cut_out",
    "edge_agreement",
    "energy_inside",
    "extent",
    "extent_holding",
    "gaussian_baseline",
    "inside",
    "no_progress",
    "randomised",
    "require",
    "saliency_of",
    "sample_mask",
    "segment_reversed",
    "similarity",
]
