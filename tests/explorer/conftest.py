"""A small network, quick to record, with each kind of layer an explorer meets."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch
from torch import nn

import deconvscope as ds
from deconvscope.explorer.scheduler import Job, Scheduler
from deconvscope.models import Model, Preprocessing, from_module

from .recorded_browser import SOON, Browser, RecordedComm


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a message wait for its answer on a busy machine too."""
    monkeypatch.setattr("deconvscope.explorer.scheduler.REPLY_TIMEOUT", SOON)


@pytest.fixture
def impatient(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a message return before its answer."""
    monkeypatch.setattr("deconvscope.explorer.scheduler.REPLY_TIMEOUT", 0.05)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Whether something was asked of the thread since this was last cleared."""
    event, take = threading.Event(), Scheduler._take

    def noted(self: Scheduler, job: Job) -> None:
        take(self, job)
        event.set()

    monkeypatch.setattr(Scheduler, "_take", noted)
    return event


class SmallNetwork(nn.Module):
    """Two convolutions with pools, and a classifier of ten."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Linear(6 * 8 * 8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = self.features(x)
        scores: torch.Tensor = self.classifier(maps.flatten(1))
        return scores


@pytest.fixture
def small_network() -> nn.Module:
    return SmallNetwork().eval()


@pytest.fixture
def small_model(small_network: nn.Module) -> Model:
    """The small network on 32×32 crops."""
    return from_module(small_network, preprocess=Preprocessing(size=32, resize=32), name="small")


@pytest.fixture
def comm() -> RecordedComm:
    return RecordedComm()


@pytest.fixture
def explorer(small_model: Model, comm: RecordedComm) -> Iterator[ds.Explorer]:
    made = ds.Explorer(small_model, comm=comm)
    yield made
    made.close()


@pytest.fixture
def browser(explorer: ds.Explorer, comm: RecordedComm) -> Browser:
    return Browser(explorer, comm)
