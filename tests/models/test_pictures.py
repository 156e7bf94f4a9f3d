"""The bundled photographs, and pictures from wherever a person has them."""

import io

import numpy as np
import pytest
from PIL import Image

from deconvscope.models import (
    SAMPLE_IMAGES,
    SAMPLE_LABELS,
    UnknownImageError,
    UnreadableImageError,
    picture_files,
    read_image,
    sample_image,
)

RED_LEFT = np.zeros((4, 6, 3), dtype=np.uint8)
RED_LEFT[:, :3, 0] = 255


def encoded(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, format=kind, **options)
    return file.getvalue()


def same(picture, other):
    return np.array_equal(np.asarray(picture), np.asarray(other))


def test_the_home_folder_may_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    Image.fromarray(RED_LEFT).save(tmp_path / "one.png")
    assert same(read_image("~/one.png"), Image.fromarray(RED_LEFT))
    assert picture_files("~") == [tmp_path / "one.png"]


@pytest.mark.parametrize("name", SAMPLE_IMAGES)
def test_each_photograph_is_there(name):
    picture = sample_image(name)
    assert picture.mode == "RGB"
    assert min(picture.size) >= 300
    assert SAMPLE_LABELS[name]


def test_the_cat_comes_first():
    assert same(sample_image(), sample_image("chelsea"))


def test_an_unknown_photograph():
    with pytest.raises(UnknownImageError, match="'chelsee'; did you mean 'chelsea'"):
        sample_image("chelsee")


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, io.BytesIO])
def test_lossless_formats_from_bytes(kind, wrap):
    options = {"lossless": True} if kind == "WEBP" else {}
    source = wrap(encoded(Image.fromarray(RED_LEFT), kind, **options))
    assert same(read_image(source), RED_LEFT)


def test_paths_and_pil_images(tmp_path):
    picture = Image.fromarray(RED_LEFT)
    picture.save(tmp_path / "red.png")
    for source in (tmp_path / "red.png", str(tmp_path / "red.png"), picture):
        assert same(read_image(source), RED_LEFT)


def test_a_photograph_taken_sideways_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90° clockwise
    source = encoded(Image.fromarray(RED_LEFT), "PNG", exif=exif)
    upright = np.asarray(read_image(source))
    assert upright.shape == (6, 4, 3)
    assert np.array_equal(upright, np.rot90(RED_LEFT, -1))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight(kind):
    levels = np.array([[0, 257 * 10, 65535]], dtype=np.uint16)
    source = encoded(Image.fromarray(levels), kind)
    assert np.asarray(read_image(source))[0].tolist() == [[0] * 3, [10] * 3, [255] * 3]


def test_grey_black_and_white_cmyk_and_palettes():
    grey = Image.fromarray(RED_LEFT).convert("L")
    assert np.asarray(read_image(grey))[0, 0].tolist() == [76, 76, 76]
    one_bit = Image.fromarray(RED_LEFT[..., 0] > 0)
    assert np.asarray(read_image(one_bit))[0, 0].tolist() == [255, 255, 255]
    cmyk = Image.new("CMYK", (2, 2), (0, 255, 255, 0))
    red = np.asarray(read_image(encoded(cmyk, "JPEG")))[0, 0]
    assert red[0] > 250
    assert red[1:].max() < 10
    palette = Image.fromarray(RED_LEFT).convert("P")
    assert np.asarray(read_image(palette))[0, 0].tolist() == [255, 0, 0]


def test_transparency_lies_on_white():
    see_through = Image.new("RGBA", (2, 2), (255, 0, 0, 0))
    half = Image.new("RGBA", (2, 2), (0, 0, 0, 128))
    assert np.asarray(read_image(encoded(see_through, "PNG"))).min() == 255
    assert abs(int(np.asarray(read_image(half))[0, 0, 0]) - 127) <= 1
    assert np.asarray(read_image(Image.new("LA", (2, 2), (0, 0)))).min() == 255
    palette = Image.new("P", (2, 2), 0)
    palette.info["transparency"] = 0
    assert np.asarray(read_image(palette)).min() == 255


def test_the_first_frame_of_an_animation():
    frames = [Image.new("RGB", (3, 3), colour) for colour in ("red", "blue")]
    source = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.asarray(read_image(source))[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    "array",
    [
        RED_LEFT,
        RED_LEFT / 255,
        (RED_LEFT / 255).astype(np.float32),
        RED_LEFT > 0,
        RED_LEFT.astype(np.int64),
        RED_LEFT.astype(np.uint16) * 257,
        np.concatenate([RED_LEFT, np.full((4, 6, 1), 255, np.uint8)], axis=2),
        np.asfortranarray(RED_LEFT),
    ],
    ids=["uint8", "float64", "float32", "bool", "int64", "uint16", "alpha", "fortran"],
)
def test_arrays_of_every_type(array):
    assert same(read_image(array), RED_LEFT)


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1)])
def test_arrays_without_colour(shape):
    picture = np.asarray(read_image(np.full(shape, 7, np.uint8)))
    assert picture.shape == (4, 6, 3)
    assert (picture == 7).all()


PNG = encoded(sample_image().resize((64, 64)), "PNG")
JPEG = encoded(sample_image(), "JPEG")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "not a picture"),
        (b"Dear Sir or Madam", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "not a picture"),
        (PNG[: len(PNG) // 2], "broken or cut short"),
        (JPEG[: len(JPEG) // 2], "broken or cut short"),
        (PNG[:60] + b"\0" * 400 + PNG[460:], "broken or cut short"),
        (np.zeros((3, 8, 9)), r"use array.transpose\(1, 2, 0\)"),
        (np.zeros((8, 9, 2)), r"not \(8, 9, 2\)"),
        (np.zeros((0, 9, 3)), "no pixels"),
        (np.full((4, 4), np.nan), "NaN"),
        (np.full((4, 4), 300), "from 300 to 300"),
        (np.full((4, 4), -1.0), "from -1 to -1"),
        (np.full((4, 4), 17.0), "floats run from 0 to 1"),
        (np.array([["a", "b"]]), "use uint8"),
        (np.zeros((2, 2), complex), "use uint8"),
        (Image.new("RGB", (0, 5)), "empty"),
        ("nowhere.jpg", "no such file: 'nowhere.jpg'"),
        ("chelsea", r"sample_image\('chelsea'\)"),
        ("https://example.org/cat.jpg", "download the picture"),
        (".", "is a folder"),
        (None, "not NoneType"),
        (3, "not int"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(source, message):
    with pytest.raises(UnreadableImageError, match=message):
        read_image(source)


def test_a_decompression_bomb_is_refused_before_it_is_unpacked():
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, format="PNG")
    with pytest.raises(UnreadableImageError, match="too large; scale it down"):
        read_image(bomb)


def test_the_picture_given_is_left_alone():
    picture = Image.fromarray(RED_LEFT)
    read_image(picture).putpixel((0, 0), (1, 2, 3))
    assert picture.getpixel((0, 0)) == (255, 0, 0)
    array = RED_LEFT.copy()
    read_image(array).putpixel((0, 0), (1, 2, 3))
    assert np.array_equal(array, RED_LEFT)
