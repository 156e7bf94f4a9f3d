"""The locked versions fit pyproject.toml, on every Python and system that it allows."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import environment

PYTHONS = ("3.10.0", "3.11.7", "3.12.1", "3.13.0")
SYSTEMS = {
    "linux": {"platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix"},
    "darwin": {"platform_system": "Darwin", "platform_machine": "arm64", "os_name": "posix"},
    "win32": {"platform_system": "Windows", "platform_machine": "AMD64", "os_name": "nt"},
}
OLDEST = environment.LOCKED.with_name("oldest.txt")
OWN = canonicalize_name("deconvscope")


def machine(python: str, system: str) -> dict[str, str]:
    """What the markers of requirements ask about."""
    short = ".".join(python.split(".")[:2])
    versions = {"python_version": short, "python_full_version": python}
    return {**versions, "sys_platform": system, **SYSTEMS[system]}


def pinned(file: Path) -> list[Requirement]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def wanted(*extras: str) -> list[Requirement]:
    """What an installation with these extras requires, those extras' own extras included."""
    asked, done, found = list(extras), set(), []
    while asked:
        extra = asked.pop()
        done.add(extra)
        for requirement in map(Requirement, metadata.requires("deconvscope") or ()):
            applies = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
            if not applies:
                continue
            if canonicalize_name(requirement.name) == OWN:
                asked += requirement.extras - done
            else:
                found.append(requirement)
    return found


@pytest.mark.parametrize("file", [environment.LOCKED, OLDEST], ids=lambda path: path.stem)
def test_it_says_names_and_versions_and_nothing_else(file: Path) -> None:
    pins = pinned(file)
    assert len(pins) > 50
    for pin in pins:
        assert re.fullmatch(r"==[\w.]+", str(pin.specifier)), pin
        assert not pin.url and not pin.extras
    assert "://" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_what_the_commands_install_is_locked(python: str, system: str) -> None:
    here = machine(python, system)
    versions: dict[str, str] = {}
    for pin in pinned(environment.LOCKED):
        if pin.marker is None or pin.marker.evaluate(here):
            name = canonicalize_name(pin.name)
            assert name not in versions, f"{name} is locked twice; run requirements/refresh.py"
            versions[name] = str(pin.specifier).removeprefix("==")
    backend = [*map(Requirement, environment.BACKEND), Requirement(environment.NODE)]
    for requirement in [*wanted("lab", "test"), *backend]:
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement} is not locked; run requirements/refresh.py"
        assert requirement.specifier.contains(version), f"{requirement} is locked at {version}"


def test_the_oldest_are_the_lower_bounds() -> None:
    versions = {canonicalize_name(pin.name): str(pin.specifier) for pin in pinned(OLDEST)}
    bounds = wanted("figures", "segmentation", "tables")
    assert len(bounds) > 8
    for requirement in bounds:
        (bound,) = [str(one) for one in requirement.specifier if one.operator == ">="]
        version = versions[canonicalize_name(requirement.name)].removeprefix("==")
        assert re.fullmatch(re.escape(bound.removeprefix(">=")) + r"(\.\d+)*", version), requirement
