"""The experiments are there when the package is, and cost nothing that is not used."""

import subprocess
import sys

import deconvscope.experiments as ex


def test_they_are_reached_from_the_package_without_loading_what_draws_and_cuts():
    script = (
        "import sys, torch, deconvscope as ds; ds.experiments.invert; "
        "sys.exit(any(name in sys.modules for name in ('matplotlib', 'cv2', 'torchvision', 'IPython')))"
    )
    assert subprocess.call([sys.executable, "-c", script]) == 0


def test_every_public_name_is_there_and_documented():
    assert ex.__all__ == sorted(ex.__all__, key=lambda name: (name.islower(), name))
    assert [name for name in ex.__all__ if not getattr(ex, name).__doc__] == []
