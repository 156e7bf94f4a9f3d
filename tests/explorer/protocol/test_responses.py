"""The protocol as data: queries of every form are read or refused, views say what is true."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deconvscope import display
from deconvscope.explorer.protocol import requests, responses
from deconvscope.explorer.session import Place, Session, View
from deconvscope.models import Model
from deconvscope.reversal import Architecture, RectGrad

QUERY = {
    "client": "ab",
    "seq": 3,
    "model": "small",
    "image": "chelsea",
    "layer": "features.3",
    "neuron": {"channel": 2, "y": 5, "x": 6},
    "architectures": ["FTT", "TTT"],
}

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=400),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@pytest.fixture
def view(small_model: Model) -> View:
    session = Session()
    with session.networks.guest(small_model) as name:
        return session.visit(Place(name, "chelsea", "features.3", 2, 5, 6))


def test_a_complete_query_is_read() -> None:
    query = requests.read_query(QUERY)
    assert (query.client, query.seq, query.layer) == ("ab", 3, "features.3")
    assert (query.channel, query.y, query.x) == (2, 5, 6)
    assert query.architectures == ("FTT", "TTT")


def test_a_query_may_leave_layer_and_neuron_to_the_kernel() -> None:
    query = requests.read_query({**QUERY, "layer": None, "neuron": None})
    assert (query.layer, query.channel, query.y, query.x) == (None, None, None, None)
    strongest_place = {**QUERY, "neuron": {"channel": 2, "y": None, "x": None}}
    assert requests.read_query(strongest_place).y is None


@given(anything)
def test_whatever_comes_is_read_or_refused(raw: Any) -> None:
    with pytest.raises(requests.MalformedQueryError):
        requests.read_query(raw)


@given(st.sampled_from(sorted(QUERY)), anything)
def test_one_spoilt_entry_is_read_or_refused(key: str, value: Any) -> None:
    try:
        query = requests.read_query({**QUERY, key: value})
    except requests.MalformedQueryError as error:
        line = responses.failure(str(error), error.client, error.seq)
        assert 0 < len(line["message"]) <= 600
        json.dumps(line, allow_nan=False)
        assert key in ("client", "seq") or (error.client, error.seq) == ("ab", 3)
    else:
        assert all(
            index is None or 0 <= index < 2**31 for index in (query.channel, query.y, query.x)
        )


@pytest.mark.parametrize(
    ("spoilt", "line"),
    [
        ({"neuron": {"channel": 1.5, "y": 0, "x": 0}}, "channel is 1.5"),
        ({"neuron": {"channel": math.nan, "y": 0, "x": 0}}, "channel is nan"),
        ({"neuron": {"channel": True, "y": 0, "x": 0}}, "channel is True"),
        ({"neuron": {"channel": 10**40, "y": 0, "x": 0}}, "a huge number"),
        ({"neuron": {"channel": 1, "y": -1, "x": 0}}, "y is -1"),
        ({"neuron": {"channel": 1, "y": 2}}, "only one of y and x"),
        ({"neuron": {"y": 1, "x": 2}}, "no channel"),
        ({"architectures": []}, "at least one architecture"),
        ({"architectures": "TTT"}, "at least one architecture"),
        ({"layer": 3}, "layer is 3"),
        ({"model": "x" * 1000}, "model is 'xxx"),
        ({"seq": -1}, "a client and a seq"),
        ({"seq": 1e300}, "a client and a seq"),
    ],
)
def test_a_refusal_names_the_value(spoilt: dict[str, Any], line: str) -> None:
    with pytest.raises(requests.MalformedQueryError, match=line):
        requests.read_query({**QUERY, **spoilt})


def test_the_map_and_the_neuron_are_the_recording_s(view: View) -> None:
    traits = responses.neuron_traits(view, "ab", 3)
    shown = traits["_view"]
    activation = view.recorded_image.recording["features.3"][2].numpy()
    levels = np.frombuffer(traits["_map"], "<i2").reshape(
        shown["map"]["height"], shown["map"]["width"]
    )
    assert np.allclose(
        levels / 32767 * shown["map"]["scale"], activation, atol=shown["map"]["scale"] / 32767
    )
    assert (shown["map"]["min"], shown["map"]["max"]) == (activation.min(), activation.max())
    assert shown["neuron"]["value"] == activation[5, 6]
    assert shown["neuron"]["top"] == pytest.approx((activation >= activation[5, 6]).mean())
    assert (shown["client"], shown["seq"]) == ("ab", 3)


def test_the_pictures_are_the_reversed_ones(view: View) -> None:
    traits = responses.neuron_traits(view, "", 0)
    box = traits["_view"]["window"]
    sent = np.frombuffer(traits["_pictures"], np.int8).reshape(3, 3, box["height"], box["width"])
    assert [picture["code"] for picture in traits["_view"]["pictures"]] == [
        "FTT",
        "saliency",
        "TTT",
    ]
    for picture, companded, dense in zip(
        traits["_view"]["pictures"], sent, view.reconstruction.dense(), strict=True
    ):
        rows = slice(box["top"], box["top"] + box["height"])
        columns = slice(box["left"], box["left"] + box["width"])
        again, scale = display.compand(dense[:, rows, columns])
        assert (companded == again).all()
        assert picture["scale"] == scale
        assert picture["q"] == pytest.approx(display.paper_scale(dense))


def test_everything_sent_is_plain_json(view: View) -> None:
    for traits in (
        responses.neuron_traits(view, "", 0),
        responses.layer_traits(view.recorded_image, "classifier"),
        responses.recorded_image_traits(view.recorded_image),
    ):
        plain = {name: value for name, value in traits.items() if not isinstance(value, bytes)}
        json.dumps(plain, allow_nan=False)


def test_each_layer_comes_with_what_its_neurons_see(view: View) -> None:
    layers = responses.recorded_image_traits(view.recorded_image)["_network"]["layers"]
    fields = {layer["name"]: layer["field"] for layer in layers}
    assert fields["features.0"] == {"stride": [1, 1], "offset": [-1, -1], "size": [3, 3]}
    assert fields["features.3"] == {"stride": [2, 2], "offset": [-3, -3], "size": [8, 8]}
    assert fields["classifier"] is None


def test_a_vector_layer_has_a_map_of_one_place(small_model: Model) -> None:
    session = Session()
    with session.networks.guest(small_model) as name:
        view = session.visit(Place(name, "chelsea", "classifier", 7))
    traits = responses.neuron_traits(view, "", 0)
    assert (traits["_view"]["neuron"]["y"], traits["_view"]["neuron"]["x"]) == (None, None)
    assert (traits["_view"]["map"]["height"], traits["_view"]["map"]["width"]) == (1, 1)
    assert len(traits["_map"]) == 2
    assert traits["_view"]["address"].startswith("small/classifier/7?")


def test_every_architecture_is_described_in_words() -> None:
    session = Session()
    own = [Architecture(relu=RectGrad(0.5)), Architecture(relu="mask", pool="uniform")]
    session.architectures.add(own)
    received = {one["code"]: one["meaning"] for one in responses.catalog(session)["architectures"]}
    assert received["TTT"] == "ReLU masks, pooling switches, backward ReLU"
    assert received["FFF"] == "no ReLU masks, pooling to the centre, no backward ReLU"
    assert received["saliency"].startswith("the true gradient")
    assert "rectgrad" in received[own[0].code] and "spread evenly" in received[own[1].code]
    assert sum("true gradient" in meaning for meaning in received.values()) == 1


@pytest.mark.parametrize(("beside", "kernel"), [(True, True), (True, False), (False, True)])
def test_the_notebook_that_explains_is_named_where_a_link_leads_there(
    beside: bool, kernel: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if kernel:  # the notebook's folder is a Jupyter kernel's own
        monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    else:
        monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    name = "09_when_not_to_trust_a_picture.ipynb"
    if beside:
        (tmp_path / name).touch()
    assert (responses.catalog(Session())["notebook"] == name) is (beside and kernel)
    assert (Path(__file__).parents[3] / "example_notebooks" / name).exists()
