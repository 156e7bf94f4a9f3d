"""The oracle itself: the slow twin against hand-computed 4×4 examples, autograd, captum and zennit."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .slow_twin import ALL, SALIENCY, SlowTwin, one_hot, twin

PRE = torch.tensor([[[-1.0, 2.0, 0.0, 3.0], [4.0, -5.0, 6.0, -7.0]]])
INCOMING = torch.tensor([[[1.0, 2.0, 3.0, -4.0], [-5.0, 6.0, 7.0, -8.0]]])

SPELLINGS = {
    "nn.ReLU": nn.ReLU(),
    "nn.ReLU in place": nn.ReLU(inplace=True),
    "F.relu": F.relu,
    "F.relu in place": lambda x: F.relu(x, True),
    "torch.relu": torch.relu,
    "torch.relu_": torch.relu_,
    "method": Tensor.relu,
    "method in place": Tensor.relu_,
    "clamp": lambda x: x.clamp(min=0),
    "clamp positional": lambda x: torch.clamp(x, 0),
    "clamp_": lambda x: x.clamp_(min=0.0),
    "clamp_min": lambda x: torch.clamp_min(x, 0),
    "clip": lambda x: x.clip(0),
    "maximum": lambda x: torch.maximum(x, torch.zeros(())),
    "max": lambda x: torch.max(x, torch.zeros_like(x)),
    "threshold": nn.Threshold(0.0, 0.0),
    "hardtanh": lambda x: F.hardtanh(x, 0.0, 100.0),
}


class Lambda(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def chain(*parts) -> nn.Sequential:
    return nn.Sequential(*(p if isinstance(p, nn.Module) else Lambda(p) for p in parts)).eval()


def run(function, x: Tensor, y_hat: Tensor, **rules: str) -> Tensor:
    return twin(chain(function), x, "0", y_hat, **{**SALIENCY, **rules})


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    ("relu", "expected"),
    [
        ("identity", [[1, 2, 3, -4], [-5, 6, 7, -8]]),
        ("relu", [[1, 2, 3, 0], [0, 6, 7, 0]]),
        ("mask", [[0, 2, 0, -4], [-5, 0, 7, 0]]),
        ("relu+mask", [[0, 2, 0, 0], [0, 0, 7, 0]]),
    ],
)
def test_every_spelling_of_the_rectifier_follows_the_four_rules(spelling, relu, expected):
    assert run(SPELLINGS[spelling], PRE, INCOMING, relu=relu).tolist() == [expected]


def test_other_rectifiers_are_masked_by_their_derivative():
    x, y_hat = torch.tensor([[[-2.0, 0.5, 7.0]]]), torch.tensor([[[3.0, -5.0, 2.0]]])
    leaky = nn.LeakyReLU(0.1)
    assert torch.allclose(run(leaky, x, y_hat, relu="mask"), torch.tensor([[[0.3, -5.0, 2.0]]]))
    assert torch.allclose(run(leaky, x, y_hat, relu="relu+mask"), torch.tensor([[[0.3, 0, 2.0]]]))
    assert run(nn.ReLU6(), x, y_hat, relu="mask").tolist() == [[[0, -5, 0]]]
    tanh = run(torch.tanh, x, y_hat, relu="relu+mask")[0, 0]
    assert torch.allclose(
        tanh, torch.tensor([3 / math.cosh(2) ** 2, 0, 2 / math.cosh(7) ** 2]), atol=1e-7
    )
    silu = run(F.silu, x, y_hat, relu="relu+mask")[0, 0]  # f′(−2) < 0: the sign turns, and stays
    assert silu[0] == pytest.approx(3 * -0.0907843) and silu[1] == 0


def test_a_2x2_pool_by_hand():
    x = torch.arange(16.0).view(1, 4, 4)
    x[0, 0, 1] = 99
    y_hat = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    switched = [[0, 1, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0], [0, 3, 0, 4]]
    centred = [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    pool = nn.MaxPool2d(2)
    assert run(pool, x, y_hat, pool="switches").tolist() == [switched]
    assert run(pool, x, y_hat, pool="centre").tolist() == [centred]


def test_overlapping_windows_are_summed_and_the_padding_is_dropped_by_hand():
    x = torch.zeros(1, 4, 4)
    x[0, 1, 1] = 1
    y_hat = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    overlapping = nn.MaxPool2d(3, stride=1)
    expected = torch.zeros(4, 4)
    expected[1, 1] = 10
    assert torch.equal(run(overlapping, x, y_hat, pool="switches")[0], expected)
    padded = nn.MaxPool2d(2, stride=3, padding=1)  # the top left of the first windows is padding
    expected = torch.zeros(4, 4)
    expected[2, 2] = 4
    assert torch.equal(run(padded, x, y_hat, pool="centre")[0], expected)


@pytest.mark.parametrize(
    "pool",
    [
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, 2),
        nn.MaxPool2d(3, 2, 1, ceil_mode=True),
        nn.MaxPool2d((3, 4), (1, 2), (1, 2), ceil_mode=True),
        nn.MaxPool2d(3, 1, 1, dilation=2),
        nn.MaxPool2d(2, 2, dilation=(2, 3)),
    ],
    ids=repr,
)
def test_unpooling_to_the_centre_equals_a_loop_over_the_windows(pool):
    x = torch.randn(2, 9, 8)
    shape = pool(x[None])[0].shape
    y_hat = torch.randn(shape)
    pair = {k: (v if isinstance(v, tuple) else (v, v)) for k, v in vars(pool).items()}
    expected = torch.zeros_like(x)
    for c, i, j in torch.cartesian_prod(*(torch.arange(n) for n in shape)).tolist():
        place = []
        for u, dim in ((i, 0), (j, 1)):
            taps = [
                u * pair["stride"][dim] - pair["padding"][dim] + tap * pair["dilation"][dim]
                for tap in range(pair["kernel_size"][dim])
            ]
            place.append(taps[(len(taps) - 1) // 2])
        if 0 <= place[0] < 9 and 0 <= place[1] < 8:
            expected[c, place[0], place[1]] += y_hat[c, i, j]
    assert torch.allclose(run(pool, x, y_hat, pool="centre"), expected)


def test_adaptive_pools_have_windows_of_different_sizes():
    x = torch.arange(5.0).view(1, 1, 5)  # windows 0–1, 1–3, 3–4
    y_hat = torch.tensor([[[1.0, 2.0, 4.0]]])
    pool = nn.AdaptiveMaxPool2d((1, 3))
    assert run(pool, x, y_hat, pool="switches").tolist() == [[[0, 1, 0, 2, 4]]]
    assert run(pool, x, y_hat, pool="centre").tolist() == [[[1, 0, 2, 4, 0]]]


def test_local_response_normalisation_is_the_identity_or_its_gradient():
    x, y_hat = torch.randn(4, 2, 2), torch.randn(4, 2, 2)
    norm = nn.LocalResponseNorm(3, alpha=2.0)
    assert torch.equal(run(norm, x, y_hat, lrn="identity"), y_hat)
    (_, expected) = torch.autograd.functional.vjp(norm, x[None], y_hat[None])
    assert torch.allclose(run(norm, x, y_hat, lrn="bp"), expected[0])


class Branching(nn.Module):
    """In-place calls after the chosen layer, a skip from before a rectifier, a module used twice."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.block = nn.Conv2d(4, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.norm = nn.LocalResponseNorm(3, alpha=1.0)

    def forward(self, x):
        x = self.norm(self.relu(self.stem(x)))
        out = self.block(F.silu(x))
        out += x
        out = self.relu(out)
        return self.pool(torch.cat([self.block(out), x], 1))


