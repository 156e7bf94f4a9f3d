"""The explorer on networks of tokens, channels-last maps and windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
import torchvision
from torch import nn

import deconvscope as ds
from deconvscope.models import Preprocessing, from_module

from .recorded_browser import Browser, RecordedComm

MODELS = torchvision.models
NETWORKS: dict[str, tuple[Callable[[], nn.Module], str, tuple[int, int, int]]] = {
    "vit": (
        lambda: MODELS.VisionTransformer(64, 8, 2, 2, 16, 32, num_classes=7),
        "encoder.layers.encoder_layer_1",
        (16, 8, 8),
    ),
    "swin": (
        lambda: MODELS.SwinTransformer([4, 4], 16, [2, 2], [2, 4], [4, 4], num_classes=5),
        "features.3.1",
        (32, 8, 8),
    ),
    "convnext": (
        lambda: MODELS.convnext_tiny(weights=None, num_classes=5),
        "features.3.2",
        (192, 8, 8),
    ),
}


@pytest.fixture(params=NETWORKS)
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    torch.manual_seed(0)
    network = NETWORKS[request.param][0]().eval()
    model = from_module(network, preprocess=Preprocessing(size=64, resize=64), name=request.param)
    comm = RecordedComm()
    explorer = ds.Explorer(model, comm=comm)
    yield Browser(explorer, comm, model=request.param, layer=explorer.layer)
    explorer.close()


def test_it_opens_on_the_output_of_a_block_and_shows_its_maps(browser: Browser) -> None:
    _, layer, shape = NETWORKS[browser.explorer.model_name]
    assert browser.explorer.layer == layer
    info = browser.explorer._atlas_info
    assert (info["channels"], info["height"], info["width"]) == shape
    maps = browser.explorer.recording.maps(layer)
    assert info["maxima"] == pytest.approx(maps.flatten(1).amax(1).tolist(), rel=1e-4)


def test_a_click_on_a_tile_is_the_neuron_at_that_place(browser: Browser) -> None:
    reply = browser.answer(neuron={"channel": 3, "y": 2, "x": 5})
    neuron = browser.explorer.neuron
    assert (neuron.channel, neuron.y, neuron.x) == (3, 2, 5)
    recording = browser.explorer.recording
    assert reply["_view"]["neuron"]["value"] == pytest.approx(
        float(recording.maps(neuron.layer)[3, 2, 5]), rel=1e-4
    )
    expected = recording.reverse(neuron, [ds.DECONVNET, ds.SALINET, ds.DESALINET])
    assert torch.equal(browser.explorer.reconstructions.values, expected.values)
    browser.explorer.address = browser.explorer.address
    assert browser.explorer.neuron == neuron


def test_only_layers_with_maps_or_vectors_can_be_chosen(browser: Browser) -> None:
    layers = {layer["name"]: layer for layer in browser.explorer._network["layers"]}
    recording = browser.explorer.recording
    for name, layer in recording.layers.items():
        known = layer.layout is not None or len(layer.shape) == 1
        assert (name in layers) == known
    assert layers[browser.explorer.layer]["shape"] == list(NETWORKS[browser.explorer.model_name][2])


def test_the_layer_trace_passes_through_tokens(browser: Browser) -> None:
    browser.ask(aside={"wayBack": "TTT"})
    steps = browser.wait_for("_way_back", seq=1)["_way_back"]["steps"]
    tokens = [step for step in steps if step["height"] == step["width"] == 8]
    assert len(tokens) > 5
    assert steps[-1]["name"] == "image" and steps[-1]["energy"] > 0
