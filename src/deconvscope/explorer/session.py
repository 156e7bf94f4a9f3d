"""What an explorer knows, without Jupyter: networks, images, recordings; it answers a place."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from deconvscope.reversal import Architecture, Neuron, Reversed, Strongest

from .inputs.images import Images
from .inputs.networks import Networks
from .progress import Progress, Tell
from .protocol.address import Address
from .protocol.architectures import THREE, KnownArchitectures
from .recorded_image import RecordedImage
from .scheduler import Check

if TYPE_CHECKING:
    from os import PathLike

    from deconvscope.exemplars import Exemplars

    from .exemplar_panel import ExemplarPanel
    from .protocol.requests import Query

RECORDINGS_KEPT = 2
FELT = 0.3
"""Seconds after which a reversal is told of."""


@dataclass(frozen=True)
class Place:
    """A wish: what to look at. What is None the session chooses (the strongest, the opening)."""

    model: str
    image: str
    layer: str | None = None
    channel: int | None = None
    y: int | None = None
    x: int | None = None
    architectures: tuple[Architecture, ...] = THREE

    def at(self, neuron: Neuron | Strongest) -> Place:
        """Return the same with another neuron.

        Raises:
            TypeError: what is given is no neuron.
        """
        if not isinstance(neuron, Neuron | Strongest):
            raise TypeError(
                f"{neuron!r} is no neuron: give deconvscope.Neuron or deconvscope.Strongest"
            )
        return replace(self, layer=neuron.layer, channel=neuron.channel, y=neuron.y, x=neuron.x)


NOWHERE = Place("", "")


@dataclass(frozen=True)
class View:
    """The answer: a place without any None left open, and everything to be shown there."""

    place: Place
    recorded_image: RecordedImage
    neuron: Neuron
    value: float
    """The neuron's activation."""
    rank: float
    """The fraction of its channel's places (of a vector's neurons) that are at least as active."""
    reconstruction: Reversed
    milliseconds: float
    """How long the reversal took, be it now or when it was computed ahead."""


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
    return View(
        place=replace(place, layer=neuron.layer, channel=neuron.channel, y=neuron.y, x=neuron.x),
        recorded_image=recorded_image,
        neuron=neuron,
        value=float(value),
        rank=float((rivals >= value).float().mean()),
        reconstruction=reconstruction,
        milliseconds=milliseconds,
    )


