"""Transposed convolutions as matrices small enough to read: material for teaching.

Everything is computed on one channel and small maps, in float64, so that each identity can be checked by eye.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from .drawing import hide_axes, new_figure
from .result import Figure, Result, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class TransposedConvolution(Result):
    """A convolution as a matrix, and its transpose at work; made by `transposed_convolution`.

    Attributes:
        kernel: (k, k).
        size: (height, width) of the map that the convolution reads.
        stride: of the convolution.
        padding: of the convolution.
        matrix: W, (outputs, inputs): the convolution of a flattened map is W @ map.
    """

    kernel: Numbers
    size: tuple[int, int]
    stride: int
    padding: int
    matrix: Numbers

    @property
    def output_size(self) -> tuple[int, int]:
        """(height, width) of the convolution's output."""
        k = self.kernel.shape[0]
        height, width = ((n + 2 * self.padding - k) // self.stride + 1 for n in self.size)
        return height, width

    def convolve(self, x: ArrayLike) -> Numbers:
        """Return W x, as a map."""
        made: Numbers = self.matrix @ _flat(x, self.size)
        return made.reshape(self.output_size)

    def transposed(self, y: ArrayLike) -> Numbers:
        """Return Wᵀ y, as a map: the transposed convolution."""
        made: Numbers = self.matrix.T @ _flat(y, self.output_size)
        return made.reshape(self.size)

    def stamped(self, y: ArrayLike) -> Numbers:
        """Return Wᵀ y by stamping: each value adds the kernel, multiplied by itself, at its place."""
        values = np.asarray(y, dtype=np.float64)
        _flat(values, self.output_size)
        k, p = self.kernel.shape[0], self.padding
        board = np.zeros((self.size[0] + 2 * p + k, self.size[1] + 2 * p + k))
        for (row, column), value in np.ndenumerate(values):
            top, left = row * self.stride, column * self.stride
            board[top : top + k, left : left + k] += value * self.kernel
        stamped: Numbers = board[p : p + self.size[0], p : p + self.size[1]]
        return stamped

    def gradient(self, y: ArrayLike) -> Numbers:
        """Return the gradient of ⟨y, W x⟩ with respect to x, by automatic differentiation of `conv2d`."""
        x = torch.zeros(1, 1, *self.size, dtype=torch.float64, requires_grad=True)
        made = F.conv2d(x, _tensor(self.kernel), stride=self.stride, padding=self.padding)
        (gradient,) = torch.autograd.grad(
            made, x, _tensor(np.asarray(y, dtype=np.float64)).view_as(made)
        )
        return gradient[0, 0].numpy()

    def table(self) -> Table:
        """Return sizes, and how far WᵀW is from the identity."""
        gram = self.matrix.T @ self.matrix
        away = float(np.abs(gram - np.eye(len(gram))).max())
        rows = [
            (
                "×".join(map(str, self.size)),
                "×".join(map(str, self.output_size)),
                "×".join(map(str, self.matrix.shape)),
                f"{100 * float((self.matrix == 0).mean()):.0f} %",
                away,
            )
        ]
        return Table(
            ("reads", "makes", "W", "zeros in W", "largest |WᵀW − 1|"),
            rows,
            "A convolution as a matrix W; the transposed convolution is Wᵀ, which is not its inverse: WᵀW ≠ 1.",
        )

    def figure(self) -> Figure:
        """Draw W, Wᵀ and WᵀW."""
        matrices = (
            ("W: convolution", self.matrix),
            ("Wᵀ: transposed convolution", self.matrix.T),
            ("WᵀW", self.matrix.T @ self.matrix),
        )
        figure = new_figure(9.0, 3.4)
        axes = figure.subplots(1, 3)
        for axis, (title, matrix) in zip(axes, matrices, strict=True):
            draw_numbers(axis, matrix, title)
        return figure


def transposed_convolution(
    kernel: ArrayLike, size: tuple[int, int], stride: int = 1, padding: int = 0
) -> TransposedConvolution:
    """Write a small convolution as a matrix (Mahendran & Vedaldi, ECCV 2016, section 2; Zeiler & Fergus, ECCV 2014).

    Args:
        kernel: (k, k).
        size: (height, width) of the map that it reads.
        stride: from one output to the next, ≥ 1.
        padding: zeros around the map, ≥ 0.

    Raises:
        ValueError: a kernel that is not square, larger than the padded map, or a matrix of more than a million entries.

    Example:
        >>> layer = transposed_convolution([[1, 2], [3, 4]], size=(3, 3))
        >>> layer.transposed([[1, 0], [0, 0]])
        array([[1., 2., 0.],
               [3., 4., 0.],
               [0., 0., 0.]])
    """
    values = np.asarray(kernel, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise ValueError(f"the kernel has shape {values.shape}; it must be square")
    if stride < 1 or padding < 0:
        raise ValueError(f"stride={stride}, padding={padding}: stride ≥ 1 and padding ≥ 0")
    if min(size) + 2 * padding < len(values):
        raise ValueError(f"a {values.shape} kernel does not fit a map of {size} with {padding=}")
    inputs = size[0] * size[1]
    if inputs**2 > 1_000_000:
        raise ValueError(f"a map of {size} makes a matrix too large to look at: use 30×30 or less")
    units = torch.eye(inputs, dtype=torch.float64).view(inputs, 1, *size)
    made = F.conv2d(units, _tensor(values), stride=stride, padding=padding)
    return TransposedConvolution(
        values, (size[0], size[1]), stride, padding, made.flatten(1).T.contiguous().numpy()
    )


def spread(x: ArrayLike, k: int) -> Numbers:
    """Return ↑k: a map with k − 1 zeros between its values, and none after the last.

    Args:
        x: (H, W).
        k: ≥ 1.

    Returns:
        ((H − 1)·k + 1, (W − 1)·k + 1).
    """
    values = np.asarray(x, dtype=np.float64)
    wide: Numbers = np.zeros([(n - 1) * k + 1 for n in values.shape])
    wide[::k, ::k] = values
    return wide


def thinned(x: ArrayLike, k: int) -> Numbers:
    """Return ↓k: every k-th value of a map along both axes; the transpose of `spread`."""
    thin: Numbers = np.asarray(x, dtype=np.float64)[::k, ::k]
    return thin


def overlaps(kernel: int, stride: int, outputs: int = 6) -> Numbers:
    """Return how many stamps cover each place when every value of a map stamps a kernel of ones.

    Where the kernel's size is no multiple of the stride, the counts alternate: a checkerboard in every picture that
    such a layer draws (Odena, Dumoulin & Olah, *Deconvolution and Checkerboard Artifacts*, Distill 2016).

    Args:
        kernel: its side.
        stride: of the stamps.
        outputs: number of stamps along each axis.
    """
    side = (outputs - 1) * stride + kernel
    layer = transposed_convolution(np.ones((kernel, kernel)), (side, side), stride)
    return layer.transposed(np.ones((outputs, outputs)))


def draw_numbers(axis: Axes, matrix: Any, title: str = "") -> None:
    """Draw a matrix in colours, red for positive and blue for negative entries, with its numbers if it is small."""
    values = np.asarray(matrix, dtype=np.float64)
    largest = float(np.abs(values).max()) or 1.0
    hide_axes(axis)
    axis.imshow(values, cmap="RdBu_r", vmin=-largest, vmax=largest)
    axis.set_title(title, fontsize=9)
    if values.size <= 100:
        for (row, column), value in np.ndenumerate(values):
            dark = abs(value) > 0.6 * largest
            axis.text(
                column, row, f"{value:.3g}", ha="center", va="center",
                fontsize=8 if values.shape[1] <= 7 else 6.5, color="white" if dark else "black",
            )  # fmt: skip


def draw_maps(maps: dict[str, Any]) -> Figure:
    """Draw maps side by side, title → numbers."""
    figure = new_figure(2.6 * len(maps), 2.8)
    axes = figure.subplots(1, len(maps), squeeze=False)
    for axis, (title, values) in zip(axes[0], maps.items(), strict=True):
        draw_numbers(axis, values, title)
    return figure


def _flat(x: ArrayLike, size: tuple[int, int]) -> Numbers:
    values = np.asarray(x, dtype=np.float64)
    if values.shape != size:
        raise ValueError(f"the map has shape {values.shape}; this convolution needs {size} here")
    return values.ravel()


def _tensor(values: Numbers) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))[None, None]
