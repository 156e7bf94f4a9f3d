"""Every function of torch that a network can call between two convolutions, with arguments that it accepts.

``python -m tests.reversal.every_function`` prints what becomes of each function that is not simply reversed, by which
SaliNet equals the gradient.
"""

from __future__ import annotations

import inspect
import itertools
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import get_testing_overrides, resolve_name

import deconvscope as ds
from deconvscope.reversal.runtime.nested import replaced, tensors_in

Function = Callable[..., Any]
Arguments = Callable[[Tensor], Sequence[Any]]
"""Makes a function's arguments from a tensor (1, 4, 6, 6) that depends on the image."""

TOLERANCE = 1e-9
TRIED, KEPT = {"real": 500, "complex": 30}, 4
"""So many arguments are tried for a function, and so many that it accepts, for one with a gradient."""

NO_COMPUTATION = (
    "quantize", "fbgemm", "miopen", "cudnn", "mkldnn", "sym_", "all_gather", "reduce_scatter", "all_to_all",
    "broadcast_object", "segment_reduce", "record_stream", "apply_", "map_", "map2_", "share_memory", "is_shared",
    "pin_memory", "empty", "sparse", "smm", "hspmm", "spmm", "sspaddmm", "native_norm", "row_indices", "col_indices",
    "indices_copy", "values_copy", "coalesce", "Tensor.indices", "Tensor.values", "__setstate__", "__dlpack__",
    "resize",
 "cuda", "xpu", "hpu", "ipu", "mtia", "batch_norm_backward", "batch_norm_gather", "batch_norm_elemt",
    "batch_norm_stats", "batch_norm_update", "hash_tensor", "fused_moving_avg", "choose_qparams", "q_scale",
    "q_zero_point", "q_per_channel", "qscheme", "int_repr", "dequantize", "init.",
)  # fmt: skip
"""Parts of names of what no network computes with: other devices, processes, quantised numbers, initialisation."""


# --- tensors that depend on the image -----------------------------------------------------------------------

Maker = Callable[[Tensor], Any]


def _unit(h: Tensor) -> Tensor:
    return 0.3 * h / (1 + h.abs().amax()) if h.is_complex() else h.sigmoid() * 0.8 + 0.1


def _definite(h: Tensor) -> Tensor:
    return h[0] @ h[0].mH + torch.eye(6, dtype=h.dtype)


def _triangle(h: Tensor) -> Tensor:
    return h[0].tril() + 3 * torch.eye(6, dtype=h.dtype)


TENSORS: tuple[Maker, ...] = (
    lambda h: h,
    _unit,
    lambda h: _unit(h) + 1.2,
    lambda h: h[0],
    lambda h: h[0, 0],
    lambda h: h[0, 0, 0],
    _definite,
    lambda h: _definite(h)[0],
    _triangle,
    lambda h: h[:, None],
    lambda h: h.flatten(1),
    lambda h: h[0, :, :3, :2],
    lambda h: h.sum(),
)
WEIGHTS: tuple[Maker, ...] = (
    lambda h: h[0, :, 0, 0],
    lambda h: h[0, 0, 0],
    lambda h: h[0, :, :3, :3].unsqueeze(1).expand(-1, 4, -1, -1),
    lambda h: h[0, :, 0, :3].unsqueeze(1).expand(-1, 4, -1),
    lambda h: h[0, :, :3, :3].unsqueeze(1).unsqueeze(1).expand(-1, 4, 2, -1, -1),
    lambda h: h[0, 0],
    lambda h: h[0, :, :3],
    lambda h: h,
)
WHOLE = torch.arange(144).reshape(1, 4, 6, 6)
INDEX: tuple[Maker, ...] = (
    lambda h: torch.tensor([0, 2]),
    lambda h: WHOLE % 4,
    lambda h: torch.tensor([0]),
    lambda h: (torch.tensor([0]), torch.tensor([2])),
    lambda h: WHOLE[0, 0, 0],
)
MASK: tuple[Maker, ...] = (lambda h: WHOLE % 3 == 0,)


def _same(*values: Any) -> tuple[Maker, ...]:
    return tuple(lambda h, value=value: value for value in values)


