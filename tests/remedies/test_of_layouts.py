"""What messages advise about layers of tokens and layers without places."""

from __future__ import annotations

import torch
import torchvision
from torch import Tensor, nn

import deconvscope as ds

from .remedy import refused, remedies

LAYER = "encoder.layers.encoder_layer_0"


def tokens() -> ds.Recording:
    network = torchvision.models.VisionTransformer(16, 8, 1, 2, 8, 16, num_classes=3)
    return ds.ReversedNetwork(network).record(torch.rand(3, 16, 16))


@remedies(" and no prefix tokens; pass y and x")
def test_a_layer_without_tokens() -> None:
    recording = tokens()
    with refused(ValueError):
        recording.reverse(ds.Neuron("conv_proj", 3, token="cls"), "TTT")
    assert recording.reverse(ds.Neuron("conv_proj", 3, y=0, x=1), "TTT").values.any()


@remedies("; pass a layer with a layout (print recording.layers), or use recording[")
def test_a_layer_without_places() -> None:
    class Sorted(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(2).sort(-1).values.reshape(x.shape)

    network = nn.Sequential(nn.Conv2d(3, 4, 3), Sorted())
    recording = ds.ReversedNetwork(network).record(torch.rand(3, 8, 8))
    layer = recording.output_layer
    with refused(ValueError) as refusal:
        recording.maps(layer)
    assert refusal.run("recording[", recording=recording).shape == (4, 6, 6)
    assert "not mapped" in str(recording.layers)
    named = next(name for name, one in recording.layers.items() if one.layout is not None)
    assert recording.maps(named).ndim == 3


@remedies(": pass either a token, or y and x")
def test_a_token_and_a_place() -> None:
    recording = tokens()
    with refused(ValueError):
        recording.reverse(ds.Neuron(LAYER, 1, 0, 0, token="cls"), "TTT")
    with refused(ValueError):
        recording.resolve(ds.Strongest(LAYER, 1, 0, 0, token="cls"))
    for neuron in (ds.Neuron(LAYER, 1, token="cls"), ds.Neuron(LAYER, 1, 0, 0)):
        assert recording.reverse(neuron, "saliency").values.any()
