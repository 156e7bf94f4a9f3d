"""Weights that must be fetched: from a stand-in for the network, or not at all."""

import io
import urllib.error
from http.client import IncompleteRead

import pytest
import torch
import torchvision

from deconvscope.models import ModelDownloadError, load_model
from deconvscope.models.model import from_transforms
from deconvscope.models.torchvision_weights import build

FILE = "squeezenet1_1-b8a52dc0.pth"


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def no_network(error):
    def urlopen(*_args, **_keywords):
        raise error

    return urlopen


@pytest.mark.parametrize(
    "error",
    [
        urllib.error.URLError("Temporary failure in name resolution"),
        urllib.error.HTTPError("http://there", 403, "Forbidden", None, io.BytesIO()),  # type: ignore[arg-type]
        TimeoutError("timed out"),
        IncompleteRead(b""),
    ],
    ids=lambda error: type(error).__name__,
)
def test_without_a_network_the_error_says_what_to_do(error, monkeypatch, empty_cache):
    monkeypatch.setattr("torch.hub.urlopen", no_network(error))
    with pytest.raises(ModelDownloadError) as caught:
        load_model("squeezenet1_1")
    message = str(caught.value)
    assert isinstance(caught.value, OSError)
    assert FILE in message
    assert str(empty_cache) in message
    assert "weights=None" in message
    assert "'vgg16_trunk'" in message


def test_a_file_put_into_the_cache_by_hand_is_used(monkeypatch, empty_cache):
    monkeypatch.setattr("torch.hub.urlopen", no_network(AssertionError("asked the network")))
    state = build("squeezenet1_1").state_dict()
    torch.save(state, empty_cache / FILE)
    loaded = load_model("squeezenet1_1")
    assert not loaded.random_weights
    assert all(torch.equal(v, state[k]) for k, v in loaded.network.state_dict().items())


def test_a_damaged_file_in_the_cache_is_named(monkeypatch, empty_cache):
    monkeypatch.setattr("torch.hub.urlopen", no_network(AssertionError("asked the network")))
    (empty_cache / FILE).write_bytes(b"<html>please log in</html>")
    with pytest.raises(ModelDownloadError, match=rf"damaged.*delete.*{FILE}"):
        load_model("squeezenet1_1")


def test_a_pickle_with_code_in_it_is_not_run(empty_cache):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("the pickle ran",))

    torch.save({"features.0.weight": Trap()}, empty_cache / FILE)
    with pytest.raises(ModelDownloadError, match="damaged"):
        load_model("squeezenet1_1")


def test_the_best_published_weights_are_asked_for(monkeypatch):
    asked = []

    def load_state_dict_from_url(url, **_keywords):
        asked.append(url)
        return build("resnet50").state_dict()

    monkeypatch.setattr(
        "torchvision.models._api.load_state_dict_from_url", load_state_dict_from_url
    )
    model = load_model("resnet50")
    best = torchvision.models.ResNet50_Weights.DEFAULT
    assert asked == [best.url]
    assert model.preprocess == from_transforms(best.transforms())
    assert model.categories == tuple(best.meta["categories"])
