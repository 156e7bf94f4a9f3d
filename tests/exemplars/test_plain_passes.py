"""A plain pass hands over the activations of a recording, under their names, whatever wrote over them later."""

from __future__ import annotations

import copy
import warnings
from functools import partial

import pytest
import torch
from torch import nn

import deconvscope as ds
from deconvscope.exemplars.layers import asked_layers, described, usual_layers
from deconvscope.exemplars.plain_pass import collect, find_layers, in_batches, working_copy
from deconvscope.exemplars.reversed_exemplars import CutNetwork

from .cases import SmallNetwork

NETWORKS = {
    "small": (SmallNetwork, 24),
    "mobilenet_v2": (lambda: ds.load_model("mobilenet_v2").network, 64),
    "googlenet": (lambda: ds.load_model("googlenet", weights=None).network, 64),
    "resnet18": (lambda: ds.load_model("resnet18", weights=None).network, 64),
}


@pytest.fixture(params=NETWORKS)
def network_and_image(request):
    make, size = NETWORKS[request.param]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = make().eval()
    return network, torch.randn(3, size, size)


def test_every_layer_of_a_recording_is_found_and_equal(network_and_image):
    network, image = network_and_image
    recording = ds.ReversedNetwork(network).record(image)
    names = [n for n, layer in recording.layers.items() if len(layer.shape) in (1, 3)]
    plan = in_batches(network, recording, find_layers(network, recording, names))
    missing = set(names) - plan.sites.keys()
    assert not missing, missing
    other = torch.randn(2, *image.shape)
    taken: dict[str, torch.Tensor] = {}

    def keep(name, made):
        taken[name] = made.clone()

    collect(network, other.clone(), plan, {name: partial(keep, name) for name in plan.sites})
    again = ds.ReversedNetwork(network).record(other[1])
    for name in plan.sites:
        torch.testing.assert_close(taken[name][1], again[name], rtol=1e-4, atol=1e-4)


def test_a_network_cut_behind_a_layer_has_the_names_and_numbers_of_the_whole(network_and_image):
    network, image = network_and_image
    whole = ds.ReversedNetwork(network).record(image)
    plan = find_layers(network, whole, whole.layers)
    names = [name for name in plan.sites if len(whole.layers[name].shape) == 3]
    for name in (names[0], names[len(names) // 2], names[-1]):
        cut = ds.ReversedNetwork(CutNetwork(network, plan.sites[name])).record(image)
        assert cut.output_layer == name
        assert list(cut.layers) == list(whole.layers)[: len(cut.layers)]
        assert torch.equal(cut[name], whole[name])
        neuron = ds.Strongest(name).neuron(whole)
        one, other = (r.reverse(neuron, "DeSaliNet") for r in (cut, whole))
        assert one.window == other.window and torch.equal(one.values, other.values)


def test_the_network_is_left_as_it_was():
    network = SmallNetwork().train()
    before = copy.deepcopy(network.state_dict())
    copied = working_copy(network, torch.device("cpu"), torch.float64)
    assert not copied.training and network.training and network.first.training
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())
    assert next(copied.parameters()).dtype == torch.float64


def test_usual_layers_are_what_rectifiers_read_and_the_output():
    recording = ds.ReversedNetwork(SmallNetwork().eval()).record(torch.randn(3, 24, 24))
    assert usual_layers(recording) == ["first", "add", "cat", "third", "head"]
    trunk = ds.load_model("vgg16_trunk").network
    vgg = ds.ReversedNetwork(trunk).record(torch.randn(3, 32, 32))
    layers = described(vgg, "vgg16_trunk", usual_layers(vgg))
    assert [layer.label for layer in layers] == [
        "conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3", "conv4_1",
        "conv4_2", "conv4_3", "conv5_1", "conv5_2", "conv5_3", "pool5",
    ]  # fmt: skip
    assert asked_layers(vgg, "vgg16_trunk", ["relu4_3", "features.0", "CONV4_3"]) == [
        "features.0", "features.21", "features.22",
    ]  # fmt: skip


def test_a_layer_that_no_call_returns_is_left_out():
    class Writes(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x):
            x = self.conv(x)
            x[:, 0].mul_(2)
            return torch.relu(x)

    network = Writes().eval()
    recording = ds.ReversedNetwork(network).record(torch.randn(3, 8, 8))
    plan = find_layers(network, recording, recording.layers)
    assert {"conv", "relu"} <= plan.sites.keys() < set(recording.layers)
