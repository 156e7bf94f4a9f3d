"""Random numbers are drawn again as they were, and what is drawn afterwards is not disturbed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import deconvscope as ds
from deconvscope.reversal.runtime.random_state import RandomStates, default_generators

DEVICES = [torch.device("cuda", 1), torch.device("mps"), torch.device("xpu", 0)]


@pytest.fixture(params=DEVICES, ids=str)
def device(request: pytest.FixtureRequest) -> torch.device:
    return request.param


@pytest.fixture
def generator(device: torch.device, monkeypatch: pytest.MonkeyPatch) -> torch.Generator:
    """Stands for the generator of a device."""
    own = torch.Generator().manual_seed(7)

    def get_rng_state(asked: torch.device) -> Tensor:
        assert asked == device
        return own.get_state()

    def set_rng_state(state: Tensor, asked: torch.device) -> None:
        assert asked == device
        own.set_state(state)

    module = getattr(torch, device.type)
    monkeypatch.setattr(module, "get_rng_state", get_rng_state)
    monkeypatch.setattr(module, "set_rng_state", set_rng_state)
    return own


def test_the_processors_and_the_devices_numbers_are_drawn_again(device, generator):
    states = RandomStates.now(default_generators(device))
    first = torch.rand(3), torch.rand(3, generator=generator)
    with states.again():
        again = torch.rand(3), torch.rand(3, generator=generator)
    for a, b in zip(first, again, strict=True):
        assert torch.equal(a, b)


def test_generators_stand_afterwards_where_they_stood(device, generator):
    states = RandomStates.now(default_generators(device))
    torch.rand(3), torch.rand(3, generator=generator)
    before = RandomStates.now(default_generators(device))
    with pytest.raises(RuntimeError, match="broken"), states.again():
        torch.rand(5), torch.rand(5, generator=generator)
        raise RuntimeError("broken")
    for a, b in zip(before.states, RandomStates.now(before.generators).states, strict=True):
        assert torch.equal(a, b)


# --- a recording's numbers are the recording's -------------------------------------------------------------


def attention(h: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(h, h, h, dropout_p=0.5)


def heads(h: Tensor) -> Tensor:
    tokens, weight = h[0].flatten(1)[:, None], torch.eye(36, dtype=h.dtype)
    rows = torch.cat([weight, 2 * weight, weight.flip(0)])
    return F.multi_head_attention_forward(
        tokens,
        tokens,
        tokens,
        36,
        2,
        rows,
        None,
        None,
        None,
        False,
        0.5,
        weight,
        None,
        training=True,
    )[0]


def mixed(h: Tensor) -> Tensor:
    return h * torch.distributions.Gamma(h.exp(), torch.ones_like(h)).rsample()


CALLS: dict[str, Callable[[Tensor], Tensor]] = {
    "scaled_dot_product_attention": attention,
    "multi_head_attention_forward": heads,
    "dropout": lambda h: F.dropout(h, 0.5, True),
    "dropout in place": lambda h: F.dropout(h, 0.5, True, inplace=True),
    "torch.dropout": lambda h: torch.dropout(h, 0.5, train=True),
    "torch.dropout_": lambda h: torch.dropout_(h * 1, 0.5, True),
    "dropout2d": lambda h: F.dropout2d(h, 0.5, True),
    "alpha_dropout": lambda h: F.alpha_dropout(h, 0.5, True),
    "feature_alpha_dropout": lambda h: F.feature_alpha_dropout(h, 0.5, True),
    "native_dropout": lambda h: torch.native_dropout(h, 0.5, True)[0],
    "rrelu": lambda h: F.rrelu(h, training=True),
    "rrelu in place": lambda h: torch.rrelu_(h * 1, training=True),
    "bernoulli": lambda h: h * torch.bernoulli(h.sigmoid()),
    "bernoulli in place": lambda h: h * torch.empty_like(h).bernoulli_(0.5),
    "rand_like": lambda h: h * torch.rand_like(h),
    "randn": lambda h: h * torch.randn(h.shape, dtype=h.dtype),
    "normal": lambda h: torch.normal(h, 1.0) * h,
    "uniform in place": lambda h: h * (h * 1).uniform_(),
    "exponential in place": lambda h: h * torch.empty_like(h).exponential_(),
    "poisson": lambda h: h * torch.poisson(h.exp()),
    "gumbel_softmax": lambda h: F.gumbel_softmax(h, dim=1),
    "gumbel_softmax, hard": lambda h: F.gumbel_softmax(h, hard=True, dim=1),
    "fractional_max_pool2d": lambda h: F.fractional_max_pool2d(h, 2, 3),
    "a gamma distribution": mixed,
    "multinomial": lambda h: h[..., torch.multinomial(h[0, 0, 0].softmax(0), 3)],
    "a generator of its own": lambda h: h * torch.bernoulli(
        h.sigmoid(), generator=torch.Generator().manual_seed(3)
    ),
}  # fmt: skip


class Random(nn.Module):
    """Two convolutions with a call that draws random numbers between them."""

    def __init__(self, call: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.call = nn.Conv2d(3, 4, 3, padding=1).double(), call

    def forward(self, x: Tensor) -> Tensor:
        return self.call(self.conv(x)) * 2


@pytest.mark.parametrize("name", CALLS)
def test_the_way_back_draws_what_the_recording_drew(name):
    network, image = Random(CALLS[name]), torch.randn(3, 6, 6, dtype=torch.float64)
    leaf = image[None].clone().requires_grad_()
    torch.manual_seed(7)
    y = network(leaf)
    y_hat = torch.randn_like(y)
    (gradient,) = torch.autograd.grad(y, leaf, y_hat)
    torch.manual_seed(7)
    rec = ds.ReversedNetwork(network).record(image)
    after = torch.get_rng_state()
    torch.testing.assert_close(
        rec[rec.output_layer], y.detach().reshape(rec[rec.output_layer].shape)
    )
    for _ in range(2):
        signal = ds.Signal(rec.output_layer, y_hat.reshape(rec[rec.output_layer].shape))
        salient = rec.reverse(signal, ds.SALINET)[ds.SALINET]
        torch.testing.assert_close(salient, gradient[0], rtol=0, atol=1e-12)
    assert torch.equal(torch.get_rng_state(), after)


def test_a_generator_given_to_a_call_is_put_back_too():
    given = torch.Generator().manual_seed(3)
    network = Random(lambda h: torch.normal(h, h.exp(), generator=given))
    rec = ds.ReversedNetwork(network).record(torch.randn(3, 6, 6, dtype=torch.float64))
    after = given.get_state()
    neuron = ds.Neuron(rec.output_layer, 0, 2, 3)
    first, second = (rec.reverse(neuron, ds.SALINET).values for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(given.get_state(), after)
