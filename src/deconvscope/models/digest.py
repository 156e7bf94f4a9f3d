"""A digest of a network's weights and structure, whatever its name."""

from __future__ import annotations

import hashlib
import re

import torch
from torch import Tensor, nn


def network_digest(network: nn.Module) -> str:
    """Return a digest of a network's parameters, buffers and printed structure.

    Example:
        >>> one, other = nn.Linear(2, 3), nn.Linear(2, 3)
        >>> network_digest(one) == network_digest(other)
        False
    """
    content = hashlib.sha256(_without_addresses(repr(network)).encode())
    for name, value in sorted(network.state_dict().items()):
        if isinstance(value, Tensor):
            content.update(f"{name}{value.dtype}{tuple(value.shape)}".encode())
            content.update(
                value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
            )
    return f"sha256:{content.hexdigest()}"


def _without_addresses(text: str) -> str:
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)
