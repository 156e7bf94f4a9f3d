"""`Reversed`, the result of a reversal: pictures inside a window of the image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from .architecture import Architecture, as_architectures
from .selection import Selection
from .signals.window import Box


@dataclass(frozen=True, eq=False)
class Reversed:
    """The pictures of one selection by several architectures.

    Iterates like a dict from architectures to pictures; ``dict(result)`` makes one.

    Attributes:
        selection: what was reversed; for `Strongest` the `Neuron` found.
        architectures: in the requested order.
        window: the support in the image, in pixels; the pictures are zero outside.
        values: (A, C, h, w) inside the window, signed, in the units of ∂y/∂x for SaliNet.
        extent: (H, W) of the image.
    """

    selection: Selection
    architectures: tuple[Architecture, ...]
    window: Box
    values: Tensor
    extent: tuple[int, int]

    def dense(self) -> Tensor:
        """Return the whole pictures, (A, C, H, W), zero outside the window."""
        w = self.window
        dense = self.values.new_zeros((*self.values.shape[:2], *self.extent))
        dense[:, :, w.top : w.top + w.height, w.left : w.left + w.width] = self.values
        return dense

    def __getitem__(self, architecture: Architecture | str) -> Tensor:
        """Return one architecture's whole picture, (C, H, W); raise `LookupError` if it was not computed."""
        (wanted,) = as_architectures(architecture)
        if wanted not in self.architectures:
            raise LookupError(
                f"{wanted} was not computed; this result has {', '.join(map(str, self.architectures))}"
            )
        return self.dense()[self.architectures.index(wanted)]

    def __iter__(self) -> Iterator[Architecture]:
        return iter(self.architectures)

    def __len__(self) -> int:
        return len(self.architectures)

    def __contains__(self, architecture: object) -> bool:
        return architecture in self.architectures or (
            isinstance(architecture, str)
            and as_architectures(architecture)[0] in self.architectures
        )

    def keys(self) -> tuple[Architecture, ...]:
        """Return the architectures, in the requested order."""
        return self.architectures

    def items(self) -> Iterator[tuple[Architecture, Tensor]]:
        """Iterate over pairs of an architecture and its whole picture, (C, H, W)."""
        return zip(self.architectures, self.dense(), strict=True)
