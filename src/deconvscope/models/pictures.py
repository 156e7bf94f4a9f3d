"""The bundled photographs, and pictures from wherever a person has them, as RGB."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import UnknownImageError, UnreadableImageError

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
"""What counts as a picture in a folder; ``.JPEG`` as ImageNet has it too."""

_FOLDER = Path(__file__).parent / "bundled" / "images"

Picture = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | NDArray[Any]
)


def sample_image(name: str = "chelsea") -> Image.Image:
    """A bundled photograph, RGB.

    Args:
        name: one of `SAMPLE_IMAGES`.

    Raises:
        UnknownImageError: there is no photograph of this name.
    """
    if name not in SAMPLE_LABELS:
        raise UnknownImageError(name, SAMPLE_IMAGES)
    return Image.open(_FOLDER / f"{name}.jpg").convert("RGB")


def read_image(source: Picture) -> Image.Image:
    """A picture as a person would see it: upright, 8 bits, RGB, transparency on white.

    Args:
        source: a path, the bytes of a file, an open binary file, a PIL image, or an array of shape
            (H, W), (H, W, 1), (H, W, 3) or (H, W, 4): uint8, uint16, bool, or float in 0…1.
            Of an animation the first frame is taken.

    Raises:
        UnreadableImageError: no such file, not a picture, a broken one, or one too large.
    """
    if isinstance(source, np.ndarray):
        return _rgb(_from_array(source))
    if isinstance(source, Image.Image):
        return _decoded(source, "this PIL image")
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _decoded(io.BytesIO(source), f"these {len(source)} bytes")
    if isinstance(source, (str, os.PathLike)):
        return _decoded(_existing(Path(source).expanduser()), f"the file {os.fspath(source)!r}")
    if hasattr(source, "read"):
        return _decoded(source, "this file")
    raise UnreadableImageError(
        f"a picture is a path, bytes, a PIL image or a NumPy array, not {type(source).__name__}"
    )


def names_a_picture(file: str) -> bool:
    """Whether a file in a folder counts as a picture by its name; hidden ones (macOS's ``._0.png``) do not.

    Example:
        >>> [name for name in ("0.JPEG", "._0.png", "notes.pdf") if names_a_picture(name)]
        ['0.JPEG']
    """
    return not file.startswith(".") and Path(file).suffix.lower() in SUFFIXES


def picture_files(folder: str | os.PathLike[str]) -> list[Path]:
    """The pictures in a folder, but not below it, sorted by name.

    Raises:
        ValueError: no such folder, or no pictures in it.
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise ValueError(f"{str(path)!r} is no folder")
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


def _decoded(source: Any, what: str) -> Image.Image:
    # PIL's decoders answer hostile bytes with exceptions of any kind (OSError, SyntaxError,
    # struct.error, zlib.error, DecompressionBombError, …); each one means: not readable.
    try:
        picture = source if isinstance(source, Image.Image) else Image.open(source)
        picture.load()
        return _rgb(ImageOps.exif_transpose(picture))
    except UnreadableImageError:
        raise
    except UnidentifiedImageError as error:
        raise UnreadableImageError(
            f"{what}: not a picture in a format that can be read (JPEG, PNG, WebP, GIF, TIFF, …)"
        ) from error
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(f"{what}: too large; scale it down first ({error})") from error
    except Exception as error:
        raise UnreadableImageError(f"{what}: broken or cut short ({error})") from error


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.width == 0 or picture.height == 0:
        raise UnreadableImageError(f"a picture of {picture.width}×{picture.height} pixels is empty")
    if picture.mode.startswith("I") or picture.mode == "F":
        picture = _eight_bits(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture, dtype=np.float64)
    if not np.isfinite(values).all():
        raise UnreadableImageError("the picture has pixels that are NaN or infinite")
    if picture.mode == "F" and values.min() >= 0 and values.max() <= 1:
        values = values * 255
    elif picture.mode.startswith("I") and (picture.mode != "I" or values.max() > 255):
        values = values / 257  # 65535 ↦ 255
    return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))


def _from_array(array: NDArray[Any]) -> Image.Image:
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
    return Image.fromarray(np.ascontiguousarray(_to_uint8(array)))


def _to_uint8(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype.kind not in "buif":
        raise UnreadableImageError(f"an array of {array.dtype} is not a picture: use uint8")
    values: NDArray[np.float64] = array.astype(np.float64)
    if not np.isfinite(values).all():
        raise UnreadableImageError("the array has pixels that are NaN or infinite")
    low, high = values.min(), values.max()
    if array.dtype == np.uint16:
        values = values / 257  # 65535 ↦ 255
    elif array.dtype == np.bool_ or (array.dtype.kind == "f" and low >= 0 and high <= 1):
        values = values * 255
    elif array.dtype.kind == "f" or low < 0 or high > 255:
        raise UnreadableImageError(
            f"the array's values run from {low:.4g} to {high:.4g}: use floats in 0…1 or uint8"
        )
    pixels: NDArray[np.uint8] = values.round().astype(np.uint8)
    return pixels
