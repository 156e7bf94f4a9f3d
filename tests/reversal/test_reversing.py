"""What comes back from a reversal: windows, selections, lists, and that threads do not disturb one another."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import deconvscope as ds
from deconvscope.reversal import ReceptiveField

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]


class Branched(nn.Module):
    """Branches of different reach, a skip and a concatenation, overlapping pools, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        )
        self.narrow = nn.Conv2d(8, 4, 1)
        self.wide = nn.Conv2d(8, 4, 5, padding=2, dilation=1)
        self.skip = nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.relu = nn.ReLU()
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.relu(torch.cat([self.narrow(x), self.wide(x)], 1))
        x = self.relu(x + self.skip(x))
        return self.head(x.mean((2, 3)))


@pytest.fixture(scope="module")
def rec() -> ds.Recording:
    torch.manual_seed(0)
    net = ds.ReversedNetwork(Branched(), categories=["cat", "dog", "eel", "fox", "gnu"])
    return net.record(torch.randn(3, 24, 20))


def test_a_picture_is_zero_outside_its_window_and_dense_puts_it_there(rec: ds.Recording) -> None:
    r = rec.reverse(ds.Neuron("relu_1", 2, 0, 9), THREE)
    w = r.window
    assert r.values.shape == (3, 3, w.height, w.width)
    assert w.top >= 0 and w.top + w.height <= 24 and w.left + w.width <= 20 and w.height < 24
    dense = r.dense()
    assert dense.shape == (3, 3, 24, 20)
    assert torch.equal(dense[:, :, w.top : w.top + w.height, w.left : w.left + w.width], r.values)
    assert torch.equal(r[ds.SALINET], dense[1]) and torch.equal(r["TTT"], dense[2])
    with pytest.raises(LookupError, match="was not computed"):
        r["FFF"]


def test_pictures_come_in_the_order_asked(rec: ds.Recording) -> None:
    neuron = ds.Strongest("relu_1")
    eight = rec.reverse(neuron, ds.EIGHT)
    backwards = rec.reverse(neuron, ds.EIGHT[::-1])
    assert torch.allclose(eight.values, backwards.values.flip(0), atol=1e-6)
    for i, architecture in enumerate(ds.EIGHT):
        assert torch.allclose(
            rec.reverse(neuron, architecture).values[0], eight.values[i], atol=1e-6
        )


