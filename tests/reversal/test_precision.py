"""The way back in another precision than the forward pass: asked for, close, and named."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings

import deconvscope as ds
from deconvscope.models import load_model, sample_image

from .agreement import difference
from .random_networks import Example, examples
from .test_random_networks import differentiable, recorded

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]


@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(examples())
def test_every_layer_passes_on_signals_of_another_precision(example: Example):
    network, image, layer, index = example.network, example.image, example.layer, example.index
    assume(differentiable(network, image))
    exact = recorded(network, image)
    assume(layer in exact.layers and len(exact.layers[layer].shape) in (1, 3))
    assume(len(exact.layers[layer].shape) == len(index))
    assume(bool(exact[layer].isfinite().all()))
    rough = ds.ReversedNetwork(network, precision="float32").record(image)
    neuron = ds.Neuron(layer, *index)
    for a, b in zip(
        exact.reverse(neuron, ds.EIGHT).dense(),
        rough.reverse(neuron, ds.EIGHT).dense(),
        strict=True,
    ):
        assert b.dtype == torch.float64
        assert difference(b, a) < 1e-3


def test_bfloat16_pictures_are_close_and_of_the_images_type():
    model = load_model("vgg16_trunk")
    image = model.preprocess(sample_image("chelsea"))
    exact = ds.ReversedNetwork(model.network).record(image)
    rough = ds.ReversedNetwork(model.network, precision="bfloat16").record(image)
    assert rough.precision == torch.bfloat16
    assert torch.equal(rough["features.21"], exact["features.21"])  # forwards nothing changes
    neuron = exact.resolve(ds.Strongest("features.21"))
    ours, expected = (rec.reverse(neuron, THREE) for rec in (rough, exact))
    assert ours.window == expected.window
    assert ours.values.dtype == torch.float32
    apart = [difference(a, b) for a, b in zip(ours.values, expected.values, strict=True)]
    assert 1e-6 < max(apart) < 0.02


def test_the_networks_own_precision_is_no_other_precision():
    network = torch.nn.Conv2d(3, 4, 3)
    assert (
        ds.ReversedNetwork(network, precision="float32").record(torch.rand(3, 8, 8)).precision
        is None
    )


def test_an_unknown_precision_is_refused_with_those_that_exist():
    with pytest.raises(ValueError, match="'float32', 'tf32', 'bfloat16', got 'half'"):
        ds.ReversedNetwork(torch.nn.Conv2d(3, 4, 3), precision="half")