CANDIDATES: dict[str, tuple[Maker, ...]] = {
    "weight bias mat2 vec2 vec source src end B batch2": WEIGHTS + TENSORS,
    "running_mean": _same(torch.linspace(-1, 1, 4, dtype=torch.float64)),
    "running_var": _same(torch.linspace(1, 2, 4, dtype=torch.float64)),
    "dim dim0 axis axis0 dimension": _same(1, 0, (2, 3)),
    "dim1 axis1 destination": _same(2, 1, 0),
    "index indices": INDEX + _same((torch.tensor([0]), torch.tensor([1])), 1),
    "idx k": _same((0, slice(1, 3)), 0, 2),
    "mask condition": MASK,
    "kernel_size upscale_factor downscale_factor groups num_groups group": _same(2, 1),
    "size shape normalized_shape": _same((1, 4, 6, 6), (6,), (6, 6), (4, 36), (2, 3), (1, 1, 2, 3)),
    "output_size": _same(3, (3, 2), (2, 3, 2), (6, 6), (8, 8)),
    "stride": _same(1, 2, (144, 36, 6, 1), (6, 1)),
    "padding dilation start shifts diagonal count": _same(1, 0),
    "p dropout dropout_p prob": _same(0.5, 0.0),
    "train training cudnn_enabled use_input_stats bidirectional batch_first": _same(False),
    "align_corners transposed log_input full": _same(False),
    "has_biases upper": _same(True, False),
    "eps momentum": _same(0.1),
    "n exponent val fill_value alpha scale": _same(2, 2.5) + TENSORS[:3],
    "value": _same(2.5) + TENSORS,
    "min max threshold maxnorm norm_type q": _same(0.4, 2),
    "chunks sections num_samples length num_layers step split_size": _same(2, 1),
    "indices_or_sections split_size_or_sections sizes split_sizes": _same((1, 3), [1, 3], (2, 2), 2),
    "dims": _same((0, 2, 1, 3), (2, 3)),
    "pad": _same((1, 0, 2, 1)),
    "dtype": _same(torch.float64),
    "reduce": _same("sum", "mean"),
    "reduction": _same(1),
    "interpolation_mode padding_mode": _same(0),
    "n_fft": _same(4),
    "boundaries sorted_sequence": _same(torch.linspace(-1, 1, 6, dtype=torch.float64)),
    "bins": _same(3),
    "theta": (lambda h: h[:, 0, :2, :3],),
    "grid": (lambda h: h[:, :2].movedim(1, 3).tanh(), lambda h: h[:, None, :3].movedim(2, 4).tanh()),
    "tensors mats": (lambda h: [h, 2 * h.flip(3)], lambda h: [h[0, 0], h[0, 1]], lambda h: [h[0, 0, 0], h[0, 1, 0]]),
    "target y values": TENSORS + MASK + (lambda h: torch.tensor([1]), lambda h: WHOLE[0] % 4),
    "format_spec": _same(""),
    "memo": _same({}),
}  # fmt: skip


def _lstm(h: Tensor) -> Sequence[Any]:
    weights = [h[0].flatten(0, 1)[:, :6].contiguous(), h[0].flatten(0, 1).flip(0).contiguous()]
    state = h[0, :1, :4], h[0, 1:2, :4]
    return h[0], state, weights, False, 1, 0.0, False, False, True


def _rnn(gates: int) -> Arguments:
    def make(h: Tensor) -> Sequence[Any]:
        weights = [h[0].flatten(0, 1)[: 6 * gates], h[0].flatten(0, 1).flip(0)[: 6 * gates]]
        return h[0], h[0, :1, :4], weights, False, 1, 0.0, False, False, True

    return make


def _cell(gates: int) -> Arguments:
    def make(h: Tensor) -> Sequence[Any]:
        state = (h[0, 1], h[0, 2]) if gates == 4 else h[0, 1]
        rows = h[0].flatten(0, 1)
        return h[0, 0], state, rows[: 6 * gates], rows.flip(0)[: 6 * gates]

    return make


def _heads(h: Tensor) -> Sequence[Any]:
    tokens, rows = h[0, :, :1], h[0].flatten(0, 1)
    weight = torch.cat([rows[:18]])
    return (
        tokens,
        tokens,
        2 * tokens,
        6,
        2,
        weight,
        None,
        None,
        None,
        False,
        0.0,
        rows[18:],
        None,
        False,
    )


