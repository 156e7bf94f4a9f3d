"""Rules that users register are applied to the calls they are for, to no others, and for as long as they should be."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import deconvscope as ds
from deconvscope.reversal import registered_rules

from .agreement import assert_equal_pictures


class Between(nn.Module):
    """A convolution, what a test calls, and another convolution."""

    def __init__(self, then: Callable[..., Any]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Conv2d(3, 6, 3).double(), nn.Conv2d(6, 2, 3).double()
        self.then = then

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.then(self.first(x)))


def image() -> Tensor:
    return torch.randn(3, 11, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def record(then: Callable[..., Any]) -> ds.Recording:
    return ds.ReversedNetwork(Between(then)).record(image())


NEURON = ds.Neuron("last", 1, 2, 5)


def gradient(then: Callable[[Tensor], Tensor]) -> Tensor:
    """The picture of `NEURON` by automatic differentiation."""
    x = image().requires_grad_()
    Between(then)(x[None])[0, NEURON.channel, NEURON.y, NEURON.x].backward()
    assert x.grad is not None
    return x.grad


def by_hand(reverse: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """The picture of `NEURON` by two transposed convolutions and what a test does between them, to ŷ and x."""
    network = Between(nn.Identity())
    x = F.conv2d(image()[None], network.first.weight, network.first.bias)
    y_hat = torch.zeros(1, 2, 7, 8, dtype=torch.float64)
    y_hat[0, NEURON.channel, NEURON.y, NEURON.x] = 1
    y_hat = F.conv_transpose2d(y_hat, network.last.weight)
    return F.conv_transpose2d(reverse(y_hat, x), network.first.weight)[0].detach()


def rectified(y_hat: Tensor, slope: Tensor, relu: str) -> Tensor:
    """RU† as in the paper's section 2."""
    y_hat = y_hat.clamp(min=0) if relu in ("relu", "relu+mask") else y_hat
    return y_hat * slope if relu in ("mask", "relu+mask") else y_hat


def wobbly(x: Tensor) -> Tensor:
    return x + 2 * torch.sin(x)


WOBBLY_SLOPE = lambda x: 1 + 2 * torch.cos(x)  # noqa: E731


def hardsigmoid_slope(x: Tensor) -> Tensor:
    return ((x > -3) & (x < 3)).to(x.dtype) / 6


# ------------------------------------------------------------------------------------- rectifiers


@pytest.mark.parametrize("relu", ["identity", "relu", "mask", "relu+mask"])
@pytest.mark.parametrize("derivative", [None, WOBBLY_SLOPE])
def test_a_function_of_ones_own_is_a_rectifier(relu: str, derivative: Any) -> None:
    rec = record(ds.reversed_rule(ds.AsRectifier(derivative))(wobbly))
    picture = rec.reverse(NEURON, ds.Architecture(relu=relu)).dense()[0]
    expected = by_hand(lambda y_hat, x: rectified(y_hat, WOBBLY_SLOPE(x), relu))
    assert_equal_pictures(picture, expected, relu)


@pytest.mark.parametrize(
    "then",
    [
        nn.Hardsigmoid(),
        nn.Hardsigmoid(inplace=True),
        F.hardsigmoid,
        lambda x: F.hardsigmoid(x, inplace=True),
        torch.ops.aten.hardsigmoid,
        torch.ops.aten.hardsigmoid.default,
    ],
    ids=["module", "module in place", "function", "function in place", "operator", "overload"],
)
def test_a_function_of_torch_is_a_rectifier_in_every_spelling(then: Callable[..., Tensor]) -> None:
    with ds.register_rule(F.hardsigmoid, ds.AsRectifier()):
        rec = record(then)
    assert [call.rule for call in rec.coverage().registered] == ["RU† (registered)"]
    for architecture in (ds.DECONVNET, ds.SALINET, ds.DESALINET):

        def twin(y_hat: Tensor, x: Tensor, relu: str = str(architecture.relu)) -> Tensor:
            return rectified(y_hat, hardsigmoid_slope(x), relu)

        picture = rec.reverse(NEURON, architecture)[architecture]
        assert_equal_pictures(picture, by_hand(twin), architecture)


