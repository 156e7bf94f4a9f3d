"""Time the start-up: imports, loading a bundled network, reading a photograph, recording, first reversal.

``python benchmarks/start_up.py [runs]`` starts a new Python process for every run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

STEPS = {
    "import torch": "import torch",
    "import deconvscope": "import deconvscope as ds",
    'load_model("vgg16_trunk")': 'model = ds.load_model("vgg16_trunk")',
    "sample_image, preprocess": "x = model.preprocess(ds.sample_image())",
    "record": "recording = ds.ReversedNetwork(model.network).record(x)",
    "reverse one neuron of conv4_3": 'recording.reverse(ds.Strongest("features.21"), ds.DESALINET)',
    "import torchvision": "import torchvision",
    'load_model("mobilenet_v2")': 'ds.load_model("mobilenet_v2")',
}

TIMED = """
import time
for step in {steps!r}:
    start = time.perf_counter()
    exec(step)
    print(time.perf_counter() - start)
"""


def one_start() -> list[float]:
    """Return the seconds of each step in a new Python process."""
    script = TIMED.format(steps=list(STEPS.values()))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return [float(line) for line in done.stdout.split()]


def main(runs: int = 5) -> None:
    """Print the median of each step."""
    columns = zip(*(one_start() for _ in range(runs)), strict=True)
    print(f"median of {runs} starts, milliseconds")
    for step, seconds in zip(STEPS, columns, strict=True):
        print(f"{step:32}{1000 * statistics.median(seconds):8.0f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
