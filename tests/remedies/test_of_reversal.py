"""Remedies of `reversal`: images, selections, architectures, and networks that cannot be recorded as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils import checkpoint

import deconvscope as ds
from deconvscope.reversal.forward.in_place_writes import WrittenTensors

from .remedy import refused, remedies


def record(network: nn.Module, channels: int = 3, **keywords: Any) -> ds.Recording:
    return ds.ReversedNetwork(network, **keywords).record(torch.rand(channels, 16, 16))


def small(channels: int = 3) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3))


class Written(nn.Module):
    """A convolution, then what a test writes, then another convolution."""

    def __init__(self, then: Callable[[Tensor], Any], parts: nn.Module | None = None) -> None:
        super().__init__()
        self.first, self.last, self.then = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 3), then
        self.part = parts if parts is not None else nn.Identity()

    def forward(self, x: Tensor) -> Any:
        return self.last(self.then(self.first(x)))


def followed(wrong: Callable[[Tensor], Any], right: Callable[[Tensor], Any]) -> None:
    """Check that one way to write a network is refused, and that the other is recorded and reversed."""
    with refused(ds.RecordingError):
        record(Written(wrong))
    picture = record(Written(right)).reverse(ds.Channel("last", 1), "SaliNet")
    assert bool(picture.values.any())


# --------------------------------------------------------------------- images


@remedies("preprocess it as the network expects, e.g. image.float() / 255")
@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 3, 16, 16)])
def test_whole_numbers(shape: tuple[int, ...]) -> None:
    image, network = torch.randint(0, 256, shape, dtype=torch.uint8), ds.ReversedNetwork(small())
    with refused(ds.InputError) as refusal:
        network.record(image)
    assert network.record(refusal.run("image.float()", image=image)).layers


@remedies("replace them, e.g. torch.nan_to_num(")
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite(value: float) -> None:
    image, network = torch.rand(3, 16, 16), ds.ReversedNetwork(small())
    image[0, 2, 3] = value
    with refused(ds.InputError) as refusal:
        network.record(image)
    recording = network.record(refusal.run("torch.nan_to_num(", image=image))
    assert bool(torch.isfinite(recording["2"]).all())
    assert bool(torch.isfinite(recording.reverse(ds.Channel("2", 0), "SaliNet").values).all())


@remedies("; record one image at a time")
def test_several_images() -> None:
    images, network = torch.rand(2, 3, 16, 16), ds.ReversedNetwork(small())
    with refused(ds.InputError):
        network.record(images)
    assert all(network.record(image).layers for image in images)
    assert all(network.record(images[i : i + 1]).layers for i in range(2))


@remedies("; scale it")
def test_values_too_large_for_the_weights() -> None:
    network, image = ds.ReversedNetwork(small().half()), torch.rand(3, 16, 16) * 1e6
    with refused(ds.InputError):
        network.record(image)
    assert network.record(image / 1e6).layers


@remedies("repeat the channel, e.g. torch.cat([image] *", "convert it to grey, e.g. image.mean(")
@pytest.mark.parametrize("batch", [False, True])
def test_grey_in_place_of_colour_and_the_other_way_round(batch: bool) -> None:
    for given, wanted, start in ((1, 3, "torch.cat("), (3, 1, "image.mean(")):
        image, network = torch.rand(given, 16, 16), ds.ReversedNetwork(small(wanted))
        image = image[None] if batch else image
        with refused(ds.InputError) as refusal:
            network.record(image)
        assert network.record(refusal.run(start, image=image)).input.shape == (wanted, 16, 16)


@remedies("select channels, e.g. image[..., :", "channels, preprocessed as the network expects")
@pytest.mark.parametrize("batch", [False, True])
def test_other_numbers_of_bands(batch: bool) -> None:
    network, image = ds.ReversedNetwork(small(4)), torch.rand(7, 16, 16)
    image = image[None] if batch else image
    with refused(ds.InputError) as refusal:
        network.record(image)
    assert network.record(refusal.run("image[", image=image)).input.shape == (4, 16, 16)
    with refused(ds.InputError) as refusal:
        network.record(torch.rand(3, 16, 16))
    assert "pass all 4 channels" in refusal.message
    assert network.record(torch.rand(4, 16, 16)).layers


@remedies("pass a larger image")
def test_image_that_is_too_small() -> None:
    network = ds.ReversedNetwork(nn.Sequential(nn.Conv2d(3, 4, 5), nn.MaxPool2d(4)))
    with refused(ds.InputError):
        network.record(torch.rand(3, 4, 4))
    assert network.record(torch.rand(3, 16, 16)).layers


# --------------------------------------------------------------------- arguments


@remedies("`module` must be an nn.Module")
def test_function_in_place_of_a_network() -> None:
    with refused(TypeError):
        ds.ReversedNetwork(torch.relu)  # type: ignore[arg-type]
    assert record(nn.ReLU()).layers


@remedies("`precision` must be one of ")
def test_unknown_precision() -> None:
    with refused(ValueError) as refusal:
        record(small(), precision="double")
    for name in refusal.message.rpartition("one of ")[2].split(", got ")[0].split(", "):
        assert record(small(), precision=eval(name)).layers


@remedies("no architecture asked for; name at least one, e.g. deconvscope.DESALINET")
def test_no_architecture() -> None:
    recording = record(small())
    with refused(ValueError) as refusal:
        recording.reverse(ds.Channel("2", 0), [])
    asked = refusal.run("deconvscope.DESALINET")
    assert recording.reverse(ds.Channel("2", 0), asked).architectures == (ds.DESALINET,)


@remedies("give an Architecture, its name or its three letters")
@pytest.mark.parametrize("right", [ds.SALINET, "SaliNet", "TTF"])
def test_no_name_of_an_architecture(right: Any) -> None:
    recording = record(small())
    with refused(TypeError):
        recording.reverse(ds.Channel("2", 0), [3])  # type: ignore[list-item]
    assert recording.reverse(ds.Channel("2", 0), right).values.any()


@remedies("`selection` must be a Neuron, Strongest, Class … or a tensor shaped like a layer")
def test_no_selection() -> None:
    recording = record(small())
    with refused(TypeError):
        recording.reverse("2", "TTT")  # type: ignore[arg-type]
    tensor = torch.ones(recording["2"].shape)
    for right in (ds.Neuron("2", 0, 1, 1), ds.Strongest("2"), ds.Class(1), tensor):
        assert recording.reverse(right, "TTF").values.any()


@remedies("pass its layer with layer=…")
def test_tensor_that_fits_two_layers() -> None:
    recording = record(small())
    tensor = torch.ones(recording["1"].shape)
    with refused(ValueError):
        recording.reverse(tensor, "TTT")
    assert recording.reverse(tensor, "TTT", layer="1").values.any()


@remedies(": give both y and x, or neither")
@pytest.mark.parametrize("kind", [ds.Strongest, ds.Mixture])
def test_half_a_place(kind: Any) -> None:
    recording = record(small())
    with refused(ValueError):
        recording.reverse(kind("2", y=1), "TTT")
    assert recording.reverse(kind("2", y=1, x=2), "TTT")
    assert recording.reverse(kind("2"), "TTT")


@remedies("this network has no class names; give the class's index")
def test_class_by_name_without_names() -> None:
    recording = record(small())
    with refused(LookupError):
        recording.reverse(ds.Class("tabby"), "TTT")
    assert recording.reverse(ds.Class(3), "TTT").selection == ds.Class(3, "2")


@remedies("select with a tensor of that shape, e.g. deconvscope.Signal(")
@pytest.mark.parametrize(
    "wrong",
    [ds.Neuron("0", 0, 0, 0), ds.Strongest("0"), ds.Strongest("0", 1), ds.RandomNeuron("0")],
)
def test_neuron_of_a_volume(wrong: ds.Neuron | ds.Strongest | ds.RandomNeuron) -> None:
    recording = ds.ReversedNetwork(nn.Sequential(nn.Conv3d(1, 4, 3))).record(torch.rand(8, 9, 9))
    with refused(ValueError) as refusal:
        recording.reverse(wrong, "TTT")
    selection = refusal.run("deconvscope.Signal(", recording=recording)
    assert recording.reverse(selection, "TTT").values.any()


@remedies(" and no more")
def test_place_in_a_vector() -> None:
    recording = record(nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    for wrong, right in (
        (ds.Neuron("2", 1, 0, 0), ds.Neuron("2", channel=1)),
        (ds.Neuron("0", 1), ds.Neuron("0", channel=1, y=0, x=0)),
    ):
        with refused(ValueError) as refusal:
            recording.reverse(wrong, "TTT")
        needed = refusal.message.rpartition("give ")[2].removesuffix(" and no more")
        given = [name for name in ("channel", "y", "x") if getattr(right, name) is not None]
        assert needed == ", ".join(given)
        assert recording.reverse(right, "TTT").values.any()


class Spectrum(nn.Module):
    """A layer of complex numbers between two of real ones."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.rfft2(x).abs()


