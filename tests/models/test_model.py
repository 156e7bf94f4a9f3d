"""One's own network as a model."""

import pytest
import torch
import torchvision
from torch import nn

from deconvscope.models import Preprocessing, from_module, sample_image


def test_the_module_is_kept_as_it_is():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Dropout()).train()
    model = from_module(module)
    assert model.network is module
    assert module.training
    assert (model.name, model.label, model.categories) == ("Sequential", "Sequential", None)
    assert model.preprocess == Preprocessing()
    assert not model.random_weights


def test_name_and_classes():
    model = from_module(nn.Identity(), name="mine", categories=["cat", "dog"])
    assert (model.name, model.label, model.categories) == ("mine", "mine", ("cat", "dog"))


def test_torchvision_transforms_become_preprocessing_with_a_view():
    transforms = torchvision.models.ResNet50_Weights.DEFAULT.transforms()
    model = from_module(nn.Identity(), preprocess=transforms)
    assert isinstance(model.preprocess, Preprocessing)
    assert torch.equal(model.preprocess(sample_image()), transforms(sample_image()))


def test_any_function_becomes_preprocessing():
    model = from_module(nn.Identity(), preprocess=torchvision.transforms.ToTensor())
    assert model.preprocess(sample_image()).shape == (3, 300, 451)
    assert model.preprocess.view(sample_image()).size == (451, 300)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"module": "vgg16"}, "torch.nn.Module, not 'vgg16'"),
        ({"module": nn.ReLU}, "make an instance"),
        ({"module": nn.ReLU(), "preprocess": 3}, "preprocess is .*not 3"),
        ({"module": nn.ReLU(), "categories": "cat"}, "list of class names"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        from_module(**arguments)
