"""A cell with a small network that has exemplars among twenty images, and names as a test wants them."""

from __future__ import annotations

from string import Template

CELL = Template("""
import pathlib, tempfile, torch
from collections import OrderedDict
from torch import nn
from deconvscope.exemplars import build
from deconvscope.models import Preprocessing
folder = pathlib.Path(tempfile.mkdtemp())
(folder / 'images').mkdir()
for number in range(20):
    photograph = ds.sample_image(('chelsea', 'coffee', 'astronaut', 'rocket')[number % 4])
    left, top = 13 * number % (photograph.width - 64), 7 * number % (photograph.height - 64)
    part = photograph.crop((left, top, left + 64, top + 64))
    part.save(folder / f'images/$image{number:02d}.png')
torch.manual_seed(0)
parts = nn.Conv2d(3, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 6, 3)
small = ds.from_module(
    nn.Sequential(OrderedDict((f'$layer{number}', part) for number, part in enumerate(parts))),
    preprocess=Preprocessing(size=64, resize=64), name='$network',
)
build(small, folder / 'images', out=folder / 'out')
first = folder / 'images/${image}00.png'
ds.Explorer(small, image=str(first), layer='${layer}3', exemplars=folder / 'out')
""")


def exemplars_cell(network: str = "small", layer: str = "", image: str = "") -> str:
    """Return the source of a cell that ends in the explorer.

    Args:
        network: what the network is called.
        layer: what the layers' names begin with; their numbers follow.
        image: what the images' names begin with.
    """
    return CELL.substitute(network=network, layer=layer, image=image).strip()
