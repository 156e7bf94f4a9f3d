"""Time a click by one, three and eight architectures against captum's three `Neuron*` calls and the machine's limit.

``python benchmarks/click.py [rounds] [--layers conv2_2,pool5] [--size 224] [--instruction-sets native,avx2]``;
``--instruction-sets`` prints the tables for several instruction sets, each in its own process.

The recording is made once beforehand. Captum runs on the network truncated at the layer, with the same neuron and
threads, and its three calls alternate with ours. The limit is the number of floating-point operations inside the
windows over the rate of a matrix product in the same run: ``torch.mm``, and the fastest product that the same
libraries have. A second table compares bfloat16 with float32.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torchvision.models
from captum.attr import NeuronDeconvolution, NeuronGradient, NeuronGuidedBackprop
from timing import (
    INSTRUCTION_SETS,
    machine,
    matrix_product_rate,
    medians,
    medians_of_bursts,
    packed_product_rate,
    table,
    with_instructions,
    write_json,
)
from torch import nn

import deconvscope as ds
from deconvscope.reversal.steps.convolution import Convolution

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]
LAYERS = {"conv2_2": 7, "conv3_3": 14, "conv4_3": 21, "conv5_3": 28, "pool5": 30}
OTHERS = {"resnet50": {}, "googlenet": {"init_weights": False, "aux_logits": False}}
NAMED = {
    "resnet50": ("layer1", "layer2", "layer3", "layer4"),
    "googlenet": ("inception3b", "inception4e", "inception5b"),
}


def photograph(model: ds.Model, size: int) -> torch.Tensor:
    """Return the centre of a bundled photograph, preprocessed."""
    x: torch.Tensor = model.preprocess(ds.sample_image("chelsea"))
    top, left = ((whole - size) // 2 for whole in x.shape[1:])
    return x[:, top : top + size, left : left + size].contiguous()


def operations(recording: ds.Recording, layer: str, architectures: int) -> float:
    """Count multiplications and additions of the convolutions inside the windows of a central neuron."""
    graph, number = recording.graph, recording.graph.numbers[layer]
    reaches = graph.reaches(number)
    count = 0.0
    for step in graph.steps:
        if not isinstance(step, Convolution) or step.outputs[0] not in reaches:
            continue
        reach, tensor = reaches[step.outputs[0]], graph[step.outputs[0]]
        sides = [
            full if reach is None else min(full, int(reach[i].size))
            for i, full in enumerate(tensor.shape[2:])
        ]
        first = step.outputs[0] == number  # only one channel of the layer itself is not zero
        weights = step.weight.numel() / (step.weight.shape[0] if first else 1)
        count += 2 * weights * sides[0] * sides[1] * architectures
    return count


def captum_calls(
    network: nn.Sequential, depth: int, neuron: tuple[int, ...], x: torch.Tensor
) -> list[object]:
    """Return captum's three pictures of a neuron, on the network truncated after its layer."""
    cut = nn.Sequential(*list(network)[: depth + 1])
    pictures = []
    for method in (NeuronDeconvolution, NeuronGradient, NeuronGuidedBackprop):
        pictures.append(method(cut, cut[-1]).attribute(x, neuron))
    return pictures


def captum_in_place(
    network: nn.Module, layer: str, neuron: tuple[int, ...], x: torch.Tensor
) -> list[object]:
    """Return captum's three pictures of a neuron in a network with branches, which cannot be truncated."""
    module = network.get_submodule(layer)
    methods = (NeuronDeconvolution, NeuronGradient, NeuronGuidedBackprop)
    return [method(network, module).attribute(x, neuron) for method in methods]


def measured(
    recording: ds.Recording, neuron: ds.Neuron, captum: Callable[[], object], rounds: int
) -> dict[str, float]:
    """Return the seconds of one, three and eight architectures and of captum, alternating, and the operations."""
    clicks = [
        partial(recording.reverse, neuron, some) for some in ([ds.DESALINET], THREE, ds.EIGHT)
    ]
    times = medians_of_bursts([*clicks, captum], rounds)
    return {
        **dict(zip(("one", "three", "eight", "captum"), times, strict=True)),
        "operations": operations(recording, neuron.layer, 3),
    }