@pytest.mark.parametrize("registered", [torch.relu, torch.relu_, F.relu, torch.Tensor.relu_])
def test_a_rule_takes_the_place_of_the_built_in_one(registered: Callable[..., Tensor]) -> None:
    def negated(y_hat: Tensor, call: ds.RecordedCall) -> Tensor:
        return -y_hat

    spellings: list[Callable[[Tensor], Tensor]] = [
        torch.relu,
        lambda x: x.relu(),
        lambda x: x.relu_(),
        nn.ReLU(inplace=True),
    ]
    for then in spellings:
        with ds.register_rule(registered, negated):
            picture = record(then).reverse(NEURON, "DeSaliNet").dense()[0]
        assert_equal_pictures(picture, by_hand(lambda y_hat, x: -y_hat), then)


def test_operators_are_spellings_of_their_function() -> None:
    def halved(y_hat: Tensor, call: ds.RecordedCall) -> Tensor:
        return y_hat / 2

    def multiplied(x: Tensor) -> Tensor:
        x *= 3
        return x

    products = [multiplied, lambda x: x * 3, lambda x: 3 * x, lambda x: torch.mul(x, 3)]
    powers = [lambda x: x**3, lambda x: torch.pow(x, 3), lambda x: x.pow_(3)]
    for function, spellings in ((torch.mul, products), (torch.pow, powers)):
        for then in spellings:
            with ds.register_rule(function, halved):
                picture = record(then).reverse(NEURON, "SaliNet").dense()[0]
            assert_equal_pictures(picture, by_hand(lambda y_hat, x: y_hat / 2), function)


def test_a_registered_rectifier_takes_rules_for_its_layer_alone() -> None:
    with ds.register_rule(F.hardsigmoid, ds.AsRectifier()):
        rec = record(nn.Hardsigmoid())
    architecture = ds.Architecture(relu="relu+mask", overrides={"then": "identity"})
    assert_equal_pictures(
        rec.reverse(NEURON, architecture).dense()[0], by_hand(lambda y_hat, x: y_hat), architecture
    )


def test_a_registered_rectifier_keeps_windows_small() -> None:
    with ds.register_rule(F.hardsigmoid, ds.AsRectifier()):
        rec = record(nn.Hardsigmoid())
    field = rec.receptive_field("last")
    assert field is not None
    assert field.size == (5, 5)
    assert rec.reverse(NEURON, "SaliNet").window.height == 5


# ------------------------------------------------------------------------------------- any rule


def straight_through(y_hat: Tensor, call: ds.RecordedCall) -> Tensor:
    return y_hat * (call.inputs[0].abs() < 1)


def test_a_rule_of_ones_own_reverses_a_call() -> None:
    rec = record(ds.reversed_rule(straight_through)(lambda x: x.sign()))
    for architecture in ds.EIGHT:
        picture = rec.reverse(NEURON, architecture).dense()[0]
        assert_equal_pictures(
            picture, by_hand(lambda y_hat, x: y_hat * (x.abs() < 1)), architecture
        )


def pairwise_maximum(x: Tensor) -> Tensor:
    return x.unflatten(1, (2, -1)).amax(1).repeat(1, 2, 1, 1)


def clamped_gradient(y_hat: Tensor, call: ds.RecordedCall) -> Tensor:
    clamps = call.architecture.relu_at(call.layer).clamps
    return call.vjp(y_hat.clamp(min=0) if clamps else y_hat)


def test_a_rule_may_depend_on_the_architecture() -> None:
    rec = record(ds.reversed_rule(clamped_gradient)(pairwise_maximum))
    assert_equal_pictures(
        rec.reverse(NEURON, "SaliNet")["SaliNet"], gradient(pairwise_maximum), "SaliNet"
    )

    def twin(y_hat: Tensor, x: Tensor) -> Tensor:
        first, second = x.chunk(2, 1)
        arrived = sum(part.clamp(min=0) for part in y_hat.chunk(2, 1))
        return torch.cat([arrived * (first > second), arrived * (second > first)], 1)

    assert_equal_pictures(rec.reverse(NEURON, "DeSaliNet")["DeSaliNet"], by_hand(twin), "DeSaliNet")


