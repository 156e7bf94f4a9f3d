"""What is shown beside a view, computed while nothing is asked: each named by the view it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import responses
from ..protocol.payload import Payload
from ..protocol.requests import PanelRequest
from ..scheduler import Check, Interrupted
from ..session import Session, View
from . import responses as panel_responses
from .foreground import foreground
from .layer_trace import layer_trace
from .pins import Pin, Pins, pin
from .sanity_checks import Meter, random_filters

if TYPE_CHECKING:
    from ..exemplar_panel import ExemplarPanel

TRAITS: Mapping[str, Any] = {
    "_meters": {},
    "_random": {},
    "_random_pictures": b"",
    "_way_back": {},
    "_way_back_maps": b"",
    "_comparison": {},
    "_comparison_pictures": b"",
    "_exemplars": {},
    "_segmentation": {},
    "_segmentation_mask": b"",
}
"""The traits that asides come in, and what they hold while there is nothing to tell."""

Make = Callable[[View, Check], Payload]


class PanelUpdates:
    """The asides of the view that is shown.

    Args:
        session: visits the places that are compared, and has the exemplars.
        pins: know the pictures of addresses that were visited.
        put: writes traits.
    """

    def __init__(
        self, session: Session, pins: Pins, put: Callable[[Mapping[str, Any]], None]
    ) -> None:
        self._session, self._pins, self._put = session, pins, put
        self._view: View | None = None
        self._ticket: Payload = {}
        self._request = PanelRequest()
        self._meter: Meter | None = None
        self._made: dict[object, Payload] = {}
        self._told: set[object] = set()
        self._filled: set[str] = set()

    def begin(self, view: View, client: str, seq: int, request: PanelRequest) -> Payload:
        """Take up what is wanted beside a view; return the traits that go with it, known or emptied."""
        if view is not self._view:
            self._view, self._made, self._meter = view, {}, None
        self._ticket, self._request = {"client": client, "seq": seq}, request
        known = {key: self._made[key] for key in self._wanted() if key in self._made}
        traits: Payload = {name: TRAITS[name] for name in self._filled}
        for made in known.values():
            traits |= self._stamped(made)
        if (
            request.meter
            and self._meter is not None
            and (self._meter.samples or self._meter.finished)
        ):
            traits |= self._metered(self._meter)
        self._told, self._filled = set(known), {name for name in traits if traits[name]}
        return traits

    def want(self, request: PanelRequest) -> None:
        """Want something else beside the same view."""
        self._request = request

    def forget(self) -> None:
        """Drop everything that belongs to the view."""
        self._view, self._made, self._meter, self._request = None, {}, None, PanelRequest()

    def next(self, check: Check) -> bool:
        """Make one aside, or a part of one, and tell it; return whether there was one to make."""
        view = self._view
        if view is None:
            return False
        for key, make in self._wanted().items():
            if key not in self._told:
                self._told.add(key)
                try:
                    self._made[key] = make(view, check)
                    self._tell(self._stamped(self._made[key]))
                except Interrupted:
                    self._told.discard(key)
                    raise
                except Exception as error:  # a person's own network may raise anything
                    self._fail(error)
                return True
        return self._request.meter and self._sample(view, check)

    def _wanted(self) -> dict[object, Make]:
        request, wanted = self._request, dict[object, Make]()
        if request.compare is not None:
            wanted[request.compare] = partial(self._compare, request.compare)
        if request.layer_trace is not None:
            wanted["way back", request.layer_trace] = partial(
                self._layer_trace, request.layer_trace
            )
        if request.random:
            wanted["random"] = _random
        if request.segmentation:
            wanted["segmentation"] = _segmentation
        if request.exemplars and self._panel is not None:
            wanted["exemplars"] = partial(_exemplars, self._panel)
        return wanted

    @property
    def _panel(self) -> ExemplarPanel | None:
        """The exemplars, where there are some of the layer that is shown."""
        panel, view = self._session.exemplars, self._view
        shows = (
            panel is not None
            and view is not None
            and panel.knows(view.recorded_image, view.neuron.layer)
        )
        return panel if shows else None

    def _sample(self, view: View, check: Check) -> bool:
        try:
            if self._meter is None:
                self._meter = Meter(view)  # that nobody is there to compare with is told too
            elif self._meter.finished:
                return False
            self._meter.sample(check)
        except Interrupted:
            raise
        except Exception as error:  # a person's own network may raise anything
            self._request = PanelRequest()
            self._fail(error)
            return False
        self._tell(self._metered(self._meter))
        return True

    def _layer_trace(self, code: str, view: View, check: Check) -> Payload:
        (architecture,) = self._session.architectures(code)
        return panel_responses.layer_trace_traits(code, layer_trace(view, architecture, check))

    def _compare(self, addresses: tuple[str, str], view: View, check: Check) -> Payload:
        return panel_responses.comparison_traits(
            [self._side(address, check) for address in addresses]
        )

    def _side(self, address: str, check: Check) -> Pin:
        known = self._pins.get(address)
        return known or pin(self._session.visit(self._session.addressed(address), check))

    def _metered(self, meter: Meter) -> Payload:
        values = [None if v is None else round(v, 4) for v in meter.similarities]
        return {"_meters": {**self._ticket, "samples": meter.samples, "similarities": values}}

    def _stamped(self, made: Payload) -> Payload:
        """Name the view that an aside belongs to."""
        return {
            name: {**self._ticket, **value} if isinstance(value, dict) else value
            for name, value in made.items()
        }

    def _tell(self, traits: Payload) -> None:
        self._filled |= traits.keys()
        self._put(traits)

    def _fail(self, error: Exception) -> None:
        self._put({"_failure": responses.failure(responses.line(error), **self._ticket)})


def _exemplars(panel: ExemplarPanel, view: View, check: Check) -> Payload:
    return panel.traits(view.neuron, view.value, view.place.architectures[0], check)


def _random(view: View, check: Check) -> Payload:
    return panel_responses.random_traits(random_filters(view, check))


def _segmentation(view: View, check: Check) -> Payload:
    return panel_responses.segmentation_traits(foreground(view, check))
