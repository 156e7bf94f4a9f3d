"""Messages for a network that cannot be shown, or that does not take a photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

    from deconvscope.reversal import Recording


def photograph_refused(network: nn.Module, image: Tensor) -> str | None:
    """Return why a network does not take a preprocessed photograph (C, H, W), and what to pass instead.

    None if its first convolution does not show why.
    """
    first = next((m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Conv3d)), None)
    if first is None:
        return None
    height, width = image.shape[-2:]
    wanted = first.in_channels
    if isinstance(first, nn.Conv3d):
        if wanted == 1:
            return (
                "the network takes volumes, and a photograph is none; pass a volume (depth, height, width) as a "
                "tensor, and show the slices of its last layer as channels: deconvscope.Explorer(torch.nn.Sequential("
                f"module, torch.nn.Flatten(0, 1)), image=torch.rand(16, {height}, {width}))"
            )
        return (
            f"the network takes volumes of {wanted} channels, and a photograph is none; pass a tensor (channels · "
            "depth, height, width), and show the slices of its last layer as channels: deconvscope.Explorer("
            f"torch.nn.Sequential(torch.nn.Unflatten(1, ({wanted}, 16)), module, torch.nn.Flatten(1, 2)), "
            f"image=torch.rand({16 * wanted}, {height}, {width}))"
        )
    if wanted == image.shape[0]:
        return None
    reason = f"the network takes {wanted} channels, and its preprocessing makes {image.shape[0]} of a photograph; "
    if wanted == 1:
        return reason + (
            "give it preprocessing for grey pictures: deconvscope.Explorer(deconvscope.from_module(module, preprocess="
            "deconvscope.models.Preprocessing(mean=(0.449,), std=(0.226,))))"
        )
    return reason + (
        "pass all of them as a tensor, preprocessed as the network expects: "
        f"deconvscope.Explorer(module, image=torch.rand({wanted}, {height}, {width}))"
    )


def without_maps(recording: Recording) -> str:
    """Return why an explorer can show no layer of a network, and what to do about it."""
    volumes = [layer for layer in recording.layers.values() if len(layer.shape) == 4]
    if not volumes:
        return "the network has no layer with channels to look at, (C, H, W) or (K,)"
    last = volumes[-1]
    batched = recording.graph[recording.graph.numbers[last.name]].ndim == 5
    flatten = "1, 2" if batched else "0, 1"
    return (
        f"the network's layers are volumes, such as {last.name!r} of shape {last.shape}, and the explorer shows maps "
        "(C, H, W); show the slices of the last one as channels: deconvscope.Explorer(torch.nn.Sequential(module, "
        f"torch.nn.Flatten({flatten})), image=image), or reverse volumes from Python: recording.reverse("
        f"deconvscope.Signal({last.name!r}, recording[{last.name!r}]), 'DeSaliNet')"
    )