@dataclass
class Pair:
    left: Tensor
    right: Tensor


def product_rule(y_hats: tuple[Tensor, ...], call: ds.RecordedCall) -> Any:
    return call.vjp(y_hats)


@ds.reversed_rule(product_rule)
def mixed(pair: Pair, scale: float, *, bias: Tensor) -> tuple[Tensor, Tensor]:
    return pair.left * pair.right * scale + bias, pair.left.cumsum(1)


def several(x: Tensor) -> Tensor:
    first, second = mixed(Pair(x.tanh(), x.exp()), 0.5, bias=torch.ones(1, dtype=x.dtype))
    return first + second * first


def only_the_second(x: Tensor) -> Tensor:
    return mixed(Pair(x.tanh(), x.exp()), 0.5, bias=torch.ones(1, dtype=x.dtype))[1]


@pytest.mark.parametrize("then", [several, only_the_second])
def test_the_gradient_as_a_rule_is_the_gradient(then: Callable[[Tensor], Tensor]) -> None:
    rec = record(then)
    assert "mixed" in [call.call for call in rec.coverage().registered]
    assert_equal_pictures(rec.reverse(NEURON, "SaliNet")["SaliNet"], gradient(then), then)


def test_random_numbers_are_those_of_the_recording() -> None:
    dropped = ds.reversed_rule(lambda y_hat, call: call.vjp(y_hat))(
        lambda x: F.dropout(x, 0.5, True)
    )
    rec = record(dropped)
    torch.manual_seed(77)
    kept = (rec["<lambda>"] != 0).to(torch.float64)[None] * 2
    picture = rec.reverse(NEURON, "SaliNet")["SaliNet"]
    assert_equal_pictures(picture, by_hand(lambda y_hat, x: y_hat * kept), "dropout")


def test_many_selections_together_are_each_alone() -> None:
    rec = record(ds.reversed_rule(clamped_gradient)(pairwise_maximum))
    neurons = [NEURON, ds.Neuron("last", 0, 0, 0), ds.Neuron("last", 1, 6, 7)]
    together = rec.reverse(neurons, ds.EIGHT)
    for neuron, result in zip(neurons, together, strict=True):
        for architecture in ds.EIGHT:
            alone = rec.reverse(neuron, architecture)[architecture]
            assert_equal_pictures(result[architecture], alone, architecture)


def test_inputs_through_which_nothing_flows_get_nothing() -> None:
    @ds.reversed_rule(lambda y_hat, call: [None, y_hat])
    def second(a: Tensor, b: Tensor) -> Tensor:
        return a + b

    picture = record(lambda x: second(x.exp(), 2 * x)).reverse(NEURON, "SaliNet").dense()[0]
    assert_equal_pictures(picture, by_hand(lambda y_hat, x: 2 * y_hat), "second")
    blocked = ds.reversed_rule(lambda y_hat, call: None)(wobbly)
    assert not record(blocked).reverse(NEURON, "SaliNet").values.any()


def test_methods_can_have_rules() -> None:
    class Gate(nn.Module):
        @ds.reversed_rule(ds.AsRectifier())
        def forward(self, x: Tensor) -> Tensor:
            return wobbly(x)

    rec = record(Gate())
    assert (rec.layers["then"].kind, rec.coverage().counts()["rectifier"]) == ("rectifier", 1)
    expected = by_hand(lambda y_hat, x: rectified(y_hat, WOBBLY_SLOPE(x), "relu+mask"))
    assert_equal_pictures(rec.reverse(NEURON, "DeSaliNet")["DeSaliNet"], expected, "method")


def test_custom_operators_can_have_rules() -> None:
    @torch.library.custom_op("deconvscope_test::tripled", mutates_args=())
    def tripled(x: Tensor) -> Tensor:
        return 3 * x

    operator = torch.ops.deconvscope_test.tripled
    with ds.register_rule(operator, lambda y_hat, call: 3 * y_hat):
        for then in (tripled, operator, operator.default):
            picture = record(then).reverse(NEURON, "SaliNet")["SaliNet"]
            assert_equal_pictures(picture, by_hand(lambda y_hat, x: 3 * y_hat), then)


