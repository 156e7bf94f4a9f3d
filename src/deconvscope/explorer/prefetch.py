"""What a click may ask for next: the neuron under a resting pointer, then its neighbours."""

from __future__ import annotations

from dataclasses import replace

from deconvscope.reversal import Architecture, Neuron

from .protocol.requests import Query
from .recorded_image import RecordedImage
from .scheduler import Check, Interrupted
from .session import Place

NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0))


class Prefetch:
    """Reverses neurons before they are asked for; a scene keeps their pictures a while."""

    def __init__(self) -> None:
        # One value, exchanged as a whole: the pointer moves on one thread while another computes
        self._wish: tuple[tuple[Neuron, ...], tuple[Architecture, ...]] = ((), ())
        self.computing: Neuron | None = None
        """The neuron that is being reversed."""

    def look(self, neuron: Neuron | None, architectures: tuple[Architecture, ...] = ()) -> None:
        """Say where the pointer rests now; None that it does not rest."""
        if neuron is None:
            self._wish = ((), ())
        elif neuron.y is None or neuron.x is None:
            self._wish = ((neuron,), architectures)
        else:
            around = [(neuron.y + dy, neuron.x + dx) for dy, dx in NEIGHBOURS]
            neighbours = (replace(neuron, y=y, x=x) for y, x in around)
            self._wish = ((neuron, *neighbours), architectures)

    def is_awaited(self, place: Place, query: Query | None) -> bool:
        """Return whether a query asks for the neuron that is being reversed, of the place's network and image."""
        if query is None or self.computing is None:
            return False
        asked = Neuron(query.layer or "", query.channel or 0, query.y, query.x)
        return asked == self.computing and (query.model, query.image) == (place.model, place.image)

    def next(self, recorded_image: RecordedImage, check: Check) -> bool:
        """Reverse one neuron; return whether there was one to reverse."""
        wish = neurons, architectures = self._wish
        for neuron in neurons:
            if not recorded_image.has(neuron) or recorded_image.at_hand(neuron, architectures):
                continue
            self.computing = neuron
            try:
                recorded_image.reversed(neuron, architectures, check)
            except Interrupted:
                raise
            except Exception:  # whatever it is, a click there tells it
                if self._wish is wish:
                    self._wish = ((), ())
                return False
            finally:
                self.computing = None
            return True
        return False
