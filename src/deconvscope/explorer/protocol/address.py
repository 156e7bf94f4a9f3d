"""The address of a view: `model/layer/channel@y,x?FTT,saliency,TTT#image`, to copy, send and paste.

Pure text: the session knows whether such a model, layer or image exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

_FORMAT = "model/layer/channel@y,x?architectures#image"
_PATTERN = re.compile(
    r"(?P<model>[^/?#]+)/(?P<layer>[^/?#]+)/(?P<channel>[0-9]{1,9})"
    r"(?:@(?P<y>[0-9]{1,9}),(?P<x>[0-9]{1,9}))?"
    r"(?:\?(?P<architectures>[^?#]+))?"
    r"(?:#(?P<image>[^?#]+))?"
)
_RESERVED = re.compile(r"[/?#%,\s]")


@dataclass(frozen=True)
class Address:
    """One neuron of one layer, and what to run backwards from it.

    `y` and `x` are None on a layer without places (a classifier). `architectures` holds codes or
    names and may be empty; `image` is a name or a content digest and may be None. Pasting an address
    without them keeps those that are shown.

    Example:
        >>> str(Address.parse("vgg16_trunk/conv4_3/433@10,9?TTT"))
        'vgg16_trunk/conv4_3/433@10,9?TTT'
    """

    model: str
    layer: str
    channel: int
    y: int | None = None
    x: int | None = None
    architectures: tuple[str, ...] = ()
    image: str | None = None

    @property
    def place(self) -> str:
        """The channel, and where in its map: "433@10,9"."""
        return f"{self.channel}" if self.y is None else f"{self.channel}@{self.y},{self.x}"

    def __str__(self) -> str:
        codes = ",".join(map(_quote, self.architectures))
        return (
            f"{_quote(self.model)}/{_quote(self.layer)}/{self.place}"
            + (f"?{codes}" if codes else "")
            + (f"#{_quote(self.image)}" if self.image else "")
        )

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address; raises ValueError if the text has another form."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            shown = text if len(text) <= 80 else text[:79] + "…"
            raise ValueError(f"{shown!r} is not an address; it must have the form {_FORMAT}")
        y, x, codes, image = match.group("y", "x", "architectures", "image")
        return cls(
            model=unquote(match["model"]),
            layer=unquote(match["layer"]),
            channel=int(match["channel"]),
            y=None if y is None else int(y),
            x=None if x is None else int(x),
            architectures=tuple(unquote(code) for code in (codes or "").split(",") if code),
            image=None if image is None else unquote(image),
        )


def _quote(part: str) -> str:
    return _RESERVED.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), part)
