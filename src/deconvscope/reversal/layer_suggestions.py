"""Suggestions for layer names that do not exist, such as features.21 for VGG's conv4_3."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from .errors import near_matches

_LABEL = re.compile(
    r"(?:block(?P<block>\d+)_)?(?P<kind>[a-z]+)_?(?P<first>\d+)?(?:[_-](?P<second>\d+))?"
)
_KINDS = {
    "conv": "convolution",
    "relu": "rectifier",
    "pool": "max pool",
    "bn": "batch norm",
    "norm": "local response norm",
    "lrn": "local response norm",
    "fc": "linear",
}
_BLOCKS = 5
"""AlexNet and VGG have five blocks of convolutions; their linear layers are fc6, fc7 and fc8."""


class Kind(Protocol):
    """A recorded layer, as far as its name and kind."""

    @property
    def name(self) -> str:
        """The layer's name."""

    @property
    def kind(self) -> str:
        """What the layer does, in the field's words."""


def near_layers(asked: object, layers: Mapping[str, Kind], aliases: Iterable[str] = ()) -> str:
    """Return the layers that may be meant as the end of a sentence.

    Labels of VGG and AlexNet ("conv4_3": the third convolution after the third max pool) are resolved by
    counting layers, other names by their spelling.

    Args:
        asked: what was asked for.
        layers: layer name → layer, in the order of execution.
        aliases: further names that are accepted.

    Returns:
        ``"; did you mean 'features.21'?"`` or an empty string.
    """
    labelled = _labelled(str(asked).lower(), list(layers.values()))
    if labelled is not None:
        return f"; did you mean {labelled!r}?"
    return near_matches(asked, [*layers, *aliases])


def _labelled(label: str, layers: Sequence[Kind]) -> str | None:
    parts = _LABEL.fullmatch(label)
    kind = _KINDS.get(parts["kind"]) if parts else None
    if parts is None or kind is None:
        return None
    numbers = [int(parts[part]) for part in ("block", "first", "second") if parts[part]]
    if kind == "max pool" and parts["block"]:
        numbers = numbers[:1]  # Keras: block4_pool
    if len(numbers) == 2:
        return _at([one.name for one in _block(layers, numbers[0]) if one.kind == kind], numbers[1])
    if len(numbers) != 1:
        return None
    (number,) = numbers
    linear = [i for i, one in enumerate(layers) if one.kind == "linear"]
    if number > _BLOCKS and kind in ("linear", "rectifier") and number - _BLOCKS <= len(linear):
        layers, number = layers[linear[number - _BLOCKS - 1] :], 1
    names = [one.name for one in layers if one.kind == kind]
    if kind == "max pool" and len(names) < number <= _BLOCKS:
        # AlexNet's pool5 comes after conv5, and is the third
        names, number = [pool for pool, convolutions in _pools(layers) if convolutions == number], 1
    return _at(names, number)


def _block(layers: Sequence[Kind], number: int) -> list[Kind]:
    """Return the layers between one max pool and the next; the first block stands before the first pool."""
    block, found = 1, []
    for one in layers:
        if block == number:
            found.append(one)
        block += one.kind == "max pool"
    return found


def _pools(layers: Sequence[Kind]) -> Iterator[tuple[str, int]]:
    """Yield each max pool with the number of convolutions before it."""
    convolutions = 0
    for one in layers:
        convolutions += one.kind == "convolution"
        if one.kind == "max pool":
            yield one.name, convolutions


def _at(names: Sequence[str], number: int) -> str | None:
    return names[number - 1] if 1 <= number <= len(names) else None
