"""Reversed rules that users register: for functions and operators of torch, and for functions of their own.

A recording sees a function of torch, and a function that `reversed_rule` decorates, as one call. A rule that is
registered for it takes the place of the built-in one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import (
    TorchFunctionMode,
    get_testing_overrides,
    handle_torch_function,
    has_torch_function,
)

from .architecture import Architecture
from .errors import RecordingError, RuleError, StaleRecordingError
from .runtime.memory_limit import is_out_of_memory
from .runtime.nested import tensors_in
from .runtime.torch_internals import write_mark
from .signals.batch import Batch
from .signals.window import Dense, Signal
from .steps.backpropagation import Backpropagation, read_product
from .steps.call import Call, Function, Recorded, called, spellings
from .steps.call_names import (
    DESCRIBES,
    LEAVES_TORCH,
    NOT_RECORDED,
    ONLY_LIKE,
    RECORDED_ATTRIBUTES,
)
from .steps.masked_products import FLAT
from .steps.rectifier import Masked, elementwise_slope
from .steps.step import Step


@dataclass(frozen=True)
class AsRectifier:
    """Reverse a call as a rectifier: by RU† of each architecture, with f′(x) as the mask.

    The call must have one input that depends on the image, and act on each of its values alone.

    Args:
        derivative: takes the call's own arguments and returns f′(x), of x's shape. By default automatic differentiation
            computes it, and a recording checks that the function acts on each value alone.
    """

    derivative: Callable[..., Tensor] | None = None


@dataclass(frozen=True)
class RecordedCall:
    """A call that a registered rule reverses. Its tensors belong to the recording: do not write to them.

    Attributes:
        name: the function's name.
        layer: the layer's name.
        architecture: the architecture in which the call is reversed.
        inputs: the arguments that depend on the image, in the order in which they were passed.
        args, kwargs: all arguments.
        output: what the call returned.
    """

    name: str
    layer: str
    architecture: Architecture
    inputs: tuple[Tensor, ...]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    output: Any
    _vjp: Callable[[Any], Sequence[Tensor]] = field(repr=False)

    def vjp(self, y_hat: Tensor | Sequence[Tensor]) -> Any:
        """Return the vector-Jacobian product, which is the rule of BP: x̂ for the only input, or one for each input.

        Args:
            y_hat: ŷ, or one for each output.
        """
        x_hats = self._vjp(y_hat)
        return x_hats[0] if len(self.inputs) == 1 else tuple(x_hats)


CallRule = AsRectifier | Callable[[Any, RecordedCall], Any]
F_ = TypeVar("F_", bound=Function)


class Registration:
    """A rule that is registered for a function, until `remove` is called or a ``with`` block ends.

    Attributes:
        name: the function's name.
        rule: the rule.
    """

    def __init__(self, name: str, rule: CallRule, functions: Sequence[Function] = ()) -> None:
        self.name, self.rule, self._functions = name, rule, tuple(functions)

    def remove(self) -> None:
        """End the registration. The rule that it replaced applies again; existing recordings keep this one."""
        with _lock:
            for function in self._functions:
                left = tuple(one for one in _registered.get(function, ()) if one is not self)
                _registered[function] = left
                if not left:
                    del _registered[function]

    def __enter__(self) -> Registration:
        return self

    def __exit__(self, *raised: object) -> None:
        self.remove()

    def __str__(self) -> str:
        rule = "RU†" if isinstance(self.rule, AsRectifier) else _name(self.rule)
        return f"{rule} (registered)"


_registered: dict[Function, tuple[Registration, ...]] = {}
"""Function → the rules registered for it, of which the last applies. Tuples, so that reading needs no lock."""
_lock = threading.Lock()


def register_rule(function: Function, rule: CallRule, *, replace: bool = False) -> Registration:
    """Register a reversed rule for a function of torch, in all threads, for recordings made from now on.

    All spellings of a function count: ``torch.relu``, ``F.relu``, ``x.relu()``, ``x.relu_()`` and ``nn.ReLU`` are one,
    and so are ``torch.mul`` and ``a * b``. Reflected operators are not: ``1 - x`` calls ``torch.Tensor.__rsub__``.
    `Recording.coverage` lists the name of each call and the rule that it got. For functions of your own use
    `reversed_rule`.

    Args:
        function: a function of torch, a method of ``torch.Tensor``, an operator (``torch.ops.…``), a function that
            dispatches by ``torch.overrides.handle_torch_function``, or one that `reversed_rule` decorates.
        rule: `AsRectifier`, or a function ``rule(y_hat, call)``. It is called for each selection and architecture with
            ŷ, of the shape of the call's output (a tuple where there are several), and with a `RecordedCall`. It
            returns x̂, of the shape of the call's input; where several inputs depend on the image, a sequence of one
            for each. None stands for no signal.
        replace: whether to replace a registered rule, until this one is removed.

    Returns:
        The registration. Its `remove` ends it, as does a ``with`` block.

    Raises:
        ValueError: the function has a registered rule, or its calls cannot be seen in a recording.
        TypeError: the function is a module, or a custom autograd function; or the rule is not one.

    Example:
        >>> import torch
        >>> import deconvscope as ds
        >>> network, image = torch.nn.Softshrink(), torch.randn(3, 8, 8)
        >>> with ds.register_rule(torch.nn.functional.softshrink, ds.AsRectifier()):
        ...     recording = ds.ReversedNetwork(network).record(image)
        >>> [(call.call, call.rule) for call in recording.coverage().registered]
        [('softshrink', 'RU† (registered)')]
    """
    _require_rule(rule)
    name, functions = _name(function), _seen_as(function)
    registration = Registration(name, rule, functions)
    with _lock:
        if not replace and any(_rule_of(one) is not None for one in functions):
            raise ValueError(
                f"{name} has a registered rule already; remove that, or pass replace=True"
            )
        for one in functions:
            _registered[one] = (*_registered.get(one, ()), registration)
    return registration


def reversed_rule(rule: CallRule) -> Callable[[F_], F_]:
    """Decorate a function of tensors, so that a recording sees it as one call with this reversed rule.

    The calls inside the function are not recorded. Therefore everything that depends on the image must be an argument:
    a tensor, or tensors in a list, tuple, dict or dataclass. The function must not write to its arguments. Methods
    can be decorated too, such as the `forward` of a module. Outside of a recording the function works as before.

    Args:
        rule: as for `register_rule`.

    Raises:
        TypeError: what is decorated is not a function, or the rule is not one.
        ValueError: the function has the name of a call that recordings do not record, such as ``detach``.

    Example:
        >>> import torch
        >>> import deconvscope as ds
        >>> def straight_through(y_hat, call):
        ...     return y_hat * (call.inputs[0].abs() < 1)
        >>> @ds.reversed_rule(straight_through)
        ... def binarised(x):
        ...     return x.sign()
        >>> class Network(torch.nn.Module):
        ...     def forward(self, x):
        ...         return binarised(3 * x)
        >>> recording = ds.ReversedNetwork(Network()).record(torch.tensor([[[0.1, 0.9]]]))
        >>> [call.rule for call in recording.coverage().registered]
        ['straight_through (registered)']
        >>> recording.reverse(torch.ones(1, 1, 2), "SaliNet", layer="binarised")["SaliNet"]
        tensor([[[3., 0.]]])
    """
    _require_rule(rule)

    def decorate(function: F_) -> F_:
        _require_function(function)
        name = _name(function)
        if not isinstance(function, FunctionType):
            raise TypeError(f"{name} is not a Python function; register its rule by register_rule")
        if name.endswith("_") or name in NOT_RECORDED | ONLY_LIKE | FLAT:
            raise ValueError(
                f"a decorated function must not be named {name!r}, which recordings take for torch's; rename it"
            )

        @wraps(function)
        def called_alone(*args: Any, **kwargs: Any) -> Any:
            with _OnlyArguments(name, tensors_in((args, kwargs))):
                return function(*args, **kwargs)

        @wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            given = tensors_in((args, kwargs))
            if has_torch_function([*given, _ANY]):  # in a recording
                return handle_torch_function(called_alone, given, *args, **kwargs)
            return function(*args, **kwargs)

        registration = Registration(name, rule)
        setattr(decorated, _DECORATED, (called_alone, registration))
        setattr(called_alone, _DECORATED, (called_alone, registration))
        return decorated  # type: ignore[return-value]

    return decorate


_DECORATED = "_deconvscope_rule"
"""The attribute of a decorated function that holds what a recording sees in its place, and its rule."""


_ANY = torch.empty(0)
"""With a tensor torch tells whether a mode is active, with none it does not."""


class _OnlyArguments(TorchFunctionMode):
    """Refuses tensors of a recording that a function computes with and that are not among its arguments."""

    def __init__(self, name: str, given: Sequence[Tensor]) -> None:
        super().__init__()
        self._name, self._given = name, {id(t): t for t in given}
        self._differentiates = any(t.requires_grad for t in given)

    def __torch_function__(
        self, func: Function, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        attribute = _name(getattr(func, "__self__", None)) if _name(func) == "__get__" else ""
        harmless = _name(
            func
        ) in DESCRIBES | LEAVES_TORCH or attribute not in RECORDED_ATTRIBUTES | {""}
        if not (self._differentiates or harmless):
            for t in tensors_in((args, kwargs)):
                alone = t.is_leaf or not torch.is_grad_enabled()
                known = id(t) in self._given or isinstance(t, nn.Parameter)
                if t.requires_grad and alone and not known:
                    raise RecordingError(
                        f"{self._name} has a registered rule and computes with a tensor that requires a gradient and "
                        "is not among its arguments; pass it as an argument, or as a constant by .detach()"
                    )
        return func(*args, **kwargs)


# --- which functions can be seen --------------------------------------------------------------------------


def _seen_as(function: Function) -> list[Function]:
    """Return each callable that a recording may see where a function is called."""
    _require_function(function)
    if isinstance(function, FunctionType) and hasattr(function, _DECORATED):
        return [getattr(function, _DECORATED)[0]]
    name = _name(function)
    if name in NOT_RECORDED:
        raise ValueError(
            f"{name} is not recorded as a call, so a rule for it would never apply; "
            "decorate a function that calls it with @deconvscope.reversed_rule"
        )
    seen = [*spellings(name)]
    if function not in seen:  # an operator that is not one of torch's own, say
        overloads = function.overloads() if hasattr(function, "overloads") else ()
        seen = [function, *(getattr(function, overload) for overload in overloads)]
    else:
        plain = f"__{name[3:]}" if name.startswith("__i") else name.removesuffix("_")
        names = (plain, f"__{plain}__", plain.strip("_"))
        seen = [*dict.fromkeys([*seen, *(one for each in names for one in spellings(each))])]
    if not any(map(_is_seen, seen)):
        raise ValueError(
            f"a recording cannot see calls of {name}; register a function or operator of torch (torch.ops.…) that it "
            "calls, or decorate it with @deconvscope.reversed_rule"
        )
    return seen


def _is_seen(function: Function) -> bool:
    """Tell whether a mode receives the calls of a function."""
    if isinstance(function, FunctionType) and function not in get_testing_overrides():
        return "handle_torch_function" in function.__code__.co_names
    operator = hasattr(function, "overloads") or hasattr(function, "overloadpacket")
    return operator or function in spellings(_name(function)) or function in get_testing_overrides()


def _require_function(function: object) -> None:
    if isinstance(function, nn.Module) or _is_kind(function, nn.Module):
        raise TypeError(
            f"{_name(function)} is a module; register the function that its forward calls, or decorate its forward "
            "with @deconvscope.reversed_rule"
        )
    owner = function if isinstance(function, type) else getattr(function, "__self__", None)
    if _is_kind(owner, torch.autograd.Function):
        raise TypeError(
            f"{_name(owner)} is a custom autograd function; call its apply in a function that is decorated with "
            "@deconvscope.reversed_rule"
        )
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"a rule is registered for a function, not for {function!r}")


def _is_kind(value: object, kind: type) -> bool:
    return isinstance(value, type) and issubclass(value, kind)


def _require_rule(rule: object) -> None:
    if isinstance(rule, type) or not (isinstance(rule, AsRectifier) or callable(rule)):
        raise TypeError(
            f"a rule must be deconvscope.AsRectifier() or a function rule(y_hat, call), got {rule!r}"
        )


def _name(function: object) -> str:
    return str(getattr(function, "__name__", None) or type(function).__name__)


def _rule_of(function: Function) -> Registration | None:
    found = _registered.get(function)
    if found:
        return found[-1]
    decorated = getattr(function, _DECORATED, None) if isinstance(function, FunctionType) else None
    return decorated and decorated[1]


# --- recording and reversing ------------------------------------------------------------------------------


def read_registered(call: Call, tracked: dict[int, Tensor]) -> Recorded | None:
    """Run a call that has a registered rule, and return its output and step; None where it has none.

    Args:
        call: the call.
        tracked: its arguments that depend on the image, by identity.

    Raises:
        RecordingError: the function writes to its arguments, or is not the rectifier that it is registered as.
    """
    registration = _rule_of(called(call.function))
    if registration is None:
        return None
    marks = [write_mark(x) for x in tracked.values()]
    output, product = read_product(call, tracked)
    if marks != [write_mark(x) for x in tracked.values()]:
        raise RecordingError(
            f"{registration.name} writes to its arguments, which a function with a registered rule must not; "
            "let it return a new tensor"
        )
    rule = registration.rule
    step: Step
    if isinstance(rule, AsRectifier):
        step = _rectifier(registration, rule, call, output, product)
    else:
        step = RegisteredStep(registration, rule, call, output, product)
    step.registered = str(registration)
    return output, step


def _rectifier(
    registration: Registration, rule: AsRectifier, call: Call, y: Any, product: Backpropagation
) -> Masked:
    def wrong(why: str) -> RecordingError:
        return RecordingError(
            f"{registration.name} is registered as a rectifier, but {why}; register a rule(y_hat, call) for it"
        )

    if len(product.xs) != 1:
        raise wrong(f"{len(product.xs)} of its inputs depend on the image")
    (x,) = product.xs
    real = isinstance(y, Tensor) and y.is_floating_point() and x.is_floating_point()
    if not real or y.shape != x.shape:
        raise wrong(f"it maps {_described(x)} to {_described(y)}")
    if rule.derivative is not None:
        slope = rule.derivative(*call.args, **call.kwargs)
        if not isinstance(slope, Tensor) or slope.shape != x.shape:
            raise wrong(f"its derivative at {_described(x)} is {_described(slope)}")
        return Masked(x, y, slope.detach().to(x.dtype))
    try:
        found = elementwise_slope(lambda y_hat: product.vjp([y_hat])[0], y)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise wrong(f"its derivative cannot be computed ({error})") from error
    if found is None:
        raise wrong("it does not act on each value alone")
    return Masked(x, y, found)


class RegisteredStep(Step):
    """A call with a registered rule: x̂ is what the rule returns for ŷ, row by row."""

    kind = "registered"
    rule = "a registered rule"

    def __init__(
        self,
        registration: Registration,
        rule: Callable[[Any, RecordedCall], Any],
        call: Call,
        output: Any,
        product: Backpropagation,
    ) -> None:
        super().__init__(*product.xs)
        self.named = call.name
        self.registration, self.apply = registration, rule
        self.recorded, self.output, self.product = call, output, product
        self.ys = [y for y in tensors_in(output) if y.is_floating_point() or y.is_complex()]

    def only_launches(self, batch: Batch) -> bool:
        """Return False: the rule may do anything."""
        return False

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return what the rule makes of the signal at the only output."""
        return self.reverse_outputs([y_hat], batch)

    def reverse_outputs(
        self, y_hats: Sequence[Signal | None], batch: Batch
    ) -> Sequence[Signal | None]:
        """Return what the rule makes of the signals at the outputs, zeros where nothing arrived.

        Raises:
            RuleError: the rule failed, or returned something that is not x̂ for each input.
        """
        xs = self.product.xs
        if all(y_hat is None for y_hat in y_hats):
            return [None] * len(xs)
        arrived = [None if y_hat is None else y_hat.densified().values for y_hat in y_hats]
        rows = []
        for row in range(batch.rows):
            given = tuple(
                torch.zeros_like(y) if y_hat is None else y_hat[row]
                for y, y_hat in zip(self.ys, arrived, strict=True)
            )
            rows.append(self._reversed(given, batch.architectures[row // batch.lanes]))
        signals: list[Signal | None] = []
        for x, x_hats in zip(xs, zip(*rows, strict=True), strict=True):
            filled = [torch.zeros_like(x) if x_hat is None else x_hat for x_hat in x_hats]
            nothing = all(x_hat is None for x_hat in x_hats)
            signals.append(None if nothing else Dense(torch.stack(filled), batch.lanes))
        return signals

    def _reversed(
        self, y_hats: tuple[Tensor, ...], architecture: Architecture
    ) -> list[Tensor | None]:
        call, xs = self.recorded, self.product.xs
        named = (call.name, self.layer, architecture)
        recorded = RecordedCall(*named, xs, call.args, call.kwargs, self.output, self._vjp)
        try:
            returned = self.apply(y_hats[0] if len(y_hats) == 1 else y_hats, recorded)
        except Exception as error:
            if is_out_of_memory(error) or isinstance(error, StaleRecordingError | RuleError):
                raise
            raise RuleError(
                f"the rule registered for {self.registration.name} failed in layer {self.layer!r}: {error}"
            ) from error
        x_hats = [returned] if len(xs) == 1 and not isinstance(returned, list | tuple) else returned
        if not isinstance(x_hats, list | tuple) or len(x_hats) != len(xs):
            raise self._wrong(f"{len(xs)} tensors, one for each input", returned)
        return [self._checked(x_hat, x) for x_hat, x in zip(x_hats, xs, strict=True)]

    def _vjp(self, y_hat: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
        y_hats = [y_hat] if isinstance(y_hat, Tensor) else list(y_hat)
        if [y.shape for y in y_hats] != [y.shape for y in self.ys]:
            raise self._wrong("vjp(y_hat) with ŷ of the shape of each output", y_hat, "call")
        return self.product.vjp(y_hats)

    def _checked(self, x_hat: object, x: Tensor) -> Tensor | None:
        if x_hat is None:
            return None
        if not isinstance(x_hat, Tensor) or x_hat.shape != x.shape:
            raise self._wrong(f"a tensor of shape {tuple(x.shape)}, as its input", x_hat)
        if x_hat.device != x.device or (x_hat.is_complex() and not x.is_complex()):
            raise self._wrong(f"a tensor of {x.dtype} on {x.device}", x_hat)
        return x_hat.detach().to(x.dtype)

    def _wrong(self, wanted: str, got: object, verb: str = "return") -> RuleError:
        return RuleError(
            f"the rule registered for {self.registration.name} must {verb} {wanted}, in layer {self.layer!r}; "
            f"got {_described(got)}"
        )


def _described(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of {value.dtype} on {value.device} and shape {tuple(value.shape)}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_described, value))})"
    return repr(value)
