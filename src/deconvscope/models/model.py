"""A network together with what is needed to show it photographs and to read its answers."""

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
        preprocess: photograph ↦ (C, H, W) tensor; its ``view`` gives the pixels seen.
        categories: the class names in the order of the scores, or None where there are none.
        name: what `load_model` takes, or the module's class name.
        label: the name for people.
        random_weights: whether the filters were drawn at random instead of learnt.
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
    """One's own network as a `Model`. The module is kept as it is: same mode, same device.

    Args:
        module: any network on pictures.
        preprocess: a `Preprocessing`, torchvision's ``weights.transforms()``, or any function from
            a PIL image to a tensor. None means ImageNet's usual: shortest side 256, centre crop
            224, RGB in 0…1, mean (0.485, 0.456, 0.406), spread (0.229, 0.224, 0.225).
        categories: the class names in the order of the scores.
        name: what to call it; the module's class name by default.

    Raises:
        TypeError: `module` is no module, `preprocess` can't be called, or `categories` is one
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
    """Whatever a user calls preprocessing, as something that also has `view` and `invert`."""
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
    """The ``ImageClassification`` transforms of torchvision as a `Preprocessing`."""
    return Preprocessing(
        size=transforms.crop_size[0],
        resize=transforms.resize_size[0],
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
        interpolation=transforms.interpolation.value,
    )
