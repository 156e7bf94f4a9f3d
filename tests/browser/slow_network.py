"""A cell with a network that takes four seconds to record, once it is shown."""

from __future__ import annotations

SLOW = """
import time
from torch import nn

class Pause(nn.Module):
    def forward(self, x):
        if slow:
            time.sleep(0.3)
        return x.relu()

slow = False
parts = [layer for _ in range(12) for layer in (nn.Conv2d(3, 3, 3, padding=1), Pause())]
ex = ds.Explorer(nn.Sequential(*parts))
slow = True
ex
""".strip()
