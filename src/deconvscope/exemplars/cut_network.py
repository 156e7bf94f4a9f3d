"""A network that ends at one of its layers, under the names that its layers have in the whole."""

from __future__ import annotations

from torch import Tensor, nn

from .plain_pass import CallSite, Watch


class CutNetwork(nn.Module):
    """Runs a network as far as one layer, and returns that.

    Nothing behind the layer is computed, so that a picture may be too small for the rest of the network.
    The parts are the network's own.

    Args:
        network: in eval mode.
        site: the call that makes the layer.
    """

    def __init__(self, network: nn.Module, site: CallSite) -> None:
        super().__init__()
        # Shared rather than held as a child, so that paths stay as they are in the whole
        self._modules = network._modules
        self._parameters, self._buffers = network._parameters, network._buffers
        self._run = network.forward
        self._site = site
        self.training = False

    def forward(self, images: Tensor) -> Tensor:
        """Return the layer's activation."""
        try:
            with Watch(self._stop, {self._site.number}):
                self._run(images)
        except _ReachedError as reached:
            return reached.activation
        raise LookupError(f"the network ended before its call number {self._site.number}")

    def _stop(self, site: CallSite, made: Tensor) -> None:
        if site == self._site:
            raise _ReachedError(made)


class _ReachedError(BaseException):
    """Leaves the network's forward, past whatever the network itself may catch."""

    def __init__(self, activation: Tensor) -> None:
        super().__init__()
        self.activation = activation
