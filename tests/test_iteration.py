"""Whatever has square brackets can be iterated over, and gives what the brackets take or what they return."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
import torch
from torch import nn

import deconvscope as ds
from deconvscope import exemplars
from deconvscope.models import Preprocessing, from_module

from .exemplars.cases import picture


def classes_of_the_package() -> list[type]:
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(ds.__path__, "deconvscope."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(import_module(module.name)).items():
            if inspect.isclass(value) and value.__module__ == module.name:
                found[f"{module.name}.{name}"] = value
    return list(found.values())


def test_every_class_with_brackets_iterates() -> None:
    bracketed = [
        one
        for one in classes_of_the_package()
        if "__getitem__" in vars(one)
        and not one.__name__.startswith("_")
        and not getattr(one, "_is_protocol", False)
    ]
    assert len(bracketed) >= 8
    assert [one for one in bracketed if not hasattr(one, "__iter__")] == []


@pytest.fixture(scope="module")
def recording() -> ds.Recording:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3))
    return ds.ReversedNetwork(network).record(torch.rand(3, 9, 9))


def test_reversed_pictures_iterate_over_their_architectures(recording: ds.Recording) -> None:
    asked = [ds.DECONVNET, ds.DESALINET]
    pictures = recording.reverse(ds.Neuron("2", 1, 2, 3), asked)
    assert list(pictures) == asked
    assert len(pictures) == 2
    assert "guided backpropagation" in pictures
    assert ds.SALINET not in pictures
    as_dict = dict(pictures)
    assert list(as_dict) == asked
    for architecture, picture_of in pictures.items():
        assert torch.equal(picture_of, pictures[architecture])
        assert torch.equal(picture_of, as_dict[architecture])


def test_reversed_pictures_may_stand_in_a_list_or_a_set(recording: ds.Recording) -> None:
    first, second = recording.reverse([ds.Neuron("2", 1, 2, 3), ds.Neuron("2", 1, 2, 3)], "TTT")
    assert [first, second].index(second) == 1
    assert len({first, second}) == 2


def test_a_recording_iterates_over_its_layers(recording: ds.Recording) -> None:
    assert list(recording) == list(recording.layers) == ["0", "1", "2"]
    assert len(recording) == 3
    assert "1" in recording
    assert "7" not in recording
    assert {name: recording[name].shape[0] for name in recording} == {"0": 4, "1": 4, "2": 2}


def test_a_layer_that_is_not_there_has_a_default(recording: ds.Recording) -> None:
    assert recording.layers.get("7") is None
    with pytest.raises(ds.UnknownLayerError, match=r"^no layer is named '7'"):
        recording.layers["7"]


def test_exemplars_iterate_over_their_layers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3))
    model = from_module(network, preprocess=Preprocessing(size=24, resize=24), name="small")
    images = {str(number): picture(number) for number in range(8)}
    exemplars.build(model, images, out=tmp_path, k=2, chunk=4, shard_size=8, layers=["0", "2"])
    opened = exemplars.Exemplars.open(tmp_path, model=model, images=images)
    assert list(opened) == ["0", "2"]
    assert len(opened) == 2
    assert [len(layer) for layer in opened.values()] == [4, 2]
    assert opened.get("7") is None
    assert opened in {opened}
    with pytest.raises(ds.UnknownLayerError, match="no exemplars of layer 0"):
        opened[0]  # type: ignore[index]
    assert [len(found) for found in opened["2"]] == [2, 2]
    assert len(list(opened.source)) == 8
