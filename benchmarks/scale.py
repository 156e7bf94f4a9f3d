"""Time a click on the central neuron of conv4_3 for images of 224² to 2048² pixels.

``python benchmarks/scale.py [sides …]``. The same photograph, enlarged; three architectures. The sizes alternate, so
that changes in the machine's load affect all of them.
"""

from __future__ import annotations

import sys
from functools import partial

import torch
from timing import machine, medians, seconds, table, write_json

import deconvscope as ds

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]
LAYER = "features.21"  # conv4_3
SIDES = (224, 512, 1024, 2048)
ROUNDS = 25


def image(side: int, model: ds.Model) -> torch.Tensor:
    """Return the preprocessed photograph's central square, resized."""
    small = model.preprocess(ds.sample_image("chelsea"))
    return torch.nn.functional.interpolate(
        small[None], (side, side), mode="bilinear", align_corners=False
    )[0]


def main(sides: tuple[int, ...] = SIDES) -> None:
    """Print and write the table."""
    model = ds.load_model("vgg16_trunk")
    network = ds.ReversedNetwork(model.network)
    clicks, records, megabytes = [], [], []
    for side in sides:
        x = image(side, model)
        records.append(seconds(lambda x=x: network.record(x)))  # type: ignore[misc]
        recording = network.record(x)
        _, height, width = recording.layers[LAYER].shape
        neuron = recording.resolve(ds.Strongest(LAYER, y=height // 2, x=width // 2))
        clicks.append(partial(recording.reverse, neuron, THREE))
        megabytes.append(sum(recording[name].numel() * 4 for name in recording.layers) / 2**20)
    times = medians(clicks, ROUNDS)
    rows = [
        [f"{side}²", f"{1e3 * record:.0f}", f"{held:.0f}", f"{1e3 * t:.1f}", f"{t / times[0]:.2f}×"]
        for side, record, held, t in zip(sides, records, megabytes, times, strict=True)
    ]
    print(f"VGG-16 trunk, conv4_3, three architectures, {machine()}\n")
    print(table(["image", "record, ms", "activations, MiB", "click, ms", "of the first"], rows))
    write_json("scale", {"machine": machine(), "sides": sides, "clicks": times, "records": records})


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIDES)
