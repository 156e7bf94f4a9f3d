"""An architecture of reversed network: three independent choices of rule, and the names the field gives them.

Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), Fig. 3 and the code published with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from .architecture_names import paper_name, unknown_name
from .rules import (
    ATTENTION_RULES,
    LRN_RULES,
    NORM_RULES,
    POOL_RULES,
    RELU_RULES,
    AttentionRule,
    LrnRule,
    NormRule,
    PoolRule,
    ReluRule,
)

Overrides = tuple[tuple[str, "str | ReluRule"], ...]


@dataclass(frozen=True)
class Architecture:
    """Which rule each reversed layer follows.

    Args:
        relu: RU†, one of ``"identity"`` (1), ``"relu"`` (RU), ``"mask"`` (RU_BP), ``"relu+mask"``
            (RU∘RU_BP; ``"mask+relu"`` is the same), or a rule object such as ``RectGrad(0.1)``.
        pool: MP†, ``"switches"`` (MP_BP), ``"centre"`` (no switches) or ``"uniform"`` (ŷ/|W| everywhere in
            the window).
        lrn: LRN†, ``"identity"`` or ``"bp"``.
        norm: what layer, RMS, group and instance norms do: ``"bp"``, or ``"frozen"``, their scale a constant.
        attention: ``"bp"``, or ``"frozen"``, the attention pattern a constant.
        overrides: layer name → the rule for that layer alone, e.g. ``{"features.9": "centre"}``.

    Raises:
        ValueError: a choice that does not exist, with those that do.

    Example:
        >>> Architecture(relu="relu+mask", pool="switches").name
        'DeSaliNet'
        >>> Architecture.parse("TFF").pool
        'centre'
    """

    relu: str | ReluRule = "relu+mask"
    pool: PoolRule = "switches"
    lrn: LrnRule = "identity"
    norm: NormRule = "bp"
    attention: AttentionRule = "bp"
    overrides: Mapping[str, str | ReluRule] | Overrides = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "relu", _relu_name(self.relu))
        _check("pool", self.pool, POOL_RULES)
        _check("lrn", self.lrn, LRN_RULES)
        _check("norm", self.norm, NORM_RULES)
        _check("attention", self.attention, ATTENTION_RULES)
        pairs = self.overrides.items() if isinstance(self.overrides, Mapping) else self.overrides
        object.__setattr__(
            self,
            "overrides",
            tuple(sorted(((k, _override(k, v)) for k, v in pairs), key=lambda p: p[0])),
        )

    @staticmethod
    def parse(text: str) -> Architecture:
        """Return the architecture of that name or of the authors' three letters.

        Args:
            text: ``"DeConvNet"``, ``"SaliNet"``, ``"DeSaliNet"``, a name that papers and other packages give to one
                of them (``"deconvolution"``, ``"saliency"``, ``"gradient"``, ``"guided backpropagation"``, captum's
                and zennit's class names), in any case and with or without spaces and hyphens; or three letters
                T/F for [ReLU mask][pooling switches][backward ReLU], e.g. ``"FTT"`` for DeConvNet. After either,
            ``+n`` freezes norms, ``+a`` attention, ``+an`` both: ``"DeSaliNet+an"``, ``"TTT+n"``. Other packages
                leave LRN† to autograd in all of them; here it is the identity in all but SaliNet.

        Raises:
            ValueError: neither, with near matches.
        """
        key = text.strip().lower() if isinstance(text, str) else ""
        key, plus, frozen = key.partition("+")
        if plus:
            if not frozen or not set(frozen) <= {"a", "n"}:
                raise ValueError(unknown_name(text))
            return replace(
                Architecture.parse(key),
                norm="frozen" if "n" in frozen else "bp",
                attention="frozen" if "a" in frozen else "bp",
            )
        if len(key) == 3 and set(key) <= {"t", "f"}:
            mask, switches, backward = (letter == "t" for letter in key)
            relu = {
                (False, False): "identity",
                (False, True): "relu",
                (True, False): "mask",
                (True, True): "relu+mask",
            }
            return Architecture(relu[mask, backward], "switches" if switches else "centre")
        name = paper_name(key)
        if name is None:
            raise ValueError(unknown_name(text))
        return {"DeConvNet": DECONVNET, "SaliNet": SALINET, "DeSaliNet": DESALINET}[name]

    @property
    def own_rules(self) -> Overrides:
        """The overrides, (layer name, rule), sorted by name."""
        return cast(Overrides, self.overrides)

    @property
    def relu_rule(self) -> ReluRule:
        """RU† as a rule object."""
        return RELU_RULES[self.relu] if isinstance(self.relu, str) else self.relu

    @property
    def code(self) -> str:
        """The authors' name: three letters, ``"saliency"`` where LRN† is BP on TTF, else a description."""
        frozen = ("a" if self.attention == "frozen" else "") + (
            "n" if self.norm == "frozen" else ""
        )
        if frozen:
            return f"{replace(self, norm='bp', attention='bp').code}+{frozen}"
        plain = isinstance(self.relu, str) and self.pool != "uniform" and not self.overrides
        if plain and self == SALINET:
            return "saliency"
        if plain and self.lrn == "identity":
            rule = self.relu_rule
            return "".join(
                "T" if on else "F" for on in (rule.masks, self.pool == "switches", rule.clamps)
            )
        described = [f"{self.relu!s}", self.pool] + (
            [f"LRN {self.lrn}"] if self.lrn != "identity" else []
        )
        return "/".join(described + [f"{layer}={rule!s}" for layer, rule in self.own_rules])

    @property
    def name(self) -> str:
        """The name the field knows it by where it has one, else `code`."""
        plain = replace(self, norm="bp", attention="bp")
        known = {DECONVNET: "DeConvNet", SALINET: "SaliNet", DESALINET: "DeSaliNet"}.get(plain)
        return self.code if known is None else known + self.code[len(plain.code) :]

    def relu_at(self, layer: str) -> ReluRule:
        """Return RU† at the layer of that name."""
        rule = dict(self.own_rules).get(layer)
        if isinstance(rule, ReluRule):
            return rule
        return RELU_RULES.get(rule or "", self.relu_rule)

    def pool_at(self, layer: str) -> PoolRule:
        """Return MP† at the layer of that name."""
        rule = dict(self.own_rules).get(layer)
        return rule if rule in POOL_RULES else self.pool

    def lrn_at(self, layer: str) -> LrnRule:
        """Return LRN† at the layer of that name."""
        rule = dict(self.own_rules).get(layer)
        return rule if rule in LRN_RULES else self.lrn

    def norm_at(self, layer: str) -> NormRule:
        """Return what the norm of that name does."""
        rule = dict(self.own_rules).get(layer)
        return rule if rule in NORM_RULES else self.norm

    def attention_at(self, layer: str) -> AttentionRule:
        """Return what the attention of that name does."""
        rule = dict(self.own_rules).get(layer)
        return rule if rule in ATTENTION_RULES else self.attention

    def __str__(self) -> str:
        return self.name


def _check(what: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"{what}={value!r} is no rule; one of {', '.join(map(repr, known))}")


def _relu_name(relu: object) -> str | ReluRule:
    if isinstance(relu, ReluRule):
        return relu.name if RELU_RULES.get(relu.name) == relu else relu
    name = (
        {"mask+relu": "relu+mask", "1": "identity"}.get(relu, relu)
        if isinstance(relu, str)
        else relu
    )
    _check("relu", name, tuple(RELU_RULES))
    return cast(str, name)


def _override(layer: str, rule: object) -> str | ReluRule:
    if isinstance(rule, ReluRule):
        return rule
    _check(
        f"overrides[{layer!r}]",
        rule,
        (*RELU_RULES, *POOL_RULES, *(name for name in LRN_RULES if name != "identity"), "frozen"),
    )
    return cast(str, rule)


DECONVNET = Architecture(relu="relu", pool="switches", lrn="identity")
SALINET = Architecture(relu="mask", pool="switches", lrn="bp")
DESALINET = Architecture(relu="relu+mask", pool="switches", lrn="identity")

EIGHT = tuple(
    Architecture.parse(code) for code in ("TTT", "FTT", "TTF", "FTF", "TFT", "FFT", "TFF", "FFF")
)
"""The eight architectures of Fig. 3 in its order: the top row with switches, then the bottom row with centres."""


def as_architectures(
    asked: Architecture | str | Sequence[Architecture | str],
) -> tuple[Architecture, ...]:
    """Return what was asked for, one or many, names or objects, as a tuple of architectures.

    Raises:
        ValueError: an empty list or an unknown name.
        TypeError: something that is neither a name nor an architecture.
    """
    if not isinstance(asked, Architecture | str | Sequence):
        return (_as_architecture(asked),)
    several = (asked,) if isinstance(asked, Architecture | str) else tuple(asked)
    if not several:
        raise ValueError("no architecture asked for; name at least one, e.g. deconvscope.DESALINET")
    return tuple(_as_architecture(one) for one in several)


def _as_architecture(one: object) -> Architecture:
    if isinstance(one, Architecture):
        return one
    if isinstance(one, str):
        return Architecture.parse(one)
    raise TypeError(
        f"{one!r} is no architecture; give an Architecture, its name or its three letters"
    )
