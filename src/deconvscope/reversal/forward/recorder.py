"""The forward pass, watched: a `TorchFunctionMode` that turns every call on the image into a `Step`.

No hook, patch or flag is put on the network, and no autograd graph is built. The network runs with gradients enabled,
as automatic differentiation would run it, on *live* tensors; each call that the mode sees is run on the recorded
values in their place, without gradients. Calls that write in place are run functionally, so that the activation they
would overwrite stays. Calls under ``no_grad``, and those inside a custom autograd function, run as they are and make
constants, as in automatic differentiation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..coverage import RECTIFIER_LIKE
from ..errors import InputError, RecordingError
from ..runtime.memory_limit import is_out_of_memory
from ..runtime.nested import by_identity, replaced, tensors_in
from ..runtime.torch_internals import function_class, is_torch_function, is_view, unpacks_by
from ..steps.backpropagation import Hooked
from ..steps.call import FAMILIES, Call, Function, without_writing
from ..steps.call_names import (
    DESCRIBES,
    DIFFERENTIATES,
    LEAVES_TORCH,
    MAKES_CONSTANTS,
    ONLY_LIKE,
    QUIET,
    RECORDED_ATTRIBUTES,
    RESHAPES_IN_PLACE,
    SHARES_MEMORY,
)
from ..steps.masked_products import ImageMasks
from ..steps.shape import Unchanged
from ..steps.step import Step
from .custom_functions import (
    CustomFunction,
    function_name,
    inside_checkpoint,
    read_function,
    read_norm,
    read_rectifier,
)
from .in_place_writes import Overwritten, WrittenTensors, same_values
from .input_errors import refusal
from .module_stack import CallStack
from .opaque_code import quantised
from .recorded_tensors import InferenceTensor, LostGradient, RecordedTensors, address
from .step_choice import read


@dataclass(slots=True)
class Asked:
    """A call as the network made it.

    Attributes:
        given: the tensors among its arguments.
        live: those of them that stand for recorded values, by identity.
        recording: whether it is recorded where it depends on the image, as it is but under ``no_grad``.
    """

    func: Function
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    given: list[Tensor]
    live: dict[int, Tensor]
    recording: bool

    @property
    def first(self) -> Any:
        """Its first argument, which it may write."""
        return self.args[0] if self.args else self.kwargs.get("input")

    def run(self) -> Any:
        """Call it as it is."""
        return self.func(*self.args, **self.kwargs)


class Recorder(TorchFunctionMode):
    """Records the calls made while it is the active mode.

    Args:
        module: the network.
        image: the image, (1, C, H, W).
        stack: follows which module is running.
        through_no_grad: whether what the network does under ``no_grad`` is recorded like the rest.
        with_nodes: whether live tensors bear nodes, as some custom functions need.

    Attributes:
        image: the live tensor to run the network on.
        tensors: the recorded tensors; number 0 is the image.
        steps: the recorded calls, in order.
        made_in: for each step the number of the module call that made it.
        stops: names of calls at which the network left the recorded computation.
        passed: modules in which ``no_grad`` was passed over.
        refusal: the last error that a call was refused with.
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
        self.stack, self._through_no_grad = stack, through_no_grad
        self.tensors = RecordedTensors(with_nodes)
        self.image = self.tensors.new_live(self._numbered(image))
        self.steps: list[Step] = []
        self.made_in: list[int] = []
        self.stops: list[str] = []
        self.passed: list[str] = []
        self.refusal: RecordingError | None = None
        self._own = {id(t): t for t in (*module.parameters(), *module.buffers())}
        self._used: dict[int, Tensor] = {}
        self._masks = ImageMasks()
        self._functions: dict[Any, CustomFunction] = {}
        self._made_apart: dict[int, tuple[Tensor, int]] = {}
        self._rectified_apart = False
        self._no_grad = self._saving = False
        self.written = WrittenTensors(self.tensors, self._values_of, self._add, self._place)

    def __torch_function__(
        self,
        func: Function,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one call, and record it where it depends on the image."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", type(func).__name__)
        given = tensors_in((args, kwargs))
        if not given:
            return self._without_tensors(func, name, args, kwargs)
        if self._saving:
            return func(*args, **kwargs)
        enabled = torch.is_grad_enabled()
        if enabled:
            self._no_grad = False  # a custom function's forward, which may have set it, is over
        torch.set_grad_enabled(False)
        try:
            recording = enabled or self.stack.inside_checkpoint()
            live = {id(t): t for t in given if self._number(t, recording) >= 0}
            asked = Asked(func, name, args, kwargs, given, live, recording)
            if not live:
                return self._on_constants(asked)
            if not recording:
                return self._apart(asked)
            self._made_apart.clear()
            return self._on_recorded(asked)
        except RecordingError as error:
            self.refusal = error
            raise
        finally:
            torch.set_grad_enabled(enabled)

    # --- which treatment a call gets ------------------------------------------------------------------------

    def _without_tensors(
        self, func: Function, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if name == "_set_grad_enabled":
            if self._through_no_grad:
                if not args[0] and (where := self._where() or "the network") not in self.passed:
                    self.passed.append(where)
                return None
            self._no_grad = not args[0]
        return func(*args, **kwargs)

    def _on_recorded(self, asked: Asked) -> Any:
        """Treat a call on tensors that depend on the image."""
        name, first = asked.name, asked.first
        if name in DESCRIBES:
            return asked.run()
        if name == "__get__":
            return self._attribute(asked)
        if name == "__set__":
            return self._set_attribute(asked)
        if name in DIFFERENTIATES:
            raise RecordingError(
                f"{name} in {self._place()} differentiates inside the network's forward, which cannot be recorded; "
                "record the network whose gradient it takes"
            )
        if name == "requires_grad_":
            return first
        if name == "retain_grad":
            return None
        if name == "register_hook":
            return self._hook(*asked.args, **asked.kwargs)
        if name in MAKES_CONSTANTS or (name in ONLY_LIKE and id(first) not in asked.live):
            call = self._call(asked)
            value = call.run()
            self._masks.note(call, value)
            return value
        if name in LEAVES_TORCH:
            return self._leave(asked)
        if isinstance(asked.kwargs.get("out"), Tensor):
            raise RecordingError(
                f"{name}(out=…) in {self._place()} writes into a given tensor, which cannot be followed; "
                "use its return value instead"
            )
        functional = without_writing(asked.func, name, asked.kwargs)
        if functional is not None:
            return self._in_place(asked, functional)
        return self._record(asked)

    def _on_constants(self, asked: Asked) -> Any:
        """Run a call on constants; one that writes a constant already used leaves what was used as it is."""
        target, given = asked.first, asked.given
        functional = without_writing(asked.func, asked.name, asked.kwargs)
        try:
            if functional is not None and isinstance(target, Tensor):
                if self.written.holds_recorded(target):
                    return self._write_hidden(asked)
                if address(target) in self._used:
                    self._require_replaceable(target, asked.name)
                    plain, _, plain_kwargs = functional
                    self.written.write(target, plain(*asked.args, **plain_kwargs))
                    return None if asked.name == "__setitem__" else target
            value = asked.run()
        except (RuntimeError, ValueError) as error:
            if isinstance(error, RecordingError) or is_out_of_memory(error):
                raise
            where = self._where()
            where = repr(where) if where else "its forward"
            raise RecordingError(f"the network failed in {where}: {error}") from error
        known = {id(t) for t in given}
        made = [t for t in tensors_in(value) if id(t) not in known]
        alone = {id(t): t.data if is_view(t, given) else t for t in made}  # no view, to autograd
        call = Call(asked.func, asked.name, asked.args, asked.kwargs, frozenset())
        self.written.note_views(call, [(t, alone[id(t)]) for t in made], [(t, t) for t in given])
        self._masks.note(call, made)
        for t in made:
            if alone[id(t)] is not t:
                self._masks.alias(alone[id(t)], t)
        return replaced(value, by_identity(alone)) if made else value

    def _apart(self, asked: Asked) -> Any:
        """Run a call under ``no_grad``, or inside a custom function, as it is; what it makes is a constant."""
        name, live, target = asked.name, asked.live, asked.first
        if torch.is_inference_mode_enabled():
            raise self._in_inference_mode()
        if self._no_grad:
            self._stop(f"{name} under no_grad")
        elif name in RECTIFIER_LIKE:
            self._rectified_apart = True
        writes = name == "__set__" or without_writing(asked.func, name, asked.kwargs) is not None
        if writes and (id(target) in live or self.written.holds_recorded(target)):
            value = self._write_hidden(asked)
        else:
            value = asked.run()
        if self._no_grad:
            numbers = {key: self._number(t, recording=False) for key, t in live.items()}
            values = by_identity({key: self.tensors.values[n] for key, n in numbers.items()})
            tracked = frozenset(id(values(t)) for t in live.values())
            self._masks.note(
                Call(asked.func, name, replaced(asked.args, values), {}, tracked), value
            )
        memories = {address(t) for t in live.values()}
        for made in tensors_in(value):
            if id(made) not in live:
                if address(made) in memories:
                    self.written.share(made)
                self._made_apart[id(made)] = (made, self.stack.innermost())
        return value

    # --- treatments -----------------------------------------------------------------------------------------

    def _record(self, asked: Asked) -> Any:
        """Record a functional call; return its output with a live tensor for each recorded one."""
        live = asked.live
        call = self._call(asked)
        if call.function not in FAMILIES and str(call.function).startswith("quantized."):
            raise quantised(call.name, self._where())
        output, made = self._run(call)
        if not made:
            back = {id(self.written.value_of(t)): t for t in live.values()}
            return replaced(output, by_identity(back))  # a call may give back its input
        fresh = {id(self.tensors.values[n]): self.tensors.new_live(n) for n in made}
        values = [self.tensors.values[n] for n in made]
        self.written.note_views(
            call,
            [(value, fresh[id(value)]) for value in values],
            [(self.written.value_of(t), t) for t in live.values()],
        )
        return replaced(output, by_identity(fresh))

    def _in_place(self, asked: Asked, functional: tuple[Function, str, dict[str, Any]]) -> Any:
        """Record a call that writes its first argument by what it would write."""
        name, target = asked.name, asked.first
        plain, plain_name, kwargs = functional
        call = self._call(replace(asked, func=plain, name=plain_name, kwargs=kwargs))
        output, made = self._run(call)
        values = tensors_in(output)
        if not isinstance(target, Tensor) or len(values) != 1:
            raise RecordingError(
                f"{name} in {self._place()} writes in place in a way that cannot be followed"
            )
        if id(target) not in asked.live and address(target) in self._used:
            self._require_replaceable(target, name)
        if not made and self.tensors.number_of(values[0]) >= 0:
            return target  # nothing is written, as by dropout in eval mode
        if made and (isinstance(self.steps[-1], Unchanged) or name in RESHAPES_IN_PLACE):
            self.written.reshaped(target, values[0])
        else:
            self.written.write(target, values[0])
        return None if name == "__setitem__" else target

    def _attribute(self, asked: Asked) -> Any:
        live, name = asked.first, _property(asked.func)
        if name in RECORDED_ATTRIBUTES:
            return self._record(replace(asked, name=name))
        value = asked.run()
        if isinstance(value, Tensor):
            self._stop(f".{name}")
            self.written.share(live)
            self._masks.copied(value, self.written.value_of(live))
        return value

    def _set_attribute(self, asked: Asked) -> None:
        live, value = asked.args
        name = _property(asked.func)
        if name != "data":
            if name != "requires_grad":
                asked.run()
            return
        number = self.tensors.current(live)
        if number is None or number < 0:
            live.data = value
        else:
            if tuple(value.shape) != tuple(live.shape) or value.dtype != live.dtype:
                raise RecordingError(
                    f".data in {self._place()} is set to a tensor of another shape or type, which cannot be "
                    "followed; make a new tensor instead"
                )
            if self.written.related(live):
                raise RecordingError(
                    f".data in {self._place()} is set on a tensor that is a view or has views, which cannot be "
                    "followed; write to it with copy_, or make a new tensor"
                )
            before = self.written.value_of(live)
            live.data = value.detach()
            self.tensors.renew(live, self._add(Overwritten(before), live.detach()))
            self._stop(".data =")
        self.written.share(live)

    def _leave(self, asked: Asked) -> Any:
        name, first = asked.name, asked.first
        self._stop(name)
        if name in SHARES_MEMORY:
            self.written.share(first)
        if name == "detach_":
            self.tensors.drop(first)
            return first.detach_()
        swap = by_identity({key: t.data for key, t in asked.live.items()})
        value = asked.func(*replaced(asked.args, swap), **replaced(asked.kwargs, swap))
        if isinstance(value, Tensor):
            self._masks.copied(value, self.written.value_of(first))
        return value

    def _hook(self, live: Tensor, hook: Any) -> Any:
        """Record a gradient hook: what it makes of the signal at its tensor goes on."""
        number = self.tensors.current(live)
        assert number is not None
        if any(number in step.inputs for step in self.steps):
            raise RecordingError(
                f"register_hook in {self._place()} is called on a tensor that was used before, which cannot be "
                "followed; register the hook before the tensor is used"
            )
        handle = live.register_hook(hook)  # type: ignore[no-untyped-call]
        value = self.tensors.values[number]
        self.written.reshaped(live, self._kept(Hooked(value, hook, handle), value.view_as(value)))
        return handle

    def _write_hidden(self, asked: Asked) -> Any:
        self.written.hidden_write(asked.first)
        value = asked.run()
        self.written.note_hidden_write()
        if self._no_grad or asked.recording:  # else a custom function may say that it wrote
            self._settle()
        return value

    # --- recording ------------------------------------------------------------------------------------------

    def _call(self, asked: Asked) -> Call:
        """Return a call on the values that live tensors stand for, and on constants that nobody writes."""
        swap = {key: self.written.value_of(t) for key, t in asked.live.items()}
        tracked = frozenset(map(id, swap.values()))
        for t in asked.given:
            if id(t) not in swap and id(t) not in self._own:
                swap[id(t)] = alias = t.detach()
                self._used[address(t)] = alias
                self._masks.alias(alias, t)
        by = by_identity(swap)
        args, kwargs = replaced(asked.args, by), replaced(asked.kwargs, by)
        return Call(asked.func, asked.name, args, kwargs, tracked)

    def _values_of(self, call: Call) -> Any:
        """Run a call on values, and record it where one of them is recorded; return its output."""
        return self._run(call)[0] if call.tracked else call.run()

    def _run(self, call: Call) -> tuple[Any, list[int]]:
        """Run a call on values and keep its step; return its output, and the numbers of what it made."""
        made_in = self.stack.innermost()
        tracked = {id(t): t for t in tensors_in((call.args, call.kwargs)) if id(t) in call.tracked}
        try:
            output, step = read(call, tracked, self._masks)
        except (RuntimeError, ValueError, IndexError) as error:
            if isinstance(error, RecordingError) or is_out_of_memory(error):
                raise
            raise InputError(self._refused(call, error, tracked)) from error
        if any(t.is_quantized for t in tensors_in(output)):
            raise quantised(call.name, self._where())
        made = [t for t in tensors_in(output) if t.is_floating_point() or t.is_complex()]
        if not made:
            return output, []
        if len(made) == 1 and id(made[0]) in tracked and call.name in QUIET:
            return output, []
        output, made = _distinct(output, made, tracked)
        step.call = call.name
        self._append(step, made_in)
        step.outputs = tuple(map(self._numbered, made))
        return output, list(step.outputs)

    def _add(self, step: Step, value: Tensor) -> int:
        """Record a step that makes one value; return the value's number."""
        step.call = step.kind
        self._append(step, self.stack.innermost())
        step.outputs = (self._numbered(value),)
        return step.outputs[0]

    def _kept(self, step: Step, value: Tensor) -> Tensor:
        self._add(step, value)
        return value

    def _append(self, step: Step, made_in: int) -> None:
        step.inputs = tuple(map(self.tensors.number_of, step.sources))
        step.sources = ()
        self.made_in.append(made_in)
        self.steps.append(step)

    def _numbered(self, value: Tensor) -> int:
        try:
            return self.tensors.keep(value)
        except InferenceTensor as error:
            raise self._in_inference_mode() from error

    # --- what made a tensor ---------------------------------------------------------------------------------

    def _number(self, t: Tensor, recording: bool = True) -> int:
        """Return the number of what a tensor stands for, −1 for a constant."""
        try:
            number = self.tensors.current(t)
        except LostGradient as error:
            raise RecordingError(
                f"a tensor that is used in {self._place()} is a view whose base was written in "
                "place, for which autograd has no gradient; write to a copy instead"
            ) from error
        if number is None:
            return self._made_elsewhere(t)
        if number >= 0 and recording and self.written.stale(t):
            self._settle()
            number = self.tensors.current(t)
            assert number is not None
        return number

    def _settle(self) -> None:
        """Record what stands in the tensors that were written out of autograd's sight."""
        for t in self.written.all_stale():
            if self.tensors.current(t) is None:
                self._made_elsewhere(t)
        for t in self.written.all_stale():
            self.written.overwrite(t)

    def _made_elsewhere(self, t: Tensor) -> int:
        """Record the custom function that made a tensor, as its gradient edge tells."""
        node = t.grad_fn
        number = self.tensors.at_edge(node, t.output_nr)
        if number is None and node is not None:
            cls = function_class(node)
            if is_torch_function(cls, "BackwardHookFunction"):  # gives back what it is given
                number = self.tensors.at_edge(*node.next_functions[t.output_nr])
            elif is_torch_function(cls, "CheckpointFunction"):  # what ran inside was recorded
                number = self.tensors.before(t)
        if number is None:
            step = self._functions.get(node) or read_function(t, self.tensors)
            if step is None:
                return -1
            number = self._add_output(step, t)
        if number >= 0:
            known = self.tensors.before(t) is not None
            self.tensors.stands_for(t, number)
            self.written.refreshed(t)
            if known:  # the function wrote to its input
                self.written.written_by_function(t, self.tensors.values[number])
                number = self.tensors.current(t) or number
        return number

    def _add_output(self, step: CustomFunction, t: Tensor) -> int:
        node = step.node
        if node not in self._functions:
            self._require_own_hooks(node)
            self._functions[node] = step
            step.call = function_name(node)
            step.gated, self._rectified_apart = self._rectified_apart, False
            _, made_in = self._made_apart.get(id(t), (t, -1))
            self._append(step, made_in if made_in >= 0 else self.stack.innermost())
        number = self._numbered(t.detach())
        step.outputs += (number,)
        step.numbers.append(t.output_nr)
        return number

    def _require_own_hooks(self, node: Any) -> None:
        """Raise where what a custom function saved is to be had by computing it again."""
        if not unpacks_by(node, as_saved):
            raise inside_checkpoint(node, self._place())

    def saved(self, t: Tensor) -> Tensor:
        """Return what a custom function's context keeps of a tensor that it saves: one that nobody writes."""
        self._saving = True  # what is read here is no call of the network's
        try:
            number = self.tensors.current(t)
            if number is not None and number >= 0 and not self.written.stale(t):
                return self.tensors.values[number]
            return t.detach().clone()
        finally:
            self._saving = False

    # --- the end --------------------------------------------------------------------------------------------

    def finish(self, returned: Iterable[Tensor]) -> list[int]:
        """Return the numbers of the recorded tensors that the network returned.

        Raises:
            RecordingError: scripted or compiled code wrote to a recorded tensor.
        """
        outputs = []
        for t in returned:
            number = self._number(t)
            if number >= 0:
                self._require_equal(t, self.tensors.values[number])
                outputs.append(number)
        for t, number in self.tensors.living():
            if self.tensors.current(t) is None:
                self._made_elsewhere(t)
            elif self.tensors.written_unseen(t):
                made = next((i for i, step in enumerate(self.steps) if number in step.outputs), -1)
                call = self.made_in[made] if made >= 0 else -1
                where = self.stack.calls[call].name if call >= 0 else "the image"
                raise RecordingError(
                    f"what {where!r} made was written in place by code that cannot be seen: scripted or compiled "
                    "code, or Tensor.set_, by which reversible blocks free their memory; use the plain Python "
                    "function, or a block that keeps its activations"
                )
        self._leave_out_unused(outputs)
        for place, step in enumerate(self.steps):
            if isinstance(step, CustomFunction):
                self.steps[place] = self._finished_function(step)
        return outputs

    def _require_equal(self, live: Tensor, value: Tensor) -> None:
        """Raise where what was recorded is not what the network computed."""
        same = address(live) == address(value) and live.stride() == value.stride()
        if not (same or same_values(live.detach(), value)):
            raise RecordingError(
                "what was recorded is not what the network returned: it was written in a way that cannot be followed; "
                "replace writes in place by calls that return new tensors"
            )

    def release(self) -> None:
        """Drop what leads in circles, so that nothing waits for the garbage collector."""
        self.stack.release()
        self.written.release()
        self.tensors.release()
        self._functions.clear()

    def _finished_function(self, step: CustomFunction) -> Step:
        if len(step.outputs) != 1:
            return step
        y = self.tensors.values[step.outputs[0]]
        read = read_norm(step) or read_rectifier(step, y)
        if read is None:
            return step
        read.call, read.sources = step.call, ()
        read.inputs, read.outputs = step.inputs, step.outputs
        return read

    def _leave_out_unused(self, outputs: Sequence[int]) -> None:
        """Leave out what was recorded only to keep views in step, and that nothing read."""
        used = set(outputs)
        kept: list[tuple[Step, int]] = []
        for step, made_in in zip(reversed(self.steps), reversed(self.made_in), strict=True):
            if isinstance(step, Overwritten) and not used & set(step.outputs):
                continue
            used.update(step.inputs)
            kept.append((step, made_in))
        self.steps = [step for step, _ in reversed(kept)]
        self.made_in = [made_in for _, made_in in reversed(kept)]

    # --- words ----------------------------------------------------------------------------------------------

    def _where(self) -> str:
        self.stack.innermost()
        return self.stack.where()

    def _place(self) -> str:
        """Return where the network is, for a message."""
        where = self._where()
        return repr(where) if where else "the network"

    def _in_inference_mode(self) -> RecordingError:
        return RecordingError(
            f"{self._place()} runs in torch.inference_mode, whose tensors cannot be followed; "
            "remove it, or use torch.no_grad"
        )

    def _stop(self, what: str) -> None:
        stop = f"{self._where() or 'the network'}: {what}"
        if stop not in self.stops:
            self.stops.append(stop)

    def _refused(self, call: Call, error: Exception, tracked: dict[int, Tensor]) -> str:
        given = next(iter(tracked.values()), None)
        return refusal(call, error, self.stack.where(), self.tensors.values[0], given)

    def _require_replaceable(self, target: Tensor, name: str) -> None:
        if id(target) in self._own:
            raise RecordingError(
                f"{name} in {self._place()} writes to a parameter or buffer that was used before; "
                "make a new tensor instead"
            )


def _property(func: Function) -> str:
    """Return the name of the property that a getter or setter belongs to."""
    return str(getattr(getattr(func, "__self__", None), "__name__", "attribute"))


def as_saved(t: Tensor) -> Tensor:
    """Return what a custom function saved, as it is."""
    return t


def _distinct(
    output: Any, made: list[Tensor], tracked: dict[int, Tensor]
) -> tuple[Any, list[Tensor]]:
    """Return the outputs with a fresh alias for any that is an input itself, so that each layer is its own tensor."""
    if not any(id(t) in tracked for t in made):
        return output, made
    fresh = {id(t): t.view_as(t) for t in made if id(t) in tracked}
    return replaced(output, by_identity(fresh)), [fresh.get(id(t), t) for t in made]
