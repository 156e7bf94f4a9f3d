"""Classifiers and weights of torchvision, which only this module imports, and only when needed."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import nn

from .errors import ModelDownloadError

# Auxiliary classifiers serve training only; left out, they need no weights.
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "init_weights": False, "transform_input": True},
    "inception_v3": {"aux_logits": False, "init_weights": False, "transform_input": True},
}
_AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")
_BUNDLED_WEIGHTS = {"mobilenet_v2": "IMAGENET1K_V1"}  # the default there is a later training

# torchvision's DenseNet files still have the names of an older module layout ("norm.1.weight").
_OLD_DENSENET_KEY = re.compile(r"^(.*denselayer\d+\.(?:norm|conv))\.([12]\.\w+)$")


def default_weights(name: str) -> Any:
    """Return the torchvision ``Weights`` whose transforms and class names belong to this network."""
    from torchvision.models import get_model_weights

    offered = get_model_weights(name)
    return offered[_BUNDLED_WEIGHTS[name]] if name in _BUNDLED_WEIGHTS else offered.DEFAULT


def build(name: str) -> nn.Module:
    """Return this network with random weights, on the current default device."""
    from torchvision.models import get_model

    network: nn.Module = get_model(name, weights=None, **_ARGUMENTS.get(name, {}))
    return network


def adapted(name: str, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a published state dict with the parameter names of the network that `build` makes."""
    if name in _ARGUMENTS:
        state = {key: value for key, value in state.items() if not key.startswith(_AUXILIARY)}
    return {_OLD_DENSENET_KEY.sub(r"\1\2", key): value for key, value in state.items()}


def downloaded(name: str, weights: Any) -> Mapping[str, torch.Tensor]:
    """Return the state dict of these torchvision weights, from torch's cache or the network.

    Raises:
        ModelDownloadError: neither has them undamaged; the message says what to do.
    """
    try:
        state: Mapping[str, torch.Tensor] = weights.get_state_dict(
            progress=True, check_hash=True, weights_only=True
        )
    except (OSError, HTTPException) as error:
        raise ModelDownloadError(_without_network(name, weights.url, error)) from error
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        file = _cached_file(weights.url)
        raise ModelDownloadError(
            f"the weights of {name!r} arrived damaged: delete {str(file)!r} and try again"
        ) from error
    return state


def _without_network(name: str, url: str, error: Exception) -> str:
    file = _cached_file(url)
    return (
        f"could not download the weights of {name!r} ({error}). Without a network: "
        f"fetch {url} elsewhere and put it, as {file.name}, into the folder {str(file.parent)!r} "
        f"(the environment variable TORCH_HOME moves it); or load_model({name!r}, "
        f"weights='path/to/{file.name}'); or load_model({name!r}, weights=None) for random "
        "weights; or take a bundled network: 'vgg16_trunk', 'mobilenet_v2'"
    )


def _cached_file(url: str) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name
