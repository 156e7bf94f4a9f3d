"""The forward pass, watched: a `TorchFunctionMode` that turns every call on the image into a `Step`.

No hook, patch or flag is put on the network, and no autograd graph is built. Calls that write in place are run
functionally, so that the activation they would overwrite stays; the tensor written is replaced by its successor
wherever it is used later, and so are its views.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .call_names import (
    IGNORED,
    LEAVES_TORCH,
    MAKES_CONSTANTS,
    ONLY_LIKE,
    QUIET,
    RESHAPES_IN_PLACE,
)
from .calls_in_progress import CallStack
from .errors import InputError, RecordingError
from .memory_limit import is_out_of_memory
from .nested import by_identity, replaced, tensors_in
from .refusals import refusal
from .steps.calls import Call, Function, without_writing
from .steps.hand_written import ImageMasks
from .steps.reading import read
from .steps.shape import Unchanged
from .steps.step import Step
from .written_tensors import WrittenTensors


class Recorder(TorchFunctionMode):
    """Records the calls made while it is the active mode.

    Attributes:
        tensors: the recorded tensors; number 0 is the image.
        steps: the recorded calls, in order.
        made_in: for each step the number of the module call that made it.
        stops: names of calls at which the network left the recorded computation.
        strangers: tensors that were used, and that no call seen here made.
    """

    def __init__(
        self,
        parts: Mapping[str, torch.nn.Module],
        image: Tensor,
        stack: CallStack,
        given: Sequence[Tensor] = (),
    ) -> None:
        super().__init__()
        self.stack = stack
        self.tensors: list[Tensor] = [image]
        self.steps: list[Step] = []
        self.made_in: list[int] = []
        self.stops: list[str] = []
        self.strangers: list[Tensor] = []
        self._slots: dict[int, int] = {id(image): 0}
        own = (own for part in parts.values() for own in (part._parameters, part._buffers))
        self._constants = {id(t): t for kept in own for t in kept.values() if t is not None}
        plain = (value for part in parts.values() for value in vars(part).values())
        self._constants |= {id(t): t for t in plain if isinstance(t, Tensor)}
        self._constants |= {id(t): t for t in given}
        self._versions = [_version(image)]
        self._used: set[int] = set()
        self._masks = ImageMasks()
        self.written = WrittenTensors(self.record, self._slots, stack.where)

    def __torch_function__(
        self,
        func: Function,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one call and record it where it depends on the image."""
        kwargs = kwargs or {}
        target = args[0] if args else kwargs.get("input")
        given = list(tensors_in((args, kwargs)))
        if any(map(self.written.outlived, given)):
            current = self.written.current
            args, kwargs = replaced(args, current), replaced(kwargs, current)
            given = list(tensors_in((args, kwargs)))
        name = getattr(func, "__name__", type(func).__name__)
        tracked = {id(t): t for t in given if id(t) in self._slots}
        for tensor in given:
            if id(tensor) not in self._slots and id(tensor) not in self._constants:
                self._constants[id(tensor)] = tensor
                self.strangers.append(tensor)
        if not tracked:
            return self._unrelated(func, name, args, kwargs)
        self._used.update(id(t) for t in given)
        if name == "__get__":
            return self._attribute(func, args)
        if name in MAKES_CONSTANTS or (
            name in ONLY_LIKE and given[0] is not tracked.get(id(given[0]))
        ):
            value = self._constant(func(*args, **kwargs))
            self._masks.note(Call(func, name, args, kwargs, frozenset()), value)
            return value
        if name in IGNORED:
            return None
        if name in LEAVES_TORCH:
            if name.startswith("detach") and self.stack.inside_function():
                return self.record(
                    Call(Tensor.clone, "clone", args, {}, frozenset(tracked)), tracked
                )
            self.stops.append(f"{self.stack.where() or 'the network'}: {name}")
            left = func(*args, **kwargs)
            if isinstance(left, Tensor):
                left = left.clone()
                self._masks.copied(left, args[0])
            return self._constant(left)
        functional = without_writing(func, name, kwargs)
        if functional is None and isinstance(kwargs.get("out"), Tensor):
            raise RecordingError(
                f"{name}(out=…) in {self.stack.where()!r} writes into a given tensor, which cannot be followed; "
                "use its return value instead"
            )
        if functional is None:
            return self.record(Call(func, name, args, kwargs, frozenset(tracked)), tracked)
        plain, plain_name, kwargs = functional
        y = self.record(Call(plain, plain_name, args, kwargs, frozenset(tracked)), tracked)
        if not isinstance(target, Tensor) or not isinstance(y, Tensor):
            raise RecordingError(
                f"{name} in {self.stack.where()!r} writes in place in a way that cannot be followed"
            )
        if isinstance(self.steps[-1], Unchanged) or name in RESHAPES_IN_PLACE:
            # dropout in eval mode, or another shape for the same values: nothing to write
            self.written.take_place(target, y)
        else:
            self.written.write(target, y)
        return None if name == "__setitem__" else target

    def record(self, call: Call, tracked: dict[int, Tensor]) -> Any:
        """Run a functional call and keep its step."""
        made_in = self.stack.innermost()
        try:
            output, step = read(call, tracked, self._masks)
        except (RuntimeError, ValueError, IndexError) as error:
            if isinstance(error, RecordingError) or is_out_of_memory(error):
                raise
            raise InputError(self._refused(call, error)) from error
        made = [t for t in tensors_in(output) if t.is_floating_point() or t.is_complex()]
        if not made:
            return self._constant(output)
        if len(made) == 1 and id(made[0]) in tracked and call.name in QUIET:
            return output
        output, made = _distinct(output, made, tracked)
        if output is not made[0]:
            self._constants |= {
                id(t): t for t in tensors_in(output) if all(t is not m for m in made)
            }
        step.call = call.name
        step.inputs = tuple(self._slots.get(id(source), -1) for source in step.sources)
        step.sources = ()
        step.outputs = tuple(range(len(self.tensors), len(self.tensors) + len(made)))
        for slot, tensor in zip(step.outputs, made, strict=True):
            self.tensors.append(tensor)
            self._versions.append(_version(tensor))
            self._slots[id(tensor)] = slot
        self.made_in.append(made_in)
        self.steps.append(step)
        self.written.note_views(call, made, tracked)
        return output

    def require_unwritten(self, returned: Sequence[Tensor]) -> None:
        """Raise where code that cannot be seen wrote to a recorded tensor; note what it returned.

        Raises:
            RecordingError: naming the layer's module.
        """
        declared = {id(t) for call in self.stack.calls for t in tensors_in(call.arguments)}
        for slot, (tensor, version) in enumerate(zip(self.tensors, self._versions, strict=True)):
            if tensor._version != version and id(tensor) not in declared:
                made = next((i for i, step in enumerate(self.steps) if slot in step.outputs), -1)
                call = self.made_in[made] if made >= 0 else -1
                where = self.stack.calls[call].name if call >= 0 else "the image"
                raise RecordingError(
                    f"what {where!r} made was written in place by scripted or compiled code, which cannot be seen"
                )
        known = self._slots.keys() | self._constants.keys()
        self.strangers += [t for t in returned if id(t) not in known]

    def release(self) -> None:
        """Drop what leads in circles, so that nothing waits for the garbage collector."""
        self.stack.release()
        self.written.release()

    def slot_of(self, tensor: Tensor) -> int:
        """Return the number of a recorded tensor, −1 for a constant."""
        return self._slots.get(id(tensor), -1)

    def _unrelated(
        self, func: Function, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Run a call on constants; one that writes a constant already used makes a new one."""
        target = args[0] if args else kwargs.get("input")
        functional = without_writing(func, name, kwargs)
        try:
            if functional is not None and isinstance(target, Tensor):
                if id(target) in self._used:
                    plain, _, plain_kwargs = functional
                    self.written.put(target, self._constant(plain(*args, **plain_kwargs)))
                    return None if name == "__setitem__" else target
                if target._base is not None and id(target._base) in self._used:
                    raise RecordingError(
                        f"{name} in {self.stack.where()!r} writes to a part of a constant that was used before; "
                        "make a new one instead"
                    )
            value = self._constant(func(*args, **kwargs))
        except (RuntimeError, ValueError) as error:
            if isinstance(error, RecordingError) or is_out_of_memory(error):
                raise
            where = self.stack.where()
            raise RecordingError(
                f"the network failed in {where or 'its forward'!r}: {error}"
            ) from error
        given = {id(t): t for t in tensors_in((args, kwargs))}
        made = [t for t in tensors_in(value) if id(t) not in given]
        call = Call(func, name, args, kwargs, frozenset())
        self.written.note_views(call, made, given)
        self._masks.note(call, made)
        return value

    def _attribute(self, func: Function, args: tuple[Any, ...]) -> Any:
        name = getattr(getattr(func, "__self__", None), "__name__", "attribute")
        if name not in ("T", "mT", "H", "mH", "real", "imag"):
            value = func(*args)
            if isinstance(value, Tensor):
                self.stops.append(f"{self.stack.where() or 'the network'}: .{name}")
                value = value.clone()
                self._masks.copied(value, args[0])
            return self._constant(value)
        tracked = {id(args[0]): args[0]}
        return self.record(Call(func, name, args, {}, frozenset(tracked)), tracked)

    def _refused(self, call: Call, error: Exception) -> str:
        given = (t for t in tensors_in((call.args, call.kwargs)) if id(t) in self._slots)
        return refusal(call, error, self.stack.where(), self.tensors[0], next(given, None))

    def _constant(self, value: Any) -> Any:
        for tensor in tensors_in(value):
            self._constants[id(tensor)] = tensor
        return value


def _version(tensor: Tensor) -> int:
    if tensor.is_inference():
        raise RecordingError(
            "the network runs in torch.inference_mode, whose tensors cannot be followed; remove it"
        )
    return tensor._version


def _distinct(
    output: Any, made: list[Tensor], tracked: dict[int, Tensor]
) -> tuple[Any, list[Tensor]]:
    """Return the outputs with a fresh alias for any that is an input itself, so that each layer is its own tensor."""
    if not any(id(t) in tracked for t in made):
        return output, made
    fresh = {id(t): t.view_as(t) for t in made if id(t) in tracked}
    return replaced(output, by_identity(fresh)), [fresh.get(id(t), t) for t in made]
