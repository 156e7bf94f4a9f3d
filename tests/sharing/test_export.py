"""What goes into a page, how it is stored, and what is said where it does not fit."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import deconvscope as ds
from deconvscope.explorer import responses
from deconvscope.explorer.export.coding import Coding, decode, encode
from deconvscope.explorer.export.html import as_json
from deconvscope.explorer.export.neurons import chosen_neurons, strongest_places
from deconvscope.reversal import Recording

from .conftest import HOSTILE, LAYER

MAPS = st.integers(1, 7).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(-3, 3), min_size=width, max_size=width), min_size=1, max_size=7
    )
)


@given(MAPS, st.integers(1, 60))
def test_the_strongest_places_are_apart_while_there_is_room(
    rows: list[list[int]], count: int
) -> None:
    activation = torch.tensor(rows, dtype=torch.float32)
    places = strongest_places(activation, count)
    assert len(places) == len(set(places)) == min(count, activation.numel())
    assert activation[places[0]] == activation.max()
    # every place left out is no stronger than the last, or lies beside one that was chosen before
    apart = [
        place
        for index, place in enumerate(places)
        if all(_distance(place, other) >= 2 for other in places[:index])
    ]
    assert places[: len(apart)] == apart
    values = [float(activation[place]) for place in apart]
    assert values == sorted(values, reverse=True)


def _distance(one: tuple[int, int], other: tuple[int, int]) -> int:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


def test_channels_and_layers_are_chosen_as_asked(vgg: ds.Explorer) -> None:
    strongest = vgg.recording[LAYER].amax((1, 2)).argsort(descending=True)[:5].tolist()
    chosen = chosen_neurons(vgg.exhibit(channels=5))
    assert set(chosen[LAYER]) == {*strongest, vgg.channel}
    listed = chosen_neurons(vgg.exhibit(["conv1_2", "pool1"], [3, 1, 1], neurons_per_channel=2))
    assert {layer: list(channels) for layer, channels in listed.items()} == {
        "features.2": [1, 3],
        "features.4": [1, 3],
    }
    assert all(len(neurons) == 2 for neurons in listed["features.2"].values())
    assert len(chosen_neurons(vgg.exhibit())[LAYER]) == 256
    # the neuron that the page opens with is there wherever it lies
    assert vgg.neuron in chosen_neurons(vgg.exhibit(channels=1))[LAYER][vgg.channel]


@pytest.mark.parametrize(
    ("place", "error", "told"),
    [
        ("missing/page.html", FileNotFoundError, "missing.*make it first"),
        ("", IsADirectoryError, "name a file in it"),
    ],
)
def test_where_nothing_can_be_written_is_told_before_the_work(
    vgg: ds.Explorer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    error: type[OSError],
    told: str,
) -> None:
    def worked(*arguments: object, **keywords: object) -> None:
        raise AssertionError("neurons were run backwards")

    monkeypatch.setattr(Recording, "reverse", worked)
    with pytest.raises(error, match=told):
        vgg.to_html(tmp_path / place, channels=2, progress=False)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"channels": [256]}, "channel 256 does not exist: features.15 has channels 0 … 255"),
        ({"channels": 0}, "channels is 0"),
        ({"channels": []}, "channels is empty"),
        ({"layers": []}, "layers is empty"),
        ({"neurons_per_channel": 0}, "neurons_per_channel is 0"),
        ({"layers": "conv3_4"}, "conv3_3"),
    ],
)
def test_what_does_not_exist_is_refused(
    vgg: ds.Explorer, tmp_path: Path, asked: dict[str, object], told: str
) -> None:
    with pytest.raises((ValueError, LookupError), match=re.escape(told)):
        vgg.to_html(tmp_path / "page.html", **asked, progress=False)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_so_small_is_refused_with_what_would_fit(
    vgg: ds.Explorer, tmp_path: Path
) -> None:
    with pytest.raises(
        ds.PageTooLargeError,
        match=r"over the limit of 1\.2 MB.*enough for \d+ of its 256 neurons; pass fewer",
    ) as told:
        vgg.to_html(tmp_path / "page.html", limit_mb=1.2, progress=False)
    fitting = re.search(r"enough for (\d+)", str(told.value))
    assert fitting is not None
    assert 0 < int(fitting[1]) < 256
    page = vgg.to_html(
        tmp_path / "page.html", channels=int(fitting[1]), limit_mb=1.2, progress=False
    )
    assert page.size <= 1_200_000


def test_the_estimate_and_a_bar_are_shown(
    vgg: ds.Explorer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = vgg.to_html(tmp_path / "page.html", channels=30)
    said = capsys.readouterr()
    told = re.search(r"(\d+) neurons: about ([\d.]+) MB in (\d+) s", said.out)
    assert told is not None
    assert int(told[1]) == page.neurons == 30
    assert float(told[2]) == pytest.approx(page.size / 1e6, rel=0.15)
    assert "exporting" in said.err


def test_a_page_is_replaced_only_by_a_whole_one(
    vgg: ds.Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.html"
    path.write_text("before")

    def full(self: Path, content: bytes) -> int:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        vgg.to_html(path, channels=1, progress=False)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_holds_the_kernels_facts(vgg: ds.Explorer, lossless: Path) -> None:
    text = lossless.read_text(encoding="utf-8")
    block = re.search(
        rf'<script type="application/json" id="dcp-0-0-{vgg.channel}">(.*?)</script>', text
    )
    assert block is not None
    stored = json.loads(block[1])["neurons"][0]
    kernel = responses.neuron_traits(vgg._now, "", 0)["_view"]
    for fact in ("neuron", "map", "window", "pictures"):
        assert stored[fact] == json.loads(json.dumps(kernel[fact])), fact
    assert "http:" not in text.replace("http://www.w3.org", "")
    assert "https:" not in text


@given(st.text())
def test_no_text_ends_a_script(text: str) -> None:
    inside = as_json({"name": text, text: HOSTILE})
    assert "<" not in inside
    assert json.loads(inside)["name"] in (text, HOSTILE)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("coding", list(Coding), ids=str)
def test_stored_pictures_come_back(channels: int, coding: Coding) -> None:
    random = np.random.default_rng(channels)
    smooth = random.normal(size=(channels, 6, 9)).repeat(8, axis=1).repeat(8, axis=2)
    scale = float(np.abs(smooth).max())
    again = decode(encode(smooth, coding), coding, smooth.shape, scale)
    if coding is Coding.LOSSLESS:
        companded, _ = ds.display.compand(smooth)
        assert again == pytest.approx(ds.display.expand(companded, scale), rel=1e-5)
    else:
        assert np.corrcoef(again.ravel(), smooth.ravel())[0, 1] > 0.98


def test_a_picture_of_zeros_and_one_without_pixels_take_no_room() -> None:
    assert encode(np.zeros((3, 4, 4)), Coding.LOSSLESS) == b""
    assert encode(np.zeros((3, 0, 4)), Coding.LOSSY) == b""
    assert (decode(b"", Coding.LOSSLESS, (3, 4, 4), 0.0) == 0).all()
