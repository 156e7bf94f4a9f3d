"""What the explorer shows of a channel's exemplars: patches, pictures, and the images behind them."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from deconvscope.exemplars import Exemplars, build
from deconvscope.explorer.exemplar_panel import CARD, ExemplarPanel
from deconvscope.reversal import DESALINET

from .cases import SETTINGS, folder_of_pictures, picture, small_model


@pytest.fixture(scope="module")
def panel_and_exemplars(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel")
    build(small_model(), folder_of_pictures(folder / "images", 30), out=folder / "out", **SETTINGS)
    exemplars = Exemplars.open(folder / "out", model=small_model())
    return ExemplarPanel(exemplars), exemplars


def decoded(url: str) -> np.ndarray:
    head, text = url.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"))


def test_cards_show_each_patch_and_beneath_it_the_picture_of_its_neuron(panel_and_exemplars):
    panel, exemplars = panel_and_exemplars
    cards = panel.cards("third", 3, DESALINET)
    found = exemplars["third"][3]
    pictures = exemplars.pictures("third", 3, DESALINET)
    assert [(card["title"], card["y"], card["x"], card["value"]) for card in cards] == [
        (one.name, one.y, one.x, one.value) for one in found
    ]
    for card, one, made in zip(cards, found, pictures, strict=True):
        patch, drawn = decoded(card["patch"]), decoded(card["picture"])
        assert max(patch.shape) == max(drawn.shape) == CARD
        expected = np.asarray(exemplars.patch(one))
        step = CARD / max(expected.shape[:2])
        for y in range(expected.shape[0]):
            for x in range(expected.shape[1]):
                assert (patch[int((y + 0.5) * step), int((x + 0.5) * step)] == expected[y, x]).all()
        assert (drawn.mean() != 128) == bool(made.values.any())


def test_a_card_opens_its_image(panel_and_exemplars):
    panel, _ = panel_and_exemplars
    card = panel.cards("first", 0, DESALINET)[0]
    label, source = panel.image(card["image"])
    assert label == card["title"]
    assert source.tobytes() == picture(int(label.removesuffix(".png"))).tobytes()
    for name in ("exemplar:30", "exemplar:-1", "exemplar:x", "exemplar:", "exemplar:²"):
        with pytest.raises(LookupError, match="it has 30"):
            panel.image(name)


def test_only_the_model_and_layers_of_the_build_are_known(panel_and_exemplars):
    panel, exemplars = panel_and_exemplars
    assert panel.knows("small", "third") and panel.knows("small", "relu")
    assert not panel.knows("small", "fourth") and not panel.knows("vgg16_trunk", "third")
    strongest = exemplars["third"][3][0].value
    assert panel.share("third", 3, strongest) < 0.05 < panel.share("third", 3, -10.0)


def test_giving_up_between_pictures_keeps_nothing_half_made(panel_and_exemplars):
    panel, _ = panel_and_exemplars
    times = iter([None, InterruptedError("newer")])

    def check():
        error = next(times)
        if error is not None:
            raise error

    with pytest.raises(InterruptedError):
        panel.cards("cat", 1, DESALINET, check)
    assert len(panel.cards("cat", 1, DESALINET)) == 3
