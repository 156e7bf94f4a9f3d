"""Every reversed architecture equals the slow twin on real networks, at every depth and border."""

from __future__ import annotations

import gc
from functools import lru_cache

import pytest
import torch

import deconvscope as ds

from .agreement import assert_equal_pictures, difference
from .networks import FAMILY, FIRST, Subject
from .slow_twin import ALL, SALIENCY, SlowTwin, one_hot

pytestmark = pytest.mark.lengthy

SUBJECTS = {subject.name: subject for subject in FIRST + FAMILY}
ARCHITECTURES = [ds.Architecture.parse(code) for code in ALL]
DTYPES = {"fp32": torch.float32, "fp64": torch.float64}


@lru_cache(maxsize=1)
def recorded(name: str, dtype: torch.dtype) -> tuple[ds.Recording, SlowTwin]:
    """Return our recording and the twin's of one network; the last one is kept for its other layers."""
    gc.collect()  # the last network's graph holds on to itself
    network, x = SUBJECTS[name].make(dtype)
    return ds.ReversedNetwork(network).record(x), SlowTwin(network, x, SUBJECTS[name].layers)


def neurons(activation: torch.Tensor) -> list[tuple[int, ...]]:
    """Return the strongest channel at a corner, at the middle of an edge, and in the centre."""
    if activation.ndim == 1:
        return [(int(activation.argmax()),)]
    if activation.ndim == 2:  # tokens × features
        return [(t, int(activation[t].argmax())) for t in (0, len(activation) // 2)]
    height, width = activation.shape[1:]
    places = dict.fromkeys([(0, width - 1), (height - 1, width // 2), (height // 2, width // 2)])
    return [(int(activation[:, y, x].argmax()), y, x) for y, x in places]


def of_each_layer(subjects: tuple[Subject, ...]) -> list[object]:
    return [
        pytest.param(subject.name, layer, id=f"{subject.name}-{layer}")
        for subject in subjects
        for layer in subject.layers
    ]


def check(name: str, layer: str, dtype: torch.dtype) -> None:
    rec, slow = recorded(name, dtype)
    activation = slow.activation(layer)
    assert difference(rec[layer], activation) < (1e-4 if dtype == torch.float32 else 1e-9)
    places = neurons(activation)
    drawn = 0
    for place in places:
        pictures = rec.reverse(ds.Neuron(layer, *place), ARCHITECTURES)
        for code, picture in zip(ALL, pictures.dense(), strict=True):
            expected = slow.reverse(layer, one_hot(activation, place), **ALL[code])
            drawn += bool(expected.any())
            assert_equal_pictures(picture, expected, (name, layer, place, code))
    assert drawn >= len(ALL) // 2, f"{drawn} pictures of {len(ALL) * len(places)} are not zero"


@pytest.mark.parametrize(("name", "layer"), of_each_layer(FIRST))
def test_each_architecture_equals_the_twin(name, layer):
    check(name, layer, torch.float32)


@pytest.mark.parametrize(("name", "layer"), of_each_layer(FIRST))
def test_salinet_is_the_gradient_and_a_list_gives_what_its_neurons_give(name, layer):
    rec, slow = recorded(name, torch.float32)
    activation = slow.activation(layer)
    chosen = [ds.Neuron(layer, *place) for place in neurons(activation)]
    for neuron, together in zip(chosen, rec.reverse(chosen, ds.SALINET), strict=True):
        gradient = slow.reverse(layer, one_hot(activation, neuron.index), **SALIENCY)
        assert_equal_pictures(together[ds.SALINET], gradient, (name, neuron))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "layer"), of_each_layer(FIRST[1:]))
def test_each_architecture_equals_the_twin_in_double_precision(name, layer):
    check(name, layer, torch.float64)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "layer"), of_each_layer(FAMILY))
@pytest.mark.parametrize("precision", DTYPES)
def test_the_rest_of_the_family_equals_the_twin(name, layer, precision):
    check(name, layer, DTYPES[precision])
