"""Two explorers that show the same neuron, each in its own network, image and architectures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .scheduler import Publish

if TYPE_CHECKING:
    from .widget import Explorer


class Link:
    """A link made by `Explorer.link`: each end follows the other until `unlink`, or until one is closed.

    Layer, channel and place are followed; model, image, architectures and display stay each explorer's own.
    """

    def __init__(self, first: Explorer, second: Explorer) -> None:
        self._ends = [first, second]
        self._moving: Explorer | None = None
        """The end that this link moves now; its own change is not followed."""
        for explorer in self._ends:
            explorer.observe(self._moved, "address")
            explorer._links.append(self)
        self._lead(first, second)

    def unlink(self) -> None:
        """End the link."""
        while self._ends:
            explorer = self._ends.pop()
            explorer.unobserve(self._moved, "address")
            explorer._links.remove(self)

    def _moved(self, change: Any) -> None:
        leader: Explorer = change["owner"]
        if leader is not self._moving:
            for explorer in self._ends:
                if explorer is not leader:
                    self._lead(leader, explorer)

    def _lead(self, leader: Explorer, follower: Explorer) -> None:
        def move(show: Publish) -> None:
            self._moving = follower
            try:
                show()
            finally:
                self._moving = None

        view = leader._now
        label = view.recorded_image.labels[view.neuron.layer]
        follower._controller.follow(f"link {id(self)}", view.neuron, label, move)
