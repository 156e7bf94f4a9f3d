"""Information in the bottleneck: inverse networks trained with it, with parts of it, and without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ... import display
from ...models import Model, as_model, layer_labels, layer_path, network_digest
from ...reversal import Activations, ReversedNetwork
from ..drawing import Cell, draw_grid
from ..result import Entry, Figure, Result, Table
from ..subject import AnyModel
from .crops import training_and_held_out
from .inverse_network import CONDITIONS, Encoder, encoder
from .training import Training, from_mean, interior, relative_error

COMPARISONS = {("both", "switches"): -0.15, ("both", "masks"): -0.46, ("switches", "masks"): -0.36}
"""Relative difference between the errors of two conditions in the paper (section 3.3)."""

FIXED = {"neither": "FFT", "masks": "TFT", "switches": "FTT", "both": "TTT"}
"""Condition → the reversed network that uses the same information, with the network's own filters."""

_SHOWN = 4
_INCHES = 1.1

Numbers = dict[str, float]
Pictures = dict[str, list[NDArray[np.uint8]]]


@dataclass(frozen=True, eq=False, repr=False)
class Inversion(Result):
    """What `invert` found.

    Attributes:
        network: its label.
        layer: label of the layer that was inverted.
        steps: of training.
        errors: condition → L2 error on held-out crops without their border, relative to that of their mean colour (0:
            perfect, 1: only the mean is known).
        fixed_errors: the same for the fixed reversed networks, each with the mean colour of the crops and the
            brightness that suits them best.
        curves: condition → (step, error) during training.
        crops: some of the held-out crops.
        learned: condition → these crops drawn by the trained inverse network.
        fixed: condition → these crops drawn by the reversed network with the network's own filters.
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
        """Return the relative difference between the errors of two conditions, negative where the first is lower."""
        return {pair: self.errors[pair[0]] / self.errors[pair[1]] - 1 for pair in COMPARISONS}

    def table(self) -> Table:
        """Return the errors of learned and fixed networks, and the three ratios beside the paper's."""
        errors: list[tuple[Entry, ...]] = [
            (f"L2 error, given {name}", self.errors[name], self.fixed_errors[name], None)
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
        return Table(
            ("", "learned", "fixed", "paper, learned"),
            [*errors, *ratios],
            f"{self.network}, {self.layer} inverted after {self.steps} steps of training, on held-out crops "
            "without their outer eighths; an error of 1 is that of their mean colour. Fixed: the reversed networks "
            f"{', '.join(FIXED.values())}, whose filters are not trained to invert. Mahendran & Vedaldi (ECCV 2016), "
            "section 3.3, used ImageNet.",
        )

    def figure(self) -> Figure:
        """Draw held-out crops by the trained inverse networks, and by the fixed ones with the same information."""
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
    """Train inverse networks for a layer, given masks, switches, both or neither (section 3.3).

    All four mirror the layers (`InverseNetwork`), have the same parameters and initial filters, see the same crops and
    minimise the squared error of the crop. Their errors on held-out crops show how informative each part of the
    bottleneck is. These are *learned deconvolution* layers, as in the decoders of segmentation networks: unpooling,
    then transposed convolutions with filters of their own. Each is compared with the *fixed* reversed network that uses
    the same information and the network's own filters.

    Args:
        layer: name or label; everything up to it must be a chain of convolutions, rectifiers and max pools.
        images: a folder of photographs; by default the bundled four, of which the right three tenths are held out.
        model: the network.
        steps: of training; the default shows the order, good pictures need thousands on many photographs.
        batch: crops per step.
        size: side of a crop, in pixels.
        short_side: short side of the photographs that crops are cut from, in pixels.
        keep: a file for the state of training; if it exists, training resumes from it.
        device: where to train, e.g. "cuda".
        seed: of filters and crops.

    Raises:
        UnknownLayerError: no layer of that name.
        UnreadableImageError: a file of the folder is not a picture, or is broken.
        ValueError: a layer without bottleneck or of another kind of network, photographs or crops that are too small,
            or a `keep` file from other settings.

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
        layer_labels(known.name, [path])[path],
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
            f"size={crop.shape[-1]}: nothing is left of so small a crop at {layer!r}; choose larger crops"
        ) from error


def _reversed(encode: Encoder, crops: Tensor) -> dict[str, Tensor]:
    """Reverse the crops' activations by the fixed networks: condition → (N, C, H, W)."""
    layers = ReversedNetwork(nn.Sequential(*encode.layers))
    drawn = []
    for crop in crops:
        recording = layers.record(crop)
        activations = Activations(recording.output_layer)
        drawn.append(recording.reverse(activations, list(FIXED.values())).dense())
    return dict(zip(FIXED, torch.stack(drawn, 1), strict=True))


def _best_error(drawn: Tensor, crops: Tensor) -> float:
    """Return the error of reversed pictures, which are defined up to a factor, with the best factor for all."""
    seen = interior(crops)
    centred, wanted = from_mean(interior(drawn)), from_mean(seen)
    gain = (centred * wanted).sum() / centred.square().sum()
    return relative_error(gain * centred + seen - wanted, seen)


def _pixels(model: Model, crop: Tensor) -> NDArray[np.uint8]:
    return np.asarray(model.preprocess.invert(crop))
