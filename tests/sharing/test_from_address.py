"""An address leads back to the view it was taken from: text, widget and Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import deconvscope as ds
from deconvscope.explorer import Address
from deconvscope.models import Model

from .conftest import HOSTILE

CODES = [architecture.code for architecture in (*ds.EIGHT, ds.SALINET)]


@pytest.fixture(scope="module")
def explorer(hostile_model: Model) -> ds.Explorer:
    return ds.Explorer(hostile_model)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    layer=st.sampled_from([HOSTILE, "a/b?c#d %,e", "pool"]),
    channel=st.integers(0, 3),
    y=st.integers(0, 15),
    x=st.integers(0, 15),
    codes=st.lists(st.sampled_from(CODES), min_size=1, max_size=4, unique=True),
    image=st.sampled_from(["chelsea", "coffee"]),
)
def test_every_view_is_found_again(
    explorer: ds.Explorer,
    hostile_model: Model,
    layer: str,
    channel: int,
    y: int,
    x: int,
    codes: list[str],
    image: str,
) -> None:
    explorer.image, explorer.architectures = image, codes
    explorer.neuron = ds.Neuron(layer, channel, y, x)
    again = ds.Explorer.from_address(explorer.address, model=hostile_model)
    assert again.address == explorer.address
    assert (again.neuron, again.architectures) == (explorer.neuron, explorer.architectures)
    again.select("pool", 0)
    again.address = explorer.address
    assert again.address == explorer.address
    again.close()


@pytest.mark.parametrize("model", ["vgg16_trunk", "mobilenet_v2"])
def test_a_network_of_the_catalogue_needs_no_more_than_its_address(model: str) -> None:
    explorer = ds.Explorer(model, "rocket", layer="classifier.1" if "v2" in model else "conv2_1")
    again = ds.Explorer.from_address(explorer.address)
    assert again.address == explorer.address
    assert (again.reconstructions.values == explorer.reconstructions.values).all()


def test_labels_and_open_ends_are_read() -> None:
    there = ds.Explorer.from_address("vgg16_trunk/conv2_2/7", display="signed")
    assert (there.layer, there.channel, there.display) == ("features.7", 7, "signed")
    assert there.recording[there.layer][7].max() == there.recording[there.layer][there.neuron.index]
    assert Address.parse(there.address).image == "chelsea"


def test_an_own_image_is_asked_for_by_its_content(hostile_model: Model, tmp_path: Path) -> None:
    path = tmp_path / "mine.png"
    Image.radial_gradient("L").convert("RGB").save(path)
    explorer = ds.Explorer(hostile_model, path, layer="pool")
    with pytest.raises(LookupError, match=r"sha256:\w+.*pass it with image="):
        ds.Explorer.from_address(explorer.address, model=hostile_model)
    with pytest.raises(ValueError, match="other pixels"):
        ds.Explorer.from_address(
            explorer.address, model=hostile_model, image=Image.linear_gradient("L")
        )
    again = ds.Explorer.from_address(explorer.address, model=hostile_model, image=path)
    assert again.address == explorer.address


def test_the_image_that_is_given_is_the_one_that_the_address_names(hostile_model: Model) -> None:
    address = ds.Explorer(hostile_model, layer="pool").address
    assert address.endswith("#chelsea")
    for other in ("coffee", ds.sample_image("coffee"), "exemplar:3"):
        with pytest.raises(ValueError, match="address is of chelsea: other pixels"):
            ds.Explorer.from_address(address, model=hostile_model, image=other)
    for same in ("chelsea", ds.sample_image("chelsea")):
        again = ds.Explorer.from_address(address, model=hostile_model, image=same)
        assert again.address.split("#")[0] == address.split("#")[0]
    own = ds.Explorer(hostile_model, ds.sample_image("chelsea"), layer="pool").address
    assert ds.Explorer.from_address(own, model=hostile_model, image="chelsea").address == address
    anywhere = own.split("#")[0]
    there = ds.Explorer.from_address(anywhere, model=hostile_model, image="coffee")
    assert there.address == f"{anywhere}#coffee"


def test_an_own_network_is_asked_for(explorer: ds.Explorer) -> None:
    with pytest.raises(LookupError, match="not in the catalogue.*pass it with model="):
        ds.Explorer.from_address(explorer.address)
    with pytest.raises(LookupError, match="did you mean 'vgg16_trunk'"):
        ds.Explorer.from_address("vgg16trunk/conv4_3/3")
    with pytest.raises(ValueError, match="must have the form"):
        ds.Explorer.from_address("conv4_3")
