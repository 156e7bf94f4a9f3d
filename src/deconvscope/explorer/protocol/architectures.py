"""The architectures that one explorer can be asked for, by object, name or code."""

from __future__ import annotations

from collections.abc import Iterable

from deconvscope.reversal import DECONVNET, DESALINET, EIGHT, SALINET, Architecture

THREE = (DECONVNET, SALINET, DESALINET)
FIGURE_3 = tuple(SALINET if architecture.code == "TTF" else architecture for architecture in EIGHT)
"""The eight as printed, SaliNet with its own LRN† where the figure has TTF."""
POOLS = {
    "switches": "pooling switches",
    "centre": "pooling to the centre",
    "uniform": "pooling spread evenly",
}


def in_words(architecture: Architecture) -> str:
    """Return what an architecture does, e.g. "ReLU masks, pooling switches, backward ReLU"."""
    rule = architecture.relu_rule
    words = [
        "ReLU masks" if rule.masks else "no ReLU masks",
        POOLS[architecture.pool],
        "backward ReLU" if rule.clamps else "no backward ReLU",
    ]
    if rule.gated:
        words = [f"{rule} at ReLUs", POOLS[architecture.pool]]
    if architecture.own_rules:
        words.append("other rules at single layers")
    line = ", ".join(words)
    return f"the true gradient: {line}" if architecture == SALINET else line


def described(architectures: Iterable[Architecture]) -> list[dict[str, str]]:
    """Return architectures as browsers list them."""
    return [{"code": a.code, "name": a.name, "meaning": in_words(a)} for a in architectures]


class KnownArchitectures:
    """The eight of Fig. 3, and one's own that were shown."""

    def __init__(self) -> None:
        self._by_code = {known.code: known for known in FIGURE_3}

    def find(
        self, asked: Architecture | str | Iterable[Architecture | str]
    ) -> tuple[Architecture, ...]:
        """Return one or many architectures, each once; raises ValueError for none or an unknown name."""
        several = [asked] if isinstance(asked, str | Architecture) else asked
        found = dict.fromkeys(
            one if isinstance(one, Architecture) else self._named(one) for one in several
        )
        if not found:
            raise ValueError("choose at least one architecture, e.g. 'DeSaliNet'")
        return tuple(found)

    def add(self, shown: Iterable[Architecture]) -> None:
        """Remember architectures, so that they can be asked for by their codes."""
        self._by_code |= {one.code: one for one in shown}

    def offered(self) -> list[Architecture]:
        """Return the eight of Fig. 3, then those that were added."""
        return list(self._by_code.values())

    def _named(self, code: str) -> Architecture:
        return self._by_code.get(code) or Architecture.parse(code)
