"""Remedies of `models`: networks by name, pictures from anywhere, preprocessing."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch import nn

import deconvscope as ds
from deconvscope.models import Preprocessing, from_module, read_image, sample_image
from deconvscope.models.model import as_preprocess

from .remedy import refused, remedies

RAMP = np.linspace(-1, 1, 256).reshape(16, 16)
TWELVE_BITS = np.linspace(0, 4095, 256).round().reshape(16, 16).astype(np.uint16)


def file_of(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


@remedies("available_models() lists them all")
def test_unknown_model() -> None:
    with refused(LookupError) as refusal:
        ds.load_model("vgg16_trunck")
    listed = [entry.name for entry in refusal.run("available_models()", **vars_of_package())]
    assert "did you mean 'vgg16_trunk'" in refusal.message
    assert "vgg16_trunk" in listed


def vars_of_package() -> dict[str, Any]:
    """What `from deconvscope import *` gives."""
    return {name: getattr(ds, name) for name in ds.__all__}


@remedies("use sample_image(")
def test_bundled_name_as_a_file() -> None:
    with refused() as refusal:
        read_image("chelsea")
    assert refusal.run("sample_image(", **vars_of_package()).size == sample_image("chelsea").size


@remedies("is a folder: name a file in it")
def test_folder_as_a_picture(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "one.png")
    with refused():
        read_image(tmp_path)
    assert read_image(tmp_path / "one.png").size == (4, 4)


@remedies("is an address: download the picture and name the file")
def test_address_as_a_picture(tmp_path: Path) -> None:
    with refused():
        read_image("https://example.org/one.png")
    Image.new("RGB", (4, 4)).save(tmp_path / "one.png")
    assert read_image(tmp_path / "one.png").size == (4, 4)


@remedies("too large; scale it down first")
def test_picture_of_too_many_pixels() -> None:
    with refused():
        read_image(file_of(Image.new("1", (14_000, 14_000)), "PNG"))
    assert read_image(file_of(Image.new("1", (3_000, 3_000)), "PNG")).width == 3_000


@remedies("use array.transpose(1, 2, 0)")
def test_array_with_channels_first() -> None:
    array = np.zeros((3, 8, 9), np.uint8)
    with refused() as refusal:
        read_image(array)
    assert read_image(refusal.run("array.transpose", array=array)).size == (9, 8)


@remedies("is not a picture: use uint8")
def test_array_of_no_numbers() -> None:
    array = np.ones((8, 9), complex)
    with refused():
        read_image(array)
    assert read_image(array.real.astype(np.uint8)).size == (9, 8)


@remedies("say which are black and white, e.g. deconvscope.read_image(")
@pytest.mark.parametrize("wrap", ["array", "picture", "data", "path"])
def test_values_without_a_white(wrap: str, tmp_path: Path) -> None:
    picture = Image.fromarray(RAMP.astype(np.float32))
    picture.save(tmp_path / "scan.tif")
    sources: dict[str, Any] = {
        "array": RAMP, "picture": picture, "data": file_of(picture, "TIFF"), "path": tmp_path / "scan.tif",
    }  # fmt: skip
    with refused() as refusal:
        read_image(sources[wrap])
    shown = np.asarray(refusal.run("deconvscope.read_image(", **sources))
    assert (shown.min(), shown.max()) == (0, 255)


@remedies("of them, its values run from", "or value_range=(0, 65535) to keep it dark")
@pytest.mark.parametrize("choice", ["deconvscope.read_image(", "(0, 65535)"])
def test_twelve_bits_in_sixteen(choice: str) -> None:
    with refused() as refusal:
        read_image(TWELVE_BITS)
    if choice.startswith("("):
        dark = np.asarray(read_image(TWELVE_BITS, value_range=refusal.run(choice)))
        assert dark.max() == round(4095 / 257)
    else:
        assert np.asarray(refusal.run(choice, array=TWELVE_BITS)).max() == 255


@remedies("as an array with another package, and pass deconvscope.read_image(array")
def test_deep_file_that_is_not_read_in_full() -> None:
    from ..models.test_levels import png

    with refused() as refusal:
        read_image(png(np.dstack([TWELVE_BITS, np.full((16, 16), 65535)])))
    start = refusal.message.index("deconvscope.read_image(array")
    message = refusal.message[start:]
    assert message.startswith("deconvscope.read_image(array, value_range=(0, 4095))")
    assert np.asarray(refusal.run("deconvscope.read_image(", array=TWELVE_BITS)).max() == 255


@remedies("are NaN or infinite; replace them, e.g. deconvscope.read_image(")
@pytest.mark.parametrize("wrap", ["array", "picture", "data", "path"])
def test_pixels_that_are_nan(wrap: str, tmp_path: Path) -> None:
    values = np.full((8, 9), 0.5, np.float32)
    values[2, 3] = np.nan
    picture = Image.fromarray(values)
    picture.save(tmp_path / "scan.tif")
    sources: dict[str, Any] = {
        "array": values, "picture": picture, "data": file_of(picture, "TIFF"), "path": tmp_path / "scan.tif",
    }  # fmt: skip
    with refused() as refusal:
        read_image(sources[wrap])
    shown = refusal.run("deconvscope.read_image(", io=io, **sources)
    assert shown.getpixel((3, 2)) == (0, 0, 0)


@remedies("pass e.g. value_range=(0, 4095)")
def test_value_range_that_is_none() -> None:
    with refused() as refusal:
        read_image(TWELVE_BITS, value_range=(1, 0))
    given = refusal.message.rpartition("value_range=")[2]
    assert np.asarray(read_image(TWELVE_BITS, value_range=eval(given))).max() == 255


@remedies("a network is a torch.nn.Module, not ", ": make an instance of it")
def test_class_in_place_of_a_network() -> None:
    with refused():
        from_module(nn.Identity)  # type: ignore[arg-type]
    assert from_module(nn.Identity()).name == "Identity"


@remedies("not a tensor: end it with ToTensor()")
def test_preprocessing_that_returns_no_tensor() -> None:
    with refused():
        as_preprocess(lambda picture: picture)(Image.new("RGB", (8, 8)))
    ended = torchvision.transforms.Compose(
        [lambda picture: picture, torchvision.transforms.ToTensor()]
    )
    assert as_preprocess(ended)(Image.new("RGB", (8, 8))).shape == (3, 8, 8)


@remedies("deconvscope.models.by_own_range(tensor) shows any")
def test_input_of_other_bands() -> None:
    tensor = torch.rand(5, 8, 9)
    with refused() as refusal:
        Preprocessing().invert(tensor)
    assert refusal.run("deconvscope.models.by_own_range", tensor=tensor).size == (9, 8)


@remedies("is too elongated to be resized to")
def test_elongated_picture() -> None:
    strip = Image.new("RGB", (50_000, 10))
    with refused():
        Preprocessing()(strip)
    assert Preprocessing()(strip.crop((0, 0, 100, 10))).shape == (3, 224, 224)


@remedies("holds no state dict: save network.state_dict(), or a checkpoint with it as 'state_dict'")
@pytest.mark.parametrize("as_checkpoint", [False, True])
def test_file_without_a_state_dict(as_checkpoint: bool, tmp_path: Path) -> None:
    network = ds.load_model("vgg16_trunk").network
    torch.save([1, 2], tmp_path / "weights.pth")
    with refused() as refusal:
        ds.load_model("vgg16_trunk", weights=tmp_path / "weights.pth")
    state = refusal.run("network.state_dict()", network=network)
    torch.save({"state_dict": state} if as_checkpoint else state, tmp_path / "weights.pth")
    loaded = ds.load_model("vgg16_trunk", weights=tmp_path / "weights.pth")
    assert not loaded.random_weights


@remedies("no weights file")
def test_file_of_weights_that_is_not_there() -> None:
    with refused() as refusal:
        ds.load_model("vgg16_trunk", weights="nowhere.pth")
    assert "'default', None (random) or a file's path" in refusal.message
    assert ds.load_model("vgg16_trunk", weights=None).random_weights


@remedies("Without a network: fetch")
def test_weights_that_cannot_be_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: Any, **keywords: Any) -> None:
        raise URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("torch.hub.download_url_to_file", fails)
    with refused() as refusal:
        ds.load_model("squeezenet1_1")
    message, names = refusal.message, vars_of_package()
    network = torchvision.models.squeezenet1_1(weights=None)
    address = message.split("fetch ")[1].split(" elsewhere")[0]
    name = message.split("put it, as ")[1].split(",")[0].strip("'")
    folder = Path(message.split("into the folder ")[1].split(" (the environment")[0].strip("'"))
    assert address.rpartition("/")[2] == name
    assert refusal.run("load_model('squeezenet1_1', weights=None)", **names).random_weights
    own = tmp_path / "path" / "to" / name
    own.parent.mkdir(parents=True)
    torch.save(network.state_dict(), own)
    monkeypatch.chdir(tmp_path)
    assert not refusal.run("load_model('squeezenet1_1', weights='path/to", **names).random_weights
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), folder / name)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", unchecked)
    assert not ds.load_model("squeezenet1_1").random_weights
    for bundled in ("vgg16_trunk", "mobilenet_v2"):
        assert bundled in message
        assert ds.load_model(bundled).name == bundled


def unchecked(url: str, **keywords: Any) -> Any:
    """Load as torch.hub does, but for the digest that is part of the name: these weights are random."""
    return torch.hub.load_state_dict_from_url(url, **{**keywords, "check_hash": False})


@remedies("arrived damaged: delete")
def test_weights_that_arrived_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*arguments: Any, **keywords: Any) -> None:
        raise RuntimeError('invalid hash value (expected "b8a52dc0", got "00000000")')

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", damaged)
    with refused() as refusal:
        ds.load_model("squeezenet1_1")
    named = Path(refusal.message.split("delete ")[1].split(" and try again")[0].strip("'"))
    assert named.parent == tmp_path / "hub" / "checkpoints"
