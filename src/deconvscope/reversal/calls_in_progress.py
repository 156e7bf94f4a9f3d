"""Which module's `forward` a call comes from, read from the Python stack: no hook, no patch, nothing to undo."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import torch
from torch.autograd.function import FunctionCtx

_MODULE_CALL: CodeType = torch.nn.Module._call_impl.__code__


@dataclass(frozen=True)
class ModuleCall:
    """One call of a module, or of a custom autograd function.

    Attributes:
        name: the module's path; the class of an autograd function is in `function`.
        parent: number of the call inside which this one was made, −1 for the outermost.
    """

    name: str
    parent: int
    function: type[torch.autograd.Function] | None = None
    arguments: tuple[Any, ...] = ()


class CallStack:
    """Follows the modules whose `forward` is running, by comparing the stack at one call with the last."""

    def __init__(self, parts: Mapping[str, torch.nn.Module], outermost: FrameType) -> None:
        self._names = {id(part): name for name, part in parts.items()}
        self._functions = dict(_function_forwards(torch.autograd.Function))
        self._outermost: FrameType | None = outermost
        self._frames: list[tuple[FrameType, int]] = []
        self.calls: list[ModuleCall] = []

    def innermost(self) -> int:
        """Return the number of the innermost call in progress, −1 where there is none."""
        frames: list[FrameType] = []
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame is not self._outermost:
            if frame.f_code is _MODULE_CALL or frame.f_code in self._functions:
                frames.append(frame)
            frame = frame.f_back
        frames.reverse()
        shared = 0
        while (
            shared < len(self._frames)
            and shared < len(frames)
            and self._frames[shared][0] is frames[shared]
        ):
            shared += 1
        del self._frames[shared:]
        for frame in frames[shared:]:
            parent = self._frames[-1][1] if self._frames else -1
            self._frames.append((frame, len(self.calls)))
            self.calls.append(self._call(frame, parent))
        return self._frames[-1][1] if self._frames else -1

    def inside_function(self) -> bool:
        """Tell whether a custom autograd function's forward is running."""
        call = self.innermost()
        while call >= 0:
            if self.calls[call].function is not None:
                return True
            call = self.calls[call].parent
        return False

    def where(self) -> str:
        """Return the path of the module last seen running, for an error message."""
        return self.calls[self._frames[-1][1]].name if self._frames else ""

    def release(self) -> None:
        """Let go of the frames, which hold the tensors of the pass."""
        self._frames.clear()
        self._outermost = None

    def _call(self, frame: FrameType, parent: int) -> ModuleCall:
        local, code = frame.f_locals, frame.f_code
        if code in self._functions:
            name = self.calls[parent].name if parent >= 0 else ""
            arguments = [local[variable] for variable in code.co_varnames[: code.co_argcount]]
            if code.co_flags & inspect.CO_VARARGS:
                arguments += local[code.co_varnames[code.co_argcount + code.co_kwonlyargcount]]
            if arguments and isinstance(arguments[0], FunctionCtx):
                del arguments[0]
            return ModuleCall(name, parent, self._functions[code], tuple(arguments))
        module = local["self"]
        known = self._names.get(id(module))
        if (
            known is None
        ):  # a module kept outside the tree: named by its class inside the one that called it
            above = self.calls[parent].name if parent >= 0 else ""
            known = f"{above}.{type(module).__name__}".lstrip(".")
        return ModuleCall(known, parent)


def _function_forwards(base: type) -> Iterator[tuple[CodeType, type[torch.autograd.Function]]]:
    """Yield the code of each custom autograd function's forward; torch's own are looked through."""
    subclasses: list[Any] = base.__subclasses__()
    for cls in subclasses:
        code = getattr(cls.__dict__.get("forward"), "__func__", None)
        if code is not None and not cls.__module__.startswith("torch."):
            yield code.__code__, cls
        yield from _function_forwards(cls)
