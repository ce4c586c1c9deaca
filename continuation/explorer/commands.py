"""``dynsys explore``: the living page of a saved diagram or branch."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dynsys.errors import ModelError

_ABOUT = """\
Write a page in which a saved diagram lives: one HTML file, no server, no network. Under the cursor
it tells the attractors and the nearest boundary; at a click the model runs there, in the page, with
sliders for every parameter and a stimulus.

  dynsys explore figure2a/diagram.nc --out figure2a.html
  dynsys explore rhythm/equilibria.nc rhythm/cycles1.nc --out rhythm.html

Several files: equilibria and cycles of one parameter in one page.
"""


def add_explore(subparsers: Any) -> None:
    """Add ``dynsys explore``."""
    parser = subparsers.add_parser(
        "explore", help="a page in which a saved diagram lives",
        description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what was saved (.nc)")
    parser.add_argument("--out", type=Path, required=True, help="the page to write (.html)")
    parser.set_defaults(run=run_explore)


def run_explore(chosen: argparse.Namespace) -> None:
    """Load, write the page and name it."""
    # Here, since the command line's help should not wait for it.
    from continuation.storage import load

    if chosen.out.suffix != ".html":
        raise ModelError(f"--out {chosen.out}: a page is a file that ends in .html")
    result = explorable([load(path) for path in chosen.files])
    print(f"wrote {result.explore(chosen.out)}")


def explorable(results: Sequence[Any]) -> Any:
    """The one result, or the one-parameter diagram that several make together.

    Raises ModelError for what has no page, or does not belong together.
    """
    # Here, since the command line's help should not wait for it.
    from continuation.cycles.branch import CycleBranch
    from continuation.diagrams.line_diagram import LineDiagram
    from continuation.explorer.explorable import Explorable
    from continuation.steady_states.branch import Branch

    kinds = [getattr(result, "kind", "diagram") for result in results]
    if len(results) == 1:
        if not isinstance(results[0], Explorable):
            raise ModelError(f"a {kinds[0]} has no page of its own; explore its diagram")
        return results[0]
    branches = [r for r in results if isinstance(r, Branch) and len(r.parameters) == 1]
    cycles = [r for r in results if isinstance(r, CycleBranch)]
    if len(branches) != 1 or len(branches) + len(cycles) != len(results):
        raise ModelError(
            f"{', '.join(kinds)} make no page together; give one branch of equilibria and branches "
            "of cycles of the same parameter"
        )
    (branch,) = branches
    (name,) = branch.parameters
    for found in cycles:
        if found.parameter != name or found.model.name != branch.model.name:
            raise ModelError(
                f"equilibria of {branch.model.name} in {name} and cycles of {found.model.name} in "
                f"{found.parameter} make no page together"
            )
    return LineDiagram(branch.model, name, branch, tuple(cycles))