def test_the_receptive_field_is_where_the_gradient_of_a_dense_network_is_not_zero(
    rec: ds.Recording,
) -> None:
    for layer in ("stem.0", "stem.2", "wide", "relu_1"):
        field = rec.receptive_field(layer)
        assert field is not None
        _, height, width = rec.layers[layer].shape
        for y, x in ((0, 0), (height // 2, width // 2), (height - 1, width - 1)):
            w = rec.reverse(ds.Neuron(layer, 0, y, x), "FTF").window
            top, left = field.offset[0] + y * field.stride[0], field.offset[1] + x * field.stride[1]
            assert w.top >= max(top, 0) and w.top + w.height <= min(top + field.size[0], 24)
            assert w.left >= max(left, 0) and w.left + w.width <= min(left + field.size[1], 20)
    assert rec.receptive_field("head") is None
    assert rec.receptive_field("stem.2") == ReceptiveField((2.0, 2.0), (-2, -2), (5, 5))


LISTS: dict[str, Callable[[ds.Recording], list[object]]] = {
    "neurons everywhere, borders included": lambda rec: [
        ds.Neuron("relu_1", c, y, x) for c, y, x in ((0, 0, 0), (3, 11, 9), (5, 5, 5), (5, 0, 9), (2, 6, 0))
    ],
    "one channel": lambda rec: [ds.Neuron("wide", 1, y, x) for y in (0, 5, 11) for x in (0, 4, 9)],
    "many layers at once": lambda rec: [
        ds.Strongest("relu_1"), ds.Class(1), ds.Neuron("stem.0", 0, 23, 19), ds.Strongest("narrow"), ds.Class("fox")
    ],
    "of every kind": lambda rec: [
        ds.Channel("wide", 2), ds.Mixture("relu_1", 3, 3), ds.Mixture("relu_1"), ds.Activations("stem.2"),
        ds.Noise("relu"), ds.RandomNeuron("relu_1"), ds.Signal("head", torch.arange(5.0)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_equals_one_by_one(rec: ds.Recording, kind: str) -> None:
    selections = LISTS[kind](rec)
    together = rec.reverse(selections, [*ds.EIGHT, ds.SALINET])  # type: ignore[arg-type]
    assert len(together) == len(selections)
    for selection, several in zip(selections, together, strict=True):
        alone = rec.reverse(selection, [*ds.EIGHT, ds.SALINET])  # type: ignore[call-overload]
        scale = alone.values.abs().max()
        assert several.selection == alone.selection or isinstance(selection, ds.Signal)
        assert torch.allclose(several.dense(), alone.dense(), atol=1e-5 * float(scale))
    small = rec.reverse(selections, THREE, max_batch_bytes=1)  # type: ignore[arg-type]
    for one, other in zip(small, rec.reverse(selections, THREE), strict=True):  # type: ignore[arg-type]
        assert torch.allclose(one.dense(), other.dense(), atol=1e-5)


def test_selections_are_what_they_say(rec: ds.Recording) -> None:
    y = rec["relu_1"]
    strongest = rec.resolve(ds.Strongest("relu_1"))
    assert isinstance(strongest, ds.Neuron) and y[strongest.index] == y.max()
    in_channel = rec.resolve(ds.Strongest("relu_1", channel=3))
    assert (
        isinstance(in_channel, ds.Neuron)
        and in_channel.channel == 3
        and y[in_channel.index] == y[3].max()
    )
    at_place = rec.resolve(ds.Strongest("relu_1", y=2, x=4))
    assert isinstance(at_place, ds.Neuron) and (at_place.y, at_place.x) == (2, 4)
    other = rec.resolve(ds.RandomNeuron("relu_1", 5, other_than=strongest))
    assert isinstance(other, ds.Neuron) and other != strongest and y[other.index] > 0
    assert other == rec.resolve(ds.RandomNeuron("relu_1", 5, other_than=strongest))
    assert rec.resolve(ds.Class("gnu")) == ds.Class(4, "head")
    assert torch.equal(
        rec.reverse(ds.Mixture("relu_1", 1, 1, seed_number=2), "TTT").values,
        rec.reverse(ds.Mixture("relu_1", 1, 1, seed_number=2), "TTT").values,
    )
    for wrong in (ds.Class("cow"), ds.Strongest("nowhere")):
        with pytest.raises(LookupError):
            rec.reverse(wrong, "TTT")
    for out_of_range in (
        ds.Class(5),
        ds.Channel("wide", 4),
        ds.Strongest("wide", channel=9),
        ds.Mixture("wide", 0, 99),
    ):
        with pytest.raises(ValueError, match="out of range"):
            rec.reverse(out_of_range, "TTT")


def test_a_tensor_shaped_like_a_layer_is_a_selection(rec: ds.Recording) -> None:
    y_hat = torch.zeros(rec.layers["stem.2"].shape)
    y_hat[3, 4, 5] = 1
    by_tensor = rec.reverse(y_hat, THREE, layer="stem.2")
    by_name = rec.reverse(ds.Neuron("stem.2", 3, 4, 5), THREE)
    assert torch.allclose(by_tensor.dense(), by_name.dense(), atol=1e-6)
    assert torch.allclose(
        rec.reverse(torch.eye(5)[1], "TTT").dense(), rec.reverse(ds.Class(1), "TTT").dense()
    )
    with pytest.raises(ValueError, match="fits stem"):
        rec.reverse(torch.zeros(rec.layers["stem.0"].shape), THREE)
    with pytest.raises(ValueError, match="fits no layer"):
        rec.reverse(torch.zeros(7), THREE)
    with pytest.raises(ValueError, match="must be equal"):
        rec.reverse(torch.zeros(7), THREE, layer="head")


def test_a_seed_is_not_written_and_a_recording_gives_the_same_again(rec: ds.Recording) -> None:
    y_hat = torch.randn(rec.layers["relu_1"].shape)
    kept, activations = y_hat.clone(), {name: rec[name].clone() for name in rec.layers}
    first = rec.reverse(y_hat, ds.EIGHT, layer="relu_1").values.clone()
    rec.reverse(ds.Activations("relu_1"), ds.EIGHT)
    assert torch.equal(y_hat, kept)
    assert all(torch.equal(rec[name], kept) for name, kept in activations.items())
    assert torch.equal(rec.reverse(y_hat, ds.EIGHT, layer="relu_1").values, first)


def test_seeds_are_made_for_a_batch_at_a_time(rec: ds.Recording) -> None:
    made: list[weakref.ref[Tensor]] = []
    held: list[int] = []

    class Noted(ds.Mixture):
        def seed(self, recording: Any) -> Any:
            seed = super().seed(recording)
            made.append(weakref.ref(seed.values))
            return seed

    def check() -> None:
        held.append(sum(values() is not None for values in made))

    selections = [Noted("relu_1", seed_number=number) for number in range(20)]
    rec.reverse(selections, ds.SALINET, max_batch_bytes=1, check=check)
    assert len(made) == 20
    assert max(held) <= 2  # the second tells how many fit


@pytest.mark.lengthy
def test_eight_threads_get_what_one_gets() -> None:
    torch.manual_seed(0)
    network = Branched().train()
    images = [torch.randn(3, 16 + 2 * i, 18) for i in range(4)]
    net = ds.ReversedNetwork(network)

    def work(number: int) -> Tensor:
        rec = net.record(images[number % 4])
        layer = ("relu_1", "wide", "stem.2", "head")[number // 4 % 4]
        return rec.reverse(ds.Strongest(layer), list(ds.EIGHT[: 1 + number % 8])).dense()

    alone = [work(i) for i in range(200)]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(work, range(200)))
    for one, other in zip(alone, together, strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert network.training and all(part.training for part in network.modules())


@pytest.mark.parametrize(
    "listening", [{}, {"watch": lambda slot, signal: None}, {"check": lambda: None}]
)
def test_a_long_list_shows_a_bar_unless_somebody_listens(
    listening: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = count(step=2)  # every look at the clock is late
    monkeypatch.setattr("tqdm.std.time", lambda: next(moments))
    recording = ds.ReversedNetwork(nn.Sequential(nn.Conv2d(3, 4, 3))).record(torch.rand(3, 8, 8))
    neurons = [ds.Neuron("0", channel, 1, 1) for channel in range(4)]
    recording.reverse(neurons, "TTT", max_batch_bytes=1, **listening)
    assert ("reversing" in capsys.readouterr().err) is not bool(listening)


def test_a_check_is_called_between_layers_and_can_end_the_reversal() -> None:
    layers = [nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.MaxPool2d(2)]
    recording = ds.ReversedNetwork(nn.Sequential(*layers)).record(torch.rand(3, 12, 12))
    calls = count()
    neuron = ds.Neuron("4", 1, 2, 2)
    checked = recording.reverse(neuron, ds.EIGHT, check=lambda: next(calls))
    assert next(calls) >= len(layers)
    assert torch.equal(checked.dense(), recording.reverse(neuron, ds.EIGHT).dense())

    class Unwanted(Exception):
        pass

    def give_up() -> None:
        raise Unwanted

    with pytest.raises(Unwanted):
        recording.reverse(neuron, ds.EIGHT, check=give_up)
