"""The cut: what a saliency map, or one picture of a recording, seeds."""

import numpy as np
import pytest
import torch

import deconvscope as ds
from deconvscope.analysis import cut_out, gaussian_baseline, segment_reversed
from deconvscope.experiments import accuracy_and_overlap


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
    cut = cut_out(pixels, -np.hypot(y - 41.0, x - 66.0))
    assert accuracy_and_overlap(cut.mask, inside)[1] > 0.95
    assert set(np.unique(cut.seeds)) == {-2, -1, 0, 1, 2}
    assert (cut.seeds > 0).mean() == pytest.approx(0.10, abs=0.01)
    assert (cut.seeds < 0).mean() == pytest.approx(0.30, abs=0.01)


def test_the_largest_component_is_kept(disc):
    pixels, inside = disc
    pixels[5:12, 5:12] = (220, 130, 40)
    y, x = np.mgrid[:80, :100]
    mask = cut_out(pixels, -np.hypot(y - 45.0, x - 60.0)).mask
    assert not mask[5:12, 5:12].any()


def test_a_saliency_that_tells_nothing_is_refused(disc):
    pixels, _ = disc
    with pytest.raises(ValueError, match="the same"):
        cut_out(pixels, np.zeros((80, 100)))
    with pytest.raises(ValueError, match=r"\(80, 99\)"):
        cut_out(pixels, np.zeros((80, 99)))


def test_the_baseline_is_a_blob_at_the_centre():
    blob = gaussian_baseline(21, 31)
    assert blob.argmax() == 10 * 31 + 15
    assert np.allclose(blob, blob[::-1, ::-1])


def test_a_gaussian_of_any_width_is_the_same_baseline(disc):
    y, x = np.mgrid[:80, :100]
    expected = cut_out(disc[0], gaussian_baseline(80, 100))
    for sigma in (30.0, 50.0):
        blob = np.exp(-((y - 39.5) ** 2 + (x - 49.5) ** 2) / (2 * sigma**2))
        assert np.array_equal(cut_out(disc[0], blob).seeds, expected.seeds)


def test_without_opencv_the_remedy_is_told(disc, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(ImportError, match=r"pip install 'deconvscope\[segmentation\]'"):
        cut_out(disc[0], np.random.default_rng(0).normal(size=(80, 100)))


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
    found = segment_reversed(photograph, result, "DeSaliNet")
    expected = cut_out(pixels, result["DeSaliNet"].abs().amax(0))
    assert np.array_equal(found.mask, expected.mask)
    assert np.array_equal(found.seeds, expected.seeds)
    first = segment_reversed(pixels, result)
    assert np.array_equal(first.seeds, segment_reversed(pixels, result, "DeConvNet").seeds)
    assert not np.array_equal(first.seeds, found.seeds)


def test_what_a_neuron_cannot_see_is_background(seen):
    recording, photograph = seen
    result = recording.reverse(ds.Strongest("features.21"), "DeSaliNet")
    found = segment_reversed(photograph, result)
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
        segment_reversed(photograph, small)
    result = recording.reverse(ds.Strongest("features.30"), "SaliNet")
    with pytest.raises(ValueError, match=r"\(400, 600, 3\).*preprocess\.view"):
        segment_reversed(ds.sample_image("coffee"), result)
    with pytest.raises(LookupError, match="DeConvNet was not computed"):
        segment_reversed(photograph, result, "DeConvNet")
    silent = torch.zeros_like(recording["features.30"])
    with pytest.raises(ValueError, match="is the picture zero"):
        segment_reversed(photograph, recording.reverse(ds.Signal("features.30", silent), "TTT"))
