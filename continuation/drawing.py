"""Figures of plain data: tables, marks and regions in, axes out; no pyplot, no result classes."""

from __future__ import annotations

import base64
import html as html_text
from collections.abc import Iterable, Sequence
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dynsys.storage import write_atomically

if TYPE_CHECKING:  # tables are only read here: who draws none need not load xarray
    import xarray as xr

DARK = "#222222"
FOLD_COLOR, HOPF_COLOR, BRANCHING_COLOR = "#1f4e79", "#c8553d", "#3d7a4a"
REGION_COLORS = {
    "down": "#dce6f0",
    "up": "#f7dcb4",
    "down + up": "#c9d8b6",
    "LC_EI": "#efd3d0",
    "LC_aE": "#d5c9e6",
    "up + LC_EI": "#f3bd9f",
    "down + LC_EI": "#dcb6c6",
    "down + LC_aE": "#a9a4d8",
    "up + LC_aE": "#d9a9c4",
    "limit cycle": "#efd3d0",
    "outside the table's domain": "#eeeeee",
}
SPARE_COLORS = ["#d9d2e9", "#d0e0e3", "#fff2cc", "#ead1dc", "#e0e0d1"]
MARKERS = {
    "LP": "o", "H": "D", "BP": "s", "B": "|", "CP": "v", "BT": "^", "GH": "P", "ZH": "X", "HH": "*",
    "suspect": "x", "LPC": "o", "PD": "s", "NS": "D", "BPC": "P",
}  # fmt: skip


CYCLE_COLOR = "#7a3e9d"
WRONG = "#c1121f"  # points at which a diagram is contradicted
# The curves of a plane of two parameters, by their word in the legend.
CURVE_STYLES: dict[str, dict[str, Any]] = {
    "fold of cycles": {"color": CYCLE_COLOR, "lw": 1.1, "ls": "-"},
    "period doubling": {"color": CYCLE_COLOR, "lw": 1.1, "ls": (0, (1, 1.2))},
    "torus bifurcation": {"color": CYCLE_COLOR, "lw": 1.1, "ls": (0, (5, 1.5, 1, 1.5))},
    "homoclinic (diverging period)": {"color": CYCLE_COLOR, "lw": 1.1, "ls": (0, (4, 1.2))},
    "canard (fold at fixed period)": {"color": CYCLE_COLOR, "lw": 1.1, "ls": (0, (8, 1.5))},
    "fold of equilibria": {"color": FOLD_COLOR, "lw": 1.6, "ls": "-"},
    "Hopf": {"color": HOPF_COLOR, "lw": 1.6, "ls": (0, (6, 1.5))},
    "Hopf of the network (exact)": {"color": "#222222", "lw": 1.6, "ls": (0, (1.5, 1.5))},
    "pitchfork": {"color": BRANCHING_COLOR, "lw": 1.6, "ls": (0, (8, 1.5, 2, 1.5))},
    "transcritical": {"color": BRANCHING_COLOR, "lw": 1.6, "ls": (0, (3, 1))},
}


class Mark(NamedTuple):
    """A special point in a figure: where, its label ("LP") and its name ("LP2")."""

    x: float
    y: float
    label: str
    name: str


class Curve(NamedTuple):
    """A curve (k,) of a plane; ``word`` is a key of ``CURVE_STYLES``; ``faint`` where it bounds
    nothing stable."""

    word: str
    x: np.ndarray
    y: np.ndarray
    faint: bool = False


class Region(NamedTuple):
    """A region of a plane: its word, its (multi)polygon, where the word fits (None: nowhere), and
    whether what is stable there is known for all of it."""

    word: str
    shape: Any
    place: tuple[float, float] | None
    resolved: bool = True


def new_figure(size: tuple[float, float] = (6.4, 4.8)) -> Any:
    """A figure that belongs to no graphical interface."""
    # Every result imports this file, and matplotlib takes 0.3 s to load.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_axes(size: tuple[float, float] = (6.4, 4.8)) -> Any:
    """Axes of a new figure that belongs to no graphical interface."""
    return new_figure(size).subplots()


def axis_label(name: str, unit: str) -> str:
    """The name with its unit."""
    return f"{name} ({unit})" if unit else name


def _label(data: xr.Dataset, name: str) -> str:
    return axis_label(name, data[name].attrs.get("units", ""))


def draw_branch(
    data: xr.Dataset, across: str, up: str, marks: Iterable[Mark] = (), ax: Any = None,
    by_stability: bool = True,
) -> Any:  # fmt: skip
    """Draw every ``piece`` of a curve in two of its columns; returns the axes.

    Stable parts solid and wide, unstable dashed and thin, or all of it solid; marks with names.
    """
    ax = new_axes() if ax is None else ax
    for number in np.unique(data["piece"].values):
        piece = data.isel(point=np.flatnonzero(data["piece"].values == number))
        stable = piece["stable"].values
        stable = stable if by_stability else np.ones(len(stable), bool)
        _draw_line(ax, piece[across].values, piece[up].values, stable, DARK)
    ax.set(xlabel=_label(data, across), ylabel=_label(data, up))
    ax.margins(x=0.02)
    ax.autoscale_view()
    draw_marks(ax, marks)
    return ax