@remedies("pass a Neuron, or the name of a layer behind .abs() or .real")
def test_strongest_of_complex_numbers() -> None:
    recording = record(nn.Sequential(nn.Conv2d(3, 4, 3), Spectrum()))
    (spectrum,) = (name for name in recording if recording[name].is_complex())
    with refused(ValueError):
        recording.reverse(ds.Strongest(spectrum), "SaliNet")
    assert recording.reverse(ds.Neuron(spectrum, 0, 1, 1), "SaliNet").values.any()
    assert recording.reverse(ds.Strongest(recording.output_layer), "SaliNet").values.any()


@remedies("; pass ŷ.real or ŷ.imag")
def test_complex_signal_for_a_real_layer() -> None:
    recording = record(small())
    ŷ = torch.randn(recording["2"].shape, dtype=torch.cfloat)
    with refused(ValueError) as refusal:
        recording.reverse(ŷ, "TTT", layer="2")
    for start in ("ŷ.real", "ŷ.imag"):
        part = refusal.run(start, until=" or " if start == "ŷ.real" else "", ŷ=ŷ)
        assert recording.reverse(part, "TTT", layer="2").values.any()


# --------------------------------------------------------------------- recordings


@remedies("this recording was forgotten; record the image again")
def test_forgotten_recording() -> None:
    network, image = ds.ReversedNetwork(small()), torch.rand(3, 16, 16)
    recording = network.record(image)
    recording.forget()
    with refused(ds.StaleRecordingError):
        recording.reverse(ds.Channel("2", 0), "TTT")
    assert network.record(image).reverse(ds.Channel("2", 0), "TTT").values.any()


