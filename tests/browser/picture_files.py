"""Picture files as people have them, good and bad, made with Pillow."""

from __future__ import annotations

import io
import struct
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image

SIDE = 320
RED, GREEN, BLUE, YELLOW = (200, 40, 40), (40, 160, 60), (40, 60, 200), (220, 200, 40)
QUADRANTS = (RED, GREEN, BLUE, YELLOW)
"""Top left, top right, bottom left, bottom right."""


class PictureFile(NamedTuple):
    """A file, and what a person must see of it: the colours of its quadrants, or a line that says why not."""

    name: str
    kind: str
    content: bytes
    shows: tuple[tuple[int, int, int], ...] = ()
    told: str = ""


def good() -> list[PictureFile]:
    """Return a file of each format that opens."""
    picture = quadrants()
    bordered = [quadrants(border) for border in range(1, 6)]
    grey = picture.convert("L")
    pixels = grey.tobytes()
    greys = tuple((pixels[y * SIDE + x],) * 3 for x, y in _MIDDLES)
    deep = (
        bordered[4].convert("L").point([256 * value for value in range(256)], "I").convert("I;16")
    )
    camera = quadrants(6).convert("L")  # 12 bits, and the upper four of each 16 are empty
    camera = camera.point([value * 4095 // 255 for value in range(256)], "I").convert("I;16")
    clear = picture.convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, SIDE // 2, SIDE // 2))
    lying = bordered[4].transpose(Image.Transpose.ROTATE_90)
    orientation = Image.Exif()
    orientation[0x0112] = 6  # to be turned by 90° clockwise
    other = Image.new("RGB", (SIDE, SIDE), "black")
    return [
        _file("plain.png", picture, QUADRANTS),
        _file("photo.jpg", bordered[0], QUADRANTS, quality=95),
        _file("modern.webp", bordered[1], QUADRANTS, lossless=True),
        _file(
            "moving.gif", bordered[2], QUADRANTS, save_all=True, append_images=[other], duration=50
        ),
        _file("sixteen.png", deep, greys),
        _file("camera.png", camera, greys),
        _file("print.jpg", bordered[3].convert("CMYK"), QUADRANTS, quality=95),
        _file("grey.png", grey, greys),
        _file("clear.png", clear, ((255, 255, 255), GREEN, BLUE, YELLOW)),
        _file("turned.jpg", lying, QUADRANTS, quality=95, exif=orientation),
    ]


def bad() -> list[PictureFile]:
    """Return files that are no pictures, or none that can be opened."""
    whole = _file("cut.png", quadrants().resize((900, 900)).effect_spread(20), ()).content
    bomb = _chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0))
    bomb += _chunk(b"IDAT", zlib.compress(bytes(30_000 * 3751))) + _chunk(b"IEND", b"")
    noise = np.random.default_rng(0).integers(0, 4096, (1000, 1000), np.uint16)
    deep = _file("deep.png", Image.fromarray(noise), ()).content
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>window.stranger = 1</script></svg>'
    return [
        PictureFile("cut.png", "image/png", whole[: len(whole) // 3], told="cut short"),
        PictureFile(
            "letter.png", "image/png", b"dear reader, " * 500, told="PNG, JPEG, WebP or GIF"
        ),
        PictureFile("bomb.png", "image/png", b"\x89PNG\r\n\x1a\n" + bomb, told="large"),
        PictureFile("deep.png", "image/png", deep, told="explorer.image = path"),
        PictureFile("script.svg", "image/svg+xml", svg, told="PNG, JPEG, WebP or GIF"),
        PictureFile("<b>nothing</b>.png", "image/png", b"", told="<b>nothing</b>.png"),
    ]


def private() -> PictureFile:
    """Return a photograph of a usual size: 0.3 MB or more, also when a browser has written it anew."""
    noise = Image.effect_noise((700, 500), 80).convert("RGB")
    return _file("private.jpg", noise, (), quality=95)


def quadrants(border: int = 0) -> Image.Image:
    """Return a picture that shows which side is up; the border tells several apart."""
    picture = Image.new("RGB", (SIDE, SIDE))
    for colour, (x, y) in zip(QUADRANTS, _CORNERS, strict=True):
        picture.paste(colour, (x, y, x + SIDE // 2, y + SIDE // 2))
    picture.paste((0, 0, 0), (0, 0, SIDE, border))
    return picture


_CORNERS = ((0, 0), (SIDE // 2, 0), (0, SIDE // 2), (SIDE // 2, SIDE // 2))
_MIDDLES = tuple((x + SIDE // 4, y + SIDE // 4) for x, y in _CORNERS)
_KINDS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "gif": "GIF"}


def _file(
    name: str, picture: Image.Image, shows: tuple[tuple[int, int, int], ...], **options: object
) -> PictureFile:
    kind = _KINDS[name.rpartition(".")[2]]
    content = io.BytesIO()
    picture.save(content, kind, **options)  # type: ignore[arg-type]
    return PictureFile(name, f"image/{kind.lower()}", content.getvalue(), shows)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )
