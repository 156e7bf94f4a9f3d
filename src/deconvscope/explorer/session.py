"""What an explorer shows, without Jupyter: it records an image, chooses a neuron and reverses the network."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from deconvscope.reversal import Architecture, Neuron, Reversed, Strongest

from .cache import Cache
from .inputs.images import Images
from .inputs.networks import Networks
from .progress import Progress, Report
from .protocol.address import Address
from .protocol.architectures import THREE, KnownArchitectures
from .recorded_image import RecordedImage, Timed
from .scheduler import Check

if TYPE_CHECKING:
    from .exemplar_panel import ExemplarPanel
    from .protocol.requests import Query

RECORDINGS_KEPT = 2
NOTICED = 0.3
"""Seconds after which a reversal is reported as progress."""


@dataclass(frozen=True)
class Place:
    """What to look at; the session chooses what is None, the layer to begin with and the strongest neuron."""

    model: str
    image: str
    layer: str | None = None
    channel: int | None = None
    y: int | None = None
    x: int | None = None
    architectures: tuple[Architecture, ...] = THREE

    def at(self, neuron: Neuron | Strongest) -> Place:
        """Return this place with another neuron."""
        if not isinstance(neuron, Neuron | Strongest):
            raise TypeError(
                f"{neuron!r} is not a neuron; pass deconvscope.Neuron or deconvscope.Strongest"
            )
        return replace(self, layer=neuron.layer, channel=neuron.channel, y=neuron.y, x=neuron.x)


NOWHERE = Place("", "")


@dataclass(frozen=True)
class View:
    """A place with nothing left open, and everything that is shown there.

    Attributes:
        value: the neuron's activation.
        rank: the fraction of its channel's places (of a vector's neurons) that are at least as active.
        milliseconds: how long the reversal took, now or when it was prefetched.
    """

    place: Place
    recorded_image: RecordedImage
    neuron: Neuron
    value: float
    rank: float
    reconstruction: Reversed
    milliseconds: float


def answer(
    place: Place,
    recorded_image: RecordedImage,
    neuron: Neuron,
    reconstruction: Reversed,
    milliseconds: float,
) -> View:
    """Return the view of a neuron that was reversed."""
    activation = recorded_image.activation(neuron.layer)
    rivals = activation if activation.ndim == 1 else activation[neuron.channel]
    value = activation[neuron.index]
    rank, place = float((rivals >= value).float().mean()), place.at(neuron)
    return View(place, recorded_image, neuron, float(value), rank, reconstruction, milliseconds)


def reverse(
    recorded_image: RecordedImage,
    neuron: Neuron,
    architectures: tuple[Architecture, ...],
    check: Check,
) -> Timed:
    """Return a neuron's pictures, from memory if it was reversed a short while ago."""
    key = neuron, architectures
    timed = recorded_image.pictures.use(key)
    if timed is None:
        recording, started = recorded_image.recording, time.perf_counter()
        pictures = recording.reverse(neuron, architectures, check=check)
        pictures.values[:1, :1, :1, :1].cpu()  # waits for the device
        timed = Timed(pictures, (time.perf_counter() - started) * 1000)
        recorded_image.pictures.keep(key, timed)
    return timed


