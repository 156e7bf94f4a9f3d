"""Which values of a picture are black and white: said by the type, asked for, or refused with the range found."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

import deconvscope
from deconvscope.models import UnreadableImageError, read_image, read_picture

RAMP = np.linspace(0, 1, 256).reshape(16, 16)
"""Every level once; `LEVELS` says which."""
LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16)


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format=kind, **options)
    return file.getvalue()


def png(values: np.ndarray, clear: int | None = None) -> bytes:
    """A PNG of 16 bits a channel, written by hand from (H, W, C): Pillow writes none of colours.

    Grey pixels of the value `clear` are transparent.
    """
    height, width, channels = values.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
        + (b"" if clear is None else chunk(b"tRNS", struct.pack(">H", clear)))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def tiff(
    values: np.ndarray, bits: int, photometric: int = 1, order: str = "<", deflate: bool = False
) -> bytes:
    """A TIFF of so many bits a value, written by hand from (H, W) or (H, W, 3), in one strip."""
    height, width, *channels = values.shape
    if bits == 16:
        strip = values.astype(f"{order}u2").tobytes()
    else:  # packed one after another, each row filled up to whole bytes
        bytes_a_row = -(-width * bits // 8)
        rows = ("".join(f"{value:0{bits}b}" for value in row) for row in values.tolist())
        strip = b"".join(
            int(row.ljust(bytes_a_row * 8, "0"), 2).to_bytes(bytes_a_row, "big") for row in rows
        )
    strip = zlib.compress(strip) if deflate else strip
    strip += b"\0" * (len(strip) % 2)
    depths = struct.pack(f"{order}3H", bits, bits, bits)
    tags = [
        (256, 3, 1, width), (257, 3, 1, height),
        (258, 3, 3, 8 + len(strip)) if channels else (258, 3, 1, bits),
        (259, 3, 1, 8 if deflate else 1), (262, 3, 1, 2 if channels else photometric),
        (273, 4, 1, 8), (277, 3, 1, *(channels or [1])), (278, 3, 1, height), (279, 4, 1, len(strip)),
    ]  # fmt: skip
    entries = b"".join(
        struct.pack(f"{order}HHI", tag, kind, count)
        + struct.pack(
            f"{order}HH" if kind == 3 and count == 1 else f"{order}I",
            value,
            *[0][: kind == 3 and count == 1],
        )
        for tag, kind, count, value in tags
    )
    directory = struct.pack(f"{order}H", len(tags)) + entries + struct.pack(f"{order}I", 0)
    start = 8 + len(strip) + len(depths)
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, start)
    return head + strip + depths + directory


def grey(picture: Image.Image) -> np.ndarray:
    pixels = np.asarray(picture)
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


def twelve_bits() -> np.ndarray:
    return (RAMP * 4095).round().astype(np.uint16)


WITHOUT_WHITE = {
    "floats −1…1": (RAMP * 2 - 1).astype(np.float32),
    "floats 1200…1900": (RAMP * 700 + 1200).astype(np.float32),
    "floats 0…255": (RAMP * 255).astype(np.float32),
    "ints 1200…1900": (RAMP * 700 + 1200).round().astype(np.int32),
    "ints −500…500": (RAMP * 1000 - 500).round().astype(np.int32),
}


def as_array(values: np.ndarray) -> Any:
    return values


def as_pil(values: np.ndarray) -> Any:
    return Image.fromarray(values)


def as_tiff(values: np.ndarray) -> Any:
    return encoded(Image.fromarray(values), "TIFF")


@pytest.mark.parametrize("wrap", [as_array, as_pil, as_tiff])
@pytest.mark.parametrize("values", WITHOUT_WHITE.values(), ids=WITHOUT_WHITE)
def test_values_without_a_white_of_their_own(values, wrap):
    source, low, high = wrap(values), values.min(), values.max()
    with pytest.raises(UnreadableImageError, match=f"run from {low:.7g} to {high:.7g}"):
        read_image(source)
    asked = grey(read_image(source, value_range=(low, high)))
    assert np.abs(asked.astype(int) - LEVELS).max() <= 1
    read = read_picture(source)
    assert np.array_equal(grey(read.picture), asked)
    assert read.note == f"values from {low:.7g}, shown black, to {high:.7g}, shown white"


@pytest.mark.parametrize(
    "wrap",
    [
        as_array,
        as_pil,
        as_tiff,
        lambda values: encoded(Image.fromarray(values), "PNG"),
        lambda values: png(values[..., None]),
        lambda values: png(np.repeat(values[..., None], 3, axis=2)),
        lambda values: png(np.dstack([values] * 3 + [np.full_like(values, 65535)])),
        lambda values: np.repeat(values[..., None], 3, axis=2),
        lambda values: Image.open(io.BytesIO(png(np.repeat(values[..., None], 3, axis=2)))),
    ],
    ids=["array", "PIL", "TIFF", "PNG", "grey PNG", "RGB PNG", "RGBA PNG", "RGB array", "PIL RGB"],
)  # fmt: skip
@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_few_bits_in_a_file_of_sixteen(bits, wrap):
    white = 2**bits - 1
    values = (RAMP * white).round().astype(np.uint16)
    refusal = f"uses {bits} of them, its values run from 0 to {white}"
    with pytest.raises(UnreadableImageError, match=refusal):
        read_image(wrap(values))
    assert np.abs(grey(read_image(wrap(values), (0, white))).astype(int) - LEVELS).max() <= 1
    read = read_picture(wrap(values))
    assert np.abs(grey(read.picture).astype(int) - LEVELS).max() <= 1
    assert read.note == f"16-bit values of which {bits} bits are used: {white} is shown white"


def test_sixteen_bits_of_colour_that_are_used_need_no_word():
    for channels in (1, 3):
        values = (RAMP * 65535).round().astype(np.uint16)
        read = read_picture(png(np.repeat(values[..., None], channels, axis=2)))
        assert np.abs(grey(read.picture).astype(int) - LEVELS).max() <= 1
        assert read.note == ""


def test_a_black_picture_is_black():
    for source in (np.zeros((4, 4), np.uint16), png(np.zeros((4, 4, 3)))):
        assert read_picture(source).note == ""
        assert not np.asarray(read_image(source)).any()


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_twelve_bits_of_colour_in_a_tiff_file(order, deflate):
    values = np.dstack([twelve_bits(), twelve_bits()[::-1], twelve_bits().T])
    read = read_picture(tiff(values, 16, order=order, deflate=deflate))
    expected = (values / 4095 * 255).round()
    assert np.abs(np.asarray(read.picture) - expected).max() <= 1
    assert read.note == "16-bit values of which 12 bits are used: 4095 is shown white"


def test_dark_colours_that_nothing_here_reads_in_full_are_refused():
    values = np.dstack([twelve_bits(), np.full((16, 16), 65535)])
    for value_range in (None, "auto", (0, 4095)):
        with pytest.raises(UnreadableImageError, match="of which only 8 can be read here"):
            read_image(png(values), value_range)


def test_a_tiff_file_says_how_many_bits_it_has():
    read = read_picture(tiff(twelve_bits(), bits=12))
    assert np.abs(grey(read.picture).astype(int) - LEVELS).max() <= 1
    assert read.note == ""


def test_a_tiff_file_says_that_zero_is_white():
    values = (RAMP * 65535).round().astype(np.uint16)
    assert np.array_equal(grey(read_image(tiff(values, 16, photometric=1))), LEVELS)
    assert np.array_equal(grey(read_image(tiff(values, 16, photometric=0))), LEVELS[::-1, ::-1])


def test_floats_between_nought_and_one_in_every_wrapping():
    for wrap in (as_array, as_pil, as_tiff):
        assert np.array_equal(grey(read_image(wrap(RAMP.astype(np.float32)))), LEVELS)


@pytest.mark.parametrize("over", [2e-7, 1e-3, 1 / 512])
def test_a_hair_beyond_black_or_white_is_allowed(over):
    beyond = np.array([[-over, 0.5, 1 + over]])
    assert grey(read_image(beyond)).tolist() == [[0, 128, 255]]
    assert grey(read_image(Image.fromarray(beyond.astype(np.float32)))).tolist() == [[0, 128, 255]]


@pytest.mark.parametrize(
    ("value", "shown"), [(1.0021, "1.0021"), (-0.0021, "-0.0021"), (1.2, "1.2")]
)
def test_more_than_a_hair_is_refused_with_enough_digits_to_see_it(value, shown):
    with pytest.raises(UnreadableImageError, match=f"run from (0 to {shown}|{shown} to 0),"):
        read_image(np.array([[0.0, value]]))


@pytest.mark.parametrize("wrong", [(1, 0), (0, 0), (0, float("nan")), (0,), "own", 4, (None, 1)])
def test_a_range_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="value_range must be two finite numbers"):
        read_image(np.zeros((2, 2)), value_range=wrong)


def test_a_range_makes_a_window_of_any_picture():
    window = read_image(LEVELS, value_range=(100, 151))
    assert np.array_equal(
        grey(window), ((LEVELS.astype(float) - 100) * 5).clip(0, 255).astype(np.uint8)
    )
    assert np.array_equal(
        np.asarray(read_image(Image.fromarray(LEVELS), (100, 151))), np.asarray(window)
    )


def test_a_picture_of_one_value_is_grey():
    read = read_picture(np.full((2, 2), 7.0))
    assert grey(read.picture).tolist() == [[128, 128]] * 2
    assert read.note == "every value is 7"


def test_opacity_is_no_colour():
    see_through = np.dstack([RAMP * 2 - 1] * 3 + [np.zeros_like(RAMP)])
    assert (grey(read_picture(see_through).picture) == 255).all()
    assert read_picture(see_through).note.startswith("values from -1,")


def test_a_clear_value_of_sixteen_bits_lies_on_white():
    values = (RAMP * 65535).round().astype(np.uint16)
    read = grey(read_image(png(values[..., None], clear=0)))
    assert read[0, 0] == 255
    assert np.array_equal(read.ravel()[1:], LEVELS.ravel()[1:])


@pytest.mark.parametrize(
    "mode",
    ["1", "L", "P", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "I"],
)
def test_every_mode_of_pillow_is_read(mode):
    via = {"La": "LA", "RGBa": "RGBA", "I": "L"}.get(mode, "RGB")
    picture = Image.new("RGB", (4, 4), "white").convert(via).convert(mode)
    assert picture.mode == mode
    assert np.asarray(read_image(picture)).min() >= 254


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L"])
def test_every_order_of_bytes_is_read(mode):
    order = ">u2" if mode == "I;16B" else "<u2"
    values = (RAMP * 65535).round().astype(order)
    picture = Image.frombytes(mode, (16, 16), values.tobytes())
    assert np.array_equal(grey(read_image(picture)), LEVELS)


class TestBrokenExif:
    """A picture whose EXIF block is broken is shown as it is stored, and that is said."""

    RED_LEFT = np.zeros((4, 6, 3), np.uint8)
    RED_LEFT[:, :3, 0] = 255
    BLOCKS = (
        b"Exif\0\0II*\0\xff\xff\xff\x7f",  # a directory beyond the end
        b"no EXIF at all",
        b"MM\0*\0\0\0\x08\0\x05\x01\x12",  # a directory cut short
    )

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    @pytest.mark.parametrize("block", BLOCKS, ids=["far", "none", "short"])
    @pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
    def test_is_read_unturned(self, kind, block):
        options = {"lossless": True} if kind == "WEBP" else {}
        source = encoded(Image.fromarray(self.RED_LEFT), kind, exif=block, **options)
        pixels = np.asarray(read_image(source))
        assert pixels.shape == self.RED_LEFT.shape
        assert np.abs(pixels.astype(int) - self.RED_LEFT).max() <= (130 if kind == "JPEG" else 0)

    def test_is_said(self):
        source = encoded(Image.fromarray(self.RED_LEFT), "PNG", exif=b"no EXIF at all")
        assert (
            read_picture(source).note == "its EXIF block is broken, so it is shown as it is stored"
        )

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_every_orientation_stands_upright(self, orientation):
        from PIL import ImageOps

        exif = Image.Exif()
        exif[0x0112] = orientation
        corner = self.RED_LEFT.copy()
        corner[0, 0] = 0, 255, 0
        source = encoded(Image.fromarray(corner), "PNG", exif=exif)
        expected = ImageOps.exif_transpose(Image.open(io.BytesIO(source)))
        assert np.array_equal(np.asarray(read_image(source)), np.asarray(expected))


REMEDIED = {
    "array": WITHOUT_WHITE["floats −1…1"],
    "picture": Image.fromarray(WITHOUT_WHITE["ints 1200…1900"]),
    "data": encoded(Image.fromarray(twelve_bits()), "PNG"),
}


@pytest.mark.parametrize("name", REMEDIED)
def test_the_remedy_runs(name):
    with pytest.raises(UnreadableImageError) as raised:
        read_image(REMEDIED[name])
    start = str(raised.value).index("deconvscope.read_image(")
    end = str(raised.value).index("))", start) + 2
    picture = eval(str(raised.value)[start:end], {"deconvscope": deconvscope, "io": io, **REMEDIED})
    assert np.abs(grey(picture).astype(int) - LEVELS).max() <= 1
