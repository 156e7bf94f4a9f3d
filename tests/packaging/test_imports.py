"""What importing costs: the second that torchvision takes is not spent before it is needed."""

import json
import subprocess
import sys

import pytest

LOADS = """
import json, sys
import torch
before = set(sys.modules)
import {name}
json.dump(sorted(set(sys.modules) - before), sys.stdout)
"""


def added_by(name):
    """The packages that importing `name` adds to those of torch."""
    script = LOADS.format(name=name)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {module.split(".")[0] for module in json.loads(done.stdout)}


@pytest.mark.parametrize(
    ("name", "late"),
    [
        (
            "deconvscope",
            {"torchvision", "anywidget", "ipywidgets", "IPython", "PIL", "safetensors"},
        ),
        ("deconvscope.reversal", {"torchvision", "anywidget", "IPython", "PIL", "safetensors"}),
        ("deconvscope.models", {"torchvision", "anywidget", "IPython"}),
        ("deconvscope.display", {"torchvision", "anywidget", "IPython"}),
    ],
)
def test_what_is_loaded_only_when_needed(name, late):
    added = added_by(name)
    assert "deconvscope" in added
    assert not added & late


def test_the_catalogue_needs_no_torchvision():
    script = (
        "import sys, deconvscope as ds; ds.available_models(); ds.sample_image(); "
        "ds.load_model('vgg16_trunk'); sys.exit('torchvision' in sys.modules)"
    )
    assert subprocess.call([sys.executable, "-c", script]) == 0
