"""Experiments on a transformer, whose layers are tokens."""

from __future__ import annotations

import pytest
import torch
import torchvision

import deconvscope as ds
from deconvscope import experiments
from deconvscope.experiments.subject import positive_places, stages
from deconvscope.models import Model, Preprocessing, from_module

LAYER = "encoder.layers.encoder_layer_1"


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    network = torchvision.models.VisionTransformer(64, 8, 3, 2, 16, 32, num_classes=7).eval()
    return from_module(network, preprocess=Preprocessing(size=64, resize=64), name="small ViT")


def test_positive_places_of_a_channel_of_tokens(model: Model) -> None:
    recording = ds.ReversedNetwork(model.network).record(
        model.preprocess(ds.sample_image("chelsea"))
    )
    assert stages(recording)
    signal = positive_places(recording, LAYER, 5)
    assert signal.values.shape == recording[LAYER].shape
    assert torch.equal(signal.values[1:, 5] > 0, recording[LAYER][1:, 5] > 0)
    assert not signal.values[0].any() and int(signal.values.sum()) == int(signal.values.ne(0).sum())


def test_selectivity_and_support_are_measured_at_places(model: Model) -> None:
    result = experiments.neuron_selectivity(model=model, images="chelsea", layers=[LAYER])
    assert LAYER in str(result)
    support = experiments.finite_support(model=model, image="chelsea", layer=LAYER)
    assert LAYER in str(support)