@remedies("were changed after this recording; record again")
def test_weights_changed_since() -> None:
    module, image = small(), torch.rand(3, 16, 16)
    network = ds.ReversedNetwork(module)
    recording = network.record(image)
    with torch.no_grad():
        next(module.parameters()).mul_(2)
    with refused(ds.StaleRecordingError):
        recording.reverse(ds.Channel("2", 0), "TTT")
    assert network.record(image).reverse(ds.Channel("2", 0), "TTT").values.any()


@remedies(
    "use a smaller image, forget() other recordings, or use another device",
    "use a smaller image, a layer nearer to it, precision='bfloat16', or another device",
)
def test_memory_that_does_not_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    module, image = small(), torch.rand(3, 16, 16)
    recording = ds.ReversedNetwork(module).record(image)

    def full(*arguments: Any, **keywords: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(module, "forward", full)
        with refused(ds.MemoryLimitError):
            ds.ReversedNetwork(module).record(image)
    with monkeypatch.context() as patched:
        patched.setattr("deconvscope.reversal.backward.run.run_backwards", full, raising=False)
        patched.setattr("deconvscope.reversal.steps.convolution.Convolution.reverse", full)
        with refused(ds.MemoryLimitError) as refusal:
            recording.reverse(ds.Channel("2", 0), "TTT")
    precision = refusal.message.split("precision=")[1].split(",")[0]
    cheaper = ds.ReversedNetwork(module, precision=eval(precision)).record(image[:, ::2, ::2])
    assert cheaper.reverse(ds.Channel("0", 0), "TTT").values.any()
    recording.forget()
    assert recording.forgotten


# --------------------------------------------------------------------- networks


@remedies(
    "is a TorchScript module, which hides its calls; record the nn.Module it was scripted from"
)
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_scripted_network() -> None:
    module = small()
    with refused(ds.RecordingError):
        record(torch.jit.script(module))  # type: ignore[arg-type]
    assert record(module).layers


@remedies("record the module before torch.compile (compiled._orig_mod)")
def test_compiled_network() -> None:
    compiled: Any = torch.compile(small())
    with refused(ds.RecordingError) as refusal:
        record(compiled)
    assert record(refusal.run("compiled._orig_mod", compiled=compiled)).layers


@remedies("use the plain Python function (without torch.jit.script or torch.compile)")
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_scripted_function() -> None:
    def halved(x: Tensor) -> Tensor:
        return x.relu() * 0.5

    followed(torch.jit.script(halved), halved)


@remedies("record the original floating-point network")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_quantised_network() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 5)
    ).eval()
    torch.backends.quantized.engine = torch.backends.quantized.supported_engines[-1]
    quantised = torch.ao.quantization.quantize_dynamic(module, {nn.Linear}, dtype=torch.qint8)
    with refused(ds.RecordingError):
        record(quantised)
    assert record(module).layers


