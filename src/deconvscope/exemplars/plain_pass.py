"""A plain forward pass from which chosen activations are taken, at the moment they are made.

Recording keeps every activation and costs accordingly. Here the network runs as it is; a
`TorchFunctionMode` does no more than count its calls, and hands over the results of some. Which call
makes which layer is found once, by running a recorded image again: names are those of recordings.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from deconvscope.reversal import Recording

from .errors import ChangingNetworkError

Told = Callable[["CallSite", Tensor], None]
Take = Callable[[Tensor], None]


@dataclass(frozen=True)
class CallSite:
    """Which call of a pass makes a tensor: its number, which of its results, and the function's name."""

    number: int
    result: int
    function: str


@dataclass(frozen=True)
class PassPlan:
    """Where the layers of a network are made in a plain pass.

    Attributes:
        sites: layer name → the call that makes it.
        calls: how many calls a pass makes.
    """

    sites: Mapping[str, CallSite]
    calls: int


def working_copy(network: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Return a copy in eval mode for computing with; the network itself keeps mode, type and device.

    Four-dimensional weights are laid out channels-last, with which convolutions are faster.
    """
    made = copy.deepcopy(network).eval().requires_grad_(False)
    return made.to(device, dtype).to(memory_format=torch.channels_last)


def find_layers(network: nn.Module, recording: Recording, names: Iterable[str]) -> PassPlan:
    """Find the calls that make these layers, by running the recorded image again.

    Layers that no call returns, such as what a write through a view leaves, are left out.

    Args:
        network: the one that was recorded.
        recording: of any image.
        names: layers in the order of execution.
    """
    sought = list(names)
    found: dict[str, CallSite] = {}

    def compare(site: CallSite, made: Tensor) -> None:
        for position, name in enumerate(sought):
            recorded = recording.graph[recording.graph.numbers[name]]
            if made.shape == recorded.shape and _same(made, recorded):
                found[name] = site
                del sought[: position + 1]
                return

    calls = run_watched(network, recording.input[None].clone(), compare)
    return PassPlan(found, calls)


def in_batches(network: nn.Module, recording: Recording, plan: PassPlan) -> PassPlan:
    """Return the plan without the layers whose first axis is not the batch.

    Raises:
        ChangingNetworkError: two images make the network call other functions than one.
    """
    shapes: dict[CallSite, tuple[int, ...]] = {}
    two = recording.input[None].repeat(2, 1, 1, 1)
    calls = run_watched(network, two, lambda site, made: shapes.update({site: tuple(made.shape)}))
    if calls != plan.calls:
        raise ChangingNetworkError(_changing(calls, plan.calls))
    wanted = {name: (2, *recording.layers[name].shape) for name in plan.sites}
    sites = {name: site for name, site in plan.sites.items() if shapes.get(site) == wanted[name]}
    return PassPlan(sites, plan.calls)


def collect(network: nn.Module, images: Tensor, plan: PassPlan, take: Mapping[str, Take]) -> None:
    """Run a batch forwards and hand each layer's activation over before anything can write to it.

    Args:
        network: as given to `find_layers`, or a `working_copy` of it.
        images: (n, C, H, W).
        plan: where the layers are made.
        take: layer name → what is called with its activation (n, …).

    Raises:
        ChangingNetworkError: the pass differs from the one that the plan was made from.
    """
    wanted = {plan.sites[name]: taker for name, taker in take.items()}
    numbers = {site.number for site in wanted}

    def hand_over(site: CallSite, made: Tensor) -> None:
        taker = wanted.pop(site, None)
        if taker is not None:
            taker(made)

    calls = run_watched(network, images, hand_over, numbers)
    if wanted or calls != plan.calls:
        raise ChangingNetworkError(_changing(calls, plan.calls))


def run_watched(
    network: nn.Module, images: Tensor, told: Told, numbers: set[int] | None = None
) -> int:
    """Run a network without autograd and tell of the results of its calls; return how many it made.

    Args:
        network: in eval mode.
        images: (n, C, H, W).
        told: called with each floating-point result.
        numbers: of the calls to tell of; None for all.
    """
    watch = Watch(told, numbers)
    with torch.no_grad(), torch.autocast(images.device.type, enabled=False), watch:
        network(images)
    return watch.calls


class Watch(TorchFunctionMode):
    """Counts calls while it is the active mode, and tells of their floating-point results.

    Args:
        told: called with each result; what it raises ends the pass.
        numbers: of the calls to tell of; None for all.
    """

    def __init__(self, told: Told, numbers: set[int] | None) -> None:
        super().__init__()
        self.calls = 0
        self._told, self._numbers = told, numbers

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        number = self.calls
        self.calls = number + 1
        if self._numbers is None or number in self._numbers:
            results = made if isinstance(made, tuple | list) else (made,)
            name = getattr(func, "__name__", "")
            for position, result in enumerate(results):
                if isinstance(result, Tensor) and result.is_floating_point():
                    self._told(CallSite(number, position, name), result)
        return made


def _same(made: Tensor, recorded: Tensor) -> bool:
    """Compare two runs of the same arithmetic, which some devices do not repeat to the last bit."""
    if torch.equal(made, recorded):
        return True
    bound = 1e-6 * float(recorded.abs().max())
    return bool((made - recorded).abs().max() <= bound)


def _changing(calls: int, expected: int) -> str:
    return (
        f"this network made {calls} calls for some images and {expected} for another, or the same in another order; "
        "layers can only be collected where the calls do not depend on what is seen"
    )
