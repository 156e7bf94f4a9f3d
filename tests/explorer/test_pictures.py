"""Companded pictures, and their scale from the window alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from deconvscope import display
from deconvscope.explorer.pictures import paper_scale

values = st.floats(-100, 100, width=32)
signals = hnp.arrays(
    np.float32, st.tuples(st.just(3), st.integers(1, 5), st.integers(1, 5)), elements=values
)


@given(signals, st.integers(0, 30), st.integers(0, 30))
def test_the_scale_is_that_of_the_whole_picture(signal, below: int, right: int) -> None:
    whole = np.pad(signal, ((0, 0), (0, below), (0, right)))
    expected = display.paper_scale(whole)
    assert paper_scale(signal, whole.size - signal.size) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_pictures_of_one_sign_have_a_scale(sign: float) -> None:
    signal = sign * np.ones((3, 4, 4), np.float32)
    whole = np.pad(signal, ((0, 0), (0, 96), (0, 96)))
    assert paper_scale(signal, whole.size - signal.size) == display.paper_scale(whole) == 1.0


def test_a_picture_of_zeros_has_none() -> None:
    assert paper_scale(np.zeros((3, 4, 4), np.float32), 100) == 0.0
    assert paper_scale(np.zeros((3, 0, 0), np.float32), 100) == 0.0
