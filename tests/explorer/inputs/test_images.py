"""Images that are no photograph: any number of bands, values of any range, volumes. Each is shown, and how is said."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import deconvscope
from deconvscope.models import Preprocessing, from_module

from ..recorded_browser import Browser, RecordedComm
from .test_uploads import saved, send


def network(bands: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(bands)
        return nn.Sequential(nn.Conv2d(bands, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3))


def image(bands: int) -> torch.Tensor:
    """Noise whose bands have ranges of their own, none of them that of pixels."""
    dice = torch.Generator().manual_seed(bands)
    spread = torch.arange(1.0, bands + 1).view(-1, 1, 1)
    return torch.rand(bands, 20, 30, generator=dice) * 40 * spread - 7


def stretched(bands: torch.Tensor) -> np.ndarray:
    """The lowest of all values black and the highest white, written once more with NumPy."""
    values = bands.numpy().astype(np.float64)
    levels = (values - values.min()) / (values.max() - values.min()) * 255
    return levels.round().transpose(1, 2, 0)


SAID = {
    1: "shown by its own range",
    2: "band 1 of 2 is shown, in grey, by its own range",
    4: "bands 1–3 of 4 are shown as red, green and blue, by their own range",
    13: "bands 1–3 of 13 are shown as red, green and blue, by their own range",
}


@pytest.mark.parametrize("bands", SAID)
def test_a_tensor_of_any_number_of_bands_is_shown(bands: int, tmp_path: Path) -> None:
    x = image(bands)
    explorer = deconvscope.Explorer(network(bands), image=x)
    shown = x[:3] if bands >= 3 else x[:1].expand(3, -1, -1)
    assert np.abs(np.asarray(explorer.image) - stretched(shown)).max() <= 1
    assert explorer._network["image"]["note"].startswith(SAID[bands])
    low, high = float(shown.min()), float(shown.max())
    assert f"{low:.4g} to {high:.4g}" in explorer._network["image"]["note"]
    assert explorer.reconstructions.values.shape[1] == bands
    assert [picture["channels"] for picture in explorer._view["pictures"]] == [bands] * 3
    for display in ("paper", "signed", "renormalised", "saliency", "magnitude", "overlay"):
        explorer.display = display
        assert explorer.snapshot().width > 0
    assert explorer.snapshot(tmp_path / "figure.png").width > 0
    with Image.open(tmp_path / "figure.png") as figure:
        assert figure.info["Comment"] == explorer._network["image"]["note"]
    page = explorer.to_html(tmp_path / "page.html", channels=2, progress=False)
    assert page.path.stat().st_size > 10_000
    explorer.close()


@pytest.mark.parametrize("bands", [1, 2, 4])
def test_everything_beside_the_pictures_works_on_bands(bands: int) -> None:
    comm = RecordedComm()
    explorer = deconvscope.Explorer(
        from_module(network(bands), name="bands"), image=image(bands), comm=comm
    )
    browser = Browser(
        explorer, comm, model="bands", image=explorer.address.split("#")[1], layer="2"
    )
    aside = {
        "meter": True, "random": True, "wayBack": "TTT", "compare": None, "exemplars": False,
        "segmentation": False,
    }  # fmt: skip
    browser.ask(aside=aside)
    browser.wait_for("_meters", seq=1)
    browser.wait_for("_way_back", seq=1)
    random = browser.wait_for("_random", seq=1)["_random"]
    assert [picture["channels"] for picture in random["pictures"]] == [bands] * 3
    explorer.pin()
    assert explorer._failure == {}
    explorer.close()


def test_a_photograph_needs_no_word(explorer: deconvscope.Explorer) -> None:
    assert explorer._network["image"]["note"] == ""


def test_three_bands_are_pixels_where_the_preprocessing_is_known() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    model = from_module(network(3), preprocess=Preprocessing(size=None, resize=None))
    explorer = deconvscope.Explorer(model, image=model.preprocess(Image.fromarray(pixels)))
    assert np.array_equal(np.asarray(explorer.image), pixels)
    assert explorer._network["image"]["note"] == ""
    explorer.close()


def remedy(message: str) -> str:
    """Return the code that a message prints, from `deconvscope.` to the bracket that closes it."""
    start = message.index("deconvscope.")
    depth = 0
    for end in range(start, len(message)):
        depth += {"(": 1, ")": -1}.get(message[end], 0)
        if message[end] == ")" and depth == 0:
            return message[start : end + 1]
    raise AssertionError(f"no code is printed: {message}")


@pytest.mark.parametrize("bands", [1, 2, 4, 13])
def test_a_photograph_in_front_of_other_bands_is_refused_with_what_runs(bands: int) -> None:
    module = network(bands)
    with pytest.raises(deconvscope.InputError, match=f"takes {bands} channels") as raised:
        deconvscope.Explorer(module)
    names = {"deconvscope": deconvscope, "torch": torch, "module": module}
    explorer = eval(remedy(str(raised.value)), names)
    assert explorer.reconstructions.values.shape[1] == bands
    explorer.close()


def test_choosing_a_photograph_in_front_of_other_bands_is_answered_in_words() -> None:
    comm = RecordedComm()
    model = from_module(network(4), name="bands")
    explorer = deconvscope.Explorer(model, image=image(4), comm=comm)
    failed = Browser(explorer, comm, model="bands", layer="2").ask(image="chelsea")[-1]
    assert "takes 4 channels" in failed["_failure"]["message"]
    assert explorer.reconstructions.values.shape[1] == 4
    explorer.close()


def volumes(channels: int) -> nn.Module:
    return nn.Sequential(nn.Conv3d(channels, 4, 3), nn.ReLU(), nn.Conv3d(4, 2, 3))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_on_volumes_says_so_and_what_runs(channels: int) -> None:
    module = volumes(channels)
    if channels == 1:  # the photograph would be a volume of depth 3, too thin
        module = nn.Sequential(module, nn.Conv3d(2, 2, 1))
    with pytest.raises((deconvscope.InputError, LookupError), match="takes volumes") as raised:
        deconvscope.Explorer(module)
    names = {"deconvscope": deconvscope, "torch": torch, "module": module}
    code = remedy(str(raised.value)).replace("224", "24")
    explorer = eval(code, names)
    assert explorer._network["image"]["note"].startswith("bands 1–3 of")
    assert len(explorer.recording.layers[explorer.layer].shape) == 3
    explorer.close()


def test_a_volume_as_image_says_that_the_layers_are_volumes() -> None:
    module, volume = volumes(1), torch.rand(8, 24, 24)
    with pytest.raises(
        LookupError, match=r"layers are volumes, such as '2' of shape \(2,"
    ) as raised:
        deconvscope.Explorer(module, image=volume)
    recording = deconvscope.ReversedNetwork(module).record(volume)
    names = {
        "deconvscope": deconvscope, "torch": torch, "module": module, "image": volume, "recording": recording,
    }  # fmt: skip
    explorer = eval(remedy(str(raised.value)), names)
    assert explorer.reconstructions.values.shape[1] == 8
    explorer.close()
    message = str(raised.value)
    pictures = eval(message[message.index("recording.reverse") :], names)
    assert pictures.dense().shape == (1, 8, 24, 24)


NO_WHITE = np.linspace(-1, 1, 40 * 60).reshape(40, 60).astype(np.float32)
TWELVE = np.linspace(0, 4095, 40 * 60).round().reshape(40, 60).astype(np.uint16)


@pytest.mark.parametrize(
    ("source", "note"),
    [
        (lambda: NO_WHITE, "values from -1, shown black, to 1, shown white"),
        (lambda: Image.fromarray(NO_WHITE), "values from -1, shown black, to 1, shown white"),
        (lambda: TWELVE, "16-bit values of which 12 bits are used: 4095 is shown white"),
        (
            lambda: saved(Image.fromarray(TWELVE), "PNG"),
            "16-bit values of which 12 bits are used: 4095 is shown white",
        ),
        (lambda: saved(Image.fromarray(NO_WHITE), "TIFF"), "values from -1, shown black, to 1,"),
    ],
)
def test_values_without_a_white_are_shown_and_how_is_said(
    source: Callable[[], Any], note: str, explorer: deconvscope.Explorer
) -> None:
    explorer.image = source()
    assert explorer._network["image"]["note"].startswith(note)
    seen = np.asarray(explorer.image)[..., 0].astype(int)
    assert seen.min() < 60
    assert seen.max() > 195


def test_twelve_bits_opened_in_a_browser(browser: Browser) -> None:
    reply = send(browser, saved(Image.fromarray(TWELVE), "PNG"))[-1]
    expected = "16-bit values of which 12 bits are used: 4095 is shown white"
    assert reply["_network"]["image"]["note"] == expected
    assert np.asarray(Image.open(io.BytesIO(reply["_photograph"]))).max() > 195


def test_a_broken_exif_block_opened_in_a_browser(browser: Browser) -> None:
    file = saved(Image.fromarray(TWELVE.astype(np.uint8)), "PNG", exif=b"no EXIF at all")
    assert "EXIF block is broken" in send(browser, file)[-1]["_network"]["image"]["note"]