def _scores(h: Tensor) -> Sequence[Any]:
    return (
        h[0].log_softmax(2),
        torch.tensor([[1, 2]]).expand(6, 2),
        torch.full((6,), 4),
        torch.full((6,), 2),
    )


def _integers(h: Tensor) -> Sequence[Any]:
    return (5 * h).long(), (3 * h.flip(3)).long()


def _masks(h: Tensor) -> Sequence[Any]:
    return h > 0, h > 0.5


ARGUMENTS: dict[str, Arguments] = {
    "bitwise_and bitwise_or bitwise_xor and or xor iand ior ixor": _masks,
    "bitwise_left_shift bitwise_right_shift gcd lcm rand ror rxor": _integers,
    "lshift rshift ilshift irshift rlshift rrshift": _integers,
    "bitwise_not invert bincount": lambda h: ((5 * h).long().abs().flatten(),),
    "addmm": lambda h: (h[0, 0], h[0, 1], h[0, 2]),
    "addbmm": lambda h: (h[0, 0], h[0], h[0].flip(0)),
    "baddbmm": lambda h: (h[0], h[0].flip(1), h[0].flip(0)),
    "addmv": lambda h: (h[0, 0, 0], h[0, 1], h[0, 0, 1]),
    "addr": lambda h: (h[0, 0], h[0, 1, 0], h[0, 0, 1]),
    "clamp clip": lambda h: (h, -0.5, 0.7),
    "conv_tbc": lambda h: (h[0], h[0, :2], h[0, 0, 0]),
    "conv_transpose1d": lambda h: (h[0], h[0, :, :3, :2].unsqueeze(0).expand(6, -1, -1, -1)[:, :, 0]),
    "cosine_embedding_loss": lambda h: (h[0, 0], h[0, 1], torch.ones(6)),
    "cross": lambda h: (h[..., :3], h[..., 3:]),
    "lu_unpack": lambda h: torch.linalg.lu_factor(h[0]),
    "lu_solve": lambda h: (h[0], *torch.linalg.lu_factor(h[0].flip(1))),
    "ldl_factor": lambda h: (_definite(h),),
    "ldl_solve": lambda h: (*torch.linalg.ldl_factor(_definite(h).detach()), h[0]),
    "torch.linalg.lu_solve": lambda h: (*torch.linalg.lu_factor(h[0].flip(1)), h[0]),
    "movedim moveaxis": lambda h: (h, 1, 3),
    "logsumexp": lambda h: (h, 1),
    "multinomial": lambda h: (_unit(h)[0, 0], 2),
    "mvlgamma multigammaln": lambda h: (_unit(h) + 1, 2),
    "torch.polygamma": lambda h: (1, _unit(h)),
    "torch.special.polygamma": lambda h: (1, _unit(h)),
    "linear_cross_entropy": lambda h: (h[0, 0], h[0, 1], torch.arange(6) % 3),
    "fractional_max_pool2d fractional_max_pool2d_with_indices": lambda h: (h, 2, 3),
    "fractional_max_pool3d fractional_max_pool3d_with_indices": lambda h: (h[:, None], 2, (2, 3, 3)),
    "local_response_norm": lambda h: (h, 2, 0.5),
    "multilabel_margin_loss": lambda h: (h[0, 0], WHOLE[0, 0] % 5 - 1),
    "ormqr": lambda h: (h[0, 0], h[0, 0, 0], h[0, 1]),
    "permute": lambda h: (h, (0, 2, 1, 3)),
    "repeat_interleave": lambda h: (h, 2),
    "scatter": lambda h: (h, 1, WHOLE % 4, 2 * h.flip(3)),
    "tensorinv": lambda h: (h.reshape(2, 6, 12), 2),
    "torch.Tensor.where": lambda h: (h, h > 0, 2 * h.flip(3)),
    "poisson_nll_loss": lambda h: (h, _unit(h).detach(), True, False, 1e-8, 1),
    "matrix_sqrth": lambda h: (_definite(h),),
    "frobenius_norm": lambda h: (h, [2, 3]),
    "binomial": lambda h: (torch.full(h.shape, 3.0, dtype=h.dtype), _unit(h)),
    "floor_divide floordiv ifloordiv rfloordiv": lambda h: (h, 0.7),
    "atanh arctanh": lambda h: (_unit(h),),
    "acosh arccosh": lambda h: (_unit(h) + 1.2,),
    "register_hook": lambda h: (h, lambda gradient: None),
    "zeta": lambda h: (_unit(h).detach() + 1.2, _unit(h)),
    "pca_lowrank": lambda h: (h[0], 3),
    "lobpcg": lambda h: (_definite(h)[0], 1),
    "igamma gammainc": lambda h: (torch.full(h.shape, 1.5, dtype=h.dtype), _unit(h)),
    "igammac gammaincc": lambda h: (torch.full(h.shape, 1.5, dtype=h.dtype), _unit(h)),
    "torch.lstm": _lstm,
    "torch.gru": _rnn(3),
    "torch.rnn_relu": _rnn(1),
    "torch.rnn_tanh": _rnn(1),
    "torch.lstm_cell": _cell(4),
    "torch.gru_cell": _cell(3),
    "torch.rnn_relu_cell": _cell(1),
    "torch.rnn_tanh_cell": _cell(1),
    "torch.nn.functional.multi_head_attention_forward": _heads,
    "torch.ctc_loss": _scores,
    "torch.nn.functional.ctc_loss": _scores,
    "torch.functional.einsum": lambda h: ("bchw,bchv->bcwv", h, 2 * h.flip(3)),
    "torch.functional.block_diag": lambda h: (h[0, 0], h[0, 1]),
    "torch.functional.cartesian_prod": lambda h: (h[0, 0, 0], h[0, 1, 0]),
    "torch.functional.chain_matmul": lambda h: (h[0, 0], h[0, 1], h[0, 2]),
    "torch.functional.meshgrid": lambda h: (h[0, 0, 0], h[0, 1, 0]),
    "torch.functional.broadcast_tensors": lambda h: (h, h[:, :1]),
    "torch.functional.atleast_1d": lambda h: (h, h.sum()),
    "torch.functional.atleast_2d": lambda h: (h, h.sum()),
    "torch.functional.atleast_3d": lambda h: (h, h.sum()),
    "torch.Tensor.repeat": lambda h: (h, 1, 1, 2, 1),
    "torch.Tensor.tile": lambda h: (h, 1, 2),
    "torch.embedding": lambda h: (h[0, 0], torch.tensor([1, 3])),
    "torch.nn.functional.embedding": lambda h: (torch.tensor([1, 3]), h[0, 0]),
    "torch.nn.functional.embedding_bag": lambda h: (torch.tensor([[1, 3]]), h[0, 0]),
    "torch.embedding_bag": lambda h: (h[0, 0], torch.tensor([1, 3]), torch.tensor([0])),
    "torch.convolution": lambda h: (
        h, h[0, :, :3, :3].unsqueeze(1).expand(-1, 4, -1, -1), None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1
    ),
    "torch.nn.functional.bilinear": lambda h: (h[0, 0], h[0, 1], h[0]),
    "torch.bilinear": lambda h: (h[0, 0], h[0, 1], h[0], None),
    "torch.instance_norm": lambda h: (h, None, None, None, None, True, 0.1, 1e-5, False),
    "torch.native_group_norm": lambda h: (h, None, None, 1, 4, 36, 2, 1e-5),
    "torch.native_layer_norm": lambda h: (h, (6,), None, None, 1e-5),
    "torch.nn.functional.triplet_margin_with_distance_loss": lambda h: (h[0, 0], h[0, 1], h[0, 2]),
    "torch.polar": lambda h: (_unit(h), h.flip(3)),
    "torch.complex": lambda h: (h, h.flip(3)),
    "torch.matrix_power": lambda h: (h, 3),
    "torch.functional.istft": lambda h: (torch.complex(h[0, 0, :3], h[0, 1, :3]), 4),
    "torch.Tensor.istft": lambda h: (torch.complex(h[0, 0, :3], h[0, 1, :3]), 4),
    "torch.functional.stft": lambda h: (h[0, 0], 4, 1, None, None, True, "constant", False, True, True),
    "torch.Tensor.stft": lambda h: (h[0, 0], 4, 1, None, None, True, "constant", False, True, True),
    "torch.nn.functional.max_unpool1d": lambda h: (
        h[0], (WHOLE % 12)[0, :, 0].expand(4, 6)[:, None].expand(4, 6, 6), 2
    ),
    "torch.nn.functional.max_unpool2d": lambda h: (h, torch.arange(36).reshape(1, 1, 6, 6).expand(1, 4, 6, 6) * 3, 2),
    "torch.nn.functional.max_unpool3d": lambda h: (h[:, None], torch.arange(144).reshape(1, 1, 4, 6, 6) * 7, 2),
    "torch.Tensor.__setitem__": lambda h: (h * 1, (0, 1), 2 * h[0, 2]),
    "torch.Tensor.unfold": lambda h: (h, 2, 3, 1),
    "torch.unfold_copy": lambda h: (h, 2, 3, 1),
    "torch.as_strided_scatter": lambda h: (h, h[0, 0], (6, 6), (6, 1)),
    "torch.Tensor.as_strided_scatter": lambda h: (h, h[0, 0], (6, 6), (6, 1)),
    "torch.Tensor.__array_wrap__": lambda h: (h, h.detach().numpy()),
    "torch.nn.functional.interpolate": lambda h: (h, None, 2, "bilinear"),
    "torch.nn.functional.upsample": lambda h: (h, None, 2, "bilinear"),
    "torch.nn.functional.gumbel_softmax": lambda h: (h, 1.0, False, 1e-10, 1),
    "torch.nn.functional.one_hot": lambda h: (WHOLE[0, 0],),
    "torch.nn.functional.grouped_mm": lambda h: (h[0], h[0].flip(0)),
}  # fmt: skip


