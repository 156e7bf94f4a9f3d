"""What is said where a network refuses an image."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..errors import RecordingError
from ..steps.call import Call


def refusal(call: Call, error: Exception, where: str, image: Tensor, given: Tensor | None) -> str:
    """Return a line that says what to do about a call that failed.

    Args:
        call: the call.
        error: what it raised.
        where: path of the module that made it, "" outside of any.
        image: what was given to the network, (1, C, H, W).
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
                f"the network takes {wanted} channels, the image has {given.shape[1]}; "
                f"{_other_channels(given.shape[1], int(wanted))}"
            )
    told = str(error).splitlines()[0] if str(error) else type(error).__name__
    if any(
        word in told
        for word in ("too small", "Kernel size can't be greater", "smaller than", "less than")
    ):
        return (
            f"an image of {shape} is too small for this network: at {where} nothing is left of it "
            f"({told}); give a larger one"
        )
    return f"an image of {shape} does not fit this network: {call.name} at {where} says: {told}"


def _other_channels(given: int, wanted: int) -> str:
    """Return how an image, (C, H, W) or (1, C, H, W), gets the channels that a network takes."""
    if given == 1:
        return f"repeat it, e.g. torch.cat([image] * {wanted}, -3)"
    if wanted == 1:
        return "make it grey, e.g. image.mean(-3, keepdim=True)"
    if given > wanted:
        return f"choose channels, e.g. image[..., :{wanted}, :, :]"
    return f"give all {wanted} of them, preprocessed as the network expects"


def no_output(returned: object, made: Sequence[Tensor], stops: Sequence[str]) -> RecordingError:
    """Return the error for a network whose result does not depend on the image.

    Args:
        returned: what it returned.
        made: the tensors in that.
        stops: where it left the recorded computation.
    """
    if not made:
        return RecordingError(
            f"the network returns {type(returned).__name__}, in which no tensor is found; "
            "wrap it in a module whose forward returns the scores as a tensor"
        )
    if not any(t.is_floating_point() or t.is_complex() for t in made):
        return RecordingError(
            "the network returns only integers, as of an argmax, through which nothing flows back; "
            "wrap it in a module whose forward returns the scores that they were chosen by"
        )
    what = "what the network returns does not depend on the image by any recorded call"
    if not stops:
        return RecordingError(what)
    if any(stop.endswith("under no_grad") for stop in stops):
        return RecordingError(
            f"{what}; {stops[0]}: to reverse what runs under no_grad too, "
            "pass through_no_grad=True to ReversedNetwork or Explorer"
        )
    return RecordingError(f"{what}; it left torch at {stops[0]}")
