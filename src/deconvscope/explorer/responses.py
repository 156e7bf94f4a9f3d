"""What the kernel tells browsers, as data: views, layers, networks, progress and failures.

Pure functions to plain values; `js/src/protocol.ts` has the same names.
"""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from deconvscope.reversal import Box, Recording, Reversed

from .progress import Progress
from .protocol.address import Address
from .protocol.architectures import described
from .protocol.payload import Payload
from .protocol.pictures import Picture, encode_pictures
from .protocol.status_notes import differences
from .recorded_image import RecordedImage
from .session import Session, View

NOTEBOOK = "09_when_not_to_trust_a_picture.ipynb"
"""Explains the meters; a link leads there where it lies beside the notebook that is open."""
LONGEST_LINE = 600
LARGEST_PNG = 130_000
"""Bytes up to which the photograph is sent without loss."""


def progress(told: Progress, cancellable: bool) -> Payload:
    """Return what a browser shows of work in hand; `_cancel` ends it where it is cancellable."""
    fraction = None if told.fraction is None else round(told.fraction, 3)
    return {"text": told.text, "fraction": fraction, "cancellable": cancellable}


def failure(message: str, client: str, seq: int) -> Payload:
    """Return the line that tells a browser why its query was not answered."""
    told = " ".join(message.split()) or "the query failed for an unknown reason"
    return {"client": client, "seq": seq, "message": told[:LONGEST_LINE]}


def line(error: Exception) -> str:
    """Return what a person is told of an error: its own words where they were written for people."""
    told = isinstance(error, LookupError | ValueError | RuntimeError | OSError)
    return str(error) if told else f"{type(error).__name__}: {error}"


def catalog(session: Session) -> Payload:
    """Return what the pickers offer."""
    return {
        "models": [
            {"name": offer.name, "label": offer.label, "bundled": offer.bundled}
            for offer in session.networks.offered()
        ],
        "images": [
            {
                "name": name,
                "label": session.images[name].label,
                "thumbnail": session.images[name].thumbnail,
            }
            for name in session.images.names()
        ],
        "architectures": described(session.offered_architectures()),
        "notebook": NOTEBOOK if "ipykernel" in sys.modules and Path(NOTEBOOK).exists() else None,
    }


def recorded_image_traits(
    recorded_image: RecordedImage,
    exemplars: Sequence[str] | None = None,
    segmentation: bool = False,
) -> Payload:
    """Return the traits that change with the network or the image.

    Args:
        recorded_image: network and image.
        exemplars: names of the layers that have exemplars; None where there are none of this network.
        segmentation: whether a foreground can be cut out.
    """
    recording, model = recorded_image.recording, recorded_image.model
    seen = recorded_image.seen
    return {
        "_network": {
            "model": model.name,
            "label": model.label,
            "randomWeights": model.random_weights,
            "device": recording.input.device.type.upper(),
            "precision": precision(recording),
            "differences": [asdict(difference) for difference in differences(recording)],
            "image": {
                "name": recorded_image.photograph.name,
                "label": recorded_image.photograph.label,
                "height": seen.height,
                "width": seen.width,
                "note": recorded_image.told,
            },
            "fallbacks": list(recorded_image.fallbacks),
            "exemplars": None if exemplars is None else list(exemplars),
            "segmentation": segmentation,
            "classes": _classes(recorded_image),
            "layers": [
                {
                    "name": layer.name,
                    "label": recorded_image.labels[layer.name],
                    "kind": layer.kind,
                    "shape": list(layer.shape),
                    "field": _field(recorded_image, layer.name),
                }
                for layer in recorded_image.layers
            ],
        },
        "_photograph": _encoded(seen),
    }


def precision(recording: Recording) -> str:
    """Return the floating-point type of the way back; "tf32" where its factors are rounded to that."""
    if recording.tf32 and recording.input.device.type == "cuda":
        return "tf32"
    return str(recording.precision or recording.input.dtype).removeprefix("torch.")


def layer_traits(recorded_image: RecordedImage, layer: str) -> Payload:
    """Return the traits that change with the layer: the atlas of its channels."""
    atlas = recorded_image.atlas(layer)
    return {
        "_atlas_info": {
            "layer": layer,
            "channels": len(atlas.minima),
            "height": atlas.height,
            "width": atlas.width,
            "tileHeight": atlas.tile_height,
            "tileWidth": atlas.tile_width,
            "minima": atlas.minima,
            "maxima": atlas.maxima,
            "variances": atlas.variances,
        },
        "_atlas": atlas.tiles,
    }