BY_PARAMETER = {name: makers for names, makers in CANDIDATES.items() for name in names.split()}
BY_FUNCTION = {name: arguments for names, arguments in ARGUMENTS.items() for name in names.split()}


# --- a function's arguments ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A function and arguments that it accepts.

    Attributes:
        name: as `torch.overrides.resolve_name` gives it.
        function: what is called.
        arguments: makes the arguments.
        numbers: ``"real"`` or ``"complex"``.
        alone: number of the only tensor among the arguments that depends on the image; None for all.
    """

    name: str
    function: Function = field(repr=False)
    arguments: Arguments = field(repr=False)
    numbers: str
    alone: int | None = None


@cache
def functions() -> dict[str, tuple[Function, tuple[str, ...]]]:
    """Return name → the function and the names of the arguments that it must be given."""
    found: dict[str, tuple[Function, tuple[str, ...]]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        overrides = get_testing_overrides()
    for function, like in overrides.items():
        name = resolve_name(function)
        if name is None or "._" in name.replace(".__", "."):
            continue
        required = tuple(
            p.name
            for p in inspect.signature(like).parameters.values()
            if p.default is p.empty
            and p.kind is not p.VAR_POSITIONAL
            and p.kind is not p.VAR_KEYWORD
        )
        found[name] = function, required
    for room, prefix in (
        (torch, "torch"),
        (F, "torch.nn.functional"),
    ):  # what writes in place is not listed
        for last in dir(room):
            plain = f"{prefix}.{last[:-1]}"
            if last.endswith("_") and not last.endswith("__") and plain in found:
                found[f"{prefix}.{last}"] = getattr(room, last), found[plain][1]
    return {
        name: entry
        for name, entry in found.items()
        if not any(part in name.removeprefix("torch.") for part in NO_COMPUTATION)
    }


def _candidates(required: Sequence[str]) -> Iterator[Arguments]:
    makers = [BY_PARAMETER.get(name, TENSORS) for name in required]
    for chosen in itertools.product(*makers):

        def make(h: Tensor, chosen: Sequence[Maker] = chosen) -> Sequence[Any]:
            others = (h, 0.7 * h.flip(3).roll(1, 1) + 0.2, 0.9 * h.roll(1, 2) - 0.1)
            return [maker(others[min(i, 2)]) for i, maker in enumerate(chosen)]

        yield make


_accepted: dict[tuple[str, int], tuple[Arguments, ...]] = {}
"""What other spellings of a function were called with."""


def case(name: str, numbers: str) -> Case | None:
    """Return a call of the function, if possible one with a gradient; None where no arguments suit it."""
    function, required = functions()[name]
    h = tensor(numbers)
    fallback, accepted = None, 0
    base = name.rsplit(".", 1)[-1].strip("_")
    spelling = base, len(required)
    special = BY_FUNCTION.get(name, BY_FUNCTION.get(base))
    given = [] if special is None else [special]
    likely = given or [*_accepted.get(spelling, ())]
    others = itertools.islice(_candidates(required), TRIED[numbers])
    for arguments in given or itertools.chain(likely, others):
        one = Case(name, function, arguments, numbers)
        try:
            leaf = h.clone().requires_grad_()
            made = call(one, leaf)
            fallback = fallback or one
            loss = _through(made)
            if loss is not None and loss.requires_grad:
                (gradient,) = torch.autograd.grad(loss.sum(), leaf, allow_unused=True)
                if (
                    gradient is not None
                    and bool(gradient.isfinite().all())
                    and bool(gradient.any())
                ):
                    _accepted[spelling] = (arguments,)
                    return one
        except Exception:  # a trial: functions that no arguments suit are listed
            continue
        accepted += 1
        if accepted >= KEPT:
            break
    return fallback


def tensor(numbers: str) -> Tensor:
    """Return what stands for the first convolution's output while arguments are looked for."""
    generator = torch.Generator().manual_seed(5)
    dtype = torch.float64 if numbers == "real" else torch.complex128
    return torch.randn(1, 4, 6, 6, generator=generator, dtype=dtype)


