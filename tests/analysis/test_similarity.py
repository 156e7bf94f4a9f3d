"""The similarity of two pictures: what it counts and what it leaves out."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import deconvscope as ds
from deconvscope.analysis import similarity


@pytest.mark.parametrize("scale", [1e-30, 0.5, 1e30])
def test_brightness_does_not_count(scale):
    picture = torch.randn(3, 5, 4)
    assert similarity(picture, scale * picture) == pytest.approx(1)
    assert similarity(picture, -scale * picture) == pytest.approx(-1)


def test_it_is_the_angle():
    a, b = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[1.0, 1.0]]])
    assert similarity(a, b) == similarity(b, a) == pytest.approx(math.cos(math.pi / 4))


@given(st.integers(0, 2**31))
def test_pixels_that_are_zero_in_both_do_not_count(seed):
    a, b = torch.randn(2, 3, 4, 6, generator=torch.Generator().manual_seed(seed))
    outside = torch.nn.functional.pad(torch.stack([a, b]), (2, 3, 4, 1))
    assert similarity(*outside) == pytest.approx(similarity(a, b), abs=1e-12)


def test_unrelated_pictures_have_none():
    assert abs(similarity(torch.randn(3, 100, 100), torch.randn(3, 100, 100))) < 0.02


def test_the_brightness_of_pictures_is_alike_where_their_content_is_not():
    """What the docstring says of VGG-16 at conv4_3: why the rank correlation of |x| is not the measure."""
    model = ds.load_model("vgg16_trunk")
    network = ds.ReversedNetwork(model.network)
    neuron = ds.Neuron("features.21", 33, 14, 14)
    drawn = []
    for name in ds.models.SAMPLE_IMAGES:
        recording = network.record(model.preprocess(ds.sample_image(name)))
        drawn.append(recording.reverse(neuron, "DeSaliNet").values[0])
    for one, other in itertools.combinations(drawn, 2):
        ranks = torch.stack([p.abs().flatten().argsort().argsort().double() for p in (one, other)])
        assert float(torch.corrcoef(ranks)[0, 1]) > 0.7
        assert similarity(one, other) < 0.12


def test_a_picture_of_zeros_is_like_no_other():
    zeros, picture = torch.zeros(3, 2, 2), torch.randn(3, 2, 2)
    assert math.isnan(similarity(zeros, picture))
    assert math.isnan(similarity(picture, zeros))
    assert math.isnan(similarity(zeros, zeros))


def test_bad_pictures_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 2, 2\) and \(3, 2, 3\)"):
        similarity(torch.ones(3, 2, 2), torch.ones(3, 2, 3))
    with pytest.raises(ValueError, match="NaN"):
        similarity(torch.full((3, 2, 2), torch.nan), torch.ones(3, 2, 2))
