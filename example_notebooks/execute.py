"""Execute the example notebooks and keep their outputs, the widgets' state included.

``python example_notebooks/execute.py [NAME.ipynb …]`` writes each notebook in place; by default all of them.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent
STATE, VIEW = (f"application/vnd.jupyter.widget-{kind}+json" for kind in ("state", "view"))
BAR = "HBoxModel"
"""What a progress bar of tqdm is as a widget."""


def execute(path: Path, timeout: int | None = None) -> nbformat.NotebookNode:
    """Run every cell in a fresh kernel; an error or a warning in a cell is an error here.

    Args:
        path: the notebook.
        timeout: seconds that a cell may take; by default as long as it likes.

    Returns:
        The notebook with outputs, without what changes from run to run.

    Raises:
        RuntimeError: a cell wrote to standard error, with what it wrote.
    """
    notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=timeout, startup_timeout=600, kernel_name="python3", store_widget_state=True,
        resources={"metadata": {"path": str(path.parent)}},
    )  # fmt: skip
    client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                raise RuntimeError(
                    f"{path.name}: a cell wrote to standard error:\n{output['text']}"
                )
    _take_out_bars(notebook)
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata["executed"] = sources(notebook)
    return notebook


def sources(notebook: nbformat.NotebookNode) -> str:
    """Return a digest of the code, by which outputs tell that they are of this code."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\n\n".join(code).encode()).hexdigest()


def _take_out_bars(notebook: nbformat.NotebookNode) -> None:
    """Drop progress bars, which come where a machine is slow, and the state of all that is not shown."""
    models = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    shown: list[str] = []
    for cell in notebook.cells:
        kept = []
        for output in cell.get("outputs", ()):
            model = output.get("data", {}).get(VIEW, {}).get("model_id")
            if models.get(model, {}).get("model_name") == BAR:
                continue
            kept.append(output)
            if model in models:
                shown += [model, *re.findall(r"IPY_MODEL_(\w+)", json.dumps(models[model].state))]
        if cell.cell_type == "code":
            cell.outputs = kept
    for model in set(models) - set(shown):
        del models[model]


def main(names: list[str]) -> None:
    """Execute and write."""
    for path in [NOTEBOOKS / name for name in names] or sorted(NOTEBOOKS.glob("*.ipynb")):
        nbformat.write(execute(path), path)
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
