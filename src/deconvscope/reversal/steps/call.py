"""A call as the recorder sees it, and the table that says which family of steps it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, Literal, TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from ..runtime.nested import tensors_in
from ..runtime.torch_internals import namespaces
from .step import Step

Function = Callable[..., Any]


@dataclass(frozen=True)
class Call:
    """A function and what it was called with, written functionally (never in place).

    Attributes:
        function: as the mode received it, or its counterpart that leaves its input alone.
        name: what people call it, ``"relu"`` for ``Tensor.relu_``.
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
"""Takes a `Call` and the call's own arguments; returns its output and step, None where it is not its business."""

Numbers = Literal["real", "real or complex"]
ANY: Numbers = "real or complex"

FAMILIES: dict[Function, Family] = {}

F_ = TypeVar("F_", bound=Family)

FILLS_AT_RANDOM = ("normal_", "bernoulli_")
"""Calls that fill a tensor, whose namesakes without the underscore read it as a mean or a probability."""


def family(*names: str, numbers: Numbers = "real") -> Callable[[F_], F_]:
    """Register a family for every spelling of the functions of these names.

    Args:
        *names: of the functions.
        numbers: for which its rule is right. A call on complex tensors is never read by a family of real
            numbers: masks and the backward ReLU are not defined there, and affine rules want the conjugate.
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
    for room in namespaces():
        function = getattr(room, name, None)
        if callable(function):
            yield function
        if function is not None and hasattr(function, "overloads"):
            yield from (getattr(function, overload) for overload in function.overloads())


def without_writing(
    function: Function, name: str, kwargs: dict[str, Any]
) -> tuple[Function, str, dict[str, Any]] | None:
    """Return the counterpart of a call that writes its first argument, None where it writes nothing.

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
        return _on_a_copy(function), "setitem", kwargs
    if (
        name.startswith("__i")
        and name.endswith("__")
        and name not in ("__int__", "__index__", "__invert__")
    ):
        plain = getattr(torch.Tensor, f"__{name[3:]}", None)
        if plain is None or name == "__init__":
            return None
        return _in_type_of_target(plain), name[3:-2], kwargs
    if not name.endswith("_") or name.endswith("__"):
        return None
    owner = torch.Tensor if getattr(torch.Tensor, name, None) is function else None
    for room in (owner, F, torch) if name not in FILLS_AT_RANDOM else ():
        plain = getattr(room, name[:-1], None) if room is not None else None
        if callable(plain) and any(function is written for written in spellings(name)):
            return _in_type_of_target(plain), name[:-1], kwargs
    return _on_a_copy(function), name[:-1], kwargs


@cache
def _in_type_of_target(plain: Function) -> Function:
    """Return a call whose result has the type of its first argument, as what is written there has."""

    def converted(target: Tensor, *args: Any, **kwargs: Any) -> Any:
        value = plain(target, *args, **kwargs)
        return value.to(target.dtype) if isinstance(value, Tensor) else value

    if plain in FAMILIES:
        FAMILIES[converted] = FAMILIES[plain]
    return converted


def _on_a_copy(function: Function) -> Function:
    def copied(target: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        copy = target.clone()
        function(copy, *args, **kwargs)
        return copy

    return copied
