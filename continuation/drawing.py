"""Figures of plain data: tables, marks and regions in, axes out; no pyplot, no result classes."""

from __future__ import annotations

import base64
import html as html_text
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from continuation.region_names import Box, is_free, name_regions, text_boxes
from dynsys.drawing import CYCLE_COLOR, DARK, axis_label, canvas, new_axes
from dynsys.storage import write_atomically
from dynsys.styles import STYLES, Style, merged, style_of

if TYPE_CHECKING:  # tables are only read here: who draws none need not load xarray
    import xarray as xr

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

_SEEN = 5e-4  # part of a plane that a reader sees
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


def _label(data: xr.Dataset, name: str) -> str:
    return axis_label(name, data[name].attrs.get("units", ""))


def draw_branch(
    data: xr.Dataset, across: str, up: str, marks: Iterable[Mark] = (), ax: Any = None,
    word: str | None = None, style: str = "default", legend: bool = False, **line: Any,
) -> Any:  # fmt: skip
    """Draw every ``piece`` of a curve in two of its columns; returns the axes.

    Stable parts solid and wide, unstable dashed and thin, or all in the style of ``word``.
    ``line`` are matplotlib's keywords for all lines.
    """
    with canvas(ax, style) as (ax, look):
        for number in np.unique(data["piece"].values):
            piece = data.isel(point=np.flatnonzero(data["piece"].values == number))
            x, y = piece[across].values, piece[up].values
            if word is None:
                _draw_line(ax, x, y, _verdicts(piece), "equilibria", look, line)
            else:
                _draw_curve(ax, Curve(word, x, y), look, line)
        ax.set(xlabel=_label(data, across), ylabel=_label(data, up))
        ax.margins(x=0.02)
        _finish(ax, marks, look, legend)
    return ax


def _finish(ax: Any, marks: Iterable[Mark], look: Style, legend: bool) -> None:
    ax.autoscale_view()
    draw_marks(ax, marks, look)
    if legend:
        ax.legend(fontsize=look.legend, framealpha=0.9)


_VERDICTS = ("unstable", "stable", "undetermined")


def _verdicts(data: xr.Dataset) -> np.ndarray:
    """Which of ``_VERDICTS`` (k,) holds at the points of a curve."""
    verdicts = data["stable"].values.astype(int)
    if "undetermined" in data:
        verdicts[data["undetermined"].values] = _VERDICTS.index("undetermined")
    return verdicts


def _draw_line(
    ax: Any, x: np.ndarray, y: np.ndarray, verdicts: np.ndarray, what: str, look: Style,
    line: Mapping[str, Any],
) -> None:  # fmt: skip
    """Draw a curve by stability; each kind of line is named once in the axes."""
    known = set(ax.get_legend_handles_labels()[1])
    edges = np.flatnonzero(np.diff(verdicts)) + 1
    for part in np.split(np.arange(len(x)), edges):
        run = np.append(part, part[-1] + 1) if part[-1] + 1 < len(x) else part
        verdict = _VERDICTS[verdicts[part[0]]]
        own = CYCLE_COLOR if what == "cycles" else DARK
        options = {"color": look.colors.get((what, verdict == "stable"), own)}
        options |= getattr(look, verdict)
        if "color" in line:
            options.pop("color")
        word = f"{verdict} {what}" if verdict in _VERDICTS[:2] else f"{what}, stability {verdict}"
        word += " (minimum, maximum)" if what == "cycles" else ""
        given = {"label": None if word in known else word, **merged(options, line)}
        ax.plot(x[run], y[run], **given)
        known.add(word)


FAINT = {"lw": 0.7, "alpha": 0.45}


# Where a name of 9 points may stand beside its mark, nearest first; from the fifth on with a line.
_OFFSETS = [
    (6, 6), (6, -13), (-26, 6), (-26, -13), (14, 20), (14, -27), (-38, 20), (-38, -27),
    (40, 4), (-62, 4), (34, 36), (-60, 36), (34, -42), (-60, -42), (66, 20), (-90, 20),
    (66, -26), (-90, -26), (0, 52), (0, -58),
]  # fmt: skip
_NEAR = 4


