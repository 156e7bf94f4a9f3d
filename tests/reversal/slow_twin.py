"""The reversed architectures written a second time, slowly: the oracle of the tests beside it.

Every rule stands here as in Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016),
section 2, as the backward pass of an autograd function. A function mode puts these functions in the
place of every rectifier, max pool and local response normalisation of an ordinary forward pass; all
else is left to autograd. Nothing of the engine is imported.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

Call = Callable[..., Any]
Rule = Callable[[Tensor], Tensor]

RECTIFIERS = frozenset(
    [
        "relu",
        "relu6",
        "hardtanh",
        "leaky_relu",
        "prelu",
        "elu",
        "selu",
        "celu",
        "gelu",
        "silu",
        "mish",
        "hardswish",
        "softplus",
        "sigmoid",
        "hardsigmoid",
        "tanh",
        "threshold",
    ]
)
CLAMPS = frozenset(("clamp", "clip", "clamp_min"))
MAXIMA = frozenset(("maximum", "max"))
MAX_POOLS = frozenset(("max_pool2d", "max_pool2d_with_indices"))
ADAPTIVE_MAX_POOLS = frozenset(("adaptive_max_pool2d", "adaptive_max_pool2d_with_indices"))

EIGHT: Mapping[str, dict[str, str]] = {
    # [ReLU mask][pooling switches][backward ReLU], in the order of Fig. 3
    "TTT": {"relu": "relu+mask", "pool": "switches", "lrn": "identity"},
    "FTT": {"relu": "relu", "pool": "switches", "lrn": "identity"},
    "TTF": {"relu": "mask", "pool": "switches", "lrn": "identity"},
    "FTF": {"relu": "identity", "pool": "switches", "lrn": "identity"},
    "TFT": {"relu": "relu+mask", "pool": "centre", "lrn": "identity"},
    "FFT": {"relu": "relu", "pool": "centre", "lrn": "identity"},
    "TFF": {"relu": "mask", "pool": "centre", "lrn": "identity"},
    "FFF": {"relu": "identity", "pool": "centre", "lrn": "identity"},
}
SALIENCY = {"relu": "mask", "pool": "switches", "lrn": "bp"}
ALL: Mapping[str, dict[str, str]] = {**EIGHT, "saliency": SALIENCY}


class Reversed(torch.autograd.Function):
    """The identity of a precomputed y on the way forward, a reversed rule on the way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, rule: Rule) -> Tensor:
        ctx.rule = rule
        return y.clone()

    @staticmethod
    def backward(ctx: Any, y_hat: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        return ctx.rule(y_hat), None, None


# ------------------------------------------------------------------------------- rectifiers


def reverse_rectifier(y_hat: Tensor, derivative: Tensor, relu: str) -> Tensor:
    """RU†: 1, RU, RU_BP and RU∘RU_BP; the mask [x > 0] generalises to f′(x)."""
    if relu == "identity":
        return y_hat
    if relu == "relu":
        return y_hat.clamp(min=0)
    if relu == "mask":
        return y_hat * derivative
    assert relu == "relu+mask", relu
    return y_hat.clamp(min=0) * derivative


def value_and_derivative(f: Call, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return f(x) and f′(x) of an elementwise f, which may overwrite what it is given."""
    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        y = f(leaf.clone())
        (derivative,) = torch.autograd.grad(y.sum(), leaf)
    return y.detach(), derivative


def clamp_derivative(x: Tensor, upper: float) -> Tensor:
    """[0 < x < upper]: x = 0 counts as masked, which autograd's own clamp and maximum do not do."""
    return ((x > 0) & (x < upper)).to(x.dtype)


# ------------------------------------------------------------------------------- max pooling


def reverse_switches(y_hat: Tensor, switches: Tensor, x: Tensor) -> Tensor:
    """MP_BP: each ŷ_u is added at its switch."""
    x_hat = torch.zeros_like(x).flatten(-2)
    return x_hat.scatter_add(-1, switches.flatten(-2), y_hat.flatten(-2)).view_as(x)


def reverse_centre(y_hat: Tensor, rows: list[int], columns: list[int], x: Tensor) -> Tensor:
    """MP_centre: each ŷ_u is added at its window's centre; outside the map it is dropped."""
    for dim, places in ((-2, rows), (-1, columns)):
        inside = [u for u, place in enumerate(places) if 0 <= place < x.shape[dim]]
        shape = list(y_hat.shape)
        shape[dim] = x.shape[dim]
        stamped = y_hat.index_select(dim, torch.tensor(inside, dtype=torch.long))
        at = torch.tensor([places[u] for u in inside], dtype=torch.long)
        y_hat = y_hat.new_zeros(shape).index_add(dim, at, stamped)
    return y_hat


def centres(windows: int, kernel: int, stride: int, padding: int, dilation: int) -> list[int]:
    """0-based offset ⌈k/2⌉ − 1 in the padded input: 2×2 → top left, 3×3 → middle."""
    centre = (math.ceil(kernel / 2) - 1) * dilation
    return [u * stride + centre - padding for u in range(windows)]


def adaptive_centres(windows: int, size: int) -> list[int]:
    """The same for windows ⌊u·size/windows⌋ … ⌈(u+1)·size/windows⌉ − 1."""
    starts = [u * size // windows for u in range(windows)]
    ends = [-(-(u + 1) * size // windows) for u in range(windows)]
    return [a + math.ceil((b - a) / 2) - 1 for a, b in zip(starts, ends, strict=True)]


# ------------------------------------------------------------------------------- the network


class SlowTwin(TorchFunctionMode):
    """One forward pass of `module` on `x`, to be run in reverse from any of `layers`.

    Args:
        module: the network, in eval mode; it gets hooks during the forward pass.
        x: (C, H, W), fp32 or fp64.
        layers: module paths, `path_1` for the second call of that module, or `path.function` for a
            call inside that module's forward (`layer1.0.add`, `layer1.0.add_1`).
    """

    def __init__(self, module: nn.Module, x: Tensor, layers: Iterable[str]) -> None:
        super().__init__()
        self.rules: dict[str, str] = {}
        self._wanted = frozenset(layers)
        self._outputs: dict[str, Tensor] = {}
        self._calls: Counter[str] = Counter()
        self._inside: list[str] = []
        self._image = x.detach()[None].clone().requires_grad_()
        hooks = []
        for path, part in module.named_modules():
            hooks.append(part.register_forward_pre_hook(self._entering(path)))
            hooks.append(part.register_forward_hook(self._leaving(path)))
        try:
            with torch.enable_grad():
                image = self._image.clone()  # a leaf could not be overwritten in place
                with self:
                    module(image)
        finally:
            for hook in hooks:
                hook.remove()
        missing = self._wanted - self._outputs.keys()
        assert not missing, f"no call is named {sorted(missing)}; calls: {sorted(self._calls)}"

    def activation(self, layer: str) -> Tensor:
        """Return the layer's output without the batch axis."""
        return self._outputs[layer].detach()[0]

    def reverse(self, layer: str, y_hat: Tensor, *, relu: str, pool: str, lrn: str) -> Tensor:
        """Return x̂ (C, H, W) for ŷ of the layer's shape."""
        self.rules = {"relu": relu, "pool": pool, "lrn": lrn}
        (x_hat,) = torch.autograd.grad(
            self._outputs[layer], self._image, y_hat[None], retain_graph=True, allow_unused=True
        )
        return torch.zeros_like(self._image[0]) if x_hat is None else x_hat[0]

    # Which call is which layer ------------------------------------------------------

    def _entering(self, path: str) -> Call:
        return lambda _module, _args: self._inside.append(path)

    def _leaving(self, path: str) -> Call:
        def leaving(_module: nn.Module, _args: Any, output: Any) -> None:
            self._inside.pop()
            self._keep(path, output)

        return leaving

    def _keep(self, name: str, output: Any) -> None:
        count = self._calls[name]
        self._calls[name] += 1
        name = f"{name}_{count}" if count else name
        if name in self._wanted:
            # a clone is a node of its own in the graph: a later call may overwrite the output
            self._outputs[name] = output.clone()

    # Which call gets which rule -----------------------------------------------------

    def __torch_function__(
        self, func: Call, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "").strip("_")
        output = self._call(name, func, args, kwargs)
        if isinstance(output, Tensor):
            path = self._inside[-1] if self._inside else ""
            self._keep(f"{path}.{ {'iadd': 'add'}.get(name, name) }", output)
        return output

    def _call(self, name: str, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if name in RECTIFIERS:
            return self._rectifier(func, args, kwargs)
        if name in CLAMPS:
            lower, upper = clamp_bounds(name, args[1:], kwargs)
            if lower == 0:
                return self._rectifier(func, args, kwargs, math.inf if upper is None else upper)
        if name in MAXIMA and is_maximum_with_zero(args):
            return self._rectifier(func, args, kwargs, math.inf)
        if name in MAX_POOLS:
            return self._max_pool(name, *args, **kwargs)
        if name in ADAPTIVE_MAX_POOLS:
            return self._adaptive_max_pool(name, *args, **kwargs)
        if name == "local_response_norm":
            return self._local_response_norm(func, *args, **kwargs)
        return func(*args, **kwargs)

    def _rectifier(
        self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any], upper: float | None = None
    ) -> Tensor:
        x: Tensor = args[0] if args else kwargs["input"]
        y, derivative = value_and_derivative(called_on(func, args, kwargs), x)
        if upper is not None:
            derivative = clamp_derivative(x.detach(), upper)
        out: Tensor = Reversed.apply(  # type: ignore[no-untyped-call]
            x.clone(), y, lambda y_hat: reverse_rectifier(y_hat, derivative, self.rules["relu"])
        )
        return x.copy_(out) if is_in_place(func, args, kwargs) else out

    def _max_pool(
        self,
        name: str,
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        geometry = (kernel_size, stride or kernel_size, padding, dilation)
        y, switches = F.max_pool2d(
            input.detach(), *geometry, ceil_mode=ceil_mode, return_indices=True
        )
        k, s, p, d = ([n] * 2 if isinstance(n, int) else list(n) * (2 // len(n)) for n in geometry)
        rows = centres(y.shape[-2], k[0], s[0], p[0], d[0])
        columns = centres(y.shape[-1], k[1], s[1], p[1], d[1])
        out = self._pool(input, y, switches, rows, columns)
        return (out, switches) if return_indices or name.endswith("indices") else out

    def _adaptive_max_pool(
        self, name: str, input: Tensor, output_size: Any, return_indices: bool = False
    ) -> Any:
        y, switches = F.adaptive_max_pool2d(input.detach(), output_size, return_indices=True)
        rows = adaptive_centres(y.shape[-2], input.shape[-2])
        columns = adaptive_centres(y.shape[-1], input.shape[-1])
        out = self._pool(input, y, switches, rows, columns)
        return (out, switches) if return_indices or name.endswith("indices") else out

    def _pool(
        self, x: Tensor, y: Tensor, switches: Tensor, rows: list[int], columns: list[int]
    ) -> Tensor:
        kept = x.detach()

        def rule(y_hat: Tensor) -> Tensor:
            if self.rules["pool"] == "switches":
                return reverse_switches(y_hat, switches, kept)
            assert self.rules["pool"] == "centre", self.rules
            return reverse_centre(y_hat, rows, columns, kept)

        out: Tensor = Reversed.apply(x, y, rule)  # type: ignore[no-untyped-call]
        return out

    def _local_response_norm(self, func: Call, input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        with torch.enable_grad():
            x = input.detach().clone().requires_grad_()
            y = func(x, *args, **kwargs)

        def rule(y_hat: Tensor) -> Tensor:
            if self.rules["lrn"] == "identity":
                return y_hat
            assert self.rules["lrn"] == "bp", self.rules
            return torch.autograd.grad(y, x, y_hat, retain_graph=True)[0]

        out: Tensor = Reversed.apply(input, y.detach(), rule)  # type: ignore[no-untyped-call]
        return out


def twin(
    module: nn.Module, x: Tensor, layer: str, y_hat: Tensor, *, relu: str, pool: str, lrn: str
) -> Tensor:
    """Return x̂ (C, H, W) of one layer, one ŷ and one architecture."""
    return SlowTwin(module, x, [layer]).reverse(layer, y_hat, relu=relu, pool=pool, lrn=lrn)


def one_hot(activation: Tensor, index: tuple[int, ...]) -> Tensor:
    """Return ŷ of one neuron."""
    y_hat = torch.zeros_like(activation)
    y_hat[index] = 1
    return y_hat


# ------------------------------------------------------------------------------- spellings


def called_on(func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    """Return the call as a function of its first argument alone."""
    others = {key: value for key, value in kwargs.items() if key != "input"}
    return lambda x: func(x, *args[1:], **others)


def is_in_place(func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether the call overwrites its first argument: `relu_`, or `inplace=True`."""
    if inspect.isfunction(func):
        bound = inspect.signature(func).bind(*args, **kwargs).arguments
        if bound.get("inplace", False):
            return True
    return func.__name__.endswith("_")


def clamp_bounds(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Return min and max of a clamp, None where it has none."""
    names = ("min",) if name == "clamp_min" else ("min", "max")
    bounds = {**dict(zip(names, args, strict=False)), **kwargs}
    lower, upper = bounds.get("min"), bounds.get("max")
    return (
        (None, None) if isinstance(lower, Tensor) or isinstance(upper, Tensor) else (lower, upper)
    )


def is_maximum_with_zero(args: tuple[Any, ...]) -> bool:
    """Whether the call is max(x, 0) of two tensors."""
    return len(args) == 2 and isinstance(args[1], Tensor) and not bool(args[1].any())
