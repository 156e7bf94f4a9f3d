"""What an explorer on the bundled network and photograph must show, computed beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import deconvscope as ds
from deconvscope import display


@dataclass(frozen=True)
class Oracle:
    """A recording of the bundled network looking at a bundled photograph."""

    recording: ds.Recording

    @classmethod
    def of(cls, image: str = "chelsea") -> Oracle:
        """Record the photograph."""
        model = ds.load_model("vgg16_trunk")
        return cls(
            ds.ReversedNetwork(model.network).record(model.preprocess(ds.sample_image(image)))
        )

    def neuron(self, text: str) -> ds.Neuron:
        """Return the neuron written layer/channel@y,x."""
        layer, place = text.split("/")
        channel, position = place.split("@")
        y, x = position.split(",")
        return ds.Neuron(layer, int(channel), int(y), int(x))

    def value(self, neuron: ds.Neuron) -> float:
        """Return a neuron's activation."""
        return float(self.recording[neuron.layer][neuron.index])

    def strongest_channels(self, layer: str) -> list[int]:
        """Return the channels in the order that the atlas shows first."""
        maxima = [float(f"{value:.5g}") for value in self.recording[layer].amax((1, 2)).tolist()]
        return sorted(range(len(maxima)), key=lambda channel: -maxima[channel])

    def assert_drawn(
        self, neuron: ds.Neuron, code: str, height: int, width: int, rgba: bytes, gain: float = 1
    ) -> None:
        """Check drawn pixels against `reverse` and the paper's mapping, up to the companding's step."""
        picture = self.recording.reverse(neuron, code)
        q = display.paper_scale(picture.dense()[0])

        def paper(values: Any) -> Any:
            with np.errstate(over="ignore"):
                return 255 / (1 + np.exp(-np.log(99) * gain * values / q))

        self.assert_shown(picture, height, width, rgba, paper)

    def assert_shown(
        self,
        picture: ds.Reversed,
        height: int,
        width: int,
        rgba: bytes,
        tone: Callable[[Any], Any],
    ) -> None:
        """Check drawn pixels against a picture's values and what makes each a level of 0 to 255."""
        assert (picture.window.height, picture.window.width) == (height, width)
        drawn = pixels_of(height, width, rgba)
        signal = picture.values[0]
        companded, scale = display.compand(signal)
        # Beside another kernel's rounding a value may fall to either side of a step
        least, most = (_levels(tone, _expanded(companded + step, scale)) for step in (-1.0, 1.0))
        exact = _levels(tone, signal.double().numpy())
        assert (drawn >= least - 1).all()
        assert (drawn <= most + 1).all()
        sent = _levels(tone, _expanded(companded.astype(float), scale))
        assert (np.abs(drawn - sent) <= 1).mean() > 0.999
        # and by the eye's measure it is the picture itself
        assert np.abs(drawn - exact).mean() < 1.5


def pixels_of(height: int, width: int, rgba: bytes) -> Any:
    """Return opaque pixels as (height, width, 3) integers."""
    drawn = np.frombuffer(rgba, np.uint8).reshape(height, width, 4).astype(int)
    assert (drawn[..., 3] == 255).all()
    return drawn[..., :3]


def _expanded(companded: Any, scale: float) -> Any:
    fraction = companded / 127
    return np.sign(fraction) * fraction**4 * scale


def _levels(tone: Callable[[Any], Any], values: Any) -> Any:
    return np.clip(np.moveaxis(tone(values), 0, -1), 0, 255)
