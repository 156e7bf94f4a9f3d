"""Reversing what a click may ask for next: the neuron under a resting pointer, then its neighbours."""

from __future__ import annotations

from dataclasses import replace

from deconvscope.reversal import Architecture, Neuron

from .protocol.failures import Failure, attempt
from .protocol.requests import Query
from .recorded_image import RecordedImage
from .scheduler import Check
from .session import Place, reverse

NEIGHBOURS = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))


class Prefetch:
    """Reverses neurons before they are asked for; the recorded image keeps their pictures for a while."""

    def __init__(self) -> None:
        # Replaced as a whole: the pointer moves on one thread while another computes
        self._candidates: tuple[tuple[Neuron, ...], tuple[Architecture, ...]] = ((), ())
        self._computing: Neuron | None = None

    def look(self, neuron: Neuron | None, architectures: tuple[Architecture, ...] = ()) -> None:
        """Set the neuron under the resting pointer; None if the pointer does not rest."""
        if neuron is None:
            self._candidates = ((), ())
        elif neuron.y is None or neuron.x is None:
            self._candidates = ((neuron,), architectures)
        else:
            around = [(neuron.y + dy, neuron.x + dx) for dy, dx in NEIGHBOURS]
            self._candidates = (tuple(replace(neuron, y=y, x=x) for y, x in around), architectures)

    def is_computing(self, query: Query | None, place: Place) -> bool:
        """Return whether a query asks for the neuron that is being reversed for that place's network and image."""
        if query is None or self._computing is None:
            return False
        asked = Neuron(query.layer or "", query.channel or 0, query.y, query.x)
        return asked == self._computing and (query.model, query.image) == (place.model, place.image)

    def next(self, recorded_image: RecordedImage, check: Check) -> bool:
        """Reverse one neuron; return whether there was one to reverse."""
        candidates = neurons, architectures = self._candidates
        for neuron in neurons:
            if (
                recorded_image.has(neuron)
                and (neuron, architectures) not in recorded_image.pictures
            ):
                break
        else:
            return False
        self._computing = neuron
        try:
            made = attempt(lambda: reverse(recorded_image, neuron, architectures, check))
        finally:
            self._computing = None
        if isinstance(made, Failure) and self._candidates is candidates:
            self._candidates = ((), ())  # a click there reports the failure
        return not isinstance(made, Failure)
