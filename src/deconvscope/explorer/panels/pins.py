"""Pinned views: their addresses and thumbnails, and the comparison of two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deconvscope import display

from ..inputs.images import CONTENT
from ..protocol.address import Address
from ..protocol.pictures import data_url, shrunk
from ..protocol.responses import Payload, address, picture_traits
from ..session import View

MOST_PINS = 24
THUMBNAIL, SMALL_THUMBNAIL = 64, 40
FEW_PICTURES = 4
"""Above this number thumbnails are smaller: pins are saved with a notebook."""
COLOURS = 64
COMPARED = 80_000
"""Values of a pin's pictures in a comparison, which is small, and saved with a notebook."""


@dataclass(frozen=True)
class Pin:
    """A pinned view."""

    address: str
    title: str
    thumbnails: tuple[str, ...]
    window: Payload
    pictures: tuple[Payload, ...]
    values: bytes


def pin(view: View) -> Pin:
    """Return a view as a pin."""
    shown = shrunk(view.reconstruction, COMPARED)
    pictures, values = picture_traits(shown)
    whole, _ = picture_traits(view.reconstruction)
    photograph = view.recorded_image.photograph
    image = photograph.label if photograph.name.startswith(CONTENT) else photograph.name
    return Pin(
        address=str(address(view)),
        title=f"{image} · {view.recorded_image.labels[view.neuron.layer]}",
        thumbnails=tuple(_thumbnails(view)),
        window=asdict(shown.window),
        pictures=tuple(
            {**picture, "q": full["q"], "max": full["max"]}
            for picture, full in zip(pictures, whole, strict=True)
        ),
        values=values,
    )


def comparison_traits(sides: Sequence[Pin]) -> Payload:
    """Return the traits that show two views side by side."""
    return {
        "_comparison": {
            "sides": [
                {
                    "address": side.address,
                    "title": f"{side.title} · {Address.parse(side.address).place}",
                    "window": side.window,
                    "pictures": list(side.pictures),
                }
                for side in sides
            ]
        },
        "_comparison_pictures": b"".join(side.values for side in sides),
    }


class Pins:
    """The pinned addresses in their order, and the pins of those that were visited."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self._known: dict[str, Pin | None] = {}

    def set(self, addresses: Sequence[str]) -> None:
        """Replace the addresses; pins of those that stay are kept."""
        self.addresses = list(addresses)
        self._known = {one: self._known[one] for one in addresses if one in self._known}

    def images(self) -> list[str]:
        """Return the names of the images in the addresses."""
        named = [Address.parse(address).image for address in self.addresses]
        return [image for image in named if image is not None]

    def know(self, address: str, known: Pin | None) -> None:
        """Set the pin of an address, None if it cannot be visited."""
        self._known[address] = known

    def unknown(self, ready: Callable[[str], bool]) -> str | None:
        """Return an address that was not visited yet and whose model is ready."""
        unknown = [address for address in self.addresses if address not in self._known]
        return next((one for one in unknown if ready(Address.parse(one).model)), None)

    def get(self, address: str) -> Pin | None:
        """Return the pin of an address, None if there is none."""
        return self._known.get(address)

    def traits(self) -> list[Payload]:
        """Return what the browser shows; an address without a pin has no thumbnails."""
        return [self._trait(address) for address in self.addresses]

    def _trait(self, address: str) -> Payload:
        known, where = self._known.get(address), Address.parse(address)
        parts = (where.image, where.layer)
        return {
            "address": address,
            "title": known.title if known else " · ".join(part for part in parts if part),
            "place": where.place,
            "thumbnails": list(known.thumbnails) if known else [],
        }


def pinnable(addresses: object) -> tuple[str, ...]:
    """Return addresses, each once; raises TypeError or ValueError for what cannot be pinned."""
    if isinstance(addresses, str) or not isinstance(addresses, Sequence):
        raise TypeError(f"pins must be a list of addresses, got {type(addresses).__name__}")
    found = tuple(dict.fromkeys(map(str, addresses)))
    for text in found:
        Address.parse(text)
    if len(found) > MOST_PINS:
        raise ValueError(f"{len(found)} pins: {MOST_PINS} are shown at most; remove some")
    return found


def _thumbnails(view: View) -> list[str]:
    box = view.reconstruction.window
    rows, columns = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
    signals = np.nan_to_num(view.reconstruction.dense().detach().float().cpu().numpy())
    side = THUMBNAIL if len(signals) <= FEW_PICTURES else SMALL_THUMBNAIL
    return [_thumbnail(display.paper(signal)[rows, columns], side) for signal in signals]


def _thumbnail(pixels: NDArray[np.uint8], side: int) -> str:
    picture = Image.fromarray(pixels) if pixels.size else Image.new("RGB", (1, 1), "#808080")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return data_url(picture.quantize(COLOURS), "png", optimize=True)
