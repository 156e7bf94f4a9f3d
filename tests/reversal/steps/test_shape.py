"""What moves values and does not change them is undone."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from .alone import assert_reversed_as


@pytest.mark.parametrize(
    "reshaped",
    [
        lambda x: x.flatten(1),
        lambda x: x.reshape(1, 3, -1, 8),
        lambda x: x.view(1, 12, -1, 4),
        lambda x: x.unsqueeze(1).squeeze(1),
        lambda x: x.unflatten(1, (2, 3)),
        lambda x: torch.ravel(x),
    ],
)
def test_reshapes(reshaped):
    assert_reversed_as("reshape", reshaped, affine=True)


@pytest.mark.parametrize(
    "permuted",
    [
        lambda x: x.permute(0, 3, 1, 2),
        lambda x: torch.permute(x, (0, 2, 3, 1)),
        lambda x: x.transpose(1, -1),
        lambda x: x.swapaxes(2, 3),
    ],
)
def test_permutations(permuted):
    assert_reversed_as("permute", permuted, affine=True)


@pytest.mark.parametrize("border", [(1, 2), (1, 0, 2, 1), (-1, 2, -2, -1)], ids=str)
def test_pads_and_crops(border):
    assert_reversed_as("pad", lambda x: F.pad(x, border, value=0.5), affine=True)


def test_copies_and_dropout_in_eval_mode():
    assert_reversed_as("identity", lambda x: x.clone(), affine=True)
    assert_reversed_as("dropout", lambda x: F.dropout2d(x, 0.5, training=False), affine=True)
