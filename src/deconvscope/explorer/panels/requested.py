"""Computes the panels that a browser asked for beside the shown view, while nothing else is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ..protocol.failures import Failure, attempt
from ..protocol.requests import PanelRequest
from ..protocol.responses import Payload, failure
from ..scheduler import Check
from ..session import Session, View
from .foreground import foreground_traits
from .layer_trace import layer_trace_traits
from .pins import Pin, Pins, comparison_traits, pin
from .sanity_checks import Meter, random_traits

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
"""The traits of the panels, and their values while they are empty."""

Compute = Callable[[View, Check], Payload]


class RequestedPanels:
    """The panels of the view that is shown; each names the query of that view. `put` writes traits."""

    def __init__(self, session: Session, pins: Pins, put: Callable[[Payload], None]) -> None:
        self._session, self._pins, self._put = session, pins, put
        self._view: View | None = None
        self._ticket: Payload = {}
        self._request = PanelRequest()
        self._meter: Meter | None = None
        self._computed: dict[object, Payload] = {}
        self._handled: set[object] = set()
        """The panels of the request that were sent, or failed."""
        self._filled: set[str] = set()
        """The traits that are not empty."""

    def begin(self, view: View, client: str, seq: int, request: PanelRequest) -> Payload:
        """Start the panels of a view; return the traits that are sent with it, computed before or emptied."""
        if view is not self._view:
            self._view, self._computed, self._meter = view, {}, None
        self._ticket, self._request = {"client": client, "seq": seq}, request
        known = {key: self._computed[key] for key in self._wanted() if key in self._computed}
        traits: Payload = {name: TRAITS[name] for name in self._filled}
        for computed in known.values():
            traits |= self._ticketed(computed)
        meter = self._meter
        if request.meter and meter is not None and (meter.samples or meter.finished):
            traits |= self._metered(meter)
        self._handled, self._filled = set(known), {name for name in traits if traits[name]}
        return traits

    def want(self, request: PanelRequest) -> None:
        """Ask for other panels of the same view."""
        self._request = request

    def forget(self) -> None:
        """Drop everything that belongs to the view."""
        self._view, self._computed, self._meter, self._request = None, {}, None, PanelRequest()

    def next(self, check: Check) -> bool:
        """Compute and send one panel, or a part of one; return whether there was one to compute."""
        view = self._view
        if view is None:
            return False
        for key, compute in self._wanted().items():
            if key not in self._handled:
                computed = attempt(partial(compute, view, check))
                self._handled.add(key)
                if not isinstance(computed, Failure):
                    self._computed[key] = computed
                    computed = self._ticketed(computed)
                self._send(computed)
                return True
        if not self._request.meter or (self._meter is not None and self._meter.finished):
            return False
        sampled = attempt(partial(self._sample, view, check))
        if isinstance(sampled, Failure):
            self._request = PanelRequest()
        self._send(sampled)
        return not isinstance(sampled, Failure)

    def _wanted(self) -> dict[object, Compute]:
        request, exemplars = self._request, self._exemplars
        wanted: dict[object, Compute] = {}
        if request.compare is not None:
            wanted[request.compare] = partial(self._compare, request.compare)
        if request.layer_trace is not None:
            wanted["trace", request.layer_trace] = partial(self._layer_trace, request.layer_trace)
        if request.random:
            wanted["random"] = random_traits
        if request.segmentation:
            wanted["segmentation"] = foreground_traits
        if exemplars is not None:
            wanted["exemplars"] = exemplars.traits
        return wanted

    @property
    def _exemplars(self) -> ExemplarPanel | None:
        """The exemplars, if they are wanted and there are some of the layer that is shown."""
        panel, view = self._session.exemplars, self._view
        if not self._request.exemplars or panel is None or view is None:
            return None
        return panel if panel.knows(view.recorded_image, view.neuron.layer) else None

    def _compare(self, addresses: tuple[str, str], view: View, check: Check) -> Payload:
        return comparison_traits([self._side(address, check) for address in addresses])

    def _side(self, address: str, check: Check) -> Pin:
        known = self._pins.get(address)
        return known or pin(self._session.visit(self._session.addressed(address), check))

    def _layer_trace(self, code: str, view: View, check: Check) -> Payload:
        (architecture,) = self._session.architectures.find(code)
        return layer_trace_traits(view, architecture, check)

    def _sample(self, view: View, check: Check) -> Payload:
        self._meter = self._meter or Meter(view)
        self._meter.sample(check)
        return self._metered(self._meter)

    def _metered(self, meter: Meter) -> Payload:
        values = [None if v is None else round(v, 4) for v in meter.similarities]
        return {"_meters": {**self._ticket, "samples": meter.samples, "similarities": values}}

    def _ticketed(self, traits: Payload) -> Payload:
        """Name the query of the view in each record."""
        return {
            name: {**self._ticket, **value} if isinstance(value, dict) else value
            for name, value in traits.items()
        }

    def _send(self, sent: Payload | Failure) -> None:
        if isinstance(sent, Failure):
            sent = {"_failure": failure(sent.line, **self._ticket)}
        else:
            self._filled |= sent.keys()
        self._put(sent)
