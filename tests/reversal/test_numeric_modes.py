"""Float32 in the arithmetic that was asked for, whatever the process chose, which it gets back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import deconvscope as ds
from deconvscope.reversal.runtime.numeric_modes import single_precision

ON_A_DEVICE: Any = SimpleNamespace(device=torch.device("cuda"))
ON_A_PROCESSOR = torch.zeros(())

CUDNN: Any = torch.backends.cudnn
ONEDNN: Any = torch.backends.mkldnn
SINCE_2_9 = pytest.mark.skipif(
    not hasattr(CUDNN, "conv"), reason="before torch 2.9 the switch has another name"
)


def state() -> tuple[str, str]:
    return torch.backends.cuda.matmul.fp32_precision, CUDNN.conv.fp32_precision


@SINCE_2_9
@pytest.mark.parametrize(("tf32", "inside"), [(False, "ieee"), (True, "tf32")])
def test_the_choice_is_made_for_a_while(tf32, inside):
    before = state()
    with single_precision(ON_A_DEVICE, tf32):
        assert state() == (inside, inside)
    assert state() == before


@SINCE_2_9
def test_a_thread_with_another_choice_waits():
    before, seen = state(), []
    asks, chose = threading.Event(), threading.Event()

    def other() -> None:
        asks.set()
        with single_precision(ON_A_DEVICE, tf32=True):
            chose.set()
            seen.append(state())

    thread = threading.Thread(target=other)
    with single_precision(ON_A_DEVICE, tf32=False):
        thread.start()
        asks.wait()
        assert not chose.wait(0.1)
        assert state() == ("ieee", "ieee")
    thread.join()
    assert seen == [("tf32", "tf32")]
    assert state() == before


@SINCE_2_9
def test_what_a_watcher_reverses_meanwhile_may_choose_otherwise():
    with single_precision(ON_A_DEVICE, tf32=False):
        with single_precision(ON_A_DEVICE, tf32=True):
            assert state() == ("tf32", "tf32")
        assert state() == ("ieee", "ieee")


# --- on a processor ----------------------------------------------------------------------------------------


@pytest.fixture
def medium() -> Iterator[None]:
    """The process lets products of float32 round their factors to bfloat16, where there are such instructions."""
    torch.set_float32_matmul_precision("medium")
    yield
    torch.set_float32_matmul_precision("highest")


def test_a_processor_does_not_round_float32_products_though_the_process_may(medium):
    with single_precision(ON_A_PROCESSOR, tf32=True):
        assert torch.get_float32_matmul_precision() != "medium" or (
            ONEDNN.matmul.fp32_precision == "ieee"
        )
    assert torch.get_float32_matmul_precision() == "medium"


@SINCE_2_9
@pytest.mark.parametrize("chosen", ["bf16", "tf32"])
def test_nor_in_convolutions(chosen):
    before = ONEDNN.conv.fp32_precision
    ONEDNN.conv.fp32_precision = chosen
    try:
        with single_precision(ON_A_PROCESSOR, tf32=False):
            assert ONEDNN.conv.fp32_precision == "ieee"
        assert ONEDNN.conv.fp32_precision == chosen
    finally:
        ONEDNN.conv.fp32_precision = before


@SINCE_2_9
def test_threads_on_a_processor_do_not_wait_and_the_last_restores(medium):
    first_is_in, second_is_in = threading.Event(), threading.Event()
    seen: list[str] = []

    def first() -> None:
        with single_precision(ON_A_PROCESSOR, tf32=False):
            first_is_in.set()
            assert second_is_in.wait(60)

    def second() -> None:
        assert first_is_in.wait(60)
        with single_precision(ON_A_PROCESSOR, tf32=False):
            second_is_in.set()
            threads[0].join(60)
            seen.append(ONEDNN.matmul.fp32_precision)

    threads = [threading.Thread(target=run) for run in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == ["ieee"]
    assert ONEDNN.matmul.fp32_precision == "bf16"


@SINCE_2_9
def test_pictures_are_drawn_in_full_precision(medium):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    recording, seen = ds.ReversedNetwork(network).record(torch.rand(3, 8, 8)), []

    def watch(slot: int, signal: object) -> None:
        seen.append(ONEDNN.matmul.fp32_precision)

    recording.reverse(ds.Activations("1"), ds.SALINET, watch=watch)
    assert set(seen) == {"ieee"}
