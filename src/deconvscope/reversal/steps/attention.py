"""Attention: y = A v with the pattern A = softmax(q kᵀ·s), in each head.

The pattern says where each output was taken from, as pooling switches do: under ``attention="frozen"`` it is a constant
on the way back, so that attention is linear, and v̂ = Aᵀŷ (CP-LRP of Ali et al., ICML 2022, as a gradient). Under
``"bp"`` q̂ and k̂ are the true vector-Jacobian products as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..runtime.torch_internals import write_mark
from ..signals.batch import Batch
from ..signals.window import Dense, Signal
from .call import Call, Recorded, family
from .step import Step


class _AlongAxis(Step):
    """Keeps the output y and the axis."""

    rule = "BP, from y alone"

    def __init__(self, x: Tensor, y: Tensor, axis: int) -> None:
        super().__init__(x)
        self.y, self.axis = y, axis % max(x.ndim, 1)


class Softmax(_AlongAxis):
    """y = softmax(x) along an axis. Reversed (BP): y⊙(ŷ − Σ ŷ⊙y)."""

    kind = "softmax"

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return the product for all rows."""
        dense = y_hat.densified()
        y = self.y.unsqueeze(0)
        weighted = dense.values * y
        return (Dense(weighted - y * weighted.sum(1 + self.axis, keepdim=True), dense.lanes),)


class LogSoftmax(_AlongAxis):
    """y = log softmax(x) along an axis. Reversed (BP): ŷ − exp(y)·Σ ŷ."""

    kind = "log softmax"

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return the product for all rows."""
        dense = y_hat.densified()
        summed = dense.values.sum(1 + self.axis, keepdim=True)
        return (Dense(dense.values - self.y.exp().unsqueeze(0) * summed, dense.lanes),)


class Attention(Step):
    """y = softmax(q kᵀ·s + m) v. q, k, v: (…, tokens, channels), the leading axes equal."""

    kind = "attention"
    rule = "attention†"

    def __init__(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        bias: Tensor | None,
        scale: float,
        tracked: Sequence[Tensor],
    ) -> None:
        """Keep q, k and v, and what is added to the logits; `tracked` are those that depend on the image."""
        super().__init__(*tracked)
        self.q, self.k, self.v, self.bias, self.scale = q, k, v, bias, scale
        self.targets = tracked

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return v̂ = Aᵀŷ, and q̂ and k̂ of the rows that follow BP."""
        y = y_hat.densified().values
        runs = batch.attention_rows(self.layer)
        q_hat, k_hat, v_hat, bias_hat = reverse_attention(
            (self.q, self.k, self.v),
            self.bias,
            self.scale,
            y,
            [rows for rows, rule in runs if rule == "bp"],
            to_bias=any(x is self.bias for x in self.targets),
        )
        made = {id(self.q): q_hat, id(self.k): k_hat, id(self.v): v_hat}
        if len(made) < 3:  # one tensor in several places
            made = {}
            for x, x_hat in ((self.q, q_hat), (self.k, k_hat), (self.v, v_hat)):
                known = made.get(id(x))
                made[id(x)] = x_hat if known is None else known if x_hat is None else known + x_hat
        if self.bias is not None:
            made[id(self.bias)] = bias_hat
        found = (made[id(x)] for x in self.targets)
        return [None if x_hat is None else Dense(x_hat, batch.lanes) for x_hat in found]


