"""Whatever function of torch a network calls, SaliNet is the gradient, or the call is refused clearly."""

from __future__ import annotations

import pytest
import torch

from .every_function import Outcome, functions, run, run_alone

LISTED = torch.__version__ >= (2, 14)  # type: ignore[operator]
"""Whether the lists below are those of this release; older ones miss some derivatives."""
PARTS = 4
"""The functions are spread over so many tests."""

NO_DERIVATIVE = {
    "binomial",
    "detach_copy",
    "eig",
    "eigh",
    "gammainc",
    "gammaincc",
    "geqrf",
    "histogram",
    "histogramdd",
    "index_reduce_",
    "ldl_factor",
    "ldl_factor_ex",
    "ldl_solve",
    "nan_to_num_",
    "native_channel_shuffle",
    "scatter_reduce_",
    "svd",
    "svd_lowrank",
    "pca_lowrank",
    "unique",
    "unique_consecutive",
    "zeta",
}
"""Functions whose derivative torch does not compute, some of them for complex numbers only."""
OUT_OF_SIGHT = {"set_", "module_load", "lobpcg"}
"""Writes to a tensor's memory that cannot be followed, and functions of torch with a node of their own."""
REFUSED = NO_DERIVATIVE | OUT_OF_SIGHT

NOT_IN_A_NETWORK = {
    "__deepcopy__",
    "backward",
    "register_post_accumulate_grad_hook",
    "grad_dtype.__get__",
}
"""What torch itself refuses on a tensor inside a network."""

NOT_FOUND = {
    "__array__", "__index__", "imag", "imag.__get__", "index", "nonzero_static", "numpy", "solve_triangular",
    "view_as_complex_copy", "view_as_real", "view_as_real_copy",
}  # fmt: skip
"""Functions for which no arguments were found that a real tensor inside a network could be among."""


def some(part: int) -> list[str]:
    return list(functions())[part::PARTS]


def is_spelled_as_a_method(name: str) -> bool:
    return name.startswith("torch.Tensor.") or name.endswith("_")


def short(name: str) -> str:
    parts = name.split(",")[0].split(".")
    return ".".join(parts[-2:]) if parts[-1] == "__get__" else parts[-1]


def of_kind(found: dict[str, Outcome], kind: str) -> dict[str, str]:
    return {name: one.said for name, one in found.items() if one.kind == kind}


def check(found: dict[str, Outcome]) -> None:
    wrong = of_kind(found, "wrong")
    assert not wrong
    refused = of_kind(found, "refused")
    print(*(f"refused: {name}: {said}" for name, said in refused.items()), sep="\n")
    assert not LISTED or {short(name) for name in refused} <= REFUSED
    assert all(";" in said for said in refused.values()), "no remedy"
    undefined = of_kind(found, "undefined")
    assert not LISTED or {short(name) for name in undefined} <= NOT_IN_A_NETWORK, undefined


@pytest.mark.parametrize("part", range(PARTS))
def test_salinet_is_the_gradient_of_every_function_of_real_tensors(part):
    found = run(some(part), "real")
    check(found)
    assert not LISTED or {short(name) for name in of_kind(found, "not called")} <= NOT_FOUND
    assert len(of_kind(found, "equal")) > 280


@pytest.mark.parametrize("part", range(PARTS))
def test_salinet_is_the_gradient_of_every_function_of_complex_tensors(part):
    found = run([name for name in some(part) if not is_spelled_as_a_method(name)], "complex")
    check(found)
    assert len(of_kind(found, "equal")) > 60


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_salinet_is_the_gradient_of_every_method_of_complex_tensors(part):
    check(run([name for name in some(part) if is_spelled_as_a_method(name)], "complex"))


@pytest.mark.slow
@pytest.mark.parametrize("numbers", ["real", "complex"])
@pytest.mark.parametrize("part", range(PARTS))
def test_salinet_is_the_gradient_where_only_one_argument_depends_on_the_image(part, numbers):
    check(run_alone(some(part), numbers))
