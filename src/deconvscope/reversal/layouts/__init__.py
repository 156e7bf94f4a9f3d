"""Which value of a recorded tensor belongs to which channel and to which place of a grid over the image.

`follow` carries `Axes` through one recorded call after another, from `maps` of the image onwards. `layout_of` turns
the axes of a tensor into a `Layout`: channels, places and prefix tokens in any order of memory.

What calls do to places:

- Reordering (reshape, permute, roll, windows …) changes no value's meaning. Channels alone are counted where they
  stand.
- Elementwise calls keep the axes. Where two tensors contradict one another nothing is known. Constants, and tensors
  that are not mapped, contradict nothing.
- Convolution, pooling and interpolation make a new grid. A linear layer, or a kernel of size 1, makes new channels and
  keeps the places; where it ran over a block of places as well, as in patch merging, the block becomes one place of a
  coarser grid.
- A product takes its places from the rows of its first factor, else from the columns of its second. So attention
  keeps the places of the queries.
- A constant put before or behind tokens is a prefix token. Padding adds values that belong to no place.
- A sum over all places leaves a vector.
"""

from .axes import Axes, maps, unknown
from .follow import follow
from .layout import Layout, Place, layout_of, with_border
from .token_names import parameter_names

__all__ = [
    "Axes",
    "Layout",
    "Place",
    "follow",
    "layout_of",
    "maps",
    "parameter_names",
    "unknown",
    "with_border",
]
