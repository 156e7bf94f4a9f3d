"""Random networks that write: in place, through views, through ``.data``, under ``no_grad``, by custom functions."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Scaled(torch.autograd.Function):
    """k·x, whose backward pass multiplies by k + 1: it is seen in the gradient whether it was called."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, k: float) -> Tensor:
        ctx.k = k
        k = k * 2
        return x * (k / 2)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return g * (ctx.k + 1), None


class Square(torch.autograd.Function):
    """x², which saves its input."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        return 2 * g * ctx.saved_tensors[0]


class Spike(torch.autograd.Function):
    """[x > 0], whose forward has no gradient of its own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        return g / (1 + ctx.saved_tensors[0].abs())


class Negated(torch.autograd.Function):
    """x, unchanged, with the gradient's sign turned."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        return -g


class ReluInPlace(torch.autograd.Function):
    """A rectifier that writes its input and says so."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.mark_dirty(x)
        ctx.save_for_backward(x > 0)
        return x.clamp_(min=0)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        return g * ctx.saved_tensors[0]


class Parts(torch.autograd.Function):
    """Two outputs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        return x * 2, x * 5

    @staticmethod
    def backward(ctx: Any, g: Tensor, h: Tensor) -> Tensor:  # type: ignore[override]
        return 3 * g + 7 * h


class ThroughNumpy(torch.autograd.Function):
    """sin x, computed by NumPy."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        import numpy as np

        ctx.save_for_backward(x)
        return torch.from_numpy(np.sin(x.detach().numpy()))

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        return g * ctx.saved_tensors[0].cos()


Pool = list[Tensor]
Action = Callable[[Pool, random.Random], None]
SIZE = 6


def _pick(pool: Pool, rng: random.Random) -> Tensor:
    return pool[rng.randrange(len(pool))]


def _made(function: Callable[[Tensor], Tensor]) -> Action:
    return lambda pool, rng: pool.append(function(_pick(pool, rng)))


def _written(write: Callable[[Tensor], object]) -> Action:
    def action(pool: Pool, rng: random.Random) -> None:
        write(_pick(pool, rng))

    return action


def _written_from(write: Callable[[Tensor, Tensor], object]) -> Action:
    def action(pool: Pool, rng: random.Random) -> None:
        target, source = _pick(pool, rng), _pick(pool, rng)
        if source.shape == target.shape:
            write(target, source)

    return action


def _under_no_grad(action: Action) -> Action:
    def hidden(pool: Pool, rng: random.Random) -> None:
        with torch.no_grad():
            action(pool, rng)

    return hidden


def _normed(x: Tensor) -> Tensor:
    with torch.no_grad():
        largest = x.abs().amax() + 1
    return x / largest


def _set_first(x: Tensor) -> None:
    x[:, 0] = 0.5


def _set_data(x: Tensor) -> None:
    x.data = x.data.sign() * 0.7


def _buffered(x: Tensor) -> Tensor:
    buffer = torch.zeros_like(x)
    buffer[:, 1:] = x[:, 1:]
    return buffer


def _copied_from(target: Tensor, source: Tensor) -> None:
    target.copy_(source * 0.5)


def _added(target: Tensor, source: Tensor) -> None:
    target += source


def _both_parts(pool: Pool, rng: random.Random) -> None:
    first, second = Parts.apply(_pick(pool, rng))
    pool.append(second if rng.random() < 0.6 else first + second)


ACTIONS: list[Action] = [
    _made(torch.relu),
    _made(lambda x: x * 1.5 - 0.2),
    _made(torch.sigmoid),
    _made(lambda x: x[:, :2].repeat(1, 2, 1, 1) if x.shape[1] == 4 else x + 0),
    _made(lambda x: x[:, 1:3]),
    _made(lambda x: x[..., 1:]),
    _made(lambda x: x.transpose(2, 3)),
    _made(lambda x: x.flatten(2).unflatten(2, x.shape[2:]) if x.is_contiguous() else x.clone()),
    _made(_normed),
    _made(_buffered),
    _made(lambda x: x.detach()),
    _made(lambda x: x.data * 0.3),
    _made(lambda x: Scaled.apply(x, 2.0)),
    _made(lambda x: Scaled.apply(Scaled.apply(x, -0.5), 3.0)),
    _made(lambda x: Square.apply(x)),
    _made(lambda x: Spike.apply(x)),
    _made(lambda x: Negated.apply(x)),
    _made(lambda x: ThroughNumpy.apply(x)),
    _made(lambda x: x.requires_grad_() * 2),
    _both_parts,
    _written(lambda x: ReluInPlace.apply(x)),
    _written(lambda x: x.relu_()),
    _written(lambda x: F.leaky_relu(x, 0.2, inplace=True)),
    _written(lambda x: x.mul_(0.8).add_(0.1)),
    _written(lambda x: x[:, :1].neg_()),
    _written(lambda x: x.view(-1).sigmoid_() if x.is_contiguous() else None),
    _written(_set_first),
    _written(_set_data),
    _written(lambda x: x.data.mul_(0.9)),
    _written(lambda x: x.data[:, 0].fill_(0.3)),
    _written(lambda x: x.detach().add_(0.05)),
    _written_from(_copied_from),
    _written_from(_added),
    _under_no_grad(_written(lambda x: x.clamp_(-0.5, 0.9))),
    _under_no_grad(_written(lambda x: x[:, 0].zero_())),
    _under_no_grad(_made(lambda x: x.tanh())),
    _under_no_grad(_written_from(_copied_from)),
]


class RandomProgram(nn.Module):
    """A convolution, some random actions on a pool of tensors, and a convolution of what they left.

    Args:
        seed: of the program.
        length: how many actions.
    """

    def __init__(self, seed: int, length: int) -> None:
        super().__init__()
        self.seed, self.length = seed, length
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.last = nn.Conv2d(4, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        rng = random.Random(self.seed)
        pool = [self.first(x) * 1]
        for _ in range(self.length):
            ACTIONS[rng.randrange(len(ACTIONS))](pool, rng)
        weights = torch.linspace(-1, 1, SIZE * SIZE, dtype=x.dtype).view(SIZE, SIZE)
        left = pool[0] * weights
        for part in pool[1:]:
            left = left + F.pad(
                part,
                (0, SIZE - part.shape[3], 0, SIZE - part.shape[2], 0, 4 - part.shape[1]),
            )
        return self.last(left)
