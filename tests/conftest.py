"""What all tests share: a fixed random state, and hypothesis without a clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

settings.register_profile("suite", deadline=None, print_blob=True)  # shared machines stutter
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Every test draws the same random numbers, whatever ran before it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
