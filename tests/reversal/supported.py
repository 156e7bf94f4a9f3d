"""Write README.md's table of supported networks from a run of the conformance comparison.

``python -m tests.reversal.supported`` reverses every network of the conformance suite in double precision at each of
its layers, by all nine architectures, and states the largest difference to the slow twin.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from pathlib import Path

import torch

import deconvscope as ds

from .agreement import difference
from .networks import FAMILY, FIRST, Subject
from .slow_twin import ALL, SlowTwin, one_hot

README = Path(__file__).parents[2] / "README.md"
START, END = "<!-- supported: start -->", "<!-- supported: end -->"


def row(subject: Subject) -> str:
    """Return one network's line of the table."""
    network, x = subject.make(torch.float64)
    rec = ds.ReversedNetwork(network).record(x)
    slow = SlowTwin(network, x, subject.layers)
    architectures = [ds.Architecture.parse(code) for code in ALL]
    worst = 0.0
    for layer in subject.layers:
        activation = slow.activation(layer)
        place = tuple(int(i) for i in torch.unravel_index(activation.argmax(), activation.shape))
        y_hat = one_hot(activation, place)
        pictures = rec.reverse(ds.Signal(layer, y_hat), architectures).dense()
        for code, picture in zip(ALL, pictures, strict=True):
            worst = max(worst, difference(picture, slow.reverse(layer, y_hat, **ALL[code])))
    coverage = rec.coverage()
    counts = coverage.counts()
    fallbacks = Counter(call.call for call in coverage.fallbacks)
    fell = ", ".join(f"{name} ×{n}" if n > 1 else name for name, n in fallbacks.items()) or "–"
    rules = [str(counts.get(kind, 0)) for kind in ("rectifier", "max pool", "local response norm")]
    return (
        f"| {subject.name} | {len(coverage.calls)} | {' | '.join(rules)} | {fell} | {worst:.0e} |"
    )


def main() -> None:
    """Replace the table between the two marks in the README."""
    lines = [
        "| network | calls | rectifiers | max pools | LRNs | by the vector-Jacobian product | largest difference |",
        "|---|---|---|---|---|---|---|",
    ]
    for subject in FIRST + FAMILY:
        lines.append(row(subject))
        print(lines[-1], file=sys.stderr)
        gc.collect()
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    README.write_text("\n".join([f"{before}{START}", *lines, f"{END}{after}"]), encoding="utf-8")


if __name__ == "__main__":
    main()
