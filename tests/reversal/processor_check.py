"""The engine's core on this process's arithmetic, for a process that was given another machine's.

``python -m tests.reversal.processor_check [--without packed|onednn] [--long] [--expect AVX2]``. Every architecture is
compared with the slow twin: windowed, dense and in a list, in float32 and float64; in bfloat16 with float32. One
explorer session is run as data. ``--long`` adds the bundled networks, on photographs.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

import deconvscope as ds
from deconvscope.models import Model, Preprocessing, from_module
from deconvscope.reversal import capabilities
from tests.explorer.recorded_browser import Browser, RecordedComm

from .agreement import assert_equal_pictures, difference
from .networks import FIRST, enliven, smooth_noise
from .slow_twin import ALL, SlowTwin, one_hot

ARCHITECTURES = [ds.Architecture.parse(code) for code in ALL]
BFLOAT16 = 0.02
"""Largest difference from float32, relative to the maximum."""


class SmallNetwork(nn.Module):
    """Each kind of layer that is reversed by arithmetic of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.LocalResponseNorm(3),
            nn.MaxPool2d(3, 2, 1),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=2, dilation=2, groups=2),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 16, 4, 2, 1),
            nn.SiLU(),
            nn.AvgPool2d(2),
            nn.Conv2d(16, 24, 1),
        )
        self.classifier = nn.Linear(24, 10)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.classifier(self.features(x).mean((2, 3)))
        return scores


LAYERS = ("features.1", "features.3", "features.6", "features.9", "features.12", "classifier")


def small(dtype: torch.dtype) -> tuple[nn.Module, Tensor]:
    """Return the small network and an image, always the same."""
    torch.manual_seed(0)
    network, image = SmallNetwork().eval(), smooth_noise((32, 36))
    enliven(network, (32, 36))
    return network.to(dtype), image.to(dtype)


def neurons(activation: Tensor) -> list[tuple[int, ...]]:
    """Return the strongest neuron at a corner and in the centre."""
    if activation.ndim == 1:
        return [(int(activation.argmax()),)]
    places = (0, 0), (activation.shape[1] // 2, activation.shape[2] // 2)
    return [(int(activation[:, y, x].argmax()), y, x) for y, x in places]


def check_against_the_twin(network: nn.Module, image: Tensor, layers: Sequence[str]) -> None:
    """Windowed, dense and in a list, every architecture draws what the twin draws."""
    rec, slow = ds.ReversedNetwork(network).record(image), SlowTwin(network, image, layers)
    for layer in layers:
        activation = slow.activation(layer)
        chosen = [ds.Neuron(layer, *place) for place in neurons(activation)]
        together = rec.reverse(chosen, ARCHITECTURES)
        for neuron, in_a_list in zip(chosen, together, strict=True):
            y_hat = one_hot(activation, neuron.index)
            ways = {
                "windowed": rec.reverse(neuron, ARCHITECTURES),
                "dense": rec.reverse(ds.Signal(layer, y_hat), ARCHITECTURES),
                "in a list": in_a_list,
            }
            for number, (code, rules) in enumerate(ALL.items()):
                expected = slow.reverse(layer, y_hat, **rules)
                for way, pictures in ways.items():
                    picture = pictures.dense()[number]
                    assert_equal_pictures(picture, expected, (layer, neuron, way, code))


def check_bfloat16(network: nn.Module, image: Tensor, layers: Sequence[str]) -> None:
    """Pictures of the same activations in bfloat16 are near those in float32, whatever the network's own type."""
    for module in (network, in_bfloat16(network)):
        exact, rough = (
            ds.ReversedNetwork(module, precision=precision).record(image)
            for precision in ("float32", "bfloat16")
        )
        for layer in layers:
            for place in neurons(exact[layer]):
                neuron = ds.Neuron(layer, *place)
                pairs = zip(
                    ARCHITECTURES,
                    rough.reverse(neuron, ARCHITECTURES).dense(),
                    exact.reverse(neuron, ARCHITECTURES).dense(),
                    strict=True,
                )
                for code, ours, expected in pairs:
                    apart = difference(ours.float(), expected.float())
                    assert apart < BFLOAT16, f"{layer} {neuron} {code}: differs by {apart:.1%}"


def in_bfloat16(network: nn.Module) -> nn.Module:
    """Return a network with weights of bfloat16, without what torch itself has not in that type on a processor."""
    network = copy.deepcopy(network).bfloat16()
    for part in network.modules():
        for name, inner in part.named_children():
            if isinstance(inner, nn.LocalResponseNorm):
                setattr(part, name, nn.Identity())
    return network


def check_explorer(model: Model, layer: str, precision: str | None) -> None:
    """An explorer answers a click with the pictures of its recording."""
    comm = RecordedComm()
    explorer = ds.Explorer(model, layer=layer, precision=precision, comm=comm)
    try:
        chosen: dict[str, Any] = {"layer": layer, "neuron": {"channel": 2, "y": 1, "x": 1}}
        browser = Browser(explorer, comm, model=model.name)
        browser.ask(**chosen)
        browser.wait_for("_view", seq=browser.seq)
        assert explorer.neuron == ds.Neuron(layer, 2, 1, 1)
        expected = explorer.recording.reverse(explorer.neuron, ds.DESALINET).dense()[0]
        tolerance = BFLOAT16 if precision == "bfloat16" else 1e-5
        assert difference(explorer.reconstructions[ds.DESALINET], expected) < tolerance
        assert explorer._network["precision"] == (precision or "float32")
    finally:
        explorer.close()


def switch_off(what: str) -> None:
    """Take a facility away from this process."""
    if what == "onednn":
        torch.backends.mkldnn.enabled = False  # type: ignore[assignment]
    if what == "packed":
        for name in ("_convolution_pointwise", "_reorder_convolution_weight"):
            setattr(torch.ops.mkldnn, name, None)
    if what:
        assert not capabilities.packed_convolution(torch.float32)


def main() -> None:
    """Check, and say on what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without", choices=["packed", "onednn"], default="")
    parser.add_argument(
        "--expect",
        nargs="+",
        default=[""],
        help="the instructions that torch must be using: one of",
    )
    parser.add_argument("--long", action="store_true")
    asked = parser.parse_args()
    switch_off(asked.without)
    print(ds.environment())
    instructions = capabilities.instruction_set()
    assert any(name in instructions for name in asked.expect), instructions
    for dtype in (torch.float32, torch.float64):
        check_against_the_twin(*small(dtype), LAYERS)
    check_bfloat16(*small(torch.float32), LAYERS)
    own = from_module(
        small(torch.float32)[0], preprocess=Preprocessing(size=32, resize=32), name="own"
    )
    for precision in (None, "bfloat16"):
        check_explorer(own, "features.6", precision)
    if asked.long:
        for subject in FIRST[:2]:
            check_against_the_twin(*subject.make(), subject.layers)
            check_bfloat16(*subject.make(), subject.layers)
        check_explorer(ds.load_model("vgg16_trunk"), "features.14", "bfloat16")
    print("every picture agrees")


if __name__ == "__main__":
    main()
