"""The notebooks: what is shown is what the text says, with pictures, and it runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import jupytext
import nbformat
import pytest

ROOT = Path(__file__).parent.parent
TEXTS = sorted((ROOT / "notebooks").glob("*.py"))
# Those of 15 s or less: the others are executed where time does not count.
SHORT = {"cakan_obermayer_2020_rhythm", "carlu_2020_hodgkin_huxley", "divolo_2019_up_down_states"}
LARGEST = 1_000_000  # bytes


def stored(text: Path) -> nbformat.NotebookNode:
    return nbformat.read(text.with_suffix(".ipynb"), as_version=4)


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def pictures(notebook: nbformat.NotebookNode) -> list[int]:
    """How many pictures each cell ends with."""
    return [
        sum("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
        for cell in notebook.cells
    ]


def maker():
    """What ``make notebooks`` runs."""
    spec = importlib.util.spec_from_file_location("maker", ROOT / "docs" / "execute_notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_notebook_has_its_text():
    assert {p.stem for p in (ROOT / "notebooks").glob("*.ipynb")} == {p.stem for p in TEXTS}


@pytest.mark.parametrize("text", TEXTS, ids=lambda p: p.stem)
def test_notebooks_show_what_their_text_says_with_pictures(text):
    """Else: ``make notebooks ONLY=name``."""
    notebook = stored(text)
    assert [(c.cell_type, c.source) for c in notebook.cells] == [
        (c.cell_type, c.source) for c in jupytext.read(text).cells
    ]
    assert all(c.execution_count for c in notebook.cells if c.cell_type == "code")
    kinds = {output.output_type for output in outputs(notebook)}
    assert "error" not in kinds and sum(pictures(notebook)) > 0
    assert text.with_suffix(".ipynb").stat().st_size < LARGEST
    printed = [output for output in outputs(notebook) if output.get("name") == "stderr"]
    assert printed == []  # examples never warn


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(path, id=path.stem, marks=() if path.stem in SHORT else pytest.mark.slow())
        for path in TEXTS
    ],
)
def test_notebooks_run_and_draw_as_stored(text):
    assert pictures(maker().executed(text)) == pictures(stored(text))
