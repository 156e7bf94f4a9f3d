"""How each family reads a call: torch's own argument names, the output, and the step to keep.

A family returns None for a call outside its reach (another rank, a computed weight), which then is reversed
by its true vector-Jacobian product. Importing this package fills the table of families.
"""

from . import affine, joins, pools, rectifiers

__all__ = ["affine", "joins", "pools", "rectifiers"]
