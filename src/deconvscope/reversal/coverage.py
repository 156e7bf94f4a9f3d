"""Which recorded call got which reversed rule, and which fell back to the plain vector-Jacobian product."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .steps.step import Step

RECTIFIER_LIKE = frozenset((
    "maximum", "max", "minimum", "clamp", "clamp_min", "clip", "abs", "glu", "rrelu", "relu", "threshold", "amax",
    "max_pool1d", "max_pool2d", "adaptive_max_pool2d", "max_pool2d_with_indices",
    "adaptive_max_pool2d_with_indices", "clamp_max", "fmax", "topk", "sort", "max_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool3d", "fractional_max_pool2d", "maxout",
))  # fmt: skip
"""Calls that act as a rectifier or a max pool; where one is reversed by BP, the rule asked for is not applied.

Products with a mask, and selections by one, are marked where the mask was computed from the image: see `Step.gated`.
"""


@dataclass(frozen=True)
class CoveredCall:
    """One call of the network."""

    layer: str
    kind: str
    call: str
    rule: str
    falls_back: bool
    gated: bool = False
    registered: bool = False

    @property
    def suspicious(self) -> bool:
        """Whether a call that rectifies or pools fell back to BP, so that the rule asked for is not applied there."""
        return self.gated or (self.falls_back and self.call in RECTIFIER_LIKE)


@dataclass(frozen=True)
class Coverage:
    """A report on one recording; prints as a table, in notebooks too.

    Attributes:
        calls: every recorded call, in order.
        stops: calls at which the network leaves the recorded computation, so that nothing flows back, as in automatic
            differentiation: `detach`, `numpy`, `item`, calls under ``no_grad``.
        through_no_grad: the modules whose ``no_grad`` was ignored, as asked of `ReversedNetwork`.
    """

    calls: tuple[CoveredCall, ...]
    stops: tuple[str, ...] = ()
    through_no_grad: tuple[str, ...] = ()

    @property
    def fallbacks(self) -> tuple[CoveredCall, ...]:
        """Calls without a rule of their own, reversed by the vector-Jacobian product."""
        return tuple(call for call in self.calls if call.falls_back)

    @property
    def suspicious(self) -> tuple[CoveredCall, ...]:
        """Calls that rectify or pool and fell back."""
        return tuple(call for call in self.calls if call.suspicious)

    @property
    def registered(self) -> tuple[CoveredCall, ...]:
        """Calls reversed by a rule that the user registered."""
        return tuple(call for call in self.calls if call.registered)

    def counts(self) -> dict[str, int]:
        """Return how many calls of each kind were recorded."""
        return dict(Counter(call.kind for call in self.calls))

    def summary(self) -> str:
        """Return one line: how many rectifiers, pools and LRNs have a rule, and what fell back."""
        counts = self.counts()
        rewritten = [
            f"{counts.get(kind, 0)} {plural}"
            for kind, plural in (
                ("rectifier", "rectifiers"),
                ("max pool", "max pools"),
                ("local response norm", "local response norms"),
            )
        ]
        own = f"; by registered rules: {_counted(self.registered)}" if self.registered else ""
        return (
            f"{len(self.calls)} calls; reversed by a rule: {', '.join(rewritten)}{own}; "
            f"fell back to BP: {_counted(self.fallbacks) or 'none'}"
        )

    def __str__(self) -> str:
        head = ("layer", "kind", "call", "reversed by")
        rows = [
            (c.layer, c.kind, c.call, c.rule + ("  ⚠" if c.suspicious else "")) for c in self.calls
        ]
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(4)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in [head, *rows]
        ]
        lines.insert(1, "  ".join("─" * width for width in widths))
        return "\n".join([*lines, *self._notes()])

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td style='text-align:left'>{html.escape(cell)}</td>"
                for cell in (c.layer, c.kind, c.call)
            )
            + f"<td style='text-align:left'>{html.escape(c.rule)}"
            + (" <b>⚠ rectifier-like</b></td></tr>" if c.suspicious else "</td></tr>")
            for c in self.calls
        )
        heads = "".join(
            f"<th style='text-align:left'>{cell}</th>"
            for cell in ("layer", "kind", "call", "reversed by")
        )
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self._notes())
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{notes}"

    def _notes(self) -> list[str]:
        notes = [self.summary()]
        if self.suspicious:
            notes.append(
                f"⚠ {len(self.suspicious)} rectifier-like call(s) have no reversed rule and were reversed by BP: "
                + ", ".join(f"{c.layer} ({c.call})" for c in self.suspicious)
            )
        if self.stops:
            notes.append(f"nothing flows back through: {', '.join(self.stops)}")
        if self.through_no_grad:
            notes.append(f"reversed through no_grad in: {', '.join(self.through_no_grad)}")
        return notes


def _counted(calls: Sequence[CoveredCall]) -> str:
    """Return the names of calls, each with how many there are."""
    counts = Counter(call.call for call in calls)
    return ", ".join(f"{name} ×{n}" if n > 1 else name for name, n in counts.items())


def cover(
    steps: Sequence[Step], stops: Sequence[str], through_no_grad: Sequence[str] = ()
) -> Coverage:
    """Return the report on the recorded steps."""
    return Coverage(
        tuple(
            CoveredCall(
                step.layer,
                kind_of(step),
                step.call,
                step.registered or step.rule,
                step.falls_back,
                step.gated,
                bool(step.registered),
            )
            for step in steps
        ),
        tuple(stops),
        tuple(through_no_grad),
    )


def kind_of(step: Step) -> str:
    """Return the kind of a step in the field's words."""
    return step.named or step.kind
