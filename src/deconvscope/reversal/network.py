"""`ReversedNetwork` records any module, so that it can be run in reverse."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from .coverage import cover
from .errors import InputError, RecordingError
from .forward.attention_patterns import mark_patterns
from .forward.graph import RecordedGraph
from .forward.input_errors import no_output
from .forward.layer_names import name_layers
from .forward.module_stack import CallStack
from .forward.opaque_code import require_transparent
from .forward.provenance import as_saved
from .forward.recorded_tensors import NodesNeeded
from .forward.recorder import Recorder
from .recording import Recording
from .runtime.memory_limit import recording_within_memory
from .runtime.nested import tensors_within
from .runtime.numeric_modes import plain_arithmetic
from .runtime.prepared_weights import PreparedWeights
from .runtime.torch_internals import current_frame

PRECISIONS = {"float32": torch.float32, "tf32": torch.float32, "bfloat16": torch.bfloat16}


class ReversedNetwork:
    """A convolutional network that can be run in reverse.

    The module is not modified: no hooks, no patches; training flags are restored after each recording. The forward
    pass uses the memory format of the weights, the reversal channels-last.

    Args:
        module: any ``torch.nn.Module`` that takes an image (1, C, H, W) as its first argument.
        categories: the names of its classes, for `Class` selections.
        precision: of the reversal: ``"float32"``; ``"bfloat16"``, which keeps 8 bits of each number and is faster on
            processors that have it; ``"tf32"``, float32 with factors rounded to 11 bits on CUDA devices that support
            it. Default: the network's, without TF32. The forward pass always uses the network's own.
        through_no_grad: whether calls under ``torch.no_grad``, such as a frozen backbone's, are reversed like the
            rest. By default their results are constants, as for autograd.

    Raises:
        TypeError: `module` is not an ``nn.Module``.
        ValueError: unknown `precision`.

    Example:
        >>> net = ReversedNetwork(module)                                     # doctest: +SKIP
        >>> rec = net.record(image)                                           # doctest: +SKIP
        >>> rec.reverse(Neuron("features.28", 33, 7, 7), "DeSaliNet").values  # doctest: +SKIP
    """

    def __init__(
        self,
        module: nn.Module,
        categories: Sequence[str] | None = None,
        precision: str | None = None,
        through_no_grad: bool = False,
    ) -> None:
        if not isinstance(module, nn.Module):
            raise TypeError(f"`module` must be an nn.Module, got {type(module).__name__}")
        self.module = module
        if precision is not None and precision not in PRECISIONS:
            raise ValueError(
                f"`precision` must be one of {', '.join(map(repr, PRECISIONS))}, got {precision!r}"
            )
        self.categories = categories
        self.precision = precision
        self.through_no_grad = through_no_grad
        self._with_nodes = False
        self.prepared = PreparedWeights()

    def record(self, image: Tensor, *inputs: Any, **named_inputs: Any) -> Recording:
        """Run the network on an image, and keep what its reversal needs.

        The network runs in eval mode and without an autograd graph; its training flags are ignored.

        Args:
            image: (C, H, W) or (1, C, H, W), any floating-point type and device; it is converted to the type and
                device of the network's weights.
            *inputs: further arguments of the network's `forward`.
            **named_inputs: further keyword arguments.

        Raises:
            InputError: a `ValueError`; the image's type, values, channels or size do not fit the network.
            RecordingError: the network has scripted or compiled parts, or in-place writes that cannot be recorded.
            MemoryLimitError: the activations do not fit in the device's memory.
        """
        parts = dict(self.module.named_modules())
        require_transparent(parts)
        with torch.inference_mode(False):
            x = self._prepared_image(image)
        self.prepared.keep_unchanged(self.module.parameters())
        with (
            plain_arithmetic(x),
            torch.no_grad(),
            _in_eval_mode(self.module, parts),
            recording_within_memory(x),
        ):
            try:
                return self._recorded(parts, x, inputs, named_inputs, self._with_nodes)
            except NodesNeeded:
                self._with_nodes = True
                return self._recorded(parts, x, inputs, named_inputs, True)

    def _recorded(
        self,
        parts: Mapping[str, nn.Module],
        x: Tensor,
        inputs: tuple[Any, ...],
        named_inputs: Mapping[str, Any],
        with_nodes: bool,
    ) -> Recording:
        stack = CallStack(parts, current_frame())
        recorder = Recorder(self.module, x, stack, self.through_no_grad, with_nodes)
        try:
            with (
                torch.enable_grad(),
                saved_tensors_hooks(recorder.provenance.saved, as_saved),
                recorder,
            ):
                returned = self.module(recorder.image, *inputs, **named_inputs)
            made = list(tensors_within(returned))
            outputs = [number for number in recorder.finish(made) if number > 0]
            if not outputs:
                raise no_output(returned, made, recorder.tape.stops)
            return self._finished(recorder, outputs)
        except (SystemError, RuntimeError) as error:
            if recorder.refusal is not None and _lost_by_interpreter(error):
                raise recorder.refusal from error
            if not with_nodes and "a leaf Variable that requires grad" in str(error):
                raise NodesNeeded from error
            if "This view was created inside a custom Function" in str(error):
                raise RecordingError(
                    f"a custom function in {stack.where() or 'the network'!r} returns its input, and one of the two "
                    "is written in place, for which autograd has no gradient; return a copy instead"
                ) from error
            raise
        finally:
            recorder.release()

    def _finished(self, recorder: Recorder, outputs: Sequence[int]) -> Recording:
        precision = None if self.precision is None else PRECISIONS[self.precision]
        steps, made_in = recorder.tape.steps, recorder.tape.made_in
        names, aliases = name_layers(steps, made_in, recorder.tape.stack.calls, outputs)
        mark_patterns(steps)
        axes = [recorder.tape.axes_at(number) for number in range(len(recorder.tensors.values))]
        name_of = {number: name for name, number in names.items()}
        for step in steps:
            step.layer = name_of[step.outputs[0]]
        return Recording(
            RecordedGraph(recorder.tensors.values, steps, names, axes),
            aliases,
            outputs,
            cover(steps, recorder.tape.stops, recorder.ignored),
            self.prepared,
            self.categories,
            None if precision == recorder.tensors.values[0].dtype else precision,
            self.precision == "tf32",
        )

    def _prepared_image(self, image: Tensor) -> Tensor:
        if not isinstance(image, Tensor):
            raise InputError(
                f"`image` must be a torch tensor (C, H, W), got {type(image).__name__}"
            )
        shape = tuple(image.shape)
        if image.ndim == 4 and image.shape[0] != 1:
            raise InputError(
                f"`image` must be (C, H, W) or (1, C, H, W), got {shape}; record one image at a time"
            )
        if image.ndim not in (3, 4):
            raise InputError(f"`image` must be (C, H, W) or (1, C, H, W), got {shape}")
        if not image.is_floating_point():
            raise InputError(
                f"`image` must be floating-point, got {image.dtype}; preprocess it as the network "
                "expects, e.g. image.float() / 255"
            )
        if not image.numel():
            raise InputError(f"`image` must not be empty, got {shape}")
        if not bool(torch.isfinite(image).all()):
            raise InputError(
                "`image` must be finite, got NaN or infinite values; replace them, e.g. "
                "torch.nan_to_num(image, nan=0, posinf=0, neginf=0)"
            )
        weights = next((p for p in self.module.parameters() if p.is_floating_point()), None)
        like = weights if weights is not None else image
        batch = image.detach() if image.ndim == 4 else image.detach().unsqueeze(0)
        x = batch.to(like.device, like.dtype, copy=True)
        if not bool(torch.isfinite(x).all()):
            raise InputError(
                f"`image` has values too large for the network's {like.dtype}; scale it"
            )
        return x


def _lost_by_interpreter(error: Exception) -> bool:
    """Return whether an error replaces another one that TorchScript's interpreter lost."""
    return isinstance(error, SystemError) or "TorchScript interpreter" in str(error)


_running: WeakKeyDictionary[nn.Module, tuple[int, dict[nn.Module, bool]]] = WeakKeyDictionary()
_running_lock = threading.Lock()


@contextmanager
def _in_eval_mode(module: nn.Module, parts: Mapping[str, nn.Module]) -> Iterator[None]:
    """Keep a network in eval mode; the last of several threads to exit restores the training flags."""
    with _running_lock:
        count, flags = _running.get(module, (0, {}))
        if count == 0:
            flags = {part: part.training for part in parts.values() if part.training}
            for part in flags:
                part.training = False
        _running[module] = (count + 1, flags)
    try:
        yield
    finally:
        with _running_lock:
            count, flags = _running[module]
            if count > 1:
                _running[module] = (count - 1, flags)
            else:
                del _running[module]
                for part, flag in flags.items():
                    part.training = flag
