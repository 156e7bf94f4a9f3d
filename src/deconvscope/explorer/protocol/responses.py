"""What the kernel sends to browsers, as data: views, layers, networks, progress and failures.

Pure functions to plain values; `js/src/protocol/protocol.ts` has the same names.
"""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from deconvscope.reversal import Recording, Reversed

from .address import Address
from .architectures import described
from .machine_differences import differences
from .pictures import encode_pictures

if TYPE_CHECKING:
    from PIL import Image

    from ..progress import Progress
    from ..recorded_image import RecordedImage
    from ..session import Session, View

Payload = dict[str, Any]
"""What is sent to browsers: traits by name, or the value of one."""

NOTEBOOK = "09_when_not_to_trust_a_picture.ipynb"
"""Explains the meters; the browser links to it if it lies beside the open notebook."""
LONGEST_LINE = 600
LARGEST_PNG = 130_000
"""Bytes up to which the photograph is sent without loss."""


def progress(now: Progress | None, cancellable: bool) -> Payload:
    """Return what a browser shows of the work in hand; `_cancel` ends it if it is cancellable."""
    if now is None:
        return {}
    fraction = None if now.fraction is None else round(now.fraction, 3)
    return {"text": now.text, "fraction": fraction, "cancellable": cancellable}


def failure(message: str, client: str, seq: int) -> Payload:
    """Return why a browser's query was not answered, in one line."""
    line = " ".join(message.split()) or "the query failed for an unknown reason"
    return {"client": client, "seq": seq, "message": line[:LONGEST_LINE]}


def catalog(session: Session) -> Payload:
    """Return what the pickers offer."""
    images = [session.images[name] for name in session.images.names()]
    return {
        "models": [asdict(offer) for offer in session.networks.offered()],
        "images": [
            {"name": image.name, "label": image.label, "thumbnail": image.thumbnail}
            for image in images
        ],
        "architectures": described(session.architectures.offered()),
        "notebook": NOTEBOOK if "ipykernel" in sys.modules and Path(NOTEBOOK).exists() else None,
    }


def recorded_image_traits(
    recorded_image: RecordedImage,
    exemplars: Sequence[str] | None = None,
    segmentation: bool = False,
) -> Payload:
    """Return the traits of a network and an image; `exemplars` names the layers that have exemplars, if any do."""
    recording, model = recorded_image.recording, recorded_image.model
    seen, photograph = recorded_image.seen, recorded_image.photograph
    score_layer = recorded_image.score_layer
    return {
        "_network": {
            "model": model.name,
            "label": model.label,
            "randomWeights": model.random_weights,
            "device": recording.input.device.type.upper(),
            "precision": precision(recording),
            "differences": [
                {"label": label, "reason": reason} for label, reason in differences(recording)
            ],
            "image": {
                "name": photograph.name,
                "label": photograph.label,
                "height": seen.height,
                "width": seen.width,
                "note": recorded_image.note,
            },
            "fallbacks": list(recorded_image.fallbacks),
            "exemplars": None if exemplars is None else list(exemplars),
            "segmentation": segmentation,
            "classes": (
                None
                if score_layer is None
                else {"layer": score_layer, "names": list(model.categories or ())}
            ),
            "layers": [
                {
                    "name": layer.name,
                    "label": recorded_image.labels[layer.name],
                    "kind": layer.kind,
                    "shape": list(layer.shape),
                    "field": _field(recording, layer.name),
                }
                for layer in recorded_image.layers
            ],
        },
        "_photograph": _encoded(seen),
    }


def precision(recording: Recording) -> str:
    """Return the floating-point type of the way back; "tf32" if its factors are rounded to that."""
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
    neuron = view.neuron
    levels, values, scale = map_levels(view.recorded_image.activation(neuron.layer), neuron.channel)
    pictures, picture_bytes = picture_traits(view.reconstruction)
    return {
        "_map": levels.tobytes(),
        "_pictures": picture_bytes,
        "_view": {
            "client": client,
            "seq": seq,
            "layer": neuron.layer,
            "neuron": {
                "channel": neuron.channel,
                "y": neuron.y,
                "x": neuron.x,
                "value": _finite(view.value),
                "top": _finite(view.rank),
            },
            "map": {
                "height": values.shape[0],
                "width": values.shape[1],
                "scale": scale,
                "min": float(values.min()),
                "max": float(values.max()),
            },
            "window": asdict(view.reconstruction.window),
            "pictures": pictures,
            "milliseconds": round(view.milliseconds, 1),
            "address": str(address(view)),
        },
    }


def picture_traits(reconstruction: Reversed) -> tuple[list[Payload], bytes]:
    """Return a description of each picture, and the bytes of all."""
    pictures = encode_pictures(reconstruction)
    described_pictures = [
        {
            "code": picture.architecture.code,
            "name": picture.architecture.name,
            "channels": int(picture.values.shape[0]),
            "scale": picture.scale,
            "q": picture.q,
            "max": picture.scale,
        }
        for picture in pictures
    ]
    return described_pictures, b"".join(picture.values.tobytes() for picture in pictures)


def map_levels(
    activation: torch.Tensor, channel: int
) -> tuple[NDArray[np.int16], NDArray[np.float32], float]:
    """Return a channel's map as levels −32767 … 32767 (H,W), as values, and the value of level 32767."""
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


def _field(recording: Recording, layer: str) -> Payload | None:
    field = recording.receptive_field(layer)
    return None if field is None else {key: list(pair) for key, pair in asdict(field).items()}


def _encoded(picture: Image.Image) -> bytes:
    lossless, lossy = io.BytesIO(), io.BytesIO()
    picture.save(lossless, "PNG")
    if len(lossless.getvalue()) <= LARGEST_PNG:
        return lossless.getvalue()
    picture.save(lossy, "JPEG", quality=90, subsampling=0)
    return lossy.getvalue()


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
