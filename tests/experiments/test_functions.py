"""Each experiment on a small network: what its result holds, that a seed repeats it, and what it refuses."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import deconvscope as ds
import deconvscope.experiments as ex
from deconvscope.experiments.drawing import encoded

EXPERIMENTS: dict[str, dict[str, Any]] = {
    "eight_architectures": {},
    "compare_depths": {},
    "neuron_selectivity": {"places": 2, "channels": 3},
    "finite_support": {"layer": "3"},
    "phase": {},
    "cascading_randomisation": {},
}


def run(name, photograph, model, **more):
    return getattr(ex, name)(photograph, model, **{**EXPERIMENTS[name], **more})


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_has_numbers_and_a_figure_and_repeats_itself(name, photograph, small):
    first, again = (run(name, photograph, small) for _ in range(2))
    assert str(first) == str(again)
    assert encoded(first.figure()) == encoded(again.figure())
    assert first.table().rows


@pytest.mark.parametrize(
    ("name", "doing"),
    [
        ("eight_architectures", "recording"),
        ("eight_architectures", "reversing"),
        ("compare_depths", "reversing"),
        ("neuron_selectivity", "comparing"),
        ("cascading_randomisation", "randomising"),
    ],
)
def test_waiting_shows_progress(name, doing, photograph, small, monkeypatch, capsys):
    run(name, photograph, small)
    assert doing not in capsys.readouterr().err  # not within the first second
    monkeypatch.setattr("deconvscope.analysis.progress.DELAY", 0)
    run(name, photograph, small)
    assert doing in capsys.readouterr().err


@pytest.mark.parametrize("name", ["neuron_selectivity", "phase", "cascading_randomisation"])
def test_another_seed_draws_other_numbers(name, photograph, small):
    assert str(run(name, photograph, small, seed=1)) != str(run(name, photograph, small, seed=2))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_unknown_layer_is_named_with_near_matches(name, photograph, small):
    wrong = (
        {"layers": ["3x"]} if name in ("compare_depths", "neuron_selectivity") else {"layer": "3x"}
    )
    with pytest.raises(ds.UnknownLayerError, match="'3x'.*'3'"):
        run(name, photograph, small, **wrong)


def test_the_depths_are_the_last_layers_of_each_size(photograph, small):
    found = ex.compare_depths(photograph, small)
    assert found.layers == ("1", "4", "5")
    assert [tuple(p.shape) for p in found.pictures] == [(3, 3, 32, 32)] * 3


def test_labels_name_layers_too():
    found = ex.compare_depths("coffee", layers=["conv1_2", "pool1"], architectures="TTT")
    assert found.layers == ("conv1_2", "pool1")
    assert found.spread["conv1_2", "DeSaliNet"] <= 5


def test_labels_name_the_layers_of_selections_too():
    assert ex.eight_architectures("coffee", selection=ds.Strongest("CONV1_2")).layer == "conv1_2"
    found = ex.foreground("coffee", selection=ds.Strongest("pool1"), architectures="SaliNet")
    expected = ex.foreground(
        "coffee", selection=ds.Strongest("features.4"), architectures="SaliNet"
    )
    assert found.layer == "pool1" and found.shares == expected.shares


def test_the_effects_are_those_of_a_factorial_design(photograph, small):
    found = ex.eight_architectures(photograph, small)
    with_mask = np.mean([found.mean(code) for code in found.sharpness if code[0] == "T"])
    without = np.mean([found.mean(code) for code in found.sharpness if code[0] == "F"])
    assert found.effects()["ReLU mask"] == pytest.approx(with_mask - without)


def test_the_eight_take_any_selection_but_no_contradiction(photograph, small):
    chosen = ds.Neuron("3", 1, 2, 2)
    assert ex.eight_architectures(photograph, small, selection=chosen).selection == chosen
    with pytest.raises(ValueError, match="give one"):
        ex.eight_architectures(photograph, small, layer="4", selection=chosen)


def test_selectivity_of_one_channel_that_all_neurons_share(photograph):
    """Channels that are multiples of one another draw one picture; on a linear network all architectures agree."""
    filters = nn.Conv2d(3, 4, 3, bias=False)
    with torch.no_grad():
        filters.weight[1:] = filters.weight[:1] * torch.tensor([2.0, 3.0, 0.5]).view(3, 1, 1, 1)
    found = ex.neuron_selectivity(photograph, nn.Sequential(filters), layers=["0"], places=3)
    assert all(value == pytest.approx(1) for value in found.between_neurons.values())
    assert set(found.pairs.values()) == {18}
    assert all(math.isnan(value) for value in found.between_photographs.values())


def test_selectivity_needs_maps_places_and_channels(photograph, small):
    with pytest.raises(ValueError, match="places=0"):
        ex.neuron_selectivity(photograph, small, places=0)
    flat = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(ValueError, match="maps"):
        ex.neuron_selectivity(photograph, flat, layers=["2"])
    with pytest.raises(ValueError, match="maps"):
        ex.finite_support(photograph, flat, layer="2")
    with pytest.raises(ValueError, match="two channels"):
        ex.neuron_selectivity(photograph, nn.Sequential(nn.Conv2d(3, 1, 3)))


def _with_norms(network: nn.Sequential) -> nn.Sequential:
    """The same chain, a normalisation with learnt statistics behind each convolution."""
    norms = []
    for layer in network:
        norms.append(layer)
        if isinstance(layer, nn.Conv2d):
            norm = nn.BatchNorm2d(layer.out_channels)
            nn.init.normal_(norm.weight)
            norm.running_var = torch.rand(layer.out_channels) * 9 + 0.1
            norms.append(norm)
    return nn.Sequential(*norms).eval()


@pytest.mark.parametrize("steps", [None, 1, 2, 3, 100])
@pytest.mark.parametrize("norms", [False, True])
def test_a_cascade_ends_in_a_network_that_is_drawn_anew_whole(photograph, small, norms, steps):
    network = _with_norms(small.network) if norms else small.network
    model = replace(small, network=network)
    found = ex.cascading_randomisation(photograph, model, seed=4, steps=steps)
    convolutions = [str(i) for i, layer in enumerate(network) if isinstance(layer, nn.Conv2d)]
    reached = convolutions[::-1] if steps != 1 else convolutions[:1]
    assert found.steps == ("as trained", *reached)
    other = ds.ReversedNetwork(ex.randomised(network, 4)).record(small.preprocess(photograph))
    expected = other.reverse(found.selection, found.architectures).dense()
    torch.testing.assert_close(found.pictures[-1], expected)


def test_a_cascade_compares_with_the_trained_network(photograph, small):
    found = ex.cascading_randomisation(photograph, small, seed=4)
    other = ds.ReversedNetwork(ex.randomised(small.network, 4)).record(small.preprocess(photograph))
    expected = other.reverse(found.selection, found.architectures).dense()
    trained = ds.ReversedNetwork(small.network).record(small.preprocess(photograph))
    before = trained.reverse(found.selection, "SaliNet").dense()[0]
    assert found.similarities["SaliNet"][-1] == pytest.approx(ex.similarity(before, expected[1]))
    with pytest.raises(ValueError, match="steps=0"):
        ex.cascading_randomisation(photograph, small, steps=0)
    with pytest.raises(ValueError, match="no module with filters"):
        ex.cascading_randomisation(photograph, nn.Sequential(nn.ReLU()))


def test_several_photographs_without_names_are_told_apart(photograph, small):
    found = ex.eight_architectures([photograph, photograph.rotate(180)], small)
    assert found.photographs == ("photograph 1", "photograph 2")
    with pytest.raises(ValueError, match="no photographs"):
        ex.eight_architectures([], small)


def test_the_two_rules_of_lrn_differ_where_there_is_lrn(photograph, small):
    found = ex.lrn_rule("coffee", layers=["relu3_3"])
    assert all(value < 0.9 for value in found.similarities.values())
    assert found.pictures.shape == (2, 3, 3, 224, 224)
    assert encoded(found.figure()) and found.table().rows
    assert ex.lrn_rule(photograph, ex.with_lrn(small)).layers == ("4", "5.1")
    with pytest.raises(ValueError, match="no local response normalisation"):
        ex.lrn_rule(photograph, small)
    with pytest.raises(ValueError, match="asked for 3"):
        ex.with_lrn(small, pools=3)


def test_alexnets_normalisation_is_the_papers_sum():
    lrn = ex.with_lrn("vgg16_trunk").network.get_submodule("features.4.1")
    x = torch.full((1, 5, 1, 1), 100.0)
    assert float(lrn(x)[0, 2]) == pytest.approx(100 / (2 + 1e-4 * 5 * 100**2) ** 0.75)


def test_the_foreground_of_ones_own_photograph(photograph, small):
    mask = np.zeros((40, 48))
    mask[:, :24] = 1
    found = ex.foreground(photograph, mask, small)
    (share,) = (found.shares["photograph", "DeSaliNet"],)
    assert 0 < share < 1 and found.areas["photograph"] == pytest.approx(0.5, abs=0.05)
    inverse = ex.foreground(photograph, 1 - mask, small)
    assert inverse.shares["photograph", "DeSaliNet"] == pytest.approx(1 - share)
    assert encoded(found.figure())


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (None, "no mask is known"),
        (np.zeros((40, 48)), "empty"),
        (np.ones((40, 48)), "whole photograph"),
        (np.ones((48, 40)), r"\(48, 40\)"),
        (np.ones((40, 48, 3)), r"\(40, 48, 3\)"),
        ([np.ones((40, 48))] * 2, "2 masks for 1"),
    ],
)
def test_a_bad_mask_is_refused(photograph, small, mask, told):
    with pytest.raises(ValueError, match=told):
        ex.foreground(photograph, mask, small)


@pytest.mark.parametrize(
    ("name", "share"), [("chelsea", 0.75), ("coffee", 0.46), ("astronaut", 0.53), ("rocket", 0.02)]
)
def test_the_bundled_photographs_have_outlines(name, share):
    mask = ex.sample_mask(name)
    assert mask.shape == ds.sample_image(name).size[::-1]
    assert mask.mean() == pytest.approx(share, abs=0.03)


def test_other_photographs_have_none():
    with pytest.raises(LookupError, match="chelsea"):
        ex.sample_mask("dog")
