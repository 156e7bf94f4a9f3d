"""Run a network and follow the layouts of all tensors that depend on its image, without the recorder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from deconvscope.reversal.layouts import (
    Axes,
    Layout,
    follow,
    layout_of,
    maps,
    parameter_names,
)

DESCRIBES = {
    "size", "dim", "stride", "numel", "is_contiguous", "is_floating_point", "is_complex", "__len__", "item",
    "ndimension", "tolist", "nelement", "__format__", "__repr__", "__bool__", "requires_grad_", "__set__", "data_ptr",
    "is_pinned", "is_inference", "new_zeros", "new_ones", "new_full", "new_empty", "new_tensor", "zeros_like",
    "ones_like", "full_like", "empty_like", "rand_like", "randn_like",
}  # fmt: skip
PROPERTIES = {"T", "mT", "H", "mH", "real", "imag", "data"}


class Follower(TorchFunctionMode):
    """Calls `follow` for every call on a tensor that depends on the image.

    Attributes:
        made: name of the call, tensor and axes, in order.
        sources: for each of them the tensor that the call was given first, and its axes.
    """

    def __init__(self, network: torch.nn.Module, image: Tensor) -> None:
        super().__init__()
        self.name_of = parameter_names([*network.named_parameters(), *network.named_buffers()])
        self.axes: dict[int, Axes] = {id(image): maps(tuple(image.shape))}
        self.made: list[tuple[str, Tensor, Axes]] = []
        self.sources: list[tuple[Tensor, Axes] | None] = []
        self.kept: list[Tensor] = [image]

    def axes_of(self, t: Tensor) -> Axes | None:
        return self.axes.get(id(t))

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", type(func).__name__)
        given = tensors_in((args, kwargs))
        followed = any(id(t) in self.axes for t in given)
        if not followed or name in DESCRIBES:
            return func(*args, **kwargs)
        if name == "__get__":
            name = func.__self__.__name__
            output = func(*args, **kwargs)
            if name not in PROPERTIES or not isinstance(output, Tensor):
                return output
        else:
            before = args[0] if args else None
            output = func(*args, **kwargs)
            kwargs.pop("inplace", None)
            writes = name == "__setitem__" or name.startswith("__i") and name != "__iter__"
            writes = writes or (name.endswith("_") and not name.endswith("__"))
            if name == "__setitem__":
                name, output = "setitem", before
            elif writes and name.startswith("__i"):
                name = name[3:-2]
            elif writes:
                name = name[:-1]
            if not writes and output is before and isinstance(output, Tensor):
                return output
        outputs = tensors_in(output)
        source = {id(t): axes for t in given if (axes := self.axes.get(id(t))) is not None}
        found = follow(name, args, kwargs, self.axes_of, output, self.name_of)
        assert len(found) == len(outputs)
        for t, axes in zip(outputs, found, strict=True):
            assert axes.shape == tuple(t.shape)
            if t.is_floating_point() or t.is_complex():
                self.axes[id(t)] = axes
                self.kept.append(t)
                self.made.append((name, t, axes))
                first = args[0] if args and isinstance(args[0], Tensor) else None
                known = None if first is None else source.get(id(first))
                self.sources.append(None if first is None or known is None else (first, known))
        return output


def tensors_in(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, tuple | list):
        return [t for item in value for t in tensors_in(item)]
    if isinstance(value, dict):
        return [t for item in value.values() for t in tensors_in(item)]
    return []


class Followed:
    """The layouts of the outputs of a network's modules.

    Attributes:
        layouts: module name → layout of its output (the first tensor), None where unmapped or a vector.
        axes: module name → its axes.
        outputs: module name → its output.
        calls: every call's name, tensor and axes.
        sources: for each call the tensor that it was given first, and its axes.
    """

    def __init__(self, network: torch.nn.Module, image: Tensor, grad: bool = False) -> None:
        network.eval()
        self.layouts: dict[str, Layout | None] = {}
        self.axes: dict[str, Axes] = {}
        self.outputs: dict[str, Tensor] = {}
        handles = []
        follower = Follower(network, image)

        def note(name: str) -> Any:
            def hook(module: Any, inputs: Any, output: Any) -> None:
                found = tensors_in(output)
                if found:
                    axes = follower.axes.get(id(found[0]))
                    if axes is None:
                        return
                    self.axes[name], self.outputs[name] = axes, found[0]
                    self.layouts[name] = layout_of(axes)

            return hook

        for name, module in network.named_modules():
            handles.append(module.register_forward_hook(note(name)))
        with torch.set_grad_enabled(grad), follower:
            self.output = network(image)
        for handle in handles:
            handle.remove()
        self.calls, self.sources = follower.made, follower.sources
