"""Segmentation: the cut, the fully convolutional networks, and whose picture seeds it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import deconvscope as ds
import deconvscope.experiments as ex
from deconvscope.experiments.drawing import encoded
from deconvscope.experiments.evaluation import accuracy_and_overlap
from deconvscope.experiments.grab_cut import gaussian_baseline

from .few_classes import FewClasses


@pytest.fixture
def disc():
    """An orange disc on a blue ground, with noise, and where it is."""
    y, x = np.mgrid[:80, :100]
    inside = (y - 45) ** 2 + (x - 60) ** 2 < 22**2
    pixels = np.where(inside[..., None], (220, 130, 40), (40, 70, 160)).astype(float)
    noise = np.random.default_rng(0).normal(0, 12, pixels.shape)
    return (pixels + noise).clip(0, 255).astype(np.uint8), inside


def test_a_rough_saliency_cuts_out_the_whole_thing(disc):
    pixels, inside = disc
    y, x = np.mgrid[:80, :100]
    cut = ex.cut_out(pixels, -np.hypot(y - 41.0, x - 66.0))
    assert accuracy_and_overlap(cut.mask, inside)[1] > 0.95
    assert set(np.unique(cut.seeds)) == {-2, -1, 0, 1, 2}
    assert (cut.seeds > 0).mean() == pytest.approx(0.10, abs=0.01)
    assert (cut.seeds < 0).mean() == pytest.approx(0.30, abs=0.01)


def test_the_largest_component_is_kept(disc):
    pixels, inside = disc
    pixels[5:12, 5:12] = (220, 130, 40)
    y, x = np.mgrid[:80, :100]
    mask = ex.cut_out(pixels, -np.hypot(y - 45.0, x - 60.0)).mask
    assert not mask[5:12, 5:12].any()


def test_a_saliency_that_tells_nothing_is_refused(disc):
    pixels, _ = disc
    with pytest.raises(ValueError, match="the same"):
        ex.cut_out(pixels, np.zeros((80, 100)))
    with pytest.raises(ValueError, match=r"\(80, 99\)"):
        ex.cut_out(pixels, np.zeros((80, 99)))


def test_the_baseline_is_a_blob_at_the_centre():
    blob = gaussian_baseline(21, 31)
    assert blob.argmax() == 10 * 31 + 15
    assert np.allclose(blob, blob[::-1, ::-1])


def test_a_gaussian_of_any_width_is_the_same_baseline(disc):
    y, x = np.mgrid[:80, :100]
    expected = ex.cut_out(disc[0], gaussian_baseline(80, 100))
    for sigma in (30.0, 50.0):
        blob = np.exp(-((y - 39.5) ** 2 + (x - 49.5) ** 2) / (2 * sigma**2))
        assert np.array_equal(ex.cut_out(disc[0], blob).seeds, expected.seeds)


def test_without_opencv_the_remedy_is_told(disc, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(ImportError, match=r"pip install 'deconvscope\[segmentation\]'"):
        ex.cut_out(disc[0], np.random.default_rng(0).normal(size=(80, 100)))


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


@pytest.fixture(scope="module")
def seen():
    """The cup before VGG-16's convolutions: recording and the pixels that they saw."""
    model = ds.load_model("vgg16_trunk")
    photograph = ds.sample_image("coffee")
    recording = ds.ReversedNetwork(model.network).record(model.preprocess(photograph))
    return recording, model.preprocess.view(photograph)


def test_a_picture_that_is_there_already_is_segmented(seen):
    recording, photograph = seen
    layer, pixels = "features.30", np.asarray(photograph)
    channel = int(recording[layer].flatten(1).sum(1).argmax())
    result = recording.reverse(ds.Channel(layer, channel), ["DeConvNet", "DeSaliNet"])
    found = ex.segment_reversed(photograph, result, "DeSaliNet")
    expected = ex.cut_out(pixels, result["DeSaliNet"].abs().amax(0))
    assert np.array_equal(found.mask, expected.mask)
    assert np.array_equal(found.seeds, expected.seeds)
    first = ex.segment_reversed(pixels, result)
    assert np.array_equal(first.seeds, ex.segment_reversed(pixels, result, "DeConvNet").seeds)
    assert not np.array_equal(first.seeds, found.seeds)


def test_what_a_neuron_cannot_see_is_background(seen):
    recording, photograph = seen
    result = recording.reverse(ds.Strongest("features.21"), "DeSaliNet")
    found = ex.segment_reversed(photograph, result)
    box = result.window
    inside = np.zeros((224, 224), bool)
    inside[box.top : box.top + box.height, box.left : box.left + box.width] = True
    assert found.mask.any() and not found.mask[~inside].any()
    assert (found.seeds[~inside] == -2).all()
    assert (found.seeds[inside] > 0).mean() == pytest.approx(0.10, abs=0.01)


def test_pictures_that_cannot_be_segmented_are_refused(seen):
    recording, photograph = seen
    small = recording.reverse(ds.Strongest("features.2"), "SaliNet")
    with pytest.raises(ValueError, match="5×5 pixels.*deeper"):
        ex.segment_reversed(photograph, small)
    result = recording.reverse(ds.Strongest("features.30"), "SaliNet")
    with pytest.raises(ValueError, match=r"\(400, 600, 3\).*preprocess\.view"):
        ex.segment_reversed(ds.sample_image("coffee"), result)
    with pytest.raises(LookupError, match="DeConvNet was not computed"):
        ex.segment_reversed(photograph, result, "DeConvNet")
    silent = torch.zeros_like(recording["features.30"])
    with pytest.raises(ValueError, match="is the picture zero"):
        ex.segment_reversed(photograph, recording.reverse(ds.Signal("features.30", silent), "TTT"))