class MultiHeadAttention(Step):
    """y = Wₒ·concat over heads of A v, where q, k and v are linear in the inputs: ``nn.MultiheadAttention``.

    Its second output, the pattern, is reversed by BP whatever the choice.
    """

    kind = "attention"
    rule = "attention†"

    def __init__(
        self,
        given: tuple[Tensor, Tensor, Tensor],
        tracked: Sequence[Tensor],
        projections: tuple[Tensor, Tensor, Tensor],
        biases: tuple[Tensor | None, Tensor | None, Tensor | None],
        out: Tensor,
        mask: Tensor | None,
        heads: int,
        averaged: bool,
    ) -> None:
        """Keep the call's weights: `projections` (channels, C) of q, k and v, `out` (C, C) of the heads together."""
        super().__init__(*tracked)
        self.given, self.targets, self.projections, self.out = given, tracked, projections, out
        self.biases, self.mask, self.heads, self.averaged = biases, mask, heads, averaged
        self._versions = [(weight, write_mark(weight)) for weight in (*projections, out)]

    def require_unchanged(self) -> None:
        """Raise where a weight was written since the recording."""
        if any(write_mark(weight) != version for weight, version in self._versions):
            raise self.stale()

    def only_launches(self, batch: Batch) -> bool:
        """Return False: a captured pass would not notice that one of the weights was changed."""
        return False

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return the signal of each input from that at the first output."""
        return self.reverse_outputs([y_hat], batch)

    def reverse_outputs(
        self, y_hats: Sequence[Signal | None], batch: Batch
    ) -> Sequence[Signal | None]:
        """Return the signal of each input from those at the outputs."""
        self.require_unchanged()
        y = None if y_hats[0] is None else y_hats[0].densified().values
        at_pattern = (
            y_hats[1].densified().values if len(y_hats) > 1 and y_hats[1] is not None else None
        )
        if y is None and at_pattern is None:
            return [None] * len(self.targets)
        q, k, v = (
            self._apart(torch.nn.functional.linear(x, weight.detach(), bias))
            for x, weight, bias in zip(self.given, self.projections, self.biases, strict=True)
        )
        scale = 1 / math.sqrt(q.shape[-1])
        if y is None:
            assert at_pattern is not None
            y = at_pattern.new_zeros((batch.rows, *self.given[0].shape[:-1], self.out.shape[0]))
        pulled = self._apart(y @ self.out.detach(), rows=True)
        runs = batch.attention_rows(self.layer)
        bp = [rows for rows, rule in runs if rule == "bp"]
        if at_pattern is not None:
            bp = [slice(0, batch.rows)]
            at_pattern = self._pattern_apart(at_pattern, q)
        parts = reverse_attention((q, k, v), self.mask, scale, pulled, bp, at_pattern)[:3]
        made: dict[int, Tensor] = {}
        for x, weight, part in zip(self.given, self.projections, parts, strict=True):
            if part is not None:
                x_hat = self._together(part, x) @ weight.detach()
                made[id(x)] = made[id(x)] + x_hat if id(x) in made else x_hat
        found = (made.get(id(x)) for x in self.targets)
        return [None if x_hat is None else Dense(x_hat, batch.lanes) for x_hat in found]

    def _apart(self, x: Tensor, rows: bool = False) -> Tensor:
        """Return (tokens, batch, C) or (tokens, C) as (batch, heads, tokens, C / heads); rows stay first."""
        first = 1 if rows else 0
        if x.ndim == first + 2:
            x = x.unsqueeze(first + 1)
        x = x.reshape(*x.shape[:-1], self.heads, -1)
        order = [first + 1, first + 2, first, first + 3]
        return x.permute(*range(first), *order)

    def _together(self, x: Tensor, like: Tensor) -> Tensor:
        """Return (rows, batch, heads, tokens, c) as (rows, tokens, batch, C), or without the batch as the input is."""
        x = x.permute(0, 3, 1, 2, 4).flatten(-2)
        return x.squeeze(2) if like.ndim == 2 else x

    def _pattern_apart(self, at_pattern: Tensor, q: Tensor) -> Tensor:
        """Return the signal at the pattern that the call returned as one for each head, (rows, batch, heads, L, S)."""
        shape = (at_pattern.shape[0], q.shape[0], -1, *at_pattern.shape[-2:])
        by_head = at_pattern.reshape(shape)
        return by_head.expand(-1, -1, self.heads, -1, -1) / self.heads if self.averaged else by_head


def reverse_attention(
    qkv: tuple[Tensor, Tensor, Tensor],
    bias: Tensor | None,
    scale: float,
    y: Tensor,
    bp: Sequence[slice],
    at_pattern: Tensor | None = None,
    to_bias: bool = False,
) -> tuple[Tensor | None, Tensor | None, Tensor, Tensor | None]:
    """Return q̂, k̂, v̂ and the signal at what is added to the logits.

    Args:
        qkv: q (…, L, d), k (…, S, d) and v (…, S, e).
        bias: added to the logits, broadcastable to (…, L, S).
        scale: of q kᵀ.
        y: ŷ, (rows, …, L, e).
        bp: the rows to which the pattern passes signal; for the others it is constant.
        at_pattern: a signal at the pattern itself, (rows, …, L, S).
        to_bias: whether the signal at the bias is wanted.
    """
    q, k, v = qkv
    rows = y.shape[0]
    logits = q @ k.mT * scale
    pattern = (logits if bias is None else logits + bias).softmax(-1)
    if bias is not None:  # of a query that sees no key, torch makes zeros
        pattern = pattern.masked_fill((bias == -math.inf).all(-1, keepdim=True), 0)
    v_hat = pattern.mT @ y
    if not bp:
        return None, None, v_hat, None
    q_hat, k_hat = y.new_zeros((rows, *q.shape)), y.new_zeros((rows, *k.shape))
    bias_hat = y.new_zeros((rows, *bias.shape)) if to_bias and bias is not None else None
    for run in bp:
        # one row at a time: the patterns of all would not stay in the cache
        for row in range(*run.indices(rows)):
            s = y[row] @ v.mT
            if at_pattern is not None:
                s = s + at_pattern[row]
            s = s.mul_(pattern)
            s = s.sub_(pattern * s.sum(-1, keepdim=True))
            if bias_hat is not None:
                assert bias is not None
                bias_hat[row] = s.sum_to_size(bias.shape)
            torch.mul(s @ k, scale, out=q_hat[row])
            torch.mul(s.mT @ q, scale, out=k_hat[row])
    return q_hat, k_hat, v_hat, bias_hat


def _additive(mask: Tensor | None, causal: bool, like: Tensor, length: int) -> Tensor | None:
    """Return what a mask adds to the logits; −∞ where a token must not be seen."""
    if causal:
        seen = torch.ones(like.shape[-2], length, dtype=torch.bool, device=like.device).tril()
        mask = seen if mask is None else mask
    if mask is None or mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=like.dtype).masked_fill_(~mask, -math.inf)


@family("softmax")
def softmax(
    call: Call, input: Tensor, dim: Any = None, *args: Any, **kwargs: Any
) -> Recorded | None:
    """Read a softmax along a given axis."""
    y = call.run()
    axis = kwargs.get("axis", dim)
    return (
        (y, Softmax(input, y, axis)) if isinstance(axis, int) and y.dtype == input.dtype else None
    )


@family("log_softmax")
def log_softmax(
    call: Call, input: Tensor, dim: Any = None, *args: Any, **kwargs: Any
) -> Recorded | None:
    """Read a log softmax along a given axis."""
    y = call.run()
    axis = kwargs.get("axis", dim)
    return (
        (y, LogSoftmax(input, y, axis))
        if isinstance(axis, int) and y.dtype == input.dtype
        else None
    )


@family("scaled_dot_product_attention")
def scaled_dot_product_attention(
    call: Call,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Recorded | None:
    """Read attention without dropout, of as many heads of k and v as of q."""
    if dropout_p or not query.shape[:-2] == key.shape[:-2] == value.shape[:-2]:
        return None
    bias = (
        attn_mask
        if call.tracks(attn_mask)
        else _additive(attn_mask, is_causal, query, key.shape[-2])
    )
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    given = (query, key, value, attn_mask)
    tracked = list({id(t): t for t in given if t is not None and call.tracks(t)}.values())
    return call.run(), Attention(query, key, value, bias, factor, tracked)


@family("multi_head_attention_forward")
def multi_head_attention(
    call: Call,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> Recorded | None:
    """Read multi-head attention in eval mode, of one sequence, without extra keys."""
    extras = (bias_k, bias_v, static_k, static_v, key_padding_mask)
    if any(x is not None for x in extras) or add_zero_attn or (training and dropout_p):
        return None
    if call.tracks(attn_mask) or any(x.ndim not in (2, 3) for x in (query, key, value)):
        return None
    w_q = w_k = w_v = None
    if use_separate_proj_weight:
        w_q, w_k, w_v = q_proj_weight, k_proj_weight, v_proj_weight
    elif in_proj_weight is not None:
        w_q, w_k, w_v = in_proj_weight.chunk(3)
    if w_q is None or w_k is None or w_v is None:
        return None
    b_q = b_k = b_v = None
    if in_proj_bias is not None:
        b_q, b_k, b_v = in_proj_bias.detach().chunk(3)
    mask = None
    if attn_mask is not None:
        if attn_mask.dtype == torch.bool:
            mask = torch.zeros_like(attn_mask, dtype=query.dtype).masked_fill_(attn_mask, -math.inf)
        else:
            mask = attn_mask.to(query.dtype)
        if mask.ndim == 3:  # (batch · heads, L, S)
            mask = mask.reshape(-1, num_heads, *mask.shape[1:])
    tracked = list({id(t): t for t in (query, key, value) if call.tracks(t)}.values())
    step = MultiHeadAttention(
        (query, key, value),
        tracked,
        (w_q, w_k, w_v),
        (b_q, b_k, b_v),
        out_proj_weight,
        mask,
        num_heads,
        average_attn_weights,
    )
    return call.run(), step