def writes(name: str) -> bool:
    """Tell whether a function writes its first argument in place."""
    last = name.rsplit(".", 1)[-1]
    dunder = (
        last.startswith("__i")
        and last.endswith("__")
        and last not in ("__invert__", "__index__", "__int__")
    )
    return dunder or last == "__setitem__" or (last.endswith("_") and not last.endswith("__"))


def call(one: Case, h: Tensor) -> list[Any]:
    """Call the function; return what it returned and what it may have written."""
    arguments = list(one.arguments(h))
    if one.alone is not None:
        chosen = list(tensors_in(arguments))[one.alone]
        arguments = replaced(arguments, lambda t: t if t is chosen else t.detach())
    if writes(one.name) and arguments and isinstance(arguments[0], Tensor):
        arguments[0] = arguments[0] * 1
    torch.default_generator.manual_seed(11)  # torch.manual_seed is slow: it prepares every device
    return [one.function(*arguments), *(arguments[:1] if writes(one.name) else ())]


def _through(made: Any) -> Tensor | None:
    """Return all floating-point outputs in one row of real numbers."""
    parts = []
    for t in tensors_in(made):
        if t.layout is not torch.strided:
            t = t.to_dense()
        if t.is_complex():
            t = (
                torch.view_as_real(t.resolve_conj()) * 1
            )  # autograd trips over a gradient at an odd place
        if t.is_floating_point():
            parts.append(t.reshape(-1).double())
    return torch.cat(parts) if parts else None


