"""Inverse networks: that they are mirrors, what each is told, and that training can be taken up again."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import deconvscope as ds
import deconvscope.experiments as ex
from deconvscope.experiments.drawing import encoded
from deconvscope.experiments.inversion import training
from deconvscope.experiments.inversion.inverse_network import CONDITIONS, encoder
from deconvscope.models import Preprocessing, from_module

SMALL: dict[str, Any] = {"steps": 8, "batch": 2, "size": 12}


@pytest.mark.parametrize(
    "pool",
    [
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, 2),
        nn.MaxPool2d(3, 2, 1),
        nn.MaxPool2d(2, 2, 1),
        nn.MaxPool2d(3, 2, ceil_mode=True),
    ],
    ids=["2×2", "overlapping", "padded", "padded 2×2", "ceil"],
)
@pytest.mark.parametrize(
    ("condition", "architecture"),
    [("both", "TTT"), ("switches", "FTT"), ("masks", "TFT"), ("neither", "FFT")],
)
def test_with_the_networks_own_filters_it_is_the_reversed_network(
    small, photograph, condition, architecture, pool
):
    """The learned mirror and the fixed reversed network differ in their filters alone."""
    x = small.preprocess(photograph)
    first, relu, _, second, again, _ = small.network
    network = nn.Sequential(first, relu, pool, second, again, copy.copy(pool))
    encode = encoder(network, "5", x)
    inverse = ex.InverseNetwork(encode, condition)
    convolutions = [layer for layer in encode.layers if isinstance(layer, nn.Conv2d)]
    for stamp, layer in zip(inverse.stamps, convolutions, strict=True):
        stamp.load_state_dict({"weight": layer.weight, "bias": torch.zeros(layer.in_channels)})
    y, bottleneck, shapes = encode(x[None])
    rec = ds.ReversedNetwork(network).record(x)
    torch.testing.assert_close(y[0], rec["5"])
    with torch.no_grad():
        made = inverse(y, bottleneck, shapes)[0]
    torch.testing.assert_close(made, rec.reverse(ds.Activations("5"), architecture).dense()[0])


def test_all_conditions_start_from_the_same_filters(small, photograph):
    found = ex.invert("5", model=small, **SMALL)
    assert set(found.errors) == set(CONDITIONS)
    assert found.curves["both"][0][0] == 0 and found.curves["both"][-1][0] == 8
    assert set(found.ratios()) == {("both", "switches"), ("both", "masks"), ("switches", "masks")}
    assert "-15%" in str(found) and encoded(found.figure())
    assert list(found.learned) == list(found.fixed) == list(CONDITIONS)
    assert {crop.shape for crop in [*found.crops, *found.learned["both"]]} == {(12, 12, 3)}


def test_a_fixed_network_is_judged_at_its_best_brightness(small):
    """One 1×1 convolution that doubles: its reversed network draws the crops themselves, whatever their scale."""
    double = nn.Conv2d(3, 3, 1, bias=False)
    with torch.no_grad():
        double.weight.copy_(2 * torch.eye(3).view(3, 3, 1, 1))
    bright = Preprocessing(
        mean=(0.0, 0.0, 0.0)
    )  # all inputs positive, so that no rectifier stops any
    model = from_module(nn.Sequential(double, nn.ReLU()), preprocess=bright)
    found = ex.invert("1", model=model, **SMALL)
    assert list(found.fixed_errors.values()) == pytest.approx([0, 0, 0, 0], abs=1e-5)
    assert 0.1 < ex.invert("5", model=small, **SMALL).fixed_errors["both"] <= 1


def test_learning_lowers_the_error(small):
    found = ex.invert("1", model=small, steps=150, batch=4, size=12)
    assert all(error < 0.7 * found.curves[name][0][1] for name, error in found.errors.items())


def test_training_interrupted_ends_as_if_it_had_not_been(small, tmp_path, monkeypatch):
    whole = ex.invert("5", model=small, **SMALL)
    keep = tmp_path / "training.pt"
    step = training.Training._step
    count = iter(range(5))

    def interrupted(self, *arguments):
        if next(count, None) is None:
            raise KeyboardInterrupt
        step(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(training.Training, "_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ex.invert("5", model=small, keep=keep, **SMALL)
    again = ex.invert("5", model=small, keep=keep, **SMALL)
    assert again.curves == whole.curves
    assert torch.load(keep, weights_only=True)["step"] == 8
    with pytest.raises(ValueError, match="other settings"):
        ex.invert("5", model=small, keep=keep, **{**SMALL, "batch": 3})
    other = replace(small, network=ex.randomised(small.network, 0))
    with pytest.raises(ValueError, match="other settings"):
        ex.invert("5", model=other, keep=keep, **SMALL)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_networks_of_any_type_are_inverted_in_float32(small, dtype):
    network = copy.deepcopy(small.network).to(dtype)
    found = ex.invert("5", model=replace(small, network=network), **SMALL)
    expected = ex.invert("5", model=small, **SMALL)
    assert found.errors == pytest.approx(expected.errors, rel=1e-2)
    assert next(network.parameters()).dtype == dtype


def test_the_caller_keeps_network_and_random_state(small):
    before = {name: value.clone() for name, value in small.network.state_dict().items()}
    own = set(small.network.modules())
    assert own.isdisjoint(encoder(small.network, "5", torch.zeros(3, 32, 32)).layers)
    state = torch.get_rng_state()
    ex.invert("5", model=small, **SMALL)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[n], v) for n, v in small.network.state_dict().items())


def test_a_photograph_that_was_replaced_is_read_anew(small, tmp_path):
    def found():
        return ex.invert("5", tmp_path, small, **SMALL).errors

    for number in range(2):
        noise = np.random.default_rng(number).integers(0, 256, (128, 192, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{number}.png")
    before = found()
    assert found() == before
    Image.new("RGB", (192, 128), "red").save(tmp_path / "0.png")
    assert found() != before


def test_files_that_are_no_pictures_are_left_out_and_broken_ones_told_of(small, tmp_path):
    ds.sample_image("coffee").save(tmp_path / "coffee.png")
    for name in ("notes.pdf", "._coffee.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"no picture")
    assert ex.invert("5", tmp_path, small, **SMALL).errors["both"] > 0
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ds.models.UnreadableImageError, match=r"broken\.png.*not a picture"):
        ex.invert("5", tmp_path, small, **SMALL)


def test_ones_own_photographs(small, tmp_path):
    for number in range(6):
        noise = np.random.default_rng(number).integers(0, 256, (30, 40, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{number}.png")
    assert ex.invert("5", tmp_path, small, **SMALL).errors["both"] > 0
    with pytest.raises(ValueError, match="40×30 pixels are too few for crops of 31"):
        ex.invert("5", tmp_path, small, steps=8, batch=2, size=31, short_side=30)
    with pytest.raises(ValueError, match="no pictures"):
        (tmp_path / "empty").mkdir()
        ex.invert("5", tmp_path / "empty", small, **SMALL)
    with pytest.raises(ValueError, match="is not a folder"):
        ex.invert("5", tmp_path / "none", small, **SMALL)


def test_what_cannot_be_inverted_is_refused(small):
    with pytest.raises(ValueError, match="no bottleneck"):
        ex.invert("0", model=small, **SMALL)
    with pytest.raises(ds.UnknownLayerError, match="'55'"):
        ex.invert("55", model=small, **SMALL)
    with pytest.raises(ValueError, match="steps=0"):
        ex.invert("5", model=small, steps=0)
    with pytest.raises(ValueError, match="size=3: nothing is left .* at '5'; choose larger"):
        ex.invert("5", model=small, **{**SMALL, "size": 3})
    normed = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    with pytest.raises(ValueError, match="batch norm"):
        ex.invert("2", model=from_module(normed, preprocess=Preprocessing()), **SMALL)
    with pytest.raises(ValueError, match="not known"):
        ex.invert(
            "1",
            model=from_module(small.network, preprocess=lambda picture: torch.zeros(3, 32, 32)),
            **SMALL,
        )
