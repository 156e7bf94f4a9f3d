"""A private name of torch that vanishes costs speed or a layer's name, and no picture."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import FrameType, SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import deconvscope as ds
from deconvscope.reversal.runtime import torch_internals
from deconvscope.reversal.runtime.torch_internals import (
    called_module,
    current_frame,
    function_class,
    is_compiled,
    is_function_context,
    is_view,
    is_view_of,
    namespaces,
    write_mark,
    zero_where_not_positive,
)

from .networks import smooth_noise

Vanish = Callable[[], None]


def has_no(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let tensors have no attribute of this name."""

    def missing(self: Tensor) -> None:
        raise AttributeError(name)

    monkeypatch.setattr(torch.Tensor, name, property(missing), raising=False)
    assert not hasattr(torch.zeros(1), name) and not hasattr(nn.Parameter(torch.zeros(1)), name)


def network() -> nn.Sequential:
    torch.manual_seed(3)
    inner = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(inplace=True))
    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), inner, nn.AvgPool2d(2)).eval()


def pictures() -> dict[str, Tensor]:
    module = network()
    recording = ds.ReversedNetwork(module).record(smooth_noise((12, 12)))
    return {
        name: recording.reverse(ds.Activations(name), ds.EIGHT).dense() for name in recording.layers
    }


# --- how often a tensor was written ------------------------------------------------------------------------


@pytest.fixture(params=["counted", "not counted"])
def counts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "not counted":
        has_no(monkeypatch, "_version")


TYPES = [torch.float32, torch.bfloat16, torch.float64, torch.int64, torch.bool, torch.complex64]


@pytest.mark.usefixtures("counts")
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4, 5)])
def test_a_write_is_noticed(dtype, shape):
    tensor = torch.zeros(shape, dtype=dtype)
    before = write_mark(tensor)
    assert write_mark(tensor) == before
    tensor.view(-1)[-1:].fill_(1)
    assert write_mark(tensor) != before


@pytest.mark.usefixtures("counts")
def test_what_has_no_values_is_marked_too():
    assert write_mark(torch.zeros(0, 3)) == write_mark(torch.zeros(0, 3))


def test_a_tensor_of_inference_mode_is_marked_by_its_values():
    with torch.inference_mode():
        tensor = torch.zeros(3)
        before = write_mark(tensor)
        tensor.add_(1)
        assert write_mark(tensor) != before


def test_weights_written_after_a_recording_are_noticed_without_a_count(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "_version", None, raising=False)
    module = network()
    recording = ds.ReversedNetwork(module).record(smooth_noise((12, 12)))
    recording.reverse(ds.Activations("3"), ds.SALINET)
    with torch.no_grad():
        module.get_parameter("2.0.weight").mul_(2)
    with pytest.raises(ds.StaleRecordingError, match="2.0"):
        recording.reverse(ds.Activations("3"), ds.SALINET)


def test_networks_made_in_inference_mode_are_reversed():
    expected = pictures()
    with torch.inference_mode():
        module = network()
    recording = ds.ReversedNetwork(module).record(smooth_noise((12, 12)))
    for name in recording.layers:
        made = recording.reverse(ds.Activations(name), ds.EIGHT).dense()
        assert made.shape == expected[name].shape and bool(made.any())


# --- views -------------------------------------------------------------------------------------------------


