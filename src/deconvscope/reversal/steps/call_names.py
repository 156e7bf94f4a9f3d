"""Names of calls that a recording treats in a way of their own."""

from __future__ import annotations

LEAVES_TORCH = frozenset(
    (
        "numpy",
        "__array__",
        "__dlpack__",
        "tolist",
        "item",
        "__float__",
        "__int__",
        "__complex__",
        "detach",
        "detach_",
    )
)
MAKES_CONSTANTS = frozenset(
    [
        "new_zeros",
        "new_ones",
        "new_full",
        "new_empty",
        "new_tensor",
        "zeros_like",
        "ones_like",
        "full_like",
        "empty_like",
        "rand_like",
        "randn_like",
    ]
)
SHARES_MEMORY = frozenset(("numpy", "__array__", "detach", "__dlpack__"))
"""Those among them whose result holds the tensor's own memory."""
DIFFERENTIATES = frozenset(("backward", "grad"))
"""Calls that run automatic differentiation."""
DESCRIBES = frozenset(
    (
        "__len__",
        "dim",
        "element_size",
        "get_device",
        "is_complex",
        "is_contiguous",
        "is_floating_point",
        "ndimension",
        "nelement",
        "numel",
        "size",
        "storage_offset",
        "stride",
    )
)
"""Calls that tell a tensor's form, not its values."""
RECORDED_ATTRIBUTES = frozenset(("T", "mT", "H", "mH", "real", "imag"))
RESHAPES_IN_PLACE = frozenset(
    ("squeeze_", "unsqueeze_", "t_", "transpose_", "swapaxes_", "swapdims_")
)
ONLY_LIKE = frozenset(("to", "type_as", "expand_as", "view_as", "reshape_as"))
"""Calls that read no more than the type or shape of what stands second."""
QUIET = frozenset(
    (
        "contiguous",
        "to",
        "clone",
        "float",
        "type",
        "type_as",
        "cpu",
        "cuda",
        "double",
        "half",
        "bfloat16",
    )
)
NOT_RECORDED = frozenset(
    (
        *LEAVES_TORCH,
        *MAKES_CONSTANTS,
        *DIFFERENTIATES,
        *DESCRIBES,
        *QUIET,
        "__get__",
        "__set__",
        "register_hook",
        "requires_grad_",
        "retain_grad",
    )
)
"""Calls that are no steps, or not always."""
