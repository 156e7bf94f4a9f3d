"""The widget: how Python and the browser move the view, and how an answer becomes traits."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import traitlets as t

from deconvscope.reversal import Neuron, Strongest, near_matches

from .controller import Controller
from .export.outputs import ExplorerOutputs
from .inputs.from_address import keywords_from_address
from .linking import Link
from .panels.pins import pinnable
from .protocol import responses
from .protocol.address import Address
from .protocol.responses import Payload
from .session import NOWHERE, Session, View
from .traits import BROWSER_ASKS, BROWSER_SETS, PUBLIC, settable

if TYPE_CHECKING:
    from os import PathLike

    import torch
    from PIL import Image
    from torch import nn

    from deconvscope.exemplars import Exemplars
    from deconvscope.models import Model

HOST_KEYWORDS = ("layout", "tooltip", "tabbable", "comm", "model_id")


class Explorer(ExplorerOutputs):
    """Click a place on an activation map, see the network run backwards from that neuron.

    Args:
        model: a name from `available_models()`, an `nn.Module`, or a `Model`.
        image: a bundled photograph's name, a path, a PIL image, an array, or a tensor (C,H,W) that
            goes to the network as it is.
        layer: where to begin, by module path or label ("features.21", "conv4_3"); by default the
            last layer with maps larger than 7×7 before the last pool.
        neuron: a `Neuron` or `Strongest` to begin with; by default the layer's strongest neuron.
        architectures: what to run backwards: objects, names ("DeSaliNet") or codes ("TTT").
        device: "auto" (CUDA, else MPS, else the CPU; an own module stays where it is) or a torch device.
        precision: of the way back, "float32", "bfloat16" or "tf32" (CUDA); by default that of the network.
        through_no_grad: whether what the network computes under ``torch.no_grad`` is reversed like the rest.
        exemplars: the folder given to `exemplars.build`, or `Exemplars`: of each channel the images of that data
            set that excite it most are shown, and can be opened by name, "exemplar:12".
        display: "paper", "signed", "renormalised", "saliency", "magnitude" or "overlay".
        live: whether the browser commits to the neuron under the pointer without a click.
        prefetch: whether the neuron under a resting pointer, and its neighbours, are computed ahead.
        **host: ipywidgets' own keywords: layout, tooltip, tabbable.

    Setting `layer`, `channel`, `y`, `x`, `architectures`, `model_name`, `address`, `neuron`,
    `image` or `model` moves the view; a value that does not exist raises and the view stays. `pins`
    holds addresses, `display`, `live` and `prefetch` are as above; the browser sets these four too.

    Raises:
        TypeError: an unknown keyword, or a model or image of no usable type.
        LookupError: an unknown model, image or layer, with near matches.
        ValueError: a channel or place out of range, an image that does not suit the network; exemplars of
            another network.
        UnfinishedBuildError: the exemplars are not built or not merged.

    Example:
        >>> explorer = Explorer(layer="conv4_3")
        >>> explorer.neuron = Neuron("conv4_3", channel=433, y=10, x=9)
        >>> explorer.reconstructions.values.shape[0]
        3
    """

    def __init__(
        self,
        model: Any = "vgg16_trunk",
        image: Any = "chelsea",
        layer: str | None = None,
        neuron: Neuron | Strongest | None = None,
        architectures: Any = None,
        device: str | torch.device = "auto",
        precision: str | None = None,
        through_no_grad: bool = False,
        exemplars: str | PathLike[str] | Exemplars | None = None,
        display: str = "paper",
        live: bool = False,
        prefetch: bool = True,
        **host: Any,
    ) -> None:
        for keyword in host:
            if keyword not in HOST_KEYWORDS:
                near = near_matches(keyword, signature(Explorer).parameters)
                raise TypeError(f"Explorer() has no keyword {keyword!r}{near}")
        if layer is not None and neuron is not None and layer != neuron.layer:
            raise ValueError(f"layer={layer!r} and neuron={neuron!r} disagree: give one of them")
        self._closed = False
        self._links: list[Link] = []
        session = self._session = Session(device, precision, through_no_grad)
        self._controller = Controller(session, self._show, self._put)
        self.display, self.live, self.prefetch = display, live, prefetch
        place = replace(NOWHERE, layer=layer) if neuron is None else NOWHERE.at(neuron)
        if architectures is not None:
            place = replace(place, architectures=session.architectures.find(architectures))
        self._controller.go(place, model=model, exemplars=exemplars, image=image)
        super().__init__(**host)
        release_disconnected(self)

    @classmethod
    def from_address(
        cls, address: str | Address, model: Any = None, image: Any = None, **keywords: Any
    ) -> Explorer:
        """Return an explorer that shows the view of an address.

        Args:
            address: as in `address`, in the widget's header and in the metadata of figures.
            model: the network, if it is not in the catalogue.
            image: the image, if it is not a bundled one. A browser scales large pictures down when it opens them.
            **keywords: further keywords of `Explorer`.

        Raises:
            ValueError: the text is not an address, or `image` is not the image that it names.
            LookupError: an unknown layer, or an unknown network or image that was not passed.

        Example:
            >>> Explorer.from_address("vgg16_trunk/conv4_3/433@10,9?TTT#chelsea").channel
            433
        """
        return cls(**keywords_from_address(address, model, image), **keywords)

    def select(
        self,
        layer: str | None = None,
        channel: int | None = None,
        y: int | None = None,
        x: int | None = None,
    ) -> None:
        """Show a neuron: of what is left out the strongest, by default in the layer that is shown.

        Raises:
            LookupError: an unknown layer.
            ValueError: a channel or place out of range.
        """
        with self._controller.turn():
            place = replace(self._now.place, layer=layer or self.layer, channel=channel, y=y, x=x)
            self._controller.go(place)

    @property
    def neuron(self) -> Neuron:
        """The chosen neuron; set it to a `Neuron` or a `Strongest`."""
        return self._now.neuron

    @neuron.setter
    def neuron(self, neuron: Neuron | Strongest) -> None:
        with self._controller.turn():
            self._controller.go(self._now.place.at(neuron))

    @property
    def image(self) -> Image.Image:
        """What the network sees, RGB; set it to a bundled name, path, picture, array or tensor."""
        now = self._now
        return self._controller.run(lambda check: now.recorded_image.seen.copy())

    @image.setter
    def image(self, image: Any) -> None:
        with self._controller.turn():
            place = replace(self._now.place, channel=None, y=None, x=None)
            self._controller.go(place, image=image)

    @property
    def model(self) -> Model:
        """The model; set it to a name, an `nn.Module` or a `Model`."""
        now = self._now
        return self._controller.run(lambda check: now.recorded_image.model)

    @model.setter
    def model(self, model: str | nn.Module | Model) -> None:
        with self._controller.turn():
            place = replace(self._now.place, layer=None, channel=None, y=None, x=None)
            self._controller.go(place, model=model)

    def pin(self) -> str:
        """Add the view to the pins; return its address."""
        with self._controller.turn():
            self.pins = (*self.pins, self.address)
            return self.address

    def link(self, other: Explorer) -> Link:
        """Keep this explorer and another at the same layer, channel and place, until `unlink()` of the result.

        Model, image and architectures stay each explorer's own. An explorer that does not have the place stays
        where it is, and its browser shows why.

        Raises:
            TypeError: `other` is not an explorer.
            ValueError: `other` is this explorer.

        Example:
            >>> link = Explorer("vgg16_trunk").link(Explorer("vgg16_trunk", "coffee"))
            >>> link.unlink()
        """
        if not isinstance(other, Explorer):
            raise TypeError(f"`other` must be an Explorer, got {type(other).__name__}")
        if other is self:
            raise ValueError("`other` is this explorer; link it with another")
        return Link(self, other)

    @t.validate("pins")
    def _validate_pins(self, proposal: Any) -> Any:
        return pinnable(proposal["value"])

    @t.observe("pins")
    def _show_pins(self, change: Any) -> None:
        self._controller.pin(change["new"])

    @t.validate(*PUBLIC)
    def _move_by_trait(self, proposal: Any) -> Any:
        """Move the view before a trait takes its value, so that a refusal leaves everything as it was."""
        name, value = proposal["trait"].name, proposal["value"]
        if self._controller.shown is None and not self._closed:
            return value  # while the explorer is being made
        with self._controller.turn():
            shown = responses.public_traits(self._now)
            wanted = {**{trait: getattr(self, trait) for trait in PUBLIC}, name: value}
            changed = {trait: wanted[trait] for trait in PUBLIC if wanted[trait] != shown[trait]}
            if changed:
                try:
                    self._controller.go(self._session.moved(self._now.place, changed))
                except BaseException:
                    # Under hold_trait_notifications the refused values are already in place
                    for trait in PUBLIC:
                        self.set_trait(trait, shown[trait])
                    raise
            return responses.public_traits(self._now)[name]

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Answer what a browser asks, and keep what it sets."""
        self._controller.receive({key: sync_data[key] for key in BROWSER_ASKS if key in sync_data})
        kept = {key: sync_data[key] for key in BROWSER_SETS if key in sync_data}
        kept = {key: value for key, value in kept.items() if settable(key, value)}
        if kept:
            self._controller.later(partial(super().set_state, kept))

    @t.observe("prefetch")
    def _prefetch_changed(self, change: Any) -> None:
        self._controller.prefetch = change["new"]

    @t.observe("_view_count")
    def _view_count_changed(self, change: Any) -> None:
        """Free the memory of an explorer that is on no page any more, such as that of a cell that runs again."""
        if change["new"] == 0:
            self._controller.rest()
        elif change["new"]:
            self._controller.displayed()

    def _show(self, view: View, traits: Payload) -> None:
        """Show a view: to the browser first, in one message, then to Python's observers."""
        if self._closed:
            return
        self._put(traits)
        with self.hold_trait_notifications():
            for name, value in responses.public_traits(view).items():
                setattr(self, name, value)

    def _put(self, traits: Payload) -> None:
        """Set traits of the browser's, sent in one message."""
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)

    def close(self) -> None:
        """Remove the widget, free its recordings and drop every network and image."""
        super().close()
        if not getattr(self, "_closed", True):  # `__del__` calls this even if `__init__` failed
            self._closed = True
            for link in list(self._links):
                link.unlink()
            self._controller.close()


_opened: WeakSet[Explorer] = WeakSet()


def release_disconnected(opened: Explorer) -> None:
    """Free the memory of explorers whose comm was closed, as marimo does when a cell runs again; note a new one.

    ipywidgets keeps every widget that was not closed itself.
    """
    for explorer in list(_opened):
        if getattr(explorer.comm, "_closed", False):
            explorer._controller.rest()
    _opened.add(opened)