class Between(nn.Module):
    """The function between two convolutions; the second reads what the function returned, and its input."""

    def __init__(self, one: Case) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.case = one
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.last = nn.Conv2d(1, 2, (1, 3), padding=(0, 1))
        self.requires_grad_(False).double()
        for p in self.parameters():
            p.copy_(0.3 * torch.randn(p.shape, generator=generator, dtype=p.dtype))

    def forward(self, x: Tensor) -> Tensor:
        both = self.first(x)
        h = (
            torch.complex(both[:, :4], both[:, 4:])
            if self.case.numbers == "complex"
            else both[:, :4]
        )
        row = _through([call(self.case, h), h * 1])
        assert row is not None
        return self.last(row.view(1, 1, 1, -1))


# --- what becomes of a call ---------------------------------------------------------------------------------

IMAGE = torch.randn(3, 6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@dataclass(frozen=True)
class Outcome:
    """What became of a call.

    Attributes:
        kind: "equal" to the gradient; "refused"; "undefined" where torch refuses it, too; "wrong".
        said: the message, or the difference.
    """

    kind: str
    said: str = ""


def outcome(one: Case) -> Outcome:
    """Compare SaliNet with autograd."""
    network, leaf = Between(one), IMAGE[None].clone().requires_grad_()
    gradient: Tensor | None = None
    try:
        y = network(leaf)
        y_hat = torch.randn(y.shape, generator=torch.Generator().manual_seed(2), dtype=y.dtype)
        (gradient,) = torch.autograd.grad(y, leaf, y_hat)
    except (RuntimeError, NotImplementedError, TypeError) as error:
        undefined = str(error).splitlines()[0]
        try:
            with torch.no_grad():
                y = network(IMAGE[None])
        except (RuntimeError, TypeError):
            return Outcome("undefined", undefined)
        y_hat = torch.ones_like(y)
    try:
        rec = ds.ReversedNetwork(network).record(IMAGE)
        signal = ds.Signal(rec.output_layer, y_hat[0])
        salient = rec.reverse(signal, ds.SALINET)[ds.SALINET]
    except (ds.RecordingError, ds.InputError, ds.RuleError) as error:
        return Outcome("refused", str(error))
    except Exception as error:
        return Outcome("wrong", f"{type(error).__name__}: {str(error).splitlines()[0]}")
    if not torch.allclose(rec[rec.output_layer], y[0].detach(), rtol=0, atol=1e-11, equal_nan=True):
        return Outcome("wrong", "the recorded output is not the network's")
    if gradient is None:  # of which torch has no derivative, where this project may have one
        agrees = _agrees_with_differences(network, salient, y_hat)
        return Outcome("equal") if agrees else Outcome("undefined", undefined)
    if not bool(gradient.isfinite().all()):
        return Outcome("undefined", "the gradient is not finite")
    if _difference(salient, gradient[0]) <= TOLERANCE or _agrees_with_differences(
        network, salient, y_hat
    ):
        return Outcome("equal")
    return Outcome("wrong", f"differs from autograd by {_difference(salient, gradient[0]):.1e}")


def _difference(salient: Tensor, gradient: Tensor) -> float:
    return float((salient - gradient).abs().max() / gradient.abs().max())


def _agrees_with_differences(network: nn.Module, salient: Tensor, y_hat: Tensor) -> bool:
    """Compare with finite differences along three directions: autograd itself may be wrong."""
    step = 1e-5
    for seed in range(3):
        d = torch.randn(
            IMAGE.shape, generator=torch.Generator().manual_seed(seed), dtype=IMAGE.dtype
        )
        with torch.no_grad():
            above, below = ((network((IMAGE + s * step * d)[None]) * y_hat).sum() for s in (1, -1))
        slope, ours = float(above - below) / (2 * step), float((salient * d).sum())
        if not abs(slope - ours) <= 1e-6 * max(abs(slope), abs(ours), 1e-3):
            return False
    return True


def run(names: Iterable[str], numbers: str) -> dict[str, Outcome]:
    """Return name → what became of it; "not called" where no arguments were found."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            one = case(name, numbers)
            found[name] = Outcome("not called") if one is None else outcome(one)
    return found


def run_alone(names: Iterable[str], numbers: str) -> dict[str, Outcome]:
    """Return "name, number of the argument" → what became of it where only that tensor depends on the image."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            one = case(name, numbers)
            if one is None:
                continue
            count = len(list(tensors_in(one.arguments(tensor(numbers)))))
            for alone in range(count) if count > 1 else ():
                found[f"{name}, {alone}"] = outcome(replace(one, alone=alone))
    return found


def main() -> None:
    """Print what is not equal to the gradient."""
    for numbers in ("real", "complex"):
        found = run(sys.argv[1:] or functions(), numbers)
        for kind in ("wrong", "refused", "undefined", "not called"):
            names = [name for name, one in found.items() if one.kind == kind]
            print(f"\n{numbers}: {len(names)} of {len(found)} {kind}")
            for name in names:
                print(f"  {name}: {found[name].said[:150]}" if found[name].said else f"  {name}")


if __name__ == "__main__":
    main()