class Session:
    """Networks, images and the last recordings of one explorer; nothing is shared between two.

    Not safe for two threads at once: the controller sees to that.

    Args:
        device: where the networks compute, see `Networks`.
        precision: of the way back, see `ReversedNetwork`.
        through_no_grad: see `ReversedNetwork`.

    Attributes:
        tell: is told of work that may be felt, and None at its end.
        exemplars: the images of a data set that excite the channels of one of the networks.
    """

    def __init__(
        self,
        device: str | torch.device = "auto",
        precision: str | None = None,
        through_no_grad: bool = False,
    ) -> None:
        self.tell: Tell = lambda progress: None
        self.networks = Networks(device, precision, through_no_grad)
        self.images = Images()
        self.exemplars: ExemplarPanel | None = None
        self._stays: RecordedImage | None = None
        self._recorded_images: OrderedDict[tuple[str, bool, str], RecordedImage] = OrderedDict()
        self._known = KnownArchitectures()

    def visit(self, place: Place, check: Check = lambda: None) -> View:
        """Look at a place: record if need be, choose the neuron, run the network in reverse.

        Args:
            place: what to look at.
            check: called between the parts of the work, raises to give up.

        Raises:
            LookupError: an unknown model, image or layer.
            ValueError: a channel or place out of range, an image that does not suit the network.
            RecordingError: the network cannot be recorded.
        """
        place = replace(place, image=self.images.known_as(place.image))
        view = self._view(place, self._recorded_image(place.model, place.image, check), check)
        self._known.add(place.architectures)
        return view

    def take_exemplars(self, exemplars: str | PathLike[str] | Exemplars, model: str) -> None:
        """Take in the exemplars of a network, by the name it goes by here; their images can then be visited.

        Raises:
            UnfinishedBuildError: there are none in that folder, or they are not merged.
            ChangedBuildError: they are of another network, or their data set is not at hand.
        """
        from .exemplar_panel import opened_panel

        panel = opened_panel(exemplars, self.networks[model].model)
        self.exemplars = self.images.exemplars = panel

    def place(self, query: Query) -> Place:
        """Return the place a query means.

        Raises:
            ValueError: an unknown architecture.
        """
        return Place(
            query.model,
            query.image,
            query.layer,
            query.channel,
            query.y,
            query.x,
            self.architectures(query.architectures),
        )

    def moved(self, place: Place, changed: Mapping[str, Any]) -> Place:
        """Return a place with some of the widget's public traits changed.

        An address says all; a new model or layer leaves the neuron open unless that is changed too.

        Raises:
            ValueError: the address is none, or an architecture is unknown.
        """
        if "address" in changed:
            return self.addressed(changed["address"], place)
        if "architectures" in changed:
            place = replace(place, architectures=self.architectures(changed["architectures"]))
        if "model_name" in changed:
            place = replace(place, model=changed["model_name"], layer=None)
        if "layer" in changed:
            place = replace(place, layer=changed["layer"])
        if "model_name" in changed or "layer" in changed:
            place = replace(place, channel=None, y=None, x=None)
        indices = {key: changed[key] for key in ("channel", "y", "x") if key in changed}
        return replace(place, **indices)

    def addressed(self, text: str, otherwise: Place = NOWHERE) -> Place:
        """Return the place of an address; image and architectures that it leaves open are `otherwise`'s.

        Raises:
            ValueError: the text is no address, or names an unknown architecture.
        """
        address = Address.parse(text)
        return Place(
            address.model,
            address.image or otherwise.image,
            address.layer,
            address.channel,
            address.y,
            address.x,
            self.architectures(address.architectures or otherwise.architectures),
        )

    def architectures(
        self, asked: Architecture | str | Iterable[Architecture | str]
    ) -> tuple[Architecture, ...]:
        """Return architectures, each once, from objects, names and codes, one or many.

        Raises:
            ValueError: none is asked for, or a name is unknown.
        """
        return self._known.find(asked)

    def offered_architectures(self) -> list[Architecture]:
        """Return the eight of Fig. 3, then those that were asked for from Python."""
        return self._known.offered()

    def stay(self, recorded_image: RecordedImage) -> None:
        """Keep a scene while others are visited."""
        self._stays = recorded_image

    def rest(self) -> None:
        """Free what can be made again: recordings, and networks that are not one's own."""
        for recorded_image in self._recorded_images.values():
            recorded_image.release()
        self.networks.unload()

    def clear(self) -> None:
        """Free every recording and drop every network and image."""
        for recorded_image in self._recorded_images.values():
            recorded_image.forget()
        self._recorded_images.clear()
        self._stays = self.exemplars = None
        self.networks.clear()
        self.images.clear()

    def _view(self, place: Place, recorded_image: RecordedImage, check: Check) -> View:
        started = time.perf_counter()
        layer = recorded_image.layer(place.layer)
        neuron = recorded_image.neuron(layer, place.channel, place.y, place.x)
        line = Progress(f"running backwards from {recorded_image.labels[layer.name]}")
        told = False

        def between_layers() -> None:
            nonlocal told
            check()
            if not told and time.perf_counter() - started > FELT:
                told = True
                self.tell(line)

        try:
            timed = recorded_image.reversed(neuron, place.architectures, between_layers)
        finally:
            if told:
                self.tell(None)
        return answer(place, recorded_image, neuron, timed.pictures, timed.milliseconds)

    def _recorded_image(self, model: str, image: str, check: Check) -> RecordedImage:
        key = (model, self.networks.is_own(model), image)
        if not self.networks.ready(model):
            self._load(model, check)
        recorded_image = self._recorded_images.get(key)
        if recorded_image is None or not recorded_image.recorded:
            if recorded_image is not None:
                recorded_image.release()
            # A new one also where the network was trained on: whatever was told of the old is told again
            recorded_image = RecordedImage(lambda: self.networks[model], self.images[image])
            self._record(recorded_image, check)
        self._recorded_images[key] = recorded_image
        self._recorded_images.move_to_end(key)
        for old in [*self._recorded_images][:-1]:
            if (
                len(self._recorded_images) > RECORDINGS_KEPT
                and self._recorded_images[old] is not self._stays
            ):
                del self._recorded_images[old]
        return recorded_image

    def _load(self, model: str, check: Check) -> None:
        try:
            self.tell(Progress(f"loading {self.networks.label(model)}"))
            self.networks.load(model, check)
        finally:
            self.tell(None)

    def _record(self, recorded_image: RecordedImage, check: Check) -> None:
        line = f"recording {recorded_image.model.label} on {recorded_image.photograph.label}"
        try:
            self.tell(Progress(line))
            recorded_image.record(check, lambda part: self.tell(Progress(line, part)))
        finally:
            self.tell(None)
