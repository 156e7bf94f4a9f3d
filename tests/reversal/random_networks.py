"""Small random networks, drawn by hypothesis: directed acyclic graphs of everything a network may do.

Each node is a module `ops.k`, so that its output has a name; what the module does inside is spelled
in as many ways as PyTorch offers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import Tensor, nn

from .spellings import MAPS, PAIRS, RECTIFIERS, SPELLINGS, VIEW_WRITES

Draw = Callable[[st.SearchStrategy[Any]], Any]
Shape = tuple[int, ...]


class Call(nn.Module):
    """A function as a module, with its source as its name."""

    def __init__(self, source: str, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.source, self.function = source, function

    def forward(self, *values: Tensor) -> Tensor:
        return self.function(*values)

    def __repr__(self) -> str:
        return self.source


class Gate(nn.Module):
    """Squeeze and excite (Hu et al. 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze, self.excite = nn.Conv2d(channels, 2, 1), nn.Conv2d(2, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))


class RandomNetwork(nn.Module):
    """Modules, and for each of their calls the numbers of the values it reads (0 is the image)."""

    def __init__(self, ops: Sequence[nn.Module], inputs: Sequence[tuple[int, ...]]) -> None:
        super().__init__()
        self.ops = nn.ModuleList(ops)
        self.inputs = inputs
        read = {i for some in inputs for i in some}
        self.sinks = [k for k in range(1, len(ops) + 1) if k not in read]

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        values = [image]
        for op, inputs in zip(self.ops, self.inputs, strict=True):
            values.append(op(*(values[i] for i in inputs)))
        return tuple(values[k] for k in self.sinks)

    @property
    def layers(self) -> list[str]:
        """The name of each node's output: a module called again has a name of its own for it."""
        instances = list(self.ops)
        first = [next(j for j, other in enumerate(instances) if other is op) for op in instances]
        calls: Counter[int] = Counter()
        names = []
        for j in first:
            names.append(f"ops.{j}_{calls[j]}" if calls[j] else f"ops.{j}")
            calls[j] += 1
        return names

    @property
    def writes_in_place(self) -> bool:
        """Whether a call overwrites what it reads, and with it the views of that."""
        return any(
            getattr(op, "inplace", False)
            or any(mark in repr(op) for mark in ("_(", "+=", "inplace"))
            for op in self.ops
        )

    def __repr__(self) -> str:
        lines = [
            f"v{k + 1} = {op!r}({', '.join(f'v{i}' for i in inputs)})  # {name}"
            for k, (op, inputs, name) in enumerate(
                zip(self.ops, self.inputs, self.layers, strict=True)
            )
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Example:
    """A random network, its image, and a neuron of one of its layers."""

    network: RandomNetwork
    image: Tensor
    layer: str
    index: tuple[int, ...]

    def __repr__(self) -> str:
        return f"\nv0: {tuple(self.image.shape)}\n{self.network!r}\nneuron {self.index} of {self.layer}"


def _pair(draw: Draw, low: int, high: int) -> tuple[int, int]:
    numbers = st.integers(low, high)
    return draw(numbers), draw(numbers)


def _convolution(draw: Draw, shape: Shape) -> nn.Module:
    groups = draw(st.sampled_from([g for g in (1, 2, 3, shape[1]) if shape[1] % g == 0]))
    return nn.Conv2d(
        shape[1],
        groups * draw(st.integers(1, 3)),
        _pair(draw, 1, 4),
        stride=_pair(draw, 1, 3),
        padding=_pair(draw, 0, 3),
        dilation=_pair(draw, 1, 2),
        groups=groups,
        bias=draw(st.booleans()),
        padding_mode=draw(
            st.sampled_from(["zeros", "zeros", "zeros", "reflect", "replicate", "circular"])
        ),
    )


def _same_convolution(draw: Draw, shape: Shape) -> nn.Module:
    channels = shape[1]
    if draw(st.booleans()):
        weight = torch.randn(channels, channels, 3, 3)
        return Call(
            "F.conv2d(x, w, padding='same')", lambda x: F.conv2d(x, weight.to(x), padding="same")
        )
    return nn.Conv2d(channels, channels, 3, padding=1)


def _transposed_convolution(draw: Draw, shape: Shape) -> nn.Module:
    groups = draw(st.sampled_from([g for g in (1, 2, shape[1]) if shape[1] % g == 0]))
    stride, dilation = _pair(draw, 1, 3), _pair(draw, 1, 2)
    return nn.ConvTranspose2d(
        shape[1],
        groups * draw(st.integers(1, 2)),
        _pair(draw, 1, 4),
        stride=stride,
        padding=_pair(draw, 0, 2),
        output_padding=tuple(
            draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)
        ),
        dilation=dilation,
        groups=groups,
    )