def test_a_custom_autograd_function_has_the_rule_of_what_calls_it() -> None:
    class Sign(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x.sign()

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
            return 7 * g

    own = record(Sign.apply).reverse(NEURON, "SaliNet")["SaliNet"]
    assert_equal_pictures(own, by_hand(lambda y_hat, x: 7 * y_hat), "its own backward")
    rec = record(ds.reversed_rule(straight_through)(lambda x: Sign.apply(x)))
    expected = by_hand(lambda y_hat, x: y_hat * (x.abs() < 1))
    assert_equal_pictures(rec.reverse(NEURON, "SaliNet")["SaliNet"], expected, "the rule")


def test_a_decorated_function_is_what_it_was_outside_of_a_recording() -> None:
    gate = ds.reversed_rule(ds.AsRectifier())(wobbly)
    x = torch.randn(3, requires_grad=True)
    gate(x).sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, WOBBLY_SLOPE(x.detach()))
    assert (gate.__name__, gate.__wrapped__) == ("wobbly", wobbly)  # type: ignore[attr-defined]


def test_a_decorated_function_works_under_other_modes_and_inside_another() -> None:
    inner = ds.reversed_rule(ds.AsRectifier())(wobbly)
    outer = ds.reversed_rule(clamped_gradient)(lambda x: 2 * inner(x))
    x = torch.randn(3, requires_grad=True)
    with torch.device("cpu"):  # a mode too
        outer(x).sum().backward()
        with torch.no_grad():
            outer(x)
    assert x.grad is not None
    torch.testing.assert_close(x.grad, 2 * WOBBLY_SLOPE(x.detach()))
    rec = record(outer)
    assert len(rec.coverage().registered) == 1
    expected = by_hand(lambda y_hat, x: 2 * y_hat * WOBBLY_SLOPE(x))
    assert_equal_pictures(rec.reverse(NEURON, "SaliNet")["SaliNet"], expected, "nested")


# ------------------------------------------------------------------------------------- registration


def rules(then: Callable[..., Any]) -> list[str]:
    return [call.rule for call in record(then).coverage().calls if call.kind != "convolution"]


def test_a_registration_ends_and_recordings_keep_their_rules() -> None:
    def halved(y_hat: Tensor, call: ds.RecordedCall) -> Tensor:
        return y_hat / 2

    before = rules(F.hardsigmoid)
    registration = ds.register_rule(F.hardsigmoid, halved)
    rec = record(F.hardsigmoid)
    with ds.register_rule(F.hardsigmoid, ds.AsRectifier(), replace=True):
        assert rules(F.hardsigmoid) == ["RU† (registered)"]
    assert rules(F.hardsigmoid) == ["halved (registered)"]
    registration.remove()
    registration.remove()
    assert rules(F.hardsigmoid) == before == ["RU†"]
    picture = rec.reverse(NEURON, "SaliNet")["SaliNet"]
    assert_equal_pictures(picture, by_hand(lambda y_hat, x: y_hat / 2), "kept")
    assert not registered_rules._registered


def test_registrations_may_end_in_any_order() -> None:
    first = ds.register_rule(torch.relu, ds.AsRectifier())
    second = ds.register_rule(F.relu, straight_through, replace=True)
    first.remove()
    assert rules(torch.relu) == ["straight_through (registered)"]
    second.remove()
    assert rules(torch.relu) == ["RU†"]


def test_a_decorated_function_can_be_registered_anew() -> None:
    gate = ds.reversed_rule(ds.AsRectifier())(wobbly)
    with pytest.raises(ValueError, match="wobbly has a registered rule already"):
        ds.register_rule(gate, straight_through)
    with ds.register_rule(gate, straight_through, replace=True):
        assert rules(gate) == ["straight_through (registered)"]
    assert rules(gate) == ["RU† (registered)"]


def test_an_exception_in_a_with_block_ends_the_registration() -> None:
    with pytest.raises(ZeroDivisionError), ds.register_rule(F.hardsigmoid, ds.AsRectifier()):
        raise ZeroDivisionError
    assert rules(F.hardsigmoid) == ["RU†"]


