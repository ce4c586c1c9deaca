"""Firing patterns over two parameters, with borders computed from the adaptation map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from dynsys.drawing import DARK, canvas
from dynsys.errors import DynsysError, ModelError
from dynsys.neurons.firing_pattern import PATTERNS, FiringPattern, firing_pattern
from dynsys.neurons.neuron import SpikingNeuron
from dynsys.styles import Style

UNDEFINED = "undefined"
_SPIKES, _MOST = 200, 1200
_COLORS = {
    "silent": "#f2f2f2", "transient": "#dce6f0", "tonic": "#8fb3d9", "adapting": "#5b8c5a",
    "initial burst": "#c9d8b6", "delayed": "#d5c9e6", "bursting": "#f3bd9f",
    "irregular": "#b2382f", UNDEFINED: "#ffffff",
}  # fmt: skip

Axis = tuple[str, float, float]


def pattern_atlas(
    neuron: SpikingNeuron,
    x: Axis,
    y: Axis,
    resolution: int = 17,
    holding: float = 5.0,
    bisections: int = 6,
) -> xr.Dataset:
    """The firing pattern on a grid over two parameters, and the borders between patterns.

    1. At every grid point the pattern is read off the adaptation map (``firing_pattern``).
    2. Between neighbours of different pattern, or number of spikes in a burst, the border is
       bisected, to 2^-bisections of a cell.

    Parameters
    ----------
    x, y : (parameter, low, high), any parameters of the neuron.
    resolution : grid points a side.

    Returns
    -------
    Dataset over (y, x): ``pattern`` (words), ``spikes`` a period, ``rate`` (Hz), ``reason`` (also
    why a point is "undefined"); and over ``border``: ``border_x``, ``border_y``, ``between``.

    Raises
    ------
    UnknownNameError, ModelError for axes that make no sense.

    Example
    -------
    >>> from dynsys.models import adex_neuron
    >>> atlas = pattern_atlas(adex_neuron("bursting"), ("b", 0, 60), ("Vr", -60, -44))
    """
    for name, low, high in (x, y):
        neuron.field.parameter_index(name)
        if not low < high:
            raise ModelError(f"the span {low:g} .. {high:g} of {name} is empty or reversed")
    if x[0] == y[0] or resolution < 2:
        raise ModelError("an atlas needs two different parameters and at least 2 points a side")
    columns, rows = np.linspace(*x[1:], resolution), np.linspace(*y[1:], resolution)

    def at(u: float, v: float) -> tuple[str, FiringPattern | None, str]:
        return _pattern(neuron, {x[0]: float(u), y[0]: float(v)}, holding)

    found = [[at(u, v) for u in columns] for v in rows]
    borders = _borders(at, columns, rows, found, bisections)
    words = [[p.pattern if p else UNDEFINED for _, p, _ in row] for row in found]
    grid = {
        "pattern": np.array(words),
        "spikes": np.array([[p.spikes_per_period if p else 0 for _, p, _ in r] for r in found]),
        "rate": np.array([[p.rate if p else np.nan for _, p, _ in r] for r in found]),
        "reason": np.array([[why for _, _, why in r] for r in found]),
    }
    return xr.Dataset(
        {
            **{k: ((y[0], x[0]), v) for k, v in grid.items()},
            "border_x": ("border", np.array([b[0] for b in borders], dtype=float)),
            "border_y": ("border", np.array([b[1] for b in borders], dtype=float)),
            "between": ("border", np.array([b[2] for b in borders], dtype=str)),
        },
        coords={
            x[0]: (x[0], columns, {"units": neuron.field.unit(x[0])}),
            y[0]: (y[0], rows, {"units": neuron.field.unit(y[0])}),
        },
        attrs={"neuron": str(neuron), "x": x[0], "y": y[0], "holding": holding},
    )


def _pattern(
    neuron: SpikingNeuron, values: dict[str, float], holding: float
) -> tuple[str, FiringPattern | None, str]:
    """(what borders separate, the pattern or None, the reason)."""
    try:
        found = firing_pattern(
            neuron.with_parameters(**values), holding=holding, spikes=_SPIKES, most=_MOST
        )
    except DynsysError as error:
        return UNDEFINED, None, str(error)
    count = f" {found.spikes_per_period}" if found.pattern == "bursting" else ""
    return found.pattern + count, found, found.reason


def _borders(
    at: Callable[[float, float], tuple[str, Any, str]], columns: np.ndarray, rows: np.ndarray,
    found: list[list[tuple[str, Any, str]]], bisections: int,
) -> list[tuple[float, float, str]]:  # fmt: skip
    """Points on the borders: (x, y, "one | other")."""
    result = []
    for i in range(len(rows)):
        for j in range(len(columns)):
            here = found[i][j][0]
            for k, m in ((i, j + 1), (i + 1, j)):
                if k == len(rows) or m == len(columns) or found[k][m][0] == here:
                    continue
                ends = np.array([[columns[j], rows[i]], [columns[m], rows[k]]])
                for _ in range(bisections):
                    middle = ends.mean(axis=0)
                    ends[0 if at(*middle)[0] == here else 1] = middle
                result.append((*ends.mean(axis=0), f"{here} | {found[k][m][0]}"))
    return result


def draw_atlas(atlas: xr.Dataset, ax: Any = None, *, style: str = "default", **mesh: Any) -> Any:
    """Patterns by colour, spikes per burst as numbers, border points in black. Returns the axes.

    ``mesh`` are matplotlib's keywords for the colours (``pcolormesh``).
    """
    with canvas(ax, style, (7.4, 4.8)) as (ax, look):
        return _draw_atlas(atlas, ax, look, mesh)


def _draw_atlas(atlas: xr.Dataset, ax: Any, look: Style, mesh: dict[str, Any]) -> Any:
    from matplotlib.colors import ListedColormap  # only figures need it
    from matplotlib.patches import Patch

    x, y = atlas[atlas.attrs["x"]], atlas[atlas.attrs["y"]]
    order = [*PATTERNS, UNDEFINED]
    words = atlas["pattern"].values
    codes = np.array([[order.index(str(w)) for w in row] for row in words])
    own = {"cmap": ListedColormap([_COLORS[k] for k in order]), "shading": "nearest"}
    own |= {"vmin": -0.5, "vmax": len(order) - 0.5, "alpha": 0.85, "rasterized": True}
    ax.pcolormesh(x.values, y.values, codes, **own | mesh)
    dots = look.line({}, color=DARK, ms=2.5)
    ax.plot(atlas["border_x"], atlas["border_y"], ".", **dots)
    spikes = atlas["spikes"].values
    for i, j in np.argwhere(words == "bursting")[:: max(1, words.size // 400)]:
        ax.annotate(
            str(spikes[i, j]), (x.values[j], y.values[i]), ha="center", va="center",
            fontsize=look.names - 2.5,
        )  # fmt: skip
    present = [k for k in order if k in words]
    handles = [Patch(fc=_COLORS[k], ec=DARK, lw=0.4, label=k) for k in present]
    beside = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "frameon": False}
    ax.legend(handles=handles, fontsize=look.legend, **beside)
    ax.set(xlabel=f"{x.name} ({x.attrs['units']})", ylabel=f"{y.name} ({y.attrs['units']})")
    return ax
