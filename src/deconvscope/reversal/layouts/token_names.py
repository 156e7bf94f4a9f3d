"""Names of prefix tokens: those of the parameters that they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import Tensor


def parameter_names(parameters: Iterable[tuple[str, Tensor]]) -> Callable[[Tensor], str | None]:
    """Return a function from a tensor to the name of the parameter whose memory it shares, None if there is none.

    Args:
        parameters: names and parameters, as `torch.nn.Module.named_parameters` gives them.
    """
    names: dict[int, str] = {}
    for name, parameter in parameters:
        names.setdefault(_memory(parameter), name)
    names.pop(0, None)
    return lambda tensor: names.get(_memory(tensor))


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
