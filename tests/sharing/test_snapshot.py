"""The figure of a view: its size, what it says, and the small one that stands in for a widget."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import pytest
from PIL import Image

import deconvscope as ds
from deconvscope.models import Model

BUDGET = 1_500_000
"""Bytes of a widget in a saved notebook."""


@pytest.mark.parametrize(("architectures", "columns"), [(1, 3), (3, 5), (4, 3), (8, 5)])
def test_a_figure_fits_a_printed_page(vgg: ds.Explorer, architectures: int, columns: int) -> None:
    explorer = ds.Explorer(layer="conv3_3", architectures=ds.EIGHT[:architectures])
    figure = explorer.snapshot()
    width_in_millimetres = figure.width / 300 * 25.4
    assert width_in_millimetres == pytest.approx(columns * 36.5, abs=6)
    assert figure.height < figure.width


def test_a_png_says_where_it_was_taken(vgg: ds.Explorer, tmp_path: Path) -> None:
    vgg.snapshot(tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as written:
        assert ds.Explorer.from_address(written.info["Address"]).neuron == vgg.neuron
        assert f"neuron {vgg.channel}" in written.info["Title"]
        assert written.info["Software"].startswith(f"deconvscope {ds.__version__}, torch ")
        assert written.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    vgg.snapshot(tmp_path / "figure.jpg")
    with Image.open(tmp_path / "figure.jpg") as written:
        assert written.format == "JPEG"
    with pytest.raises(ValueError, match="extension"):
        vgg.snapshot(tmp_path / "figure.xyz")


def test_names_too_long_for_the_figure_are_cut(hostile_model: Model) -> None:
    assert len(hostile_model.name) > 40
    explorer = ds.Explorer(hostile_model, layer="pool", architectures="TTT")
    assert explorer.snapshot().width == ds.Explorer(architectures="TTT").snapshot().width


def test_the_picture_that_stands_in_is_small_and_carries_the_address() -> None:
    explorer = ds.Explorer()
    data, _ = explorer._repr_mimebundle_()
    content = base64.b64decode(data["image/png"])
    assert len(content) < 130_000
    picture = Image.open(io.BytesIO(content))
    assert picture.info["Address"] == explorer.address
    assert 900 < picture.width < 1000


@pytest.mark.parametrize("codes", [3, pytest.param(8, marks=pytest.mark.lengthy)])
@pytest.mark.parametrize("layer", ["relu5_3", "pool5", "conv1_2"])
def test_what_a_notebook_saves_stays_in_its_budget(layer: str, codes: int) -> None:
    explorer = ds.Explorer(layer=layer, architectures=ds.EIGHT[:codes])
    state = explorer.get_state()
    size = sum(
        4 * len(value) // 3 if isinstance(value, bytes) else len(json.dumps(value, default=str))
        for value in state.values()
    )
    assert size <= BUDGET