class Session:
    """Networks, images and the last recordings of one explorer; not safe for two threads at once.

    The arguments are those of `Networks`.

    Attributes:
        report: receives the progress of work that may be noticed.
        architectures: those that can be asked for by code.
        exemplars: the exemplars of one of the networks.
    """

    def __init__(
        self,
        device: str | torch.device = "auto",
        precision: str | None = None,
        through_no_grad: bool = False,
    ) -> None:
        self.report: Report = lambda progress: None
        self.networks = Networks(device, precision, through_no_grad)
        self.images = Images()
        self.architectures = KnownArchitectures()
        self.exemplars: ExemplarPanel | None = None
        self._shown: tuple[str, bool, str] | None = None
        self._recorded_images: Cache[tuple[str, bool, str], RecordedImage] = Cache(RECORDINGS_KEPT)

    def visit(self, place: Place, check: Check = lambda: None) -> View:
        """Record the image if necessary, choose the neuron, and reverse the network.

        Raises:
            LookupError: an unknown model, image or layer.
            ValueError: a channel or place out of range, an image that does not suit the network.
            RecordingError: the network cannot be recorded.
        """
        place = replace(place, image=self.images.known_as(place.image))
        recorded_image = self._recorded_image(place, check)
        started, reported = time.perf_counter(), False
        layer = recorded_image.layer(place.layer)
        neuron = recorded_image.neuron(layer, place.channel, place.y, place.x)

        def between_layers() -> None:
            nonlocal reported
            check()
            if not reported and time.perf_counter() - started > NOTICED:
                reported = True
                self.report(Progress(f"running backwards from {recorded_image.labels[layer.name]}"))

        try:
            timed = reverse(recorded_image, neuron, place.architectures, between_layers)
        finally:
            if reported:
                self.report(None)
        self.architectures.add(place.architectures)
        return answer(place, recorded_image, neuron, timed.pictures, timed.milliseconds)

    def visit_with(self, place: Place, given: Mapping[str, Any], check: Check) -> View:
        """Visit a place with a `model`, `image` or `exemplars` from Python, which stay if that succeeds."""
        with ExitStack() as guests:
            if "model" in given:
                model = guests.enter_context(self.networks.guest(given["model"]))
                place = replace(place, model=model)
            if given.get("exemplars") is not None:
                from .exemplar_panel import ExemplarPanel

                panel = ExemplarPanel(given["exemplars"], self.networks[place.model].model)
                self.exemplars = self.images.exemplars = panel
            if "image" in given:
                image = guests.enter_context(self.images.guest(given["image"]))
                place = replace(place, image=image)
            return self.visit(place, check)

    def place(self, query: Query) -> Place:
        """Return the place that a query asks for; raises ValueError for an unknown architecture."""
        return self._place(query, query.image, query.architectures)

    def addressed(self, text: str, otherwise: Place = NOWHERE) -> Place:
        """Return the place of an address; `otherwise` has the image and architectures that it leaves open."""
        address = Address.parse(text)
        architectures = address.architectures or otherwise.architectures
        return self._place(address, address.image or otherwise.image, architectures)

    def moved(self, place: Place, changed: Mapping[str, Any]) -> Place:
        """Return a place with public traits changed; a new model or layer leaves the neuron open."""
        if "address" in changed:
            return self.addressed(changed["address"], place)
        if "architectures" in changed:
            place = replace(place, architectures=self.architectures.find(changed["architectures"]))
        if "model_name" in changed or "layer" in changed:
            model = changed.get("model_name", place.model)
            place = Place(
                model, place.image, changed.get("layer"), None, None, None, place.architectures
            )
        return replace(
            place, **{key: changed[key] for key in ("channel", "y", "x") if key in changed}
        )

    def keep(self, place: Place) -> None:
        """Keep the recording of the place that is shown while others are visited."""
        self._shown = self._key(place)

    def rest(self) -> None:
        """Free what can be made again: recordings, and networks of the catalogue."""
        for recorded_image in self._recorded_images.values():
            recorded_image.release()
        self.networks.unload()

    def clear(self) -> None:
        """Free every recording and drop every network and image."""
        for recorded_image in self._recorded_images.values():
            recorded_image.forget()
        self._recorded_images.clear()
        self.exemplars = None
        self.networks.clear()
        self.images.clear()

    def _place(self, described: Query | Address, image: str, architectures: Any) -> Place:
        neuron = described.channel, described.y, described.x
        found = self.architectures.find(architectures)
        return Place(described.model, image, described.layer, *neuron, found)

    def _key(self, place: Place) -> tuple[str, bool, str]:
        return place.model, self.networks.is_own(place.model), place.image

    def _recorded_image(self, place: Place, check: Check) -> RecordedImage:
        model, image, key = place.model, place.image, self._key(place)
        if not self.networks.ready(model):
            with self._reported(f"loading {self.networks.label(model)}"):
                self.networks.load(model, check)
        found = self._recorded_images.use(key)
        if found is None or not found.recorded:
            if found is not None:
                found.release()
            # A new one even if only the weights changed, so that everything is sent to the browser again
            found = RecordedImage(lambda: self.networks[model], self.images[image])
            line = f"recording {found.model.label} on {found.photograph.label}"
            with self._reported(line):
                found.record(check, lambda part: self.report(Progress(line, part)))
        if self._shown is not None:
            self._recorded_images.use(self._shown)
        return self._recorded_images.keep(key, found)

    @contextmanager
    def _reported(self, line: str) -> Iterator[None]:
        try:
            self.report(Progress(line))
            yield
        finally:
            self.report(None)
