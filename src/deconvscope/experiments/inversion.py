"""How much the bottleneck knows: inverse networks trained with it, with parts of it, and without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .. import display
from ..models import Model, as_model, layer_path, network_digest
from ..reversal import Activations, ReversedNetwork
from .crops import training_and_held_out
from .drawing import Cell, draw_grid
from .inverse_network import CONDITIONS, Encoder, encoder
from .inverse_training import Training, from_mean, interior, relative_error
from .result import Entry, Result, Table, table
from .subject import AnyModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COMPARISONS = {
    ("both", "switches"): -0.15,
    ("both", "masks"): -0.46,
    ("switches", "masks"): -0.36,
}
"""By which share the error of the first is below that of the second in the paper (section 3.3)."""

FIXED = {"neither": "FFT", "masks": "TFT", "switches": "FTT", "both": "TTT"}
"""The reversed network that is told the same as a learned one, with the network's own filters."""

_SHOWN = 4
_INCHES = 1.1

Numbers = dict[str, float]
Pictures = dict[str, list[NDArray[np.uint8]]]


@dataclass(frozen=True, eq=False, repr=False)
class Inversion(Result):
    """What `invert` found.

    Attributes:
        network: what the network is.
        layer: label of the layer that was inverted.
        steps: of training.
        errors: condition → L2 error on held-out crops without their border, relative to that of their mean colour (0:
            perfect, 1: nothing but the mean is known).
        fixed_errors: the same of the fixed reversed networks, each with the mean colour of the
            crops and the brightness that suits them best.
        curves: condition → (step, error) as training went.
        crops: some of the held-out ones as photographed.
        learned: condition → these crops as the trained inverse network draws them.
        fixed: condition → as the reversed network with the network's own filters does.
    """

    network: str
    layer: str
    steps: int
    errors: Numbers
    fixed_errors: Numbers
    curves: dict[str, tuple[tuple[int, float], ...]]
    crops: list[NDArray[np.uint8]]
    learned: Pictures
    fixed: Pictures

    def ratios(self) -> dict[tuple[str, str], float]:
        """By which share the first condition's error differs from the second's, negative where it is lower."""
        return {pair: self.errors[pair[0]] / self.errors[pair[1]] - 1 for pair in COMPARISONS}

    def table(self) -> Table:
        """The errors of learned and fixed networks, and the three ratios beside the paper's."""
        errors: list[tuple[Entry, ...]] = [
            (f"L2 error, told {name}", self.errors[name], self.fixed_errors[name], None)
            for name in CONDITIONS
        ]
        ratios: list[tuple[Entry, ...]] = [
            (
                f"{first} against {second}",
                f"{ratio:+.0%}",
                None,
                f"{COMPARISONS[first, second]:+.0%}",
            )
            for (first, second), ratio in self.ratios().items()
        ]
        return table(
            ("", "learned", "fixed", "paper, learned"),
            [*errors, *ratios],
            f"{self.network}, {self.layer} inverted after {self.steps} steps of training, on held-out crops "
            "without their outer eighths; an error of 1 is that of their mean colour. Fixed: the reversed networks "
            f"{', '.join(FIXED.values())}, whose filters are not trained to invert. Mahendran & Vedaldi (ECCV 2016), "
            "section 3.3, used ImageNet.",
        )

    def figure(self) -> Figure:
        """Held-out crops, drawn by the trained inverse networks and by the fixed ones that are told the same."""
        rows = [
            [
                Cell(crop),
                *(Cell(self.learned[name][i]) for name in CONDITIONS),
                *(Cell(self.fixed[name][i]) for name in CONDITIONS),
            ]
            for i, crop in enumerate(self.crops)
        ]
        learned = [f"learned:\n{name}\n{self.errors[name]:.2f}" for name in CONDITIONS]
        fixed = [f"fixed:\n{FIXED[name]}\n{self.fixed_errors[name]:.2f}" for name in CONDITIONS]
        return draw_grid(rows, (self.layer, *learned, *fixed), inches=_INCHES)


