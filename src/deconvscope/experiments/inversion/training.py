"""Training of inverse networks, side by side on the same crops; it can be interrupted and resumed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...analysis.progress import steps as steps_bar
from .crops import Crops
from .inverse_network import CONDITIONS, Encoder, InverseNetwork

HELD_OUT = 64
"""Number of crops that the errors are measured on."""

_LEARNING_RATE = 2e-3
_LOOKS = 8

Curves = dict[str, list[tuple[int, float]]]


class Training:
    """Four inverse networks with the same initial filters, trained in float32 whatever the type of the network.

    Args:
        encode: what they invert.
        training: crops to learn from.
        held_out: crops to measure on.
        device: where to train.
        seed: of filters and crops.
    """

    def __init__(
        self, encode: Encoder, training: Crops, held_out: Crops, device: torch.device, seed: int
    ) -> None:
        self._encode, self._training, self._device, self._seed = encode, training, device, seed
        self._layers = nn.ModuleList(encode.layers).to(device, torch.float32)
        self.held_out = held_out.draw(HELD_OUT, seed).to(device)
        self._pixel_scale = float(self.held_out.std())
        self._scale = float(encode(self.held_out)[0].std())
        self._networks: dict[str, InverseNetwork] = {}
        for name in CONDITIONS:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                self._networks[name] = InverseNetwork(encode, name).to(device)
        self._optimisers = {
            name: torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
            for name, network in self._networks.items()
        }

    def run(self, steps: int, batch: int, settings: Mapping[str, Any], keep: Path | None) -> Curves:
        """Train from the kept state to the end; return condition → (step, error on the held-out crops).

        Raises:
            ValueError: the kept state is of other settings.
        """
        curves: Curves = {name: [] for name in CONDITIONS}
        done = self._resume(settings, keep, curves)
        looks = {round(i * steps / _LOOKS) for i in range(_LOOKS + 1)}
        with steps_bar(steps, "training", done) as bar:
            for step in range(done, steps + 1):
                if step in looks and not (curves["both"] and curves["both"][-1][0] == step):
                    for name, curve in curves.items():
                        made = self.inverted(name, self.held_out)
                        error = relative_error(interior(made), interior(self.held_out))
                        curve.append((step, error))
                    self._store(settings, keep, curves, step)
                if step < steps:
                    self._step(step / steps, self._training.draw(batch, self._seed_of(step)))
                    bar.update()
        return curves

    def inverted(self, condition: str, crops: Tensor) -> Tensor:
        """Encode crops, (N, C, H, W), and invert them by one of the networks."""
        with torch.no_grad():
            y, bottleneck, shapes = self._encode(crops)
            made: Tensor = self._networks[condition](y / self._scale, bottleneck, shapes)
        return made * self._pixel_scale

    def _seed_of(self, step: int) -> int:
        return (self._seed + 1) * 1_000_003 + step

    def _step(self, share: float, crops: Tensor) -> None:
        crops = crops.to(self._device)
        y, bottleneck, shapes = self._encode(crops)
        for name, network in self._networks.items():
            optimiser = self._optimisers[name]
            for group in optimiser.param_groups:
                group["lr"] = _LEARNING_RATE * (1 + math.cos(math.pi * share)) / 2
            made = network(y / self._scale, bottleneck, shapes)
            loss = (made - crops / self._pixel_scale).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    def _store(
        self, settings: Mapping[str, Any], keep: Path | None, curves: Curves, step: int
    ) -> None:
        if keep is None:
            return
        state = {
            "settings": dict(settings),
            "step": step,
            "curves": dict(curves),
            "networks": {name: n.stamps.state_dict() for name, n in self._networks.items()},
            "optimisers": {name: o.state_dict() for name, o in self._optimisers.items()},
        }
        half = keep.with_name(keep.name + ".part")
        torch.save(state, half)
        half.replace(keep)  # an interruption leaves the old file intact

    def _resume(self, settings: Mapping[str, Any], keep: Path | None, curves: Curves) -> int:
        if keep is None or not keep.exists():
            return 0
        state = torch.load(keep, map_location=self._device, weights_only=True)
        if state["settings"] != dict(settings):
            raise ValueError(
                f"{str(keep)!r} holds the training of other settings, {state['settings']}; name another file"
            )
        curves.update(state["curves"])
        for name in CONDITIONS:
            self._networks[name].stamps.load_state_dict(state["networks"][name])
            self._optimisers[name].load_state_dict(state["optimisers"][name])
        return int(state["step"])


def relative_error(made: Tensor, crops: Tensor) -> float:
    """Return the L2 error relative to that of the crops' mean colour."""
    return float((made - crops).norm() / from_mean(crops).norm())


def from_mean(crops: Tensor) -> Tensor:
    """Return crops minus the mean colour of them all."""
    return crops - crops.mean((0, 2, 3), keepdim=True)


def interior(crops: Tensor) -> Tensor:
    """Return crops without an eighth on each side: unpooling to centres does not reach pixels at the border."""
    margin = crops.shape[-1] // 8
    return crops[..., margin : crops.shape[-2] - margin, margin : crops.shape[-1] - margin]
