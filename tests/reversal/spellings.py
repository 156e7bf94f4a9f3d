"""What a network may call between its layers, in the ways that PyTorch lets one spell it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RECTIFIERS: dict[str, Callable[[int], nn.Module]] = {
    "nn.ReLU()": lambda c: nn.ReLU(),
    "nn.ReLU(inplace)": lambda c: nn.ReLU(inplace=True),
    "nn.ReLU6(inplace)": lambda c: nn.ReLU6(inplace=True),
    "nn.LeakyReLU": lambda c: nn.LeakyReLU(0.3, inplace=True),
    "nn.PReLU": lambda c: nn.PReLU(c),
    "nn.PReLU(1)": lambda c: nn.PReLU(),
    "nn.Hardtanh": lambda c: nn.Hardtanh(-0.5, 0.7),
    "nn.Softplus": lambda c: nn.Softplus(beta=2),
    "nn.ELU(inplace)": lambda c: nn.ELU(inplace=True),
    "nn.GELU": lambda c: nn.GELU(),
    "nn.GELU(tanh)": lambda c: nn.GELU("tanh"),
    "nn.SiLU(inplace)": lambda c: nn.SiLU(inplace=True),
    "nn.Hardswish": lambda c: nn.Hardswish(inplace=True),
}

SPELLINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "F.relu(x)": lambda x: F.relu(x),
    "F.relu(x, inplace=True)": lambda x: F.relu(x, inplace=True),
    "F.relu_(x)": lambda x: F.relu_(x),
    "torch.relu(x)": lambda x: torch.relu(x),
    "x.relu()": lambda x: x.relu(),
    "x.relu_()": lambda x: x.relu_(),
    "x.clamp(min=0)": lambda x: x.clamp(min=0),
    "x.clamp_(0)": lambda x: x.clamp_(0),
    "x.clip(0, 1)": lambda x: x.clip(0, 1),
    "x.clamp_min(0)": lambda x: x.clamp_min(0),
    "torch.maximum(x, 0)": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "F.relu6(x)": lambda x: F.relu6(x),
    "F.hardtanh(x, 0, 1)": lambda x: F.hardtanh(x, 0, 1),
    "F.leaky_relu_(x)": lambda x: F.leaky_relu_(x, 0.1),
    "F.elu_(x)": lambda x: F.elu_(x),
    "torch.selu(x)": lambda x: torch.selu(x),
    "F.mish(x)": lambda x: F.mish(x),
    "F.hardswish(x)": lambda x: F.hardswish(x),
    "F.softplus(x)": lambda x: F.softplus(x),
    "x.sigmoid_()": lambda x: x.sigmoid_(),
    "F.sigmoid(x)": lambda x: F.sigmoid(x),
    "F.hardsigmoid(x)": lambda x: F.hardsigmoid(x),
    "torch.tanh(x)": lambda x: torch.tanh(x),
    "torch.tanh_(x)": lambda x: torch.tanh_(x),
    "F.relu(x).relu_() + x": lambda x: F.relu(x).relu_() + x,
}

MAPS: dict[str, Callable[[Tensor], Tensor]] = {
    "x": lambda x: x,
    "F.dropout(x, training=False)": lambda x: F.dropout(x, training=False),
    "x[:, ::2]": lambda x: x[:, ::2],
    "x[..., 1:, :-1]": lambda x: x[..., 1:, :-1],
    "x[:, :, ::2, 1::2]": lambda x: x[:, :, ::2, 1::2],
    "x.chunk(2, 1)[-1]": lambda x: x.chunk(2, 1)[-1],
    "cat(reversed(x.split(1, 1)), 1)": lambda x: torch.cat(tuple(reversed(x.split(1, 1))), 1),
    "x.narrow(3, 1, 2)": lambda x: x.narrow(3, 1, 2),
    "x.flip(-1)": lambda x: x.flip(-1),
    "x.roll(1, -1)": lambda x: x.roll(1, -1),
    "x.transpose(2, 3)": lambda x: x.transpose(2, 3),
    "x.permute(0, 2, 3, 1)": lambda x: x.permute(0, 2, 3, 1),
    "x[..., :1].squeeze(3)": lambda x: x[..., :1].squeeze(3),
    "x.select(2, 0).unsqueeze(2)": lambda x: x.select(2, 0).unsqueeze(2),
    "x.reshape(1, -1, 2, n)": lambda x: x.reshape(1, -1, 2, x.shape[3]),
    "channel shuffle": lambda x: (
        x.view(1, 2, x.shape[1] // 2, *x.shape[2:]).transpose(1, 2).contiguous().view(x.shape)
    ),
    "F.pixel_unshuffle(x, 2)": lambda x: F.pixel_unshuffle(x, 2),
    "F.pad(x, (1, 0, 2, 1))": lambda x: F.pad(x, (1, 0, 2, 1)),
    "F.pad(x, (-1, 1))": lambda x: F.pad(x, (-1, 1), value=0.5),
    "F.pad(x, reflect)": lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect"),
    "F.pad(x, replicate)": lambda x: F.pad(x, (2, 0, 0, 1), mode="replicate"),
    "F.pad(x, circular)": lambda x: F.pad(x, (1, 1, 0, 2), mode="circular"),
    "F.interpolate(x, nearest)": lambda x: F.interpolate(x, scale_factor=2, mode="nearest"),
    "F.interpolate(x, bilinear)": lambda x: F.interpolate(x, size=(9, 7), mode="bilinear"),
    "F.interpolate(x, corners)": lambda x: F.interpolate(
        x, scale_factor=1.5, mode="bilinear", align_corners=True
    ),
    "x.mean((2, 3), keepdim=True)": lambda x: x.mean((2, 3), keepdim=True),
    "x.mean(-1, keepdim=True)": lambda x: x.mean(-1, keepdim=True),
    "x.mean([2, 3])": lambda x: x.mean([2, 3]),
    "x.sum(1, keepdim=True)": lambda x: x.sum(1, keepdim=True),
    "x.flatten(1)": lambda x: x.flatten(1),
    "x.softmax(1)": lambda x: x.softmax(1),
    "-2 * x + 1": lambda x: -2 * x + 1,
    "1 - x / 3": lambda x: 1 - x / 3,
    "x * x": lambda x: x * x,
    "x.abs().sqrt()": lambda x: (x.abs() + 0.1).sqrt(),
    "x.expand(2 of width 1)": lambda x: x[..., :1].expand(-1, -1, -1, 3),
}

VIEW_WRITES: dict[str, Callable[[Tensor], Tensor]] = {
    "x[:, :1].relu_()": lambda x: x[:, :1].relu_(),
    "x.flatten(1).clamp_(min=0)": lambda x: x.flatten(1).clamp_(min=0),
    "x[..., 1:] += 1": lambda x: x[..., 1:].add_(1),
}

PAIRS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "a + b": lambda a, b: a + b,
    "a += b": lambda a, b: a.__iadd__(b),
    "torch.add(a, b, alpha=2)": lambda a, b: torch.add(a, b, alpha=2),
    "a.add_(b)": lambda a, b: a.add_(b),
    "a - b": lambda a, b: a - b,
    "a.sub_(b)": lambda a, b: a.sub_(b),
    "a * b": lambda a, b: a * b,
    "a + b.mean((2, 3))": lambda a, b: a + b.mean((2, 3), keepdim=True),
    "cat((a, b), 1)": lambda a, b: torch.cat((a, b), 1),
    "cat((b, a, b), 1)": lambda a, b: torch.cat((b, a, b), 1),
    "cat((a, b), 3)": lambda a, b: torch.cat([a, b], dim=3),
    "stack, amax": lambda a, b: torch.stack((a, b)).mean(0),
    "torch.maximum(a, b)": lambda a, b: torch.maximum(a, b),
}
