"""A recording: one forward pass with everything that its reversal needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import overload

import torch
from torch import Tensor
from tqdm.auto import tqdm

from .architecture import Architecture, as_architectures
from .backward.reversed_graph import ReversedGraph
from .backward.rule_checks import require_rules
from .backward.run import NO_LISTENER, Check, Listener, Watch, reverse_all
from .coverage import Coverage, kind_of
from .errors import UnknownLayerError
from .forward.graph import ReceptiveField, RecordedGraph, layout_of_layer, without_batch
from .layer_suggestions import near_layers
from .layouts import Layout
from .reversed import Reversed
from .runtime.prepared_weights import PreparedWeights
from .selection import Class, Neuron, RandomNeuron, Selection, Signal, Strongest

Asked = Architecture | str | Sequence["Architecture | str"]


@dataclass(frozen=True)
class Layer:
    """A recorded layer.

    Attributes:
        name: the module path, with a suffix for calls inside a module's `forward`.
        kind: what it does, in the field's words.
        shape: of its activation, without the batch axis.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    _layout: Callable[[], Layout | None] = field(default=lambda: None, repr=False, compare=False)

    @cached_property
    def layout(self) -> Layout | None:
        """Where its values stand: channels, grid and prefix tokens. None for a vector and for what is not mapped."""
        return self._layout()

    @property
    def map_shape(self) -> tuple[int, ...] | None:
        """(C, H, W) of its maps, whatever the order of its axes, or (K,) of a vector; None where it is not mapped."""
        if len(self.shape) == 1:
            return self.shape
        layout = self.layout
        return None if layout is None else (layout.channels, layout.height, layout.width)

    @property
    def places(self) -> str:
        """Its layout in words, for a table."""
        layout = self.layout
        if layout is None:
            return "vector" if len(self.shape) == 1 else "not mapped"
        prefix = "".join(f" + {name}" for name in layout.prefix_names)
        heads = f", {layout.heads} heads" if layout.heads > 1 else ""
        return f"{layout.channels} × {layout.height} × {layout.width}{prefix}{heads}"


class Layers(Mapping[str, Layer]):
    """Layer name → `Layer`, in order of execution. Names of container modules are accepted too."""

    def __init__(self, layers: dict[str, Layer], aliases: dict[str, str]) -> None:
        self._layers, self._aliases = layers, aliases

    def __getitem__(self, name: str) -> Layer:
        """Return the layer of that name; raise `UnknownLayerError`, with near matches, if there is none."""
        found = self._layers.get(self._aliases.get(name, name))
        if found is None:
            raise UnknownLayerError(
                f"no layer is named {name!r}{near_layers(name, self._layers, self._aliases)}"
            )
        return found

    @property
    def blocks(self) -> tuple[str, ...]:
        """The names of the layers that modules with parts of their own return, such as a block of a transformer."""
        return tuple(dict.fromkeys(self._aliases.values()))

    def __contains__(self, name: object) -> bool:
        return name in self._layers or name in self._aliases

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        width = max((len(name) for name in self._layers), default=0)
        return "\n".join(
            f"{layer.name:<{width}}  {layer.kind:<20} {layer.shape!s:<20} {layer.places}"
            for layer in self._layers.values()
        )


