"""Figures of simulations: a data set in, axes out, no pyplot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from dynsys.drawing import axis_label, panels

# E red, I blue, whatever follows in other hues that print apart in grey.
_COLORS = ("#b2382f", "#2f5d9b", "#8a8d8f", "#c98a1b", "#5b8c5a")


def draw_run(
    run: xr.Dataset,
    names: Sequence[str] | None = None,
    stimulus: tuple[str, np.ndarray] | None = None,
    axes: Any = None,
    *,
    style: str = "default",
    **line: Any,
) -> Any:
    """Draw the recordings of one run over time, one panel per unit, the stimulus below.

    Parameters
    ----------
    names : recordings; all by default.
    stimulus : its axis label and values (time,).
    axes : to draw on, one for each panel. line : matplotlib's keywords for the recordings.

    Returns
    -------
    The figure.
    """
    names = list(names or [str(k) for k, v in run.data_vars.items() if v.dims == ("time",)])
    units = list(dict.fromkeys(run[name].attrs.get("units", "") for name in names))
    rows = len(units) + (stimulus is not None)
    with panels(axes, style, (8, 1.2 + 1.9 * rows), rows, sharex=True) as (axes, look):
        axes = np.atleast_1d(axes)
        colors = _COLORS * (1 + len(names) // len(_COLORS))
        for name, color in zip(names, colors, strict=False):
            ax = axes[units.index(run[name].attrs.get("units", ""))]
            ax.plot(run["time"], run[name], **look.line(line, color=color, lw=1.1, label=name))
        for ax, unit in zip(axes, units, strict=False):
            ax.set_ylabel(unit or "dimensionless")
            ax.legend(loc="upper right", frameon=False, fontsize=look.legend)
        if stimulus is not None:
            axes[-1].plot(run["time"], stimulus[1], **look.line({}, color="#7a5195", lw=1.1))
            axes[-1].set_ylabel(stimulus[0])
        axes[-1].set_xlabel(axis_label("time", run["time"].attrs.get("units", "")))
        axes[-1].set_xlim(float(run["time"][0]), float(run["time"][-1]))
    return axes[0].figure
