"""A `TorchFunctionMode` that records every call on the image as a `Step`.

The network gets no hooks, patches or flags, and no autograd graph is built. It runs on *live* tensors with gradients
enabled, as under autograd. The mode runs each call on the recorded values instead, without gradients. In-place calls
are run functionally, which keeps the activation that they would overwrite. Calls under ``no_grad`` or inside a custom
autograd function run unchanged; their results are constants, as for autograd.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..coverage import RECTIFIER_LIKE
from ..errors import RecordingError
from ..layouts import maps
from ..runtime.memory_limit import is_out_of_memory
from ..runtime.nested import by_identity, replaced, tensors_in
from ..runtime.torch_internals import is_view
from ..steps.backpropagation import Hooked
from ..steps.call import FAMILIES, Call, Function, without_writing
from ..steps.call_names import (
    DESCRIBES,
    DIFFERENTIATES,
    LEAVES_TORCH,
    MAKES_CONSTANTS,
    ONLY_LIKE,
    RECORDED_ATTRIBUTES,
    RESHAPES_IN_PLACE,
    SHARES_MEMORY,
)
from ..steps.shape import Unchanged
from ..steps.step import Step
from .in_place_writes import Overwritten, WrittenTensors, same_values
from .module_stack import CallStack
from .network_call import NetworkCall
from .opaque_code import quantised
from .provenance import Provenance
from .recorded_tensors import RecordedTensors, address
from .tape import Tape


class Recorder(TorchFunctionMode):
    """Records the calls made while it is the active mode.

    Args:
        module: the network.
        image: the image, (1, C, H, W).
        stack: tracks the running module.
        through_no_grad: whether calls under ``no_grad`` are recorded like the rest.
        with_nodes: whether live tensors have gradient nodes, which some custom functions need.

    Attributes:
        image: the live tensor to run the network on.
        tape: the recorded steps and tensors.
        ignored: modules in which ``no_grad`` was ignored.
        refusal: the last `RecordingError` that a call raised.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        image: Tensor,
        stack: CallStack,
        through_no_grad: bool,
        with_nodes: bool,
    ) -> None:
        super().__init__()
        self.tensors = RecordedTensors(with_nodes)
        named = [*module.named_parameters(), *module.named_buffers()]
        self.tape = tape = Tape(self.tensors, stack, named)
        self.written = WrittenTensors(self.tensors, tape.values_of, tape.add, tape.place)
        self.provenance = Provenance(self.tensors, tape, self.written)
        self.ignored: list[str] = []
        self.image = self.tensors.new_live(tape.keep(image, maps(image.shape)))
        self.refusal: RecordingError | None = None
        self._through_no_grad, self._no_grad = through_no_grad, False
        self._own = {id(t): t for _, t in named}
        self._used: dict[int, Tensor] = {}

    def __torch_function__(
        self,
        func: Function,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one call, and record it if it depends on the image."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", type(func).__name__)
        given = tensors_in((args, kwargs))
        if not given:
            return self._without_tensors(func, name, args, kwargs)
        if self.provenance.saving:
            return func(*args, **kwargs)
        enabled = torch.is_grad_enabled()
        if enabled:
            self._no_grad = False  # may have been set by a custom function's forward
        torch.set_grad_enabled(False)
        try:
            recording = enabled or self.tape.stack.inside_checkpoint()
            live = {id(t): t for t in given if self.provenance.number(t, recording) >= 0}
            original = NetworkCall(func, name, args, kwargs, given, live, recording)
            if not live:
                return self._on_constants(original)
            if not recording:
                return self._run_unrecorded(original)
            self.provenance.unrecorded.clear()
            return _treatment(original)(self, original)
        except RecordingError as error:
            self.refusal = error
            raise
        finally:
            torch.set_grad_enabled(enabled)

    # --- calls that are not recorded ------------------------------------------------------------------------

    def _without_tensors(
        self, func: Function, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if name == "_set_grad_enabled":
            if self._through_no_grad:
                if not args[0]:
                    where = self.tape.where() or "the network"
                    if where not in self.ignored:
                        self.ignored.append(where)
                return None
            self._no_grad = not args[0]
        return func(*args, **kwargs)

    def _on_constants(self, original: NetworkCall) -> Any:
        """Run a call on constants. A write to a constant that was used does not change the value used."""
        target, given = original.first, original.given
        functional = without_writing(original.func, original.name, original.kwargs)
        try:
            if functional is not None and isinstance(target, Tensor):
                if self.written.holds_recorded(target):
                    return self._write_hidden(original)
                if address(target) in self._used:
                    self._require_replaceable(target, original.name)
                    plain, _, plain_kwargs = functional
                    self.written.write(target, plain(*original.args, **plain_kwargs))
                    return None if original.name == "__setitem__" else target
            value = original.run()
        except (RuntimeError, ValueError) as error:
            if isinstance(error, RecordingError) or is_out_of_memory(error):
                raise
            where = self.tape.where()
            where = repr(where) if where else "its forward"
            raise RecordingError(f"the network failed in {where}: {error}") from error
        known = {id(t) for t in given}
        made = [t for t in tensors_in(value) if id(t) not in known]
        # autograd must not see views here
        alone = {id(t): t.data if is_view(t, given) else t for t in made}
        call = Call(original.func, original.name, original.args, original.kwargs, frozenset())
        self.written.note_views(call, [(t, alone[id(t)]) for t in made], [(t, t) for t in given])
        self.tape.masks.note(call, made)
        for t in made:
            if alone[id(t)] is not t:
                self.tape.masks.alias(alone[id(t)], t)
        return replaced(value, by_identity(alone)) if made else value

    def _run_unrecorded(self, original: NetworkCall) -> Any:
        """Run a call under ``no_grad`` or inside a custom function unchanged; its results are constants."""
        name, live, target = original.name, original.live, original.first
        if torch.is_inference_mode_enabled():
            raise self.tape.in_inference_mode()
        if self._no_grad:
            self.tape.stop(f"{name} under no_grad")
        elif name in RECTIFIER_LIKE:
            self.provenance.unrecorded_rectifier = True
        writes = (
            name == "__set__" or without_writing(original.func, name, original.kwargs) is not None
        )
        if writes and (id(target) in live or self.written.holds_recorded(target)):
            value = self._write_hidden(original)
        else:
            value = original.run()
        if self._no_grad:
            numbers = {key: self.provenance.number(t, recording=False) for key, t in live.items()}
            values = by_identity({key: self.tensors.values[n] for key, n in numbers.items()})
            tracked = frozenset(id(values(t)) for t in live.values())
            self.tape.masks.note(
                Call(original.func, name, replaced(original.args, values), {}, tracked), value
            )
        memories = {address(t) for t in live.values()}
        for made in tensors_in(value):
            if id(made) not in live:
                if address(made) in memories:
                    self.written.share(made)
                self.provenance.unrecorded[id(made)] = (made, self.tape.stack.innermost())
        return value

    # --- treatments of calls on recorded tensors: one method each, chosen by _treatment ---------------------

    def _describe(self, original: NetworkCall) -> Any:
        return original.run()

    def _require_grad(self, original: NetworkCall) -> Any:
        return original.first

    def _retain_grad(self, original: NetworkCall) -> None:
        pass

    def _differentiate(self, original: NetworkCall) -> Any:
        raise RecordingError(
            f"{original.name} in {self.tape.place()} differentiates inside the network's forward, which cannot be "
            "recorded; record the network that it differentiates"
        )

    def _write_out(self, original: NetworkCall) -> Any:
        raise RecordingError(
            f"{original.name}(out=…) in {self.tape.place()} cannot be recorded; use the return value instead of out="
        )

    def _make_constant(self, original: NetworkCall) -> Any:
        call = self._call(original)
        value = call.run()
        self.tape.masks.note(call, value)
        return value

    def _record(self, original: NetworkCall) -> Any:
        """Record a functional call; return its output with live tensors in place of recorded values."""
        live = original.live
        call = self._call(original)
        if call.function not in FAMILIES and str(call.function).startswith("quantized."):
            raise quantised(call.name, self.tape.where())
        output, made = self.tape.run(call)
        if not made:
            back = {id(self.written.value_of(t)): t for t in live.values()}
            return replaced(output, by_identity(back))  # a call may return its input
        fresh = {id(self.tensors.values[n]): self.tensors.new_live(n) for n in made}
        values = [self.tensors.values[n] for n in made]
        self.written.note_views(
            call,
            [(value, fresh[id(value)]) for value in values],
            [(self.written.value_of(t), t) for t in live.values()],
        )
        return replaced(output, by_identity(fresh))

    def _write(self, original: NetworkCall) -> Any:
        """Record an in-place call as the functional call that computes the values written."""
        name, target = original.name, original.first
        functional = without_writing(original.func, name, original.kwargs)
        assert functional is not None
        plain, plain_name, kwargs = functional
        call = self._call(replace(original, func=plain, name=plain_name, kwargs=kwargs))
        output, made = self.tape.run(call)
        values = tensors_in(output)
        if not isinstance(target, Tensor) or len(values) != 1:
            raise RecordingError(
                f"the in-place call {name} in {self.tape.place()} cannot be recorded"
            )
        if id(target) not in original.live and address(target) in self._used:
            self._require_replaceable(target, name)
        if not made and self.tensors.number_of(values[0]) >= 0:
            return target  # nothing is written, as by dropout in eval mode
        if made and (isinstance(self.tape.steps[-1], Unchanged) or name in RESHAPES_IN_PLACE):
            self.written.reshaped(target, values[0])
        else:
            self.written.write(target, values[0])
        return None if name == "__setitem__" else target

    def _get_attribute(self, original: NetworkCall) -> Any:
        live, name = original.first, _property(original.func)
        if name in RECORDED_ATTRIBUTES:
            return self._record(replace(original, name=name))
        value = original.run()
        if isinstance(value, Tensor):
            self.tape.stop(f".{name}")
            self.written.share(live)
            self.tape.masks.copied(value, self.written.value_of(live))
        return value

    def _set_attribute(self, original: NetworkCall) -> None:
        live, value = original.args
        name = _property(original.func)
        if name != "data":
            if name != "requires_grad":
                original.run()
            return
        number = self.tensors.current(live)
        if number is None or number < 0:
            live.data = value
        else:
            if tuple(value.shape) != tuple(live.shape) or value.dtype != live.dtype:
                raise RecordingError(
                    f".data in {self.tape.place()} is set to a tensor of another shape or dtype, which cannot be "
                    "recorded; make a new tensor instead"
                )
            if self.written.related(live):
                raise RecordingError(
                    f".data in {self.tape.place()} is set on a tensor that is a view or has views, which cannot be "
                    "recorded; write to it with copy_, or make a new tensor"
                )
            before = self.written.value_of(live)
            live.data = value.detach()
            self.tensors.renew(live, self.tape.add(Overwritten(before), live.detach()))
            self.tape.stop(".data =")
        self.written.share(live)

    def _leave(self, original: NetworkCall) -> Any:
        name, first = original.name, original.first
        self.tape.stop(name)
        if name in SHARES_MEMORY:
            self.written.share(first)
        if name == "detach_":
            self.tensors.drop(first)
            return first.detach_()
        swap = by_identity({key: t.data for key, t in original.live.items()})
        value = original.func(*replaced(original.args, swap), **replaced(original.kwargs, swap))
        if isinstance(value, Tensor):
            self.tape.masks.copied(value, self.written.value_of(first))
        return value

    def _hook(self, original: NetworkCall) -> Any:
        """Record a gradient hook, which the reversal applies to the signal at its tensor."""
        return self._hooked(*original.args, **original.kwargs)

    def _hooked(self, live: Tensor, hook: Any) -> Any:
        number = self.tensors.current(live)
        assert number is not None
        if any(number in step.inputs for step in self.tape.steps):
            raise RecordingError(
                f"register_hook in {self.tape.place()} is called on a tensor after its first use, which cannot be "
                "recorded; register the hook before the tensor is used"
            )
        handle = live.register_hook(hook)  # type: ignore[no-untyped-call]
        value = self.tensors.values[number]
        passed = value.view_as(value)
        self.tape.add(Hooked(value, hook, handle), passed)
        self.written.reshaped(live, passed)
        return handle

    def _write_hidden(self, original: NetworkCall) -> Any:
        self.written.hidden_write(original.first)
        value = original.run()
        self.written.note_hidden_write()
        if self._no_grad or original.recording:  # otherwise a custom function may mark it dirty
            self.provenance.record_hidden_writes()
        return value

    # --- recording ------------------------------------------------------------------------------------------

    def _call(self, original: NetworkCall) -> Call:
        """Return the call with recorded values for live tensors, and with constants that are never written."""
        swap = {key: self.written.value_of(t) for key, t in original.live.items()}
        tracked = frozenset(map(id, swap.values()))
        for t in original.given:
            if id(t) not in swap and id(t) not in self._own:
                swap[id(t)] = alias = t.detach()
                self._used[address(t)] = alias
                self.tape.masks.alias(alias, t)
        by = by_identity(swap)
        args, kwargs = replaced(original.args, by), replaced(original.kwargs, by)
        return Call(original.func, original.name, args, kwargs, tracked)

    # --- the end --------------------------------------------------------------------------------------------

    def finish(self, returned: Iterable[Tensor]) -> list[int]:
        """Return the numbers of the recorded tensors that the network returned.

        Raises:
            RecordingError: scripted or compiled code wrote to a recorded tensor.
        """
        outputs = []
        for t in returned:
            number = self.provenance.number(t)
            if number >= 0:
                self._require_equal(t, self.tensors.values[number])
                outputs.append(number)
        for t, number in self.tensors.live_tensors():
            if self.tensors.current(t) is None:
                self.provenance.made_elsewhere(t)
            elif self.tensors.written_unseen(t):
                made = next(
                    (i for i, step in enumerate(self.tape.steps) if number in step.outputs), -1
                )
                call = self.tape.made_in[made] if made >= 0 else -1
                where = self.tape.stack.calls[call].name if call >= 0 else "the image"
                raise RecordingError(
                    f"the output of {where!r} was written in place by code that cannot be recorded: scripted or "
                    "compiled code, or Tensor.set_ as in reversible blocks; use the plain Python function, or a "
                    "block that keeps its activations"
                )
        self._leave_out_unused(outputs)
        self.tape.steps = [self.provenance.finished(step) for step in self.tape.steps]
        return outputs

    def _require_equal(self, live: Tensor, value: Tensor) -> None:
        """Raise if a recorded value differs from what the network computed."""
        same = address(live) == address(value) and live.stride() == value.stride()
        if not (same or same_values(live.detach(), value)):
            raise RecordingError(
                "the recorded output differs from the network's, because of an in-place write that cannot be "
                "recorded; replace in-place writes by calls that return new tensors"
            )

    def release(self) -> None:
        """Break reference cycles, so that memory is freed without the garbage collector."""
        self.tape.stack.release()
        self.written.release()
        self.tensors.release()
        self.provenance.release()

    def _leave_out_unused(self, outputs: Sequence[int]) -> None:
        """Drop `Overwritten` steps that no other step reads."""
        used = set(outputs)
        kept: list[tuple[Step, int]] = []
        for step, made_in in zip(
            reversed(self.tape.steps), reversed(self.tape.made_in), strict=True
        ):
            if isinstance(step, Overwritten) and not used & set(step.outputs):
                continue
            used.update(step.inputs)
            kept.append((step, made_in))
        self.tape.steps = [step for step, _ in reversed(kept)]
        self.tape.made_in = [made_in for _, made_in in reversed(kept)]

    def _require_replaceable(self, target: Tensor, name: str) -> None:
        if id(target) in self._own:
            raise RecordingError(
                f"{name} in {self.tape.place()} writes to a parameter or buffer after its first use; "
                "make a new tensor instead"
            )


Treatment = Callable[[Recorder, NetworkCall], Any]

_BY_NAME: dict[str, Treatment] = {
    **dict.fromkeys(DESCRIBES, Recorder._describe),
    **dict.fromkeys(DIFFERENTIATES, Recorder._differentiate),
    **dict.fromkeys(MAKES_CONSTANTS, Recorder._make_constant),
    **dict.fromkeys(LEAVES_TORCH, Recorder._leave),
    "__get__": Recorder._get_attribute,
    "__set__": Recorder._set_attribute,
    "requires_grad_": Recorder._require_grad,
    "retain_grad": Recorder._retain_grad,
    "register_hook": Recorder._hook,
}


def _treatment(original: NetworkCall) -> Treatment:
    """Return the treatment of a call on recorded tensors."""
    by_name = _BY_NAME.get(original.name)
    if by_name is not None:
        return by_name
    if original.name in ONLY_LIKE and id(original.first) not in original.live:
        return Recorder._make_constant
    if isinstance(original.kwargs.get("out"), Tensor):
        return Recorder._write_out
    if without_writing(original.func, original.name, original.kwargs) is not None:
        return Recorder._write
    return Recorder._record


def _property(func: Function) -> str:
    """Return the name of the property that a getter or setter implements."""
    return str(getattr(getattr(func, "__self__", None), "__name__", "attribute"))
