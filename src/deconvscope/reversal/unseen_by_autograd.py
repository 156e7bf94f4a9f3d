"""What no function mode sees, found by autograd: the way where torch has no modes below Python's calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .nested import tensors_in


def used_unseen(forward: Callable[[], object], image: Tensor) -> str:
    """Run a network once more, and return the first call that read what unseen code made of the image.

    Autograd follows the image through scripted and compiled code too: a tensor that depends on it, and that no call
    seen here made, was made there.

    Args:
        forward: runs the network on the image; it may write to it.
        image: is made to depend on a leaf of autograd's graph.

    Returns:
        The name of the call, "what the network returns", or "" where everything was seen.
    """
    with torch.enable_grad():
        start = torch.zeros_like(image).requires_grad_()
        image.add_(start)
        origins = _Origins(start, image)
        with origins:
            returned = forward()
        origins.judge("what the network returns", returned)
    return origins.unseen


class _Origins(TorchFunctionMode):
    """Knows which tensors calls made; notes the first call on another that depends on the image."""

    def __init__(self, start: Tensor, image: Tensor) -> None:
        super().__init__()
        self.unseen = ""
        self._start = start
        self._made: dict[int, Tensor] = {id(image): image}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        self.judge(getattr(func, "__name__", type(func).__name__), (args, kwargs))
        value = func(*args, **kwargs)
        for tensor in tensors_in(value):
            self._made[id(tensor)] = tensor
        return value

    def judge(self, call: str, given: object) -> None:
        """Note a call that was given a tensor of unknown origin."""
        for tensor in tensors_in(given):
            if not self.unseen and id(tensor) not in self._made and self._depends(tensor):
                self.unseen = call

    def _depends(self, tensor: Tensor) -> bool:
        if not tensor.requires_grad or tensor.is_leaf:
            return False
        with torch.enable_grad():
            total = (tensor.abs() if tensor.is_complex() else tensor).sum()
            found = torch.autograd.grad(total, self._start, retain_graph=True, allow_unused=True)
        return found[0] is not None
