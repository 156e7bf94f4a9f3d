"""Preprocessing: from a photograph to a network's input, and back to pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from PIL import Image

_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_LARGEST_RESIZED = 64_000_000  # pixels; a strip of 1×5000 would become 224×1,120,000


class Preprocess(Protocol):
    """The preprocessing that a `Model` needs."""

    def __call__(self, picture: Image.Image) -> torch.Tensor:
        """Return the network's input, (C, H, W), float32."""

    def view(self, picture: Image.Image) -> Image.Image:
        """Return exactly the pixels that the network sees, RGB."""

    def invert(self, tensor: torch.Tensor) -> Image.Image:
        """Return the picture of a network input, RGB."""


@dataclass(frozen=True)
class Preprocessing:
    """Resize the shortest side, crop the centre, scale, subtract the mean, divide by the spread.

    The arithmetic is that of torchvision's ``ImageClassification`` on PIL images, to the bit.

    Attributes:
        size: side of the square centre crop, or None for no crop.
        resize: length of the shortest side after resizing, or None to keep the size.
        mean: what is subtracted from each channel, in units of `scale`. Three numbers for RGB, one
            for networks on grey pictures.
        std: what each channel is then divided by.
        scale: the value of a white pixel before the mean is subtracted, 1.0 or 255.0.
        interpolation: "bilinear", "bicubic", "lanczos" or "nearest".

    Example:
        >>> preprocess = Preprocessing(size=224, resize=256)
        >>> preprocess(Image.new("RGB", (400, 300))).shape
        torch.Size([3, 224, 224])
    """

    size: int | None = 224
    resize: int | None = 256
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    scale: float = 1.0
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bilinear"

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.std) or len(self.mean) not in (1, 3):
            raise ValueError(
                f"mean {self.mean} and std {self.std} need three numbers each (RGB), or one (grey)"
            )
        if any(not s > 0 for s in self.std) or not self.scale > 0:
            raise ValueError(f"std {self.std} and scale {self.scale} must be positive")
        for name, length in (("size", self.size), ("resize", self.resize)):
            if length is not None and length < 1:
                raise ValueError(f"{name} must be at least 1 pixel or None, not {length}")
        if self.interpolation not in _RESAMPLING:
            raise ValueError(
                f"interpolation {self.interpolation!r} is none of {', '.join(_RESAMPLING)}"
            )

    def __call__(self, picture: Image.Image) -> torch.Tensor:
        """Return the network's input, (C, H, W), float32, on the CPU.

        Raises:
            ValueError: the picture is so elongated that resizing it would exhaust the memory.
        """
        pixels = np.array(self._framed(picture), dtype=np.uint8)
        x = torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1).contiguous()
        scaled = x.float() / (255 / self.scale)
        return scaled.sub_(self._column("mean")).div_(self._column("std"))

    def view(self, picture: Image.Image) -> Image.Image:
        """Return exactly the pixels that the network sees, as an RGB picture of the input's size."""
        return self._framed(picture).convert("RGB")

    def invert(self, tensor: torch.Tensor) -> Image.Image:
        """Return the RGB picture of a network input, clipped to 0…255.

        Args:
            tensor: (C, H, W) or (1, C, H, W).

        Raises:
            ValueError: another shape, or another number of channels than `mean` has.
        """
        x = tensor.detach().cpu().float()
        x = x[0] if x.ndim == 4 and len(x) == 1 else x
        if x.ndim != 3 or len(x) != len(self.mean):
            raise ValueError(
                f"a network input has shape ({len(self.mean)}, H, W) here, not {tuple(x.shape)}; "
                "deconvscope.models.by_own_range(tensor) shows any"
            )
        return _rgb((x * self._column("std") + self._column("mean")) * (255 / self.scale))

    def _framed(self, picture: Image.Image) -> Image.Image:
        picture = picture.convert("RGB" if len(self.mean) == 3 else "L")
        width, height = picture.size
        if self.resize is not None:
            short, long = min(width, height), max(width, height)
            longer = int(self.resize * long / short)
            if longer * self.resize > _LARGEST_RESIZED:
                raise ValueError(
                    f"a picture of {width}×{height} pixels is too elongated to be resized to "
                    f"{self.resize} on its shortest side: crop it first"
                )
            wanted = (self.resize, longer) if width <= height else (longer, self.resize)
            if wanted != picture.size:
                picture = picture.resize(wanted, _RESAMPLING[self.interpolation])
        return picture if self.size is None else _centre_crop(picture, self.size)

    def _column(self, name: Literal["mean", "std"]) -> torch.Tensor:
        numbers = self.mean if name == "mean" else self.std
        return torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1)


