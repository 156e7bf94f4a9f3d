"""A plain forward pass that hands over chosen activations as soon as they are made.

Recording keeps every activation, and costs accordingly. Here the network runs unchanged under a `TorchFunctionMode`
that only counts its calls and hands over the results of some. Which call makes which layer of a recording is found
once, by running the recorded image again and comparing tensors: a recording numbers the calls that it keeps, which
are not all that a plain pass makes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..reversal import Recording
from .errors import ChangingNetworkError

OnResult = Callable[["CallSite", Tensor], None]
Take = Callable[[Tensor], None]


@dataclass(frozen=True)
class CallSite:
    """The call of a pass that makes a tensor: its number, the position among its results, the function's name."""

    number: int
    result: int
    function: str


@dataclass(frozen=True)
class PassPlan:
    """Layer name → the call that makes it in a plain pass, and the number of calls of a pass."""

    sites: Mapping[str, CallSite]
    calls: int


def working_copy(network: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Return a copy in eval mode, on another device and of another type.

    Four-dimensional weights are laid out channels-last, with which convolutions are faster.
    """
    made = copy.deepcopy(network).eval().requires_grad_(False)
    return made.to(device, dtype).to(memory_format=torch.channels_last)


def find_layers(network: nn.Module, recording: Recording, names: Iterable[str]) -> PassPlan:
    """Find the calls that make these layers, given in the order of execution, by running the recorded image again.

    Layers that no call returns, such as the result of a write through a view, are left out.
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

    calls = _run_watched(network, recording.input[None].clone(), compare)
    return PassPlan(found, calls)


def in_batches(network: nn.Module, recording: Recording, plan: PassPlan) -> PassPlan:
    """Return the plan without the layers whose first axis is not the batch.

    Raises:
        ChangingNetworkError: the network makes other calls for two images than for one.
    """
    shapes: dict[CallSite, tuple[int, ...]] = {}
    two = recording.input[None].repeat(2, 1, 1, 1)
    calls = _run_watched(network, two, lambda site, made: shapes.update({site: tuple(made.shape)}))
    if calls != plan.calls:
        raise ChangingNetworkError(_changing(calls, plan.calls))
    wanted = {name: (2, *recording.layers[name].shape) for name in plan.sites}
    sites = {name: site for name, site in plan.sites.items() if shapes.get(site) == wanted[name]}
    return PassPlan(sites, plan.calls)


def collect(network: nn.Module, images: Tensor, plan: PassPlan, take: Mapping[str, Take]) -> None:
    """Run a batch, (n, C, H, W), and hand over each layer's activation, (n, …), before anything can write to it.

    Raises:
        ChangingNetworkError: the pass differs from the one that the plan was made from.
    """
    wanted = {plan.sites[name]: taker for name, taker in take.items()}
    numbers = {site.number for site in wanted}

    def hand_over(site: CallSite, made: Tensor) -> None:
        taker = wanted.pop(site, None)
        if taker is not None:
            taker(made)

    calls = _run_watched(network, images, hand_over, numbers)
    if wanted or calls != plan.calls:
        raise ChangingNetworkError(_changing(calls, plan.calls))


class Watch(TorchFunctionMode):
    """Counts calls while it is the active mode, and reports their floating-point results.

    Args:
        on_result: called with each result; its exceptions end the pass.
        numbers: of the calls to report; None for all.
    """

    def __init__(self, on_result: OnResult, numbers: set[int] | None) -> None:
        super().__init__()
        self.calls = 0
        self._on_result, self._numbers = on_result, numbers

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
                    self._on_result(CallSite(number, position, name), result)
        return made


def _run_watched(
    network: nn.Module, images: Tensor, on_result: OnResult, numbers: set[int] | None = None
) -> int:
    """Run a network without autograd under a `Watch`; return the number of its calls."""
    watch = Watch(on_result, numbers)
    with torch.no_grad(), torch.autocast(images.device.type, enabled=False), watch:
        network(images)
    return watch.calls


def _same(made: Tensor, recorded: Tensor) -> bool:
    """Compare two runs of the same arithmetic, which some devices do not repeat to the last bit."""
    if torch.equal(made, recorded):
        return True
    bound = 1e-6 * float(recorded.abs().max())
    return bool((made - recorded).abs().max() <= bound)


def _changing(calls: int, expected: int) -> str:
    return (
        f"this network made {calls} calls for some images and {expected} for another, or the same in another order; "
        "layers can only be collected where the calls do not depend on the image"
    )
