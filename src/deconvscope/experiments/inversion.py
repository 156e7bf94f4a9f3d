"""How much the bottleneck knows: inverse networks trained with it, with parts of it, and without it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm.auto import tqdm

from .. import display
from ..models import Model, layer_path
from ..reversal import DECONVNET, DESALINET, Activations, ReversedNetwork
from .crops import Crops, training_and_held_out
from .drawing import Cell, draw_grid
from .inverse_network import CONDITIONS, Encoder, InverseNetwork, encoder
from .result import Result, Table, table
from .subject import AnyModel, as_model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COMPARISONS = {
    ("both", "switches"): -0.15,
    ("both", "masks"): -0.46,
    ("switches", "masks"): -0.36,
}
"""By which share the error of the first is below that of the second in the paper (section 3.3)."""

_LEARNING_RATE = 1e-3
_HELD_OUT = 64
_SHOWN = 5
_LOOKS = 8


Shown = dict[str, list[NDArray[np.uint8]]]


@dataclass(frozen=True, eq=False, repr=False)
class Inversion(Result):
    """What `invert` found.

    Attributes:
        network: what the network is.
        layer: label of the layer that was inverted.
        steps: of training.
        errors: condition → L2 error on held-out crops, relative to that of their mean colour (0: perfect, 1: nothing
            but the mean is known).
        curves: condition → (step, error) as training went.
        shown: title → some held-out crops as photographed, as each inverse network draws them, and as fixed reversed
            networks do.
    """

    network: str
    layer: str
    steps: int
    errors: dict[str, float]
    curves: dict[str, tuple[tuple[int, float], ...]]
    shown: Shown

    def ratios(self) -> dict[tuple[str, str], float]:
        """By which share the first condition's error differs from the second's, negative where it is lower."""
        return {pair: self.errors[pair[0]] / self.errors[pair[1]] - 1 for pair in COMPARISONS}

    def table(self) -> Table:
        """The errors, and the three ratios beside the paper's."""
        errors = [(f"L2 error: {name}", self.errors[name], None) for name in CONDITIONS]
        ratios = [
            (f"{first} against {second}", f"{ratio:+.0%}", f"{COMPARISONS[first, second]:+.0%}")
            for (first, second), ratio in self.ratios().items()
        ]
        return table(
            ("", "here", "paper"),
            [*errors, *ratios],
            f"{self.network}, {self.layer} inverted after {self.steps} steps of training, on held-out crops; an "
            "error of 1 is that of their mean colour. Mahendran & Vedaldi (ECCV 2016), section 3.3, used ImageNet.",
        )

    def figure(self) -> Figure:
        """Held-out crops, drawn by the trained inverse networks and by fixed ones."""
        rows = [[Cell(pixels) for pixels in row] for row in self.shown.values()]
        names = [
            f"{title}\n{self.errors[title]:.2f}" if title in self.errors else title
            for title in self.shown
        ]
        return draw_grid(rows, (), names, f"{self.layer}, held-out crops")


def invert(
    layer: str = "pool2",
    images: str | Path | None = None,
    model: AnyModel = "vgg16_trunk",
    *,
    steps: int = 300,
    batch: int = 8,
    size: int = 24,
    keep: str | Path | None = None,
    device: str | torch.device = "cpu",
    seed: int = 0,
) -> Inversion:
    """Train inverse networks for a layer, told masks, switches, both or neither (section 3.3).

    All four are the mirror image of the layers (`InverseNetwork`), have the same parameters and initial filters, and
    see the same crops; they minimise the squared error of the crop. What they reach on held-out crops says how
    informative each part of the bottleneck is. These are learned deconvolution layers, as in the decoders of
    segmentation networks; the figure shows the fixed ones beside them.

    Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016).

    Args:
        layer: name or label; everything up to it must be convolutions, rectifiers and max pools in a chain.
        images: a folder of photographs; by default the bundled four, of which the right three tenths are held out.
        model: the network.
        steps: of training; the default shows the order, thousands on many photographs are needed for good pictures.
        batch: crops a step.
        size: side of a crop, in pixels.
        keep: a file that the state of training is kept in; where it exists, training goes on from there.
        device: where to train, e.g. "cuda".
        seed: of filters and crops.

    Raises:
        UnknownLayerError: no layer of that name.
        ValueError: a layer without bottleneck or of another kind of network, too small photographs, or a `keep` file
            from other settings.
    """
    if min(steps, batch, size) < 1:
        raise ValueError(f"steps={steps}, batch={batch}, size={size}: at least 1 each")
    known = as_model(model)
    training, held_out = training_and_held_out(images, known, size)
    parameter = next(known.network.parameters())
    example = parameter.new_zeros((len(training.preprocess.mean), 224, 224))
    recorded = ReversedNetwork(known.network).record(example).layers
    path = layer_path(known.name, layer, recorded)
    trained = _Training(
        encoder(known.network, path, example), training, held_out, torch.device(device), seed
    )
    settings = {
        "network": known.name,
        "layer": path,
        "images": "" if images is None else str(images),
        "steps": steps,
        "batch": batch,
        "size": size,
        "seed": seed,
    }
    curves = trained.run(steps, batch, settings, None if keep is None else Path(keep))
    return Inversion(
        known.label,
        layer,
        steps,
        {name: curve[-1][1] for name, curve in curves.items()},
        {name: tuple(curve) for name, curve in curves.items()},
        trained.shown(known),
    )


