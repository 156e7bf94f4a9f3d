"""The layer that an explorer opens on: its neurons see whole objects and still say where."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from deconvscope.reversal import Layer

SMALLEST_MAP = 8
"""Maps of 7×7 and less (of a 224×224 image) no longer say where in the image a neuron looks."""
BEFORE_RECTIFIER = ("convolution", "batch norm")


TRANSFORMER = ("attention", "layer norm", "RMS norm")
"""Kinds of layers after which the outputs of blocks are the layers that people mean."""


def opening_layer(layers: Sequence[Layer], blocks: Collection[str] = ()) -> str:
    """Return the name of the layer that an explorer opens on.

    It is the last layer with maps larger than 7×7 before the last pool, for VGG-16's trunk the
    rectified conv5_3. A rectified layer is preferred to the convolution before it: its maps are
    black where nothing was found, so that the eye goes to the few places worth a click. If there
    is no such layer it is the last one with maps, and if there are no maps the last one.

    In a transformer, or another network with layer norms, it is the last output of a block of such a size: the
    calls inside attention and MLPs are details.

    Args:
        layers: with the shapes of their maps.
        blocks: the names of the layers that modules with parts of their own return.

    Raises:
        LookupError: there are no layers.
    """
    if not layers:
        raise LookupError("there is no layer to open on")
    if any(layer.kind in TRANSFORMER for layer in layers):
        outputs = [layer for layer in layers if layer.name in blocks and len(layer.shape) == 3]
        large = [layer for layer in outputs if min(layer.shape[1:]) >= SMALLEST_MAP]
        largest = max((min(layer.shape[1:]) for layer in outputs), default=0)
        large = large or [layer for layer in outputs if min(layer.shape[1:]) == largest]
        sums = [layer for layer in large if layer.kind in ("add", "identity", "reshape")]
        if large:
            return (sums or large)[-1].name
    pools = [i for i, layer in enumerate(layers) if "pool" in layer.kind]
    spatial = [layer for layer in layers if len(layer.shape) == 3]
    fine = [
        layer
        for layer in layers[: pools[-1] if pools else len(layers)]
        if len(layer.shape) == 3 and min(layer.shape[1:]) >= SMALLEST_MAP
    ]
    if not fine:
        return (spatial or list(layers))[-1].name
    if fine[-1].kind not in BEFORE_RECTIFIER:
        return fine[-1].name
    rectified = [
        layer
        for layer in fine
        if layer.kind == "rectifier" and layer.shape[1:] == fine[-1].shape[1:]
    ]
    return (rectified or fine)[-1].name
