"""The layers that a build collects, and where their neurons look in the image."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..models import layer_labels, layer_path
from ..reversal import (
    Box,
    Clamp,
    Layer,
    ReceptiveField,
    Recording,
    Relu,
    UnknownLayerError,
    near_matches,
)


@dataclass(frozen=True)
class CollectedLayer:
    """A layer whose channels have exemplars.

    Attributes:
        name: its name in a recording.
        label: its label ("conv4_3"), or its name where it has none.
        kind: "convolution", "linear" …
        shape: (C, H, W) or (K,).
        field: its receptive field; None where each neuron sees the whole image.
        aliases: names of modules that hold others and whose output it is.
    """

    name: str
    label: str
    kind: str
    shape: tuple[int, ...]
    field: ReceptiveField | None
    aliases: tuple[str, ...] = ()

    @property
    def channels(self) -> int:
        """C, or K."""
        return self.shape[0]

    @property
    def places(self) -> int:
        """H·W; 1 for a vector."""
        return math.prod(self.shape[1:])

    def place(self, number: int) -> tuple[int | None, int | None]:
        """Return (y, x) of a place's number; None and None in a vector."""
        return divmod(number, self.shape[2]) if len(self.shape) == 3 else (None, None)

    def window(self, y: int | None, x: int | None, extent: tuple[int, int]) -> Box:
        """Return the pixels that a neuron sees, clipped at the border of the image (H, W)."""
        if self.field is None or y is None or x is None:
            return Box(0, 0, *extent)
        (top, height), (left, width) = (
            _seen(*along)
            for along in zip(
                (y, x), self.field.stride, self.field.offset, self.field.size, extent, strict=True
            )
        )
        return Box(top, left, height, width)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> CollectedLayer:
        """Return the layer of a manifest's record."""
        field = record["field"]
        changed = {
            "shape": tuple(record["shape"]),
            "aliases": tuple(record["aliases"]),
            "field": None if field is None else ReceptiveField(*map(tuple, field.values())),
        }
        return cls(**{**record, **changed})


@dataclass(frozen=True)
class Rectified:
    """A rectifier whose input is collected: its exemplars are those of the input, where they are positive.

    Attributes:
        layer: the name of the rectifier's input.
        ceiling: the largest output, 6 for ReLU6; None for a ReLU.
    """

    layer: str
    ceiling: float | None = None

    def response(self, value: float) -> float:
        """Return the rectifier's output for a value of its input."""
        return max(0.0, value if self.ceiling is None else min(value, self.ceiling))


def usual_layers(recording: Recording) -> list[str]:
    """Return the inputs of all rectifiers, and the network's output.

    A rectifier preserves the order of its inputs, so they also give the exemplars of its outputs, and they
    distinguish responses that a ReLU6 makes equal.
    """
    offered = _offered(recording)
    read = [
        name for _, name, _ in _rectifiers(recording)
        if name in offered and (len(offered[name].shape) == 1 or math.prod(offered[name].shape[1:]) > 1)
    ]  # fmt: skip
    wanted = {*read, recording.layers[recording.output_layer].name}
    return [name for name in offered if name in wanted]


def asked_layers(recording: Recording, model_name: str, asked: Iterable[str]) -> list[str]:
    """Return the names of layers given by name or label, in the order of execution, each once.

    Raises:
        UnknownLayerError: no layer of that name has channels; the message names near matches.
    """
    offered = _offered(recording)
    wanted = set()
    for layer in asked:
        path = layer_path(model_name, layer, offered)
        name = recording.layers[path].name if path in recording.layers else path
        if name not in offered:
            known = [*layer_labels(model_name, offered).values(), *offered]
            raise UnknownLayerError(
                f"{model_name} has no layer {layer!r} with channels{near_matches(layer, known)}"
            )
        wanted.add(name)
    return [name for name in offered if name in wanted]


def described(
    recording: Recording, model_name: str, names: Sequence[str], modules: Iterable[str] = ()
) -> tuple[CollectedLayer, ...]:
    """Return the descriptions of layers; `modules` are the names of modules, which may be aliases of layers."""
    labels = layer_labels(model_name, recording.layers)
    known = [path for path in modules if path in recording.layers]
    meant = {path: recording.layers[path].name for path in known}
    return tuple(
        CollectedLayer(
            name,
            labels[name],
            recording.layers[name].kind,
            recording.layers[name].shape,
            recording.receptive_field(name),
            tuple(path for path, output in meant.items() if output == name and path != name),
        )
        for name in names
    )


def rectified_layers(recording: Recording, collected: Iterable[str]) -> dict[str, Rectified]:
    """Return the rectifiers that are not collected themselves, but whose input is."""
    names = set(collected)
    found = {}
    for rectifier, source, step in _rectifiers(recording):
        if source not in names or rectifier in names:
            continue
        if isinstance(step, Relu):
            found[rectifier] = Rectified(source)
        elif isinstance(step, Clamp) and step.low == 0.0:
            found[rectifier] = Rectified(source, step.high)
    return found


def _offered(recording: Recording) -> dict[str, Layer]:
    return {
        layer.name: layer
        for layer in recording.layers.values()
        if (len(layer.shape) == 1 or (layer.layout is not None and layer.layout.is_plain))
        and 0 not in layer.shape
        and not recording[layer.name].is_complex()
    }


def _rectifiers(recording: Recording) -> list[tuple[str, str, object]]:
    """Return each rectifier's name, its input's name and its step, except for those that read the image."""
    name_of = {number: name for name, number in recording.graph.numbers.items()}
    return [
        (step.layer, name_of[step.inputs[0]], step)
        for step in recording.graph.steps
        if step.kind == "rectifier" and step.inputs and step.inputs[0] > 0
    ]


def _seen(place: int, stride: float, offset: float, size: int, limit: int) -> tuple[int, int]:
    """Return start and length of what a neuron sees along one axis, at least one pixel."""
    start = math.floor(place * stride + offset)
    first = min(max(start, 0), limit - 1)
    return first, max(min(start + size, limit) - first, 1)