def mark_color(label: str) -> str:
    """The color of special points of a label."""
    return HOPF_COLOR if label in ("H", "GH", "HH") else FOLD_COLOR


def draw_marks(
    ax: Any, marks: Iterable[Mark], look: Style = STYLES["default"], taken: Iterable[Box] = ()
) -> None:
    """Draw special points and their names; crowded names move away on leader lines.

    Names keep off one another, off the edges of the axes and off the boxes ``taken``; without a
    line a name stands nearer to its own mark than to any other.
    """
    marks = list(marks)
    ax.figure.draw_without_rendering()  # settles the layout, and with it where a name may stand
    scale, part = 72 / ax.figure.dpi, look.names / 9
    area, boxes = np.array(ax.get_window_extent().extents) * scale, list(taken)
    at_all = [ax.transData.transform((mark.x, mark.y)) * scale for mark in marks]
    for (x, y, label, name), at in zip(marks, at_all, strict=True):
        size = 6.5 * look.scale
        ax.plot(
            x, y, MARKERS.get(label, "x"), color=mark_color(label), ms=size, mec="white", mew=0.6,
            zorder=5, label="_",
        )  # fmt: skip
        places = [(a * part, b * part) for a, b in _OFFSETS]
        found = [_box(at + place, name, look) for place in places]
        free = [
            k for k, box in enumerate(found)
            if is_free(box, boxes, area) and (k >= _NEAR or _is_own(box, at, at_all))
        ]  # fmt: skip
        chosen = free[0] if free else 0
        boxes.append(found[chosen])
        leader = {"arrowstyle": "-", "lw": 0.5, "color": DARK, "shrinkA": 0, "shrinkB": 2}
        ax.annotate(
            name, (x, y), xytext=places[chosen], textcoords="offset points", fontsize=look.names,
            zorder=6, arrowprops=leader if chosen >= _NEAR else None,
            bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.75},
        )  # fmt: skip


def _box(corner: np.ndarray, name: str, look: Style) -> Box:
    """The box of a name that begins at a corner."""
    width, height = 0.72 * look.names * len(name) + 2, 1.3 * look.names
    return (corner[0] + width / 2 - 1, corner[1] + height / 3, width / 2, height / 2)


def _is_own(box: Box, at: np.ndarray, others: Sequence[np.ndarray]) -> bool:
    """Whether the mark at a place (points) is the nearest to a box of all marks."""
    x, y, width, height = box

    def away(place: np.ndarray) -> float:
        return float(
            np.hypot(max(abs(place[0] - x) - width, 0), max(abs(place[1] - y) - height, 0))
        )

    return all(away(at) <= away(other) for other in others)


def draw_disagreements(ax: Any, x: np.ndarray, y: np.ndarray) -> None:
    """Mark points (k,) of a plane at which simulations contradict the region's name."""
    ax.plot(x, y, "X", color=WRONG, ms=9, mec="white", zorder=6, label="simulations disagree")
    draw_legend_below(ax, STYLES["default"])


def draw_cycle_curve(
    curve: Curve, labels: tuple[str, str], marks: Iterable[Mark] = (), ax: Any = None,
    style: str = "default", legend: bool = False, **line: Any,
) -> Any:  # fmt: skip
    """Draw a curve of bifurcating cycles in the plane of its two parameters; returns the axes."""
    with canvas(ax, style) as (ax, look):
        _draw_curve(ax, curve, look, line)
        ax.set(xlabel=labels[0], ylabel=labels[1])
        ax.margins(x=0.02)
        _finish(ax, marks, look, legend)
    return ax


def _draw_curve(ax: Any, curve: Curve, look: Style, line: Mapping[str, Any]) -> None:
    """Draw a curve of a plane in the style of its kind, which is named once in the axes."""
    known = ax.get_legend_handles_labels()[1]
    own = CURVE_STYLES[curve.word] | (FAINT if curve.faint else {})
    label = None if curve.word in known else curve.word
    ax.plot(curve.x, curve.y, **{"label": label, **look.line(line, **own)})


