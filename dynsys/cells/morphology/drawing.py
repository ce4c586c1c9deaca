"""A cell drawn in a plane, its cables colored by a value of their nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dynsys import checks
from dynsys.drawing import canvas
from dynsys.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # only figures need it

    from dynsys.cells.morphology.tree import Morphology

_COLORS = {"soma": "0.1", "axon": "#9a9a9a", "dendrite": "#1f5fa8", "apical": "#b3402e"}
_PLANES = {"xy": (0, 1), "xz": (0, 2), "yz": (1, 2)}


def draw_morphology(
    cell: Morphology,
    values: Any = None,
    ax: Axes | None = None,
    plane: str = "xy",
    label: str = "",
    cmap: str = "viridis",
    thickness: float = 1.0,
    limits: tuple[float, float] | None = None,
    *,
    style: str = "default",
    **lines: Any,
) -> Axes:
    """Cables as lines, as wide as they are thick (in points per um, times ``thickness``).

    Parameters
    ----------
    values : (n,) one for each node; a cable has the mean of its ends. Without, kinds have colors.
    plane : "xy", "xz" or "yz". label : of the color bar. limits : values at its ends.
    style : "default" or "publication". lines : keywords of matplotlib's ``LineCollection``.

    Raises ModelError for values that are not one for each node.

    Example
    -------
    >>> draw_morphology(cell, abs(neuron.polarization()[:, 0]), label="mV per V/m")
    """
    checks.known("plane", plane, _PLANES, "a drawing of a cell")
    with canvas(ax, style, (5, 5)) as (ax, look):
        cables = _cables(cell, values, plane, thickness * look.scale, cmap, limits, lines)
        return _drawn(cell, ax, plane, label, *cables)


def _cables(
    cell: Morphology, values: Any, plane: str, thickness: float, cmap: str,
    limits: tuple[float, float] | None, lines: dict[str, Any],
) -> tuple[Any, Any]:  # fmt: skip
    """The lines of all cables, and the color of the soma."""
    from matplotlib.collections import LineCollection  # only figures need it

    flat = cell.positions[:, _PLANES[plane]]
    before = np.maximum(cell.parents, 0)
    paths = list(np.stack([flat[before], flat], axis=1)[1:])
    widths = np.maximum(thickness * cell.diameters[1:].mean(axis=1), 0.5)
    if values is None:
        kinds = [_COLORS.get(k, "0.5") for k in cell.kinds[1:]]
        own = {"linewidths": widths, "colors": kinds}
        return LineCollection(paths, **own | lines), _COLORS["soma"]
    given = checks.numbers("values", values)
    if given.shape != (len(cell),):
        raise ModelError(f"values has the shape {given.shape}; give one for each node")
    shown = LineCollection(paths, **{"linewidths": widths, "cmap": cmap} | lines)
    shown.set_array((given[before] + given)[1:] / 2)
    shown.set_clim(*(limits or (given.min(), given.max())))
    return shown, shown.to_rgba(given[0])


def _drawn(cell: Morphology, ax: Axes, plane: str, label: str, shown: Any, soma: Any) -> Axes:
    from matplotlib.patches import Circle  # only figures need it

    if shown.get_array() is not None:
        ax.figure.colorbar(shown, ax=ax, label=label, shrink=0.8)
    shown.set_capstyle("round")
    ax.add_collection(shown)
    if cell.soma_diameter:
        place = tuple(cell.positions[0, _PLANES[plane]])
        ax.add_patch(Circle(place, cell.soma_diameter / 2, color=soma, zorder=3))
    ax.autoscale_view()
    ax.margins(0.05)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlabel(f"{plane[0]} (um)")
    ax.set_ylabel(f"{plane[1]} (um)")
    return ax
