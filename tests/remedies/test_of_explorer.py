"""Remedies of `explorer`: what raises in Python, and what a browser is told in a line."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import deconvscope as ds
from deconvscope import exemplars
from deconvscope.models import Model, Preprocessing, from_module

from ..exemplars.cases import SETTINGS, picture, small_model
from ..explorer.recorded_browser import Browser, RecordedComm
from .remedy import evaluated, hear, refused, remedies

FRONT_END = Path(__file__).parents[2] / "js"


@pytest.fixture(scope="module")
def small() -> Model:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        chain = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 8, 3))
    return from_module(chain.eval(), preprocess=Preprocessing(size=32, resize=32), name="small")


@pytest.fixture
def browser(small: Model) -> Iterator[Browser]:
    comm = RecordedComm()
    explorer = ds.Explorer(small, comm=comm)
    yield Browser(explorer, comm, layer="2")
    explorer.close()


def line(browser: Browser, **asked: Any) -> str:
    """Ask for what is refused, and return the line that the browser is told."""
    browser.ask(**asked)
    failed = browser.wait_for("_failure", seq=browser.seq)
    return hear(failed["_failure"]["message"])


def file_of(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def upload(browser: Browser, file: bytes, number: str) -> str:
    info = {"client": "browser", "id": number, "name": "my picture"}
    browser.send({"_upload": file, "_upload_info": info})
    return f"upload:{number}"


@remedies("Explorer() has no keyword ")
def test_misspelled_keyword(small: Model) -> None:
    with refused(TypeError) as refusal:
        ds.Explorer(small, imagee="coffee")
    meant: Any = eval(
        refusal.message.rpartition("did you mean ")[2].split(",")[0].removesuffix("?")
    )
    right: dict[str, Any] = {meant: "coffee"}
    assert ds.Explorer(small, **right).image.size == (32, 32)


@remedies("disagree: give one of them")
def test_layer_and_neuron_that_disagree(small: Model) -> None:
    with refused(ValueError):
        ds.Explorer(small, layer="0", neuron=ds.Neuron("2", 0, 1, 1))
    assert ds.Explorer(small, layer="0").layer == "0"
    assert ds.Explorer(small, neuron=ds.Neuron("2", 0, 1, 1)).layer == "2"


@pytest.mark.lengthy
@remedies("give a name such as 'vgg16_trunk', an nn.Module, or what deconvscope.load_model returns")
def test_model_of_no_usable_kind(small: Model) -> None:
    with refused(TypeError) as refusal:
        ds.Explorer(3)
    loaded = refusal.run("deconvscope.load_model", until=" returns")("mobilenet_v2")
    for right in ("vgg16_trunk", small.network, loaded):
        explorer = ds.Explorer(right)
        assert explorer.reconstructions.values.any()
        explorer.close()


@remedies("is no neuron: give deconvscope.Neuron or deconvscope.Strongest")
def test_neuron_of_no_usable_kind(browser: Browser) -> None:
    explorer = browser.explorer
    with refused(TypeError) as refusal:
        explorer.neuron = 3  # type: ignore[assignment]
    explorer.neuron = refusal.run("deconvscope.Neuron", until=" or")("2", 0, 1, 1)
    explorer.neuron = refusal.run("deconvscope.Strongest")("2")


@remedies("choose at least one architecture", "choose at least one architecture, e.g. 'DeSaliNet'")
def test_no_architecture(browser: Browser) -> None:
    explorer = browser.explorer
    with refused(ValueError) as refusal:
        explorer.architectures = []
    explorer.architectures = eval(refusal.message.rpartition("e.g. ")[2])
    assert explorer.architectures == (ds.DESALINET,)
    assert "choose at least one" in line(browser, architectures=[])
    assert browser.ask(architectures=["TTT"])[-1]["_view"]


@remedies("this explorer is closed: make a new one")
def test_closed_explorer(small: Model) -> None:
    explorer = ds.Explorer(small)
    explorer.close()
    with refused(RuntimeError):
        explorer.select("2")
    ds.Explorer(small).select("2")


@remedies("an explorer follows itself already: link it with another")
def test_explorer_linked_with_itself(small: Model) -> None:
    explorer, other = ds.Explorer(small), ds.Explorer(small)
    with refused(ValueError):
        explorer.link(explorer)
    explorer.link(other).unlink()


@remedies("are shown at most; remove some")
def test_too_many_pins(browser: Browser) -> None:
    explorer = browser.explorer
    many = [f"small/2/{channel}@{y},1?TTT#chelsea" for channel in range(8) for y in range(4)]
    with refused(ValueError) as refusal:
        explorer.pins = many
    most = int(refusal.message.partition(" pins: ")[2].split()[0])
    explorer.pins = many[:most]
    assert len(explorer.pins) == most


@remedies("is not in the catalogue", ": hand it over with model=…")
def test_address_of_a_network_of_ones_own(small: Model) -> None:
    address = "small/2/1@3,4?TTT#chelsea"
    with refused(LookupError):
        ds.Explorer.from_address(address)
    assert ds.Explorer.from_address(address, model=small).address == address


@remedies(": hand it over with image=…, as a path or a picture")
def test_address_of_an_image_of_ones_own(small: Model, tmp_path: Path) -> None:
    own = picture(3).resize((40, 40))
    own.save(tmp_path / "own.png")
    address = ds.Explorer(small, own, neuron=ds.Neuron("2", 1, 3, 4)).address
    with refused(LookupError):
        ds.Explorer.from_address(address, model=small)
    for image in (own, tmp_path / "own.png"):
        assert ds.Explorer.from_address(address, model=small, image=image).address == address


@remedies("open it again, or set `image` from Python")
def test_image_that_is_not_at_hand(browser: Browser) -> None:
    own = picture(3).resize((40, 40))
    name = browser.ask(image=upload(browser, file_of(own), "1"))[-1]["_network"]["image"]["name"]
    for number in range(2, 8):
        other = picture(number).resize((40, 40))
        browser.ask(image=upload(browser, file_of(other), str(number)))
    assert "not at hand" in line(browser, image=name)
    browser.ask(image=upload(browser, file_of(own), "9"))
    assert browser.explorer.address.endswith(name)
    browser.explorer.image = "chelsea"
    browser.explorer.image = own
    assert browser.explorer.address.endswith(name)


@pytest.mark.lengthy
@remedies(
    "the picture did not arrive: open it again", "MB; scale it down first",
    "too large; scale it down first", "million pixels or less", "broken or cut short",
)  # fmt: skip
def test_uploads_that_cannot_be_read(browser: Browser) -> None:
    whole = file_of(Image.effect_noise((300, 200), 80))
    assert "open it again" in line(browser, image="upload:1")
    wide = Image.new("1", (14_000, 14_000))
    for number, wrong in enumerate((b"x" * (9 << 20), file_of(wide), whole[: len(whole) // 2]), 2):
        line(browser, image=upload(browser, wrong, str(number)))
    told = line(browser, image=upload(browser, file_of(Image.new("1", (9_000, 9_000))), "8"))
    pixels = int(told.rpartition("scale it to ")[2].split()[0]) * 1_000_000
    right = Image.new("1", (int(pixels**0.5), int(pixels**0.5)))
    for number, file in enumerate((whole, file_of(right)), 11):
        browser.ask(image=upload(browser, file, str(number)))
        assert browser.wait_for("_view", seq=browser.seq)


@remedies("is an image of a data set: open the explorer with exemplars=…")
def test_image_of_a_data_set_without_it(tmp_path: Path) -> None:
    model = small_model()
    images = {str(number): picture(number) for number in range(8)}
    exemplars.build(model, images, out=tmp_path, **SETTINGS)
    opened = exemplars.Exemplars.open(tmp_path, model=model, images=images)
    with refused(LookupError):
        ds.Explorer(model, "exemplar:3")
    explorer = ds.Explorer(model, "exemplar:3", exemplars=opened)
    assert explorer.address.endswith("exemplar:3")


@remedies("layers is empty; name at least one, or leave it out for the one shown")
def test_page_without_layers(browser: Browser, tmp_path: Path) -> None:
    for asked in ([], ["2"], None):
        if asked == []:
            with refused(ValueError):
                browser.explorer.to_html(tmp_path / "page.html", layers=asked, progress=False)
        else:
            browser.explorer.to_html(tmp_path / "page.html", layers=asked, progress=False)


@remedies("is a folder: name a file in it", "there is no folder ", ": make it first")
def test_page_that_cannot_be_written_there(browser: Browser, tmp_path: Path) -> None:
    explorer, new = browser.explorer, tmp_path / "new" / "page.html"
    with refused(OSError):
        explorer.to_html(tmp_path, channels=1, progress=False)
    with refused(OSError):
        explorer.to_html(new, channels=1, progress=False)
    new.parent.mkdir()
    for right in (tmp_path / "page.html", new):
        assert explorer.to_html(right, channels=1, progress=False).size


@pytest.mark.lengthy
@remedies("pass fewer layers, channels, neurons_per_channel or architectures, or a larger limit_mb")
def test_page_that_is_too_large(browser: Browser, tmp_path: Path) -> None:
    explorer, path = browser.explorer, tmp_path / "page.html"
    own = explorer.to_html(path, channels=1, progress=False).size / 1e6
    limit = own + 0.004
    many: dict[str, Any] = {"layers": ["0", "1", "2"], "neurons_per_channel": 6, "progress": False}
    with refused(ValueError) as refusal:
        explorer.to_html(path, limit_mb=limit, **many)
    assert explorer.to_html(path, limit_mb=limit + 8, **many).size
    for fewer in ({"channels": 1}, {"layers": ["2"]}, {"neurons_per_channel": 1}):
        assert explorer.to_html(path, limit_mb=limit + 1, **{**many, **fewer}).size
    explorer.architectures = "TTT"
    assert explorer.to_html(path, limit_mb=limit + 1, **many).size
    assert refusal.message


@remedies(": npm install && npm run build in js/")
def test_front_end_that_is_not_built(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deconvscope.explorer.export.html.STATIC", tmp_path)
    with refused(RuntimeError) as refusal:
        browser.explorer.to_html(tmp_path / "page.html", channels=1, progress=False)
    commands = refusal.message.rpartition(": ")[2].removesuffix(" in js/").split(" && ")
    assert [shlex.split(command)[:2] for command in commands] == [
        ["npm", "install"],
        ["npm", "run"],
    ]
    scripts = json.loads((FRONT_END / "package.json").read_text(encoding="utf-8"))["scripts"]
    assert shlex.split(commands[1])[2] in scripts


def explorer_of(message: str, **names: Any) -> ds.Explorer:
    made = evaluated(message, "deconvscope.Explorer(", **names)
    assert isinstance(made, ds.Explorer)
    return made


@remedies(
    "pass all of them as a tensor, preprocessed as the network expects: deconvscope.Explorer(",
    "give it preprocessing for grey pictures: deconvscope.Explorer(",
)
def test_photograph_for_other_bands() -> None:
    for bands in (1, 4):
        module = nn.Sequential(nn.Conv2d(bands, 4, 3), nn.ReLU())
        with refused(ds.InputError) as refusal:
            ds.Explorer(module)
        explorer = explorer_of(refusal.message, module=module)
        assert explorer.reconstructions.values.shape[1] == bands
        explorer.close()


@remedies(
    "the network takes volumes, and a photograph is none; pass a volume",
    "and a photograph is none; pass a tensor (channels · depth, height, width)",
    "show the slices of the last one as channels: deconvscope.Explorer(",
    "or reverse volumes from Python: recording.reverse(",
)
def test_network_on_volumes() -> None:
    for channels in (1, 3):
        module = nn.Sequential(nn.Conv3d(channels, 4, (5, 3, 3)), nn.ReLU(), nn.Conv3d(4, 2, 3))
        with refused(ds.InputError) as refusal:
            ds.Explorer(module)
        explorer = explorer_of(refusal.message.replace("224", "24"), module=module)
        assert explorer.recording.layers[explorer.layer].shape[1:] == (20, 20)
        explorer.close()
    module, image = nn.Sequential(nn.Conv3d(1, 4, 3)), torch.rand(8, 24, 24)
    with refused(LookupError) as refusal:
        ds.Explorer(module, image=image)
    explorer = explorer_of(refusal.message, module=module, image=image)
    recording = ds.ReversedNetwork(module).record(image)
    assert refusal.run("recording.reverse(", recording=recording).dense().shape == (1, 8, 24, 24)
    explorer.close()


@remedies("only 8 can be read here")
def test_deep_upload_that_is_not_read_in_full(browser: Browser) -> None:
    from ..models.test_levels import png

    twelve = np.linspace(0, 4095, 40 * 40).round().reshape(40, 40).astype(np.uint16)
    file = png(np.dstack([twelve, np.full((40, 40), 65535)]))
    told = line(browser, image=upload(browser, file, "1"))
    browser.explorer.image = evaluated(told, "deconvscope.read_image(", array=twelve)
    assert np.asarray(browser.explorer.image).max() > 200
