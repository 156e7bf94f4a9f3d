"""Float32 on a CUDA device: each thread computes in the arithmetic it chose, and the process gets its own back."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from deconvscope.reversal.arithmetic_state import single_precision

ON_A_DEVICE: Any = SimpleNamespace(device=torch.device("cuda"))

CUDNN: Any = torch.backends.cudnn
pytestmark = pytest.mark.skipif(
    not hasattr(CUDNN, "conv"), reason="before torch 2.9 the switch has another name"
)


def state() -> tuple[str, str]:
    return torch.backends.cuda.matmul.fp32_precision, CUDNN.conv.fp32_precision


@pytest.mark.parametrize(("tf32", "inside"), [(False, "ieee"), (True, "tf32")])
def test_the_choice_is_made_for_a_while(tf32, inside):
    before = state()
    with single_precision(ON_A_DEVICE, tf32):
        assert state() == (inside, inside)
    assert state() == before


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


def test_what_a_watcher_reverses_meanwhile_may_choose_otherwise():
    with single_precision(ON_A_DEVICE, tf32=False):
        with single_precision(ON_A_DEVICE, tf32=True):
            assert state() == ("tf32", "tf32")
        assert state() == ("ieee", "ieee")
