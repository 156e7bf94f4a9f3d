"""Reversed pictures as pixels."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from deconvscope.display import (
    colour_map,
    magnitude,
    paper,
    paper_scale,
    renormalised,
    saliency,
    signed,
)

MODES = [paper, signed, renormalised, saliency, magnitude]
GREY = 128


def picture(seed=0, shape=(3, 24, 32), scale=1.0):
    return np.random.default_rng(seed).normal(scale=scale, size=shape)


pictures = arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 8), st.integers(1, 8)),
    elements=st.floats(-1e300, 1e300),
)


def test_paper_is_the_formula_of_footnote_4():
    x = picture()
    q = np.quantile(x, 0.005)
    expected = 255 / (1 + np.exp(-np.log(99) * x / abs(q)))
    np.testing.assert_allclose(paper(x), expected.transpose(1, 2, 0), atol=0.5 + 1e-9)


def test_the_quantile_is_drawn_at_one_percent_and_zero_in_the_middle():
    x = picture()
    x[:, 0, 0], x[:, 0, 1], x[:, 0, 2] = -paper_scale(x), 0.0, paper_scale(x)
    x[:, 0, :2:2] = -paper_scale(x)
    dark, middle, light = paper(x)[0, :3, 0]
    assert (dark, middle, light) == (round(0.01 * 255), GREY, round(0.99 * 255))


def test_a_small_window_in_a_large_picture_is_scaled_by_its_minimum():
    x = np.zeros((3, 224, 224))
    x[:, 100:103, 100:103] = picture(shape=(3, 3, 3))
    assert np.quantile(x, 0.005) == 0
    assert paper_scale(x) == -x.min()


def test_a_quantile_too_small_to_divide_by_gives_way_to_the_minimum():
    x = np.full((1, 20, 20), -9e-6)
    x[0, 0, 0] = -3.0
    assert paper_scale(x) == 3.0
    assert paper_scale(x * 2) == pytest.approx(1.8e-5, rel=1e-6)


@pytest.mark.parametrize("shift", [0.0, 0.5, 5.0])
def test_contrast_is_not_inverted_where_all_is_positive(shift):
    x = np.abs(picture()) + shift
    x[:, 0, 0], x[:, 0, 1] = x.min(), x.max()
    pixels = paper(x).astype(int)
    assert paper_scale(x) > 0
    assert pixels.min() >= GREY
    assert pixels[0, 1, 0] > pixels[0, 0, 0] >= GREY


def test_a_positive_window_among_zeros_is_scaled_by_its_maximum():
    x = np.zeros((3, 50, 50))
    x[:, 3:5, 3:5] = np.abs(picture(shape=(3, 2, 2)))
    assert paper_scale(x) == x.max()
    assert paper(x).max() == round(0.99 * 255)


def test_a_minimum_that_is_only_rounding_does_not_set_the_scale():
    x = np.zeros((3, 50, 50))
    x[0, 0, 0], x[0, 0, 1] = 1.0, -1e-12
    assert paper_scale(x) == 1.0


@given(
    arrays(
        np.float32,
        st.tuples(st.just(3), st.integers(1, 5), st.integers(1, 5)),
        elements=st.floats(-100, 100, width=32),
    ),
    st.integers(0, 30),
    st.integers(0, 30),
)
def test_the_zeros_around_a_window_are_counted(window, below, right):
    whole = np.pad(window, ((0, 0), (0, below), (0, right)))
    scale = paper_scale(window, outside=whole.size - window.size)
    assert scale == paper_scale(whole)
    q = abs(np.quantile(whole.astype(np.float64), 0.005))
    if q >= 1.01e-5:
        assert scale == pytest.approx(q, rel=1e-9)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_windows_of_one_sign_have_a_scale(sign):
    window = sign * np.ones((3, 4, 4))
    assert paper_scale(window, outside=3 * 96 * 96) == 1.0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 4, 5)])
def test_a_picture_of_zeros(mode, shape):
    pixels = mode(np.zeros(shape))
    assert pixels.shape == (4, 5, 3)
    assert pixels.dtype == np.uint8
    if mode is saliency:
        assert (pixels == colour_map("sequential")[0]).all()
    elif mode is magnitude:
        assert (pixels == 0).all()
    else:
        assert (pixels == GREY).all()
    assert paper_scale(np.zeros(shape)) == 0.0


@pytest.mark.parametrize("mode", MODES)
@given(x=pictures)
def test_any_picture_has_pixels(mode, x):
    pixels = mode(x)
    assert pixels.shape == (*x.shape[1:], 3)
    assert pixels.dtype == np.uint8


@given(x=pictures)
def test_signs_are_kept(x):
    colours = np.stack([x[c if len(x) >= 3 else 0] for c in range(3)], axis=-1)
    for mode in (paper, signed, renormalised):
        pixels = mode(x)
        assert (pixels[colours > 0] >= GREY).all()
        assert (pixels[colours < 0] <= GREY).all()
        assert (pixels[colours == 0] == GREY).all()


@given(x=pictures, factor=st.sampled_from([2.0, 1024.0]))
def test_all_but_the_paper_mode_ignore_the_scale(x, factor):
    for mode in (signed, renormalised, saliency, magnitude):
        np.testing.assert_array_equal(mode(x), mode(x * factor))


def test_signed_and_renormalised_reach_black_and_white():
    x = np.array([[[-2.0, -1.0, 0.0, 1.0, 2.0]]])
    assert signed(x)[0, :, 0].tolist() == [0, 64, 128, 191, 255]
    assert renormalised(x)[0, :, 0].tolist() == [0, 9, 128, 246, 255]


def test_saliency_takes_the_largest_channel():
    x = np.zeros((3, 1, 3))
    x[1, 0, 1], x[2, 0, 2] = -4.0, 2.0
    table = colour_map("sequential")
    assert (saliency(x)[0] == table[[0, 255, 128]]).all()


def test_magnitude_is_the_norm_over_all_channels():
    x = np.array([[[0.0, -3.0, 1.0, 0.0]], [[0.0, 4.0, -2.0, 0.5]], [[0.0, -12.0, 2.0, 0.0]]])
    assert magnitude(x)[0].tolist() == [[round(255 * n / 13)] * 3 for n in (0, 13, 3, 0.5)]
    more = np.concatenate([x, np.array([[[0.0, 0.0, 4.0, 0.0]]])])
    assert magnitude(more)[0, 2].tolist() == [round(255 * 5 / 13)] * 3


def test_channels_are_colours():
    x = picture()
    grey = signed(x[:1])
    assert (grey == grey[:, :, :1]).all()
    more = np.concatenate([x, picture(1)[:1] * 0.1])
    np.testing.assert_array_equal(signed(more / np.abs(more).max()), signed(x))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_tensors_are_welcome(mode, dtype):
    x = torch.from_numpy(picture()).to(dtype).requires_grad_()
    np.testing.assert_array_equal(mode(x), mode(x.detach().double().numpy()))


@pytest.mark.parametrize("mode", [*MODES, paper_scale])
def test_what_cannot_be_drawn_is_refused(mode):
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="NaN or infinite"):
            mode(np.full((3, 2, 2), bad))
    for shape in ((2, 2), (1, 3, 2, 2), (3, 0, 2)):
        with pytest.raises(ValueError, match=r"shape \(C, H, W\)"):
            mode(np.zeros(shape))
