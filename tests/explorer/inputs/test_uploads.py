"""Pictures opened in a browser: every common kind is seen upright, every broken one gets a clear line."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deconvscope.explorer.inputs.uploads import LARGEST_FILE, WAITING_KEPT

from ..recorded_browser import Browser

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def left_red() -> Image.Image:
    """A picture whose left half is red, its right half blue."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, :30, 0], pixels[:, 30:, 2] = 255, 255
    return Image.fromarray(pixels)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def bomb(side: int) -> bytes:
    """A PNG that says it is side × side pixels and holds none."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )


def send(
    browser: Browser, file: object, name: object = "cat.png", number: str = "browser-1"
) -> Any:
    info = {"client": "browser", "id": number, "name": name}
    before = len(browser.comm.sent)
    browser.send({"_upload": file, "_upload_info": info})
    browser.ask(image=f"upload:{number}", layer="features.0")
    return browser.comm.sent[before:]


def gif() -> bytes:
    return saved(
        left_red(), "GIF", save_all=True, append_images=[Image.new("RGB", (60, 40), "white")]
    )


def rotated() -> bytes:
    """A JPEG stored on its side, with the EXIF note that turns it upright."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter clockwise when shown
    return saved(left_red().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)


def sixteen_bits() -> bytes:
    values = np.zeros((40, 60), np.uint16)
    values[:, :30] = 65535
    return saved(Image.fromarray(values), "PNG")


def transparent() -> bytes:
    picture, opacity = left_red().convert("RGBA"), np.zeros((40, 60), np.uint8)
    opacity[:, :30] = 255
    picture.putalpha(Image.fromarray(opacity))
    return saved(picture, "PNG")


@pytest.mark.parametrize(
    ("file", "left", "right"),
    [
        (saved(left_red(), "PNG"), (255, 0, 0), (0, 0, 255)),
        (saved(left_red(), "JPEG", quality=95), (255, 0, 0), (0, 0, 255)),
        (saved(left_red(), "WEBP", lossless=True), (255, 0, 0), (0, 0, 255)),
        (gif(), (255, 0, 0), (0, 0, 255)),
        (rotated(), (255, 0, 0), (0, 0, 255)),
        (sixteen_bits(), (255, 255, 255), (0, 0, 0)),
        (saved(left_red().convert("L"), "PNG"), (76, 76, 76), (29, 29, 29)),
        (saved(left_red().convert("CMYK"), "JPEG", quality=95), (255, 0, 0), (0, 0, 255)),
        (transparent(), (255, 0, 0), (255, 255, 255)),
    ],
    ids=["PNG", "JPEG", "WebP", "GIF", "EXIF", "16 bits", "grey", "CMYK", "transparent"],
)
def test_every_common_kind_is_seen_upright(
    browser: Browser, file: bytes, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    reply = send(browser, file)[-1]
    assert reply["_view"]["seq"] == 1
    seen = np.asarray(browser.explorer.image).astype(int)
    width = seen.shape[1]
    assert np.abs(seen[:, : width // 4] - left).max() <= 12
    assert np.abs(seen[:, -width // 4 :] - right).max() <= 12
    network = reply["_network"]["image"]
    assert network["label"] == "cat.png"
    assert network["name"].startswith("sha256:")
    assert browser.explorer.address.endswith(network["name"])


def test_an_upload_goes_by_its_content_and_stays_in_the_picker(browser: Browser) -> None:
    reply = send(browser, saved(left_red(), "PNG"), "<img src=x onerror=alert(1)>")[-1]
    name = reply["_network"]["image"]["name"]
    assert reply["_network"]["image"]["label"] == "<img src=x onerror=alert(1)>"
    assert name in [image["name"] for image in reply["_catalog"]["images"]]
    browser.ask(image="chelsea")
    assert browser.ask(image=name)[-1]["_network"]["image"]["name"] == name
    again = send(browser, saved(left_red(), "WEBP", lossless=True), number="browser-2")[-1]
    assert again["_view"]["address"].endswith(name), "the same pixels have the same name"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (saved(left_red(), "PNG")[:80], "broken or cut short"),
        (saved(left_red(), "JPEG")[:300], "broken or cut short"),
        (b"this is no picture at all", "not a picture"),
        (SVG, "not a picture"),
        (bomb(30_000), "too large"),
        (bomb(9_000), "too large"),
        (b"", "empty"),
        (b"x" * (LARGEST_FILE + 1), "larger than"),
        ("text in place of bytes", "did not arrive"),
        (None, "did not arrive"),
    ],
    ids=["PNG cut", "JPEG cut", "text", "SVG", "bomb", "large", "empty", "heavy", "str", "none"],
)
def test_a_bad_file_gets_a_clear_line_and_the_view_stays(
    browser: Browser, file: object, line: str
) -> None:
    explorer = browser.explorer
    before = explorer._view, explorer._pictures, explorer._photograph, explorer.address
    failed = send(browser, file)[-1]["_failure"]
    assert (failed["client"], failed["seq"]) == ("browser", 1)
    assert line in failed["message"]
    assert "bytes" not in failed["message"]
    assert before == (explorer._view, explorer._pictures, explorer._photograph, explorer.address)
    assert browser.ask()[-1]["_view"]["seq"] == 2


@pytest.mark.parametrize(
    "info", [None, 3, {}, {"id": 3}, {"id": ""}, {"id": "x" * 999}, {"id": "a", "name": {}}]
)
def test_whatever_comes_as_an_upload_never_raises(browser: Browser, info: object) -> None:
    browser.send({"_upload": b"abc", "_upload_info": info})
    browser.send({"_upload_info": info})
    browser.send({"_upload": [1, 2]})
    assert browser.ask(image="upload:a")[-1]["_failure"]["seq"] == 1


@pytest.mark.parametrize("info", [{}, {"client": "browser", "id": "browser-1", "name": "cat.png"}])
def test_a_browser_that_empties_what_it_sent_takes_nothing_back(
    browser: Browser, info: dict[str, str]
) -> None:
    sent = {"client": "browser", "id": "browser-1", "name": "cat.png"}
    browser.send({"_upload": saved(left_red(), "PNG"), "_upload_info": sent})
    explorer = browser.explorer
    before = explorer._view, explorer._failure, explorer.address
    for empty in (b"", memoryview(b"")):
        assert browser.send({"_upload": empty, "_upload_info": info}) == []
        assert browser.send({"_upload": empty}) == []
    assert before == (explorer._view, explorer._failure, explorer.address)
    reply = browser.ask(image="upload:browser-1", layer="features.0")[-1]
    assert reply["_network"]["image"]["label"] == "cat.png"


def test_files_wait_only_a_few_at_a_time(browser: Browser) -> None:
    file = saved(left_red(), "PNG")
    for number in range(WAITING_KEPT + 1):
        info = {"client": "browser", "id": str(number), "name": "cat.png"}
        browser.send({"_upload": file, "_upload_info": info})
    assert "did not arrive" in browser.ask(image="upload:0")[-1]["_failure"]["message"]
    assert browser.ask(image=f"upload:{WAITING_KEPT}")[-1]["_view"]
