"""What is reversed otherwise than on most machines, because of this machine; shown in the status line."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from deconvscope.reversal import Recording, capabilities


def differences(recording: Recording) -> Iterator[tuple[str, str]]:
    """Yield how reversing a recording differs on this machine: two or three words, and the reason."""
    device, asked = recording.input.device, recording.asked_precision
    carried = recording.carried_precision or asked
    if carried != asked:
        name = str(asked).removeprefix("torch.")
        why = capabilities.reduced_arithmetic(asked, device).reason
        yield (
            "sums in float32",
            f"signals travel in float32 and the picture is rounded to {name}, "
            f"since there is no {name} arithmetic here ({why})",
        )
    if recording.tf32 and not (tf32 := capabilities.tf32(device)):
        yield ("no TF32", tf32.reason)
    if device.type == "cpu" and carried == torch.float32:
        packed = capabilities.packed_convolution(carried)
        if not packed:
            yield ("plain convolutions", f"filters are packed on every call ({packed.reason})")
    if not (order := capabilities.channels_last(carried, device)):
        yield ("plain order", f"maps travel channel by channel ({order.reason})")
    if device.type == "cuda" and not (graphs := capabilities.cuda_graphs(device)):
        yield ("no CUDA graphs", f"reversed passes are launched call by call ({graphs.reason})")
