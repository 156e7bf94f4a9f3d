"""A recording: one forward pass with everything that the way back needs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import torch
from torch import Tensor

from .architecture import Architecture
from .backward.captured_passes import CapturedPasses
from .coverage import Coverage, kind_of
from .errors import StaleRecordingError, UnknownLayerError
from .layer_suggestions import near_layers
from .runtime.cuda_graph import CudaGraph
from .runtime.prepared_weights import PreparedWeights
from .selection import Class, Neuron, RandomNeuron, Selection, Signal, Strongest
from .signals.batch import Batch
from .steps.rectifier import Rectifier
from .steps.step import POINT, Reach, Step

if TYPE_CHECKING:
    from .backward.run import Check, Watch
    from .reversed import Reversed

Asked = Architecture | str | Sequence["Architecture | str"]

BATCHES_KEPT = 32


@dataclass(frozen=True)
class Layer:
    """A recorded layer: its name, its kind in the field's words, and its shape without the batch axis."""

    name: str
    kind: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ReceptiveField:
    """Which pixels a neuron sees, in input pixels before clipping at the border.

    Neuron (y, x) sees rows ``offset[0] + y·stride[0]`` to ``… + size[0] − 1``, columns likewise.
    """

    stride: tuple[float, float]
    offset: tuple[float, float]
    size: tuple[int, int]


class Layers(Mapping[str, Layer]):
    """Layer name → `Layer`, in the order of execution. Names of modules that hold others are accepted too."""

    def __init__(self, layers: dict[str, Layer], aliases: dict[str, str]) -> None:
        self._layers, self._aliases = layers, aliases

    def __getitem__(self, name: str) -> Layer:
        """Return the layer of that name.

        Raises:
            UnknownLayerError: there is none, with near matches.
        """
        found = self._layers.get(self._aliases.get(name, name))
        if found is None:
            raise UnknownLayerError(
                f"no layer is named {name!r}{near_layers(name, self._layers, self._aliases)}"
            )
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._layers or name in self._aliases

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        width = max((len(name) for name in self._layers), default=0)
        return "\n".join(
            f"{layer.name:<{width}}  {layer.kind:<20} {layer.shape}"
            for layer in self._layers.values()
        )


