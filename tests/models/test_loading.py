"""Networks by name, from the bundle, from a file, at random."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from deconvscope.models import ModelEntry, available_models, load_model, sample_image
from deconvscope.models.torchvision_weights import adapted, build


@pytest.fixture(scope="module")
def trunk():
    return load_model("vgg16_trunk")


@pytest.fixture(scope="module")
def mobilenet():
    return load_model("mobilenet_v2")


def test_the_trunk_is_vgg16_features(trunk):
    with torch.device("meta"):
        reference = build("vgg16").get_submodule("features")
    assert repr(trunk.network.features) == repr(reference)
    shapes = {key: value.shape for key, value in trunk.network.state_dict().items()}
    assert shapes == {f"features.{k}": v.shape for k, v in reference.state_dict().items()}


@pytest.mark.parametrize("name", ["vgg16_trunk", "mobilenet_v2"])
def test_bundled_networks_are_ready_to_record(name):
    model = load_model(name)
    floats = [t for t in model.network.state_dict().values() if t.is_floating_point()]
    assert {t.dtype for t in floats} == {torch.float32}
    assert {t.device.type for t in floats} == {"cpu"}
    assert not any(module.training for module in model.network.modules())
    assert not model.random_weights
    assert all(p.requires_grad for p in model.network.parameters())


def test_the_trunk_sees_the_cat(trunk):
    x = trunk.preprocess(sample_image("chelsea"))
    with torch.no_grad():
        pool5 = trunk.network(x[None])[0]
    assert pool5.shape == (512, 7, 7)
    assert trunk.categories is None
    # With BGR for RGB the maximum is 239, with the mean left out 330, with pixels in 0…1 it is 10.
    assert pool5.max().item() == pytest.approx(320.1, rel=1e-3)
    assert (pool5 > 0).float().mean().item() == pytest.approx(0.168, abs=0.001)


@pytest.mark.parametrize(
    ("name", "category", "probability"),
    [("chelsea", "Egyptian cat", 0.72), ("coffee", "espresso", 0.99)],
)
def test_mobilenet_names_the_photographs(mobilenet, name, category, probability):
    with torch.no_grad():
        scores = mobilenet.network(mobilenet.preprocess(sample_image(name))[None])[0]
    best = int(scores.argmax())
    assert mobilenet.categories[best] == category
    assert scores.softmax(0)[best].item() == pytest.approx(probability, abs=0.03)
    assert len(mobilenet.categories) == len(scores) == 1000


def test_loading_draws_no_random_numbers():
    state = torch.get_rng_state()
    load_model("mobilenet_v2")
    load_model("vgg16_trunk")
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", ["vgg16_trunk", "mobilenet_v2", "alexnet", "vgg11_bn", "resnet18"])
def test_random_weights_are_asked_for_and_declared(name):
    model = load_model(name, weights=None)
    assert model.random_weights
    assert not model.network.training
    x = model.preprocess(sample_image())[None]
    with torch.no_grad():
        y = model.network(x)
    assert y.isfinite().all()
    assert y.abs().max() > 0
    other = load_model(name, weights=None).network.state_dict()
    weight = next(key for key in other if key.endswith("weight"))
    assert not torch.equal(other[weight], model.network.state_dict()[weight])


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_weights_from_a_file(tmp_path, suffix):
    state = {key: value.half() for key, value in build("squeezenet1_1").state_dict().items()}
    file = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        save_file(state, file)
    else:
        torch.save(state, file)
    model = load_model("squeezenet1_1", weights=file)
    loaded = model.network.state_dict()
    assert not model.random_weights
    assert all(torch.equal(loaded[key], value.float()) for key, value in state.items())


@pytest.mark.parametrize("key", ["state_dict", "model"])
def test_weights_from_a_checkpoint(tmp_path, key):
    state = build("squeezenet1_1").state_dict()
    torch.save({key: state, "epoch": 7, "optimizer": {"lr": 0.1}}, tmp_path / "checkpoint.pth")
    loaded = load_model("squeezenet1_1", weights=tmp_path / "checkpoint.pth").network.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state.items())


@pytest.mark.parametrize("name", ["junk.pth", "empty.pth", "cut.pth", "junk.safetensors"])
def test_a_file_that_holds_no_weights(tmp_path, name):
    file = tmp_path / name
    torch.save(build("squeezenet1_1").state_dict(), file)
    whole = file.read_bytes()
    file.write_bytes({"junk": b"no weights", "empty": b"", "cut": whole[:-999]}[file.stem])
    with pytest.raises(ValueError, match=rf"{name}' holds no weights that can be read"):
        load_model("squeezenet1_1", weights=file)


@pytest.mark.parametrize("saved", [[torch.zeros(3)], {"epoch": 7}, torch.zeros(3)])
def test_a_file_that_holds_something_else(tmp_path, saved):
    torch.save(saved, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"other\.pth' holds no state dict"):
        load_model("squeezenet1_1", weights=tmp_path / "other.pth")


def test_the_trunk_takes_a_whole_vgg16(tmp_path, trunk):
    whole = {**trunk.network.state_dict(), "classifier.6.bias": torch.zeros(1000)}
    save_file(whole, tmp_path / "vgg16.safetensors")
    again = load_model("vgg16_trunk", weights=str(tmp_path / "vgg16.safetensors"))
    for key, value in trunk.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[key], value)


def test_a_file_that_is_not_there():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pth.*'default', None"):
        load_model("vgg16_trunk", weights="nowhere.pth")


def test_weights_of_another_network(tmp_path):
    save_file(nn.Linear(2, 2).state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="not for alexnet"):
        load_model("alexnet", weights=tmp_path / "other.safetensors")


def test_auxiliary_heads_and_old_names_of_published_files_are_understood():
    keys = ["aux1.fc1.weight", "conv1.conv.weight"]
    assert list(adapted("googlenet", dict.fromkeys(keys, torch.zeros(1)))) == ["conv1.conv.weight"]
    old = "features.denseblock1.denselayer2.norm.1.running_var"
    assert list(adapted("densenet121", {old: torch.zeros(1)})) == [
        "features.denseblock1.denselayer2.norm1.running_var"
    ]
    for name in ("densenet121", "resnet18"):
        state = build(name).state_dict()
        assert list(adapted(name, state)) == list(state)


SMALL: list[ModelEntry] = [
    entry
    for entry in available_models()
    if entry.name
    in {"alexnet", "googlenet", "inception_v3", "densenet121", "efficientnet_b0", "regnet_x_400mf"}
]


@pytest.mark.parametrize("entry", SMALL, ids=lambda entry: entry.name)
def test_torchvision_networks_come_with_their_own_preprocessing_and_classes(entry):
    model = load_model(entry.name, weights=None)
    x = model.preprocess(sample_image("rocket"))
    with torch.no_grad():
        scores = model.network(x[None])
    assert model.categories is not None
    assert scores.shape == (1, len(model.categories))
    assert model.label == entry.label
