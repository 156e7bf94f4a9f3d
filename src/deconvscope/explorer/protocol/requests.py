"""What browsers ask, as data: of any form when it arrives, of the agreed form afterwards.

Nothing here knows whether such a model, layer or neuron exists; `js/src/protocol/protocol.ts` has the same names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

from deconvscope.reversal import Neuron

from ..cache import Cache

LONGEST_TEXT = 300
LARGEST_NUMBER = 2**53 - 1
LARGEST_INDEX = 2**31 - 1
MOST_ARCHITECTURES = 32
CLIENTS_REMEMBERED = 64


class MalformedQueryError(ValueError):
    """A query of another form than agreed; `client` and `seq` as far as they could be read."""

    def __init__(self, message: str, client: str = "", seq: int = 0) -> None:
        super().__init__(message)
        self.client = client
        self.seq = seq


@dataclass(frozen=True)
class PanelRequest:
    """The panels to be computed beside a view while nothing else is asked.

    Attributes:
        meter: the similarity to the pictures of other channels' neurons.
        random: the same click with random filters.
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


@dataclass(frozen=True)
class Query:
    """Everything that a browser wants to see; it may not exist."""

    client: str
    seq: int
    model: str
    image: str
    layer: str | None
    channel: int | None
    y: int | None
    x: int | None
    architectures: tuple[str, ...]
    panels: PanelRequest = PanelRequest()


class NewestQueries:
    """Which query of each browser is the newest."""

    def __init__(self) -> None:
        self._newest: Cache[str, int] = Cache(CLIENTS_REMEMBERED)

    def take(self, client: str, seq: int) -> bool:
        """Note a query; return whether it is newer than all of its browser before."""
        if seq <= self._newest.get(client, -1):
            return False
        self._newest.keep(client, seq)
        return True

    def is_newest(self, client: str, seq: int) -> bool:
        """Return whether a query is the newest of its browser."""
        return self._newest.get(client) == seq


def read_query(raw: object) -> Query:
    """Check the form of a query; raise MalformedQueryError, and nothing else, if it is not as agreed."""
    if not isinstance(raw, dict):
        raise MalformedQueryError(f"the browser's query is {type(raw).__name__}, not a record")
    client, seq = raw.get("client"), raw.get("seq")
    if not _is_text(client) or not _is_number(seq, LARGEST_NUMBER):
        raise MalformedQueryError("the browser's query must have a client and a seq")
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
    """Return which browser's query is meant, and which of them; None if that cannot be read."""
    if not isinstance(raw, dict):
        return None
    client, seq = raw.get("client"), raw.get("seq")
    if not isinstance(client, str) or not isinstance(seq, int) or isinstance(seq, bool):
        return None
    return client, seq


def read_hover(raw: object) -> tuple[Neuron, tuple[str, ...]] | None:
    """Return the neuron under a resting pointer and architectures; None if it does not rest or cannot be read."""
    if not isinstance(raw, dict) or not raw:
        return None
    try:
        place = _neuron(raw)
        channel = place.pop("channel")
        if channel is None:
            return None
        return Neuron(_text(raw, "layer"), channel, **place), _codes(raw)
    except MalformedQueryError:
        return None


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT


def _is_number(value: object, largest: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    if not _is_text(value):
        raise MalformedQueryError(f"{key} is {_shown(value)}; it must be a name")
    return value


def _codes(raw: dict[str, Any]) -> tuple[str, ...]:
    codes = raw.get("architectures")
    if not isinstance(codes, list) or not 0 < len(codes) <= MOST_ARCHITECTURES:
        raise MalformedQueryError("choose at least one architecture")
    if not all(map(_is_text, codes)):
        raise MalformedQueryError(f"architectures is {_shown(codes)}; it must be a list of codes")
    return tuple(codes)


def _panel_request(aside: object) -> PanelRequest:
    if aside is None:
        return PanelRequest()
    if not isinstance(aside, dict):
        raise MalformedQueryError(f"aside is {_shown(aside)}; it must be a record")
    layer_trace, compare = aside.get("wayBack"), aside.get("compare")
    if compare is not None and not (
        isinstance(compare, list) and len(compare) == 2 and all(map(_is_text, compare))
    ):
        raise MalformedQueryError(f"compare is {_shown(compare)}; it must be two addresses")
    flags = {
        key: aside.get(key) is True for key in ("meter", "random", "exemplars", "segmentation")
    }
    return PanelRequest(
        layer_trace=None if layer_trace is None else _text(aside, "wayBack"),
        compare=None if compare is None else (compare[0], compare[1]),
        **flags,
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
    if value is None or _is_number(value, LARGEST_INDEX):
        return value
    raise MalformedQueryError(f"{key} is {_shown(value)}; it must be an integer from 0 on")


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:59] + "…")
    if value is None or isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, int):
        return str(value) if abs(value) <= LARGEST_NUMBER else "a huge number"
    return f"a {type(value).__name__}"
