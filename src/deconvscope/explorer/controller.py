"""Connects browsers and Python with the session: answers the newest request, and works ahead while idle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

from deconvscope.reversal import Neuron

from .panels.foreground import can_segment
from .panels.pins import Pins, pin
from .panels.requested import RequestedPanels
from .prefetch import Prefetch
from .progress import Progress, ThrottledReport
from .protocol import requests, responses
from .protocol.failures import Failure, attempt
from .protocol.requests import NewestQueries, PanelRequest, Query
from .protocol.responses import Payload
from .scheduler import Check, Publish, Scheduler
from .session import Place, Session, View


class Controller:
    """Shows places, whoever asks for them. Nothing that a browser sends makes it raise.

    Args:
        session: networks, images and recordings.
        show: writes the traits of a view, first the given ones of the browser, then those of Python.
        put: writes other traits, in one message.

    Attributes:
        shown: the view that was written last.
        prefetch: whether neurons under the pointer are reversed ahead.
        turn: holds the turn, in which nobody else computes or writes a trait.
        run: computes on the explorer's thread.
    """

    def __init__(
        self,
        session: Session,
        show: Callable[[View, Payload], None],
        put: Callable[[Payload], None],
    ) -> None:
        self._session, self._show_view, self._put = session, show, put
        session.report = ThrottledReport(self._report)
        self.shown: View | None = None
        self.prefetch = True
        self._scheduler = Scheduler(self._work_ahead)
        self.turn, self.run = self._scheduler.turn, self._scheduler.run
        self._newest = NewestQueries()
        self._panel_request = PanelRequest()
        self._moves, self._lines = count(1), count(1)
        self._answering: Query | None = None
        self._waiting: Query | None = None
        self._prefetch = Prefetch()
        self._pins = Pins()
        self._panels = RequestedPanels(session, self._pins, put)

    def close(self) -> None:
        """End the work in hand, and free every recording, network and image."""
        self._scheduler.stop()
        with self.turn():
            self.shown = None
            self._prefetch.look(None)
            self._panels.forget()
            self._pins.set(())
            self._session.clear()

    def rest(self) -> None:
        """Free what can be made again."""
        with self.turn():
            self._prefetch.look(None)
            self._panels.forget()
            self._session.rest()

    def go(self, place: Place, **given: Any) -> None:
        """Visit a place and show it, with what Python gave for it; see `Session.visit_with`."""
        with self.turn():
            self.run(lambda check: self._drawn(self._session.visit_with(place, given, check)))()

    def follow(
        self, leader: str, neuron: Neuron, label: str, move: Callable[[Publish], None]
    ) -> None:
        """Show another explorer's neuron in this one's network and image, or report that it does not exist.

        The newest move of each `leader` wins. The layer is found by its `label` if its name is unknown here. `move`
        calls what shows the neuron.
        """

        def work(check: Check) -> Publish:
            shown = self.shown
            if shown is None:
                return lambda: None

            def look() -> Publish:
                layer = shown.recorded_image.layer_like(neuron.layer, label).name
                there = replace(neuron, layer=layer)
                if there == shown.neuron:
                    return lambda: None
                view = self._session.visit(shown.place.at(there), check)
                return partial(move, self._drawn(view))

            return self._or_failure(attempt(look), "not followed: ")

        if self.shown is None or self.shown.neuron != neuron:
            self._scheduler.ask(leader, work)

    def displayed(self) -> None:
        """Compute the panels that a new display starts with, unless a browser asked for others."""
        with self.turn():
            if self._panel_request == PanelRequest():
                self._panel_request = PanelRequest(meter=True, exemplars=True)
                self._panels.want(self._panel_request)
            released = self.shown is not None and not self.shown.recorded_image.recorded
        if released:
            self._scheduler.ask("display", self._record_again, patience=0)
        self._scheduler.wake()

    def _record_again(self, check: Check) -> Publish:
        """Visit the shown place again after a rest, for its panels."""
        shown = self.shown
        if shown is None or shown.recorded_image.recorded:
            return lambda: None
        return self._or_failure(
            attempt(lambda: self._drawn(self._session.visit(shown.place, check)))
        )

    def pin(self, addresses: Sequence[str]) -> None:
        """Pin these addresses; those not seen yet are visited while idle, once their network is in memory."""
        with self.turn():
            self._pins.set(addresses)
            self._session.images.pin(self._pins.images())
            shown = self.shown
            if shown is not None:
                address = str(responses.address(shown))
                if address in addresses and self._pins.get(address) is None:
                    self._pins.know(address, self.run(lambda check: pin(shown)))
            self._put({"_pins": self._pins.traits()})
        self._scheduler.wake()

    def receive(self, asked: Mapping[str, Any]) -> None:
        """Take what a browser asks, by the names of the traits that it comes in."""
        if "_hover" in asked:
            self._hover(asked["_hover"])
        if "_upload_info" in asked:
            uploads = self._session.images.uploads
            uploads.take(asked["_upload_info"], asked.get("_upload"))
        if "_query" in asked:
            self._ask(asked["_query"])
        if "_cancel" in asked:  # which may come with the very query that it cancels
            self._cancel(asked["_cancel"])

    def later(self, publish: Publish) -> None:
        """Write traits as soon as nobody else does."""
        self._scheduler.ask(f"line {next(self._lines)}", lambda check: publish)

    def _ask(self, raw: object) -> None:
        """Answer a query; every failure becomes a line in the browser, and the view stays."""
        try:
            query = requests.read_query(raw)
        except requests.MalformedQueryError as error:
            if not error.client or self._newest.take(error.client, error.seq):
                self.later(partial(self._fail, str(error), error.client, error.seq))
            return
        if self._newest.take(query.client, query.seq):
            self._waiting = query
            self._scheduler.ask(query.client, partial(self._answer, query))

    def _cancel(self, raw: object) -> None:
        ticket = requests.read_ticket(raw)
        if ticket is None or not self._newest.is_newest(*ticket):
            return
        if self._scheduler.give_up(ticket[0]):
            self.later(partial(self._fail, "cancelled", *ticket))

    def _hover(self, raw: object) -> None:
        hovered = requests.read_hover(raw) if self.prefetch else None
        if hovered is None:
            self._prefetch.look(None)
            return
        architectures = attempt(lambda: self._session.architectures.find(hovered[1]))
        if not isinstance(architectures, Failure):  # a click reports it
            self._prefetch.look(hovered[0], architectures)
            self._scheduler.wake()

    def _answer(self, query: Query, check: Check) -> Publish:
        """Look at what a query asks for; return what publishes the answer."""

        def look() -> Publish:
            place, view = self._session.place(query), self.shown
            if view is None or view.place != place or not view.recorded_image.recorded:
                view = self._session.visit(place, check)
            check()
            return self._drawn(view, query.client, query.seq, query.panels)

        self._answering, self._waiting = query, None
        try:
            drawn = attempt(look)
        finally:
            self._answering = None

        def publish() -> None:
            # Whatever observes the traits may raise too
            shown = drawn if isinstance(drawn, Failure) else attempt(drawn)
            if isinstance(shown, Failure):
                self._fail(shown.line, query.client, query.seq)

        return publish

    def _drawn(
        self, view: View, client: str = "", seq: int = 0, panels: PanelRequest | None = None
    ) -> Publish:
        """Draw a view for the browser; return what shows it, with the client and number of its query."""
        seq = seq if client else next(self._moves)
        recorded_image, before = view.recorded_image, self.shown
        traits = responses.neuron_traits(view, client, seq)
        if before is None or before.recorded_image is not recorded_image:
            before = None
            exemplars = self._session.exemplars
            layers = None if exemplars is None else exemplars.layers(recorded_image)
            traits |= responses.recorded_image_traits(recorded_image, layers, can_segment())
        if before is None or before.neuron.layer != view.neuron.layer:
            traits |= responses.layer_traits(recorded_image, view.neuron.layer)
        if before is None or before.place.architectures != view.place.architectures:
            traits["_catalog"] = responses.catalog(self._session)

        def show() -> None:
            self.shown = view
            self._panel_request = panels or self._panel_request
            self._session.keep(view.place)
            panel_traits = self._panels.begin(view, client, seq, self._panel_request)
            self._show_view(view, {**traits, **panel_traits, "_failure": {}})
            self._scheduler.wake()

        return show

    def _or_failure(self, drawn: Publish | Failure, preface: str = "") -> Publish:
        """Return what shows a move that nobody's query asked for, or what reports why it failed."""
        if isinstance(drawn, Failure):
            return partial(self._fail, preface + drawn.line, "", next(self._moves))
        return drawn

    def _fail(self, line: str, client: str, seq: int) -> None:
        self._put({"_failure": responses.failure(line, client, seq)})

    def _report(self, progress: Progress | None) -> None:
        self._put({"_progress": responses.progress(progress, self._answering is not None)})

    def _work_ahead(self, check: Check) -> bool:
        """Do a piece of spare work; return whether there may be more."""
        view = self.shown
        if view is None or not view.recorded_image.recorded:
            return False

        def unless_asked_for() -> None:
            # A click on the very neuron that is being reversed waits for it
            if not self._prefetch.is_computing(self._waiting, view.place):
                check()

        return (
            self._prefetch.next(view.recorded_image, unless_asked_for)
            or self._panels.next(check)
            or self._visit_pin(check)
        )

    def _visit_pin(self, check: Check) -> bool:
        address = self._pins.unknown(self._session.networks.ready)
        if address is None:
            return False
        made = attempt(lambda: pin(self._session.visit(self._session.addressed(address), check)))
        # If it failed the pin stands as its address alone; a click on it reports why
        self._pins.know(address, None if isinstance(made, Failure) else made)
        self._put({"_pins": self._pins.traits()})
        return True
