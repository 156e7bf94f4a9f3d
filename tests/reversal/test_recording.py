"""What a recording says of a network: layers and their names, activations, coverage, and what it refuses."""

from __future__ import annotations

import copy
import gc
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

import deconvscope as ds


class Block(nn.Module):
    """A residual block that uses one rectifier twice, as torchvision's ResNet does."""

    def __init__(self, channels: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.conv1(x))
        y = self.conv2(y)
        y += x
        return self.relu(y)


class Written(nn.Module):
    """A convolution followed by whatever a test writes."""

    def __init__(self, then: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.then = then

    def forward(self, x: Tensor) -> Tensor:
        return self.then(self.conv(x))


def trunk() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        Block(),
        nn.Flatten(),
        nn.Linear(64, 5),
    )


def image(size: int = 8, channels: int = 3) -> Tensor:
    return torch.randn(channels, size, size, generator=torch.Generator().manual_seed(1))


def test_layers_are_named_as_modules_and_ordered_as_executed() -> None:
    rec = ds.ReversedNetwork(trunk()).record(image())
    assert list(rec.layers) == [
        "0",
        "1",
        "2",
        "3.conv1",
        "3.relu",
        "3.conv2",
        "3.add",
        "3.relu_1",
        "4",
        "5",
    ]
    assert [layer.kind for layer in rec.layers.values()][:3] == [
        "convolution",
        "rectifier",
        "max pool",
    ]
    assert rec.layers["2"].shape == (4, 4, 4) and rec.layers["5"].shape == (5,)
    assert rec.layers["3"].name == "3.relu_1", "a module that holds others names its own output"
    assert torch.equal(rec["3"], rec["3.relu_1"])


def test_a_modules_own_call_bears_the_modules_name() -> None:
    class Doubled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + x

    rec = ds.ReversedNetwork(nn.Sequential(nn.Conv2d(3, 2, 1), Doubled())).record(image())
    assert list(rec.layers) == ["0", "1"]


def test_activations_are_those_of_the_network_and_survive_writes_in_place() -> None:
    network, x = trunk().eval(), image()
    rec = ds.ReversedNetwork(network).record(x)
    with torch.no_grad():
        before_relu = network[0](x[None])
        assert torch.allclose(rec["0"], before_relu[0], atol=1e-6)
        assert (rec["0"] < 0).any(), (
            "the rectifier behind it works in place, and must not have overwritten it"
        )
        assert torch.allclose(rec["5"], network(x[None])[0], atol=1e-6)


