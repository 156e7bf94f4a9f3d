"""Photograph → tensor → the pixels that the network saw."""

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from deconvscope.models import (
    SAMPLE_IMAGES,
    OpaquePreprocessing,
    Preprocessing,
    load_model,
    sample_image,
)
from deconvscope.models.model import from_transforms
from deconvscope.models.vgg_trunk import VGG_PREPROCESSING


def noise(width, height, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def same(picture, other):
    return np.array_equal(np.asarray(picture), np.asarray(other))


@pytest.mark.parametrize("name", ["mobilenet_v2", "efficientnet_b0", "inception_v3", "vit_h_14"])
@pytest.mark.parametrize("size", [(451, 300), (97, 411), (224, 224), (30, 20)])
def test_equals_torchvision_to_the_bit(name, size):
    transforms = torchvision.models.get_model_weights(name).DEFAULT.transforms()
    picture = noise(*size)
    assert torch.equal(from_transforms(transforms)(picture), transforms(picture))


def test_too_small_for_the_crop_is_padded_as_torchvision_does():
    transforms = torchvision.models.AlexNet_Weights.DEFAULT.transforms(crop_size=65, resize_size=40)
    for size in ((61, 44), (44, 90), (40, 40)):
        picture = noise(*size)
        assert torch.equal(from_transforms(transforms)(picture), transforms(picture))


def test_vgg_sees_rgb_bytes_minus_the_mean():
    picture = sample_image("chelsea")
    x = VGG_PREPROCESSING(picture)
    pixels = np.asarray(VGG_PREPROCESSING.view(picture), dtype=np.float32)
    mean = np.array([123.68, 116.779, 103.939], dtype=np.float32)
    assert x.shape == (3, 224, 224)
    assert x.dtype == torch.float32
    np.testing.assert_array_equal(x.permute(1, 2, 0).numpy(), pixels - mean)
    assert min(picture.size) == 300, "the shortest side is resized, not only cropped"
    whole = picture.resize((int(224 * 451 / 300), 224), Image.Resampling.BILINEAR)
    left = round((whole.width - 224) / 2)
    np.testing.assert_array_equal(pixels, np.asarray(whole.crop((left, 0, left + 224, 224))))


@pytest.mark.parametrize("photograph", SAMPLE_IMAGES)
@pytest.mark.parametrize("name", ["vgg16_trunk", "mobilenet_v2"])
def test_the_view_is_what_the_tensor_holds(name, photograph):
    preprocess = load_model(name).preprocess
    picture = sample_image(photograph)
    view = preprocess.view(picture)
    assert view.mode == "RGB"
    assert same(preprocess.invert(preprocess(picture)), view)
    assert same(preprocess.invert(preprocess(picture)[None]), view)


@given(
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    size=st.none() | st.integers(1, 50),
    resize=st.none() | st.integers(1, 50),
    grey=st.booleans(),
    scale=st.sampled_from([1.0, 255.0, 2.0]),
)
def test_any_picture_survives_there_and_back(width, height, size, resize, grey, scale):
    mean, std = ((0.4,), (0.3,)) if grey else ((0.4, 0.5, 0.6), (0.3, 0.2, 1.0))
    preprocess = Preprocessing(size=size, resize=resize, mean=mean, std=std, scale=scale)
    picture = noise(width, height)
    x = preprocess(picture)
    view = preprocess.view(picture)
    assert x.shape == (len(mean), view.height, view.width)
    assert x.is_contiguous()
    if size is not None:
        assert view.size == (size, size)
    elif resize is not None:
        assert min(view.size) == resize
    else:
        assert view.size == picture.size
    assert same(preprocess.invert(x), view)


def test_a_strip_is_refused_before_it_fills_the_memory():
    with pytest.raises(ValueError, match=r"5000×1 pixels is too elongated.*crop it"):
        Preprocessing()(Image.new("RGB", (5000, 1)))


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 4), (2, 3, 4, 4), (4, 4, 3)])
def test_a_tensor_of_another_shape_is_no_input(shape):
    with pytest.raises(ValueError, match=r"shape \(3, H, W\)"):
        Preprocessing().invert(torch.zeros(shape))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mean": (0.0, 0.0)}, "three numbers"),
        ({"std": (1.0, 0.0, 1.0)}, "positive"),
        ({"scale": -1.0}, "positive"),
        ({"size": 0}, "at least 1 pixel"),
        ({"interpolation": "cubic"}, "'cubic' is none of nearest, bilinear"),
    ],
)
def test_impossible_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing(**arguments)


def test_any_function_will_do():
    transform = torchvision.transforms.Compose(
        [torchvision.transforms.Resize((20, 30)), torchvision.transforms.ToTensor()]
    )
    preprocess = OpaquePreprocessing(transform)
    picture = sample_image("coffee")
    assert torch.equal(preprocess(picture), transform(picture))
    view = np.asarray(preprocess.view(picture))
    assert view.shape == (20, 30, 3)
    assert (view.min(), view.max()) == (0, 255)


def test_a_function_that_makes_no_tensor_is_named():
    with pytest.raises(TypeError, match=r"returned Image, not a tensor.*ToTensor"):
        OpaquePreprocessing(lambda picture: picture)(sample_image())
    with pytest.raises(ValueError, match=r"\(C, H, W\).*not \(4,\)"):
        OpaquePreprocessing(lambda _: torch.zeros(4))(sample_image())
