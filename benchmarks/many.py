"""Compare reversing a list of random neurons together with reversing them one by one.

``python benchmarks/many.py [count]``. VGG-16 trunk at 224², three architectures; the two alternate.
"""

from __future__ import annotations

import random
import sys
from functools import partial
from typing import Any

from timing import machine, medians, table, write_json

import deconvscope as ds

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]
LAYERS = {"conv2_2": 7, "conv3_3": 14, "conv4_3": 21}
ROUNDS = 3


def random_neurons(recording: ds.Recording, layer: str, count: int) -> list[ds.Neuron]:
    """Return neurons drawn uniformly over channels and places, the same in every run."""
    drawn = random.Random(0)
    channels, height, width = recording.layers[layer].shape
    return [
        ds.Neuron(layer, drawn.randrange(channels), drawn.randrange(height), drawn.randrange(width))
        for _ in range(count)
    ]


def one_by_one(recording: ds.Recording, neurons: list[ds.Neuron]) -> None:
    """Reverse each neuron in a separate call."""
    for neuron in neurons:
        recording.reverse(neuron, THREE)


def main(count: int = 100) -> None:
    """Print and write the table."""
    model = ds.load_model("vgg16_trunk")
    recording = ds.ReversedNetwork(model.network).record(
        model.preprocess(ds.sample_image("chelsea"))
    )
    rows, results = [], []
    for name, depth in LAYERS.items():
        neurons = random_neurons(recording, f"features.{depth}", count)
        ways: list[partial[Any]] = [
            partial(one_by_one, recording, neurons),
            partial(recording.reverse, neurons, THREE),
        ]
        alone, together = medians(ways, ROUNDS)
        rows.append(
            [name, f"{count / alone:.0f}", f"{count / together:.0f}", f"{alone / together:.2f}×"]
        )
        results.append({"layer": name, "alone": alone, "together": together, "count": count})
    print(f"VGG-16 trunk at 224², {count} random neurons, three architectures, {machine()}\n")
    print(table(["layer", "one by one, /s", "in a list, /s", "faster by"], rows))
    write_json("many", {"machine": machine(), "rows": results})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
