"""What browsers ask, as data: of any form when it comes, of the agreed one afterwards.

Nothing here knows whether such a model, layer or neuron exists; `js/src/protocol.ts` has the same names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..cache import Cache

LONGEST_TEXT = 300
LARGEST_NUMBER = 2**53 - 1
LARGEST_INDEX = 2**31 - 1
MOST_ARCHITECTURES = 32
CLIENTS_REMEMBERED = 64


class MalformedQueryError(ValueError):
    """A query of another form than agreed; `client` and `seq` as far as they were readable."""

    def __init__(self, message: str, client: str = "", seq: int = 0) -> None:
        super().__init__(message)
        self.client = client
        self.seq = seq


@dataclass(frozen=True)
class PanelRequest:
    """What is wanted beside a view, to be computed while nothing is asked.

    Attributes:
        meter: how alike the pictures of other channels' neurons are.
        random: the same click with randomised filters.
        layer_trace: code of the architecture whose signal is shown at every layer.
        compare: two addresses whose pictures are shown side by side.
        exemplars: the images of a data set that excite the channel most.
        segmentation: the foreground that the first picture points at.
    """

    meter: bool = False
    random: bool = False
    layer_trace: str | None = None
    compare: tuple[str, str] | None = None
    exemplars: bool = False
    segmentation: bool = False


NO_PANELS = PanelRequest()


@dataclass(frozen=True)
class Hovered:
    """A neuron under a resting pointer, in the browser's words; not yet known to exist."""

    layer: str
    channel: int
    y: int | None
    x: int | None
    architectures: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """A complete place that a browser wants to see, in its own words; not yet known to exist."""

    client: str
    seq: int
    model: str
    image: str
    layer: str | None
    channel: int | None
    y: int | None
    x: int | None
    architectures: tuple[str, ...]
    panels: PanelRequest = NO_PANELS


class NewestQueries:
    """Which query of each browser is the newest that came."""

    def __init__(self) -> None:
        self._latest: Cache[str, int] = Cache(CLIENTS_REMEMBERED)

    def take(self, client: str, seq: int) -> bool:
        """Note a query; return whether its browser has not asked this, or anything later, before."""
        if seq <= self._latest.get(client, -1):
            return False
        self._latest.keep(client, seq)
        return True

    def is_newest(self, client: str, seq: int) -> bool:
        """Return whether a query is the one that its browser asked last."""
        return self._latest.get(client) == seq


def read_query(raw: object) -> Query:
    """Check the form of a query.

    Raises:
        MalformedQueryError: and nothing else, whatever came.
    """
    if not isinstance(raw, dict):
        raise MalformedQueryError(f"the browser's query is {type(raw).__name__}, not a record")
    client, seq = raw.get("client"), raw.get("seq")
    if not (isinstance(client, str) and _is_text(client)) or not (
        isinstance(seq, int) and _is_number(seq, LARGEST_NUMBER)
    ):
        raise MalformedQueryError("the browser's query does not say whose it is and which")
    try:
        return Query(
            client=client,
            seq=seq,
            model=_text(raw, "model"),
            image=_text(raw, "image"),
            layer=None if raw.get("layer") is None else _text(raw, "layer"),
            architectures=_codes(raw),
            panels=_panel_request(raw.get("aside")),
            **_neuron(raw.get("neuron")),
        )
    except MalformedQueryError as error:
        raise MalformedQueryError(str(error), client, seq) from None


def read_ticket(raw: object) -> tuple[str, int] | None:
    """Return which query of which browser is meant; None where that cannot be read."""
    if not isinstance(raw, dict):
        return None
    client, seq = raw.get("client"), raw.get("seq")
    if not isinstance(client, str) or not isinstance(seq, int) or isinstance(seq, bool):
        return None
    return client, seq


def read_hover(raw: object) -> Hovered | None:
    """Return where a pointer rests; None where it does not rest, or where that cannot be read."""
    if not isinstance(raw, dict) or not raw:
        return None
    try:
        place = _neuron(raw)
        channel = place.pop("channel")
        if channel is None:
            return None
        return Hovered(_text(raw, "layer"), channel, **place, architectures=_codes(raw))
    except MalformedQueryError:
        return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT


def _is_number(value: object, largest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not _is_text(value):
        raise MalformedQueryError(f"{key} is {_shown(value)}; it must be a name")
    return value


def _codes(raw: dict[str, Any]) -> tuple[str, ...]:
    codes = raw.get("architectures")
    if not isinstance(codes, list) or not 0 < len(codes) <= MOST_ARCHITECTURES:
        raise MalformedQueryError("choose at least one architecture")
    if not all(_is_text(code) for code in codes):
        raise MalformedQueryError(f"architectures is {_shown(codes)}; it must be a list of codes")
    return tuple(codes)


def _panel_request(aside: object) -> PanelRequest:
    if aside is None:
        return NO_PANELS
    if not isinstance(aside, dict):
        raise MalformedQueryError(f"aside is {_shown(aside)}; it must be a record")
    layer_trace, compare = aside.get("wayBack"), aside.get("compare")
    if compare is not None and not (
        isinstance(compare, list) and len(compare) == 2 and all(map(_is_text, compare))
    ):
        raise MalformedQueryError(f"compare is {_shown(compare)}; it must be two addresses")
    return PanelRequest(
        meter=aside.get("meter") is True,
        random=aside.get("random") is True,
        layer_trace=None if layer_trace is None else _text(aside, "wayBack"),
        compare=None if compare is None else (compare[0], compare[1]),
        exemplars=aside.get("exemplars") is True,
        segmentation=aside.get("segmentation") is True,
    )


def _neuron(neuron: object) -> dict[str, int | None]:
    if neuron is None:
        return {"channel": None, "y": None, "x": None}
    if not isinstance(neuron, dict):
        raise MalformedQueryError(f"neuron is {_shown(neuron)}; it must have channel, y and x")
    indices = {key: _index(neuron.get(key), key) for key in ("channel", "y", "x")}
    if indices["channel"] is None:
        raise MalformedQueryError("neuron has no channel")
    if (indices["y"] is None) != (indices["x"] is None):
        raise MalformedQueryError("neuron has only one of y and x")
    return indices


def _index(value: object, key: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or not _is_number(value, LARGEST_INDEX):
        raise MalformedQueryError(f"{key} is {_shown(value)}; it must be an integer from 0 on")
    return value


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:59] + "…")
    if value is None or isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, int):
        return str(value) if abs(value) <= LARGEST_NUMBER else "a huge number"
    return f"a {type(value).__name__}"
