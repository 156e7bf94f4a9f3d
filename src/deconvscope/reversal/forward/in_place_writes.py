"""Tensors written in place, and their views: which recorded value each live tensor stands for afterwards.

A write is recorded as a call that makes a new value. The live tensor that was written stands for it from then on, what
it is a view of for that with the part replaced, and each view of either for the same view of the new value.
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
"""Calls whose views may hold a value more than once."""


class Overwritten(Elementwise):
    """Other values in a tensor, put there out of autograd's sight (``.data``, ``no_grad``). Reversed: ŷ passes."""

    kind = "overwritten"
    any_precision = True
    rule: ClassVar[str] = "ŷ passes, as autograd does not see the write"

    def __init__(self, before: Tensor) -> None:
        super().__init__(before)

    def reverse(self, y_hat: Any, batch: Any) -> Sequence[Any]:
        """Return ŷ."""
        return (y_hat,)


class WrittenTensors:
    """Follows writes.

    Args:
        tensors: the recorded values and the live tensors.
        record: runs a functional call on values, and records it where one of them is recorded; returns its output.
        keep: records a step with the value that it makes; returns the value's number.
        place: names the module that is running, for a message.
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
        """Forget everything, the function that records included."""
        vars(self).clear()

    # --- what stands where ----------------------------------------------------------------------------------

    def value_of(self, live: Tensor) -> Tensor:
        """Return the value that a live tensor stands for, the tensor itself where it is a constant."""
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
        """Remember which of the tensors that a call made are views of one that it was given.

        Args:
            call: the call on values.
            made: for each tensor made, the value and the live tensor.
            given: the same for those given.
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
        """Return the view of a live tensor that a call on its value made."""
        swap = by_identity({id(x): live_x.detach()})
        made = call.function(*replaced(call.args, swap), **replaced(call.kwargs, swap))
        return tensors_in(made)[position]

    def share(self, live: Tensor) -> None:
        """Note that a constant, or code outside torch, holds a tensor's memory too."""
        self._shared.add(address(live))

    # --- writes that are recorded ---------------------------------------------------------------------------

    def reshaped(self, target: Tensor, value: Tensor) -> None:
        """Let a live tensor stand for the same values in another shape, or for an equal value."""
        self._put(target, value, address(target) in self._shared)
        self._view_of.pop(id(target), None)

    def write(self, target: Tensor, value: Tensor) -> None:
        """Let a live tensor, or a constant, hold a value that was recorded or computed in its place."""
        if self._constant(target) and id(target) not in self._view_of and is_view(target, ()):
            raise RecordingError(
                f"a write in {self._place()} goes through a view that cannot be followed; "
                "write to the tensor itself, or make a new one with torch.cat or torch.where"
            )
        memory = address(target)
        shared = memory in self._shared
        if shared:
            self._tensors.set_apart(memory)
            family = self._family(target)
            beside = [t for t, _ in self._tensors.sharing(memory) if id(t) not in family]
        self._write(target, value, shared)
        if shared:
            self._stale.update((id(t), t) for t in beside)
            for t in beside:
                self.overwrite(t)

    def _family(self, live: Tensor) -> set[int]:
        """Return the identities of a live tensor, what it is a view of, and all their views."""
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
                f"a write in {self._place()} goes through {call.name}, whose view holds values several times, "
                "and cannot be followed; write to a copy instead"
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
        """Let a live tensor hold a value: in its own memory where others hold that too, else in the value's."""
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
        """Take the views of a live tensor that was written anew."""
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

    # --- writes out of autograd's sight ---------------------------------------------------------------------

    def hidden_write(self, target: Tensor) -> None:
        """Prepare for a write that autograd does not see, into memory that recorded tensors may be in."""
        memory = address(target)
        self._tensors.set_apart(memory)
        for live, _ in self._tensors.sharing(memory):
            self._stale[id(live)] = live

    def note_hidden_write(self) -> None:
        """Note that the write is done."""
        for live in self._stale.values():
            self._tensors.note_written(live)

    def holds_recorded(self, target: Tensor) -> bool:
        """Tell whether recorded tensors may be in the memory of a constant."""
        return address(target) in self._shared

    def written_by_function(self, target: Tensor, value: Tensor) -> None:
        """Let what a live tensor is a view of, and its views, follow a custom function that wrote to it."""
        if self.related(target):
            self._write(target, value, address(target) in self._shared)

    def related(self, live: Tensor) -> bool:
        """Tell whether a live tensor is a view or has views."""
        return id(live) in self._view_of or id(live) in self._views

    def all_stale(self) -> list[Tensor]:
        """Return the live tensors that hold other values than what they stand for."""
        return list(self._stale.values())

    def stale(self, live: Tensor) -> bool:
        """Tell whether a live tensor holds other values than what it stands for.

        Code outside torch, such as NumPy, writes without a sign; only memory that was handed out is compared.
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
        """Note that a live tensor stands for what it holds."""
        self._stale.pop(id(live), None)

    def overwrite(self, live: Tensor) -> None:
        """Record what a live tensor holds now in place of what it stands for."""
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
    """Tell whether two tensors hold the same values, and NaN where the other does."""
    return one.shape == other.shape and torch.equal(one.nan_to_num(), other.nan_to_num())


def _overlaps(view: Tensor) -> bool:
    """Tell whether a view holds some value of its memory more than once."""
    axes = sorted(zip(view.stride(), view.shape, strict=True))
    reach = 0
    for stride, size in axes:
        if size > 1 and stride <= reach:
            return True
        reach += stride * (size - 1)
    return False
