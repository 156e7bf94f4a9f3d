"""The foreground that the first picture of a view points at (Mahendran & Vedaldi, ECCV 2016, section 3.5)."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from deconvscope.analysis import segment_reversed

from ..protocol.responses import Payload
from ..scheduler import Check
from ..session import View

SEEDED = "colours learnt where the picture is strong and where it is weak, then a graph cut"


def can_segment() -> bool:
    """Return whether OpenCV is installed, which cuts out foregrounds."""
    return find_spec("cv2") is not None


def foreground_traits(view: View, check: Check) -> Payload:
    """Return the traits that show what the first picture points at, as a mask's bits, row by row.

    The mask is empty if the picture is too small or empty; the note then says why.
    """
    result = view.reconstruction
    try:
        seen = view.recorded_image.seen
        mask = segment_reversed(seen, result, progress=lambda done, total: check()).mask
        note = SEEDED
    except ValueError as error:
        mask, note = np.zeros(result.extent, bool), str(error)
    return {
        "_segmentation": {
            "name": result.architectures[0].name,
            "height": mask.shape[0],
            "width": mask.shape[1],
            "share": round(float(mask.mean()), 4),
            "note": note,
        },
        "_segmentation_mask": np.packbits(mask).tobytes(),
    }
