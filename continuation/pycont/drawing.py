"""PyCont's pictures, without pyplot: curves by stability, special points by name, orbits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from continuation.drawing import (
    FOLD_COLOR,
    HOPF_COLOR,
    Mark,
    draw_marks,
)
from dynsys.drawing import CYCLE_COLOR, DARK, canvas
from dynsys.errors import ModelError
from dynsys.styles import Style

COLORS = {"EP": DARK, "LP": FOLD_COLOR, "H": HOPF_COLOR, "LC": CYCLE_COLOR}
# Stability letters of PyCont: stable, unstable, neither (saddles), not known.
STYLES: dict[str, Any] = {"S": "-", "U": "--", "N": "-.", "X": ":"}


def _coordinates(curve: Any, coords: Sequence[str] | None) -> list[str]:
    names = list(coords) if coords else [curve.freepars[0], curve.varslist[0]]
    if len(names) != 2:
        raise ModelError(f"coords is {coords!r}; give two names, for instance ('I', 'v')")
    known = curve.sol.coordnames
    return [f"{k}_max" if k not in known and f"{k}_max" in known else k for k in names]


def draw_curve(
    curve: Any, coords: Any, stability: bool, axes: Any, style: str, line: dict[str, Any]
) -> Any:
    """Draw a computed curve in two of its coordinates; returns the axes."""
    if curve.sol is None:
        raise ModelError(f"curve {curve.name} is empty; call forward() or backward() first")
    with canvas(axes, style) as (ax, look):
        return _draw_curve(curve, coords, stability, ax, look, line)


def _draw_curve(
    curve: Any, coords: Any, stability: bool, ax: Any, look: Style, line: dict[str, Any]
) -> Any:
    across, up = _coordinates(curve, coords)
    kind = curve.curvetype.split("-")[0]
    x, y = curve.sol[across], curve.sol[up]
    letters = np.array([p.labels[kind]["stab"] for p in curve.sol])
    if not (stability and kind in ("EP", "LC")):
        letters[:] = "S"
    edges = np.flatnonzero(letters[1:] != letters[:-1]) + 1
    for part in np.split(np.arange(len(x)), edges):
        run = np.append(part, part[-1] + 1) if part[-1] + 1 < len(x) else part
        letter = letters[part[0]]
        own = {"color": COLORS.get(kind, DARK), "lw": 2.0 if letter == "S" else 1.0}
        ax.plot(x[run], y[run], **look.line(line, ls=STYLES[letter], **own))
    marks: list[Mark] = []
    for point in curve.sol:
        for label, content in point.labels.items():
            if "name" in content and label not in ("P", kind):
                marks.append(Mark(point[across], point[up], label, content["name"]))
    ax.set(xlabel=across, ylabel=up.removesuffix("_max"))
    ax.autoscale_view()
    draw_marks(ax, marks, look)
    return ax


def draw_orbits(
    curve: Any, coords: Any, orbits: list, axes: Any, style: str, line: dict[str, Any]
) -> Any:
    """Draw orbits against time or in a plane of two variables; returns the axes."""
    across, up = coords or ("t", curve.varslist[0])
    names, phase = list(curve.model.states), np.linspace(0, 1, 400)
    for name in (across, up):
        if name != "t" and name not in names:
            raise ModelError(f"{name!r} is no variable of {curve.model.name}: {', '.join(names)}")
    with canvas(axes, style) as (ax, look):
        for shade, orbit in zip(np.linspace(0.25, 1, len(orbits)), orbits, strict=True):
            states = curve.branch.solver.states(orbit, phase)
            columns = {"t": phase * orbit.period, **dict(zip(names, states.T, strict=False))}
            own = {"color": CYCLE_COLOR, "lw": 1.2, "alpha": float(shade)}
            ax.plot(columns[across], columns[up], **look.line(line, **own))
        ax.set(xlabel=across, ylabel=up)
    return ax
