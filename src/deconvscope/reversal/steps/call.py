"""A call as the recorder sees it, and the table from functions to the families that read their calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from ..runtime.nested import tensors_in
from ..runtime.torch_internals import namespaces
from .step import Step

Function = Callable[..., Any]
Pair = tuple[int, int]


@dataclass(frozen=True)
class Call:
    """A function and its arguments. It never writes in place.

    Attributes:
        function: as the mode received it, or its counterpart that does not write to its input.
        name: its common name, ``"relu"`` for ``Tensor.relu_``.
        tracked: identities of the arguments that depend on the image.
    """

    function: Function
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    tracked: frozenset[int]

    def tracks(self, value: object) -> bool:
        """Tell whether an argument is a tensor that depends on the image."""
        return isinstance(value, Tensor) and id(value) in self.tracked

    def is_complex(self) -> bool:
        """Tell whether any argument is a tensor of complex numbers."""
        return any(t.is_complex() for t in tensors_in((self.args, self.kwargs)))

    def run(self) -> Any:
        """Call it."""
        return self.function(*self.args, **self.kwargs)


Recorded = tuple[Any, Step]
Family = Callable[..., Recorded | None]
"""Reads a `Call` and its own arguments; returns the output and the step, None where it has no rule."""

Numbers = Literal["real", "real or complex"]
ANY: Numbers = "real or complex"

FAMILIES: dict[Function, Family] = {}
"""Function → how its calls are read. Each file of this package adds its own with `family`."""

F_ = TypeVar("F_", bound=Family)

FILLS_AT_RANDOM = ("normal_", "bernoulli_")
"""Calls that fill a tensor; without the underscore they would read it as a mean or a probability."""


def family(*names: str, numbers: Numbers = "real") -> Callable[[F_], F_]:
    """Let the decorated function read the calls of these functions, in every spelling.

    The decorated function takes the `Call` and torch's own arguments, and returns the output and the step to keep. It
    returns None where it has no rule, for another rank say; such a call is reversed by its vector-Jacobian product.

    Args:
        *names: the names of the functions, as in ``torch`` or ``torch.nn.functional``.
        numbers: which numbers the rule is right for. Calls on complex tensors are not read by families of real
            numbers: masks and the backward ReLU are not defined there, and affine rules need the conjugate.
    """

    def register(read: F_) -> F_:
        entry = read if numbers == ANY else _of_real_numbers(read)
        for name in names:
            for function in spellings(name):
                FAMILIES[function] = entry
        return read

    return register


def _of_real_numbers(read: F_) -> F_:
    @wraps(read)
    def read_real(call: Call, *args: Any, **kwargs: Any) -> Recorded | None:
        return None if call.is_complex() else read(call, *args, **kwargs)

    return cast(F_, read_real)


def spellings(name: str) -> Iterator[Function]:
    """Yield each callable of that name that a mode may receive: function, functional, method, operator."""
    for namespace in namespaces():
        function = getattr(namespace, name, None)
        if callable(function):
            yield function
        if function is not None and hasattr(function, "overloads"):
            yield from (getattr(function, overload) for overload in function.overloads())


def without_writing(
    function: Function, name: str, kwargs: dict[str, Any]
) -> tuple[Function, str, dict[str, Any]] | None:
    """Return the counterpart of a call that writes to its first argument, None where it writes nothing.

    Args:
        function: what was called.
        name: its ``__name__``.
        kwargs: its keyword arguments.

    Returns:
        A function that returns what would have been written, its name, and the keyword arguments for it.
    """
    if kwargs.get("inplace") is True:
        return function, name, {key: value for key, value in kwargs.items() if key != "inplace"}
    if name == "__setitem__":
        return _OnACopy(function), "setitem", kwargs
    if (
        name.startswith("__i")
        and name.endswith("__")
        and name not in ("__int__", "__index__", "__invert__")
    ):
        plain = getattr(torch.Tensor, f"__{name[3:]}", None)
        if plain is None or name == "__init__":
            return None
        return _InTypeOfTarget(plain), name[3:-2], kwargs
    if not name.endswith("_") or name.endswith("__"):
        return None
    owner = torch.Tensor if getattr(torch.Tensor, name, None) is function else None
    for namespace in (owner, F, torch) if name not in FILLS_AT_RANDOM else ():
        plain = getattr(namespace, name[:-1], None) if namespace is not None else None
        if callable(plain) and any(function is written for written in spellings(name)):
            return _InTypeOfTarget(plain), name[:-1], kwargs
    return _OnACopy(function), name[:-1], kwargs


@dataclass(frozen=True)
class _Counterpart:
    """A call in place, run so that its first argument, the target, stays as it is."""

    function: Function


class _InTypeOfTarget(_Counterpart):
    """Runs a function; its result gets the target's dtype, as it would have when written there."""

    def __call__(self, target: Tensor, *args: Any, **kwargs: Any) -> Any:
        value = self.function(target, *args, **kwargs)
        return value.to(target.dtype) if isinstance(value, Tensor) else value


class _OnACopy(_Counterpart):
    """Lets a function write to a copy of the target."""

    def __call__(self, target: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        copy = target.clone()
        self.function(copy, *args, **kwargs)
        return copy


def called(function: Function) -> Function:
    """Return what a `Call` calls: a function, or that which is run in place."""
    return function.function if isinstance(function, _Counterpart) else function


def is_map(x: object) -> bool:
    """Tell whether a tensor is a stack of maps (1, C, H, W)."""
    return isinstance(x, Tensor) and x.ndim == 4 and x.shape[0] == 1


def pair(value: Any) -> Pair:
    """Return (rows, columns) from a number or a sequence of one or two."""
    if isinstance(value, int):
        return value, value
    values = [int(v) for v in value]
    return values[0], values[-1]


def stride_or(kernel: Pair, stride: Any) -> Pair:
    """Return the stride of a pool; by default that is the size of its window."""
    return (
        kernel if stride is None or (not isinstance(stride, int) and not stride) else pair(stride)
    )


def broadcast(*shapes: torch.Size) -> torch.Size:
    """Return the shape to which all broadcast."""
    if all(shape == shapes[0] for shape in shapes):
        return shapes[0]
    return torch.Size(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]


def broadcasts_into(part: Tensor, whole: Tensor) -> bool:
    """Tell whether a tensor broadcasts to the other without changing the other's shape."""
    sizes = zip(reversed(part.shape), reversed(whole.shape), strict=False)
    return part.ndim <= whole.ndim and all(a in (1, b) for a, b in sizes)
