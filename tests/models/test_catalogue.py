"""The list of networks that have a name."""

import pytest
import torchvision

from deconvscope.models import UnknownModelError, available_models, load_model


def test_bundled_networks_come_first_and_say_so():
    entries = available_models()
    assert [entry.name for entry in entries[:2]] == ["vgg16_trunk", "mobilenet_v2"]
    assert [entry.bundled for entry in entries[:3]] == [True, True, False]
    assert {entry.source for entry in entries} == {"bundled", "torchvision"}


def test_every_classifier_of_torchvision_is_listed_once():
    names = [entry.name for entry in available_models()]
    assert len(names) == len(set(names)) == len({entry.label for entry in available_models()})
    assert set(torchvision.models.list_models(module=torchvision.models)) <= set(names)
    assert set(names) - {"vgg16_trunk"} <= set(torchvision.models.list_models())


@pytest.mark.parametrize(
    ("name", "meant"),
    [("resnet-18", "resnet18"), ("VGG16", "vgg16"), ("mobilenetv2", "mobilenet_v2")],
)
def test_a_misspelt_name_is_answered_with_near_matches(name, meant):
    with pytest.raises(UnknownModelError, match=f"{name!r}.*did you mean.*{meant!r}"):
        load_model(name)


@pytest.mark.parametrize("name", ["", "ключ", None, 3, ["vgg16"]])
def test_nonsense_is_answered_with_where_to_look(name):
    with pytest.raises(LookupError, match=r"available_models\(\)"):
        load_model(name)
