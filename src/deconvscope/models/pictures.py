"""The bundled photographs, and pictures from files, bytes, PIL images and arrays, as RGB."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import UnknownImageError, UnreadableImageError
from .levels import ValueRange, scale_of
from .sixteen_bits import is_dark, sixteen_bit_file

SAMPLE_LABELS = {
    "chelsea": "Chelsea, a cat",
    "coffee": "A cup of espresso",
    "astronaut": "Eileen Collins, astronaut",
    "rocket": "Falcon 9 at night",
}
SAMPLE_IMAGES = tuple(SAMPLE_LABELS)

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
)
"""Suffixes of pictures in a folder, in lower case."""

_BITS_PER_SAMPLE, _PHOTOMETRIC, _ORIENTATION = 258, 262, 274
"""Numbers of TIFF and EXIF tags."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation → the operation that turns the stored picture upright."""

_FOLDER = Path(__file__).parent / "bundled" / "images"

Picture = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | NDArray[Any]
)


def sample_image(name: str = "chelsea") -> Image.Image:
    """Return a bundled photograph, RGB.

    Args:
        name: one of `SAMPLE_IMAGES`.

    Raises:
        UnknownImageError: there is no photograph of this name.
    """
    if name not in SAMPLE_LABELS:
        raise UnknownImageError(name, SAMPLE_IMAGES)
    return Image.open(_FOLDER / f"{name}.jpg").convert("RGB")


@dataclass(frozen=True)
class ReadPicture:
    """A picture as it is displayed, and a note about how it was read, or ""."""

    picture: Image.Image
    note: str = ""


def read_image(source: Picture, value_range: ValueRange = None) -> Image.Image:
    """Read a picture as it is displayed: upright, 8 bits, RGB, transparency on white.

    The type decides which values are black and white: 0 and 255 for integers, 0 and 65535 for 16-bit integers (in a
    TIFF file the number of bits that it names), 0 and 1 for floats, in arrays, PIL images and files alike. Values that
    exceed these by less than half a step of 255 are clipped. Other values are refused with the range found, and so
    are 16-bit values that use 14 bits or fewer, such as a 12-bit camera's; pass `value_range` for them.

    Args:
        source: a path, the bytes of a file, an open binary file, a PIL image, or an array of shape
            (H, W), (H, W, 1), (H, W, 3) or (H, W, 4). Of an animation the first frame is taken.
        value_range: the values that become black and white, such as ``(-1, 1)`` or ``(0, 4095)``; others are clipped.
            "auto": those of the type where they suit; else the fewest of 8, 10, 12 and 14 bits that hold 16-bit values,
            and for other types the lowest and highest value.

    Raises:
        UnreadableImageError: no such file, not a picture, broken, too large, or with values outside its type's range.
        ValueError: `value_range` is not two finite numbers in order.

    Example:
        >>> read_image(np.array([[-1.0, 0.0, 1.0]]), value_range=(-1, 1)).getpixel((1, 0))
        (128, 128, 128)
    """
    return read_picture(source, value_range).picture


