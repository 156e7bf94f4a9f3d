"""Errors for images that do not fit a network, and for networks whose output cannot be reversed."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..errors import RecordingError
from ..steps.call import Call


def refusal(call: Call, error: Exception, where: str, image: Tensor, given: Tensor | None) -> str:
    """Return an error message, with a remedy, for a call that failed.

    Args:
        call: the call.
        error: the exception that it raised.
        where: path of the module that made the call, "" outside any module.
        image: the network's input, (1, C, H, W).
        given: the call's first argument that depends on the image.
    """
    where = where or "the network"
    shape = "×".join(map(str, image.shape[1:]))
    if call.name == "conv2d" and given is not None and len(call.args) > 1:
        weight, groups = (
            call.args[1],
            call.args[6] if len(call.args) > 6 else call.kwargs.get("groups", 1),
        )
        wanted = weight.shape[1] * groups
        if given is image and given.shape[1] != wanted:
            return (
                f"the network takes {wanted} channels, got an image with {given.shape[1]}; "
                f"{_other_channels(given.shape[1], int(wanted))}"
            )
    message = str(error).splitlines()[0] if str(error) else type(error).__name__
    if any(
        phrase in message
        for phrase in ("too small", "Kernel size can't be greater", "smaller than", "less than")
    ):
        return (
            f"an image of {shape} is too small for this network: its map vanishes at {where} "
            f"({message}); pass a larger image"
        )
    return (
        f"an image of {shape} does not fit this network: {call.name} at {where} failed: {message}"
    )


def _other_channels(given: int, wanted: int) -> str:
    """Return how to convert an image, (C, H, W) or (1, C, H, W), to the channels that a network takes."""
    if given == 1:
        return f"repeat the channel, e.g. torch.cat([image] * {wanted}, -3)"
    if wanted == 1:
        return "convert it to grey, e.g. image.mean(-3, keepdim=True)"
    if given > wanted:
        return f"select channels, e.g. image[..., :{wanted}, :, :]"
    return f"pass all {wanted} channels, preprocessed as the network expects"


def no_output(returned: object, made: Sequence[Tensor], stops: Sequence[str]) -> RecordingError:
    """Return the error for a network without an output that depends on the image.

    `made` are the tensors in its output, `stops` the calls at which it left the recorded computation.
    """
    if not made:
        return RecordingError(
            f"the network must return a tensor, but returns {type(returned).__name__} without one; "
            "wrap it in a module that returns the scores as a tensor"
        )
    if not any(t.is_floating_point() or t.is_complex() for t in made):
        return RecordingError(
            "the network returns only integers, such as an argmax, which have no gradient; "
            "wrap it in a module that returns the scores before the argmax"
        )
    what = "the network's output does not depend on the image through any recorded call"
    if not stops:
        return RecordingError(what)
    if any(stop.endswith("under no_grad") for stop in stops):
        return RecordingError(
            f"{what} ({stops[0]}); to reverse calls under no_grad too, "
            "pass through_no_grad=True to ReversedNetwork or Explorer"
        )
    return RecordingError(f"{what}; the recording stops at {stops[0]}")
