"""One call after a convolution: that its family reads it, and that SaliNet of it is the gradient, window by window."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

import deconvscope as ds

from ..agreement import assert_equal_pictures

CHANNELS = 6


class After(nn.Module):
    """A convolution, then a call."""

    def __init__(self, call: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(2, CHANNELS, 3, padding=1).double()
        self.call = call

    def forward(self, x: Tensor) -> Tensor:
        return self.call(self.first(x))


def assert_reversed_as(
    kind: str,
    call: Callable[[Tensor], Tensor],
    size: tuple[int, int] = (9, 8),
    affine: bool = False,
) -> ds.Recording:
    """Check the kind of the last layer, and its pictures of SaliNet against autograd.

    Args:
        kind: which the layer must be, and no call may fall back.
        call: what follows the convolution.
        size: of the image.
        affine: whether every architecture must draw the gradient.

    Returns:
        The recording.
    """
    network = After(call)
    generator = torch.Generator().manual_seed(1)
    image = torch.randn(2, *size, generator=generator, dtype=torch.float64)
    rec = ds.ReversedNetwork(network).record(image)
    layer = rec.output_layer
    assert rec.layers[layer].kind == kind
    assert not rec.coverage().fallbacks
    leaf = image[None].requires_grad_()
    y = network(leaf)
    noise = torch.randn(y.shape, generator=generator, dtype=torch.float64)
    selections: list[tuple[ds.Selection, Tensor]] = [(ds.Signal(layer, noise), noise)]
    if y.ndim == 4:
        _, channels, height, width = y.shape
        for c, top, left in (
            (0, 0, 0),
            (channels - 1, height // 2, width // 2),
            (0, height - 1, 0),
        ):
            y_hat = torch.zeros_like(y)
            y_hat[0, c, top, left] = 1
            selections.append((rec.neuron_at(layer, (c, top, left)), y_hat))
    architectures = [ds.SALINET, *(ds.EIGHT if affine else ())]
    together = rec.reverse([selection for selection, _ in selections], architectures)
    for (selection, y_hat), result in zip(selections, together, strict=True):
        (gradient,) = torch.autograd.grad(y, leaf, y_hat, retain_graph=True)
        for picture, alone in zip(
            result.dense(), rec.reverse(selection, architectures).dense(), strict=True
        ):
            assert_equal_pictures(picture, gradient[0], selection, 1e-10)
            assert_equal_pictures(alone, gradient[0], selection, 1e-10)
    return rec
