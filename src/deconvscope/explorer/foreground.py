"""The foreground that the first picture of a view points at (Mahendran & Vedaldi, ECCV 2016, section 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from .session import View
from .worker import Check

TENTH = 0.1
"""Of the image, which the strongest values of a picture have to cover to seed a foreground."""


@dataclass(frozen=True, eq=False)
class Foreground:
    """A mask (H, W) of the network's image, the architecture that drew its seeds, and what to know about it."""

    architecture: str
    mask: NDArray[np.bool_]
    note: str

    @property
    def share(self) -> float:
        """Of the image."""
        return float(self.mask.mean())


def can_segment() -> bool:
    """Return whether the package is installed that foregrounds are cut out with."""
    return find_spec("cv2") is not None


def foreground(view: View, check: Check) -> Foreground:
    """Cut out what the first picture points at; of a picture that covers too little of the image, nothing.

    Args:
        view: what is shown.
        check: called between rounds, raises to give up.

    Raises:
        MissingExtraError: OpenCV is not installed: ``pip install 'deconvscope[segmentation]'``.
        ValueError: the image is too small for models of colours.
    """
    from deconvscope.experiments import cut_out

    seen = np.asarray(view.scene.seen)
    picture = view.reconstruction.dense()[0].detach().float().abs().amax(0).cpu().numpy()
    architecture = view.reconstruction.architectures[0].name
    lit = float((picture > 0).mean())
    if lit <= TENTH:
        note = (
            f"the picture covers {lit:.1%} of the image, a tenth is needed: choose a deeper layer"
        )
        return Foreground(architecture, np.zeros(picture.shape, bool), note)
    cut = cut_out(seen, picture, between=check)
    note = "colours learnt where the picture is strong and where it is weak, then a graph cut"
    return Foreground(architecture, cut.mask, note)
