"""Pixels side by side, and as PNG."""

import io

import numpy as np
import pytest
from PIL import Image

from deconvscope.display import encode_png, montage


def block(height, width, level):
    return np.full((height, width, 3), level, dtype=np.uint8)


def test_a_montage_is_read_row_by_row():
    cells = [block(2, 3, level) for level in (10, 20, 30)]
    grid = montage(cells, columns=2, gap=1, background=0)
    assert grid[..., 0].tolist() == [
        [10, 10, 10, 0, 20, 20, 20],
        [10, 10, 10, 0, 20, 20, 20],
        [0, 0, 0, 0, 0, 0, 0],
        [30, 30, 30, 0, 0, 0, 0],
        [30, 30, 30, 0, 0, 0, 0],
    ]


def test_smaller_pictures_are_centred():
    grid = montage([block(3, 3, 1), block(1, 1, 2)], columns=2, gap=0, background=0)
    assert grid[..., 0].tolist() == [[1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 2, 0], [1, 1, 1, 0, 0, 0]]


@pytest.mark.parametrize(
    ("count", "columns", "shape"),
    [(1, None, (4, 4)), (8, None, (12, 12)), (8, 4, (8, 16)), (2, 9, (4, 8))],
)
def test_the_grid_is_square_unless_told(count, columns, shape):
    assert montage([block(4, 4, 0)] * count, columns, gap=0).shape == (*shape, 3)


def test_grey_pictures_are_coloured():
    assert (montage([np.full((2, 2), 9, np.uint8)]) == 9).all()


def test_a_png_holds_the_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    for image in (pixels, pixels[:, :, 0]):
        with Image.open(io.BytesIO(encode_png(image))) as opened:
            assert opened.format == "PNG"
            rgb = np.asarray(opened.convert("RGB"))
        assert (rgb == (image if image.ndim == 3 else image[:, :, None])).all()


@pytest.mark.parametrize(
    "image", [np.zeros((2, 2, 3)), np.zeros((2, 2, 4), np.uint8), np.zeros((0, 2), np.uint8)]
)
def test_what_is_no_pixels_is_refused(image):
    with pytest.raises(ValueError, match="uint8 of shape"):
        encode_png(image)
    with pytest.raises(ValueError, match="uint8 of shape"):
        montage([image])


def test_an_impossible_grid_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        montage([])
    with pytest.raises(ValueError, match="columns ≥ 1"):
        montage([block(1, 1, 0)], columns=0)
