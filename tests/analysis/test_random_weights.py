"""Networks with filters drawn anew: what changes, what stays, and what depends on the seed."""

import pytest
import torch
from torch import nn

import deconvscope as ds
from deconvscope.analysis import randomised


@pytest.fixture
def net() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 64, 5),
        nn.BatchNorm2d(64),
        nn.PReLU(64, init=0.2),
        nn.Sequential(nn.Conv2d(64, 64, 3, groups=8), nn.ReLU()),
        nn.Flatten(),
        nn.Linear(64, 10),
    ).requires_grad_(False)


def test_the_network_is_not_touched(net):
    before = {name: value.clone() for name, value in net.state_dict().items()}
    randomised(net, 0)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_filters_are_drawn_with_the_spread_that_keeps_signals_even(net):
    drawn = randomised(net, 3)
    for conv, fan_in in ((drawn[0], 75), (drawn[3][0], 72), (drawn[5], 64)):
        assert float(conv.weight.mean()) == pytest.approx(0, abs=0.02)
        assert float(conv.weight.std()) == pytest.approx((2 / fan_in) ** 0.5, rel=0.1)
        assert not conv.bias.any()


def test_normalisations_become_the_identity_and_slopes_stay(net):
    with torch.no_grad():
        net[1].running_var.fill_(9)
        net[1].weight.fill_(2)
    drawn = randomised(net, 3).eval()
    x = torch.randn(1, 64, 4, 4)
    torch.testing.assert_close(drawn[1](x), x, rtol=1e-4, atol=1e-6)
    assert torch.equal(drawn.state_dict()["2.weight"], net.state_dict()["2.weight"])


def test_the_seed_decides(net):
    first, again, other = randomised(net, 1), randomised(net, 1), randomised(net, 2)
    assert torch.equal(first[0].weight, again[0].weight)
    assert not torch.equal(first[0].weight, other[0].weight)


def test_random_numbers_elsewhere_are_not_disturbed(net):
    state = torch.get_rng_state()
    randomised(net, 1)
    assert torch.equal(state, torch.get_rng_state())


def test_only_the_layers_named_are_drawn_and_a_longer_cascade_holds_the_shorter(net):
    top, more = randomised(net, 1, ["5"]), randomised(net, 1, ["5", "3"])
    assert torch.equal(top[3][0].weight, net[3][0].weight)
    assert not torch.equal(more[3][0].weight, net[3][0].weight)
    assert torch.equal(more[5].weight, top[5].weight)
    assert torch.equal(more[0].weight, net[0].weight)


def test_a_name_is_no_prefix_of_another():
    net = nn.Sequential(*(nn.Linear(2, 2) for _ in range(11)))
    drawn = randomised(net, 1, ["1"]).state_dict()
    assert torch.equal(drawn["10.weight"], net.state_dict()["10.weight"])


def test_a_deep_network_with_random_filters_still_sees():
    model = ds.load_model("vgg16_trunk")
    rec = ds.ReversedNetwork(randomised(model.network, 0)).record(
        model.preprocess(ds.sample_image("chelsea"))
    )
    top = rec["features.29"]
    assert 0.2 < float((top > 0).float().mean()) < 0.8
    assert 0.01 < float(top.std() / rec.input.std()) < 100


def test_wrong_names_and_seeds_are_refused(net):
    with pytest.raises(ds.UnknownLayerError, match="'3.0'"):
        randomised(net, 0, ["3.o"])
    with pytest.raises(ValueError, match="-1"):
        randomised(net, -1)
