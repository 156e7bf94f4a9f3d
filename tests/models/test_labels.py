"""The field's names for layers: conv4_3 for features.21."""

import pytest
import torch
from torch import nn

from deconvscope.models import layer_labels, layer_path, load_model
from deconvscope.models.torchvision_weights import build

KIND = {
    "conv": nn.Conv2d,
    "relu": nn.ReLU,
    "pool": nn.MaxPool2d,
    "bn": nn.BatchNorm2d,
    "fc": nn.Linear,
    "drop": nn.Dropout,
}
VGGS = [f"vgg{depth}{bn}" for depth in (11, 13, 16, 19) for bn in ("", "_bn")]


@pytest.mark.parametrize("name", ["vgg16_trunk", "alexnet", *VGGS])
def test_each_label_names_the_layer_it_stands_for(name):
    with torch.device("meta"):
        network = load_model(name).network if name == "vgg16_trunk" else build(name)
    leaves = {
        path: module for path, module in network.named_modules() if not list(module.children())
    }
    labels = layer_labels(name, leaves)
    assert list(labels) == list(leaves)
    assert len(set(labels.values())) == len(labels)
    for path, module in leaves.items():
        if path == "avgpool":
            assert labels[path] == path
        else:
            kind = labels[path].rstrip("0123456789_")
            assert type(module) is KIND[kind], (path, labels[path])


def test_the_labels_everyone_knows():
    labels = layer_labels(
        "vgg16_trunk", ["features.0", "features.21", "features.22", "features.30"]
    )
    assert list(labels.values()) == ["conv1_1", "conv4_3", "relu4_3", "pool5"]
    assert layer_labels("vgg19", ["features.34"]) == {"features.34": "conv5_4"}
    assert layer_labels("vgg16_bn", ["features.31"]) == {"features.31": "bn4_3"}
    assert layer_labels("vgg16", ["classifier.6", "classifier.0"]) == {
        "classifier.6": "fc8",
        "classifier.0": "fc6",
    }
    assert layer_labels("alexnet", ["features.12"]) == {"features.12": "pool5"}


def test_layers_without_a_label_keep_their_name():
    assert layer_labels("resnet18", ["layer1.0.conv1"]) == {"layer1.0.conv1": "layer1.0.conv1"}
    assert layer_labels("vgg16", ["features.21.extra"]) == {
        "features.21.extra": "features.21.extra"
    }


@pytest.mark.parametrize("name", ["conv4_3", "CONV4_3", "features.21"])
def test_a_label_leads_back_to_its_layer(name):
    layers = [f"features.{index}" for index in range(31)]
    assert layer_path("vgg16_trunk", name, layers) == "features.21"


def test_what_is_no_label_is_left_for_the_recording_to_refuse():
    assert layer_path("vgg16_trunk", "conv9_9", ["features.0"]) == "conv9_9"
    assert layer_path("vgg16_trunk", "conv4_3", ["features.0"]) == "conv4_3"
    assert layer_path("resnet18", "conv4_3", ["conv1"]) == "conv4_3"
