"""Exemplars in the explorer: nine images of a data set beside a channel, each to be opened at its neuron."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import deconvscope as ds
from deconvscope import display
from deconvscope.exemplars import ChangedBuildError, Exemplars, UnfinishedBuildError, build
from deconvscope.exemplars.reversed_exemplars import ExemplarReversal
from deconvscope.explorer.exemplar_panel import CARD
from deconvscope.explorer.inputs.images import OWN_KEPT
from deconvscope.models import Model, Preprocessing, from_module

from .conftest import SmallNetwork
from .recorded_browser import SOON, Browser, RecordedComm

COUNT, LAYER, CHANNEL = 20, "features.3", 2
HERE = {"channel": CHANNEL, "y": 5, "x": 6}


def seeded_model(seed: int = 0, size: int = 32) -> Model:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SmallNetwork().eval()
    return from_module(network, preprocess=Preprocessing(size=size, resize=size), name="small")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exemplars of small crops of the photographs, and the crops."""
    made = tmp_path_factory.mktemp("exemplars")
    (made / "images").mkdir()
    dice = np.random.default_rng(0)
    for number in range(COUNT):
        photograph = ds.sample_image(("chelsea", "coffee", "astronaut", "rocket")[number % 4])
        left, top = (int(dice.integers(0, side - 64)) for side in photograph.size)
        photograph.crop((left, top, left + 64, top + 64)).save(made / f"images/{number:02d}.png")
    build(seeded_model(), made / "images", out=made / "out", chunk=4, shard_size=8)
    return made


@pytest.fixture
def browser(folder: Path) -> Iterator[Browser]:
    comm = RecordedComm()
    explorer = ds.Explorer(seeded_model(), layer=LAYER, exemplars=folder / "out", comm=comm)
    yield Browser(explorer, comm, layer=LAYER)
    explorer.close()


def cards_of(browser: Browser, **wanted: Any) -> dict[str, Any]:
    wanted = {"neuron": HERE, "aside": {"exemplars": True}, **wanted}
    browser.ask(**wanted)
    received: dict[str, Any] = browser.wait_for("_exemplars", seq=browser.seq)["_exemplars"]
    return received


def decoded(url: str) -> Any:
    head, text = url.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")).astype(int)


def activations(folder: Path) -> torch.Tensor:
    """What the layer makes of every image, by its own convolutions alone."""
    model = seeded_model()
    images = [Image.open(path) for path in sorted((folder / "images").iterdir())]
    with torch.no_grad():
        batch = torch.stack([model.preprocess(image) for image in images])
        network: Any = model.network
        maps: torch.Tensor = network.features[:4](batch)
    return maps


def test_the_channel_s_strongest_images_come_with_patch_and_picture(
    browser: Browser, folder: Path
) -> None:
    received = cards_of(browser)
    maps = activations(folder)[:, CHANNEL]
    strongest = maps.flatten(1).amax(1).argsort(descending=True)[:9].tolist()
    assert [card["image"] for card in received["cards"]] == [f"exemplar:{n}" for n in strongest]
    assert (received["layer"], received["channel"], received["images"]) == (LAYER, CHANNEL, COUNT)
    assert received["name"] == "DeConvNet"
    model = seeded_model()
    for card, number in zip(received["cards"], strongest, strict=True):
        y, x = divmod(int(maps[number].argmax()), 16)
        assert (card["y"], card["x"], card["title"]) == (y, x, f"{number:02d}.png")
        assert card["value"] == pytest.approx(float(maps[number].max()), rel=1e-4)
        photograph = Image.open(folder / "images" / card["title"])
        recording = ds.ReversedNetwork(model.network).record(model.preprocess(photograph))
        made = recording.reverse(ds.Neuron(LAYER, CHANNEL, y, x), "DeConvNet")
        box = made.window
        rows, columns = (slice(a, a + b) for a, b in ((box.top, box.height), (box.left, box.width)))
        seen = np.asarray(model.preprocess.view(photograph))[rows, columns]
        drawn = display.paper(made.dense()[0])[rows, columns]
        for url, expected in ((card["patch"], seen), (card["picture"], drawn)):
            shown = decoded(url)
            assert max(shown.shape) == CARD
            step = CARD / max(expected.shape[:2])
            middles = [((np.arange(side) + 0.5) * step).astype(int) for side in expected.shape[:2]]
            assert np.abs(shown[np.ix_(*middles)] - expected).max() <= 12


def test_the_share_is_that_of_the_data_set_s_responses(browser: Browser, folder: Path) -> None:
    responses = activations(folder)[:, CHANNEL]
    for y in range(0, 16, 5):
        received = cards_of(browser, neuron={**HERE, "y": y})
        value = browser.explorer._view["neuron"]["value"]
        assert received["share"] == pytest.approx(
            float((responses >= value).float().mean()), abs=0.06
        )


