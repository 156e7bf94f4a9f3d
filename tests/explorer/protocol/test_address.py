"""Addresses: what is written is read again, and anything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deconvscope.explorer.protocol.address import Address

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
indices = st.integers(0, 999_999_999)
addresses = st.builds(
    lambda model, layer, channel, place, codes, image: Address(
        model, layer, channel, place[0], place[1], tuple(codes), image
    ),
    names,
    names,
    indices,
    st.tuples(indices, indices) | st.just((None, None)),
    st.lists(names, max_size=4),
    names | st.none(),
)


@given(addresses)
def test_what_is_written_is_read_again(address: Address) -> None:
    assert Address.parse(str(address)) == address


def test_the_form_is_the_one_people_copy() -> None:
    address = Address("vgg16_trunk", "features.21", 433, 10, 9, ("FTT", "TTT"), "chelsea")
    assert str(address) == "vgg16_trunk/features.21/433@10,9?FTT,TTT#chelsea"
    assert Address.parse(" mobilenet_v2/classifier.1/285 ") == Address(
        "mobilenet_v2", "classifier.1", 285
    )


@pytest.mark.parametrize(
    "text",
    ["", "vgg16", "a/b", "a/b/c", "a/b/-1", "a/b/1@2", "a/b/1@2,", "a/b/1?", "a/b/c/1", "٣/b/٣"],
)
def test_what_is_no_address_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="model/layer/channel@y,x"):
        Address.parse(text)
