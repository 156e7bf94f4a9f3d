"""The explorer: a widget over one network that looked at one image.

Only this room knows Jupyter.
"""

from .address import Address
from .widget import Explorer

__all__ = ["Address", "Explorer"]
