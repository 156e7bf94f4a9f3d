"""What importing costs: the second that torchvision takes is not spent before it is needed."""

import json
import subprocess
import sys

import pytest

NOTEBOOKS = {"torchvision", "anywidget", "ipywidgets", "IPython"}
PICTURES = {"PIL", "safetensors"}
LATE = {
    "deconvscope": NOTEBOOKS | PICTURES,
    "deconvscope.reversal": NOTEBOOKS | PICTURES,
    "deconvscope.display": NOTEBOOKS,
    "deconvscope.models": NOTEBOOKS,
}
"""What is imported, one after the other, and what must not have been loaded by then."""
IMPORT = """
import importlib, json, sys
import torch
before, added = set(sys.modules), {}
for name in sys.argv[1:]:
    importlib.import_module(name)
    added[name] = sorted(set(sys.modules) - before)
json.dump(added, sys.stdout)
"""


@pytest.fixture(scope="module")
def added():
    """The packages that were loaded beside those of torch, once each name was imported."""
    script = [sys.executable, "-c", IMPORT, *LATE]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    return {
        name: {module.split(".")[0] for module in modules}
        for name, modules in json.loads(done.stdout).items()
    }


@pytest.mark.parametrize("name", LATE)
def test_what_is_loaded_only_when_needed(added, name):
    assert "deconvscope" in added[name]
    assert not added[name] & LATE[name]


def test_the_catalogue_needs_no_torchvision():
    script = (
        "import sys, deconvscope as ds; ds.available_models(); ds.sample_image(); "
        "ds.load_model('vgg16_trunk'); sys.exit('torchvision' in sys.modules)"
    )
    assert subprocess.call([sys.executable, "-c", script]) == 0
