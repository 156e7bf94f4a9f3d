"""How results show themselves: tables as text and HTML, figures where matplotlib is."""

import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

import deconvscope.experiments as ex
from deconvscope.analysis import MissingExtraError
from deconvscope.experiments.drawing import Cell, draw_grid, encoded


def test_a_table_prints_in_columns():
    text = str(ex.Table(("layer", "share"), [("a", 0.5), ("long name", None)], "what it is"))
    assert text.splitlines() == [
        "what it is",
        "layer      share",
        "a          0.500",
        "long name      –",
    ]


def test_a_table_has_no_holes():
    with pytest.raises(ValueError, match="does not fit"):
        ex.Table(("one", "two"), [("only",)])


def test_markup_in_a_table_is_text():
    shown = ex.Table(("a", "<b>"), [("<script>", math.nan)], "x < y")._repr_html_()
    assert "<script>" not in shown and "&lt;script&gt;" in shown and "x &lt; y" in shown
    assert "–" in shown


@pytest.fixture(scope="module")
def result(small, photograph):
    return ex.compare_depths(photograph, small)


def test_a_result_is_a_picture_and_a_table_in_a_notebook(result):
    bundle = result._repr_mimebundle_()
    assert 'src="data:image/' in bundle["text/html"] and "<table" in bundle["text/html"]
    assert bundle["text/plain"] == str(result) == repr(result)


def test_the_notebook_gets_the_picture_as_an_output_of_its_own(result, monkeypatch):
    outputs = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: outputs.append(data))
    result._ipython_display_()
    picture, numbers = outputs
    (file,) = (data for kind, data in picture.items() if kind.startswith("image/"))
    assert Image.open(io.BytesIO(file)).width > 300
    assert "<table" in numbers["text/html"]


def test_figures_of_few_colours_are_exact_and_photographs_are_small():
    colours = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    noise: Any = draw_grid([[Cell(colours)]])
    grey: Any = draw_grid([[Cell(np.full_like(colours, 128))]])
    assert noise._repr_png_() is None and grey._repr_jpeg_() is None
    assert Image.open(io.BytesIO(noise._repr_jpeg_())).format == "JPEG"
    assert Image.open(io.BytesIO(grey._repr_png_())).format == "PNG"


def test_without_matplotlib_the_numbers_are_there_and_the_remedy(result, without_matplotlib):
    from deconvscope.experiments import drawing

    drawing._drawing_class.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pip install 'deconvscope\[figures\]'"):
        result.figure()
    shown = result._repr_mimebundle_()["text/html"]
    assert "deconvscope[figures]" in shown and "<table" in shown


def test_pictures_are_drawn_pixel_for_pixel():
    red, blue = (
        np.full((20, 30, 3), colour, dtype=np.uint8) for colour in ((250, 0, 0), (0, 0, 250))
    )
    (file,) = encoded(draw_grid([[Cell(red), None], [Cell(blue), Cell(red)]])).values()
    drawn = Image.open(io.BytesIO(file))
    pixels = np.asarray(drawn.convert("RGB")).reshape(-1, 3)
    colours = {tuple(map(int, pixel)) for pixel in np.unique(pixels, axis=0)}
    assert {(250, 0, 0), (0, 0, 250)} <= colours
