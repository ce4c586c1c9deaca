"""Figures of entrainment: tongues and maps of power; computed data in, axes out."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynsys.drawing import DARK, canvas
from dynsys.styles import Style, merged
from stimulation.waveforms.drawing import STIMULUS
from stimulation.waveforms.units import factor_to_parameter

TORUS = "#ef5675"


def draw_tongue(tongue: Any, ax: Any = None, style: str = "default", **line: Any) -> Any:
    """Draw an Arnold tongue: frequency across, amplitude up.

    Dashed from the phase response, dots by simulation; by continuation squares on the curves of
    folds and period doublings (dark) and tori (light), whose codimension-two points are named.
    ``style`` is "default" or "publication"; ``line`` are matplotlib's keywords for the edges.
    """
    with canvas(ax, style) as (ax, look):
        return _draw_tongue(tongue, ax, look, line)


def _draw_tongue(tongue: Any, ax: Any, look: Style, line: dict[str, Any]) -> Any:
    reached = ax.get_ylim()[1] if ax.lines else 0.0
    amplitude = np.concatenate([[0.0], tongue.data["amplitude"].values])
    order = np.argsort(amplitude)
    n, m = tongue.ratio
    tip = tongue.natural * m / n
    styles: dict[str, dict[str, Any]] = {
        "phase response": {"ls": "--"},
        "continuation": {"ls": "", "marker": "s", "ms": 6 * look.scale, "mfc": "none"},
        "simulation": {"ls": "", "marker": "o", "ms": 3 * look.scale, "color": DARK},
    }
    own = merged({"color": STIMULUS, "lw": 1.4 * look.scale} | styles[tongue.method], line)
    sides = [np.concatenate([[tip], tongue.data[k].values])[order] for k in ("lowest", "highest")]
    for side, name in zip(sides, (f"{n}:{m}, {tongue.method}", None), strict=True):
        ax.plot(side, amplitude[order], label=name, **own)
    per_unit = factor_to_parameter(tongue.unit, tongue.model, tongue.input)
    top = 1.15 * amplitude.max()
    for curve in tongue.curves:
        across, up = (curve.data[name].values for name in curve.parameters)
        color = TORUS if curve.kind == "torus curve" else STIMULUS
        ax.plot(across, up / per_unit, color=color, lw=look.scale)
        for cycle in curve.special_points:
            at, height = (cycle.parameters[name] for name in curve.parameters)
            if height / per_unit < top:
                ax.plot(at, height / per_unit, ".", color=color, ms=4)
                ax.annotate(
                    cycle.label, (at, height / per_unit), (3, 2), textcoords="offset points",
                    fontsize=look.names - 2, color=color,
                )  # fmt: skip
    unit = tongue.data["lowest"].attrs["units"]
    ax.set(xlabel=f"stimulation frequency ({unit})", ylabel=f"amplitude ({tongue.unit})")
    ax.set_ylim(0, max(top, reached))
    ax.legend(frameon=False, loc="lower left", fontsize=look.legend)
    return ax


def draw_entrainment(result: Any, ax: Any = None, style: str = "default", **mesh: Any) -> Any:
    """Draw an entrainment map: colour is the logarithm of power; diagonals 1:1, 1:2 and 2:1.

    ``style`` is "default" or "publication"; ``mesh`` are matplotlib's keywords for ``pcolormesh``.
    """
    with canvas(ax, style) as (ax, look):
        return _draw_entrainment(result, ax, look, mesh)


def _draw_entrainment(result: Any, ax: Any, look: Style, given: dict[str, Any]) -> Any:
    stimulation, frequency = (result.data[k].values for k in ("stimulation", "frequency"))
    top = max(stimulation.max(), 2 * result.natural)
    shown = (frequency > 0) & (frequency <= top)
    power = np.log10(np.maximum(result.data["power"].values[:, shown].T, 1e-12))
    high = power.max()
    own = {"cmap": "magma", "vmin": high - 5, "vmax": high, "shading": "nearest"}
    mesh = ax.pcolormesh(stimulation, frequency[shown], power, **own | {"rasterized": True} | given)
    ax.figure.colorbar(mesh, ax=ax, label=f"log10 power ({result.data['power'].attrs['units']})")
    line = np.array([0.0, stimulation.max()])
    for slope, name in ((1.0, "1:1"), (0.5, "1:2"), (2.0, "2:1")):
        end = min(line[1], top / slope)
        ax.plot([0, end], [0, slope * end], color="white", lw=0.7, ls=":")
        ax.annotate(
            name, (0.92 * end, 0.92 * slope * end), color="white", fontsize=look.names - 1,
            ha="right", va="bottom",
        )  # fmt: skip
    ax.axhline(result.natural, color="white", lw=0.6, ls="--")
    unit = result.data["response"].attrs["units"]
    ax.set(xlabel=f"stimulation frequency ({unit})", ylabel=f"response frequency ({unit})")
    ax.set_ylim(frequency[shown][0], top)
    ax.set_xlim(stimulation.min(), stimulation.max())
    return ax
