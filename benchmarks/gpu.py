"""A click on a CUDA device: device time of the deepest neurons, by graph replay, in float32 and TF32.

``python benchmarks/gpu.py``. Device time is taken with CUDA events around clicks on neurons of one layer after
the pass was captured; float32 pictures are compared with the CPU's. Ends with a line where there is no device.
"""

from __future__ import annotations

import statistics

import torch
from timing import table, write_json
from torch import nn

import deconvscope as ds

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]
CLICKS = 50


def networks() -> dict[str, tuple[nn.Module, str]]:
    """Return networks by name, each with the layer that is clicked."""
    import torchvision.models

    trunk = ds.load_model("vgg16_trunk").network
    resnet = torchvision.models.resnet50(weights=None).eval()
    return {"VGG-16 trunk": (trunk, "features.30"), "ResNet-50, random weights": (resnet, "layer4")}


def device_milliseconds(
    recording: ds.Recording, layer: str, architectures: list[ds.Architecture]
) -> float:
    """Return the median device time of a click, after the first clicks have captured the pass."""
    name = recording.layers[layer].name
    channels, height, width = recording.layers[name].shape
    times = []
    for click in range(CLICKS + 3):
        neuron = ds.Neuron(name, click % channels, height // 2, width // 2)
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        start.record()
        recording.reverse(neuron, architectures)
        end.record()
        torch.cuda.synchronize()
        times.append(float(start.elapsed_time(end)))
    return statistics.median(times[3:])


def largest_difference(network: nn.Module, image: torch.Tensor, layer: str) -> float:
    """Return how far float32 pictures of the device are from the CPU's, of their maximum."""
    pictures = []
    for device in ("cuda", "cpu"):
        recording = ds.ReversedNetwork(network.to(device)).record(image.to(device))
        name = recording.layers[layer].name
        _, height, width = recording.layers[name].shape
        for _ in range(3):  # the third is a replay
            picture = recording.reverse(ds.Neuron(name, 7, height // 2, width // 2), THREE)
        pictures.append(picture.dense().cpu())
    ours, expected = pictures
    return float(((ours - expected).abs().amax((1, 2, 3)) / expected.abs().amax((1, 2, 3))).max())


def main() -> None:
    """Print and write the table."""
    if not torch.cuda.is_available():
        print("no CUDA device here: nothing was measured")
        return
    image = ds.load_model("vgg16_trunk").preprocess(ds.sample_image("chelsea"))
    rows = []
    for name, (network, layer) in networks().items():
        apart = largest_difference(network, image, layer)
        for precision in ("float32", "tf32", "bfloat16"):
            reversible = ds.ReversedNetwork(network.to("cuda"), precision=precision)
            recording = reversible.record(image.to("cuda"))
            three = device_milliseconds(recording, layer, THREE)
            eight = device_milliseconds(recording, layer, list(ds.EIGHT))
            told = f"{apart:.1e}" if precision == "float32" else ""
            rows.append([name, precision, f"{three:.2f}", f"{eight:.2f}", told])
    device = torch.cuda.get_device_name()
    print(f"{device}, torch {torch.__version__}, 224², graph replay, device time\n")
    print(table(["network", "precision", "three, ms", "eight, ms", "from the CPU"], rows))
    write_json("gpu", {"device": device, "rows": rows})


if __name__ == "__main__":
    main()
