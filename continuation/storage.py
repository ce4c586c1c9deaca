"""``load``: any branch, curve or diagram from its file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from continuation.netcdf import FORMAT, head_of
from dynsys.errors import StorageError
from dynsys.netcdf import read_netcdf
from dynsys.typed import typed
from dynsys.version import __version__

_BRANCH = ("continuation.steady_states.branch", "Branch")
_CYCLES = ("continuation.cycles.branch", "CycleBranch")
_CURVE = ("continuation.cycles.curves", "CycleCurve")
# What reads each kind of file: module and class, imported when a file asks for them, since the
# cycle engine compiles on its first import and a branch of equilibria should not wait for it.
READERS = {
    "equilibria": _BRANCH,
    "fixed points": _BRANCH,
    "fold curve": _BRANCH,
    "hopf curve": _BRANCH,
    "limit cycles": _CYCLES,
    "cycles of a conserved quantity": _CYCLES,
    "cycle fold curve": _CURVE,
    "cycle fold curve at fixed period": _CURVE,
    "period doubling curve": _CURVE,
    "torus curve": _CURVE,
    "homoclinic curve": _CURVE,
    "diagram": ("continuation.diagrams.diagram", "Diagram"),
}


@typed
def load(path: str | Path) -> Any:
    """Read what ``save`` wrote: a Branch, CycleBranch, CycleCurve or Diagram.

    Raises StorageError where the file is missing, damaged or not one of ours.

    Example
    -------
    >>> diagram = load("figure2a/diagram.nc")
    """
    tree = read_netcdf(path)
    try:
        head = head_of(tree)
        if head["format"] != FORMAT:
            raise StorageError(
                f"{path} has format {head['format']}; dynsys {__version__} reads format {FORMAT}: "
                "read it with the version that wrote it, or compute it again"
            )
        if head["kind"] not in READERS:
            raise StorageError(
                f"{path} holds a {head['kind']}, which this version does not know; it reads "
                f"{', '.join(READERS)}"
            )
        module, name = READERS[head["kind"]]
        content = tree if head["kind"] == "diagram" else tree.to_dataset()
        return getattr(import_module(module), name).from_stored(content)
    except StorageError:
        raise
    except Exception as error:  # whatever a file that is not ours, or hostile, leads to
        raise StorageError(
            f"{path} cannot be read as a branch or diagram ({error}); compute it again"
        ) from error
