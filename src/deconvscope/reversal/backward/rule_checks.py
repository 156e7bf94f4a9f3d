"""Whether the recorded layers have the reversed rules that an architecture asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..architecture import Architecture
from ..coverage import Coverage
from ..errors import RuleError
from ..rules import LRN_RULES, POOL_RULES, RELU_RULES, ReluRule


class HasKind(Protocol):
    """A recorded layer."""

    @property
    def kind(self) -> str:
        """What the layer does, in the field's words."""


def require_rules(
    layers: Mapping[str, HasKind], coverage: Coverage, architecture: Architecture
) -> None:
    """Raise where an override names a layer that is not there, or a rule that is not for its kind.

    Args:
        layers: layer name → layer.
        coverage: which call got which rule.
        architecture: what was asked for.

    Raises:
        UnknownLayerError: no layer has an override's name.
        RuleError: a layer has not the rule.
    """
    for name, rule in architecture.own_rules:
        layer = layers[name]
        known = {
            "rectifier": tuple(RELU_RULES),
            "max pool": POOL_RULES,
            "local response norm": LRN_RULES,
        }.get(layer.kind, ())
        if not (rule in known or (isinstance(rule, ReluRule) and layer.kind == "rectifier")):
            choice = (
                f"rules for it are {', '.join(map(repr, known))}"
                if known
                else "only rectifiers, max pools and LRNs have a choice"
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
