"""An explorer that is used for long holds no more memory than one that was used a while."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

USED = """
import gc, os, torch
import deconvscope as ds
from tests.explorer.recorded_browser import Browser, RecordedComm

class Forgetful(RecordedComm):
    def publish_msg(self, *arguments, **keywords):
        super().publish_msg(*arguments, **keywords)
        del self.sent[:-20]  # meters of the answer before may come last

def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

comm = Forgetful()
explorer = ds.Explorer("mobilenet_v2", torch.randn(3, 128, 128), comm=comm)
layers = {"mobilenet_v2": "features.4.conv.0.0", "small": "1"}
convolution = torch.nn.Conv2d(3, 24, 5, stride=2)
explorer.model = ds.from_module(torch.nn.Sequential(convolution, torch.nn.ReLU()), name="small")
browser = Browser(explorer, comm, image=explorer.address.split("#")[1])

def use(switches, queries):
    for number in range(switches):
        model = ("mobilenet_v2", "small")[number % 2]
        for _ in range(queries // switches):
            place = {"channel": browser.seq % 24, "y": browser.seq * 5 % 32, "x": browser.seq * 3 % 32}
            browser.ask(model=model, layer=layers[model], neuron=place,
                        aside={"meter": True, "random": browser.seq % 20 == 0})
            browser.wait_for("_view", seq=browser.seq)

use(10, 100)
before = resident()
use(50, 500)
print(before, resident())
"""


@pytest.mark.lengthy
def test_five_hundred_queries_and_fifty_switches_of_the_model_leave_nothing_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-c", USED],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split())
    assert after < 1.02 * before
