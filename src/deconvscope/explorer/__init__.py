"""The explorer: a widget over one network that looked at one image.

Only this room knows Jupyter.
"""

from .export.page import Exhibit, PageTooLargeError, WrittenPage, write_page
from .protocol.address import Address
from .widget import Explorer

__all__ = ["Address", "Exhibit", "Explorer", "PageTooLargeError", "WrittenPage", "write_page"]
