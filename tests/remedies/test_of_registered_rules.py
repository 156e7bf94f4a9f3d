"""Remedies of `reversal.registered_rules`: functions that cannot have a rule as they are, and rules that are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import deconvscope as ds

from .remedy import refused, remedies


class Between(nn.Module):
    """A convolution, what a test calls, and another convolution."""

    def __init__(self, then: Callable[..., Any]) -> None:
        super().__init__()
        self.first, self.last, self.then = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 3), then

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.then(self.first(x)))


def record(then: Callable[..., Any]) -> ds.Recording:
    return ds.ReversedNetwork(Between(then)).record(torch.randn(3, 12, 12))


def registered(then: Callable[..., Any]) -> int:
    """Return how many calls of a recording have a registered rule, and reverse it."""
    rec = record(then)
    assert rec.reverse(ds.Channel("last", 0), "DeSaliNet").values.any()
    return len(rec.coverage().registered)


def gradient(y_hat: Any, call: ds.RecordedCall) -> Any:
    return call.vjp(y_hat)


RULE = ds.AsRectifier()


@remedies("has a registered rule already; remove that, or pass replace=True")
def test_second_rule_for_one_function() -> None:
    with ds.register_rule(F.hardsigmoid, RULE) as first:
        with refused(ValueError):
            ds.register_rule(F.hardsigmoid, gradient)
        with ds.register_rule(F.hardsigmoid, gradient, replace=True):
            assert registered(F.hardsigmoid)
        first.remove()
        with ds.register_rule(F.hardsigmoid, gradient):
            assert registered(F.hardsigmoid)


@remedies("register a function or operator of torch (torch.ops.…) that it calls, or decorate it")
def test_function_that_cannot_be_seen() -> None:
    def hidden(x: Tensor) -> Tensor:
        return F.hardsigmoid(x)

    with refused(ValueError) as refusal:
        ds.register_rule(hidden, RULE)
    assert registered(refusal.run("deconvscope.reversed_rule")(RULE)(hidden))
    with ds.register_rule(F.hardsigmoid, RULE):
        assert registered(hidden)


@remedies("decorate a function that calls it with @deconvscope.reversed_rule")
def test_call_that_is_not_recorded() -> None:
    with refused(ValueError) as refusal:
        ds.register_rule(torch.Tensor.detach, RULE)
    assert registered(
        refusal.run("deconvscope.reversed_rule")(lambda y_hat, call: y_hat)(lambda x: x.detach())
    )


@remedies("is a module; register the function that its forward calls, or decorate its forward")
def test_module() -> None:
    with refused(TypeError) as refusal:
        ds.register_rule(nn.Hardsigmoid, RULE)

    class Hardsigmoid(nn.Hardsigmoid):
        forward = refusal.run("deconvscope.reversed_rule")(RULE)(nn.Hardsigmoid.forward)

    assert registered(Hardsigmoid())
    with ds.register_rule(F.hardsigmoid, RULE):
        assert registered(nn.Hardsigmoid())


@remedies("is a custom autograd function; call its apply in a function that is decorated with")
def test_custom_autograd_function() -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return 2 * x

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
            return 2 * g

    with refused(TypeError) as refusal:
        ds.register_rule(Doubled, RULE)  # type: ignore[arg-type]
    decorate = refusal.run("deconvscope.reversed_rule")(gradient)
    assert registered(decorate(lambda x: Doubled.apply(x)))


@remedies("is not a Python function; register its rule by register_rule")
def test_decorated_function_of_torch() -> None:
    with refused(TypeError):
        ds.reversed_rule(RULE)(torch.tanh)
    with ds.register_rule(torch.tanh, RULE):
        assert registered(torch.tanh)


@remedies("a rule must be deconvscope.AsRectifier() or a function rule(y_hat, call)")
def test_what_is_no_rule() -> None:
    with refused(TypeError) as refusal:
        ds.register_rule(torch.tanh, "rectifier")  # type: ignore[arg-type]
    for rule in (refusal.run("deconvscope.AsRectifier()"), gradient):
        with ds.register_rule(torch.tanh, rule):
            assert registered(torch.tanh)


@remedies("pass it as an argument, or as a constant by .detach()")
def test_tensor_that_is_no_argument() -> None:
    @ds.reversed_rule(gradient)
    def scaled(x: Tensor, by: Tensor) -> Tensor:
        return x * by

    def captures(x: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        captured = change(x)
        return ds.reversed_rule(gradient)(lambda h: h * captured)(x.exp())

    with refused(ds.RecordingError):
        record(lambda x: captures(x, lambda x: x))
    assert registered(lambda x: scaled(x.exp(), x))
    assert registered(lambda x: captures(x, lambda x: x.detach()))


@remedies("register a rule(y_hat, call) for it")
@pytest.mark.parametrize("function", [lambda x: x.softmax(1), lambda x: x.cumsum(1)])
def test_what_is_no_rectifier(function: Callable[[Tensor], Tensor]) -> None:
    with refused(ds.RecordingError):
        record(ds.reversed_rule(RULE)(function))
    assert registered(ds.reversed_rule(gradient)(function))


@remedies("vjp(y_hat) with ŷ of the shape of each output")
def test_vjp_of_another_shape() -> None:
    rec = record(ds.reversed_rule(lambda y_hat, call: call.vjp(y_hat[0]))(lambda x: x.exp()))
    with refused(ds.RuleError):
        rec.reverse(ds.Channel("last", 0), "SaliNet")
    assert registered(ds.reversed_rule(gradient)(lambda x: x.exp()))


@remedies("must not; let it return a new tensor")
def test_function_that_writes_to_its_argument() -> None:
    with refused(ds.RecordingError):
        record(ds.reversed_rule(RULE)(lambda x: x.mul_(2)))
    assert registered(ds.reversed_rule(gradient)(lambda x: x.mul(2)))


@remedies("which recordings take for torch's; rename it")
def test_function_of_a_name_of_torchs() -> None:
    def to(x: Tensor) -> Tensor:
        return x.exp()

    with refused(ValueError):
        ds.reversed_rule(RULE)(to)
    to.__name__ = "exponential"
    assert registered(ds.reversed_rule(RULE)(to))
