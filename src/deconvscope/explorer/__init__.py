"""The explorer: a widget over one network that looked at one image.

Only this room knows Jupyter.
"""

from .address import Address
from .export import Exhibit, PageTooLargeError, WrittenPage, write_page
from .widget import Explorer

__all__ = ["Address", "Exhibit", "Explorer", "PageTooLargeError", "WrittenPage", "write_page"]
