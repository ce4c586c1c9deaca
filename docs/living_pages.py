"""A Sphinx extension: living pages on the site, of the diagrams that the tests keep."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx

from continuation import load
from continuation.explorer.commands import explorable

FOLDER = "living"
STORED = Path(__file__).parent.parent / "tests" / "data"
PAGES = {"morris_lecar": ("branch", "cycles"), "bautin": ("diagram",)}


def write_pages(folder: Path) -> Iterator[Path]:
    """Write every page; yields the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, parts in PAGES.items():
        result = explorable([load(STORED / f"{part}.nc") for part in parts])
        yield result.explore(folder / f"{name}.html")


def write_all(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        list(write_pages(Path(app.outdir) / FOLDER))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", write_all)
    return {"parallel_read_safe": True}
