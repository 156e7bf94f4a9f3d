"""In which floating-point type signals travel back, where the device is slow in the one that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..runtime.capabilities import REDUCED, reduced_arithmetic

if TYPE_CHECKING:
    from ..recording import Recording


def carried_precision(recording: Recording) -> torch.dtype | None:
    """Return the type in which a recording's signals travel; None for that of each activation.

    A processor without instructions for bfloat16 computes in it many times more slowly than in float32. There the
    signals travel in float32, and only the picture is rounded to `asked_precision`.
    """
    asked = asked_precision(recording)
    if asked in REDUCED and not reduced_arithmetic(asked, recording.recorded(0).device):
        return torch.float32
    return recording.precision


def asked_precision(recording: Recording) -> torch.dtype:
    """Return the type that was asked for: that of the network where no other was."""
    return recording.precision or recording.recorded(0).dtype
