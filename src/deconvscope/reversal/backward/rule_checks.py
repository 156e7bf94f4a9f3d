"""Check that the recorded layers have an architecture's reversed rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..architecture import Architecture
from ..coverage import Coverage
from ..errors import RuleError
from ..rules import ATTENTION_RULES, LRN_RULES, NORM_RULES, POOL_RULES, RELU_RULES, ReluRule


class HasKind(Protocol):
    """A recorded layer."""

    @property
    def kind(self) -> str:
        """The kind of layer, such as "max pool"."""


def require_rules(
    layers: Mapping[str, HasKind], coverage: Coverage, architecture: Architecture
) -> None:
    """Raise if an architecture overrides an unknown layer, or asks a layer for a rule that it does not have.

    Raises:
        UnknownLayerError: no layer has an override's name.
        RuleError: a layer does not have the rule.
    """
    for name, rule in architecture.own_rules:
        layer = layers[name]
        known = {
            "rectifier": tuple(RELU_RULES),
            "max pool": POOL_RULES,
            "local response norm": LRN_RULES,
            **dict.fromkeys(("layer norm", "RMS norm", "group norm", "instance norm"), NORM_RULES),
            "attention": ATTENTION_RULES,
            "matrix product": ATTENTION_RULES,
        }.get(layer.kind, ())
        if not (rule in known or (isinstance(rule, ReluRule) and layer.kind == "rectifier")):
            choice = (
                f"its rules are {', '.join(map(repr, known))}"
                if known
                else "only rectifiers, max pools, norms and attention have a choice"
            )
            raise RuleError(
                f"override {rule!s} does not fit layer {name!r}, a {layer.kind}; {choice}"
            )
    if architecture.pool != "switches":
        for call in coverage.suspicious:
            if "pool" in call.call:
                raise RuleError(
                    f"layer {call.layer!r} ({call.call}) has no reversed rule {architecture.pool!r}, only 'switches'"
                )
