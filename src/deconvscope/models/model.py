"""A network with what is needed to give it photographs and to read its scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from PIL import Image
from torch import nn

from .preprocessing import OpaquePreprocessing, Preprocess, Preprocessing


@dataclass(frozen=True, eq=False)
class Model:
    """A network, its preprocessing, and the names of its classes.

    Attributes:
        network: the module; (1, C, H, W) in.
        preprocess: photograph ↦ (C, H, W) tensor; its ``view`` gives the pixels that the network sees.
        categories: the class names in the order of the scores, or None where there are none.
        name: as `load_model` takes it, or the module's class name.
        label: the name to display.
        random_weights: whether the filters are random instead of learnt.
    """

    network: nn.Module
    preprocess: Preprocess
    categories: tuple[str, ...] | None
    name: str
    label: str
    random_weights: bool = False


def from_module(
    module: nn.Module,
    *,
    preprocess: Preprocess | Callable[[Image.Image], Any] | None = None,
    categories: Sequence[str] | None = None,
    name: str | None = None,
) -> Model:
    """Return a module as a `Model`. The module is unchanged: same mode, same device.

    Args:
        module: any network that takes pictures.
        preprocess: a `Preprocessing`, torchvision's ``weights.transforms()``, or any function from
            a PIL image to a tensor. None means ImageNet's usual: shortest side 256, centre crop
            224, RGB in 0…1, mean (0.485, 0.456, 0.406), spread (0.229, 0.224, 0.225).
        categories: the class names in the order of the scores.
        name: by default the module's class name.

    Raises:
        TypeError: `module` is not a module, `preprocess` is not callable, or `categories` is one
            string.

    Example:
        >>> from_module(nn.Sequential(nn.Conv2d(3, 8, 3)), name="mine").name
        'mine'
    """
    if not isinstance(module, nn.Module):
        hint = ": make an instance of it" if isinstance(module, type) else ""
        raise TypeError(f"a network is a torch.nn.Module, not {module!r}{hint}")
    if isinstance(categories, str):
        raise TypeError(f"categories is a list of class names, not the one string {categories!r}")
    title = type(module).__name__ if name is None else name
    names = None if categories is None else tuple(str(category) for category in categories)
    return Model(module, as_preprocess(preprocess), names, title, title)


def as_preprocess(preprocess: Preprocess | Callable[[Image.Image], Any] | None) -> Preprocess:
    """Return any kind of preprocessing as a `Preprocess`."""
    if preprocess is None:
        return Preprocessing()
    if hasattr(preprocess, "view") and hasattr(preprocess, "invert"):
        return cast(Preprocess, preprocess)
    if hasattr(preprocess, "crop_size") and hasattr(preprocess, "resize_size"):
        return from_transforms(preprocess)
    if not callable(preprocess):
        raise TypeError(
            f"preprocess is a Preprocessing or a function from a picture to a tensor, "
            f"not {preprocess!r}"
        )
    return OpaquePreprocessing(preprocess)


def from_transforms(transforms: Any) -> Preprocessing:
    """Return torchvision's ``ImageClassification`` transforms as a `Preprocessing`."""
    return Preprocessing(
        size=transforms.crop_size[0],
        resize=transforms.resize_size[0],
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
        interpolation=transforms.interpolation.value,
    )
