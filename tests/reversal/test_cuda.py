"""On a CUDA device: replayed graphs draw what a processor draws, in the arithmetic asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import deconvscope as ds
from deconvscope.reversal.runtime.numeric_modes import single_precision

from .agreement import assert_equal_pictures, difference
from .networks import smooth_noise

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]


class Everything(nn.Module):
    """Layers of every kind that a graph holds."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 5, padding=2, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(inplace=True),
            nn.LocalResponseNorm(3),
            nn.MaxPool2d(3, 2, 1),
        )
        self.up = nn.ConvTranspose2d(16, 8, 4, 2, 1)
        self.wide = nn.Sequential(nn.Conv2d(16, 8, 5, padding=2, groups=2), nn.GELU())
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        down = F.adaptive_max_pool2d(F.avg_pool2d(self.up(x), 2), 7)
        x = torch.cat([F.interpolate(down, x.shape[2:], mode="bilinear"), self.wide(x)], 1)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


def recorded(device: str, precision: str | None = None) -> ds.Recording:
    torch.manual_seed(0)
    network, image = Everything().eval().to(device), smooth_noise((14, 14)).to(device)
    with single_precision(image, tf32=False):  # masks and switches of the processor's precision
        return ds.ReversedNetwork(network, precision=precision).record(image)


@pytest.mark.parametrize("neuron", [ds.Neuron("head", 2), ds.Neuron("wide.1", 3, 3, 3)])
def test_a_replay_draws_what_a_processor_draws(neuron):
    device, processor = recorded("cuda"), recorded("cpu")
    for _ in range(3):
        ours = device.reverse(neuron, ds.EIGHT)
    assert len(device.reversed_graph.captured) == 1
    expected = processor.reverse(neuron, ds.EIGHT)
    assert ours.window == expected.window
    for code, a, b in zip(ds.EIGHT, ours.dense().cpu(), expected.dense(), strict=True):
        assert_equal_pictures(a, b, str(code))


def test_tf32_pictures_are_close():
    exact, rough, neuron = recorded("cuda"), recorded("cuda", "tf32"), ds.Neuron("head", 2)
    for _ in range(3):
        a, b = rough.reverse(neuron, THREE), exact.reverse(neuron, THREE)
    assert difference(a.dense(), b.dense()) < 1e-2


def test_threads_on_streams_of_their_own_get_what_one_gets():
    rec, neurons = recorded("cuda"), [ds.Neuron("head", number) for number in range(5)]
    expected = [rec.reverse(neuron, THREE).dense() for neuron in neurons]
    torch.cuda.synchronize()

    def clicks(_: int) -> list[Tensor]:
        with torch.cuda.stream(torch.cuda.Stream()):
            return [rec.reverse(neuron, THREE).dense() for neuron in neurons]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(clicks, range(8)))
    torch.cuda.synchronize()
    for pictures in answers:
        for ours, theirs in zip(pictures, expected, strict=True):
            assert difference(ours, theirs) < 1e-5


def test_a_random_call_is_reversed_with_the_numbers_it_drew():
    class Dropout(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.dropout(x, 0.5, training=True)

    image = torch.rand(3, 8, 8, device="cuda") + 1
    rec = ds.ReversedNetwork(Dropout()).record(image)
    picture = rec.reverse(ds.Signal("dropout", torch.ones(3, 8, 8)), ds.SALINET).dense()[0]
    torch.testing.assert_close(picture, rec["dropout"] / image)  # 0 or 2


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_a_device_that_is_not_the_current_one_is_replayed_too():
    first, second, neuron = recorded("cuda:0"), recorded("cuda:1"), ds.Neuron("head", 2)
    for _ in range(3):
        a, b = first.reverse(neuron, THREE), second.reverse(neuron, THREE)
    assert difference(b.dense().cpu(), a.dense().cpu()) < 1e-5
