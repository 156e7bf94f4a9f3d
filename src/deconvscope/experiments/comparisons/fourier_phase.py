"""What Fourier phase keeps of a photograph, and what the bottleneck keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ... import display
from ...analysis import edge_agreement
from ...reversal import DECONVNET, DESALINET, SALINET, Mixture
from ..drawing import Cell, draw_grid
from ..result import Figure, Result, Table
from ..subject import AnyImage, AnyModel, subject

ARCHITECTURES = (DESALINET, DECONVNET, SALINET)


@dataclass(frozen=True, eq=False, repr=False)
class Phase(Result):
    """What `phase` found.

    Attributes:
        layer: label of the layer that the mixture was reversed from.
        seen: the photograph as the network saw it, (H, W, 3), uint8.
        pictures: title → (C, H, W): phase kept, amplitude kept, and the reversed mixtures.
        edges: title → `edge_agreement` with the photograph.
    """

    photograph: str
    layer: str
    seen: Any
    pictures: dict[str, Tensor]
    edges: dict[str, float]

    def table(self) -> Table:
        """Return how well each picture draws the photograph's edges."""
        return Table(
            ("picture", "edge agreement"),
            list(self.edges.items()),
            f"{self.photograph}: agreement with the photograph's edges (1: the picture is those edges). Mahendran & "
            "Vedaldi (ECCV 2016), Fig. 7: the bottleneck acts like the phase, it holds where edges are.",
        )

    def figure(self) -> Figure:
        """Draw the photograph, its phase and its amplitude alone, and the reversed random mixtures."""
        cells = [Cell(self.seen, self.photograph)]
        cells += [
            Cell(display.paper(picture), f"{title}\n{self.edges[title]:.2f}")
            for title, picture in self.pictures.items()
        ]
        return draw_grid([cells[:3], cells[3:]])


def phase(
    image: AnyImage = "chelsea",
    model: AnyModel = "vgg16_trunk",
    layer: str | None = None,
    seed: int = 0,
) -> Phase:
    """Compare what Fourier phase and what the bottleneck keep of a photograph (Fig. 7, section 3.4).

    Phase kept: each colour's Fourier phase with the amplitudes of white noise; amplitude kept: the other way round.
    Both have the photograph's mean subtracted. They stand beside a reversed random positive mixture of all neurons of a
    layer, whose only knowledge of the photograph is the bottleneck.

    Args:
        image: the photograph.
        model: the network.
        layer: name or label; by default the last layer with maps.
        seed: of the noise and the mixture.

    Raises:
        UnknownLayerError: no layer of that name.
    """
    seen = subject(model, image)
    name = seen.layer(layer)
    photograph = seen.recording.input.detach().float().cpu()
    pictures = dict(
        zip(("phase kept", "amplitude kept"), _exchanged(photograph, seed), strict=True)
    )
    mixture = seen.recording.reverse(Mixture(name, seed_number=seed), ARCHITECTURES)
    for architecture, picture in zip(ARCHITECTURES, mixture.dense().float().cpu(), strict=True):
        pictures[f"{architecture.name} of a mixture"] = picture
    return Phase(
        seen.title,
        seen.label(name),
        np.asarray(seen.photograph),
        pictures,
        {title: edge_agreement(picture, photograph) for title, picture in pictures.items()},
    )


def _exchanged(photograph: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Return the photograph's phase with the amplitude of noise, and its amplitude with the phase of noise."""
    noise = torch.randn(photograph.shape, generator=torch.Generator().manual_seed(seed))
    own = torch.fft.rfft2(photograph - photograph.mean((1, 2), keepdim=True))
    other = torch.fft.rfft2(noise)
    size = photograph.shape[1:]
    kept = torch.fft.irfft2(torch.polar(other.abs(), own.angle()), size)
    lost = torch.fft.irfft2(torch.polar(own.abs(), other.angle()), size)
    return kept, lost
