"""Find the module that makes a call by reading the Python stack, without hooks or patches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType

import torch

from ..runtime.torch_internals import (
    called_module,
    checkpoint_forward,
    current_frame,
    is_function_context,
    module_call,
)


@dataclass(frozen=True)
class ModuleCall:
    """One call of a module.

    Attributes:
        name: the module's path.
        parent: number of the enclosing call, −1 for the outermost.
    """

    name: str
    parent: int


class CallStack:
    """Tracks the running modules by comparing the stack with that of the previous call."""

    def __init__(self, parts: Mapping[str, torch.nn.Module], outermost: FrameType | None) -> None:
        self._names = {id(part): name for name, part in parts.items()}
        self._outermost: FrameType | None = outermost
        self._module_call, self._checkpoint = module_call(), checkpoint_forward()
        self._frames: list[tuple[FrameType, int]] = []
        self.calls: list[ModuleCall] = []

    def innermost(self) -> int:
        """Return the number of the innermost module call in progress, −1 if there is none."""
        frames: list[FrameType] = []
        frame = current_frame()
        while frame is not None and frame is not self._outermost:
            if frame.f_code is self._module_call or (
                self._module_call is None and called_module(frame) is not None
            ):
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

    def inside_checkpoint(self) -> bool:
        """Return whether reentrant `torch.utils.checkpoint` is running part of the network."""
        frame = current_frame()
        while frame is not None and frame is not self._outermost:
            code = frame.f_code
            if code is self._checkpoint:
                return True
            if code.co_argcount and is_function_context(frame.f_locals.get(code.co_varnames[0])):
                return False  # the forward of a custom function inside the checkpoint
            frame = frame.f_back
        return False

    def where(self) -> str:
        """Return the path of the last running module, for an error message."""
        return self.calls[self._frames[-1][1]].name if self._frames else ""

    def release(self) -> None:
        """Drop the frames, which keep the tensors of the pass alive."""
        self._frames.clear()
        self._outermost = None

    def _call(self, frame: FrameType, parent: int) -> ModuleCall:
        module = called_module(frame)
        known = self._names.get(id(module))
        if known is None:  # not registered as a submodule: named by its class under its caller
            above = self.calls[parent].name if parent >= 0 else ""
            known = f"{above}.{type(module).__name__}".lstrip(".")
        return ModuleCall(known, parent)