def test_threads_register_and_record_at_once() -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        def own(y_hat: Tensor, call: ds.RecordedCall) -> Tensor:
            return number * y_hat

        try:
            for _ in range(5):
                with ds.register_rule(F.hardsigmoid, own, replace=True):
                    found = rules(F.hardsigmoid)
                    if found != ["own (registered)"]:
                        wrong.append(found)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not registered_rules._registered


def test_coverage_shows_registered_rules() -> None:
    coverage = record(ds.reversed_rule(straight_through)(pairwise_maximum)).coverage()
    assert "pairwise_maximum  straight_through (registered)" in str(coverage)
    assert "straight_through (registered)" in coverage._repr_html_()
    assert "by registered rules: pairwise_maximum; fell back to BP: none" in coverage.summary()
    assert not coverage.suspicious
    assert [call.layer for call in coverage.registered] == ["pairwise_maximum"]


def test_a_registered_rule_is_no_fall_back_that_loses_a_rule() -> None:
    rec = record(lambda x: x.amax(1, keepdim=True).expand(1, 6, -1, -1))
    assert rec.coverage().suspicious
    with ds.register_rule(torch.amax, lambda y_hat, call: call.vjp(y_hat)):
        rec = record(lambda x: x.amax(1, keepdim=True).expand(1, 6, -1, -1))
    assert not rec.coverage().suspicious


# ------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "returned",
    [
        lambda y_hat, call: y_hat[:, :1],
        lambda y_hat, call: y_hat.sum(),
        lambda y_hat, call: [y_hat, y_hat],
        lambda y_hat, call: [],
        lambda y_hat, call: 3.0,
        lambda y_hat, call: y_hat.to(torch.complex128),
        lambda y_hat, call: call.vjp(y_hat[:, :1]),
        lambda y_hat, call: call.vjp([y_hat, y_hat]),
    ],
)
def test_a_rule_that_returns_something_else_is_refused(returned: Callable[..., Any]) -> None:
    rec = record(ds.reversed_rule(returned)(wobbly))
    with pytest.raises(
        ds.RuleError, match=r"the rule registered for wobbly must .* in layer 'wobbly'"
    ):
        rec.reverse(NEURON, "SaliNet")


def test_a_rule_that_fails_is_named() -> None:
    rec = record(ds.reversed_rule(lambda y_hat, call: call.inputs[1])(wobbly))
    with pytest.raises(
        ds.RuleError, match="for wobbly failed in layer 'wobbly': tuple index"
    ) as error:
        rec.reverse(NEURON, "SaliNet")
    assert isinstance(error.value.__cause__, IndexError)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda x: x.softmax(1), "it does not act on each value alone"),
        (
            lambda x: x[:, :3],
            r"it maps a tensor .* and shape \(1, 6, 9, 10\) to .* shape \(1, 3, 9, 10\)",
        ),
        (lambda x: (x, x), r"to \(a tensor of torch.float64"),
        (
            lambda x: x + x.to(torch.complex128),
            "a tensor of torch.float64 .* to a tensor of torch.complex128",
        ),
        (lambda x: torch.heaviside(x, x), "its derivative cannot be computed"),
    ],
)
def test_what_is_no_rectifier_is_not_recorded_as_one(
    function: Callable[..., Any], why: str
) -> None:
    gate = ds.reversed_rule(ds.AsRectifier())(function)
    with pytest.raises(
        ds.RecordingError, match=f"<lambda> is registered as a rectifier, but .*{why}"
    ):
        record(gate)


def test_a_rectifier_has_one_input_and_a_derivative_of_its_shape() -> None:
    with (
        ds.register_rule(torch.add, ds.AsRectifier()),
        pytest.raises(ds.RecordingError, match="2 of its inputs depend on the image"),
    ):
        record(lambda x: torch.add(x, x.exp()))
    gate = ds.reversed_rule(ds.AsRectifier(lambda x: x[:, :1]))(wobbly)
    with pytest.raises(
        ds.RecordingError,
        match=r"its derivative at a tensor .* is a tensor .* shape \(1, 1, 9, 10\)",
    ):
        record(gate)


def test_a_decorated_function_that_writes_to_its_argument_is_refused() -> None:
    gate = ds.reversed_rule(straight_through)(lambda x: x.relu_())
    with pytest.raises(ds.RecordingError, match="writes to its arguments"):
        record(gate)


