"""Concatenations are split, and splits joined."""

from __future__ import annotations

import pytest
import torch

from .alone import assert_reversed_as


@pytest.mark.parametrize("axis", [1, 2, 3, -3])
@pytest.mark.parametrize("joined", [torch.cat, torch.concat, torch.concatenate])
def test_concatenations(joined, axis):
    assert_reversed_as("concatenation", lambda x: joined([x * 2, x, -x], axis), affine=True)


@pytest.mark.parametrize(
    "part",
    [
        lambda x: x.chunk(3, 1)[1],
        lambda x: x.split([1, 2, 3], dim=1)[2],
        lambda x: torch.split(x, 4, 2)[0],
        lambda x: x.tensor_split(3, 3)[1],
    ],
)
def test_parts(part):
    assert_reversed_as("split", part, affine=True)


def test_several_parts_of_one_split():
    def shuffled(x):
        first, second, third = x.chunk(3, 1)
        return torch.cat([third, first, second * 2, first], 1)

    assert_reversed_as("concatenation", shuffled, affine=True)
