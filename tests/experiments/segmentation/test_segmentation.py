"""Segmentation: the fully convolutional networks, and whose picture seeds the cut."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import deconvscope as ds
import deconvscope.experiments as ex
from deconvscope.experiments.drawing import encoded

from ..few_classes import FewClasses


@pytest.mark.parametrize(
    "name", ["mobilenet_v2", "alexnet", "resnet18", "squeezenet1_1", "googlenet", "inception_v3"]
)
def test_a_fully_convolutional_network_gives_the_networks_own_scores(name):
    model = ds.load_model(name, weights=None)
    network = ex.randomised(model.network, seed=0).eval()  # scores that the photograph decides
    x = model.preprocess(ds.sample_image("coffee"))
    converted = ex.fully_convolutional(network, model.preprocess(ds.sample_image("chelsea")))
    with torch.no_grad():
        own, scores = network(x[None]), converted(x[None])
        wide = converted(torch.cat([x, x], 2)[None])
    scale = float(own.abs().max())
    torch.testing.assert_close(scores.mean((2, 3)), own, rtol=1e-3, atol=1e-3 * scale)
    assert wide.shape[1] == 1000 and wide.shape[3] > scores.shape[3]


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "convnext_tiny"])
def test_what_bends_scores_behind_the_pooling_is_noticed(name):
    model = ds.load_model(name, weights=None)
    bent = replace(model, network=ex.randomised(model.network, seed=0))
    with pytest.raises(ex.NoClassLayerError, match="cannot be applied at every place"):
        ex.segmenter(bent)


def test_networks_whose_head_is_more_than_linear_are_refused():
    with pytest.raises(ex.NoClassLayerError, match="DenseNet"):
        ex.fully_convolutional(
            ds.load_model("densenet121", weights=None).network, torch.randn(3, 224, 224)
        )
    flat = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.LazyLinear(5))
    flat(torch.zeros(1, 3, 64, 64))
    with pytest.raises(ex.NoClassLayerError, match="Sequential"):
        ex.fully_convolutional(flat, torch.randn(3, 64, 64))


def test_a_network_without_classes_asks_for_a_layer():
    with pytest.raises(ex.NoClassLayerError, match="layer='pool5'"):
        ex.segment("chelsea", model="vgg16_trunk")
    found = ex.segment("coffee", "DeSaliNet", "vgg16_trunk", layer="pool5", size=128)
    assert found.category.startswith("channel ")
    assert found.mask.shape == (400, 600)
    with pytest.raises(ds.UnknownLayerError, match="pool9"):
        ex.segment("coffee", model="vgg16_trunk", layer="pool9", size=128)
    with pytest.raises(ValueError, match="size=8"):
        ex.segment("coffee", size=8)


def test_one_class_is_enough_but_its_score_must_be_positive(photograph):
    found = ex.segment(photograph, "SaliNet", FewClasses(0.0), size=40)
    assert found.category == "channel 0" and found.mask.shape == (40, 48)
    with pytest.raises(ex.NothingPositiveError, match="no place of 'channel 0'.*positive score"):
        ex.segment(photograph, "SaliNet", FewClasses(-1e6), size=40)


def test_where_no_score_is_positive_the_class_named_is_still_the_top_one(photograph):
    network = FewClasses(-3.0, -2.0, -1.0, weight=0.0)
    with pytest.raises(ex.NothingPositiveError, match="'channel 2'"):
        ex.segment(photograph, "SaliNet", network, size=40)


def test_a_layer_without_maps_is_refused():
    with pytest.raises(ValueError, match="'classifier.1' has no maps"):
        ex.segment("coffee", model="mobilenet_v2", layer="classifier.1")


def test_a_segmenter_keeps_its_own_layer_and_size():
    ready = ex.segmenter("vgg16_trunk", layer="pool5", size=64)
    with pytest.raises(ValueError, match="layer='pool4'.*has its own"):
        ex.segment("coffee", model=ready, layer="pool4")
    with pytest.raises(ValueError, match="size=256.*has its own"):
        ex.evaluate_segmentation(model=ready, size=256)


def test_a_segmentation_names_the_class_and_shows_itself():
    found = ex.segment("coffee", "DeSaliNet", size=128)
    assert found.category in ("espresso", "cup", "coffee mug")
    assert 0 < found.mask.mean() < 1
    assert found.saliency.shape == found.seen.shape[:2] == found.seeds.shape
    assert encoded(found.figure()) and found.overlay().shape == found.seen.shape
    again = ex.segment("coffee", "DeSaliNet", size=128)
    assert np.array_equal(found.mask, again.mask)