def test_a_card_opens_its_image_at_its_neuron(browser: Browser) -> None:
    card = cards_of(browser)["cards"][1]
    neuron = {"channel": CHANNEL, "y": card["y"], "x": card["x"]}
    reply = browser.ask(image=card["image"], neuron=neuron)[-1]
    assert reply["_view"]["neuron"]["value"] == pytest.approx(card["value"], rel=1e-4)
    assert reply["_network"]["image"] == {
        "name": card["image"],
        "label": card["title"],
        "height": 32,
        "width": 32,
        "note": "",
    }
    assert card["image"] in [image["name"] for image in reply["_catalog"]["images"]]
    address = f"small/{LAYER}/{CHANNEL}@{card['y']},{card['x']}?FTT,saliency,TTT#{card['image']}"
    assert reply["_view"]["address"] == address


def test_an_exemplar_is_addressed_from_python(browser: Browser, folder: Path) -> None:
    explorer = browser.explorer
    explorer.image = "exemplar:3"
    explorer.select(LAYER, 1, 2, 3)
    address = explorer.address
    assert address.endswith("/1@2,3?FTT,saliency,TTT#exemplar:3")
    explorer.image = "chelsea"
    explorer.address = address
    crop = Image.open(folder / "images/03.png").convert("RGB")
    assert explorer.image.tobytes() == seeded_model().preprocess.view(crop).tobytes()
    again = ds.Explorer.from_address(address, model=seeded_model(), exemplars=folder / "out")
    assert again.address == address
    again.close()


def test_opening_exemplars_costs_nobody_an_image_of_their_own(browser: Browser) -> None:
    explorer = browser.explorer
    explorer.image = np.full((40, 40, 3), 99, np.uint8)
    own = explorer.address.split("#")[1]
    for number in range(2 * OWN_KEPT):
        explorer.image = f"exemplar:{number}"
    offered = [image["name"] for image in explorer._catalog["images"] if ":" in image["name"]]
    assert offered == [own, *(f"exemplar:{n}" for n in range(OWN_KEPT, 2 * OWN_KEPT))]


@pytest.mark.parametrize(
    ("image", "line"),
    [
        ("exemplar:20", "it has 20 images"),
        ("exemplar:-1", "the number of an image"),
        ("exemplar:", "the number of an image"),
        ("exemplar:007", "the number of an image"),
        ("exemplar:²", "the number of an image"),
        ("exemplar:<b>", "the number of an image"),
        ("exemplar:" + "9" * 200, "it has 20 images"),
    ],
)
def test_an_image_that_the_data_set_lacks_is_reported_and_the_view_stays(
    browser: Browser, image: str, line: str
) -> None:
    before = browser.explorer.address
    assert line in browser.ask(image=image)[-1]["_failure"]["message"]
    with pytest.raises(LookupError, match=line):
        browser.explorer.image = image
    assert browser.explorer.address == before


def test_without_exemplars_none_can_be_opened(explorer: ds.Explorer) -> None:
    assert explorer._network["exemplars"] is None
    with pytest.raises(LookupError, match="open the explorer with exemplars="):
        explorer.image = "exemplar:0"


def test_the_network_s_description_names_the_layers_that_have_exemplars(browser: Browser) -> None:
    names = ["features.0", "features.1", "features.3", "features.4", "classifier"]
    assert browser.explorer._network["exemplars"] == names
    assert json.dumps(browser.explorer._network)
    received = browser.ask(
        layer="features.2", neuron=HERE, aside={"exemplars": True, "random": True}
    )
    browser.wait_for("_random", seq=1)
    assert browser.explorer._exemplars == {} and "_exemplars" not in received[-1]


def test_a_rectifier_s_exemplars_and_share_are_of_its_positive_responses(
    browser: Browser, folder: Path
) -> None:
    assert cards_of(browser, layer="features.4")["cards"] == [
        card for card in cards_of(browser)["cards"] if card["value"] > 0
    ]
    silent = (browser.explorer.recording["features.4"] == 0).nonzero()[0].tolist()
    place = dict(zip(("channel", "y", "x"), silent, strict=True))
    assert cards_of(browser, layer="features.4", neuron=place)["share"] == 1.0


def test_a_class_s_exemplars_are_whole_images(browser: Browser) -> None:
    received = cards_of(browser, layer="classifier", neuron={"channel": 3, "y": None, "x": None})
    assert len(received["cards"]) == 9
    assert {(card["y"], card["x"]) for card in received["cards"]} == {(None, None)}