def neuron_traits(view: View, client: str, seq: int) -> Payload:
    """Return the traits that change with every click: the map, the pictures, the view."""
    levels, values, scale = map_levels(
        view.recorded_image.activation(view.neuron.layer), view.neuron.channel
    )
    height, width = values.shape
    pictures, picture_bytes = picture_traits(view.reconstruction)
    return {
        "_map": levels.tobytes(),
        "_pictures": picture_bytes,
        "_view": {
            "client": client,
            "seq": seq,
            "layer": view.neuron.layer,
            "neuron": {
                "channel": view.neuron.channel,
                "y": view.neuron.y,
                "x": view.neuron.x,
                "value": _finite(view.value),
                "top": _finite(view.rank),
            },
            "map": {
                "height": height,
                "width": width,
                "scale": scale,
                "min": float(values.min()),
                "max": float(values.max()),
            },
            "window": box(view.reconstruction.window),
            "pictures": pictures,
            "milliseconds": round(view.milliseconds, 1),
            "address": str(address(view)),
        },
    }


def picture_traits(reconstruction: Reversed) -> tuple[list[Payload], bytes]:
    """Return what is said of each picture, and the bytes of all."""
    pictures = encode_pictures(reconstruction)
    values = b"".join(picture.values.tobytes() for picture in pictures)
    return [_picture(picture) for picture in pictures], values


def box(window: Box) -> Payload:
    """Return where a window stands."""
    return {
        "top": window.top,
        "left": window.left,
        "height": window.height,
        "width": window.width,
    }


def map_levels(
    activation: torch.Tensor, channel: int
) -> tuple[NDArray[np.int16], NDArray[np.float32], float]:
    """Return a channel's map as levels −32767 … 32767 (H,W), as values, and what 32767 stands for."""
    chosen = activation[channel].detach()
    values = torch.nan_to_num(chosen.float()).reshape((1, 1) if chosen.ndim == 0 else chosen.shape)
    shown: NDArray[np.float32] = values.cpu().numpy()
    scale = float(np.abs(shown).max())
    levels = np.rint(shown * (32767 / scale)) if scale > 0 else np.zeros_like(shown)
    return levels.astype("<i2"), shown, scale


def public_traits(view: View) -> Payload:
    """Return the traits that Python reads."""
    return {
        "model_name": view.place.model,
        "layer": view.neuron.layer,
        "channel": view.neuron.channel,
        "y": view.neuron.y,
        "x": view.neuron.x,
        "architectures": view.place.architectures,
        "address": str(address(view)),
    }


def address(view: View) -> Address:
    """Return the address of a view."""
    return Address(
        model=view.place.model,
        layer=view.neuron.layer,
        channel=view.neuron.channel,
        y=view.neuron.y,
        x=view.neuron.x,
        architectures=tuple(architecture.code for architecture in view.place.architectures),
        image=view.place.image,
    )


def _picture(picture: Picture) -> Payload:
    return {
        "code": picture.architecture.code,
        "name": picture.architecture.name,
        "channels": int(picture.values.shape[0]),
        "scale": picture.scale,
        "q": picture.q,
        "max": picture.scale,
    }


def _field(recorded_image: RecordedImage, layer: str) -> Payload | None:
    field = recorded_image.recording.receptive_field(layer)
    if field is None:
        return None
    return {"stride": list(field.stride), "offset": list(field.offset), "size": list(field.size)}


def _classes(recorded_image: RecordedImage) -> Payload | None:
    layer, names = recorded_image.score_layer, recorded_image.model.categories
    return None if layer is None else {"layer": layer, "names": list(names or ())}


def _encoded(picture: Image.Image) -> bytes:
    lossless, lossy = io.BytesIO(), io.BytesIO()
    picture.save(lossless, "PNG")
    if len(lossless.getvalue()) <= LARGEST_PNG:
        return lossless.getvalue()
    picture.save(lossy, "JPEG", quality=90, subsampling=0)
    return lossy.getvalue()


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
