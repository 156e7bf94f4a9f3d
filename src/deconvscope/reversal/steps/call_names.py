"""Names of the calls that a recording does not treat as functions from tensors to tensors."""

from __future__ import annotations

LEAVES_TORCH = frozenset((
    "numpy", "__array__", "__dlpack__", "tolist", "item", "__float__", "__int__", "__complex__", "detach", "detach_",
))  # fmt: skip
SHARES_MEMORY = frozenset(("numpy", "__array__", "detach", "__dlpack__"))
"""Of these, the calls whose result shares the tensor's memory."""
MAKES_CONSTANTS = frozenset((
    "new_zeros", "new_ones", "new_full", "new_empty", "new_tensor",
    "zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like",
))  # fmt: skip
DIFFERENTIATES = frozenset(("backward", "grad"))
"""Calls that run automatic differentiation."""
DESCRIBES = frozenset((
    "__len__", "dim", "element_size", "get_device", "is_complex", "is_contiguous", "is_floating_point", "ndimension",
    "nelement", "numel", "size", "storage_offset", "stride",
))  # fmt: skip
"""Calls that return a property of a tensor other than its values."""
RECORDED_ATTRIBUTES = frozenset(("T", "mT", "H", "mH", "real", "imag"))
RESHAPES_IN_PLACE = frozenset((
    "squeeze_", "unsqueeze_", "t_", "transpose_", "swapaxes_", "swapdims_",
))  # fmt: skip
ONLY_LIKE = frozenset(("to", "type_as", "expand_as", "view_as", "reshape_as"))
"""Calls that read only the type or shape of their second argument."""
QUIET = frozenset((
    "contiguous", "to", "clone", "float", "type", "type_as", "cpu", "cuda", "double", "half", "bfloat16",
))  # fmt: skip
"""Calls that return their input where there is nothing to do; they are then not recorded."""
NOT_RECORDED = LEAVES_TORCH | MAKES_CONSTANTS | DIFFERENTIATES | DESCRIBES | QUIET | frozenset((
    "__get__", "__set__", "register_hook", "requires_grad_", "retain_grad",
))  # fmt: skip
"""Calls that are never recorded as steps, or not always."""