def _max_pool(draw: Draw, shape: Shape) -> nn.Module:
    kernel = _pair(draw, 1, 4)
    stride = draw(st.one_of(st.none(), st.just(_pair(draw, 1, 4))))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    options = {"dilation": _pair(draw, 1, 2), "ceil_mode": draw(st.booleans())}
    geometry = f"{kernel}, {stride}, {padding}, {options}"
    spelling = draw(st.sampled_from(["module", "function", "indices", "torch"]))
    if spelling == "module":
        return nn.MaxPool2d(kernel, stride, padding, **options)
    if spelling == "function":
        return Call(
            f"F.max_pool2d({geometry})",
            lambda x: F.max_pool2d(x, kernel, stride, padding, **options),
        )
    if spelling == "indices":
        return Call(
            f"F.max_pool2d({geometry}, return_indices=True)[0]",
            lambda x: F.max_pool2d(x, kernel, stride, padding, **options, return_indices=True)[0],
        )
    return Call(
        f"torch.max_pool2d({geometry})",
        lambda x: torch.max_pool2d(x, kernel, stride or kernel, padding, **options),
    )


def _average_pool(draw: Draw, shape: Shape) -> nn.Module:
    kernel = _pair(draw, 1, 4)
    return nn.AvgPool2d(
        kernel,
        draw(st.one_of(st.none(), st.just(_pair(draw, 1, 3)))),
        tuple(draw(st.integers(0, k // 2)) for k in kernel),
        ceil_mode=draw(st.booleans()),
        count_include_pad=draw(st.booleans()),
        divisor_override=draw(st.sampled_from([None, None, 3])),
    )


def _adaptive_pool(draw: Draw, shape: Shape) -> nn.Module:
    kind = draw(st.sampled_from([nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d]))
    module: nn.Module = kind(_pair(draw, 1, 5))
    return module


def _rectifier(draw: Draw, shape: Shape) -> nn.Module:
    name = draw(st.sampled_from([*SPELLINGS, *RECTIFIERS]))
    if name in SPELLINGS:
        return Call(name, SPELLINGS[name])
    return RECTIFIERS[name](shape[1])


def _normalisation(draw: Draw, shape: Shape) -> nn.Module:
    channels = shape[1]
    norm = nn.BatchNorm2d(channels, affine=draw(st.booleans()))
    assert norm.running_mean is not None and norm.running_var is not None
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.3, 2)
    return draw(
        st.sampled_from([norm, norm, nn.GroupNorm(1, channels), nn.InstanceNorm2d(channels)])
    )


def _local_response_norm(draw: Draw, shape: Shape) -> nn.Module:
    size, alpha = draw(st.integers(1, 5)), 1.5
    if draw(st.booleans()):
        return nn.LocalResponseNorm(size, alpha, k=0.5)
    return Call(
        f"F.local_response_norm(x, {size})", lambda x: F.local_response_norm(x, size, alpha)
    )


def _linear(draw: Draw, shape: Shape) -> nn.Module:
    return nn.Linear(shape[-1], draw(st.integers(1, 4)), bias=draw(st.booleans()))


KINDS: dict[str, Callable[[Draw, Shape], nn.Module]] = {
    "convolution": _convolution,
    "same convolution": _same_convolution,
    "transposed convolution": _transposed_convolution,
    "max pool": _max_pool,
    "average pool": _average_pool,
    "adaptive pool": _adaptive_pool,
    "rectifier": _rectifier,
    "rectifier again": _rectifier,
    "normalisation": _normalisation,
    "local response norm": _local_response_norm,
    "linear": _linear,
    "gate": lambda draw, shape: Gate(shape[1]),
    "map": lambda draw, shape: Call(name := draw(st.sampled_from([*MAPS])), MAPS[name]),
    "view write": lambda draw, shape: Call(
        name := draw(st.sampled_from([*VIEW_WRITES])), VIEW_WRITES[name]
    ),
}


def _attempt(op: nn.Module, shapes: Sequence[Shape]) -> Shape | None:
    """Return the shape of the op's output, None where it cannot take these inputs."""
    try:
        output = op.double().eval()(*(torch.zeros(shape, dtype=torch.double) for shape in shapes))
    except (RuntimeError, ValueError, IndexError, UserWarning):
        return None
    if not bool(output.isfinite().all()):
        return None  # a dilated max pool one of whose windows sees only padding
    shape = tuple(output.shape)
    return shape if shape[0] == 1 and 0 < output.numel() <= 2000 and len(shape) > 1 else None


def _pairing(draw: Draw, shapes: Sequence[Shape], newest: int) -> tuple[nn.Module, tuple[int, ...]]:
    name = draw(st.sampled_from([*PAIRS]))
    first = draw(st.sampled_from([newest, *range(len(shapes))]))
    alike = [i for i, shape in enumerate(shapes) if shape[-2:] == shapes[first][-2:]]
    return Call(name, PAIRS[name]), (first, draw(st.sampled_from(alike)))


def _makes_its_output(op: nn.Module) -> bool:
    """Whether what the op returns is made by its last call: only then does that bear its name."""
    aliases = ("x", "F.dropout(x, training=False)", *VIEW_WRITES)
    return not (isinstance(op, Call) and op.source in aliases)


@st.composite
def examples(draw: Draw) -> Example:
    """Draw a network of one to eight nodes, an image and a neuron, most often at a border."""
    image_shape = (1, draw(st.integers(1, 4)), draw(st.integers(4, 12)), draw(st.integers(4, 12)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draw(st.integers(0, 2**16)))
        shapes: list[Shape] = [image_shape]
        ops: list[nn.Module] = []
        inputs: list[tuple[int, ...]] = []
        for _ in range(draw(st.integers(1, 8))):
            kind = draw(st.sampled_from([*KINDS, "pair", "pair", "reuse"]))
            newest = len(shapes) - 1
            read: tuple[int, ...] = (draw(st.sampled_from([newest, newest, *range(newest + 1)])),)
            if kind == "pair":
                op, read = _pairing(draw, shapes, newest)
            elif kind == "reuse" and ops:
                op = draw(st.sampled_from(ops))
                read = read * len(inputs[ops.index(op)])
            elif (
                kind == "reuse" or len(shapes[read[0]]) != 4 and kind not in ("linear", "rectifier")
            ):
                continue
            else:
                op = KINDS[kind](draw, shapes[read[0]])
            shape = _attempt(op, [shapes[i] for i in read])
            if shape is not None:
                ops.append(op)
                inputs.append(read)
                shapes.append(shape)
        if not any(map(_makes_its_output, ops)):
            ops, inputs, shapes = [nn.ReLU()], [(0,)], [image_shape, image_shape]
        network = RandomNetwork(ops, inputs).double().eval()
        image = torch.randn(image_shape[1:], dtype=torch.double)
    node = draw(st.sampled_from([k for k, op in enumerate(ops, 1) if _makes_its_output(op)]))
    index = tuple(
        draw(st.one_of(st.sampled_from([0, n - 1, n // 2]), st.integers(0, n - 1)))
        for n in shapes[node][1:]
    )
    return Example(network, image, network.layers[node - 1], index)
