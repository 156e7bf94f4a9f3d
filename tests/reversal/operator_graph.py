"""Stands in for a CUDA graph: the operators that a computation launched, repeated into the memory of the first time.

As on a device, nothing of Python is run again, and an operator that would wait for the device or copy to it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

WAITS = ("_local_scalar_dense", "equal", "is_nonzero", "lift_fresh", "masked_select", "nonzero")


class OperatorGraph:
    """A computation, captured operator by operator.

    Attributes:
        picture: what it returned; each replay writes to it.
        replays: how often it was replayed.
    """

    def __init__(self, run: Callable[[], Tensor], device: torch.device) -> None:
        run()
        with _Launches() as launched:
            self.picture = run()
        self._launched, self.replays = launched.operators, 0

    def in_turn(self) -> AbstractContextManager[None]:
        return nullcontext()

    def replay(self) -> None:
        self.replays += 1
        for operator, args, kwargs, output in self._launched:
            again = operator(*args, **kwargs)
            for place, value in zip(tree_leaves(output), tree_leaves(again), strict=True):
                if isinstance(place, Tensor) and place.data_ptr() != value.data_ptr():
                    place.copy_(value)


class _Launches(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.operators: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.__name__.partition(".")[0]
        if name in WAITS:
            raise RuntimeError(f"{name}: operation not permitted when stream is capturing")
        output = func(*args, **(kwargs or {}))
        self.operators.append((func, args, kwargs or {}, output))
        return output