class Recording:
    """One forward pass of a network over one image, made by `ReversedNetwork.record`.

    Attributes:
        layers: layer name → `Layer` (name, kind, shape), in order of execution.
        output_layer: the name of the network's (first) output.
        categories: class names, or None.
        graph: the recorded tensors and steps; internal.
        reversed_graph: the graph prepared to run in reverse; internal.
    """

    def __init__(
        self,
        graph: RecordedGraph,
        aliases: Mapping[str, int],
        outputs: Sequence[int],
        coverage: Coverage,
        prepared: PreparedWeights,
        categories: Sequence[str] | None,
        precision: torch.dtype | None,
        tf32: bool,
    ) -> None:
        self.graph, self.categories, self._coverage = graph, categories, coverage
        self.reversed_graph = ReversedGraph(graph, prepared, precision, tf32)
        name_of = {number: name for name, number in graph.numbers.items()}
        layers = {}
        for name, number in graph.numbers.items():
            maker = graph.maker(number)
            assert maker is not None
            shape = tuple(without_batch(graph[number]).shape)
            layers[name] = Layer(
                name, kind_of(maker), shape, partial(layout_of_layer, graph.axes[number])
            )
        self.layers = Layers(layers, {alias: name_of[made] for alias, made in aliases.items()})
        self.output_layer = name_of[outputs[0]]
        self._fields: dict[str, ReceptiveField | None] = {}

    @property
    def input(self) -> Tensor:
        """The network's input, (C, H, W)."""
        return self.graph.image[0]

    @property
    def extent(self) -> tuple[int, int]:
        """Height and width of the image, in pixels."""
        return self.graph.extent

    @property
    def forgotten(self) -> bool:
        """Whether `forget` was called."""
        return self.graph.freed

    @property
    def nbytes(self) -> int:
        """Bytes of the bottleneck, not counting the activations."""
        return self.graph.nbytes

    @property
    def precision(self) -> torch.dtype | None:
        """Requested floating-point type of the reversal, None for that of the activations."""
        return self.reversed_graph.precision

    @property
    def asked_precision(self) -> torch.dtype:
        """Floating-point type of the pictures."""
        return self.reversed_graph.asked_precision

    @property
    def carried_precision(self) -> torch.dtype | None:
        """Floating-point type of the signals on the way back, None for that of each activation."""
        return self.reversed_graph.carried_precision

    @property
    def tf32(self) -> bool:
        """Whether the reversal may round factors to TF32 on a CUDA device."""
        return self.reversed_graph.tf32

    def __getitem__(self, layer: str) -> Tensor:
        """Return a layer's activation, (C, H, W) or (K,), not a copy: do not write to it.

        Raises:
            UnknownLayerError: no layer has that name; the message has near matches.
            StaleRecordingError: the recording was forgotten.
        """
        return without_batch(self.graph[self._number(layer)])

    def maps(self, layer: str) -> Tensor:
        """Return a layer's activation as maps (C, H, W), whatever the order of its axes.

        Raises:
            UnknownLayerError: no layer has that name, with near matches.
            ValueError: the layer is a vector, or its values could not be assigned to places.
            StaleRecordingError: the recording was forgotten.
        """
        return self._require_layout(layer).maps(self[layer])

    def maps_or_vector(self, layer: str) -> Tensor:
        """Return a layer's activation as maps (C, H, W), or as it is where it is a vector (K,).

        Raises:
            UnknownLayerError, ValueError, StaleRecordingError: as `maps`.
        """
        activation = self[layer]
        return activation if activation.ndim == 1 else self.maps(layer)

    def prefix(self, layer: str) -> Tensor:
        """Return the prefix tokens of a layer (class token, registers …), (P, C), in the order of its layout's names.

        Raises:
            UnknownLayerError, ValueError, StaleRecordingError: as `maps`.
        """
        return self._require_layout(layer).prefix(self[layer])

    def neuron_at(self, layer: str, index: Sequence[int]) -> Neuron:
        """Return the neuron at an index of a layer's own tensor ``recording[layer]``.

        Raises:
            UnknownLayerError: no layer has that name, with near matches.
            ValueError: the index is out of range, or belongs to no place, as the border of a padded window does.
        """
        layout = self.layers[layer].layout
        if layout is None:
            return Neuron(layer, *index)
        try:
            place = layout.place_of(tuple(index))
        except IndexError as error:
            raise ValueError(f"layer {layer!r}: {error}") from None
        if place is None:
            raise ValueError(
                f"layer {layer!r}: index {tuple(index)} belongs to no place of the image"
            )
        return Neuron(layer, *place)

    def _require_layout(self, layer: str) -> Layout:
        known = self.layers[layer]
        if known.layout is None:
            reason = "is a vector" if len(known.shape) == 1 else "could not be followed to places"
            raise ValueError(
                f"layer {known.name!r} of shape {known.shape} {reason}, so it has no maps; "
                f"pass a layer with a layout (print recording.layers), or use recording[{known.name!r}]"
            )
        return known.layout

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the layers, as a mapping does."""
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __contains__(self, layer: object) -> bool:
        return layer in self.layers

    def coverage(self) -> Coverage:
        """Return the reversed rule of each call, and the calls that fell back to BP; prints as a table."""
        return self._coverage

    def forget(self) -> None:
        """Free the activations and the bottleneck; the recording cannot be reversed afterwards."""
        self.reversed_graph.free()

    def resolve(self, selection: Selection) -> Selection:
        """Return the selection made concrete for this image: `Strongest` becomes a `Neuron`."""
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
        """Return the receptive field of the layer's neurons, None if it is the whole image.

        Raises:
            UnknownLayerError: no layer has that name; the message has near matches.
        """
        name = self.layers[layer].name
        if name not in self._fields:
            self._fields[name] = self.graph.receptive_field(self._number(name))
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
            layer: the layer of a tensor; by default the only layer of its shape.
            max_batch_bytes: a bound on the memory of one batch; longer lists are split.
            check: called between layers; an exception ends the reversal.
            watch: called with the tensor number and the whole signal at every layer; costs time and memory in deep
                layers.

        Returns:
            A `Reversed`, or a list of them in the order of the selections.

        Raises:
            UnknownLayerError: no layer has that name.
            ValueError: an index out of range, a tensor of another shape, an unknown architecture.
            StaleRecordingError: the recording was forgotten, or weights were changed in place since.
        """
        several = isinstance(selection, list | tuple)
        asked = list(selection) if isinstance(selection, list | tuple) else [selection]
        under, extent = as_architectures(architectures), self.extent
        chosen = [self._selection(one, layer) for one in asked]
        for architecture in under:
            require_rules(self.layers, self._coverage, architecture)
        seeds = ((self._number(one.layer), one.seed(self)) for one in chosen)
        listener = Listener(check, watch) if check or watch else NO_LISTENER
        pictures = reverse_all(self.reversed_graph, seeds, under, max_batch_bytes, listener)
        if len(chosen) > 1 and listener is NO_LISTENER:
            pictures = tqdm(pictures, total=len(chosen), delay=1.0, desc="reversing", leave=False)
        results = {
            place: Reversed(chosen[place], under, window, values, extent)
            for place, (window, values) in pictures
        }
        return [results[place] for place in range(len(chosen))] if several else results[0]

    def _number(self, layer: str) -> int:
        """Return the number of a layer's tensor; the empty name stands for the output layer."""
        return self.graph.numbers[self.layers[layer or self.output_layer].name]

    def _selection(self, selection: object, layer: str | None) -> Selection:
        if isinstance(selection, Neuron):
            return selection
        if isinstance(selection, Selection):
            return self.resolve(selection)
        if not isinstance(selection, Tensor):
            raise TypeError(
                "`selection` must be a Neuron, Strongest, Class … or a tensor shaped like a layer, got "
                f"{selection!r}"
            )
        if layer is None:
            shapes = (tuple(selection.shape), tuple(selection.shape[1:]))
            fits = [name for name, known in self.layers.items() if known.shape in shapes]
            if len(fits) != 1:
                fit = (
                    f"fits {', '.join(fits[:6])}{' …' if len(fits) > 6 else ''}"
                    if fits
                    else "fits no layer"
                )
                raise ValueError(
                    f"a tensor of shape {shapes[0]} {fit}; pass its layer with layer=…"
                )
            layer = fits[0]
        return Signal(layer, selection)
