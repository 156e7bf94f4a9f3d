"""The reversed rules RU†, MP† and LRN† of rectifiers, max pools and local response normalisations.

Each rule of a rectifier is one short class. The four of Mahendran & Vedaldi, *Salient Deconvolutional Networks*
(ECCV 2016), section 2, are combinations of two choices, `clamps` and `masks`, so that two operations in place reverse a
batch whose rows follow different rules. Later rules multiply by a `gate` of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

PoolRule = Literal["switches", "centre", "uniform"]
LrnRule = Literal["identity", "bp"]
NormRule = Literal["bp", "frozen"]
AttentionRule = Literal["bp", "frozen"]

POOL_RULES: tuple[PoolRule, ...] = ("switches", "centre", "uniform")
LRN_RULES: tuple[LrnRule, ...] = ("identity", "bp")
NORM_RULES: tuple[NormRule, ...] = ("bp", "frozen")
ATTENTION_RULES: tuple[AttentionRule, ...] = ("bp", "frozen")


@dataclass(frozen=True)
class ReluRule:
    """RU†: maps the signal ŷ at a rectifier's output to x̂ at its input.

    x̂ = max(ŷ, 0) ⊙ mask ⊙ gate, where each of the three may be absent.
    """

    name: ClassVar[str]
    clamps: ClassVar[bool] = False
    """Whether max(ŷ, 0) is taken, the "backward ReLU"."""
    masks: ClassVar[bool] = False
    """Whether ŷ is multiplied by f′(x), for a ReLU the mask [x > 0]."""

    @property
    def gated(self) -> bool:
        """Whether the rule multiplies by a gate that depends on the activation."""
        return type(self).gate is not ReluRule.gate

    def gate(self, y_hat: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return the factor by which the rule multiplies ŷ, broadcastable to it."""
        raise NotImplementedError(f"{type(self).__name__} has no gate")

    def __str__(self) -> str:
        return self.name


class Identity(ReluRule):
    """RU† = 1: x̂ = ŷ."""

    name = "identity"


class BackwardRelu(ReluRule):
    """RU† = RU: x̂ = max(ŷ, 0) (Zeiler & Fergus, ECCV 2014)."""

    name = "relu"
    clamps = True


class Mask(ReluRule):
    """RU† = RU_BP: x̂ = ŷ ⊙ [x > 0], the gradient (Simonyan et al., ICLR workshop 2014)."""

    name = "mask"
    masks = True


class MaskedBackwardRelu(ReluRule):
    """RU† = RU∘RU_BP: x̂ = max(ŷ, 0) ⊙ [x > 0], guided backpropagation (Springenberg et al., 2015)."""

    name = "relu+mask"
    clamps = True
    masks = True


@dataclass(frozen=True)
class RectGrad(ReluRule):
    """x̂ = ŷ ⊙ [a·ŷ > τ], a the activation (Kim et al., *Why are saliency maps noisy?*, 2019).

    At τ = 0 behind a ReLU it is DeSaliNet.
    """

    threshold: float = 0.0
    name = "rectgrad"

    def __post_init__(self) -> None:
        if not math.isfinite(self.threshold):
            raise ValueError(f"RectGrad's threshold must be finite, not {self.threshold!r}")

    def gate(self, y_hat: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return [a·ŷ > τ]."""
        return (y * y_hat) > self.threshold


@dataclass(frozen=True)
class SmoothRelu(ReluRule):
    """x̂ = ŷ ⊙ σ(βx): the mask of the softplus, which tends to [x > 0] as β grows.

    Dombrowski et al., *Explanations can be manipulated and geometry is to blame*, NeurIPS 2019.
    """

    beta: float = 1.0
    name = "smooth"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.beta) and self.beta > 0):
            raise ValueError(f"SmoothRelu's beta must be positive and finite, not {self.beta!r}")

    def gate(self, y_hat: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return σ(βx)."""
        return torch.sigmoid(self.beta * x)


RELU_RULES: dict[str, ReluRule] = {
    rule.name: rule for rule in (Identity(), BackwardRelu(), Mask(), MaskedBackwardRelu())
}
