"""The README's two commands start before anything is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import environment

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("script", ["environment.py", "tests/run.py", "example_notebooks/open.py"])
def test_the_commands_need_nothing_installed(script):
    start = f"import runpy; runpy.run_path({str(ROOT / script)!r}, run_name='imported')"
    bare = [sys.executable, "-I", "-S", "-c", start]  # -S: no site-packages
    assert subprocess.run(bare, capture_output=True, text=True).stderr == ""


def test_a_command_that_fails_is_named():
    with pytest.raises(SystemExit, match=r"failed \(3\): .*sys\.exit\(3\)"):
        environment.run(sys.executable, "-c", "import sys; sys.exit(3)")


def test_commands_find_the_programs_of_the_environment_first(monkeypatch, tmp_path):
    tool = tmp_path / "deconvscope-tool"
    tool.write_text("#!/bin/sh\nexit 7\n")
    tool.chmod(0o755)
    monkeypatch.setattr(environment, "_SCRIPTS", tmp_path)
    assert environment.status("deconvscope-tool") == 7


def test_the_front_end_is_built_when_it_is_older_than_its_sources(monkeypatch, tmp_path):
    source, built = tmp_path / "js" / "src" / "widget.ts", tmp_path / "static"
    source.parent.mkdir(parents=True)
    source.write_text("")
    ran: list[str] = []

    def build(*_command, folder):
        assert folder == tmp_path / "js"
        built.mkdir(exist_ok=True)
        for name in ("widget.js", "widget.css", "page.js", "page.css"):
            (built / name).write_text("")
        ran.append("build")

    monkeypatch.setattr(environment, "FRONT_END", tmp_path / "js")
    monkeypatch.setattr(environment, "BUILT", built)
    monkeypatch.setattr(environment, "run", build)
    monkeypatch.setattr(environment, "install_front_end_tools", lambda: None)
    environment.build_front_end()
    environment.build_front_end()
    assert ran == ["build"]
    for name in ("widget.css", "page.js", "page.css"):
        ran.clear()
        (built / name).unlink()
        environment.build_front_end()
        assert ran == ["build"], name
    for changed in ("build.mjs", "tsconfig.json", "package.json", "src/widget.ts"):
        ran.clear()
        (tmp_path / "js" / changed).write_text("")
        os.utime(tmp_path / "js" / changed, (2e9, 2e9))
        environment.build_front_end()
        assert ran == ["build"], changed
        os.utime(tmp_path / "js" / changed, (1e9, 1e9))
