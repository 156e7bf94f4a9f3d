"""The foreground that the first picture of a view points at (Mahendran & Vedaldi, ECCV 2016, section 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from deconvscope.experiments import segment_reversed

from ..protocol.responses import Payload
from ..scheduler import Check
from ..session import View

SEEDED = "colours learnt where the picture is strong and where it is weak, then a graph cut"


@dataclass(frozen=True, eq=False)
class Foreground:
    """A mask (H, W) of the network's image, the architecture whose picture it starts from, and a note."""

    architecture: str
    mask: NDArray[np.bool_]
    note: str


def can_segment() -> bool:
    """Return whether OpenCV is installed, which cuts out foregrounds."""
    return find_spec("cv2") is not None


def foreground(view: View, check: Check) -> Foreground:
    """Cut out what the first picture points at, inside the neuron's window; `check` is called between rounds.

    The mask is empty if the picture is too small or empty; the note then says why.
    """
    result = view.reconstruction
    try:
        mask = segment_reversed(view.recorded_image.seen, result, between=check).mask
        note = SEEDED
    except ValueError as error:
        mask, note = np.zeros(result.extent, bool), str(error)
    return Foreground(result.architectures[0].name, mask, note)


def foreground_traits(view: View, check: Check) -> Payload:
    """Return the traits that show a foreground; the mask's bits row by row, the most significant first."""
    found = foreground(view, check)
    return {
        "_segmentation": {
            "name": found.architecture,
            "height": found.mask.shape[0],
            "width": found.mask.shape[1],
            "share": round(float(found.mask.mean()), 4),
            "note": found.note,
        },
        "_segmentation_mask": np.packbits(found.mask).tobytes(),
    }