def read_picture(source: Picture, value_range: ValueRange = "auto") -> ReadPicture:
    """Read a picture as `read_image` does, and note how; the arguments and errors are the same.

    Example:
        >>> read_picture(np.array([[1200, 1900]])).note
        'values from 1200, shown black, to 1900, shown white'
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, value_range, "the array", "array")
    if isinstance(source, Image.Image):
        return _decoded(source, "this PIL image", value_range, "picture")
    if isinstance(source, (bytes, bytearray, memoryview)):
        file = io.BytesIO(source)
        return _decoded(file, f"these {len(source)} bytes", value_range, "data")
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        file_found = _existing(Path(source).expanduser())
        return _decoded(file_found, f"the file {path!r}", value_range, repr(path))
    if hasattr(source, "read"):
        return _decoded(source, "this file", value_range, "file")
    raise UnreadableImageError(
        f"a picture is a path, bytes, a PIL image or a NumPy array, not {type(source).__name__}"
    )


def names_a_picture(file: str) -> bool:
    """Return whether a file name has a picture's suffix and is not hidden (such as macOS's ``._0.png``).

    Example:
        >>> [name for name in ("0.JPEG", "._0.png", "notes.pdf") if names_a_picture(name)]
        ['0.JPEG']
    """
    return not file.startswith(".") and Path(file).suffix.lower() in SUFFIXES


def picture_files(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the pictures in a folder, without subfolders, sorted by name.

    Raises:
        ValueError: no such folder, or no pictures in it.
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise ValueError(f"{str(path)!r} is not a folder")
    files = sorted(file for file in path.iterdir() if names_a_picture(file.name))
    if not files:
        raise ValueError(f"the folder {str(path)!r} has no pictures")
    return files


def _existing(path: Path) -> Path:
    if path.is_file():
        return path
    if path.is_dir():
        raise UnreadableImageError(f"{str(path)!r} is a folder: name a file in it")
    if str(path) in SAMPLE_LABELS:
        raise UnreadableImageError(f"no such file: {str(path)!r}; use sample_image({str(path)!r})")
    if str(path).startswith(("http:", "https:")):
        raise UnreadableImageError(
            f"{str(path)!r} is an address: download the picture and name the file"
        )
    raise UnreadableImageError(f"no such file: {str(path)!r} (seen from {str(Path.cwd())!r})")


def _decoded(source: Any, what: str, value_range: ValueRange, name: str) -> ReadPicture:
    # For damaged files PIL's decoders raise exceptions of any kind: OSError, SyntaxError, struct.error,
    # zlib.error, DecompressionBombError, …
    try:
        picture = source if isinstance(source, Image.Image) else Image.open(source)
        deep = sixteen_bit_file(picture)
        picture.load()
    except UnidentifiedImageError as error:
        raise UnreadableImageError(
            f"{what}: not a picture in a format that can be read (JPEG, PNG, WebP, GIF, TIFF, …)"
        ) from error
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(f"{what}: too large; scale it down first ({error})") from error
    except Exception as error:
        raise UnreadableImageError(f"{what}: broken or cut short ({error})") from error
    if picture.width == 0 or picture.height == 0:
        raise UnreadableImageError(f"a picture of {picture.width}×{picture.height} pixels is empty")
    turn, note = _orientation(picture)
    if deep is not None and is_dark(picture):
        read = _from_array(deep.values(what, name), value_range, what, name)
    else:
        read = _eight_bits(picture, value_range, what, name)
    rgb = read.picture if turn is None else read.picture.transpose(turn)
    return ReadPicture(rgb, "; ".join(filter(None, (read.note, note))))


def _orientation(picture: Image.Image) -> tuple[Image.Transpose | None, str]:
    """Return how to turn a picture upright, and a note where its EXIF block is broken."""
    try:
        return _TURNS.get(picture.getexif().get(_ORIENTATION, 1)), ""
    except Exception:  # Pillow answers a broken block with SyntaxError, struct.error, …
        return None, "its EXIF block is broken, so it is shown as it is stored"


def _eight_bits(picture: Image.Image, value_range: ValueRange, what: str, name: str) -> ReadPicture:
    """Return a decoded picture as RGB."""
    clear = picture.info.get("transparency")
    if picture.mode == "F" or picture.mode.startswith("I"):
        values = np.asarray(picture)
        scale = scale_of(values, _white(picture), value_range, what, name)
        grey = Image.fromarray(scale.levels(values))
        if _white_is_zero(picture):
            grey = ImageOps.invert(grey)
        if isinstance(clear, int):
            grey.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
        return ReadPicture(_rgb(grey), scale.note)
    rgb = _rgb(picture)
    if value_range is None or value_range == "auto":
        return ReadPicture(rgb)
    values = np.asarray(rgb)
    return ReadPicture(
        Image.fromarray(scale_of(values, 255, value_range, what, name).levels(values))
    )


def _white(picture: Image.Image) -> float:
    """Return the white of a picture with one band of numbers, by its type and file."""
    bits = getattr(picture, "tag_v2", {}).get(_BITS_PER_SAMPLE, ())
    if picture.mode == "F":
        return 1
    if picture.mode.startswith("I;16"):
        return float(2 ** bits[0] - 1) if bits and 8 < bits[0] < 16 else 65535
    # Pillow before 11.3 opens a PNG file of 16 bits so
    return 65535 if picture.format == "PNG" else 255


def _white_is_zero(picture: Image.Image) -> bool:
    """Return whether a TIFF file stores white as 0, which Pillow handles only with 8 bits."""
    return bool(getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC) == 0)


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBa", "La"):
        picture = picture.convert("RGBA" if picture.mode == "RGBa" else "LA")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")


def _from_array(array: NDArray[Any], value_range: ValueRange, what: str, name: str) -> ReadPicture:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        turned = array.ndim == 3 and array.shape[0] in (1, 3, 4)
        hint = ": use array.transpose(1, 2, 0)" if turned else ""
        raise UnreadableImageError(
            f"an array for a picture is (H, W), (H, W, 3) or (H, W, 4), not {array.shape}{hint}"
        )
    if array.size == 0:
        raise UnreadableImageError(f"an array of shape {array.shape} has no pixels")
    if array.dtype.kind not in "buif":
        raise UnreadableImageError(f"an array of {array.dtype} is not a picture: use uint8")
    white = 1 if array.dtype.kind in "bf" else 65535 if array.dtype == np.uint16 else 255
    colours, opacity = array[..., :3] if array.ndim == 3 else array, array[..., 3:]
    scale = scale_of(colours, white, value_range, what, name)
    levels = scale.levels(colours)
    if array.ndim == 3 and opacity.shape[2]:
        alpha = scale_of(opacity, white, None, f"the opacity of {what}", name).levels(opacity)
        levels = np.concatenate([levels, alpha], axis=2)
    return ReadPicture(_rgb(Image.fromarray(np.ascontiguousarray(levels))), scale.note)
