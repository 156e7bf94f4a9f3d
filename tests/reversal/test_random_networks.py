"""On random networks the windowed reversal, the dense one and the slow twin give the same pictures.

The suite tries a few hundred networks, always the same ones; `RANDOM_NETWORKS=5000 pytest …` tries that
many new ones.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
from hypothesis import HealthCheck, Phase, assume, event, given, settings

import deconvscope as ds

from .agreement import assert_equal_pictures, difference
from .random_networks import Call, Example, RandomNetwork, examples
from .slow_twin import ALL, SlowTwin, one_hot
from .spellings import VIEW_WRITES

ASKED = os.environ.get("RANDOM_NETWORKS")
ARCHITECTURES = [ds.Architecture.parse(code) for code in ALL]
TOLERANCE = 1e-9  # of the maximum; double precision


@settings(
    max_examples=int(ASKED or 300),
    derandomize=not ASKED,
    deadline=None,
    phases=(Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(examples())
def test_windowed_dense_and_twin_agree(example: Example):
    network, image, layer, index = example.network, example.image, example.layer, example.index
    assume(differentiable(network, image))
    rec = recorded(network, image)
    slow = SlowTwin(network, image, [layer])
    activation = slow.activation(layer)
    assume(bool(activation.isfinite().all()))
    assume(is_named(rec, layer, activation) or not network.writes_in_place)
    assert difference(rec[layer], activation) < TOLERANCE
    y_hat = one_hot(activation, index)
    expected = [slow.reverse(layer, y_hat, **rules) for rules in ALL.values()]
    pictures = {"dense": rec.reverse(ds.Signal(layer, y_hat), ARCHITECTURES).dense()}
    if activation.ndim <= 3:
        neuron = named(rec, layer, index)
        windowed = rec.reverse(neuron, ARCHITECTURES)
        pictures["windowed"] = windowed.dense()
        assert_inside(windowed, image)
        others = [named(rec, layer, [0 for _ in index]), neuron]
        pictures["in a list"] = rec.reverse(others, ARCHITECTURES)[1].dense()
    for way, drawn in pictures.items():
        for code, ours, theirs in zip(ALL, drawn, expected, strict=True):
            assert_equal_pictures(ours, theirs, f"{way} {code}", TOLERANCE)
    event("zero" if not any(bool(x_hat.any()) for x_hat in expected) else "not zero")


def named(rec: ds.Recording, layer: str, index: Sequence[int]) -> ds.Selection:
    """Return the neuron at an index of a layer's tensor; a border has none, and takes a signal."""
    try:
        return rec.neuron_at(layer, index)
    except ValueError:
        return ds.Signal(layer, one_hot(rec[layer], tuple(index)))


def differentiable(network: RandomNetwork, image: torch.Tensor) -> bool:
    """Whether autograd can do it: some writes in place are beyond it, though not beyond the engine."""
    x = image[None].clone().requires_grad_()
    try:
        outputs = network(x.clone())
        sum((y.sum() for y in outputs), x.sum()).backward()
    except RuntimeError as error:
        words = ("inplace", "in-place", "written-to")
        assert any(word in str(error) for word in words), error
        return False
    return True


def recorded(network: RandomNetwork, image: torch.Tensor) -> ds.Recording:
    try:
        return ds.ReversedNetwork(network).record(image)
    except ds.RecordingError:
        assert any(isinstance(op, Call) and op.source in VIEW_WRITES for op in network.ops)
        assume(False)
        raise


def is_named(rec: ds.Recording, layer: str, activation: torch.Tensor) -> bool:
    """Whether the layer's output bears its name: a view may lose it when its base is overwritten."""
    return layer in rec.layers and rec[layer].shape == activation.shape


def assert_inside(reversed_: ds.Reversed, image: torch.Tensor) -> None:
    window = reversed_.window
    assert 0 <= window.top <= window.top + window.height <= image.shape[1]
    assert 0 <= window.left <= window.left + window.width <= image.shape[2]
    assert reversed_.values.shape == (len(ALL), image.shape[0], window.height, window.width)
