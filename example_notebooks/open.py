"""Open the first example notebook in JupyterLab, installing what is missing into .venv first.

``python example_notebooks/open.py [arguments for jupyter lab]``
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import environment

_NOTEBOOKS = Path(__file__).resolve().parent
_FIRST = "01_click_a_neuron.ipynb"


def main(arguments: list[str]) -> int:
    """Prepare the environment, then be JupyterLab until it ends; its exit status goes out."""
    environment.prepare("lab")
    environment.build_front_end()
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of .venv, not one installed elsewhere
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in containers; JupyterLab refuses root else
        arguments = ["--allow-root", *arguments]
    environment.say(f"opening {_FIRST} in JupyterLab (Ctrl-C twice ends it)")
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is JupyterLab's to answer
    python = environment.PYTHON
    environment.status(
        python, "-m", "nbformat.sign", _FIRST, folder=_NOTEBOOKS
    )  # shows its saved widgets
    return environment.status(python, "-m", "jupyterlab", _FIRST, *arguments, folder=_NOTEBOOKS)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
