"""Compare a recording with forward passes without and with autograd, in time and in memory.

``python benchmarks/record.py [rounds]``. The three kinds of pass alternate.
"""

from __future__ import annotations

import sys

import torch
from timing import machine, medians, table, write_json
from torch import Tensor, nn

import deconvscope as ds


def saved_by_autograd(network: nn.Module, x: Tensor) -> int:
    """Return the bytes that autograd saves in a forward pass, excluding weights."""
    weights = {p.untyped_storage().data_ptr() for p in network.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    alive = x[None].clone().requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        network(alive)
    return sum(kept.values())


def main(rounds: int = 9) -> None:
    """Print and write the table."""
    rows, results = [], []
    for name in ("vgg16_trunk", "mobilenet_v2"):
        model = ds.load_model(name)
        network = model.network.eval()
        x = model.preprocess(ds.sample_image("chelsea"))
        reversible = ds.ReversedNetwork(network)

        def plain(network: nn.Module = network, x: Tensor = x) -> None:
            with torch.no_grad():
                network(x[None])

        def with_autograd(network: nn.Module = network, x: Tensor = x) -> None:
            network(x[None].clone().requires_grad_())

        def recorded(reversible: ds.ReversedNetwork = reversible, x: Tensor = x) -> None:
            reversible.record(x)

        times = medians([plain, with_autograd, recorded], rounds)
        kept, saved = reversible.record(x).nbytes, saved_by_autograd(network, x)
        rows.append(
            [name, *(f"{1e3 * t:.0f}" for t in times), f"{times[2] / times[0]:.2f}×", f"{kept / 2**20:.2f}",
             f"{saved / 2**20:.0f}", f"1/{saved / kept:.0f}" if kept else "none kept"]
        )  # fmt: skip
        results.append({"network": name, "seconds": times, "bottleneck": kept, "autograd": saved})
    print(f"one photograph at 224², {machine()}\n")
    heads = ["network", "plain, ms", "autograd, ms", "recorded, ms", "recorded / plain", "bottleneck, MiB",
             "autograd saves, MiB", "share"]  # fmt: skip
    print(table(heads, rows))
    write_json("record", {"machine": machine(), "rows": results})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
