"""Signed values in one byte each."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from deconvscope.display import compand, expand

anything = arrays(
    np.float64, array_shapes(), elements=st.floats(-1e9, 1e9, width=32, allow_subnormal=False)
)


@given(anything)
def test_the_fourth_root_is_right_to_half_a_step(x):
    companded, scale = compand(x)
    assert companded.dtype == np.int8
    assert companded.shape == x.shape
    assert scale == np.abs(x).max()
    if scale > 0:
        roots = 127 * np.sign(x) * (np.abs(x) / scale) ** 0.25
        assert np.abs(companded - roots).max() <= 0.5 + 1e-9


@given(anything)
def test_expanding_keeps_sign_extremes_and_bytes(x):
    companded, scale = compand(x)
    back = expand(companded, scale)
    assert back.dtype == np.float32
    assert (back * x >= 0).all()
    np.testing.assert_allclose(np.abs(back).max(), scale, rtol=1e-6)
    np.testing.assert_allclose(back, x, atol=scale * (1 - (126.5 / 127) ** 4) * 1.001)
    np.testing.assert_array_equal(compand(back)[0], companded)


def test_small_values_survive_that_linear_bytes_would_lose():
    back = expand(*compand(np.array([1.0, 1e-6])))
    assert back[1] == pytest.approx(1e-6, rel=0.15)


def test_zeros_and_nothing():
    companded, scale = compand(np.zeros((2, 3)))
    assert scale == 0.0
    assert not companded.any()
    assert not expand(companded, scale).any()
    assert compand(np.zeros((0, 3)))[0].shape == (0, 3)


def test_tensors_and_bad_values():
    x = torch.linspace(-1, 1, 9, dtype=torch.bfloat16)
    np.testing.assert_array_equal(compand(x)[0], compand(x.double().numpy())[0])
    with pytest.raises(ValueError, match="NaN"):
        compand([0.0, float("nan")])
