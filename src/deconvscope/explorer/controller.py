"""The kernel's side of the talk with browsers and Python: hears queries, answers the newest, works ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any, TypeVar

from deconvscope.reversal import Neuron

from . import responses
from .panels.pins import Pins, pin
from .panels.updates import PanelUpdates
from .prefetch import Prefetch
from .progress import Progress, ProgressMessage
from .protocol import requests
from .protocol.payload import Payload
from .protocol.requests import NewestQueries, PanelRequest, Query
from .scheduler import Check, Interrupted, Publish, Scheduler
from .session import Place, Session, View

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Screen:
    """How the widget's traits are written.

    Attributes:
        show: writes a view, with the client and number of its query, the view that was shown before, and
            traits that go with it.
        put: writes other traits, in one message.
    """

    show: Callable[[View, str, int, View | None, Payload], None]
    put: Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Failure:
    """Why a place cannot be shown, in one line."""

    line: str


class Controller:
    """Answers places, one at a time, whoever asks; nothing that a browser sends makes it raise.

    Args:
        session: networks, images and recordings.
        screen: where answers are written.

    Attributes:
        shown: the view that was written last.
        prefetch: whether neurons under the pointer are computed ahead.
    """

    def __init__(self, session: Session, screen: Screen) -> None:
        self._session = session
        session.tell = ProgressMessage(self._tell)
        self.shown: View | None = None
        self.prefetch = True
        self._screen = screen
        self._scheduler = Scheduler(self._spare)
        self._newest = NewestQueries()
        self._panel_request = PanelRequest()
        self._moves, self._lines = count(1), count(1)
        self._asked: Query | None = None
        self._awaited: Query | None = None
        self._prefetch = Prefetch()
        self._pins = Pins()
        self._panels = PanelUpdates(session, self._pins, screen.put)

    def turn(self) -> AbstractContextManager[None]:
        """Hold the turn: nobody else computes, or writes a trait."""
        return self._scheduler.turn()

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

    # ------------------------------------------------------------------ asked by Python

    def go(self, place: Place) -> None:
        """Visit a place and show it.

        Raises:
            LookupError: an unknown model, image or layer.
            ValueError: a channel or place out of range, an image that does not suit the network.
            RecordingError: the network cannot be recorded.
        """
        with self.turn():
            self._show(self._session.visit(place), "", next(self._moves), self._panel_request)

    def follow(
        self, leader: str, neuron: Neuron, label: str, move: Callable[[Publish], None]
    ) -> None:
        """Look at another explorer's neuron in this one's network and image; a place that is not there is told.

        Args:
            leader: who is followed; its newest move wins.
            neuron: the neuron.
            label: its layer's short name, looked for where the name is not known.
            move: calls what shows the neuron.
        """

        def work(check: Check) -> Publish:
            shown = self.shown
            if shown is None:
                return lambda: None

            def look() -> View:
                layer = shown.recorded_image.layer_like(neuron.layer, label).name
                there = replace(neuron, layer=layer)
                if there == shown.neuron:
                    return shown
                place = replace(
                    shown.place, layer=layer, channel=there.channel, y=there.y, x=there.x
                )
                return self._session.visit(place, check)

            view = _visit(look)
            if view is shown:
                return lambda: None
            if isinstance(view, Failure):
                line = f"not followed: {view.line}"
                return partial(self._fail, line, "", next(self._moves))
            return partial(
                move, partial(self._show, view, "", next(self._moves), self._panel_request)
            )

        if self.shown is None or self.shown.neuron != neuron:
            self._scheduler.leave(leader, work)

    def displayed(self) -> None:
        """Begin what stands beside a view unasked, where no browser asked: somebody looks at it now."""
        with self.turn():
            if self._panel_request == PanelRequest():
                self._panel_request = PanelRequest(meter=True, exemplars=True)
                self._panels.want(self._panel_request)
            rests = self.shown is not None and not self.shown.recorded_image.recorded
        if rests:
            self._scheduler.leave("display", self._wake, patience=0)
        self._scheduler.wake()

    def _wake(self, check: Check) -> Publish:
        """Look at the shown place again after a rest, for what stands beside it."""
        shown = self.shown
        if shown is None or shown.recorded_image.recorded:
            return lambda: None
        view = _visit(lambda: self._session.visit(shown.place, check))
        if isinstance(view, Failure):
            return partial(self._fail, view.line, "", next(self._moves))
        return partial(self._show, view, "", next(self._moves), self._panel_request)

    def pin(self, addresses: Sequence[str]) -> None:
        """Pin these addresses and no others.

        Those not seen yet are visited while nothing is asked, once their network is in memory.
        """
        with self.turn():
            self._pins.set(addresses)
            self._session.images.pin(self._pins.images())
            shown = self.shown
            if shown is not None:
                address = str(responses.address(shown))
                if address in addresses and self._pins.get(address) is None:
                    self._pins.know(address, pin(shown))
            self._screen.put({"_pins": self._pins.traits()})
        self._scheduler.wake()

    # ------------------------------------------------------------------ asked by browsers

    def hear(self, asked: Mapping[str, Any]) -> None:
        """Take what a browser asks, by the names of the traits that it comes in."""
        if "_hover" in asked:
            self.hover(asked["_hover"])
        if "_upload_info" in asked:
            uploads = self._session.images.uploads
            uploads.take(asked["_upload_info"], asked.get("_upload"))
        if "_query" in asked:
            self.ask(asked["_query"])
        if "_cancel" in asked:  # which may have come with the very query that it gives up
            self.cancel(asked["_cancel"])

    def later(self, publish: Publish) -> None:
        """Write to the screen as soon as nobody else does."""
        self._scheduler.ask(f"line {next(self._lines)}", lambda check: publish)

    def ask(self, raw: object) -> None:
        """Answer a query; every failure becomes a line in the browser, and the view stays."""
        try:
            query = requests.read_query(raw)
        except requests.MalformedQueryError as error:
            if not error.client or self._newest.take(error.client, error.seq):
                self.later(partial(self._fail, str(error), error.client, error.seq))
            return
        if self._newest.take(query.client, query.seq):
            self._awaited = query
            self._scheduler.ask(query.client, lambda check: self._answer(query, check))

    def cancel(self, raw: object) -> None:
        """Give up the query that is named, if it is the one under way."""
        ticket = requests.read_ticket(raw)
        if ticket is None or not self._newest.is_newest(*ticket):
            return
        if self._scheduler.give_up(ticket[0]):
            self.later(partial(self._fail, "cancelled", *ticket))

    def hover(self, raw: object) -> None:
        """Compute the neuron under a resting pointer ahead, while nothing is asked."""
        hovered = requests.read_hover(raw) if self.prefetch else None
        if hovered is None:
            self._prefetch.look(None)
            return
        try:
            codes = self._session.architectures(hovered.architectures)
        except ValueError:  # a click is told so
            return
        self._prefetch.look(Neuron(hovered.layer, hovered.channel, hovered.y, hovered.x), codes)
        self._scheduler.wake()

    def _answer(self, query: Query, check: Check) -> Publish:
        """Look at what a query wants; return how to tell it."""

        def look() -> View:
            place = self._session.place(query)
            shown = self.shown
            if shown is not None and shown.place == place and shown.recorded_image.recorded:
                view = shown
            else:
                view = self._session.visit(place, check)
            check()
            return view

        self._asked, self._awaited = query, None
        try:
            view = _visit(look)
        finally:
            self._asked = None
        if isinstance(view, Failure):
            return partial(self._fail, view.line, query.client, query.seq)
        return partial(self._tell_view, view, query)

    def _tell_view(self, view: View, query: Query) -> None:
        try:
            self._show(view, query.client, query.seq, query.aside)
        except Exception as error:  # whatever somebody who observes the traits raises
            self._fail(responses.line(error), query.client, query.seq)

    # ------------------------------------------------------------------ telling

    def _show(self, view: View, client: str, seq: int, aside: PanelRequest) -> None:
        before, self.shown, self._panel_request = self.shown, view, aside
        self._session.stay(view.recorded_image)
        beside = self._panels.begin(view, client, seq, aside)
        self._screen.show(view, client, seq, before, beside)
        self._scheduler.wake()

    def _fail(self, line: str, client: str, seq: int) -> None:
        self._screen.put({"_failure": responses.failure(line, client, seq)})

    def _tell(self, progress: Progress | None) -> None:
        told = progress and responses.progress(progress, self._asked is not None)
        self._screen.put({"_progress": told or {}})

    # ------------------------------------------------------------------ while nothing is asked

    def _spare(self, check: Check) -> bool:
        """Do a piece of spare work; return whether there may be more."""
        view = self.shown
        if view is None or not view.recorded_image.recorded:
            return False

        def unless_awaited() -> None:
            # A click on the very neuron that is being computed waits for it
            if not self._prefetch.is_awaited(view.place, self._awaited):
                check()

        return (
            self._prefetch.next(view.recorded_image, unless_awaited)
            or self._panels.next(check)
            or self._visit_pin(check)
        )

    def _visit_pin(self, check: Check) -> bool:
        address = self._pins.unknown(self._session.networks.ready)
        if address is None:
            return False
        made = _visit(lambda: pin(self._session.visit(self._session.addressed(address), check)))
        # Where it failed the pin stands as its address alone; a click on it tells why
        self._pins.know(address, None if isinstance(made, Failure) else made)
        self._screen.put({"_pins": self._pins.traits()})
        return True


def _visit(look: Callable[[], Seen]) -> Seen | Failure:
    """Return what is seen, or why nothing is; an interruption passes through."""
    try:
        return look()
    except Interrupted:
        raise
    except Exception as error:  # whatever a person's own network raises too
        return Failure(responses.line(error))