@pytest.mark.parametrize(
    "then",
    [
        lambda y: y.relu_() * 2,
        lambda y: F.relu(y, inplace=True) + y,
        lambda y: y.view(1, -1).relu_().view_as(y),
        lambda y: torch.as_strided(y, (1, 2, 8, 8), (256, 128, 8, 1)) + 0,
        lambda y: _written_through(y, lambda v: v.relu_()),
        lambda y: _written_through(y, lambda v: v.mul_(3).add_(1)),
        lambda y: _read_after_write(y),
        lambda y: _item_set(y),
        lambda y: _buffer_filled(y),
        lambda y: _nested_views(y),
        lambda y: F.dropout(y, 0.5, False, True).add_(1),
        lambda y: _copied_into_a_view_of_a_constant(y),
        lambda y: _early_view_of_a_constant(y),
        lambda y: _written_after_contiguous(y),
        lambda y: _flattened_part(y),
        lambda y: y.unsqueeze_(0).squeeze_(0).sigmoid(),
        lambda y: F.instance_norm(y).relu(),
        lambda y: F.batch_norm(y, None, None, training=True),
        lambda y: F.interpolate(y, scale_factor=1.7, mode="bilinear", antialias=True),
        lambda y: y.mean(axis=(2, 3)),  # type: ignore[call-overload]
        lambda y: torch.add(y, 1, out=None),
        lambda y: torch.ops.aten.relu.default(y),
    ],
)
def test_writes_in_place_are_followed(then: Callable[[Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    network, x = Written(then), image()
    rec = ds.ReversedNetwork(network).record(x)
    leaf = x[None].clone().requires_grad_()
    y = network(leaf)
    assert torch.allclose(rec[rec.output_layer], y[0], atol=1e-6)
    y_hat = torch.randn(y.shape[1:])
    (gradient,) = torch.autograd.grad(y, leaf, y_hat[None])
    salient = rec.reverse(ds.Signal(rec.output_layer, y_hat), ds.SALINET)[ds.SALINET]
    assert torch.allclose(salient, gradient[0], atol=1e-5)


def _written_through(y: Tensor, write: Callable[[Tensor], Tensor]) -> Tensor:
    y = y * 1
    write(y[:, 1:3])
    return y + 1


def _read_after_write(y: Tensor) -> Tensor:
    y = y * 1
    early = y[:, :2]
    y.relu_()
    return torch.cat([early, y], 1)


def _item_set(y: Tensor) -> Tensor:
    y = y * 1
    y[:, 0] = (y[:, 1] * 2).relu()
    return y


def _buffer_filled(y: Tensor) -> Tensor:
    buffer = torch.zeros(1, 6, *y.shape[2:])
    buffer[:, 1:5] = y
    return buffer.relu()


def _copied_into_a_view_of_a_constant(y: Tensor) -> Tensor:
    buffer = torch.zeros(1, 6, *y.shape[2:])
    buffer[:, 1:5].copy_(y)
    return buffer + 1


def _early_view_of_a_constant(y: Tensor) -> Tensor:
    buffer = torch.zeros(1, 8, *y.shape[2:])
    early = buffer[:, :4]
    buffer[:, 1] = y[:, 0]
    return early * 2 + y


def _written_after_contiguous(y: Tensor) -> Tensor:
    last = y.permute(0, 2, 3, 1).contiguous()
    last.relu_()
    return y * 2 + last.permute(0, 3, 1, 2)


def _flattened_part(y: Tensor) -> Tensor:
    part = (y.tanh() * 1)[..., 1:].mul_(-1)
    part.flatten(1).clamp_(min=0)
    return F.avg_pool2d(part, 2)


def _nested_views(y: Tensor) -> Tensor:
    y = y * 1
    y[:, 1:][:, :2].view(1, -1).mul_(2)
    return y


def test_a_constant_written_between_two_uses_keeps_its_value_at_each() -> None:
    def then(y: Tensor) -> Tensor:
        total, gain = torch.zeros(1), torch.zeros(4, 1, 1)
        for i in range(4):
            gain.zero_()
            gain[i] = i + 1
            total = total + y * gain
        return total

    torch.manual_seed(0)
    rec = ds.ReversedNetwork(Written(then)).record(image())
    for channel in range(4):
        place = (channel, 3, 3)
        written = rec.reverse(ds.Neuron(rec.output_layer, *place), ds.SALINET).dense()
        plain = rec.reverse(ds.Neuron("conv", *place), ds.SALINET).dense()
        assert torch.allclose(written, (channel + 1) * plain, atol=1e-6)


# --- nothing is left behind --------------------------------------------------------------------------------


def state(network: nn.Module) -> tuple[object, ...]:
    return (
        {k: v.clone() for k, v in network.state_dict().items()},
        [m.training for m in network.modules()],
        [p.requires_grad for p in network.parameters()],
        [p.grad is None for p in network.parameters()],
        [
            (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks))
            for m in network.modules()
        ],
        [set(vars(m)) for m in network.modules()],
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.get_rng_state().clone(),
        torch.overrides._get_current_function_mode_stack()
        if hasattr(torch.overrides, "_get_current_function_mode_stack")
        else 0,
        F.relu,
        torch.relu,
    )


def same(first: object, second: object) -> bool:
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


@pytest.fixture
def trained() -> nn.Module:
    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None)
    network.train()
    network.layer1.eval()  # partly frozen, as in fine-tuning
    network.conv1.weight.requires_grad_(False)
    return network


def test_the_network_is_unchanged_by_recording_and_reversing(trained: nn.Module) -> None:
    before = state(trained)
    rec = ds.ReversedNetwork(trained).record(image(64))
    rec.reverse(ds.Strongest("layer2"), ds.EIGHT)
    rec.forget()
    assert same(before, state(trained))


def test_the_network_is_unchanged_by_an_exception_in_the_middle(trained: nn.Module) -> None:
    class Failing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise KeyError("in the middle")

    trained.layer3 = Failing()
    before = state(trained)
    with pytest.raises(KeyError, match="in the middle"):
        ds.ReversedNetwork(trained).record(image(64))
    assert same(before, state(trained))


def test_a_network_in_train_mode_is_recorded_in_eval_mode(trained: nn.Module) -> None:
    rec = ds.ReversedNetwork(trained).record(image(64))
    evaluated = copy.deepcopy(trained).eval()
    with torch.no_grad():
        assert torch.allclose(rec["fc"], evaluated(image(64)[None])[0], atol=1e-4)


# --- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (torch.zeros(3, 8, 8, dtype=torch.uint8), r"uint8.*float"),
        (torch.full((3, 8, 8), float("nan")), "NaN"),
        (torch.zeros(1, 8, 8), "takes 3 channels, got an image with 1"),
        (torch.zeros(8, 8), r"\(C, H, W\).*\(8, 8\)"),
        (torch.zeros(2, 3, 8, 8), "one image at a time"),
        (torch.zeros(3, 1, 1), "too small"),
        (torch.zeros(3, 0, 8), "empty"),
        (torch.zeros(3, 12, 12), "does not fit"),
        ([[1.0]], "tensor"),
    ],
)
def test_an_unsuitable_image_is_refused_with_the_remedy(wrong: Tensor, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ds.ReversedNetwork(trunk()).record(wrong)


def test_an_unknown_layer_is_named_with_its_like() -> None:
    rec = ds.ReversedNetwork(trunk()).record(image())
    with pytest.raises(ds.UnknownLayerError, match=r"'3\.conv3'.*did you mean '3\.conv"):
        rec.reverse(ds.Neuron("3.conv3", 0, 0, 0), ds.DESALINET)
    with pytest.raises(LookupError):
        rec["nonsense"]


@pytest.mark.parametrize(
    ("neuron", "said"),
    [
        (ds.Neuron("2", 4, 0, 0), "channel=4 is out of range.*0 ≤ channel ≤ 3"),
        (ds.Neuron("2", 0, 4, 0), "y=4 is out of range"),
        (ds.Neuron("2", 0, 0, -1), "x=-1 is out of range"),
        (ds.Neuron("2", 0), "give channel, y, x"),
        (ds.Neuron("5", 0, 0, 0), "give channel and no more"),
    ],
)
def test_a_neuron_out_of_range_is_refused(neuron: ds.Neuron, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ds.ReversedNetwork(trunk()).record(image()).reverse(neuron, ds.DESALINET)


@contextmanager
def deprecated() -> Iterator[None]:
    """Use what torch 2.4 does not warn of, but later ones do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def test_scripted_and_compiled_parts_are_refused() -> None:
    with deprecated():
        scripted = torch.jit.script(nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()))
    with pytest.raises(ds.RecordingError, match="TorchScript"):
        ds.ReversedNetwork(nn.Sequential(nn.Conv2d(3, 3, 1), scripted)).record(image())
    with pytest.raises(ds.RecordingError, match="_orig_mod"):
        ds.ReversedNetwork(torch.compile(trunk())).record(image())  # type: ignore[arg-type]


def test_a_scripted_function_inside_a_forward_is_refused() -> None:
    with deprecated():
        hidden = torch.jit.script(_plain_relu)
    with pytest.raises(ds.RecordingError, match="scripted or compiled"):
        ds.ReversedNetwork(Written(lambda y: hidden(y) + 1)).record(image())


def _plain_relu(x: Tensor) -> Tensor:
    return x.relu() + 1


def test_an_image_that_the_network_writes_to_is_kept_as_it_was() -> None:
    constant = torch.randn(1, 3, 8, 8)

    class Writes(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mul_(2) * constant.to(x)

    rec = ds.ReversedNetwork(Writes()).record(image())
    assert torch.equal(rec.input, image())
    assert [c.rule for c in rec.coverage().calls] == ["c", "c"]


def test_a_constant_from_outside_the_module_is_no_reason_to_refuse() -> None:
    constant = torch.randn(1, 4, 8, 8)
    rec = ds.ReversedNetwork(Written(lambda y: y * constant)).record(image())
    assert list(rec.layers) == ["conv", "mul"]


def test_a_custom_function_is_reversed_by_its_own_backward() -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: Tensor) -> Tensor:
            return x.relu() * 2

        @staticmethod
        def backward(ctx: object, g: Tensor) -> Tensor:  # type: ignore[override]
            return g * 7

    rec = ds.ReversedNetwork(Written(lambda y: Doubled.apply(y) + 1)).record(image())
    assert [c.call for c in rec.coverage().calls] == ["conv2d", "Doubled", "add"]
    through = rec.reverse(ds.Neuron("add", 0, 3, 3), ds.SALINET).values
    direct = rec.reverse(ds.Neuron("conv", 0, 3, 3), ds.SALINET).values
    assert torch.allclose(through.sum(), 7 * direct.sum())


class Ordered(torch.autograd.Function):
    """Reads its second tensor first."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, weight: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a, weight, b)
        return (b * 2) * weight + a.detach().sin()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[override]
        a, weight, b = ctx.saved_tensors
        return g * a.cos(), (g * b * 2).sum((0, 2, 3), True), g * 2 * weight


class InPlace(torch.autograd.Function):
    """Writes its input and says so."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.mark_dirty(x)
        ctx.save_for_backward(x > 0)
        return x.clamp_(min=0)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        return g * ctx.saved_tensors[0]


@pytest.mark.parametrize(
    "then",
    [
        lambda y: Ordered.apply(y, torch.ones(1, 4, 1, 1), y * 3),
        lambda y: Ordered.apply(y, torch.ones(1, 4, 1, 1), y),
        lambda y: InPlace.apply(y * 1),
    ],
)
def test_custom_functions_equal_automatic_differentiation(then: Callable[[Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    network, x = Written(then), image()
    rec = ds.ReversedNetwork(network).record(x)
    leaf = x[None].clone().requires_grad_()
    y = network(leaf)
    y_hat = torch.randn(y.shape[1:])
    (gradient,) = torch.autograd.grad(y, leaf, y_hat[None])
    salient = rec.reverse(ds.Signal(rec.output_layer, y_hat), ds.SALINET)[ds.SALINET]
    assert torch.allclose(salient, gradient[0], atol=1e-5)


def test_scripted_code_beside_or_upon_what_is_recorded_is_refused() -> None:
    with deprecated():
        beside, upon = torch.jit.script(_plain_relu), torch.jit.script(_relu_in_place)
    for then in (lambda y: y + beside(y), lambda y: beside(y), lambda y: (upon(y), y * 2)[1]):
        with pytest.raises(ds.RecordingError, match="scripted or compiled"):
            ds.ReversedNetwork(Written(then)).record(image())


def _relu_in_place(x: Tensor) -> Tensor:
    return x.relu_()


def test_weights_written_through_data_are_seen_by_the_next_recording() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
    net, x = ds.ReversedNetwork(network), image()
    neuron = ds.Channel("2", 1)
    net.record(x).reverse(neuron, ds.SALINET)
    network[2].weight.data.copy_(torch.randn(4, 4, 3, 3))  # type: ignore[union-attr, operator]
    fresh = ds.ReversedNetwork(network).record(x).reverse(neuron, ds.SALINET)
    assert torch.equal(net.record(x).reverse(neuron, ds.SALINET).values, fresh.values)


def test_autocast_and_inference_mode_around_change_nothing() -> None:
    net, x = ds.ReversedNetwork(trunk()), image()
    plain = net.record(x).reverse(ds.Strongest("3"), ds.EIGHT).values
    with torch.autocast("cpu"), torch.inference_mode():
        rec = net.record(x)
        assert torch.equal(rec.reverse(ds.Strongest("3"), ds.EIGHT).values, plain)


def test_a_pool_without_the_rule_asked_for_is_refused() -> None:
    rec = ds.ReversedNetwork(Written(lambda y: F.max_pool2d(y[0], 2))).record(image())
    rec.reverse(ds.Noise(rec.output_layer), ds.DESALINET)
    with pytest.raises(ValueError, match="no reversed rule 'centre'"):
        rec.reverse(ds.Noise(rec.output_layer), "TFT")


@pytest.mark.parametrize(
    "then",
    [
        lambda y: torch.fmax(y, torch.zeros(1)),
        lambda y: -((-y).clamp_max(0)),
    ],
)
def test_rectifiers_by_other_calls_are_marked(then: Callable[[Tensor], Tensor]) -> None:
    assert len(ds.ReversedNetwork(Written(then)).record(image()).coverage().suspicious) == 1


def test_a_random_call_is_reversed_with_the_numbers_it_drew() -> None:
    rec = ds.ReversedNetwork(Written(lambda y: F.dropout(y, 0.5, training=True))).record(image())
    before = torch.get_rng_state()
    first = rec.reverse(ds.Signal("dropout", torch.ones(4, 8, 8)), ds.SALINET).values
    again = rec.reverse(ds.Signal("dropout", torch.ones(4, 8, 8)), ds.SALINET).values
    kept = rec["dropout"] / rec["conv"]  # 0 or 2
    plain = rec.reverse(ds.Signal("conv", kept), ds.SALINET).values
    assert torch.equal(first, again) and torch.allclose(first, plain, atol=1e-5)
    assert torch.equal(torch.get_rng_state(), before)


# --- coverage and memory -----------------------------------------------------------------------------------


def test_coverage_counts_rules_and_names_what_fell_back() -> None:
    rec = ds.ReversedNetwork(
        Written(lambda y: torch.where(y > 0, y, y * 0) + torch.cumsum(y, 1))
    ).record(image())
    coverage = rec.coverage()
    assert [c.call for c in coverage.fallbacks] == ["cumsum"]
    assert [c.call for c in coverage.suspicious] == ["where"]
    assert "1 rectifier-like" in str(coverage)
    assert "<table>" in coverage._repr_html_()
    vgg = (
        ds.ReversedNetwork(torchvision.models.vgg11_bn(weights=None).features)
        .record(image(32))
        .coverage()
    )
    assert vgg.counts() == {"convolution": 8, "batch norm": 8, "rectifier": 8, "max pool": 5}
    assert not vgg.fallbacks


def large_tensors() -> int:
    gc.collect()
    return sum(type(t) is Tensor and t.numel() > 10**5 for t in gc.get_objects())


@pytest.mark.lengthy
def test_the_bottleneck_of_vgg16_is_small_and_forgetting_returns_everything() -> None:
    before = large_tensors()
    rec = ds.ReversedNetwork(torchvision.models.vgg16(weights=None).features).record(image(224))
    assert 0 < rec.nbytes <= 4 * 2**20
    assert large_tensors() > before + 20
    rec.forget()
    assert large_tensors() == before
    with pytest.raises(ds.StaleRecordingError, match="forgotten"):
        rec["0"]


def test_forgetting_frees_at_once() -> None:
    rec = ds.ReversedNetwork(trunk()).record(image())
    rec.reverse(ds.Strongest("3"), ds.EIGHT)
    activation = weakref.ref(rec.graph[1])
    gc.disable()
    try:
        rec.forget()
        assert activation() is None, "nothing waits for the garbage collector"
    finally:
        gc.enable()


def test_weights_changed_in_place_after_the_recording_are_noticed() -> None:
    network = trunk()
    rec = ds.ReversedNetwork(network).record(image())
    with torch.no_grad():
        network[0].weight.mul_(2)  # type: ignore[union-attr, operator]
    with pytest.raises(ds.StaleRecordingError, match="record again"):
        rec.reverse(ds.Neuron("2", 0, 0, 0), ds.DESALINET)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_images_and_networks_of_any_float_type(dtype: torch.dtype) -> None:
    x = image().to(dtype)
    rec = ds.ReversedNetwork(trunk()).record(x)
    assert rec["0"].dtype == torch.float32
    typed = ds.ReversedNetwork(trunk().to(dtype)).record(image())
    picture = typed.reverse(ds.Strongest("3"), ds.DESALINET)
    assert picture.values.dtype == dtype and bool(picture.values.isfinite().all())


def test_further_inputs_go_to_the_network_as_they_are() -> None:
    class Weighted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: Tensor, weights: Tensor, *, sign: float) -> dict[str, Tensor]:
            return {"out": self.conv(x) * weights * sign, "aux": x.mean()}

    weights = torch.arange(4.0).view(1, 4, 1, 1)
    rec = ds.ReversedNetwork(Weighted()).record(image(), weights, sign=-1.0)
    r = rec.reverse([ds.Neuron(rec.output_layer, c, 2, 2) for c in (1, 2)], ds.SALINET)
    plain = rec.reverse([ds.Neuron("conv", c, 2, 2) for c in (1, 2)], ds.SALINET)
    for weight, ours, unweighted in zip((1.0, 2.0), r, plain, strict=True):
        assert torch.allclose(ours.dense(), -weight * unweighted.dense(), atol=1e-6)


def held() -> int:
    """Return the bytes of the tensors' distinct memories that Python holds."""
    gc.collect()
    tensors = [t for t in gc.get_objects() if type(t) is Tensor and not t.is_mkldnn]
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    return sum(storages.values())


@pytest.mark.lengthy
def test_many_recordings_leave_memory_where_it_was() -> None:
    net, x = ds.ReversedNetwork(trunk()), image()

    def once() -> None:
        net.record(x).reverse(ds.Strongest("3"), ds.DESALINET)

    once()
    before = held()
    for _ in range(200):
        once()
    assert held() <= before


@pytest.mark.parametrize("rectifier", [nn.ReLU(), nn.ReLU(inplace=True), nn.ReLU6()])
def test_activations_keep_their_values_and_their_memory_through_a_click(
    rectifier: nn.Module,
) -> None:
    net = ds.ReversedNetwork(
        nn.Sequential(nn.Conv2d(3, 64, 3), rectifier, nn.MaxPool2d(2), nn.Conv2d(64, 64, 3))
    )
    rec = net.record(torch.randn(3, 96, 96))
    activations = {name: rec[name].clone() for name in rec.layers}
    net.record(torch.randn(3, 96, 96)).reverse(ds.Neuron("3", 5, 20, 20), ds.EIGHT)  # packs filters
    before, strides = held(), rec["1"].stride()
    pictures = rec.reverse(ds.Neuron("3", 5, 20, 20), ds.EIGHT).dense()
    again = rec.reverse(ds.Neuron("3", 5, 20, 20), ds.EIGHT).dense()
    assert torch.equal(pictures, again)
    if not isinstance(rectifier, nn.ReLU6):  # whose mask is read from its input
        assert rec["1"].stride() != strides  # laid out anew …
    del pictures, again
    assert held() - before < 0.01 * before  # … in the place of what it was
    for name, values in activations.items():
        assert torch.equal(rec[name], values), name
