"""Executed notebooks (.ipynb) with pictures, from their texts (.py): ``make notebooks``.

Usage: python docs/execute_notebooks.py [name ...]    without a name all of them
"""

from __future__ import annotations

import base64
import io
import os
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from PIL import Image

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
COLORS = 256  # lines on white need no more, and the files are a third as large


def executed(path: Path, timeout: float = 1200.0) -> nbformat.NotebookNode:
    """The notebook of a text in percent format, run from its own folder.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        for a cell that fails.
    """
    notebook = jupytext.read(path)
    client = NotebookClient(
        notebook, timeout=timeout, kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )  # fmt: skip
    return client.execute()


def tidied(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Nothing that differs between two runs (times, random ids), and small pictures."""
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"]}
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number}", {}
        for output in cell.get("outputs", []):
            output.get("metadata", {}).clear()
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = smaller(data["image/png"])
                data.pop("text/html", None)
    return notebook


def smaller(png: str) -> str:
    """A picture (base64) with a palette."""
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    out = io.BytesIO()
    image.quantize(COLORS, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def main(names: list[str]) -> None:
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(NOTEBOOKS.parent), os.environ.get("PYTHONPATH", "")]
    )
    for path in [NOTEBOOKS / f"{n}.py" for n in names] or sorted(NOTEBOOKS.glob("*.py")):
        start = time.perf_counter()
        notebook = tidied(executed(path))
        target = path.with_suffix(".ipynb")
        nbformat.write(notebook, target)
        pictures = sum(
            "image/png" in o.get("data", {}) for c in notebook.cells for o in c.get("outputs", [])
        )
        print(f"{path.stem}: {pictures} pictures, {target.stat().st_size / 1e3:.0f} kB, "
              f"{time.perf_counter() - start:.0f} s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