def _draw_line(ax: Any, x: np.ndarray, y: np.ndarray, stable: np.ndarray, color: str) -> None:
    edges = np.flatnonzero(np.diff(stable.astype(int))) + 1
    for part in np.split(np.arange(len(x)), edges):
        run = np.append(part, part[-1] + 1) if part[-1] + 1 < len(x) else part
        style = {"ls": "-", "lw": 2.0} if stable[part[0]] else {"ls": (0, (4, 2)), "lw": 1.0}
        ax.plot(x[run], y[run], color=color, **style)


FAINT = {"lw": 0.7, "alpha": 0.45}
_OFFSETS = [(6, 6), (6, -13), (-26, 6), (-26, -13), (14, 20), (14, -27), (-38, 20), (-38, -27)]

_NAME = np.array([13.0, 6.0])  # half the size of a name, in points


def mark_color(label: str) -> str:
    """The color of special points of a label."""
    return HOPF_COLOR if label in ("H", "GH", "HH") else FOLD_COLOR


def draw_marks(ax: Any, marks: Iterable[Mark], taken: Iterable[tuple[Any, Any]] = ()) -> None:
    """Draw special points and their names; crowded names move away on leader lines.

    ``taken`` are (place, half size in points) of words that are there already.
    """
    scale = ax.figure.dpi / 72
    known = [(ax.transData.transform(place) / scale, np.array(half)) for place, half in taken]
    for x, y, label, name in marks:
        color = mark_color(label)
        ax.plot(x, y, MARKERS.get(label, "x"), color=color, ms=6.5, mec="white", mew=0.6, zorder=5)
        at = ax.transData.transform((x, y)) / scale
        free = [
            offset
            for offset in _OFFSETS
            if _is_inside(ax, at + offset, scale)
            and all(
                np.any(np.abs(at + offset + _NAME - other) >= half + _NAME) for other, half in known
            )
        ]
        offset = free[0] if free else _OFFSETS[0]
        known.append((at + offset + _NAME, _NAME))
        leader = {"arrowstyle": "-", "lw": 0.6, "color": DARK} if offset in _OFFSETS[4:] else None
        ax.annotate(
            name, (x, y), xytext=offset, textcoords="offset points", fontsize=9, zorder=6,
            arrowprops=leader,
            bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.75},
        )  # fmt: skip


def _is_inside(ax: Any, corner: np.ndarray, scale: float) -> bool:
    """Whether a name with this lower left corner, in points, stays within the axes."""
    box = ax.bbox.get_points() / scale
    return bool(np.all(corner >= box[0]) and np.all(corner + 2 * _NAME <= box[1]))


def draw_disagreements(ax: Any, x: np.ndarray, y: np.ndarray) -> None:
    """Mark points (k,) of a plane at which simulations contradict the region's name."""
    ax.plot(x, y, "X", color=WRONG, ms=9, mec="white", zorder=6, label="simulations disagree")
    _draw_legend(ax)


def draw_cycle_curve(
    curve: Curve, labels: tuple[str, str], marks: Iterable[Mark] = (), ax: Any = None
) -> Any:
    """Draw a curve of bifurcating cycles in the plane of its two parameters; returns the axes."""
    ax = new_axes() if ax is None else ax
    ax.plot(curve.x, curve.y, color=CYCLE_COLOR, ls=CURVE_STYLES[curve.word]["ls"])
    ax.set(xlabel=labels[0], ylabel=labels[1])
    ax.margins(x=0.02)
    ax.autoscale_view()
    draw_marks(ax, marks)
    return ax


def draw_cycles(
    data: xr.Dataset, parameter: str, observable: str, marks: Iterable[Mark] = (), ax: Any = None
) -> Any:
    """Draw the largest and smallest value of an observable along cycles; returns the axes.

    Stable solid and wide, unstable dashed and thin.
    """
    ax = new_axes() if ax is None else ax
    x, stable = data[parameter].values, data["stable"].values
    for end in ("min", "max"):
        _draw_line(ax, x, data[f"{end}_{observable}"].values, stable, CYCLE_COLOR)
    unit = data[f"max_{observable}"].attrs.get("units", "")
    ax.set(xlabel=_label(data, parameter), ylabel=axis_label(observable, unit))
    ax.autoscale_view()
    draw_marks(ax, marks)
    return ax