@remedies("to reverse calls under no_grad too, pass through_no_grad=True to ReversedNetwork")
def test_frozen_network() -> None:
    class Frozen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = small()

        def forward(self, x: Tensor) -> Tensor:
            with torch.no_grad():
                y: Tensor = self.inner(x)
            return y

    with refused(ds.RecordingError) as refusal:
        record(Frozen())
    given = refusal.message.split("pass ")[1].split(" to ")[0]
    recording = record(Frozen(), **eval(f"dict({given})"))
    assert recording.reverse(ds.Channel(recording.output_layer, 0), "TTF").values.any()
    explorer = eval(f"ds.Explorer(Frozen(), {given})", {"ds": ds, "Frozen": Frozen})
    assert explorer.reconstructions.values.any()
    explorer.close()


@remedies("without one; wrap it in a module that returns the scores as a tensor")
def test_network_that_returns_an_object() -> None:
    class Answer:
        def __init__(self, scores: Tensor) -> None:
            self.scores = scores

        __slots__ = ("scores",)

    class Strange(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = small()

        def forward(self, x: Tensor) -> Answer:
            return Answer(self.inner(x))

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = Strange()

        def forward(self, x: Tensor) -> Tensor:
            return self.network(x).scores

    with refused(ds.RecordingError):
        record(Strange())
    assert record(Wrapped()).layers


@remedies("wrap it in a module that returns the scores before the argmax")
def test_network_that_returns_an_argmax() -> None:
    class Strange(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = small()

        def forward(self, x: Tensor) -> Tensor:
            return self.scores(x).argmax(1)

        def scores(self, x: Tensor) -> Tensor:
            y: Tensor = self.inner(x)
            return y

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = Strange()

        def forward(self, x: Tensor) -> Tensor:
            return self.network.scores(x)

    with refused(ds.RecordingError):
        record(Strange())
    assert record(Wrapped()).layers


@remedies("cannot be recorded; use the return value instead of out=")
def test_call_that_writes_into_a_given_tensor() -> None:
    def wrong(x: Tensor) -> Tensor:
        made = torch.empty_like(x)
        torch.mul(x, 2, out=made)
        return made

    followed(wrong, lambda x: torch.mul(x, 2))


@remedies("register the hook before the tensor is used")
def test_late_hook() -> None:
    def wrong(x: Tensor) -> Tensor:
        y = x.relu()
        x.register_hook(lambda g: g * 2)
        return y

    def right(x: Tensor) -> Tensor:
        x.register_hook(lambda g: g * 2)
        return x.relu()

    followed(wrong, right)


@remedies("record the network that it differentiates")
def test_gradient_inside_of_the_forward() -> None:
    inner = small()

    class Differentiates(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Tensor) -> Tensor:
            with torch.enable_grad():
                x = x.requires_grad_()
                (gradient,) = torch.autograd.grad(self.inner(x).sum(), x)
            return gradient

    with refused(ds.RecordingError):
        record(Differentiates())
    assert record(inner).layers


@remedies(
    "is set to a tensor of another shape or dtype, which cannot be recorded; make a new tensor instead"
)
def test_data_of_another_shape() -> None:
    def wrong(x: Tensor) -> Tensor:
        y = x * 2
        y.data = y.data[:, :, :8, :8].contiguous()
        return y

    followed(wrong, lambda x: (x * 2)[:, :, :8, :8])


@remedies("write to it with copy_, or make a new tensor")
@pytest.mark.parametrize("new", [False, True])
def test_data_of_a_tensor_with_views(new: bool) -> None:
    def wrong(x: Tensor) -> Tensor:
        y = x * 2
        view = y[:, :2]
        y.data = y.data.abs()
        return torch.cat([view, y[:, 2:]], 1)

    def right(x: Tensor) -> Tensor:
        y = x * 2
        if new:
            y = y.abs()
        else:
            y.copy_(y.abs())
        view = y[:, :2]
        return torch.cat([view, y[:, 2:]], 1)

    followed(wrong, right)


@remedies("compute with dense tensors")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_sparse_tensor() -> None:
    class Sparse(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x.to_sparse()

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
            return g.to_dense()

    followed(lambda x: x.to_sparse().to_dense(), lambda x: x)
    followed(lambda x: Sparse.apply(x).to_dense(), lambda x: x)


@remedies("pass its input through .detach() to let nothing flow back")
def test_call_without_a_derivative() -> None:
    def bare(x: Tensor) -> Tensor:
        return torch.special.zeta(x.abs() + 2, torch.full_like(x, 2.0)) * x

    recording = record(Written(bare))
    with refused(ds.RuleError):
        recording.reverse(ds.Channel("last", 1), "SaliNet")
    detached = record(Written(lambda x: bare(x.detach()) + x))
    assert detached.reverse(ds.Channel("last", 1), "SaliNet").values.any()


@remedies("write to a copy instead")
def test_view_whose_base_was_written() -> None:
    def wrong(x: Tensor) -> Tensor:
        y = x * 1
        with torch.no_grad():
            view = y[:, :2]
        y.mul_(2)
        return torch.cat([view, y[:, 2:]], 1)

    def right(x: Tensor) -> Tensor:
        y = x * 1
        with torch.no_grad():
            view = y[:, :2]
        copy = y.clone().mul_(2)
        return torch.cat([view, copy[:, 2:]], 1)

    followed(wrong, right)


@remedies("switch gradient checkpointing off")
def test_custom_function_under_checkpointing() -> None:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return g * 2 * ctx.saved_tensors[0]

    def inner(x: Tensor) -> Tensor:
        y: Tensor = Square.apply(F.relu(x))
        return y

    def wrong(x: Tensor) -> Any:
        return checkpoint.checkpoint(inner, x, use_reentrant=False)

    followed(wrong, inner)


@remedies("use the plain Python function, or a block that keeps its activations")
def test_memory_that_a_block_frees() -> None:
    def wrong(x: Tensor) -> Tensor:
        y = x * 1
        z = y.relu()
        with torch.no_grad():
            y.set_()  # type: ignore[call-overload]
        return z

    followed(wrong, lambda x: (x * 1).relu())


@remedies("which holds values several times and cannot be recorded; write to a copy instead")
def test_write_through_a_view_that_overlaps() -> None:
    def wrong(x: Tensor) -> Tensor:
        x = x * 1
        x.unfold(3, 4, 2).add_(1)
        return x

    def right(x: Tensor) -> Tensor:
        copy = x.unfold(3, 4, 2).clone()
        return x + copy.add_(1).mean()

    followed(wrong, right)


@remedies("which cannot be recorded; remove it, or use torch.no_grad")
def test_inference_mode_inside_a_network() -> None:
    def within(mode: Callable[[], Any]) -> Callable[[Tensor], Tensor]:
        def then(x: Tensor) -> Tensor:
            with mode():
                weight = x.mean().sigmoid()
            return x * weight

        return then

    followed(within(torch.inference_mode), lambda x: x * x.mean().sigmoid())
    followed(within(torch.inference_mode), within(torch.no_grad))


class Counted(nn.Module):
    """Adds a buffer, then writes to the buffer or to a view that it keeps of it, and adds it again."""

    seen: Tensor

    def __init__(self, write: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(1, 4, 14, 14))
        self.kept, self.write = self.seen[:, :2], write

    def forward(self, x: Tensor) -> Tensor:
        return self.write(self, x + self.seen[:])


@remedies("writes to a parameter or buffer after its first use; make a new tensor instead")
def test_write_to_a_buffer_that_was_used() -> None:
    def write(module: Any, x: Tensor) -> Tensor:
        module.seen.add_(1)
        return x + module.seen

    def make(module: Any, x: Tensor) -> Tensor:
        return x + (module.seen + 1)

    followed(Counted(write), Counted(make))


@remedies("write to the tensor itself, or make a new one with torch.cat or torch.where")
def test_write_through_a_view_that_is_older_than_the_recording() -> None:
    def write(module: Any, x: Tensor) -> Tensor:
        module.kept.copy_(x[:, :2])
        return x + module.seen

    def write_itself(module: Any, x: Tensor) -> Tensor:
        module.seen[:, :2].copy_(x[:, :2])
        return x + module.seen

    def join(module: Any, x: Tensor) -> Tensor:
        return x + torch.cat([x[:, :2], module.seen[:, 2:]], 1)

    followed(Counted(write), Counted(write_itself))
    followed(Counted(write), Counted(join))


@remedies("write that cannot be recorded; replace in-place writes by calls that return new tensors")
def test_write_that_nothing_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network is known that does this: what notices the write is taken away."""

    class Last(Written):
        def forward(self, x: Tensor) -> Any:
            return self.then(super().forward(x))

    def wrong(x: Tensor) -> Tensor:
        outside = x.detach().numpy()
        x.mul_(2)
        outside[:] = 0
        return x

    def right(x: Tensor) -> Tensor:
        return torch.zeros_like(x) * x + x

    monkeypatch.setattr(WrittenTensors, "stale", lambda self, live: False)
    with refused(ds.RecordingError):
        record(Last(wrong))
    assert record(Last(right)).reverse(ds.Channel("last", 1), "SaliNet").values.any()
