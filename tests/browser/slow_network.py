"""A cell with a network that takes a minute to record the next photograph, and no time for those after it."""

from __future__ import annotations

SLOW = """
import time
from torch import nn

class Counting(nn.Conv2d):
    def forward(self, x):
        global photographs
        photographs += 1
        return super().forward(x)

class Pause(nn.Module):
    def forward(self, x):
        if photographs == 1:
            time.sleep(1)
        return x.relu()

photographs = -1000
ex = ds.Explorer(nn.Sequential(Counting(3, 3, 3, padding=1), *(Pause() for _ in range(60))))
photographs = 0
ex
""".strip()
"""It can be given up each second."""