def draw_cycles(
    data: xr.Dataset, parameter: str, observable: str, marks: Iterable[Mark] = (), ax: Any = None,
    style: str = "default", legend: bool = False, **line: Any,
) -> Any:  # fmt: skip
    """Draw the largest and smallest value of an observable along cycles; returns the axes.

    Stable solid and wide, unstable dashed and thin, undetermined dotted.
    """
    with canvas(ax, style) as (ax, look):
        x, verdicts = data[parameter].values, _verdicts(data)
        for end in ("min", "max"):
            _draw_line(ax, x, data[f"{end}_{observable}"].values, verdicts, "cycles", look, line)
        unit = data[f"max_{observable}"].attrs.get("units", "")
        ax.set(xlabel=_label(data, parameter), ylabel=axis_label(observable, unit))
        _finish(ax, marks, look, legend)
    return ax


def draw_frequencies(
    branches: Sequence[xr.Dataset], parameter: str, ax: Any, style: str = "default", **line: Any
) -> Any:
    """Draw the frequency along branches of cycles: solid where stable; returns the axes."""
    for data in branches:
        x, y = data[parameter].values, data["frequency"].values
        _draw_line(ax, x, y, _verdicts(data), "cycles", style_of(style), line)
    return ax


def draw_diagram(
    curves: Sequence[Curve], regions: Sequence[Region], marks: Iterable[Mark],
    x: tuple[str, float, float], y: tuple[str, float, float], ax: Any = None,
    style: str = "default", legend: bool = True, **line: Any,
) -> Any:  # fmt: skip
    """Draw regions filled and named, curves with a legend, and marks; returns the axes.

    ``x``, ``y`` are (label, low, high) of the axes.
    """
    look = style_of(style)
    with look.drawing():
        ax = new_axes(look.plane) if ax is None else ax
        _fill_regions(ax, regions, _SEEN * (x[2] - x[1]) * (y[2] - y[1]))
        for curve in sorted(curves, key=lambda curve: curve.faint):
            _draw_curve(ax, curve, look, line)
        ax.set(xlim=x[1:], ylim=y[1:], xlabel=x[0], ylabel=y[0])
        if legend and ax.get_legend_handles_labels()[1]:
            draw_legend_below(ax, look)
        ax.figure.draw_without_rendering()
        marks = list(marks)
        name_regions(ax, regions, look, [(mark.x, mark.y) for mark in marks])
        draw_marks(ax, marks, look, text_boxes(ax))
    return ax


def draw_legend_below(ax: Any, look: Style) -> None:
    """The legend below the axes, where nothing is."""
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.12 / look.scale**0.5)}
    columns = 3 if look.scale == 1.0 else 2
    ax.legend(**below, ncols=columns, fontsize=look.legend, frameon=False)


def region_colors(words: Iterable[str]) -> dict[str, str]:
    """The color of every region's word; words that have none of their own get one in turn."""
    spare = cycle(SPARE_COLORS)
    colors: dict[str, str] = dict(REGION_COLORS)
    for word in words:
        colors.setdefault(word, next(spare))
    return colors


def _fill_regions(ax: Any, regions: Sequence[Region], least: float) -> None:
    """Fill the regions; what is nowhere named in the axes is named once in the legend, where an
    area of at least ``least`` is seen."""
    colors = region_colors(region.word for region in regions)
    known = {region.word for region in regions if region.place is not None}
    for region in regions:
        color = colors[region.word]
        for part in getattr(region.shape, "geoms", [region.shape]):
            label = "_"
            if region.word not in known and part.area >= least:
                label = region.word
                known.add(label)
            ax.fill(*part.exterior.xy, color=color, lw=0, zorder=0, label=label)
            if not region.resolved:
                ax.fill(*part.exterior.xy, fill=False, hatch="///", ec=DARK, lw=0, zorder=0)
            for hole in part.interiors:
                ax.fill(*hole.xy, color="white", lw=0, zorder=0)


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
