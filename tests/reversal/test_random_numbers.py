"""Random numbers are drawn again as they were, and what is drawn afterwards is not disturbed."""

from __future__ import annotations

import pytest
import torch

from deconvscope.reversal.random_numbers import drawn_again, random_states

DEVICE = torch.device("cuda", 1)


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> torch.Generator:
    """Stands for the generator of a second CUDA device."""
    second = torch.Generator().manual_seed(7)
    monkeypatch.setattr(torch.cuda, "default_generators", (torch.Generator(), second))
    return second


def test_the_processors_and_the_devices_numbers_are_drawn_again(generator):
    states = random_states(DEVICE)
    first = torch.rand(3), torch.rand(3, generator=generator)
    with drawn_again(DEVICE, states):
        again = torch.rand(3), torch.rand(3, generator=generator)
    for a, b in zip(first, again, strict=True):
        assert torch.equal(a, b)


def test_generators_stand_afterwards_where_they_stood(generator):
    states = random_states(DEVICE)
    torch.rand(3), torch.rand(3, generator=generator)
    before = random_states(DEVICE)
    with pytest.raises(RuntimeError, match="broken"), drawn_again(DEVICE, states):
        torch.rand(5), torch.rand(5, generator=generator)
        raise RuntimeError("broken")
    for a, b in zip(before, random_states(DEVICE), strict=True):
        assert torch.equal(a, b)
