"""The layer trace: the reversed signal at every layer between a neuron and the image, as small maps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from deconvscope.reversal import Architecture, Clamp, Recording, RectGrad, Rectifier, Relu
from deconvscope.reversal.signals.window import Dense, Signal, as_map

from ..protocol.responses import Payload
from ..scheduler import Check
from ..session import View

LARGEST_SIDE = 64
BUDGET = 200_000
"""Bytes of all maps together."""
MOST_STEPS = 60
IMAGE = "image"


@dataclass(frozen=True)
class LayerTraceStep:
    """The signal that arrives at one recorded tensor, inside its window, and the activation there.

    Both maps are norms over the channels; a byte v is v/255 of the largest.

    Attributes:
        energy: the sum of squares of the signal.
        masks: whether the rule there keeps or silences each value, so that the energies of this step and the
            next show how much it stopped.
    """

    name: str
    label: str
    kind: str
    top: int
    left: int
    height: int
    width: int
    rows: int
    columns: int
    signal: float
    activation: float
    energy: float
    masks: bool
    signal_map: bytes
    activation_map: bytes


@dataclass(frozen=True)
class _Passed:
    """A tensor on the way back: its number, the window's corner, and channel norms (h,w) inside the window."""

    slot: int
    top: int
    left: int
    signal: Tensor
    activation: Tensor


def layer_trace_traits(view: View, architecture: Architecture, check: Check) -> Payload:
    """Return the traits that show the layer trace of one architecture."""
    steps, maps = layer_trace(view, architecture, check), ("signal_map", "activation_map")
    return {
        "_way_back": {
            "code": architecture.code,
            "steps": [
                {name: value for name, value in vars(step).items() if name not in maps}
                for step in steps
            ],
        },
        "_way_back_maps": b"".join(step.signal_map + step.activation_map for step in steps),
    }


def layer_trace(view: View, architecture: Architecture, check: Check) -> list[LayerTraceStep]:
    """Return the steps from a view's neuron to the image; `check` is called between layers."""
    recording = view.recorded_image.recording
    passed: list[_Passed] = []

    def watch(slot: int, signal: Signal) -> None:
        check()
        found = _norms(recording, slot, signal)
        if found is not None:
            passed.append(found)

    recording.reverse(view.neuron, architecture, watch=watch)
    if len(passed) > MOST_STEPS:  # evenly, the first and the last among them
        spacing = (len(passed) - 1) / (MOST_STEPS - 1)
        passed = [passed[round(i * spacing)] for i in range(MOST_STEPS)]
    side = min(LARGEST_SIDE, int((BUDGET / (2 * len(passed))) ** 0.5))
    names = {number: name for name, number in recording.graph.numbers.items()}
    return [_step(view, names.get(one.slot, IMAGE), one, side, architecture) for one in passed]


def _masks(recording: Recording, slot: int, architecture: Architecture) -> bool:
    """Return whether a tensor was made by a rectifier whose rule keeps or silences each value.

    If something else reads the rectifier's input too, its signal is added there, and energies cannot be compared.
    """
    step = recording.graph.maker(slot)
    if not isinstance(step, Rectifier):
        return False
    rule = architecture.relu_at(step.layer)
    alone = recording.graph.readers(step.inputs[0]) == 1
    binary = isinstance(rule, RectGrad) or not rule.gated
    if rule.masks:
        binary = binary and isinstance(step, Relu | Clamp)
    return alone and binary and (rule.clamps or rule.masks or rule.gated)


def _norms(recording: Recording, slot: int, signal: Signal) -> _Passed | None:
    """Return the channel norms inside the window of a map or a vector; None for other tensors."""
    activation, layout = recording.graph[slot], recording.graph.layout(slot)
    if activation.ndim == 4 and layout is not None and layout.is_plain:
        window = as_map(signal).confined()
        top, left, values = window.tops[0], window.lefts[0], window.values[0]
        inside = activation[0, :, top : top + window.height, left : left + window.width]
        return _Passed(slot, top, left, _norm(values), _norm(inside))
    if layout is not None and layout.height and activation.shape[0] == 1:
        values = layout.maps(signal.densified().values[0, 0])
        return _Passed(slot, 0, 0, _norm(values), _norm(layout.maps(activation[0])))
    if activation.ndim == 2 and isinstance(signal, Dense):
        return _Passed(
            slot, 0, 0, _norm(signal.values.reshape(-1, 1, 1)), _norm(activation.reshape(-1, 1, 1))
        )
    return None


def _norm(values: Tensor) -> Tensor:
    return torch.nan_to_num(torch.linalg.vector_norm(values.float(), dim=0)).cpu()


def _step(
    view: View, name: str, passed: _Passed, side: int, architecture: Architecture
) -> LayerTraceStep:
    height, width = passed.signal.shape
    fit = min(1.0, side / max(height, width))
    size = max(1, int(height * fit)), max(1, int(width * fit))
    layers = view.recorded_image.recording.layers
    return LayerTraceStep(
        name=name,
        label=view.recorded_image.labels.get(name, name),
        kind=layers[name].kind if name in layers else IMAGE,
        top=passed.top,
        left=passed.left,
        height=height,
        width=width,
        rows=size[0],
        columns=size[1],
        signal=float(passed.signal.max()),
        activation=float(passed.activation.max()),
        energy=float(passed.signal.double().square().sum()),
        masks=_masks(view.recorded_image.recording, passed.slot, architecture),
        signal_map=_bytes(passed.signal, size),
        activation_map=_bytes(passed.activation, size),
    )


def _bytes(norms: Tensor, size: tuple[int, int]) -> bytes:
    """Shrink a map to the largest value of each cell, and round it to bytes."""
    small = F.adaptive_max_pool2d(norms[None], size)
    levels = small * (255 / small.max().clamp_min(torch.finfo(torch.float32).tiny))
    return levels.clamp(0, 255).round().to(torch.uint8).numpy().tobytes()