def test_cards_are_of_the_first_architecture(browser: Browser) -> None:
    one = cards_of(browser)
    other = cards_of(browser, architectures=["TTT", "FTT"])
    assert (one["name"], other["name"]) == ("DeConvNet", "DeSaliNet")
    pictures = [[card["picture"] for card in received["cards"]] for received in (one, other)]
    assert pictures[0] != pictures[1]
    patches = [[card["patch"] for card in received["cards"]] for received in (one, other)]
    assert patches[0] == patches[1]


def test_each_channel_has_its_own_cards_whenever_it_is_looked_at(
    browser: Browser, folder: Path
) -> None:
    strongest = activations(folder).flatten(2).amax(2).argsort(0, descending=True)[:9]
    for channel in (0, 1, 0):
        received = cards_of(browser, neuron={**HERE, "channel": channel})
        numbers = [f"exemplar:{number}" for number in strongest[:, channel].tolist()]
        assert [card["image"] for card in received["cards"]] == numbers


def test_a_view_has_its_exemplars_as_soon_as_it_is_displayed(browser: Browser) -> None:
    browser.explorer._repr_mimebundle_()
    assert browser.wait_for("_exemplars", client="")["_exemplars"]["layer"] == LAYER


def test_another_network_or_changed_weights_have_none(browser: Browser) -> None:
    explorer = browser.explorer
    explorer.model = dataclasses.replace(seeded_model(seed=1), name="other")
    assert explorer._network["exemplars"] is None
    explorer.model_name = "small"
    assert explorer._network["exemplars"]
    network: Any = explorer.model.network
    with torch.no_grad():
        network.features[3].bias += 1
    explorer.image = "coffee"
    assert explorer._network["exemplars"] is None


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (lambda: seeded_model(seed=1), "weights or structure differ"),
        (lambda: seeded_model(size=48), "preprocessing differs"),
    ],
)
def test_exemplars_of_another_network_are_refused(folder: Path, model: Any, line: str) -> None:
    with pytest.raises(ChangedBuildError, match=line):
        ds.Explorer(model(), exemplars=folder / "out")
    with pytest.raises(ChangedBuildError, match=line):
        ds.Explorer(model(), exemplars=Exemplars.open(folder / "out", model=seeded_model()))


def test_what_is_not_there_is_reported_when_the_explorer_is_made(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(UnfinishedBuildError, match="build them first"):
        ds.Explorer(seeded_model(), exemplars=tmp_path)
    build(seeded_model(), {"one": ds.sample_image("coffee")}, out=tmp_path / "out")
    with pytest.raises(ChangedBuildError, match=r"images=images"):
        ds.Explorer(seeded_model(), exemplars=tmp_path / "out")
    with pytest.raises(ChangedBuildError, match=r"model=model"):
        ds.Explorer(seeded_model(), exemplars=Exemplars.open(folder / "out"))


def test_a_file_that_is_gone_is_reported_and_the_view_stays(browser: Browser, folder: Path) -> None:
    path = folder / "images/05.png"
    content = path.read_bytes()
    path.unlink()
    try:
        before = browser.explorer.address
        assert "05.png" in browser.ask(image="exemplar:5")[-1]["_failure"]["message"]
        assert browser.explorer.address == before
    finally:
        path.write_bytes(content)
    assert browser.ask(image="exemplar:5")[-1]["_view"]["seq"] == 2


def test_cards_take_little_of_a_saved_notebook(tmp_path: Path) -> None:
    """Photographs have more colours, and so larger files, than any picture of a channel."""
    images = {name: ds.sample_image(name) for name in ("chelsea", "coffee", "astronaut")}
    model = from_module(torch.nn.Conv2d(3, 2, 97, stride=32).eval(), name="wide")
    build(model, images, out=tmp_path)
    explorer = ds.Explorer(model, exemplars=Exemplars.open(tmp_path, model=model, images=images))
    panel = explorer._session.exemplars
    assert panel is not None
    cards = panel.traits(explorer._now)["_exemplars"]["cards"]
    explorer.close()
    assert len(cards) == 3
    assert len(json.dumps(cards)) / 3 * 9 < 150_000


def test_a_click_interrupts_the_pictures_between_two(
    browser: Browser, asked: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    reverse = ExemplarReversal.reverse
    made = []

    def slow(self: ExemplarReversal, *arguments: Any) -> Any:
        made.append(arguments)
        asked.clear()
        begun.set()
        assert asked.wait(SOON)
        return reverse(self, *arguments)

    monkeypatch.setattr(ExemplarReversal, "reverse", slow)
    browser.ask(neuron=HERE, aside={"exemplars": True})
    assert begun.wait(SOON)
    reply = browser.ask(layer="features.0", neuron=HERE)
    assert reply[-1]["_view"]["seq"] == 2 and len(made) == 1
    assert browser.explorer._exemplars == {}
    monkeypatch.undo()
    assert len(cards_of(browser)["cards"]) == 9
