"""A Sphinx extension: the gallery of executed notebooks, each figure beside the published numbers.

What is "here" in its tables is read out of the notebooks' own outputs; a number that a notebook no
longer prints is an error.
"""

from __future__ import annotations

import base64
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import nbformat
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
FOLDER = "_gallery"


class Number(NamedTuple):
    """What a paper says, and the pattern whose group is ours in the notebook's output."""

    what: str
    published: str
    pattern: str


class Entry(NamedTuple):
    """A notebook, which of its pictures stands for it, and its published numbers."""

    notebook: str
    picture: int
    numbers: tuple[Number, ...] = ()


RANGE, PAIR = r"([\d.]+ to [\d.]+ Hz)", r"([\d.]+ and [\d.]+ Hz)"
GALLERY: dict[str, tuple[Entry, ...]] = {
    "Begin here": (
        Entry("reading_a_bifurcation_diagram", 2),
        Entry("from_xppaut", 1),
        Entry("your_own_model", 2),
    ),
    "Cakan & Obermayer 2020: the AdEx mean field": (
        Entry(
            "cakan_obermayer_2020_figure2", 4,
            (
                Number("cusp, mu_e (on the published table)", "1.7553", r"CP1  mu_e = (1\.[\d]+)"),
                Number("r_E at A2, in the limit of small steps", "2.65 to 37.0 Hz",
                       rf"A2: mean field {RANGE}"),
                Number("r_E at B3", "0.060 to 33.2 Hz", rf"B3: mean field {RANGE}"),
            ),
        ),
        Entry("cakan_obermayer_2020_figure3", 1),
        Entry("cakan_obermayer_2020_figure4", 1),
        Entry(
            "cakan_obermayer_2020_figure5", 2,
            (
                Number("1:1 locking at 20 pA, whole Hz", "18 to 25 Hz", rf"1:1 locking: {RANGE}"),
                Number("1:1 and 1:2 locking at 100 pA", "1 to 34 and 35 to 51 Hz",
                       r"one stimulus cycle: (.+)"),
            ),
        ),
        Entry("cakan_obermayer_2020_figure6", 0),
        Entry(
            "cakan_obermayer_2020_rhythm", 0,
            (Number("frequency at A2 (on its table)", "22.57 Hz", r"([\d.]+ Hz), r_E from"),),
        ),
        Entry("why_the_network_differs", 1),
        Entry("own_network", 0),
    ),
    "Conductance-based mean fields": (
        Entry("zerlaut_2018_network", 0),
        Entry(
            "zerlaut_2018_ring", 0,
            (
                Number("largest nu_e of the stored array", "108.75190730 Hz", r"nu_e: ([\d.]+ )"),
                Number("largest dV_N of the stored array", "0.14573273", r"dV_N: ([\d.]+ )"),
            ),
        ),
        Entry("divolo_2019_up_down_states", 2),
        Entry(
            "carlu_2020_hodgkin_huxley", 0,
            (
                Number("spontaneous rates", "1.2307 and 7.7312 Hz", rf"rates {PAIR}"),
                Number("their deviations", "0.191 and 0.354 Hz", rf"standard deviations {PAIR}"),
                Number("peak of nu_e", "2.1171 Hz at 1005.5 ms", r"e: peak (.+ ms)"),
            ),
        ),
        Entry("reconstruction_to_population", 2),
    ),
    "Single neurons and small circuits": (
        Entry("naud_2008_firing_patterns", 3),
        Entry("neuron_inputs", 0),
        Entry("neuron_circuits", 0),
    ),
}  # fmt: skip


def write_gallery(folder: Path) -> None:
    """Copy the notebooks into the site's sources and write the page that shows them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    listed = {entry.notebook for entries in GALLERY.values() for entry in entries}
    there = {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
    if listed != there:
        raise ExtensionError(f"the gallery and notebooks/ differ in {sorted(listed ^ there)}")
    lines = ["# Gallery", "", INTRODUCTION, ""]
    for heading, entries in GALLERY.items():
        lines += [f"## {heading}", ""]
        for entry in entries:
            lines += shown(entry, folder)
    lines += ["```{toctree}", ":hidden:", ""]
    lines += [entry.notebook for entries in GALLERY.values() for entry in entries]
    (folder / "index.md").write_text("\n".join([*lines, "```", ""]))


INTRODUCTION = """\
Every page is a notebook of the folder `notebooks/`, executed by `make notebooks`; beside each
stands the same text as a program (.py). Published numbers are those of the papers and their
archives."""


def shown(entry: Entry, folder: Path) -> list[str]:
    """The lines of one notebook in the gallery; its page and picture are put into ``folder``."""
    path = NOTEBOOKS / f"{entry.notebook}.ipynb"
    shutil.copy(path, folder)
    notebook = nbformat.read(path, as_version=4)
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    pictures = [o["data"]["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    (folder / f"{entry.notebook}.png").write_bytes(base64.b64decode(pictures[entry.picture]))
    title, _, text = notebook.cells[0].source.partition("\n")
    printed = "".join(o.get("text", "") for o in outputs)
    lines = [f"### [{title.lstrip('# ')}]({entry.notebook}.ipynb)", ""]
    lines += [f"[![{title.lstrip('# ')}]({entry.notebook}.png)]({entry.notebook}.ipynb)", ""]
    lines += [first_sentence(text), ""]
    if entry.numbers:
        lines += ["| | published | here |", "|---|---|---|"]
        lines += [
            f"| {n.what} | {n.published} | {found(n, printed, path)} |" for n in entry.numbers
        ]
    return [*lines, ""]


def first_sentence(text: str) -> str:
    """Of a notebook's first cell, without formulas."""
    flat = " ".join(line for line in text.split("\n") if not line.startswith("#")).strip()
    return re.split(r"(?<=[.:?])\s+(?=[A-Z$])", flat)[0]


def found(number: Number, printed: str, path: Path) -> str:
    """What the notebook prints for a number."""
    match = re.search(number.pattern, printed)
    if match is None:
        raise ExtensionError(f"{path.name} prints nothing like {number.pattern!r}")
    return match[1].strip()


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", lambda app, config: write_gallery(Path(app.srcdir) / FOLDER))
    return {"parallel_read_safe": True}
