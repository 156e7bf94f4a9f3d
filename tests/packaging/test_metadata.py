"""What is said about the package in several places agrees."""

import importlib.metadata
import re
from pathlib import Path

import pytest

import deconvscope

ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / "src" / "deconvscope" / "models" / "bundled"


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("pyproject.toml", r'^version = "(.+)"'),
        ("CITATION.cff", r"^version: (.+)"),
        ("CHANGELOG.md", r"^## (\S+)$"),  # the newest that is not "(unreleased)"
    ],
)
def test_there_is_one_version(file, pattern):
    (version, *_) = re.findall(pattern, text(file), re.MULTILINE)
    assert version == deconvscope.__version__ == importlib.metadata.version("deconvscope")


@pytest.mark.parametrize("name", ["Mahendran", "Vedaldi", "Zeiler", "Simonyan", "Springenberg"])
def test_those_whose_methods_are_drawn_are_cited(name):
    assert f"family-names: {name}" in text("CITATION.cff")


def test_the_model_card_names_every_bundled_file():
    card = (BUNDLED / "MODEL_CARD.md").read_text(encoding="utf-8")
    files = [path.name for path in BUNDLED.rglob("*.*") if path.suffix != ".md"]
    assert len(files) == 6
    assert [name for name in files if f"`{name}`" not in card] == []
