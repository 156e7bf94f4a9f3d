"""The arguments of an explorer that shows the view of an address."""

from __future__ import annotations

from typing import Any

from deconvscope.models import SAMPLE_IMAGES, available_models, sample_image
from deconvscope.reversal import Neuron, Strongest, near_matches

from ..protocol.address import Address
from .images import EXEMPLAR, Images, digest


def keywords_from_address(
    address: str | Address, model: Any = None, image: Any = None
) -> dict[str, Any]:
    """Return the keywords of `Explorer` for the view of an address.

    Args:
        address: the address, or its text.
        model: the network, if it is not in the catalogue.
        image: the image, if it is not a bundled one.

    Raises:
        ValueError: the text is not an address, or it names another image than `image`.
        LookupError: the network or the image is unknown, and was not passed.
    """
    where = Address.parse(address) if isinstance(address, str) else address
    known = [entry.name for entry in available_models()]
    if model is None and where.model not in known:
        raise LookupError(
            f"the address is of the network {where.model!r}, which is not in the catalogue"
            f"{near_matches(where.model, known)}: pass it with model=…"
        )
    keywords = {
        "model": where.model if model is None else model,
        "image": _image(where, image),
        "neuron": Strongest(where.layer, where.channel)
        if where.y is None
        else Neuron(where.layer, where.channel, where.y, where.x),
        "architectures": where.architectures or None,
    }
    return {keyword: value for keyword, value in keywords.items() if value is not None}


def _image(where: Address, image: Any) -> Any:
    if where.image is None:
        return image
    if image is None:
        if where.image in SAMPLE_IMAGES or where.image.startswith(EXEMPLAR):
            return where.image
        raise LookupError(
            f"the address is of the image {where.image!r}, which is not among the bundled ones "
            f"({', '.join(SAMPLE_IMAGES)}): pass it with image=…, as a path or a picture"
        )
    with Images().guest(image) as name:
        if _content(name) != _content(where.image):
            raise ValueError(
                f"the image passed is {name}, and the address is of {where.image}: other pixels "
                "(a browser scales large pictures down when they are opened in it)"
            )
    return image


def _content(name: str) -> str:
    """Return the digest of a bundled image; other names already identify their pixels."""
    return digest(sample_image(name)) if name in SAMPLE_IMAGES else name
