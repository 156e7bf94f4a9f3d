"""An architecture is three choices, and the names that the field gives to some of them."""

from __future__ import annotations

import warnings

import captum.attr
import pytest
import torch
import zennit.composites
from torch import nn

import deconvscope as ds
from deconvscope.reversal.architecture import as_architectures


def test_the_eight_stand_in_the_order_of_the_papers_figure() -> None:
    assert [a.code for a in ds.EIGHT] == ["TTT", "FTT", "TTF", "FTF", "TFT", "FFT", "TFF", "FFF"]
    assert len(set(ds.EIGHT)) == 8


def test_the_three_letters_are_mask_switches_and_backward_relu() -> None:
    assert (
        ds.Architecture.parse("FTT")
        == ds.DECONVNET
        == ds.Architecture("relu", "switches", "identity")
    )
    assert ds.Architecture.parse("TTT") == ds.DESALINET == ds.Architecture("relu+mask", "switches")
    assert ds.Architecture.parse("FFF") == ds.Architecture("identity", "centre")
    assert (
        ds.Architecture.parse("saliency") == ds.SALINET == ds.Architecture("mask", "switches", "bp")
    )
    assert ds.Architecture.parse("TTF") != ds.SALINET, "they differ in the normalisation"


@pytest.mark.parametrize("architecture", [*ds.EIGHT, ds.SALINET])
def test_names_and_codes_round_trip(architecture: ds.Architecture) -> None:
    assert ds.Architecture.parse(architecture.code) == architecture
    assert ds.Architecture.parse(architecture.name) == architecture
    assert eval(repr(architecture), {"Architecture": ds.Architecture}) == architecture


@pytest.mark.parametrize("text", ["DeConvNot", "TTX", "TT", ""])
def test_an_unknown_name_is_refused_with_those_that_exist(text: str) -> None:
    with pytest.raises(ValueError, match="DeConvNet"):
        ds.Architecture.parse(text)


@pytest.mark.parametrize(
    ("architecture", "names"),
    [
        (
            ds.DECONVNET,
            [
                "deconvolution",
                "Deconvolution",
                "NeuronDeconvolution",
                "ReLUDeconvNet",
                "deconv-net",
            ],
        ),
        (
            ds.SALINET,
            ["Saliency", "gradient", "vanilla gradient", "NeuronGradient", "backpropagation"],
        ),
        (
            ds.DESALINET,
            [
                "guided backpropagation",
                "Guided Back-Propagation",
                "guided_backprop",
                "GuidedBackprop",
                "NeuronGuidedBackprop",
                "ReLUGuidedBackprop",
            ],
        ),
    ],
)
def test_names_of_papers_and_other_packages_are_known(
    architecture: ds.Architecture, names: list[str]
) -> None:
    assert [ds.Architecture.parse(name) for name in names] == [architecture] * len(names)
    assert as_architectures(names[0]) == (architecture,)


def test_the_classes_of_other_packages_have_the_rule_that_is_named_after_them() -> None:
    """Captum and zennit themselves say which architecture each of their names means."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 6, 3))
    x = torch.randn(1, 3, 12, 12)
    recording = ds.ReversedNetwork(network).record(x)
    for name in ("NeuronGradient", "NeuronDeconvolution", "NeuronGuidedBackprop"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # captum tells that it sets hooks
            method = getattr(captum.attr, name)(network, network[3])
            theirs = method.attribute(x.clone().requires_grad_(), (2, 1, 1))[0]
        ours = recording.reverse(ds.Neuron("3", 2, 1, 1), name).dense()[0]
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    for name, composite in (
        ("ReLUDeconvNet", zennit.composites.DeconvNet()),
        ("ReLUGuidedBackprop", zennit.composites.GuidedBackprop()),
    ):
        leaf = x.clone().requires_grad_()
        with composite.context(network) as hooked:
            (theirs,) = torch.autograd.grad(hooked(leaf)[0, 2, 1, 1], leaf)
        ours = recording.reverse(ds.Neuron("3", 2, 1, 1), name).dense()[0]
        torch.testing.assert_close(ours, theirs[0], rtol=1e-4, atol=1e-6)


def test_a_misspelled_name_of_another_package_is_suggested_as_it_is_spelled() -> None:
    with pytest.raises(ValueError, match="did you mean .*'guided backpropagation'"):
        ds.Architecture.parse("gided backpropagaton")


@pytest.mark.parametrize("text", ["Grad-CAM", "IntegratedGradients", "smooth grad", "LRP"])
def test_methods_that_are_no_architecture_are_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match=f"{text!r} is not an architecture") as raised:
        ds.Architecture.parse(text)
    assert "did you mean" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong", [{"relu": "mosk"}, {"pool": "corner"}, {"lrn": "none"}, {"overrides": {"0": "mosk"}}]
)
def test_an_unknown_rule_is_refused_with_those_that_exist(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="one of"):
        ds.Architecture(**wrong)  # type: ignore[arg-type]


def small() -> tuple[nn.Sequential, ds.Recording]:
    torch.manual_seed(3)
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 6, 3), nn.ReLU()
    )
    return network, ds.ReversedNetwork(network).record(torch.randn(3, 12, 12))


def test_an_override_changes_one_layer_alone() -> None:
    _, rec = small()
    neuron = ds.Noise("4")
    mixed = ds.Architecture(overrides={"1": "identity", "2": "centre"})
    all_over = rec.reverse(neuron, [mixed, ds.DESALINET, "FFF"])
    assert not torch.equal(all_over.values[0], all_over.values[1])
    assert not torch.equal(all_over.values[0], all_over.values[2])
    everywhere = ds.Architecture("identity", "centre", overrides={"4": "relu+mask"})
    assert torch.allclose(rec.reverse(neuron, everywhere).values[0], all_over.values[0], atol=1e-6)


def test_an_override_that_fits_no_layer_is_refused() -> None:
    _, rec = small()
    with pytest.raises(LookupError, match="no layer is named '7'"):
        rec.reverse(ds.Strongest("4"), ds.Architecture(overrides={"7": "mask"}))
    with pytest.raises(ValueError, match="does not fit layer '2', a max pool"):
        rec.reverse(ds.Strongest("4"), ds.Architecture(overrides={"2": "mask"}))


def test_rect_grad_at_zero_is_desalinet_and_a_smooth_relu_tends_to_the_mask() -> None:
    _, rec = small()
    zero, smooth = ds.Architecture(ds.RectGrad(0.0)), ds.Architecture(ds.SmoothRelu(1e6))
    r = rec.reverse(
        ds.Strongest("4"), [zero, ds.DESALINET, smooth, "TTF", ds.Architecture(ds.RectGrad(1.0))]
    )
    assert torch.allclose(r.values[0], r.values[1])
    assert torch.allclose(r.values[2], r.values[3], atol=1e-6)
    assert r.values[4].abs().sum() < r.values[0].abs().sum()


def test_uniform_unpooling_spreads_each_value_over_its_window() -> None:
    pool = ds.ReversedNetwork(nn.MaxPool2d(2)).record(torch.randn(1, 4, 4))
    picture = pool.reverse(
        ds.Neuron("max_pool2d", 0, 1, 0), ds.Architecture(pool="uniform")
    ).dense()
    expected = torch.zeros(4, 4)
    expected[2:4, 0:2] = 0.25
    assert torch.equal(picture[0, 0], expected)
