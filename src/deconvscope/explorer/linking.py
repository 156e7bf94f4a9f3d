"""Two explorers that look at the same neuron, each in its own network, image and architectures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from .scheduler import Publish

if TYPE_CHECKING:
    from .controller import Controller
    from .session import View


class Linkable(Protocol):
    """What a link needs of an explorer."""

    _links: list[Link]
    _controller: Controller

    @property
    def _now(self) -> View: ...

    def observe(self, handler: Callable[..., Any], names: str) -> None:
        """Call a handler on every change of a trait."""

    def unobserve(self, handler: Callable[..., Any], names: str) -> None:
        """Stop calling a handler."""


class Link:
    """A link made by `Explorer.link`: where one goes the other follows, until `unlink` or one is closed.

    Layer, channel and place are followed; model, image, architectures and display are each explorer's own.
    """

    def __init__(self, first: Linkable, second: Linkable) -> None:
        self._ends = [first, second]
        self._led: Linkable | None = None
        """Who is being moved by this link, and is not followed in that."""
        for explorer in self._ends:
            explorer.observe(self._moved, "address")
            explorer._links.append(self)
        self._lead(first, second)

    def unlink(self) -> None:
        """Let each go its own way again."""
        while self._ends:
            explorer = self._ends.pop()
            explorer.unobserve(self._moved, "address")
            explorer._links.remove(self)

    def _moved(self, change: Any) -> None:
        leader: Linkable = change["owner"]
        if leader is not self._led:
            for explorer in self._ends:
                if explorer is not leader:
                    self._lead(leader, explorer)

    def _lead(self, leader: Linkable, follower: Linkable) -> None:
        def move(show: Publish) -> None:
            self._led = follower
            try:
                show()
            finally:
                self._led = None

        view = leader._now
        label = view.recorded_image.labels[view.neuron.layer]
        follower._controller.follow(f"link {id(self)}", view.neuron, label, move)
