"""In-place writes and views: which recorded value each live tensor stands for after a write.

A write is recorded as a call that makes a new value, which the written live tensor then stands for. Its base stands for
a copy with that part replaced, and every view of either for the same view of the new value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..errors import RecordingError
from ..runtime.nested import by_identity, replaced, tensors_in
from ..runtime.torch_internals import is_view, is_view_of
from ..steps.call import Call
from ..steps.step import Elementwise, Step
from .recorded_tensors import RecordedTensors, address

OVERLAPS = frozenset(("as_strided", "broadcast_to", "expand", "expand_as", "unfold"))
"""Calls that may return a view with overlapping elements."""


class Overwritten(Elementwise):
    """Values written to a tensor without autograd's knowledge (``.data``, ``no_grad``). Reversed: ŷ passes."""

    kind = "overwritten"
    any_precision = True
    rule: ClassVar[str] = "ŷ passes, since autograd does not see the write"

    def __init__(self, before: Tensor) -> None:
        super().__init__(before)

    def reverse(self, y_hat: Any, batch: Any) -> Sequence[Any]:
        """Return ŷ."""
        return (y_hat,)


class WrittenTensors:
    """Tracks in-place writes.

    Args:
        tensors: the recorded values and the live tensors.
        record: runs a functional call on values, records it if one of them is recorded, and returns its output.
        keep: records a step with its output; returns the output's number.
        place: returns the running module, for a message.
    """

    def __init__(
        self,
        tensors: RecordedTensors,
        record: Callable[[Call], Any],
        keep: Callable[[Step, Tensor], int],
        place: Callable[[], str],
    ) -> None:
        self._tensors, self._record, self._keep, self._place = tensors, record, keep, place
        self._views: dict[int, list[Tensor]] = {}
        self._view_of: dict[int, tuple[Tensor, Tensor, Call, int]] = {}
        self._shared: set[int] = set()
        self._stale: dict[int, Tensor] = {}

    def release(self) -> None:
        """Drop everything, including the callbacks."""
        vars(self).clear()

    # --- values and views -----------------------------------------------------------------------------------

    def value_of(self, live: Tensor) -> Tensor:
        """Return the value that a live tensor stands for; a constant stands for itself."""
        if id(live) in self._stale:
            self.overwrite(live)
        number = self._tensors.current(live)
        return live if number is None or number < 0 else self._tensors.values[number]

    def note_views(
        self,
        call: Call,
        made: Sequence[tuple[Tensor, Tensor]],
        given: Sequence[tuple[Tensor, Tensor]],
    ) -> None:
        """Note which outputs of a call are views of its arguments.

        Args:
            call: the call on values.
            made: for each output, the value and the live tensor.
            given: the same for each argument.
        """
        for position, (view, live) in enumerate(made):
            for x, live_x in given:
                if is_view_of(view, x):
                    self._views.setdefault(id(live_x), []).append(live)
                    self._view_of[id(live)] = (live_x, x, call, position)
                    if address(live_x) != address(x):
                        live.data = self._viewed(live_x, x, call, position)
                    break

    def _viewed(self, live_x: Tensor, x: Tensor, call: Call, position: int) -> Tensor:
        """Return the view of a live tensor that corresponds to a call's view of its value."""
        swap = by_identity({id(x): live_x.detach()})
        made = call.function(*replaced(call.args, swap), **replaced(call.kwargs, swap))
        return tensors_in(made)[position]

    def share(self, live: Tensor) -> None:
        """Note that a constant, or code outside torch, shares a tensor's memory."""
        self._shared.add(address(live))

    # --- recorded writes ------------------------------------------------------------------------------------

    def reshaped(self, target: Tensor, value: Tensor) -> None:
        """Make a live tensor stand for an equal value, possibly of another shape."""
        self._put(target, value, address(target) in self._shared)
        self._view_of.pop(id(target), None)

    def write(self, target: Tensor, value: Tensor) -> None:
        """Write a recorded or computed value to a live tensor or a constant."""
        if self._constant(target) and id(target) not in self._view_of and is_view(target, ()):
            raise RecordingError(
                f"{self._place()} writes through a view of an unknown tensor, which cannot be recorded; "
                "write to the tensor itself, or make a new one with torch.cat or torch.where"
            )
        memory = address(target)
        shared = memory in self._shared
        if shared:
            self._tensors.move_values(memory)
            family = self._family(target)
            others = [t for t, _ in self._tensors.sharing(memory) if id(t) not in family]
        self._write(target, value, shared)
        if shared:
            self._stale.update((id(t), t) for t in others)
            for t in others:
                self.overwrite(t)

    def _family(self, live: Tensor) -> set[int]:
        """Return the identities of a live tensor, its base and all their views."""
        while id(live) in self._view_of:
            live = self._view_of[id(live)][0]
        family, pending = set(), [live]
        while pending:
            one = pending.pop()
            family.add(id(one))
            pending += self._views.get(id(one), ())
        return family

    def _write(self, target: Tensor, value: Tensor, shared: bool) -> None:
        if id(target) not in self._view_of:
            self._put(target, value, shared)
            self._refresh(target, shared)
            return
        base, x, call, position = self._view_of[id(target)]
        if call.name in OVERLAPS and _overlaps(target):
            raise RecordingError(
                f"{self._place()} writes to a view made by {call.name}, which holds values several times and "
                "cannot be recorded; write to a copy instead"
            )

        def written(whole: Tensor, part: Tensor) -> Tensor:
            copy = whole.clone()
            swap = by_identity({id(x): copy})
            views = tensors_in(
                call.function(*replaced(call.args, swap), **replaced(call.kwargs, swap))
            )
            list(views)[position].copy_(part)
            return copy

        arguments = (self.value_of(base), value)
        tracked = frozenset(id(t) for t in arguments if self._tensors.number_of(t) >= 0)
        whole = self._record(Call(written, "write through a view", arguments, {}, tracked))
        self._write(base, whole, shared)

    def _put(self, live: Tensor, value: Tensor, shared: bool) -> None:
        """Store a value in a live tensor: in the tensor's own memory if it is shared, otherwise in the value's."""
        number = self._tensors.number_of(value)
        if shared:
            live.detach().copy_(value)
        else:
            live.data = value.detach()
        if number >= 0 and self._tensors.current(live) != number:
            self._tensors.renew(live, number)
        self._tensors.note_written(live)
        self._stale.pop(id(live), None)

    def _refresh(self, base: Tensor, shared: bool) -> None:
        """Update the views of a live tensor after a write."""
        for view in self._views.get(id(base), ()):
            _, x, call, position = self._view_of[id(view)]
            now = self.value_of(base)
            swap = by_identity({id(x): now})
            args, kwargs = replaced(call.args, swap), replaced(call.kwargs, swap)
            tracked = frozenset((id(now),) if self._tensors.number_of(now) >= 0 else ())
            again = Call(call.function, call.name, args, kwargs, tracked)
            fresh = tensors_in(self._record(again))[position]
            if not shared:
                view.data = fresh.detach()
            number = self._tensors.number_of(fresh)
            if number >= 0:
                self._tensors.renew(view, number)
            self._view_of[id(view)] = (base, now, again, position)
            self._stale.pop(id(view), None)
            self._refresh(view, shared)

    # --- writes that autograd does not see ------------------------------------------------------------------

    def hidden_write(self, target: Tensor) -> None:
        """Prepare for a write that autograd does not see to memory that recorded tensors may share."""
        memory = address(target)
        self._tensors.move_values(memory)
        for live, _ in self._tensors.sharing(memory):
            self._stale[id(live)] = live

    def note_hidden_write(self) -> None:
        """Note that the write is done."""
        for live in self._stale.values():
            self._tensors.note_written(live)

    def holds_recorded(self, target: Tensor) -> bool:
        """Return whether recorded tensors may share a constant's memory."""
        return address(target) in self._shared

    def written_by_function(self, target: Tensor, value: Tensor) -> None:
        """Update a live tensor's base and views after a custom function wrote to it."""
        if self.related(target):
            self._write(target, value, address(target) in self._shared)

    def related(self, live: Tensor) -> bool:
        """Return whether a live tensor is a view or has views."""
        return id(live) in self._view_of or id(live) in self._views

    def all_stale(self) -> list[Tensor]:
        """Return the live tensors whose contents differ from the values that they stand for."""
        return list(self._stale.values())

    def stale(self, live: Tensor) -> bool:
        """Return whether a live tensor's contents differ from the value that it stands for.

        Code outside torch, such as NumPy, writes without notice, so shared memory is compared with the value.
        """
        if self._shared and id(live) not in self._stale and self._written_outside(live):
            self._stale[id(live)] = live
        return id(live) in self._stale

    def _written_outside(self, live: Tensor) -> bool:
        memory = address(live)
        if memory not in self._shared:
            return False
        number = self._tensors.before(live)
        if number is None or number < 0:
            return False
        value = self._tensors.values[number]
        return address(value) != memory and not same_values(live.detach(), value)

    def refreshed(self, live: Tensor) -> None:
        """Note that a live tensor's contents match its value."""
        self._stale.pop(id(live), None)

    def overwrite(self, live: Tensor) -> None:
        """Record a stale live tensor's contents as the value that it stands for."""
        if self._stale.pop(id(live), None) is None:
            return
        before = self.value_of(live)
        number = self._keep(Overwritten(before), live.detach())
        self.share(live)
        self._tensors.renew(live, number)

    def _constant(self, target: Tensor) -> bool:
        number = self._tensors.current(target)
        return number is None or number < 0


def same_values(one: Tensor, other: Tensor) -> bool:
    """Return whether two tensors have the same shape and values; NaN equals NaN."""
    return one.shape == other.shape and torch.equal(one.nan_to_num(), other.nan_to_num())


def _overlaps(view: Tensor) -> bool:
    """Return whether elements of a view overlap in memory."""
    axes = sorted(zip(view.stride(), view.shape, strict=True))
    reach = 0
    for stride, size in axes:
        if size > 1 and stride <= reach:
            return True
        reach += stride * (size - 1)
    return False
