"""The networks that one explorer can show: those of the catalogue, loaded on demand, and one's own."""

from __future__ import annotations

import atexit
import copy
import dataclasses
import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakSet

import torch
from torch import nn

from deconvscope.models import Model, available_models, from_module, load_model
from deconvscope.reversal import ReversedNetwork, write_mark

from ..cache import Cache
from ..scheduler import SHUTDOWN_TIMEOUT, Check

LOADED_KEPT = 2
"""Networks of the catalogue that stay in memory; one's own stay as long as the explorer."""
CHECK_INTERVAL = 0.05
"""Seconds between two checks whether a network that is being loaded is still wanted."""


@dataclass(frozen=True)
class Loaded:
    """A model, ready to be recorded; `given` is what a person passed, to recognise it."""

    model: Model
    reversible: ReversedNetwork
    precision: str | None = None
    given: object = None

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return next((p.device for p in _tensors(self.model.network)), torch.device("cpu"))

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the network's weights."""
        kinds = (p.dtype for p in _tensors(self.model.network) if p.is_floating_point())
        return next(kinds, torch.float32)

    def like(self, network: nn.Module) -> ReversedNetwork:
        """Return another network that is reversed with the same settings."""
        through = self.reversible.through_no_grad
        return ReversedNetwork(network, precision=self.precision, through_no_grad=through)

    def weights(self) -> list[tuple[int, int]]:
        """Return what changes whenever the network's weights are written or replaced."""
        return [
            (id(weight), 0 if weight.is_inference() else write_mark(weight))
            for weight in _tensors(self.model.network)
        ]


@dataclass(frozen=True)
class Offer:
    """A network that can be chosen; `bundled` if nothing has to be downloaded for it."""

    name: str
    label: str
    bundled: bool


class Networks:
    """Models by name, on one device.

    Args:
        device: "auto" (CUDA, else MPS, else the CPU; one's own module stays where it is) or a torch device.
        precision: of the way back, see `ReversedNetwork`.
        through_no_grad: see `ReversedNetwork`.
    """

    def __init__(
        self,
        device: str | torch.device = "auto",
        precision: str | None = None,
        through_no_grad: bool = False,
    ) -> None:
        self._precision, self._through_no_grad = precision, through_no_grad
        self._stays = device == "auto"
        self._device = _best_device() if device == "auto" else torch.device(device)
        self._own: dict[str, Loaded] = {}
        self._loaded: Cache[str, Loaded] = Cache(LOADED_KEPT)
        self._loads = Loads()

    def offered(self) -> list[Offer]:
        """Return what can be chosen: the catalogue, then one's own models."""
        catalogue = [Offer(entry.name, entry.label, entry.bundled) for entry in available_models()]
        own = [Offer(name, loaded.model.label, True) for name, loaded in self._own.items()]
        return [*catalogue, *(offer for offer in own if not _in_catalogue(offer.name))]

    def label(self, name: str) -> str:
        """Return the name for people; unknown names stay as they are."""
        return next((entry.label for entry in self.offered() if entry.name == name), name[:80])

    def ready(self, name: str) -> bool:
        """Return whether a model is in memory."""
        return name in self._own or name in self._loaded

    def is_own(self, name: str) -> bool:
        """Return whether the model of that name came from Python."""
        return name in self._own

    def __iter__(self) -> Iterator[str]:
        return (offer.name for offer in self.offered())

    def __getitem__(self, name: str) -> Loaded:
        """Return a model, as `load` does."""
        return self.load(name, check=lambda: None)

    def load(self, name: str, check: Check) -> Loaded:
        """Return a model, loading it if necessary; loading goes on if `check` raises.

        Raises:
            UnknownModelError: there is none, with near matches.
        """
        loaded = self._own.get(name) or self._loaded.use(name)
        if loaded is None:
            model = self._loads.wait(name, check)
            model.network.to(self._device)
            loaded = self._loaded.keep(name, self._reversible(model))
        return loaded

    @contextmanager
    def guest(self, model: str | nn.Module | Model) -> Iterator[str]:
        """Add a model and yield its name here; it stays if the block succeeds."""
        if isinstance(model, str):
            yield model
            return
        known = next((name for name, own in self._own.items() if own.given is model), None)
        if known is not None:
            yield known
            return
        given = model
        if isinstance(model, nn.Module):
            model = from_module(model)
        if not isinstance(model, Model):
            raise TypeError(
                f"model is {type(model).__name__}; give a name such as 'vgg16_trunk', "
                "an nn.Module, or what deconvscope.load_model returns"
            )
        if model.random_weights or model.name in self._own or not _in_catalogue(model.name):
            model = dataclasses.replace(model, name=self._free_name(model.name))
        if not self._stays:
            model = _on_device(model, self._device)
        self._own[model.name] = self._reversible(model, given)
        try:
            yield model.name
        except BaseException:
            del self._own[model.name]
            raise

    def unload(self) -> None:
        """Free the networks of the catalogue; they are loaded again when they are needed."""
        self._loaded.clear()
        self._loads.clear()

    def clear(self) -> None:
        """Drop every network."""
        self._own.clear()
        self.unload()

    def _reversible(self, model: Model, given: object = None) -> Loaded:
        network = ReversedNetwork(
            model.network, precision=self._precision, through_no_grad=self._through_no_grad
        )
        return Loaded(model, network, self._precision, given)

    def _free_name(self, name: str) -> str:
        free, number = name, 2
        while free in self._own or _in_catalogue(free):
            free, number = f"{name}-{number}", number + 1
        return free


class Loads:
    """Models that are being loaded, each on a thread of its own, so that waiting for one can be given up.

    What is not waited for any more is loaded all the same, and is there when it is asked for again.
    """

    def __init__(self) -> None:
        self._begun: dict[str, Future[Model]] = {}

    def wait(self, name: str, check: Check) -> Model:
        """Return the model, or raise what loading it raised; `check` raises to wait no longer."""
        future = self._begun.get(name)
        if future is None or (future.done() and future.exception()):
            self._begun = {n: begun for n, begun in self._begun.items() if not begun.done()}
            future = self._begun[name] = Future()
            thread = threading.Thread(
                target=_load, args=(name, future), name="deconvscope loads", daemon=True
            )
            _loading.add(thread)
            thread.start()
        while not future.done():
            check()
            wait([future], CHECK_INTERVAL)
        self._begun.pop(name)
        return future.result()

    def clear(self) -> None:
        """Forget what was begun."""
        self._begun.clear()


def _load(name: str, future: Future[Model]) -> None:
    try:
        future.set_result(load_model(name))
    except BaseException as error:  # raised in `wait`
        future.set_exception(error)


_loading: WeakSet[threading.Thread] = WeakSet()


@atexit.register
def _wait_for_loads() -> None:
    """Wait a while: a thread that computes while the interpreter ends could crash it."""
    for thread in list(_loading):
        thread.join(SHUTDOWN_TIMEOUT)


def _in_catalogue(name: str) -> bool:
    return any(entry.name == name for entry in available_models())


def _best_device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _on_device(model: Model, device: torch.device) -> Model:
    if all(tensor.device == device for tensor in _tensors(model.network)):
        return model
    return dataclasses.replace(model, network=copy.deepcopy(model.network).to(device))


def _tensors(network: nn.Module) -> Iterator[torch.Tensor]:
    yield from network.parameters()
    yield from network.buffers()
