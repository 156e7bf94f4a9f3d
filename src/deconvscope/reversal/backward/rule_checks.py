"""Whether the recorded layers have the reversed rules that an architecture asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..architecture import Architecture
from ..errors import RuleError
from ..rules import ATTENTION_RULES, LRN_RULES, NORM_RULES, POOL_RULES, RELU_RULES, ReluRule

if TYPE_CHECKING:
    from ..recording import Recording


def require_rules(recording: Recording, architecture: Architecture) -> None:
    """Raise where an override names a layer that is not there, or a rule that is not for its kind.

    Raises:
        UnknownLayerError: no layer has an override's name.
        RuleError: a layer has not the rule.
    """
    for name, rule in architecture.own_rules:
        layer = recording.layers[name]
        known = {
            "rectifier": tuple(RELU_RULES),
            "max pool": POOL_RULES,
            "local response norm": LRN_RULES,
            **dict.fromkeys(("layer norm", "RMS norm", "group norm", "instance norm"), NORM_RULES),
            "attention": ATTENTION_RULES,
            "matrix product": ATTENTION_RULES,
        }.get(layer.kind, ())
        if not (rule in known or (isinstance(rule, ReluRule) and layer.kind == "rectifier")):
            told = (
                f"rules for it are {', '.join(map(repr, known))}"
                if known
                else "only rectifiers, max pools, norms and attention have a choice"
            )
            raise RuleError(
                f"override {rule!s} does not fit layer {name!r}, a {layer.kind}; {told}"
            )
    if architecture.pool != "switches":
        for call in recording.coverage().suspicious:
            if "pool" in call.call:
                raise RuleError(
                    f"layer {call.layer!r} ({call.call}) has no reversed rule {architecture.pool!r}, only 'switches'"
                )
