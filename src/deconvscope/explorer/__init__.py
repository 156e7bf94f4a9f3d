"""The explorer: a widget that shows one network on one image. Only this package knows Jupyter."""

from .export.page import Exhibit, PageTooLargeError, WrittenPage, write_page
from .protocol.address import Address
from .widget import Explorer

__all__ = ["Address", "Exhibit", "Explorer", "PageTooLargeError", "WrittenPage", "write_page"]
