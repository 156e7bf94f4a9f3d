"""An exported page is opened without a network and without a kernel, looked at and clicked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

import deconvscope as ds
from deconvscope.models import Model

from .conftest import HOSTILE, LAYER
from .opened_page import OpenedPage, drawn_by_a_kernel

pytestmark = pytest.mark.browser
CODES = ("FTT", "saliency", "TTT")
NEEDS_A_KERNEL = (
    "random weights", "way back", "segmentation", "exemplars", "like others", "Open…", "Pin this",
    "compute ahead", "live",
)  # fmt: skip


@pytest.fixture
def page(chromium: Browser, lossless: Path) -> Iterator[OpenedPage]:
    opened = OpenedPage.of(chromium, lossless)
    yield opened
    opened.close()


def neuron(text: str) -> ds.Neuron:
    layer, place = text.rsplit("/", 1)
    channel, position = place.split("@")
    y, x = position.split(",")
    return ds.Neuron(layer, int(channel), int(y), int(x))


def test_it_opens_on_the_view_that_was_exported(page: OpenedPage, vgg: ds.Explorer) -> None:
    assert neuron(page.neuron()) == vgg.neuron
    status = page.root().locator(".dcs-status").inner_text()
    assert f"neuron {vgg.channel} at ({vgg.y}, {vgg.x})" in status
    assert page.root().locator(".dcs-address").input_value() == vgg.address
    for code in CODES:
        kernel = drawn_by_a_kernel(vgg.recording, vgg.neuron, code)
        assert np.abs(page.pixels(code) - kernel).max() <= 1


def test_a_click_in_the_atlas_shows_the_kernels_pictures(
    page: OpenedPage, vgg: ds.Explorer
) -> None:
    before = page.neuron()
    box = page.root().locator(".dcs-atlas canvas").bounding_box()
    assert box is not None
    page.page.mouse.click(box["x"] + 90, box["y"] + 25)
    page.changes(before)
    clicked = neuron(page.neuron())
    assert clicked.channel != vgg.channel
    for code in CODES:
        kernel = drawn_by_a_kernel(vgg.recording, clicked, code)
        assert np.abs(page.pixels(code) - kernel).max() <= 1


def test_another_place_leads_to_the_nearest_that_is_there_and_says_so(
    page: OpenedPage, vgg: ds.Explorer
) -> None:
    page.go(f"vgg16_trunk/{LAYER}/{vgg.channel}@0,0")
    page.page.locator(".dcp-notice", has_text="(0, 0) is not in this page").wait_for()
    shown = neuron(page.neuron())
    assert f"this is ({shown.y}, {shown.x}), the nearest place" in page.notice()
    # and the address of what is shown is there again without a word
    page.go(page.root().locator(".dcs-address").input_value())
    page.until(lambda: page.notice() == "", "the notice to go")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"vgg16_trunk/{LAYER}/999", "channel 999 is not in this page, which holds 16 of 256"),
        ("vgg16_trunk/features.0/1@1,1", "conv1_1 is not in this page, which holds relu3_3"),
        ("mobilenet_v2/classifier.1/1", "this page holds VGG-16 trunk on Chelsea, a cat only"),
        (f"vgg16_trunk/{LAYER}/1@1,1#coffee", "this page holds"),
        (f"vgg16_trunk/{LAYER}/{{channel}}?FFF", "FFF is not in this page, which holds DeConvNet"),
    ],
)
def test_what_is_not_there_is_refused_in_words_and_the_view_stays(
    page: OpenedPage, vgg: ds.Explorer, address: str, said: str
) -> None:
    before = page.neuron()
    page.go(address.format(channel=vgg.channel))
    page.page.locator(".dcs-alert", has_text=said).wait_for()
    assert page.neuron() == before


def test_the_view_is_moved_by_keys_and_by_the_urls_end(
    chromium: Browser, lossless: Path, vgg: ds.Explorer
) -> None:
    opened = OpenedPage.of(chromium, lossless)
    before = opened.neuron()
    opened.root().focus()
    opened.page.keyboard.press("]")
    opened.changes(before)
    address = opened.root().locator(".dcs-address").input_value()
    there = opened.neuron()
    opened.close()
    again = OpenedPage.of(chromium, lossless, behind=f"#{address}")
    again.shows(there)
    again.close()


def test_the_urls_end_moves_the_explorer_that_holds_its_layer_and_brings_it_into_sight(
    chromium: Browser, hostile_model: Model, tmp_path: Path
) -> None:
    layers = ("pool", "a/b?c#d %,e")
    first, second = (ds.Explorer(hostile_model, layer=layer) for layer in layers)
    path = tmp_path / "two.html"
    exhibits = [first.exhibit(layers=["pool"]), second.exhibit(layers=[layers[1]])]
    ds.write_page(path, exhibits, progress=False)
    opening = OpenedPage.of(chromium, path)
    opening.until(lambda: opening.page.locator(".dcs-root[data-seq]").count() == 2, "both")
    before = opening.neuron(0), opening.neuron(1)
    opening.root(1).focus()
    opening.page.keyboard.press("]")
    opening.until(lambda: opening.neuron(1) != before[1], "another channel")
    there, address = opening.neuron(1), opening.root(1).locator(".dcs-address").input_value()
    opening.close()

    opened = OpenedPage.of(chromium, path, behind=f"#{address}")
    opened.shows(there, 1)
    opened.until(lambda: _top(opened, 1) < 500, "the second in sight")
    assert opened.neuron(0) == before[0]
    assert opened.notice(0) == opened.notice(1) == ""
    opened.close()


def _top(opened: OpenedPage, number: int) -> float:
    box = opened.root(number).bounding_box()
    assert box is not None
    return box["y"]


def test_hovering_and_the_displays_need_no_kernel(page: OpenedPage, vgg: ds.Explorer) -> None:
    box = page.root().locator(".dcs-atlas canvas").bounding_box()
    assert box is not None
    page.page.mouse.move(box["x"] + 90, box["y"] + 25)
    tooltip = page.root().locator(".dcs-tooltip")
    tooltip.wait_for()
    assert "≈" in tooltip.inner_text()
    seen: list[bytes] = [page.pixels("TTT").tobytes()]
    for mode in ("signed", "^0.1", "saliency", "over image"):
        page.root().get_by_role("radio", name=mode).click()
        page.until(lambda: page.pixels("TTT").tobytes() not in seen, f"another picture: {mode}")
        seen.append(page.pixels("TTT").tobytes())


def test_it_follows_the_dark_theme(chromium: Browser, lossless: Path) -> None:
    opened = OpenedPage.of(chromium, lossless, theme="dark")
    assert opened.root().get_attribute("data-dcs-theme") == "dark"
    background = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(14, 15, 18)"
    opened.close()


def test_what_only_a_kernel_can_do_is_not_offered(page: OpenedPage) -> None:
    for label in NEEDS_A_KERNEL:
        found = page.root().get_by_text(label)
        assert not any(found.nth(i).is_visible() for i in range(found.count())), label
    assert page.root().get_by_text("edges").is_visible()


def test_words_from_outside_stay_words(
    chromium: Browser, hostile: Path, hostile_model: Model
) -> None:
    opened = OpenedPage.of(chromium, hostile)
    opened.until(lambda: opened.page.locator(".dcs-root[data-seq]").count() == 2, "both")
    assert opened.page.title() == HOSTILE
    for heading in ("h1", "h2"):
        assert opened.page.locator(heading).inner_text() == HOSTILE
    assert opened.page.locator("img[src=x]").count() == 0
    # the page's own code stands there once for both, and nothing else runs
    assert opened.page.locator("script:not([type])").count() == 1
    recording = ds.Explorer(hostile_model, "coffee").recording
    opened.root(1).locator('.dcs-layer[data-layer="pool"]').click()
    opened.until(lambda: opened.neuron(1).startswith("pool/"), "the pool")
    shown = neuron(opened.neuron(1))
    kernel = drawn_by_a_kernel(recording, shown, "TTT")
    assert np.abs(opened.pixels("TTT", 1) - kernel).max() <= 1
    assert opened.neuron(0).startswith("a/b?c#d %,e/")
    opened.close()


def test_pictures_with_loss_lie_as_near_as_the_page_says(
    chromium: Browser, vgg: ds.Explorer, tmp_path: Path
) -> None:
    small = vgg.to_html(tmp_path / "small.html", channels=100, limit_mb=1.5, progress=False)
    assert 0 < small.difference < 12
    assert small.size <= 1_500_000
    opened = OpenedPage.of(chromium, small.path)
    assert f"off by {small.difference:.2g} of 255" in opened.page.locator(".dcp-note").inner_text()
    off = [
        np.abs(opened.pixels(code) - drawn_by_a_kernel(vgg.recording, vgg.neuron, code)).mean()
        for code in CODES
    ]
    assert np.mean(off) < 2 * small.difference + 1
    opened.close()