def central(recording: ds.Recording, layer: str) -> ds.Neuron:
    """Return the strongest neuron at the centre of a layer's maps."""
    _, height, width = recording.layers[layer].shape
    neuron = recording.resolve(ds.Strongest(layer, y=height // 2, x=width // 2))
    assert isinstance(neuron, ds.Neuron)
    return neuron


def vgg(rounds: int, layers: Sequence[str], size: int) -> list[dict[str, Any]]:
    """Measure the VGG-16 trunk, with captum on the network truncated after the layer."""
    model = ds.load_model("vgg16_trunk")
    features: nn.Sequential = model.network.features  # type: ignore[assignment]
    plain = nn.Sequential(*[nn.ReLU() if isinstance(m, nn.ReLU) else m for m in features]).eval()
    x = photograph(model, size)
    recording = ds.ReversedNetwork(model.network).record(x)
    results = []
    for name in layers:
        depth = LAYERS[name]
        layer = f"features.{depth}"
        neuron = central(recording, layer)
        captum = partial(captum_calls, plain, depth, neuron.index, x[None])
        results.append(
            {"network": "VGG-16", "layer": name, **measured(recording, neuron, captum, rounds)}
        )
    return results


def bfloat16(rounds: int, layers: Sequence[str], size: int) -> list[dict[str, Any]]:
    """Measure clicks on the VGG-16 trunk in bfloat16 and float32, alternating, and the pictures' difference."""
    model = ds.load_model("vgg16_trunk")
    x = photograph(model, size)
    fine, coarse = (
        ds.ReversedNetwork(model.network, precision=precision).record(x)
        for precision in (None, "bfloat16")
    )
    results = []
    for name in layers:
        neuron = central(fine, f"features.{LAYERS[name]}")
        ways: list[partial[Any]] = [
            partial(recording.reverse, neuron, THREE) for recording in (fine, coarse)
        ]
        seconds = medians(ways, 4 * rounds)
        exact, rough = (way().dense() for way in ways)
        error = ((exact - rough).abs().amax((1, 2, 3)) / exact.abs().amax((1, 2, 3))).max()
        results.append(
            {"layer": name, "float32": seconds[0], "bfloat16": seconds[1], "error": float(error)}
        )
    return results


def others(rounds: int, size: int) -> list[dict[str, Any]]:
    """Measure networks with branches, with random weights."""
    x = photograph(ds.load_model("vgg16_trunk"), size)
    results = []
    for name, options in OTHERS.items():
        network = torchvision.models.get_model(name, weights=None, **options).eval()
        recording = ds.ReversedNetwork(network).record(x)
        for layer in NAMED[name]:
            neuron = central(recording, recording.layers[layer].name)
            captum = partial(captum_in_place, network, layer, neuron.index, x[None])
            results.append(
                {"network": name, "layer": layer, **measured(recording, neuron, captum, rounds)}
            )
    return results


def tables(rounds: int, layers: Sequence[str], size: int) -> None:
    """Print and write the tables.

    Args:
        rounds: number of rounds; each calls everything once.
        layers: of VGG-16, as in `LAYERS`; the other networks are measured only with all of them.
        size: height and width of the image.
    """
    warnings.simplefilter("ignore")
    rate, fastest = matrix_product_rate(), packed_product_rate()
    results = vgg(rounds, layers, size)
    if len(layers) == len(LAYERS):
        results += others(rounds, size)
    heads = ["network", "layer", "one, ms", "three, ms", "eight, ms", "eight / three", "captum, ms", "faster by",
             "share of the limit", "of the fastest product"]  # fmt: skip
    rows = [
        [r["network"], r["layer"], *(f"{1e3 * r[k]:.2f}" for k in ("one", "three", "eight")),
         f"{r['eight'] / r['three']:.2f}×", f"{1e3 * r['captum']:.0f}", f"{r['captum'] / r['three']:.1f}×",
         *(f"{r['operations'] / r['three'] / limit:.0%}" for limit in (rate, fastest))]
        for r in results
    ]  # fmt: skip
    print(
        f"{size}², {machine()}, matrix product {rate / 1e9:.0f}, the fastest {fastest / 1e9:.0f} GFLOP/s\n"
    )
    print(table(heads, rows))
    rough = bfloat16(rounds, layers, size)
    heads = ["layer", "float32, ms", "bfloat16, ms", "share", "largest difference"]
    rows = [
        [r["layer"], f"{1e3 * r['float32']:.2f}", f"{1e3 * r['bfloat16']:.2f}",
         f"{r['bfloat16'] / r['float32']:.2f}", f"{r['error']:.2%} of the maximum"]
        for r in rough
    ]  # fmt: skip
    print("\n" + table(heads, rows))
    write_json(
        "click",
        {
            "machine": machine(),
            "environment": str(ds.environment()),
            "size": size,
            "rate": rate,
            "fastest": fastest,
            "rows": results,
            "bfloat16": rough,
        },
    )


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Measure clicks against captum.")
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument(
        "--layers", type=_names, default=list(LAYERS), help="of VGG-16: " + ", ".join(LAYERS)
    )
    parser.add_argument("--size", type=int, default=224, help="of the image, up to 224")
    parser.add_argument(
        "--instruction-sets", type=_names, default=[], help=", ".join(INSTRUCTION_SETS)
    )
    asked = parser.parse_args()
    unknown = [name for name in asked.layers if name not in LAYERS]
    if unknown:
        parser.error(f"layers must be among {', '.join(LAYERS)}, got {', '.join(unknown)}")
    if asked.instruction_sets:
        given = [str(asked.rounds), "--layers", ",".join(asked.layers), "--size", str(asked.size)]
        with_instructions(asked.instruction_sets, __file__, given)
    else:
        tables(asked.rounds, asked.layers, asked.size)


def _names(text: str) -> list[str]:
    return text.split(",")


if __name__ == "__main__":
    main()