def invert(
    layer: str = "pool3",
    images: str | Path | None = None,
    model: AnyModel = "vgg16_trunk",
    *,
    steps: int = 100,
    batch: int = 6,
    size: int = 24,
    short_side: int = 128,
    keep: str | Path | None = None,
    device: str | torch.device = "cpu",
    seed: int = 0,
) -> Inversion:
    """Train inverse networks for a layer, told masks, switches, both or neither (section 3.3).

    All four are the mirror image of the layers (`InverseNetwork`), have the same parameters and initial filters, and
    see the same crops; they minimise the squared error of the crop. What they reach on held-out crops says how
    informative each part of the bottleneck is. These are *learned deconvolution* layers, as in the decoders of
    segmentation networks: unpooling, then transposed convolutions with filters of their own. Beside each stands the
    *fixed* reversed network that is told the same and keeps the network's filters.

    Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016).

    Args:
        layer: name or label; everything up to it must be convolutions, rectifiers and max pools in a chain.
        images: a folder of photographs; by default the bundled four, of which the right three tenths are held out.
        model: the network.
        steps: of training; the default shows the order, thousands on many photographs are needed for good pictures.
        batch: crops a step.
        size: side of a crop, in pixels.
        short_side: pixels along the short side that photographs are shrunk to before they are cropped.
        keep: a file that the state of training is kept in; where it exists, training goes on from there.
        device: where to train, e.g. "cuda".
        seed: of filters and crops.

    Raises:
        UnknownLayerError: no layer of that name.
        UnreadableImageError: a file of the folder is no picture, or a broken one.
        ValueError: a layer without bottleneck or of another kind of network, too small photographs or crops, or a
            `keep` file from other settings.

    Example:
        >>> invert("pool5", "photographs", steps=100_000, size=64, keep="pool5.pt", device="cuda")  # doctest: +SKIP
    """
    if min(steps, batch, size) < 1:
        raise ValueError(f"steps={steps}, batch={batch}, size={size}: at least 1 each")
    known = as_model(model)
    training, held_out = training_and_held_out(images, known, size, short_side)
    parameter = next(known.network.parameters())
    example = parameter.new_zeros((len(training.preprocess.mean), 224, 224))
    path = layer_path(known.name, layer, ReversedNetwork(known.network).record(example).layers)
    encode = encoder(known.network, path, example)
    _require_large_enough(encode, example[:, :size, :size], layer)
    trained = Training(encode, training, held_out, torch.device(device), seed)
    settings = {
        "network": known.name,
        "weights": network_digest(known.network),
        "layer": path,
        "images": "" if images is None else str(Path(images).resolve()),
        "steps": steps,
        "batch": batch,
        "size": size,
        "short_side": short_side,
        "seed": seed,
    }
    curves = trained.run(steps, batch, settings, None if keep is None else Path(keep))
    crops = trained.held_out
    by_contrast = crops.flatten(1).std(1).argsort(descending=True)
    shown = by_contrast[:: len(crops) // (2 * _SHOWN)][:_SHOWN]
    fixed = _reversed(encode, crops)
    return Inversion(
        known.label,
        layer,
        steps,
        {name: curve[-1][1] for name, curve in curves.items()},
        {name: _best_error(drawn, crops) for name, drawn in fixed.items()},
        {name: tuple(curve) for name, curve in curves.items()},
        [_pixels(known, crop) for crop in crops[shown]],
        {
            name: [_pixels(known, made) for made in trained.inverted(name, crops[shown])]
            for name in CONDITIONS
        },
        {name: [display.paper(picture) for picture in fixed[name][shown]] for name in CONDITIONS},
    )


def _require_large_enough(encode: Encoder, crop: Tensor, layer: str) -> None:
    try:
        encode(crop[None])
    except RuntimeError as error:
        raise ValueError(
            f"size={crop.shape[-1]}: of so small a crop nothing is left at {layer!r}; choose larger crops"
        ) from error


def _reversed(encode: Encoder, crops: Tensor) -> dict[str, Tensor]:
    """What the reversed networks make of the crops' activations: condition → (N, C, H, W)."""
    layers = ReversedNetwork(nn.Sequential(*encode.layers))
    drawn = []
    for crop in crops:
        recording = layers.record(crop)
        activations = Activations(recording.output_layer)
        drawn.append(recording.reverse(activations, list(FIXED.values())).dense())
    return dict(zip(FIXED, torch.stack(drawn, 1), strict=True))


def _best_error(drawn: Tensor, crops: Tensor) -> float:
    """The error of reversed pictures, which are defined up to a factor, at the one that suits all crops best."""
    seen = interior(crops)
    centred, wanted = from_mean(interior(drawn)), from_mean(seen)
    gain = (centred * wanted).sum() / centred.square().sum()
    return relative_error(gain * centred + seen - wanted, seen)


def _pixels(model: Model, crop: Tensor) -> NDArray[np.uint8]:
    return np.asarray(model.preprocess.invert(crop))
