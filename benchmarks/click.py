"""One click: three architectures of one neuron, against captum's three `Neuron*` calls and the machine's limit.

``python benchmarks/click.py [rounds]``. The recording is made once beforehand, as a user would; captum runs on
the network cut at the layer, with the same neuron and threads, its three calls in turn with ours. The limit is
the floating-point operations inside the windows over the rate of a matrix product in the same run.
"""

from __future__ import annotations

import sys
import warnings
from functools import partial

import torch
from captum.attr import NeuronDeconvolution, NeuronGradient, NeuronGuidedBackprop
from timing import machine, matrix_product_rate, median_alone, medians, table, write_json
from torch import nn

import deconvscope as ds
from deconvscope.reversal.steps.convolution import Convolution

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]
LAYERS = {"conv2_2": 7, "conv3_3": 14, "conv4_3": 21, "conv5_3": 28, "pool5": 30}


def operations(recording: ds.Recording, layer: str, architectures: int) -> float:
    """Count multiplications and additions of the convolutions inside the windows of a central neuron."""
    reaches = recording.reaches(recording.slot(layer))
    count = 0.0
    for step in recording.steps:
        if not isinstance(step, Convolution) or step.outputs[0] not in reaches:
            continue
        reach, tensor = reaches[step.outputs[0]], recording.recorded(step.outputs[0])
        sides = [
            full if reach is None else min(full, int(reach[i].size))
            for i, full in enumerate(tensor.shape[2:])
        ]
        first = step.outputs[0] == recording.slot(
            layer
        )  # one channel of the layer itself is not zero
        weights = step.weight.numel() / (step.weight.shape[0] if first else 1)
        count += 2 * weights * sides[0] * sides[1] * architectures
    return count


def captum_calls(
    network: nn.Sequential, depth: int, neuron: tuple[int, ...], x: torch.Tensor
) -> list[object]:
    """Return captum's three pictures of a neuron of the network cut behind a layer."""
    cut = nn.Sequential(*list(network)[: depth + 1])
    pictures = []
    for method in (NeuronDeconvolution, NeuronGradient, NeuronGuidedBackprop):
        pictures.append(method(cut, cut[-1]).attribute(x, neuron))
    return pictures


def main(rounds: int = 5) -> None:
    """Print and write the table."""
    warnings.simplefilter("ignore")
    model = ds.load_model("vgg16_trunk")
    features: nn.Sequential = model.network.features  # type: ignore[assignment]
    plain = nn.Sequential(*[nn.ReLU() if isinstance(m, nn.ReLU) else m for m in features]).eval()
    x = model.preprocess(ds.sample_image("chelsea"))
    recording = ds.ReversedNetwork(model.network).record(x)
    rate, rows, results = matrix_product_rate(), [], []
    for name, depth in LAYERS.items():
        layer = f"features.{depth}"
        _, height, width = recording.layers[layer].shape
        neuron = recording.resolve(ds.Strongest(layer, y=height // 2, x=width // 2))
        assert isinstance(neuron, ds.Neuron)
        ours = median_alone(partial(recording.reverse, neuron, THREE))
        eight = median_alone(partial(recording.reverse, neuron, ds.EIGHT))
        theirs = medians([partial(captum_calls, plain, depth, neuron.index, x[None])], rounds)[0]
        limit = operations(recording, layer, 3) / rate
        rows.append(
            [name, f"{1e3 * ours:.2f}", f"{1e3 * theirs:.0f}", f"{theirs / ours:.1f}×", f"{limit / ours:.0%}",
             f"{eight / ours:.2f}×"]
        )  # fmt: skip
        results.append(
            {"layer": name, "ours": ours, "captum": theirs, "limit": limit, "eight": eight}
        )
    print(f"VGG-16 trunk at 224², {machine()}, matrix product {rate / 1e9:.0f} GFLOP/s\n")
    heads = ["layer", "ours, ms", "captum, ms", "faster by", "share of the limit", "eight / three"]
    print(table(heads, rows))
    write_json("click", {"machine": machine(), "rate": rate, "rows": results})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