@pytest.fixture(params=["told", "not told"])
def views(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "not told":
        has_no(monkeypatch, "_base")


@pytest.mark.usefixtures("views")
def test_views_of_one_tensor_are_views_of_one_another_and_of_it():
    whole, other = torch.zeros(3, 4), torch.zeros(3, 4)
    row, flat = whole[1], whole.view(-1)
    for view in (row, flat, flat[2:5]):
        assert is_view_of(view, whole) and not is_view_of(view, other)
        assert is_view(view, [whole])
    assert is_view_of(row, flat) and is_view_of(flat, row)
    assert not is_view_of(whole.clone(), whole) and not is_view_of(row, row)
    assert is_view(row, []) and not is_view(other, [whole]) and not is_view(whole.clone(), [whole])


@pytest.mark.usefixtures("views")
def test_tensors_without_values_share_no_memory():
    assert not is_view_of(torch.zeros(0), torch.zeros(0))


# --- modules whose forward is running ----------------------------------------------------------------------


def without_call_impl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch run modules by a method of another name."""
    monkeypatch.setattr(nn.Module, "_run", nn.Module._call_impl, raising=False)
    monkeypatch.setattr(nn.Module, "__call__", lambda self, *a, **k: self._run(*a, **k))
    monkeypatch.delattr(nn.Module, "_call_impl")


class Seen(nn.Module):
    """Notes which modules run around it."""

    def __init__(self) -> None:
        super().__init__()
        self.around: list[nn.Module] = []

    def forward(self, x: Tensor) -> Tensor:
        frame: FrameType | None = current_frame()
        while frame is not None:
            module = called_module(frame)
            if module is not None:
                self.around.append(module)
            frame = frame.f_back
        return x


class Base(nn.Module):
    def __init__(self, seen: nn.Module) -> None:
        super().__init__()
        self.seen = seen

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.seen(x)
        return y


class Derived(Base):
    def forward(self, x: Tensor) -> Tensor:
        return self.helped(x)

    def helped(self, x: Tensor) -> Tensor:
        return super().forward(x)


@pytest.mark.parametrize("vanish", [lambda _: None, without_call_impl])
def test_the_modules_that_are_running_are_found_each_once(monkeypatch, vanish):
    vanish(monkeypatch)
    seen = Seen()
    derived = Derived(seen)
    whole = nn.Sequential(derived)
    whole(torch.zeros(1))
    assert seen.around == [seen, derived, whole]


def test_a_function_that_is_named_forward_is_no_module(monkeypatch):
    without_call_impl(monkeypatch)
    seen = Seen()

    class Other:
        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = seen(x)
            return y

    Other().forward(torch.zeros(1))
    assert seen.around == [seen]


def test_frames_are_had_by_the_public_way_too(monkeypatch):
    known = current_frame()
    with monkeypatch.context() as without:
        without.delattr(sys, "_getframe")
        frame = current_frame()
    assert frame is not None and frame is known
    assert frame.f_code.co_name == "test_frames_are_had_by_the_public_way_too"


class Doubled(torch.autograd.Function):
    given: Any = None

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        Doubled.given = ctx
        return 2 * x


@pytest.mark.parametrize("named", [True, False])
def test_the_context_of_a_custom_function_is_known(monkeypatch, named):
    if not named:
        monkeypatch.delattr(torch.autograd.function, "FunctionCtx")
    Doubled.apply(torch.ones(1))
    assert is_function_context(Doubled.given)
    assert not is_function_context(torch.ones(1)) and not is_function_context("ctx")


# --- code that no mode sees --------------------------------------------------------------------------------


def test_compiled_modules_are_known():
    plain = nn.ReLU()
    assert not is_compiled(plain) and not is_compiled(network())
    wrapped: Any = torch.compile(plain, backend="eager")
    assert is_compiled(wrapped)
    plain.compile(backend="eager")
    assert is_compiled(plain)


# --- nodes of autograd's graph -----------------------------------------------------------------------------


class Parts(torch.autograd.Function):
    """Two outputs, and a saved tensor."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(x)
        return x * x, x * 3

    @staticmethod
    def backward(ctx: Any, g: Tensor, h: Tensor) -> Tensor:  # type: ignore[override]
        return 2 * g * ctx.saved_tensors[0] + 3 * h


class WithFunctions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convolution, self.last = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        first, second = Parts.apply(self.convolution(x))
        return self.last(Parts.apply(first + second)[1])


@pytest.mark.parametrize("name", ["_input_metadata", "_raw_saved_tensors"])
def test_without_what_a_node_tells_the_pictures_are_the_same(monkeypatch, name):
    def picture() -> Tensor:
        recording = ds.ReversedNetwork(WithFunctions()).record(smooth_noise((12, 12)))
        return recording.reverse(ds.Activations("last"), ds.EIGHT).dense()

    def missing(self: object) -> None:
        raise AttributeError(name)

    expected = picture()
    node: Any = torch.autograd.function.BackwardCFunction
    monkeypatch.setattr(node, name, property(missing), raising=False)
    assert torch.equal(picture(), expected)


def test_without_the_name_of_a_node_s_function_it_is_known_by_the_node():
    y = Parts.apply(torch.ones(2, requires_grad=True))[0]
    assert function_class(y.grad_fn) is Parts
    assert function_class((y * 2).grad_fn) is None

    class Unnamed:
        needs_input_grad = (True,)

    assert function_class(Unnamed()) is Unnamed


def hidden(x: Tensor) -> Tensor:
    """Stands for scripted code: it calls torch where no mode sees it."""
    with torch._C.DisableTorchFunction():
        return x.sigmoid()


def hidden_function(x: Tensor) -> Tensor:
    with torch._C.DisableTorchFunction():
        return x.mul_(2)


class Unseen(nn.Module):
    def __init__(self, inner: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.convolution, self.inner = nn.Conv2d(3, 4, 3), inner

    def forward(self, x: Tensor) -> Any:
        return self.inner(self.convolution(x))


@pytest.mark.parametrize(
    "inner",
    [
        hidden,
        lambda y: hidden(y) * 2,
        lambda y: {"out": y + 1, "beside": hidden(y)},
        hidden_function,
        lambda y: (hidden_function(y), y + 1)[1],
    ],
)
def test_what_unseen_code_made_of_the_image_is_refused(inner):
    with pytest.raises(ds.RecordingError, match="cannot be recorded"):
        ds.ReversedNetwork(Unseen(inner)).record(torch.rand(3, 8, 8))


# --- whole recordings --------------------------------------------------------------------------------------


class Tripled(torch.autograd.Function):
    """Another gradient than its own, so that its backward is seen to be followed."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.sigmoid()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        return 3 * g


class Mixed(nn.Module):
    """What is recorded by private names: nested modules, views, writes, functions of one's own, checkpoints."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(inplace=True))
        self.block = Derived(nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.ReLU()))
        self.norm = nn.CrossMapLRN2d(3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        half = x[:, :3]
        half.mul_(2)
        place = torch.zeros_like(x)
        place[:, 1] = x[:, 1]
        x = Tripled.apply(x + place)
        x = checkpoint(self.block, x, use_reentrant=True)
        y: Tensor = self.norm(x)
        return y


def mixed() -> dict[str, Tensor]:
    torch.manual_seed(1)
    recording = ds.ReversedNetwork(Mixed().eval()).record(smooth_noise((10, 10)))
    asked = [*ds.EIGHT, ds.SALINET]
    return {n: recording.reverse(ds.Activations(n), asked).dense() for n in recording.layers}


def without(owner: object, name: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda monkeypatch: monkeypatch.delattr(owner, name)


@pytest.mark.parametrize(
    "vanish",
    [
        pytest.param(lambda patch: has_no(patch, "_version"), id="Tensor._version"),
        pytest.param(lambda patch: has_no(patch, "_base"), id="Tensor._base"),
        pytest.param(without_call_impl, id="Module._call_impl"),
        pytest.param(without(torch.autograd.function, "FunctionCtx"), id="FunctionCtx"),
        pytest.param(  # Python's own tracebacks go on using it
            lambda patch: patch.setattr(torch_internals, "sys", SimpleNamespace()),
            id="sys._getframe",
        ),
        pytest.param(
            lambda patch: patch.setattr(torch.ops.aten, "threshold_backward", None),
            id="threshold_backward",
        ),
    ],
)
def test_without_a_name_layers_and_pictures_are_the_same(monkeypatch, vanish):
    expected = mixed()
    assert len(expected) >= 10
    with monkeypatch.context() as gone:
        vanish(gone)
        made = mixed()
    assert made.keys() == expected.keys()
    for layer, picture in made.items():
        torch.testing.assert_close(picture, expected[layer], rtol=1e-5, atol=1e-6)


# --- functions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("y", [-1.0, 0.0, 2.0, float("nan")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_the_mask_is_the_same_by_either_way(monkeypatch, y, dtype):
    signals = [torch.full((3, 2, 4), 5.0, dtype=dtype) for _ in range(2)]
    values = torch.full((2, 4), y, dtype=dtype)
    zero_where_not_positive(signals[0], values)
    monkeypatch.setattr(torch.ops.aten, "threshold_backward", None)
    zero_where_not_positive(signals[1], values)
    assert torch.equal(signals[0], signals[1])


WITHOUT = """
import sys, torch
{vanish}
import deconvscope
{restore}
sys.path.insert(0, {root!r})
from tests.reversal.test_torch_internals import pictures
torch.save(pictures(), {file!r})
"""
VANISH = {
    # torch itself goes on using these two
    "torch._C._nn": ("kept = torch._C._nn; del torch._C._nn", "torch._C._nn = kept"),
    "torch.ops.aten": ("kept = torch.ops.aten; torch.ops.aten = None", "torch.ops.aten = kept"),
    "torch.special": ("del torch.special", ""),
}


@pytest.mark.parametrize("name", VANISH)
def test_without_a_namespace_the_pictures_are_the_same(name, tmp_path, pytestconfig):
    """In a process of its own: they are looked in when the engine is imported."""
    file = tmp_path / "pictures.pt"
    vanish, restore = VANISH[name]
    script = WITHOUT.format(
        vanish=vanish, restore=restore, root=str(pytestconfig.rootpath), file=str(file)
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    expected = pictures()
    made = torch.load(file)
    assert made.keys() == expected.keys()
    for layer, picture in made.items():
        torch.testing.assert_close(picture, expected[layer], rtol=1e-5, atol=1e-6)


def test_every_namespace_that_there_is_is_looked_in(monkeypatch):
    assert list(namespaces()) == [
        torch,
        F,
        torch.Tensor,
        torch._C._nn,
        torch.special,
        torch.ops.aten,
    ]