class Recording:
    """One forward pass of a network over one image, made by `ReversedNetwork.record`.

    Attributes:
        layers: layer name → `Layer` (name, kind, shape), in the order of execution.
        output_layer: the name of the network's (first) output.
        categories: class names, where the network was given them.
        precision: floating-point type of the way back, None for that of the activations.
        tf32: whether the way back may round factors to TF32 on a CUDA device.
        captured: the reversed passes that are replayed.
    """

    def __init__(
        self,
        tensors: list[Tensor],
        steps: list[Step],
        names: dict[str, int],
        aliases: dict[str, int],
        outputs: Sequence[int],
        coverage: Coverage,
        prepared: PreparedWeights,
        categories: Sequence[str] | None,
        precision: torch.dtype | None,
        tf32: bool,
    ) -> None:
        self.categories = categories
        self.prepared = prepared
        self.precision, self.tf32 = precision, tf32
        self.captured = CapturedPasses(CudaGraph, tensors[0].device.type == "cuda")
        self._tensors, self._steps = tensors, steps
        self._maker = {slot: i for i, step in enumerate(steps) for slot in step.outputs}
        name_of = {slot: name for name, slot in names.items()}
        self._slots = names
        self._coverage = coverage
        self._alias_names = {alias: name_of[slot] for alias, slot in aliases.items()}
        layers = {
            name: Layer(
                name, kind_of(steps[self._maker[slot]]), tuple(without_batch(tensors[slot]).shape)
            )
            for name, slot in names.items()
        }
        self.layers = Layers(layers, self._alias_names)
        self.output_layer = name_of[outputs[0]]
        self._fields: dict[str, ReceptiveField | None] = {}
        self._batches: dict[tuple[tuple[Architecture, ...], int], Batch] = {}

    @property
    def input(self) -> Tensor:
        """The image as the network saw it, (C, H, W)."""
        return self._kept()[0][0]

    @property
    def extent(self) -> tuple[int, int]:
        """Height and width of the image, in pixels."""
        image = self._kept()[0]
        return image.shape[2], image.shape[3]

    @property
    def forgotten(self) -> bool:
        """Whether `forget` was called."""
        return not self._tensors

    @property
    def nbytes(self) -> int:
        """Bytes of the bottleneck information kept beside the activations."""
        return sum(t.numel() * t.element_size() for step in self._steps for t in step.bottleneck())

    def __getitem__(self, layer: str) -> Tensor:
        """Return a layer's activation, (C, H, W) or (K,). It is the recording's own: do not write to it.

        Raises:
            UnknownLayerError: no layer has that name, with near matches.
            StaleRecordingError: the recording was forgotten.
        """
        return without_batch(self._kept()[self.slot(layer)])

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the layers, as a mapping does."""
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __contains__(self, layer: object) -> bool:
        return layer in self.layers

    def slot(self, layer: str) -> int:
        """Return the number of the recorded tensor of that layer."""
        return self._slots[self.layers[layer or self.output_layer].name]

    def coverage(self) -> Coverage:
        """Return which call got which reversed rule, and which fell back to BP; prints as a table."""
        return self._coverage

    def forget(self) -> None:
        """Free the activations and the bottleneck; the recording cannot be reversed afterwards."""
        self.captured.clear()  # first: they read what is freed
        self._tensors, self._steps = [], []

    def resolve(self, selection: Selection) -> Selection:
        """Return the selection with its choices made: `Strongest` becomes the `Neuron` it is here."""
        if isinstance(selection, Strongest):
            return selection.neuron(self)
        if isinstance(selection, RandomNeuron):
            return selection.neuron(self)
        if isinstance(selection, Class):
            layer = selection.layer or self.output_layer
            return Class(selection.index(self), layer)
        if isinstance(selection, Neuron):
            selection.seed(self)
        return selection

    def receptive_field(self, layer: str) -> ReceptiveField | None:
        """Return which pixels a neuron of the layer sees, None where every one sees the whole image.

        Raises:
            UnknownLayerError: no layer has that name, with near matches.
        """
        name = self.layers[layer].name
        if name not in self._fields:
            self._fields[name] = self._field(self.slot(name))
        return self._fields[name]

    @overload
    def reverse(
        self,
        selection: Selection | Tensor,
        architectures: Asked,
        *,
        layer: str | None = None,
        max_batch_bytes: int = ...,
        check: Check | None = ...,
        watch: Watch | None = ...,
    ) -> Reversed: ...
    @overload
    def reverse(
        self,
        selection: Sequence[Selection | Tensor],
        architectures: Asked,
        *,
        layer: str | None = None,
        max_batch_bytes: int = ...,
        check: Check | None = ...,
        watch: Watch | None = ...,
    ) -> list[Reversed]: ...
    def reverse(
        self,
        selection: Selection | Tensor | Sequence[Selection | Tensor],
        architectures: Asked,
        *,
        layer: str | None = None,
        max_batch_bytes: int = 1 << 28,
        check: Check | None = None,
        watch: Watch | None = None,
    ) -> Reversed | list[Reversed]:
        """Run the network in reverse from a selection of neurons to the image.

        Args:
            selection: `Neuron`, `Strongest`, `Channel`, `Mixture`, `Class` …, a tensor ŷ shaped like a layer's
                activation, or a list of these, which are computed together.
            architectures: an `Architecture`, its name (``"DeSaliNet"``) or letters (``"TTT"``), or several.
            layer: for a tensor, the layer it belongs to; by default the only layer of that shape.
            max_batch_bytes: a bound on the memory of one batch; longer lists are split by themselves.
            check: called between layers; what it raises ends the reversal.
            watch: called with every signal on the way and the number of its tensor; the signals are then whole, which
                costs time and memory in deep layers.

        Returns:
            A `Reversed`, or a list of them in the order asked.

        Raises:
            UnknownLayerError: no layer has that name.
            ValueError: an index out of range, a tensor of another shape, an unknown architecture.
            StaleRecordingError: the recording was forgotten, or the weights were changed in place since.
        """
        from .backward.run import NOBODY, Listener, reverse_all

        self._kept()
        several = isinstance(selection, list | tuple)
        asked = list(selection) if isinstance(selection, list | tuple) else [selection]
        chosen = [self._selection(one, layer) for one in asked]
        listener = Listener(check, watch) if check or watch else NOBODY
        results = reverse_all(self, chosen, architectures, max_batch_bytes, listener)
        return results if several else results[0]

    # --- for this package's way back -----------------------------------------------------------------------

    @property
    def steps(self) -> list[Step]:
        """The recorded calls in order."""
        return self._steps

    def recorded(self, slot: int) -> Tensor:
        """Return a recorded tensor with its batch axis."""
        return self._kept()[slot]

    def settle(self, step: Rectifier) -> None:
        """Let a rectifier bring what it masks by into the order of memory of the way back, once."""
        step.settle(self._kept())

    def batch(self, architectures: tuple[Architecture, ...], lanes: int) -> Batch:
        """Return the rows of so many selections under each architecture; kept, since clicks ask for few kinds."""
        found = self._batches.get((architectures, lanes))
        if found is None:
            if len(self._batches) >= BATCHES_KEPT:
                self._batches.clear()
            found = self._batches[architectures, lanes] = Batch(architectures, lanes, self.prepared)
        return found

    def made_by(self, slot: int) -> int:
        """Return the number of the step that made a tensor, −1 for the image."""
        return self._maker.get(slot, -1)

    def reaches(self, slot: int) -> dict[int, tuple[Reach, Reach] | None]:
        """Return how far a neuron of one tensor sees in each earlier one; None for the whole of it."""
        reaches: dict[int, tuple[Reach, Reach] | None] = {slot: (POINT, POINT)}
        for step in reversed(self._steps[: self.made_by(slot) + 1]):
            for output in step.outputs:
                if output not in reaches:
                    continue
                here, own = reaches[output], step.reach()
                for source in step.inputs:
                    if source < 0:
                        continue
                    seen = (
                        None
                        if here is None or own is None
                        else (here[0].through(own[0]), here[1].through(own[1]))
                    )
                    reaches[source] = _joined(reaches[source], seen) if source in reaches else seen
        return reaches

    def _field(self, slot: int) -> ReceptiveField | None:
        if without_batch(self._kept()[slot]).ndim != 3:
            return None
        reach = self.reaches(slot).get(0)
        if reach is None:
            return None
        firsts = [math.floor(r.offset) for r in reach]
        sizes = [
            math.ceil(r.offset + r.size) - first for r, first in zip(reach, firsts, strict=True)
        ]
        strides = [float(r.stride) for r in reach]
        return ReceptiveField(
            (strides[0], strides[1]), (firsts[0], firsts[1]), (sizes[0], sizes[1])
        )

    def _selection(self, selection: object, layer: str | None) -> Selection:
        if isinstance(selection, Neuron):
            return selection
        if isinstance(selection, Selection):
            return self.resolve(selection)
        if not isinstance(selection, Tensor):
            raise TypeError(
                f"{selection!r} is no selection; give a Neuron, Strongest, Class … or a tensor shaped like a layer"
            )
        if layer is None:
            shapes = (tuple(selection.shape), tuple(selection.shape[1:]))
            fits = [name for name, known in self.layers.items() if known.shape in shapes]
            if len(fits) != 1:
                told = (
                    f"fits {', '.join(fits[:6])}{' …' if len(fits) > 6 else ''}"
                    if fits
                    else "fits no layer"
                )
                raise ValueError(
                    f"a tensor of shape {shapes[0]} {told}; name its layer with layer=…"
                )
            layer = fits[0]
        return Signal(layer, selection)

    def _kept(self) -> list[Tensor]:
        if not self._tensors:
            raise StaleRecordingError("this recording was forgotten; record the image again")
        return self._tensors


def without_batch(tensor: Tensor) -> Tensor:
    """Return a tensor without its leading axis of one, which stands for the batch."""
    return tensor[0] if tensor.ndim > 1 and tensor.shape[0] == 1 else tensor


def _joined(
    first: tuple[Reach, Reach] | None, second: tuple[Reach, Reach] | None
) -> tuple[Reach, Reach] | None:
    if first is None or second is None:
        return None
    rows, columns = first[0].union(second[0]), first[1].union(second[1])
    return None if rows is None or columns is None else (rows, columns)
