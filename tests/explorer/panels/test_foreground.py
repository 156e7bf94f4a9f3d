"""The foreground that the first picture points at, as bits of the network's image."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import deconvscope as ds
from deconvscope.models import Preprocessing, from_module

from ..recorded_browser import SOON, Browser, RecordedComm

SIDE = 96


class Redness(nn.Module):
    """Its one class is how red an image is, by many thresholds, so that its picture is strong where it is red."""

    def __init__(self) -> None:
        super().__init__()
        self.red = nn.Conv2d(3, 32, 1)
        self.sum = nn.Conv2d(32, 2, 1)
        with torch.no_grad():
            self.red.weight[:] = torch.tensor([1.0, -0.5, -0.5]).view(3, 1, 1)
            self.red.bias = nn.Parameter(-torch.linspace(0, 0.8, 32))
            self.sum.weight.fill_(1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.sum(torch.relu(self.red(x))).mean((2, 3))


def recorded_image() -> tuple[Any, Any]:
    """A red disk before a bluish ground, both a little noisy, and where the disk is."""
    y, x = np.mgrid[:SIDE, :SIDE]
    disk = (y - 40) ** 2 + (x - 55) ** 2 < 22**2
    dice = np.random.default_rng(0)
    pixels = np.where(disk[..., None], (200, 40, 40), (60, 90, 150)) + dice.integers(
        -12, 13, (SIDE, SIDE, 3)
    )
    return pixels.astype(np.uint8), disk


@pytest.fixture
def browser() -> Iterator[Browser]:
    comm = RecordedComm()
    preprocess = Preprocessing(size=SIDE, resize=SIDE, mean=(0, 0, 0), std=(1, 1, 1))
    model = from_module(Redness().eval(), preprocess=preprocess, name="redness")
    explorer = ds.Explorer(
        model, image=recorded_image()[0], layer="mean", architectures="TTT", comm=comm
    )
    image = explorer.address.split("#")[1]
    yield Browser(explorer, comm, model="redness", image=image, layer="mean", architectures=["TTT"])
    explorer.close()


WHOLE = {"channel": 0, "y": None, "x": None}


def test_the_object_that_the_picture_points_at_is_outlined(browser: Browser) -> None:
    assert browser.explorer._network["segmentation"] is True
    browser.ask(neuron=WHOLE, aside={"segmentation": True})
    message = browser.wait_for("_segmentation", seq=1)
    received, bits = message["_segmentation"], message["_segmentation_mask"]
    assert (received["name"], received["height"], received["width"]) == ("DeSaliNet", SIDE, SIDE)
    assert len(bits) == SIDE * SIDE // 8
    disk = recorded_image()[1]
    mask = np.array([byte >> (7 - bit) & 1 for byte in bits for bit in range(8)], bool)
    mask = mask.reshape(SIDE, SIDE)
    assert (mask & disk).sum() / (mask | disk).sum() > 0.95
    assert received["share"] == pytest.approx(mask.mean(), abs=1e-4)
    assert "graph cut" in received["note"]


def test_a_picture_that_covers_too_little_says_so_and_outlines_nothing(browser: Browser) -> None:
    place = {"channel": 0, "y": 40, "x": 55}
    browser.ask(layer="sum", neuron=place, aside={"segmentation": True})
    message = browser.wait_for("_segmentation", seq=1)
    assert message["_segmentation"]["share"] == 0
    assert "choose a deeper layer" in message["_segmentation"]["note"]
    assert not any(message["_segmentation_mask"])


def test_it_goes_with_the_view_and_comes_back_with_it(browser: Browser) -> None:
    browser.ask(neuron=WHOLE, aside={"segmentation": True})
    browser.wait_for("_segmentation", seq=1)
    again = browser.ask(neuron=WHOLE, aside={"segmentation": True})[0]
    assert again["_segmentation"]["seq"] == 2 and any(browser.explorer._segmentation_mask)
    off = browser.ask(neuron=WHOLE, aside={"meter": True, "segmentation": "yes"})[0]
    assert off["_segmentation"] == {} and off["_segmentation_mask"] == b""


def test_without_opencv_the_rest_works_and_a_request_says_what_to_install(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert browser.ask(image="coffee")[-1]["_network"]["segmentation"] is False
    browser.ask(neuron=WHOLE, aside={"segmentation": True, "meter": True})
    line = browser.wait_for("_failure", seq=2)["_failure"]["message"]
    assert "pip install 'deconvscope[segmentation]'" in line
    assert browser.wait_for("_meters", seq=2)


def test_a_click_interrupts_it_between_two_rounds(
    browser: Browser, asked: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds, begun = [], threading.Event()
    cut = __import__("cv2").grabCut

    def slow(*arguments: Any) -> Any:
        if arguments[5] == 1:
            rounds.append(arguments[6])
            asked.clear()
            begun.set()
            assert asked.wait(SOON)
        return cut(*arguments)

    monkeypatch.setattr("cv2.grabCut", slow)
    browser.ask(neuron=WHOLE, aside={"segmentation": True})
    assert begun.wait(SOON)
    assert browser.ask(neuron={**WHOLE, "channel": 1})[-1]["_view"]["seq"] == 2
    assert len(rounds) == 1
    assert browser.explorer._segmentation == {}
