"""Every example in a docstring gives what it says."""

import doctest
import importlib
import pkgutil

import pytest

import deconvscope


def _examples():
    """Each docstring that has examples, of all modules."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for module in pkgutil.walk_packages(deconvscope.__path__, "deconvscope."):
        if not module.name.endswith("__main__"):
            found = finder.find(importlib.import_module(module.name), module.name)
            yield from (one for one in found if one.examples)


@pytest.mark.parametrize("example", [*_examples()], ids=lambda one: one.name)
def test_an_example_gives_what_it_says(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=report.append)
    assert not report, "".join(report)
