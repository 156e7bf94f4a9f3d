"""A label of VGG, AlexNet or Keras in place of a module's path is answered by the path."""

from __future__ import annotations

import pytest
import torch
import torchvision

import deconvscope as ds
from deconvscope.models import layer_labels


@pytest.fixture(scope="module")
def trunk() -> ds.Recording:
    model = ds.load_model("vgg16_trunk")
    return ds.ReversedNetwork(model.network).record(torch.zeros(3, 32, 32))


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("conv4_3", "features.21"),
        ("Conv1_1", "features.0"),
        ("relu4_3", "features.22"),
        ("pool4", "features.23"),
        ("block4_conv3", "features.21"),
        ("block5_pool", "features.30"),
        ("conv13", "features.28"),
    ],
)
def test_a_label_is_answered_by_the_path(trunk: ds.Recording, label: str, meant: str) -> None:
    for use in (trunk.__getitem__, lambda name: trunk.reverse(ds.Strongest(name), "TTT")):
        with pytest.raises(ds.UnknownLayerError, match=f"did you mean {meant!r}\\?$"):
            use(label)


@pytest.mark.parametrize("name", ["vgg16_trunk", "alexnet", "vgg11", "vgg13_bn"])
def test_every_label_of_the_explorer_is_answered(name: str) -> None:
    network = ds.load_model(name, weights=None).network
    recording = ds.ReversedNetwork(network).record(torch.zeros(3, 64, 64))
    labels = layer_labels(name, recording.layers)
    numbered = {
        path: label for path, label in labels.items() if label[:4] in ("conv", "relu", "pool")
    }
    assert len(numbered) > 10
    for path, label in numbered.items():
        with pytest.raises(ds.UnknownLayerError, match=f"did you mean {path!r}\\?$"):
            recording[label]
    for path, label in labels.items():
        if label.startswith("fc"):
            with pytest.raises(ds.UnknownLayerError, match=f"did you mean {path!r}\\?$"):
                recording[label]


@pytest.mark.parametrize("label", ["conv9_1", "conv4_8", "pool7", "conv0", "conv"])
def test_a_label_beyond_the_network_gets_no_wrong_answer(trunk: ds.Recording, label: str) -> None:
    with pytest.raises(ds.UnknownLayerError, match=f"^no layer is named {label!r}$"):
        trunk[label]


def test_a_misspelled_path_is_answered_by_its_spelling() -> None:
    recording = ds.ReversedNetwork(torchvision.models.resnet18(weights=None)).record(
        torch.zeros(3, 64, 64)
    )
    with pytest.raises(ds.UnknownLayerError, match="did you mean 'layer4.1.conv2'"):
        recording["layer4.1.conf2"]
