"""A transposed convolution is Wᵀ, a gradient, and a sum of stamps; the worked cases are those of textbooks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deconvscope.experiments as ex
from deconvscope.experiments.drawing import encoded


@st.composite
def layers(draw):
    k, stride, padding = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(0, 2))
    size = tuple(draw(st.integers(max(1, k - 2 * padding), 7)) for _ in range(2))
    numbers = np.random.default_rng(draw(st.integers(0, 2**31)))
    layer = ex.transposed_convolution(numbers.normal(size=(k, k)), size, stride, padding)
    return layer, numbers.normal(size=layer.output_size), numbers.normal(size=size)


@given(layers())
def test_matrix_gradient_and_stamps_are_one(drawn):
    layer, y, x = drawn
    transposed = layer.transposed(y)
    np.testing.assert_allclose(layer.gradient(y), transposed, atol=1e-12)
    np.testing.assert_allclose(layer.stamped(y), transposed, atol=1e-12)
    assert np.vdot(layer.convolve(x), y) == pytest.approx(
        np.vdot(x, transposed)
    )  # ⟨Wx, y⟩ = ⟨x, Wᵀy⟩


@given(st.integers(1, 4), st.integers(0, 2**31))
def test_a_strided_convolution_is_thinned_and_its_transpose_spread(k, seed):
    numbers = np.random.default_rng(seed)
    kernel, x = numbers.normal(size=(3, 3)), numbers.normal(size=(9, 9))
    strided = ex.transposed_convolution(kernel, (9, 9), stride=k)
    dense = ex.transposed_convolution(kernel, (9, 9))
    np.testing.assert_allclose(strided.convolve(x), ex.thinned(dense.convolve(x), k), atol=1e-12)
    y = numbers.normal(size=strided.output_size)
    wide = np.zeros(dense.output_size)
    rows, columns = ex.spread(y, k).shape
    wide[:rows, :columns] = ex.spread(y, k)
    np.testing.assert_allclose(strided.transposed(y), dense.transposed(wide), atol=1e-12)


def test_four_stamps_of_ones():
    layer = ex.transposed_convolution(np.ones((3, 3)), (5, 5), stride=2)
    whole = layer.transposed([[1, 2], [3, 4]])
    assert whole.shape == (5, 5)
    assert whole[:4, :4].tolist() == [[1, 1, 3, 2], [1, 1, 3, 2], [4, 4, 10, 6], [3, 3, 7, 4]]


def test_nearest_neighbour_upsampling_with_three_taps():
    q = np.array([2.0, 3.0, 5.0])
    merged = np.array([q[0], q[0] + q[1], q[1] + q[2], q[2]])
    x = np.arange(1.0, 6.0)
    upsampled = np.repeat(x, 2)
    smoothed = np.convolve(upsampled, q)
    stamped = np.zeros(2 * len(x) + 2)
    for i, value in enumerate(x):
        stamped[2 * i : 2 * i + 4] += value * merged
    np.testing.assert_allclose(smoothed, stamped)


def test_an_orthogonal_convolution_alone_is_inverted():
    shift = ex.transposed_convolution([[0, 0, 0], [0, 1, 0], [0, 0, 0]], (4, 4), padding=1)
    assert (shift.matrix.T @ shift.matrix == np.eye(16)).all()
    blur = ex.transposed_convolution(np.ones((2, 2)), (4, 4))
    assert not np.allclose(blur.matrix.T @ blur.matrix, np.eye(16))
    assert blur.table().rows[0][-1] == 3.0


def test_checkerboards_where_the_stride_does_not_divide_the_kernel():
    inside = ex.overlaps(3, 2)[2:-2, 2:-2]
    assert set(np.unique(inside)) == {1.0, 2.0, 4.0}
    assert set(np.unique(ex.overlaps(4, 2)[2:-2, 2:-2])) == {4.0}


def test_it_shows_itself_and_refuses_what_is_no_convolution():
    layer = ex.transposed_convolution([[1, 2], [3, 4]], (3, 3))
    assert encoded(layer.figure()) and encoded(ex.draw_maps({"x": np.eye(2)}))
    with pytest.raises(ValueError, match="square"):
        ex.transposed_convolution([[1, 2]], (3, 3))
    with pytest.raises(ValueError, match="does not fit"):
        ex.transposed_convolution(np.ones((4, 4)), (3, 3))
    with pytest.raises(ValueError, match="stride=0"):
        ex.transposed_convolution(np.ones((2, 2)), (3, 3), stride=0)
    with pytest.raises(ValueError, match="too large"):
        ex.transposed_convolution(np.ones((2, 2)), (99, 99))
    with pytest.raises(ValueError, match=r"\(3, 3\)"):
        layer.transposed(np.ones((3, 3)))
