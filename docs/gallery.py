"""Build the gallery: one page, clickable without Python, on what a network's neurons draw.

``python docs/gallery.py [PATH]`` writes ``gallery.html`` beside this script by default. It takes a minute or two and
is too large for the repository: it is attached to a release.
"""

from __future__ import annotations

import sys
from pathlib import Path

import deconvscope as ds
from deconvscope.explorer.export.page import Exhibit

TITLE = "What neurons draw: a gallery of reversed networks"
LIMIT_MB = 8.0


def exhibits() -> list[Exhibit]:
    """The explorers of the gallery, from shallow to deep and on to what keeps pictures honest."""
    cat, coffee = (ds.Explorer("vgg16_trunk", image) for image in ("chelsea", "coffee"))
    cat.select("conv2_2")
    shallow = cat.exhibit(
        channels=24,
        neurons_per_channel=3,
        title="Early: edges",
        text="VGG-16 after four convolutions. A neuron sees a few pixels. All three architectures draw much "
        "the same: there is hardly a rectifier on the way back at which they could differ.",
    )
    cat.select("conv4_3", channel=433, y=10, x=9)
    middle = cat.exhibit(
        channels=40,
        neurons_per_channel=2,
        title="Half-way: an eye",
        text="Ten convolutions deep the architectures part. DeConvNet draws an even texture, SaliNet (the "
        "gradient) noise, DeSaliNet (guided backpropagation) the eye. Click other maps: how much of the "
        "picture changes with the neuron?",
    )
    coffee.select("relu5_3")
    deep = coffee.exhibit(
        channels=40,
        title="Deep: whose picture is it?",
        text="At the last convolution DeSaliNet's picture is crisp, and nearly the same for every neuron of "
        "a place. What it shows is what the photograph left behind in masks and switches.",
    )
    eight = ds.Explorer("vgg16_trunk", "astronaut", "relu4_1", architectures=ds.EIGHT).exhibit(
        channels=16,
        title="Eight architectures",
        text="Three decisions, yes or no: ReLU mask, pooling switches, backward ReLU. FFF has none of "
        "the three and knows nothing of the photograph.",
    )
    random = ds.Explorer(
        ds.load_model("vgg16_trunk", weights=None), "chelsea", "features.21"
    ).exhibit(
        channels=16,
        title="A control: random filters",
        text="The same network, before any training. What it can draw is no evidence of what a trained one "
        "has learnt.",
    )
    no_pools = ds.Explorer("mobilenet_v2", "rocket").exhibit(
        channels=24,
        title="Without max pooling",
        text="MobileNetV2 has no switches to remember. DeConvNet, which uses nothing else, draws a grid.",
    )
    return [middle, shallow, deep, eight, random, no_pools]


def main(path: str = str(Path(__file__).with_name("gallery.html"))) -> None:
    """Write the page."""
    page = ds.write_page(path, exhibits(), TITLE, LIMIT_MB)
    print(f"{path}: {page.neurons} neurons, {page.size / 1e6:.1f} MB, {page.seconds:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
