"""Tensors written in place, and their views: which tensor stands for what each holds now."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

from torch import Tensor

from .errors import RecordingError
from .nested import by_identity, replaced, tensors_in
from .steps.calls import Call


class WrittenTensors:
    """What stands in a tensor's place after writes, which are recorded as calls that make new tensors.

    Args:
        record: runs and records a functional call on these tracked tensors.
        slots: identities of the recorded tensors.
        where: names the module that is running.
    """

    def __init__(
        self,
        record: Callable[[Call, dict[int, Tensor]], Any],
        slots: Container[int],
        where: Callable[[], str],
    ) -> None:
        self._record, self._slots, self._where = record, slots, where
        self._successors: dict[int, Tensor] = {}
        self._kept: list[Tensor] = []
        self._views: dict[int, list[Tensor]] = {}
        self._view_of: dict[int, tuple[Tensor, Call, int]] = {}
        self._stale: set[int] = set()

    def release(self) -> None:
        """Forget everything, the function that records included."""
        vars(self).clear()

    def outlived(self, tensor: Tensor) -> bool:
        """Return whether another tensor stands in the place of this one now."""
        return id(tensor) in self._successors or id(tensor) in self._stale

    def current(self, value: Tensor) -> Tensor:
        """Return what stands in a tensor's place now that it, or what it is a view of, was written."""
        while id(value) in self._successors or id(value) in self._stale:
            if id(value) in self._successors:
                value = self._successors[id(value)]
                continue
            self._stale.discard(id(value))
            base, call, position = self._view_of[id(value)]
            base_now = self.current(base)
            swap = by_identity({id(base): base_now})
            args, kwargs = replaced(call.args, swap), replaced(call.kwargs, swap)
            again = Call(call.function, call.name, args, kwargs, frozenset((id(base_now),)))
            fresh = list(tensors_in(self._record(again, {id(base_now): base_now})))[position]
            self._succeed(value, fresh)
        return value

    def take_place(self, target: Tensor, value: Tensor) -> None:
        """Let a tensor of the same values stand for `target`, which was only given another shape."""
        self._succeed(self.current(target), value)
        self._view_of.pop(id(value), None)

    def note_views(self, call: Call, made: Sequence[Tensor], tracked: dict[int, Tensor]) -> None:
        """Remember which of the tensors that a call made are views of one that it was given."""
        for position, view in enumerate(made):
            base = view._base
            if base is None:
                continue
            for x in tracked.values():
                if x is base or x._base is base:
                    self._views.setdefault(id(x), []).append(view)
                    self._view_of[id(view)] = (x, call, position)
                    break

    def write(self, target: Tensor, value: Tensor) -> None:
        """Let `value` stand for what `target` holds from now on, and follow its base and its views."""
        now = self.current(target)
        known = id(target) in self._slots or target._base is None
        if not known and id(target) not in self._view_of:
            raise RecordingError(
                f"a write in {self._where()!r} goes through a view that cannot be followed; "
                "write to the tensor itself, or make a new one with torch.cat or torch.where"
            )
        self.put(now, value)
        if now is not target and id(target) not in self._successors:
            self._succeed(target, now)

    def put(self, now: Tensor, value: Tensor) -> None:
        """Let a tensor hold other values; a view of another by writing through it, and being read from it anew."""
        if id(now) not in self._view_of:
            self._succeed(now, value)
            self._expire(now)
            return
        base, call, position = self._view_of[id(now)]

        def written(whole: Tensor, part: Tensor) -> Tensor:
            copy = whole.clone()
            swap = by_identity({id(base): copy})
            views = tensors_in(
                call.function(*replaced(call.args, swap), **replaced(call.kwargs, swap))
            )
            list(views)[position].copy_(part)
            return copy

        base_now = self.current(base)
        tracked = {id(t): t for t in (base_now, value) if id(t) in self._slots}
        whole = self._record(
            Call(written, "write through a view", (base_now, value), {}, frozenset(tracked)),
            tracked,
        )
        self.put(base_now, whole)

    def _expire(self, base: Tensor) -> None:
        for view in self._views.get(id(base), ()):
            if id(view) not in self._successors:
                self._stale.add(id(view))
                self._expire(view)

    def _succeed(self, old: Tensor, new: Tensor) -> None:
        if old is not new:
            self._successors[id(old)] = new
            self._kept.append(old)  # keeps its identity from being given to another tensor
