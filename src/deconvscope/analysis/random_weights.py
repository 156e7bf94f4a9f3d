"""Copies of networks with random filters: the control that shows what a picture owes to learning."""

from __future__ import annotations

import copy
import math
import zlib
from collections.abc import Collection
from typing import TypeVar

import torch
from torch import nn

from ..reversal import UnknownLayerError, near_matches

Network = TypeVar("Network", bound=nn.Module)

NORMALISATIONS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)


def randomised(module: Network, seed: int, layers: Collection[str] | None = None) -> Network:
    """Return a copy of a network with random filters and everything else unchanged.

    Filters are parameters with two or more axes. They are drawn from N(0, 2/fan-in), so that signals neither
    grow nor fade on their way through rectifiers; biases become zero, and normalisations become the identity.
    Mahendran & Vedaldi (ECCV 2016, Fig. 5) draw from N(0, 1)·0.01, which differs only in the brightness of
    the pictures. A filter's numbers depend on the seed and the filter's name alone, so two copies with one seed agree
    in every filter that both redraw (needed by the cascade of Adebayo et al., *Sanity Checks for Saliency Maps*,
    NeurIPS 2018).

    Args:
        module: the network; it is not changed.
        seed: of the random numbers, ≥ 0.
        layers: names of modules, as in ``named_modules()``, that are redrawn with everything inside them;
            None for all.

    Returns:
        The copy, on the same device, of the same type and in the same mode.

    Raises:
        UnknownLayerError: no module has one of the names; the message names near matches.
        ValueError: a negative seed.

    Example:
        >>> net = nn.Conv2d(3, 8, 3)
        >>> bool((randomised(net, seed=0).weight == randomised(net, seed=0).weight).all())
        True
    """
    if seed < 0:
        raise ValueError(f"seed={seed}: seeds are whole numbers ≥ 0")
    drawn = copy.deepcopy(module)
    modules = dict(drawn.named_modules())
    chosen = set(modules) if layers is None else set(layers)
    for name in chosen - set(modules):
        raise UnknownLayerError(f"no module is named {name!r}{near_matches(name, modules)}")
    for name, part in modules.items():
        if not _within(name, chosen):
            continue
        if isinstance(part, NORMALISATIONS):
            part.reset_parameters()
            continue
        for own, parameter in part.named_parameters(prefix=name, recurse=False):
            _draw(own, parameter, seed)
    return drawn


def _within(name: str, chosen: Collection[str]) -> bool:
    """Return whether a module is among the chosen ones or inside one of them."""
    parts = name.split(".")
    return "" in chosen or any(".".join(parts[: i + 1]) in chosen for i in range(len(parts)))


def _draw(name: str, parameter: nn.Parameter, seed: int) -> None:
    with torch.no_grad():
        if sum(size > 1 for size in parameter.shape) >= 2 and parameter.is_floating_point():
            generator = torch.Generator().manual_seed(zlib.crc32(f"{seed}/{name}".encode()))
            spread = math.sqrt(2 * parameter.shape[0] / parameter.numel())
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
        elif name.rpartition(".")[2] == "bias":
            parameter.zero_()