@dataclass(frozen=True)
class OpaquePreprocessing:
    """Any function from a picture to a tensor, such as a user's torchvision transforms.

    The pixels that the network sees are unknown, so `view` and `invert` stretch the tensor's own
    range to 0…255.

    Attributes:
        function: takes a PIL picture, returns (C, H, W) or (1, C, H, W).
    """

    function: Callable[[Image.Image], Any]

    def __call__(self, picture: Image.Image) -> torch.Tensor:
        """Return the network's input, (C, H, W).

        Raises:
            TypeError: the function did not return a tensor.
            ValueError: the tensor is not one picture.
        """
        x = self.function(picture.convert("RGB"))
        if not isinstance(x, torch.Tensor):
            raise TypeError(
                f"preprocess returned {type(x).__name__}, not a tensor: end it with ToTensor()"
            )
        return _one_picture(x)

    def view(self, picture: Image.Image) -> Image.Image:
        """Return the network's input, its range stretched to 0…255."""
        return self.invert(self(picture))

    def invert(self, tensor: torch.Tensor) -> Image.Image:
        """Return a network input, its range stretched to 0…255."""
        return by_own_range(tensor)


def by_own_range(tensor: torch.Tensor) -> Image.Image:
    """Return a network input with any number of bands as a picture with its lowest value black and its highest white.

    With three bands or more the first three are red, green and blue, with one range; with fewer the first is grey.

    Args:
        tensor: (C, H, W) or (1, C, H, W).

    Raises:
        ValueError: another shape.

    Example:
        >>> by_own_range(torch.tensor([[[-2.0, 0.0, 2.0]]])).getpixel((1, 0))
        (128, 128, 128)
    """
    x = _shown_bands(tensor)
    low, high = float(x.min()), float(x.max())
    return _rgb((x - low) * (255 / (high - low)) if high > low else torch.full_like(x, 127.5))


def input_picture(preprocess: Preprocess, tensor: torch.Tensor) -> Image.Image:
    """Return the picture of a network input, by its own range if the preprocessing does not make such inputs.

    Args:
        preprocess: the model's.
        tensor: (C, H, W) or (1, C, H, W), of any number of bands.

    Raises:
        ValueError: another shape.
    """
    return preprocess.invert(tensor) if _makes(preprocess, tensor) else by_own_range(tensor)


def how_shown(preprocess: Preprocess, tensor: torch.Tensor) -> str:
    """Return a note about the picture that `input_picture` makes of a network input, or "".

    Example:
        >>> how_shown(Preprocessing(), torch.arange(16.0).reshape(4, 2, 2))
        'bands 1–3 of 4 are shown as red, green and blue, by their own range, 0 to 11'
    """
    if _makes(preprocess, tensor) and not isinstance(preprocess, OpaquePreprocessing):
        return ""
    x, bands = _shown_bands(tensor), len(_one_picture(tensor))
    shown = f"its own range, {float(x.min()):.4g} to {float(x.max()):.4g}"
    if bands == 1 or bands == 3:
        return f"shown by {shown}"
    if bands == 2:
        return f"band 1 of 2 is shown, in grey, by {shown}"
    return (
        f"bands 1–3 of {bands} are shown as red, green and blue, by {shown.replace('its', 'their')}"
    )


def _makes(preprocess: Preprocess, tensor: torch.Tensor) -> bool:
    """Return whether preprocessing may make inputs with this number of bands."""
    return not isinstance(preprocess, Preprocessing) or len(_one_picture(tensor)) == len(
        preprocess.mean
    )


def _shown_bands(tensor: torch.Tensor) -> torch.Tensor:
    x = torch.nan_to_num(_one_picture(tensor).detach().cpu().float())
    return x[:3] if len(x) >= 3 else x[:1]


def _one_picture(x: torch.Tensor) -> torch.Tensor:
    picture = x[0] if x.ndim == 4 and len(x) == 1 else x
    if picture.ndim != 3 or picture.numel() == 0:
        raise ValueError(f"one picture has shape (C, H, W) or (1, C, H, W), not {tuple(x.shape)}")
    return picture


def _rgb(x: torch.Tensor) -> Image.Image:
    pixels = x.nan_to_num().round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
    return Image.fromarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)


def _centre_crop(picture: Image.Image, size: int) -> Image.Image:
    width, height = picture.size
    # Python rounds halves to even; torchvision crops with the same round(), pads with black.
    left, top = _crop_start(width, size), _crop_start(height, size)
    return picture.crop((left, top, left + size, top + size))


def _crop_start(length: int, size: int) -> int:
    return round((length - size) / 2) if length >= size else -((size - length) // 2)