LAYERS = ["stem", "relu", "norm", "silu", "block", "add", "relu_1", "block_1", "cat", "pool"]
# calls in the outermost forward are `.name`


@pytest.mark.parametrize("layer", LAYERS)
def test_salinet_is_autograd(layer):
    torch.manual_seed(1)
    network, x = Branching().eval().double(), torch.randn(3, 10, 9).double()
    name = f".{layer}" if layer in ("silu", "add", "cat") else layer
    slow = SlowTwin(network, x, [name])
    y_hat = torch.randn_like(slow.activation(name))

    def forward(image):  # the same network cut by hand, without any call in place
        a = network.stem(image)
        b = a.relu()
        c = network.norm(b)
        d = F.silu(c)
        e = network.block(d)
        f = e + c
        g = f.relu()
        h = network.block(g)
        i = torch.cat([h, c], 1)
        return dict(zip(LAYERS, [a, b, c, d, e, f, g, h, i, network.pool(i)], strict=True))[layer]

    value, expected = torch.autograd.functional.vjp(forward, x[None], y_hat[None])
    assert torch.equal(slow.activation(name), value[0])
    assert torch.allclose(slow.reverse(name, y_hat, **SALIENCY), expected[0], atol=1e-12)
    assert expected.abs().max() > 1e-3


def test_the_eight_differ_on_a_network_where_all_rules_meet():
    network, x = Branching().eval(), torch.randn(3, 10, 9)
    slow = SlowTwin(network, x, ["pool"])
    y_hat = torch.randn_like(slow.activation("pool"))
    pictures = [slow.reverse("pool", y_hat, **rules) for rules in ALL.values()]
    for i, a in enumerate(pictures):
        for b in pictures[:i]:
            assert (a - b).abs().max() > 1e-3 * a.abs().max()


def plain_chain() -> nn.Sequential:
    return chain(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 5, 3, padding=1),
        nn.ReLU(),
    )


@pytest.mark.parametrize("layer", ["1", "3", "6", "7", "8"])
@pytest.mark.parametrize(
    ("peer", "code"),
    [
        ("NeuronDeconvolution", "FTT"),
        ("NeuronGuidedBackprop", "TTT"),
        ("NeuronGradient", "saliency"),
    ],
)
@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU activations")
def test_captum_agrees_on_a_chain(layer, peer, code):
    import captum.attr

    network, x = plain_chain(), torch.randn(3, 17, 19)
    slow = SlowTwin(network, x, [layer])
    channel, *place = torch.nonzero(slow.activation(layer) > 0)[1].tolist()
    method = getattr(captum.attr, peer)(network, network[int(layer)])
    expected = method.attribute(x[None].requires_grad_(), (channel, *place))[0]
    y_hat = one_hot(slow.activation(layer), (channel, *place))
    assert torch.allclose(slow.reverse(layer, y_hat, **ALL[code]), expected, atol=1e-6)
    assert expected.abs().max() > 1e-3


@pytest.mark.parametrize("depth", [2, 4, 7, 8, 9])
@pytest.mark.parametrize(("peer", "code"), [("DeconvNet", "FTT"), ("GuidedBackprop", "TTT")])
def test_zennit_agrees_on_a_chain(depth, peer, code):
    import zennit.composites

    network, x = plain_chain()[:depth], torch.randn(3, 17, 19)
    layer = str(depth - 1)
    slow = SlowTwin(network, x, [layer])
    y_hat = torch.randn_like(slow.activation(layer))
    image = x[None].clone().requires_grad_()
    with getattr(zennit.composites, peer)().context(network) as changed:
        (expected,) = torch.autograd.grad(changed(image), image, y_hat[None])
    assert torch.allclose(slow.reverse(layer, y_hat, **ALL[code]), expected[0], atol=1e-6)
