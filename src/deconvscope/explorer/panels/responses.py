"""What the kernel tells browsers beside a view, as data; `js/src/protocol.ts` has the same names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deconvscope.reversal import Reversed

from ..protocol.payload import Payload
from ..responses import box, picture_traits
from .foreground import Foreground
from .layer_trace import LayerTraceStep
from .pins import Pin


def random_traits(reconstruction: Reversed) -> Payload:
    """Return the same click with randomised filters."""
    pictures, values = picture_traits(reconstruction)
    return {
        "_random": {"window": box(reconstruction.window), "pictures": pictures},
        "_random_pictures": values,
    }


def layer_trace_traits(code: str, steps: Sequence[LayerTraceStep]) -> Payload:
    """Return the way back of one architecture, from the neuron to the image."""
    maps = ("signal_map", "activation_map")
    return {
        "_way_back": {
            "code": code,
            "steps": [
                {name: value for name, value in vars(step).items() if name not in maps}
                for step in steps
            ],
        },
        "_way_back_maps": b"".join(step.signal_map + step.activation_map for step in steps),
    }


def comparison_traits(sides: Sequence[Pin]) -> Payload:
    """Return two views side by side."""
    return {
        "_comparison": {
            "sides": [
                {
                    "address": side.address,
                    "title": f"{side.title} · {side.place}",
                    "window": side.window,
                    "pictures": list(side.pictures),
                }
                for side in sides
            ]
        },
        "_comparison_pictures": b"".join(side.values for side in sides),
    }


def segmentation_traits(foreground: Foreground) -> Payload:
    """Return a foreground; the mask's bits, row by row, the most significant first."""
    height, width = foreground.mask.shape
    return {
        "_segmentation": {
            "name": foreground.architecture,
            "height": height,
            "width": width,
            "share": round(foreground.share, 4),
            "note": foreground.note,
        },
        "_segmentation_mask": np.packbits(foreground.mask).tobytes(),
    }
