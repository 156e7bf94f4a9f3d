"""The values of a picture that are black and white, from which its levels 0…255 follow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import UnreadableImageError

ValueRange = tuple[float, float] | Literal["auto"] | None
"""The values that are black and white; "auto" to fit them to the picture; None to use those of its type."""

OVERSHOOT = 1 / 510
"""Half a step of 255: a value that exceeds black or white by less becomes 0 or 255 by rounding."""

_FEWEST_BITS = 14
"""16-bit values that all fit in so many bits were probably measured with fewer than 16."""
_BITS = (8, 10, 12, _FEWEST_BITS)


@dataclass(frozen=True)
class Scale:
    """The values of levels 0 and 255, and a note where they were fitted."""

    black: float
    white: float
    note: str = ""

    def levels(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Return values as levels, clipped to 0…255."""
        relative = (values.astype(np.float64) - self.black) * (255 / (self.white - self.black))
        pixels: NDArray[np.uint8] = relative.round().clip(0, 255).astype(np.uint8)
        return pixels


def scale_of(
    values: NDArray[Any], white: float, value_range: ValueRange, what: str, name: str
) -> Scale:
    """Return which of these values are black and white.

    Args:
        values: of the colours, without opacity.
        white: the type's value for white; black is 0.
        value_range: as `read_image` takes it.
        what: what holds them, for the message.
        name: what holds them, as an expression for the remedy.

    Raises:
        UnreadableImageError: NaN or infinite values, or values outside the type's range.
        ValueError: `value_range` is not a range.
    """
    if not np.isfinite(values).all():
        array = name if name == "array" else f"numpy.asarray({_opened(name)})"
        raise UnreadableImageError(
            f"{what} has pixels that are NaN or infinite; replace them, e.g. "
            f"deconvscope.read_image(numpy.nan_to_num({array}))"
        )
    low, high = float(values.min()), float(values.max())
    if value_range is not None and value_range != "auto":
        return _asked(value_range)
    slack = OVERSHOOT * white
    used = _bits_used(high) if white == 65535 and high > 0 else None
    if -slack <= low and high <= white + slack and used is None:
        return Scale(0, white)
    if value_range == "auto":
        return _fitted(low, high, used)
    if used is not None:
        raise UnreadableImageError(
            f"{what} has 16 bits a value and uses {used} of them, its values run from {low:.7g} to {high:.7g}; "
            f"pass deconvscope.read_image({name}, value_range=(0, {2**used - 1})) for {used} bits, "
            "or value_range=(0, 65535) to keep it dark"
        )
    expected = "floats run from 0 to 1" if white == 1 else f"whole numbers from 0 to {white:.7g}"
    shown = (low, high) if high > low else (low, high + 1)
    raise UnreadableImageError(
        f"the values of {what} run from {low:.7g} to {high:.7g}, where {expected}; say which are black and white, "
        f"e.g. deconvscope.read_image({name}, value_range=({shown[0]:.7g}, {shown[1]:.7g}))"
    )


def _fitted(low: float, high: float, used: int | None) -> Scale:
    if used is not None:
        white = 2**used - 1
        return Scale(
            0, white, f"16-bit values of which {used} bits are used: {white} is shown white"
        )
    if low == high:
        return Scale(low - 1, high + 1, f"every value is {low:.7g}")
    return Scale(low, high, f"values from {low:.7g}, shown black, to {high:.7g}, shown white")


def _asked(value_range: Any) -> Scale:
    try:
        black, white = map(float, value_range)
    except (TypeError, ValueError):
        black = white = math.nan
    if not (math.isfinite(black) and math.isfinite(white) and black < white):
        raise ValueError(
            f"value_range must be two finite numbers, black < white, or 'auto', got {value_range!r}; "
            "pass e.g. value_range=(0, 4095)"
        )
    return Scale(black, white)


def _bits_used(high: float) -> int | None:
    return next((bits for bits in _BITS if high < 2**bits), None)


def _opened(name: str) -> str:
    opened = {"picture": name, "data": "PIL.Image.open(io.BytesIO(data))"}
    return opened.get(name, f"PIL.Image.open({name})")