class _Training:
    """Four inverse networks that are trained side by side on the same crops."""

    def __init__(
        self, encode: Encoder, training: Crops, held_out: Crops, device: torch.device, seed: int
    ) -> None:
        self._encode, self._training, self._device, self._seed = encode, training, device, seed
        self._layers = nn.ModuleList(encode.layers).to(device)
        self._test = held_out.draw(_HELD_OUT, seed).to(device)
        self._pixel_scale = float(self._test.std())
        self._scale = float(encode(self._test)[0].std())
        self._networks: dict[str, InverseNetwork] = {}
        for name in CONDITIONS:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                self._networks[name] = InverseNetwork(encode, name).to(device)
        self._optimisers = {
            name: torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
            for name, network in self._networks.items()
        }

    def run(
        self, steps: int, batch: int, settings: Mapping[str, Any], keep: Path | None
    ) -> dict[str, list[tuple[int, float]]]:
        """Train to the end, from where a kept state is; return the errors on the way."""
        curves: dict[str, list[tuple[int, float]]] = {name: [] for name in CONDITIONS}
        done = self._resume(settings, keep, curves)
        looks = {round(i * steps / _LOOKS) for i in range(_LOOKS + 1)}
        with tqdm(total=steps, initial=done, delay=1.0, desc="training", leave=False) as bar:
            for step in range(done, steps + 1):
                if step in looks and not (curves["both"] and curves["both"][-1][0] == step):
                    for name, curve in curves.items():
                        curve.append((step, self._error(name)))
                    self._store(settings, keep, curves, step)
                if step < steps:
                    self._step(step / steps, self._training.draw(batch, self._seed_of(step)))
                    bar.update()
        return curves

    def shown(self, model: Model) -> Shown:
        """Some held-out crops and what the trained and two fixed networks make of them."""
        crops = self._test[:_SHOWN]
        shown: Shown = {"photograph": [_pixels(model, crop) for crop in crops]}
        for name in CONDITIONS:
            shown[name] = [_pixels(model, crop) for crop in self._inverted(name, crops)]
        layers = ReversedNetwork(nn.Sequential(*self._encode.layers))
        fixed = (DECONVNET, DESALINET)
        titles = [f"fixed:\n{architecture.name}" for architecture in fixed]
        shown.update({title: [] for title in titles})
        for crop in crops:
            recording = layers.record(crop)
            pictures = recording.reverse(Activations(recording.output_layer), fixed).dense()
            for title, picture in zip(titles, pictures, strict=True):
                shown[title].append(display.paper(picture))
        return shown

    def _seed_of(self, step: int) -> int:
        return (self._seed + 1) * 1_000_003 + step

    def _step(self, progress: float, crops: Tensor) -> None:
        crops = crops.to(self._device)
        y, bottleneck, shapes = self._encode(crops)
        for name, network in self._networks.items():
            optimiser = self._optimisers[name]
            for group in optimiser.param_groups:
                group["lr"] = _LEARNING_RATE * (1 + math.cos(math.pi * progress)) / 2
            made = network(y / self._scale, bottleneck, shapes)
            loss = (made - crops / self._pixel_scale).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    def _inverted(self, name: str, crops: Tensor) -> Tensor:
        with torch.no_grad():
            y, bottleneck, shapes = self._encode(crops)
            made: Tensor = self._networks[name](y / self._scale, bottleneck, shapes)
        return made * self._pixel_scale

    def _error(self, name: str) -> float:
        """The L2 error relative to that of the mean colour."""
        made = self._inverted(name, self._test)
        mean = self._test.mean((0, 2, 3), keepdim=True)
        return float((made - self._test).norm() / (mean - self._test).norm())

    def _store(
        self,
        settings: Mapping[str, Any],
        keep: Path | None,
        curves: Mapping[str, Any],
        step: int,
    ) -> None:
        if keep is None:
            return
        state = {
            "settings": dict(settings),
            "step": step,
            "curves": dict(curves),
            "networks": {name: n.stamps.state_dict() for name, n in self._networks.items()},
            "optimisers": {name: o.state_dict() for name, o in self._optimisers.items()},
        }
        half = keep.with_name(keep.name + ".part")
        torch.save(state, half)
        half.replace(keep)  # whole or not at all, whenever it is interrupted

    def _resume(
        self, settings: Mapping[str, Any], keep: Path | None, curves: dict[str, Any]
    ) -> int:
        if keep is None or not keep.exists():
            return 0
        state = torch.load(keep, map_location=self._device, weights_only=True)
        if state["settings"] != dict(settings):
            raise ValueError(
                f"{str(keep)!r} holds the training of other settings, {state['settings']}; name another file"
            )
        curves.update(state["curves"])
        for name in CONDITIONS:
            self._networks[name].stamps.load_state_dict(state["networks"][name])
            self._optimisers[name].load_state_dict(state["optimisers"][name])
        return int(state["step"])


def _pixels(model: Model, crop: Tensor) -> NDArray[np.uint8]:
    return np.asarray(model.preprocess.invert(crop))
