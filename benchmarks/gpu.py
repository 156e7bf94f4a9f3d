"""Time a click on the deepest layers by CUDA graph replay, in float32, TF32 and bfloat16.

``python benchmarks/gpu.py``. A click is timed until the picture is in host memory, and on the device alone, where its
work is queued behind a long wait to exclude the host's time. Float32 pictures are compared with the CPU's. Without a
CUDA device it prints one line and ends.
"""

from __future__ import annotations

import statistics
from functools import partial

import torch
from timing import seconds, table, write_json
from torch import nn

import deconvscope as ds
from deconvscope.reversal.runtime.numeric_modes import single_precision

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]
CLICKS = 50
WAIT = 20_000_000
"""Device cycles, about ten milliseconds: longer than the host takes to queue a click."""


def networks() -> dict[str, tuple[nn.Module, str]]:
    """Return name → network and the layer to click."""
    import torchvision.models

    trunk = ds.load_model("vgg16_trunk").network
    resnet = torchvision.models.resnet50(weights=None).eval()
    return {"VGG-16 trunk": (trunk, "features.30"), "ResNet-50, random weights": (resnet, "layer4")}


def recorded(
    network: nn.Module, image: torch.Tensor, device: str, precision: str | None = None
) -> ds.Recording:
    """Return a recording of a forward pass without TF32."""
    network, image = network.to(device), image.to(device)
    with single_precision(image, tf32=False):
        return ds.ReversedNetwork(network, precision=precision).record(image)


def neurons(recording: ds.Recording, layer: str) -> list[ds.Neuron]:
    """Return one neuron per click, at the centre of successive channels."""
    known = recording.layers[layer]
    channels, height, width = known.shape
    return [
        ds.Neuron(known.name, click % channels, height // 2, width // 2) for click in range(CLICKS)
    ]


def picture(
    recording: ds.Recording, neuron: ds.Neuron, architectures: list[ds.Architecture]
) -> torch.Tensor:
    """Return a neuron's pictures in host memory."""
    return recording.reverse(neuron, architectures).values.cpu()


def milliseconds(
    recording: ds.Recording, layer: str, architectures: list[ds.Architecture]
) -> tuple[float, float]:
    """Return the median time of a click on the device alone, and until the picture is in host memory.

    Raises:
        RuntimeError: the pass was not captured.
    """
    clicked = neurons(recording, layer)
    held = len(recording.reversed_graph.captured)
    for neuron in clicked[:3]:
        recording.reverse(neuron, architectures)
    if len(recording.reversed_graph.captured) != held + 1:
        raise RuntimeError(f"the pass from {layer} was not captured")
    alone, waited = [], []
    for neuron in clicked:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        torch.cuda._sleep(WAIT)  # type: ignore[no-untyped-call]
        start.record()
        recording.reverse(neuron, architectures)
        end.record()
        torch.cuda.synchronize()
        alone.append(float(start.elapsed_time(end)))
        waited.append(1e3 * seconds(partial(picture, recording, neuron, architectures)))
    return statistics.median(alone), statistics.median(waited)


def largest_difference(network: nn.Module, image: torch.Tensor, layer: str) -> float:
    """Return the largest difference between the device's and the CPU's float32 pictures, relative to the maximum."""
    pictures = []
    for device in ("cuda", "cpu"):
        recording = recorded(network, image, device)
        for _ in range(3):  # the third is a replay
            reversed_ = recording.reverse(neurons(recording, layer)[7], THREE)
        pictures.append(reversed_.dense().cpu())
    ours, expected = pictures
    return float(((ours - expected).abs().amax((1, 2, 3)) / expected.abs().amax((1, 2, 3))).max())


def main() -> None:
    """Print and write the table."""
    if not torch.cuda.is_available():
        print("no CUDA device: nothing measured")
        return
    image = ds.load_model("vgg16_trunk").preprocess(ds.sample_image("chelsea"))
    rows = []
    for name, (network, layer) in networks().items():
        difference = largest_difference(network, image, layer)
        for precision in ("float32", "tf32", "bfloat16"):
            recording = recorded(network, image, "cuda", precision)
            row = [name, precision]
            for architectures in (THREE, list(ds.EIGHT)):
                alone, waited = milliseconds(recording, layer, architectures)
                row += [f"{alone:.2f}", f"{waited:.2f}"]
            rows.append([*row, f"{difference:.1e}" if precision == "float32" else ""])
    device = torch.cuda.get_device_name()
    print(f"{device}, torch {torch.__version__}, 224², by graph replay; milliseconds\n")
    heads = ["three, device", "three, click", "eight, device", "eight, click"]
    print(table(["network", "precision", *heads, "from the CPU"], rows))
    write_json("gpu", {"device": device, "rows": rows})


if __name__ == "__main__":
    main()