@pytest.mark.parametrize("with_nodes", [False, True])
def test_a_tensor_of_the_network_that_is_no_argument_is_refused(with_nodes: bool) -> None:
    class Captures(Between):
        def forward(self, x: Tensor) -> Tensor:
            hidden = self.first(x)
            gate = ds.reversed_rule(straight_through)(lambda h: h * hidden)
            return self.last(gate(hidden.exp()))

    network = ds.ReversedNetwork(Captures(nn.Identity()))
    network._with_nodes = with_nodes
    with pytest.raises(ds.RecordingError, match="not among its arguments"):
        network.record(image())


class Held:
    """An object in which no argument is looked for."""

    def __init__(self, x: Tensor) -> None:
        self.x = x


@pytest.mark.parametrize("others", [(), (torch.ones(1, dtype=torch.float64),)], ids=len)
def test_a_tensor_that_an_object_hides_is_refused(others: tuple[Tensor, ...]) -> None:
    gate = ds.reversed_rule(straight_through)(lambda held, *others: held.x * 2)
    with pytest.raises(ds.RecordingError, match="not among its arguments"):
        record(lambda x: gate(Held(x), *others))


def test_a_constant_that_a_function_reads_is_one() -> None:
    gate = ds.reversed_rule(lambda y_hat, call: call.vjp(y_hat))
    picture = (
        record(lambda x: gate(lambda h: h * x.detach() * x.shape[1])(x))
        .reverse(NEURON, "SaliNet")
        .dense()
    )
    assert_equal_pictures(picture[0], by_hand(lambda y_hat, x: 6 * x * y_hat), "constant")


def test_weights_are_no_arguments_and_may_be_read() -> None:
    class Scaled(Between):
        scale = nn.Parameter(torch.tensor(0.3, dtype=torch.float64))

        def forward(self, x: Tensor) -> Tensor:
            gate = ds.reversed_rule(lambda y_hat, call: call.vjp(y_hat))(lambda h: h * self.scale)
            return self.last(gate(self.first(x)))

    picture = (
        ds.ReversedNetwork(Scaled(nn.Identity())).record(image()).reverse(NEURON, "SaliNet").dense()
    )
    assert_equal_pictures(picture[0], by_hand(lambda y_hat, x: 0.3 * y_hat), "weights")


@pytest.mark.parametrize("function", [wobbly, F.upsample, print, torch.library.custom_op])
def test_functions_that_cannot_be_seen_are_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="cannot see calls of"):
        ds.register_rule(function, ds.AsRectifier())


@pytest.mark.parametrize(
    "function", [torch.Tensor.detach, torch.Tensor.size, torch.zeros_like, torch.Tensor.to]
)
def test_calls_that_are_never_recorded_are_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="is not recorded as a call"):
        ds.register_rule(function, ds.AsRectifier())


@pytest.mark.parametrize("name", ["detach", "relu_", "to", "sign", "view_as"])
def test_names_that_recordings_take_for_torchs_are_refused(name: str) -> None:
    def function(x: Tensor) -> Tensor:
        return x

    function.__name__ = name
    with pytest.raises(ValueError, match=f"must not be named '{name}'"):
        ds.reversed_rule(straight_through)(function)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (nn.ReLU, "ReLU is a module"),
        (nn.ReLU(), "ReLU is a module"),
        (torch.autograd.Function, "custom autograd function"),
        (torch.autograd.Function.apply, "custom autograd function"),
        (3, "not for 3"),
        (int, "not for"),
    ],
)
def test_what_is_no_function_is_refused(function: Any, why: str) -> None:
    with pytest.raises(TypeError, match=why):
        ds.register_rule(function, ds.AsRectifier())
    with pytest.raises(TypeError, match=why):
        ds.reversed_rule(ds.AsRectifier())(function)


@pytest.mark.parametrize("rule", ["relu", ds.AsRectifier, None])
def test_what_is_no_rule_is_refused(rule: Any) -> None:
    with pytest.raises(TypeError, match="a rule must be"):
        ds.register_rule(torch.relu, rule)
    with pytest.raises(TypeError, match="a rule must be"):
        ds.reversed_rule(rule)
