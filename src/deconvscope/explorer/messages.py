"""What kernel and browser tell each other, as data: a query read, a view written.

Pure functions from plain values to plain values; `js/src/protocol.ts` has the same names.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from .address import Address
from .pictures import Picture, encode_pictures
from .scene import Scene
from .session import Session, View

Payload = dict[str, Any]

LONGEST_TEXT = 300
LARGEST_NUMBER = 2**53 - 1
LARGEST_INDEX = 2**31 - 1
MOST_ARCHITECTURES = 32
LARGEST_PNG = 130_000
"""Bytes up to which the photograph is sent without loss."""


class MalformedQueryError(ValueError):
    """A query of another form than agreed; `client` and `seq` as far as they were readable."""

    def __init__(self, message: str, client: str = "", seq: int = 0) -> None:
        super().__init__(message)
        self.client = client
        self.seq = seq


@dataclass(frozen=True)
class Query:
    """A complete place that a browser wants to see, in its own words; not yet known to exist."""

    client: str
    seq: int
    model: str
    image: str
    layer: str | None
    channel: int | None
    y: int | None
    x: int | None
    architectures: tuple[str, ...]


def read_query(raw: object) -> Query:
    """Check the form of a query.

    Raises:
        MalformedQueryError: and nothing else, whatever came.
    """
    if not isinstance(raw, dict):
        raise MalformedQueryError(f"the browser's query is {type(raw).__name__}, not a record")
    client, seq = raw.get("client"), raw.get("seq")
    if not (isinstance(client, str) and _is_text(client)) or not (
        isinstance(seq, int) and _is_number(seq, LARGEST_NUMBER)
    ):
        raise MalformedQueryError("the browser's query does not say whose it is and which")
    try:
        return Query(
            client=client,
            seq=seq,
            model=_text(raw, "model"),
            image=_text(raw, "image"),
            layer=None if raw.get("layer") is None else _text(raw, "layer"),
            architectures=_codes(raw),
            **_neuron(raw),
        )
    except MalformedQueryError as error:
        raise MalformedQueryError(str(error), client, seq) from None


def failure(message: str, client: str, seq: int) -> Payload:
    """Return the line that tells a browser why its query was not answered."""
    line = " ".join(message.split()) or "the query failed for an unknown reason"
    return {"client": client, "seq": seq, "message": line[: 2 * LONGEST_TEXT]}


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
                "label": session.photographs[name].label,
                "thumbnail": session.photographs[name].thumbnail,
            }
            for name in session.photographs.names()
        ],
        "architectures": [
            {"code": architecture.code, "name": architecture.name}
            for architecture in session.offered_architectures()
        ],
    }


def scene_traits(scene: Scene) -> Payload:
    """Return the traits that change with the network or the image."""
    recording, model = scene.recording, scene.model
    seen = scene.seen
    return {
        "_network": {
            "model": model.name,
            "label": model.label,
            "randomWeights": model.random_weights,
            "device": recording.input.device.type.upper(),
            "precision": str(recording.input.dtype).removeprefix("torch."),
            "image": {
                "name": scene.photograph.name,
                "label": scene.photograph.label,
                "height": seen.height,
                "width": seen.width,
            },
            "fallbacks": list(scene.fallbacks),
            "layers": [
                {
                    "name": layer.name,
                    "label": scene.labels[layer.name],
                    "kind": layer.kind,
                    "shape": list(layer.shape),
                    "field": _field(scene, layer.name),
                }
                for layer in scene.layers
            ],
        },
        "_photograph": _encoded(seen),
    }


def layer_traits(scene: Scene, layer: str) -> Payload:
    """Return the traits that change with the layer: the atlas of its channels."""
    atlas = scene.atlas(layer)
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
        view.scene.activation(view.neuron.layer), view.neuron.channel
    )
    height, width = values.shape
    pictures = encode_pictures(view.reconstruction)
    window = view.reconstruction.window
    return {
        "_map": levels.tobytes(),
        "_pictures": b"".join(picture.values.tobytes() for picture in pictures),
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
            "window": {
                "top": window.top,
                "left": window.left,
                "height": window.height,
                "width": window.width,
            },
            "pictures": [_picture(picture) for picture in pictures],
            "milliseconds": round(view.milliseconds, 1),
            "address": str(address(view)),
        },
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


def _field(scene: Scene, layer: str) -> Payload | None:
    field = scene.recording.receptive_field(layer)
    if field is None:
        return None
    return {"stride": list(field.stride), "offset": list(field.offset), "size": list(field.size)}


def _encoded(picture: Image.Image) -> bytes:
    lossless, lossy = io.BytesIO(), io.BytesIO()
    picture.save(lossless, "PNG")
    if len(lossless.getvalue()) <= LARGEST_PNG:
        return lossless.getvalue()
    picture.save(lossy, "JPEG", quality=90, subsampling=0)
    return lossy.getvalue()


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT


def _is_number(value: object, largest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest


def _text(raw: Payload, key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not _is_text(value):
        raise MalformedQueryError(f"{key} is {_shown(value)}; it must be a name")
    return value


def _codes(raw: Payload) -> tuple[str, ...]:
    codes = raw.get("architectures")
    if not isinstance(codes, list) or not 0 < len(codes) <= MOST_ARCHITECTURES:
        raise MalformedQueryError("choose at least one architecture")
    if not all(_is_text(code) for code in codes):
        raise MalformedQueryError(f"architectures is {_shown(codes)}; it must be a list of codes")
    return tuple(codes)


def _neuron(raw: Payload) -> dict[str, int | None]:
    neuron = raw.get("neuron")
    if neuron is None:
        return {"channel": None, "y": None, "x": None}
    if not isinstance(neuron, dict):
        raise MalformedQueryError(f"neuron is {_shown(neuron)}; it must have channel, y and x")
    indices = {key: _index(neuron.get(key), key) for key in ("channel", "y", "x")}
    if indices["channel"] is None:
        raise MalformedQueryError("neuron has no channel")
    if (indices["y"] is None) != (indices["x"] is None):
        raise MalformedQueryError("neuron has only one of y and x")
    return indices


def _index(value: object, key: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or not _is_number(value, LARGEST_INDEX):
        raise MalformedQueryError(f"{key} is {_shown(value)}; it must be an integer from 0 on")
    return value


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:59] + "…")
    if value is None or isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, int):
        return str(value) if abs(value) <= LARGEST_NUMBER else "a huge number"
    return f"a {type(value).__name__}"
