"""Files with 16 bits per channel: Pillow reads the upper 8 bits, which fails for pictures that use only lower ones."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .errors import UnreadableImageError

_DARK = 64
"""If the upper 8 bits are below this, the picture uses 14 bits or fewer, such as a 12-bit camera's."""

_OTHER_ORDER = {
    ";16B": ";16L",
    ";16L": ";16B",
    ";16N": ";16B" if sys.byteorder == "little" else ";16L",
}
"""Raw mode of a file → the mode with which Pillow reads the lower byte of each pair."""


@dataclass(frozen=True)
class SixteenBitFile:
    """The bytes of a file with 16 bits per channel."""

    content: bytes

    def values(self, what: str, name: str) -> NDArray[np.uint16]:
        """Return all 16 bits of each channel, (H, W, 3) or (H, W, 4).

        Args:
            what: what holds them, for the message.
            name: what holds them, as an expression for the remedy.

        Raises:
            UnreadableImageError: the lower bits of this file cannot be read.
        """
        try:
            upper, lower = (Image.open(io.BytesIO(self.content)) for _ in range(2))
            lower.tile = [_read_in_other_order(tile) for tile in lower.tile]
            high, low = (np.asarray(read).astype(np.uint16) for read in (upper, lower))
        except Exception as error:  # an unknown raw mode, a tile of another form, …
            raise UnreadableImageError(
                f"{what} has 16 bits a channel and uses at most 14 of them, of which only 8 can be read here; "
                f"read {name} as an array with another package, and pass "
                "deconvscope.read_image(array, value_range=(0, 4095)) for 12 bits"
            ) from error
        values: NDArray[np.uint16] = (high << 8 | low).astype(np.uint16)
        return values


def sixteen_bit_file(picture: Image.Image) -> SixteenBitFile | None:
    """Return the file of a picture that is not decoded yet; None for 8 bits per channel, and for grey pictures."""
    tiles = getattr(picture, "tile", None) or ()
    if picture.mode.startswith("I") or not any(";16" in str(tile[3]) for tile in tiles):
        return None
    file: Any = getattr(picture, "fp", None)
    place = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(place)
    return SixteenBitFile(content)


def is_dark(picture: Image.Image) -> bool:
    """Return whether all colours of a picture, the upper 8 of 16 bits, are below a quarter of white."""
    colours = picture.getchannel(0) if picture.mode == "LA" else picture.convert("RGB")
    return int(np.asarray(colours).max()) < _DARK


def _read_in_other_order(tile: Any) -> Any:
    """Return a tile, (codec, box, offset, arguments), that reads the lower byte of each pair."""
    arguments = tile[3]
    raw_mode = arguments if isinstance(arguments, str) else arguments[0]
    order = raw_mode[-4:]
    other = raw_mode.removesuffix(order) + _OTHER_ORDER[order]
    changed = other if isinstance(arguments, str) else (other, *arguments[1:])
    return tile._replace(args=changed) if hasattr(tile, "_replace") else (*tile[:3], changed)
