"""Networks by name: the bundled ones, and torchvision's classifiers with their own weights."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from .catalogue import ModelEntry, model_entry
from .model import Model, from_module, from_transforms
from .torchvision_weights import adapted, build, default_weights, downloaded
from .vgg_trunk import VGG_PREPROCESSING, VGG16Trunk

_IN_CHECKPOINTS = ("state_dict", "model")
"""Keys under which checkpoints store the state dict."""

_BUNDLED = Path(__file__).parent / "bundled"


def load_model(name: str, weights: str | os.PathLike[str] | None = "default") -> Model:
    """Load a network by name, in evaluation mode, float32, on the CPU.

    Args:
        name: the name of one of `available_models`.
        weights: "default" for the bundled weights or torchvision's best ones; the path of a
            ``.safetensors`` or ``.pth`` file with a state dict for this network, or of a checkpoint that
            has one as "state_dict" or "model"; None for random weights.

    Raises:
        UnknownModelError: no network has this name; the message names near matches.
        ModelDownloadError: torchvision's weights could not be fetched.
        FileNotFoundError: `weights` names no file.
        ValueError: the file cannot be read, or its weights do not fit the network.

    Example:
        >>> model = load_model("vgg16_trunk")
        >>> tuple(model.network(torch.zeros(1, 3, 224, 224)).shape)
        (1, 512, 7, 7)
    """
    entry = model_entry(name)
    if entry.name == "vgg16_trunk":
        return _vgg16_trunk(entry, weights)
    chosen = default_weights(entry.name)
    if weights is None:
        network, random = build(entry.name), True
    else:
        random = False
        if weights != "default":
            state = _state_in(Path(weights))
        elif entry.bundled:
            state = load_file(_BUNDLED / f"{entry.name}.fp16.safetensors")
        else:
            state = downloaded(entry.name, chosen)
        with torch.random.fork_rng(devices=[]):  # the initial filters are discarded
            network = build(entry.name)
        _fill(network, adapted(entry.name, state), entry)
    return Model(
        network=network.eval(),
        preprocess=from_transforms(chosen.transforms()),
        categories=tuple(chosen.meta["categories"]),
        name=entry.name,
        label=entry.label,
        random_weights=random,
    )


def as_model(model: str | nn.Module | Model) -> Model:
    """Return a network by name, a module with ImageNet's usual preprocessing, or a model as it is.

    Raises:
        UnknownModelError: no network has this name; the message names near matches.
        ModelDownloadError: its weights could not be fetched.
    """
    if isinstance(model, str):
        return load_model(model)
    return model if isinstance(model, Model) else from_module(model)


def _vgg16_trunk(entry: ModelEntry, weights: str | os.PathLike[str] | None) -> Model:
    if weights is None:
        network = VGG16Trunk()
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    else:
        bundled = weights == "default"
        file = _BUNDLED / "vgg16_trunk.fp16.safetensors" if bundled else Path(weights)
        state = _state_in(file)
        with torch.device("meta"):
            network = VGG16Trunk()
        _fill(network, {k: v for k, v in state.items() if not k.startswith("classifier.")}, entry)
    return Model(
        network=network.eval(),
        preprocess=VGG_PREPROCESSING,
        categories=None,
        name=entry.name,
        label=entry.label,
        random_weights=weights is None,
    )


def _state_in(file: Path) -> Mapping[str, torch.Tensor]:
    """Return the state dict in a file or a checkpoint."""
    file = file.expanduser()
    if not file.is_file():
        raise FileNotFoundError(
            f"no weights file {str(file)!r}: weights is 'default', None (random) or a file's path"
        )
    # For damaged files torch raises exceptions of any kind: UnpicklingError, struct.error, EOFError,
    # RuntimeError, KeyError, …
    try:
        state: Any = (
            load_file(file)
            if file.suffix == ".safetensors"
            else torch.load(file, map_location="cpu", weights_only=True)
        )
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{str(file)!r} holds no weights that can be read: {reason}") from error
    if isinstance(state, Mapping):
        inside = (state.get(key) for key in _IN_CHECKPOINTS)
        state = next((one for one in inside if isinstance(one, Mapping)), state)
    if not isinstance(state, Mapping) or not all(
        isinstance(value, torch.Tensor) for value in state.values()
    ):
        raise ValueError(
            f"{str(file)!r} holds no state dict: save network.state_dict(), or a checkpoint with it as 'state_dict'"
        )
    return state


def _fill(network: nn.Module, state: Mapping[str, torch.Tensor], entry: ModelEntry) -> None:
    """Load weights into the network, as float32."""
    full = {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
    try:
        network.load_state_dict(full, assign=True)
    except RuntimeError as error:
        raise ValueError(f"these weights are not for {entry.name}: {error}") from error