def draw_frequencies(branches: Sequence[xr.Dataset], parameter: str, ax: Any) -> Any:
    """Draw the frequency along branches of cycles: solid where stable; returns the axes."""
    for data in branches:
        x, y, stable = (data[k].values for k in (parameter, "frequency", "stable"))
        ax.plot(x, np.where(stable, y, np.nan), color=CYCLE_COLOR, lw=2.0)
        ax.plot(x, np.where(stable, np.nan, y), color=CYCLE_COLOR, lw=1.0, ls=(0, (4, 2)))
    return ax


def draw_phase_response(response: Any, ax: Any = None) -> Any:
    """Draw a phase response over one cycle; positive values advance the phase. Returns the axes."""
    ax = new_axes() if ax is None else ax
    phase = np.append(response["phase"].values, 1.0)
    ax.axhline(0, color=DARK, lw=0.6)
    ax.plot(phase, np.append(response.values, response.values[0]), color=CYCLE_COLOR, lw=2.0)
    unit, input_unit = response.attrs["units"], response.attrs["input_units"]
    per = f" per {input_unit}" if input_unit else ""
    label = f"advance by {response.attrs['input']} ({unit}{per})"
    ax.set(xlabel="phase", xlim=(0, 1), ylabel=label)
    return ax


def draw_diagram(
    curves: Sequence[Curve], regions: Sequence[Region], marks: Iterable[Mark],
    x: tuple[str, float, float], y: tuple[str, float, float], ax: Any = None,
) -> Any:  # fmt: skip
    """Draw regions filled and named, curves with a legend, and marks; returns the axes.

    ``x``, ``y`` are (label, low, high) of the axes.
    """
    ax = new_axes((7.2, 5.6)) if ax is None else ax
    ax.set(xlim=x[1:], ylim=y[1:], xlabel=x[0], ylabel=y[0])
    words = _fill_regions(ax, regions)
    shown: set[str] = set()
    for curve in sorted(curves, key=lambda curve: curve.faint):
        word = None if curve.word in shown else curve.word
        style = CURVE_STYLES[curve.word] | (FAINT if curve.faint else {})
        ax.plot(curve.x, curve.y, label=word, **style)
        shown.add(curve.word)
    draw_marks(ax, marks, words)
    if shown:
        _draw_legend(ax)
    return ax


def _draw_legend(ax: Any) -> None:
    """The legend below the axes, where nothing is."""
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, fontsize=8, frameon=False
    )  # fmt: skip


def region_colors(words: Iterable[str]) -> dict[str, str]:
    """The color of every region's word; words that have none of their own get one in turn."""
    spare = cycle(SPARE_COLORS)
    colors: dict[str, str] = dict(REGION_COLORS)
    for word in words:
        colors.setdefault(word, next(spare))
    return colors


def _fill_regions(ax: Any, regions: Sequence[Region]) -> list[tuple[Any, Any]]:
    """Draw regions; returns (place, half size in points) of the words written."""
    written: list[tuple[Any, Any]] = []
    colors = region_colors(region.word for region in regions)
    for region in regions:
        color = colors[region.word]
        for part in getattr(region.shape, "geoms", [region.shape]):
            ax.fill(*part.exterior.xy, color=color, lw=0, zorder=0)
            if not region.resolved:
                ax.fill(*part.exterior.xy, fill=False, hatch="///", ec=DARK, lw=0, zorder=0)
            for hole in part.interiors:
                ax.fill(*hole.xy, color="white", lw=0, zorder=0)
        if region.place is not None:
            word = region.word if region.resolved else f"{region.word} (unresolved)"
            written.append((region.place, _write(ax, region.place, word)))
    return written


def _write(ax: Any, center: Any, label: str) -> tuple[float, float]:
    """Write a word at a place; returns half its size in points."""
    words = label.replace(" ", "\n") if len(label) > 12 else label
    box = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.5}
    ax.text(*center, words, fontsize=9, ha="center", va="center", color=DARK, zorder=7, bbox=box)
    lines = words.split("\n")
    return 2.6 * max(map(len, lines)), 5.6 * len(lines)


def save_figure(ax: Any, stem: Path) -> list[Path]:
    """Write the axes' figure as PNG and SVG beside each other; returns the files."""
    files = []
    for suffix in (".png", ".svg"):
        path = stem.with_suffix(suffix)
        files.append(write_atomically(path, lambda draft: ax.figure.savefig(draft, dpi=160)))
    return files


def picture(ax: Any, dpi: int = 90) -> bytes:
    """The axes' figure (or that of the first of several) as PNG."""
    buffer = BytesIO()
    np.ravel(ax)[0].figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def html(ax: Any, title: str, text: str) -> str:
    """The axes' figure with a text below, for a notebook."""
    image = base64.b64encode(picture(ax)).decode()
    return (
        f'<img src="data:image/png;base64,{image}" alt="{html_text.escape(title)}">'
        f"<pre>{html_text.escape(text)}</pre>"
    )
