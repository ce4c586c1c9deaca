"""Figures of branches and diagrams: computed data in, axes out, no pyplot."""

from __future__ import annotations

import html as html_text
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dynsys.errors import unknown_name

if TYPE_CHECKING:
    from continuation.cycles.branch import CycleBranch
    from continuation.cycles.curves import CycleCurve
    from continuation.diagrams.diagram import Diagram
    from continuation.diagrams.line_diagram import LineDiagram
    from continuation.steady_states.branch import Branch

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


def new_axes(size: tuple[float, float] = (6.4, 4.8)) -> Any:
    """Axes of a new figure that belongs to no graphical interface."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots()


def label_of(model: Any, name: str) -> str:
    """Axis label: the name with its unit."""
    unit = model.unit(name)
    return f"{name} ({unit})" if unit else name


def draw_branch(branch: Branch, observable: str | None = None, ax: Any = None) -> Any:
    """Draw a branch: in one parameter against an observable, in two in their plane.

    Stable pieces solid and wide, unstable dashed and thin; special points labelled.
    """
    ax = new_axes() if ax is None else ax
    model = branch.model
    horizontal = branch.parameters[0]
    vertical = branch.parameters[1] if len(branch.parameters) == 2 else observable
    vertical = vertical or model.observable_names[0]
    model.unit(vertical)  # an unknown name is answered here with the known ones
    for piece in branch.pieces():
        _draw_piece(ax, piece, horizontal, vertical, solid=len(branch.parameters) == 2)
    marks: list[Mark] = []
    for point in branch.special_points:
        value = point.parameters.get(vertical, point.observables.get(vertical))
        if value is None:
            value = float(point.state[list(model.states).index(vertical)])
        marks.append((point.parameters[horizontal], value, point.label, point.name))
    ax.set_xlabel(label_of(model, horizontal))
    ax.set_ylabel(label_of(model, vertical))
    ax.margins(x=0.02)
    ax.autoscale_view()
    _mark(ax, marks)
    return ax


def _draw_piece(ax: Any, piece: Any, horizontal: str, vertical: str, solid: bool) -> None:
    x, y = piece[horizontal].values, piece[vertical].values
    stable = np.ones(len(x), bool) if solid else piece["stable"].values
    edges = np.flatnonzero(np.diff(stable.astype(int))) + 1
    for part in np.split(np.arange(len(x)), edges):
        run = np.append(part, part[-1] + 1) if part[-1] + 1 < len(x) else part
        style = {"ls": "-", "lw": 2.0} if stable[part[0]] else {"ls": (0, (4, 2)), "lw": 1.0}
        ax.plot(x[run], y[run], color=DARK, **style)


Mark = tuple[float, float, str, str]  # x, y, label, name
_OFFSETS = [(6, 6), (6, -13), (-26, 6), (-26, -13), (14, 20), (14, -27), (-38, 20), (-38, -27)]


def _mark(ax: Any, marks: list[Mark]) -> None:
    """Draw special points and their names; crowded names move away on leader lines."""
    taken: list[np.ndarray] = []
    scale = ax.figure.dpi / 72
    for x, y, label, name in marks:
        color = HOPF_COLOR if label in ("H", "GH", "HH") else FOLD_COLOR
        ax.plot(x, y, MARKERS.get(label, "x"), color=color, ms=6.5, mec="white", mew=0.6, zorder=5)
        at = ax.transData.transform((x, y)) / scale
        free = [
            offset
            for offset in _OFFSETS
            if all(np.max(np.abs((at + offset - t) / [26, 12])) >= 1 for t in taken)
        ]
        offset = free[0] if free else _OFFSETS[0]
        taken.append(at + offset)
        leader = {"arrowstyle": "-", "lw": 0.6, "color": DARK} if offset in _OFFSETS[4:] else None
        ax.annotate(
            name, (x, y), xytext=offset, textcoords="offset points", fontsize=9, zorder=6,
            arrowprops=leader,
            bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.75},
        )  # fmt: skip


# By kind of curve of equilibria: its word, color and line style.
EQUILIBRIUM_STYLES: dict[str, tuple[str, str, Any]] = {
    "fold curve": ("fold of equilibria", FOLD_COLOR, "-"),
    "hopf curve": ("Hopf", HOPF_COLOR, (0, (6, 1.5))),
    "pitchfork curve": ("pitchfork", BRANCHING_COLOR, (0, (8, 1.5, 2, 1.5))),
    "transcritical curve": ("transcritical", BRANCHING_COLOR, (0, (3, 1))),
}
CYCLE_COLOR = "#7a3e9d"
EXPLOSIVE = 1e-3  # sensitivity to the period below which a curve of fixed period is a boundary
# By kind of curve (continuation.cycles.conditions): its word and its line style.
CURVE_STYLES = {
    1: ("fold of cycles", "-"),
    2: ("period doubling", (0, (1, 1.2))),
    3: ("torus bifurcation", (0, (5, 1.5, 1, 1.5))),
    4: ("diverging period or canard", (0, (4, 1.2))),
}


def draw_cycle_curve(curve: CycleCurve, ax: Any = None) -> Any:
    """Draw a curve of bifurcating cycles in the plane of its two parameters. Returns the axes."""
    ax = new_axes() if ax is None else ax
    first, second = curve.parameters
    _, style = CURVE_STYLES[curve.solver.kind]
    ax.plot(curve.data[first].values, curve.data[second].values, color=CYCLE_COLOR, ls=style)
    ax.set(xlabel=label_of(curve.model, first), ylabel=label_of(curve.model, second))
    ax.margins(x=0.02)
    ax.autoscale_view()
    _mark(ax, [(c.parameters[first], c.parameters[second], c.label, c.name)
               for c in curve.special_points])  # fmt: skip
    return ax


def draw_cycles(branch: CycleBranch, observable: str | None = None, ax: Any = None) -> Any:
    """Draw the largest and smallest value along the cycles, with a light fill where stable.

    Stable solid and wide, unstable dashed and thin; special cycles labelled at their maximum.
    """
    ax = new_axes() if ax is None else ax
    model = branch.model
    name = observable or model.observable_names[0]
    if name not in model.observables:
        raise unknown_name("observable", name, model.observables, model.name)
    x, stable = branch.data[branch.parameter].values, branch.data["stable"].values
    for end in ("min", "max"):
        y = branch.data[f"{end}_{name}"].values
        edges = np.flatnonzero(np.diff(stable.astype(int))) + 1
        for part in np.split(np.arange(len(x)), edges):
            run = np.append(part, part[-1] + 1) if part[-1] + 1 < len(x) else part
            style = {"ls": "-", "lw": 2.0} if stable[part[0]] else {"ls": (0, (4, 2)), "lw": 1.0}
            ax.plot(x[run], y[run], color=CYCLE_COLOR, **style)
    marks = [(c.orbit.value, c.extrema(name)[1], c.label, c.name) for c in branch.special_points]
    ax.set(xlabel=label_of(model, branch.parameter), ylabel=label_of(model, name))
    ax.autoscale_view()
    _mark(ax, marks)
    return ax


def draw_line_diagram(diagram: LineDiagram, observable: str | None = None, axes: Any = None) -> Any:
    """Draw equilibria with the cycles' extrema and, below on the same axis, their frequency."""
    if axes is None:
        figure = Figure(figsize=(6.8, 6.0), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    upper, lower = axes
    draw_branch(diagram.equilibria, observable, ax=upper)
    for branch in diagram.cycles:
        draw_cycles(branch, observable, ax=upper)
        x, y = branch.data[branch.parameter].values, branch.data["frequency"].values
        stable = branch.data["stable"].values
        lower.plot(x, np.where(stable, y, np.nan), color=CYCLE_COLOR, lw=2.0)
        lower.plot(x, np.where(stable, np.nan, y), color=CYCLE_COLOR, lw=1.0, ls=(0, (4, 2)))
    upper.set_xlabel("")
    unit = "Hz" if diagram.model.time_unit else "cycles per time unit"
    lower.set(xlabel=label_of(diagram.model, diagram.parameter), ylabel=f"frequency ({unit})")
    return axes


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


def draw_diagram(diagram: Diagram, ax: Any = None, regions: bool = True) -> Any:
    """Draw a diagram: regions filled and named, fold and Hopf curves, codimension-two points."""
    ax = new_axes((7.2, 5.6)) if ax is None else ax
    x, y = diagram.x, diagram.y
    if regions:
        _fill_regions(ax, diagram)
    shown: set[str] = set()
    for wave in diagram.cycle_curves:
        word, style = CURVE_STYLES[wave.solver.kind]
        along = wave.data[x[0]].values
        if "sensitivity" in wave.data:  # elsewhere the period is just a period
            along = np.where(wave.data["sensitivity"].values < EXPLOSIVE, along, np.nan)
        ax.plot(
            along, wave.data[y[0]].values, lw=1.1, color=CYCLE_COLOR, ls=style,
            label=None if word in shown else word,
        )  # fmt: skip
        shown.add(word)
    for curve in diagram.curves:
        word, color, style = EQUILIBRIUM_STYLES[curve.kind]
        ax.plot(
            curve.data[x[0]].values, curve.data[y[0]].values, color=color, lw=1.6, ls=style,
            label=None if word in shown else word,
        )  # fmt: skip
        shown.add(word)
    ax.set(xlim=x[1:], ylim=y[1:], xlabel=label_of(diagram.model, x[0]),
           ylabel=label_of(diagram.model, y[0]))  # fmt: skip
    _mark(ax, [(p.parameters[x[0]], p.parameters[y[0]], p.label, p.name)
               for p in diagram.special_points()])  # fmt: skip
    if shown:
        ax.legend(loc="upper left", fontsize=8, framealpha=0.9)
    return ax


def _fill_regions(ax: Any, diagram: Diagram) -> None:
    spare = iter(SPARE_COLORS * 10)
    colors: dict[str, str] = dict(REGION_COLORS)
    area = (diagram.x[2] - diagram.x[1]) * (diagram.y[2] - diagram.y[1])
    for _, region in diagram.regimes.nodes(data=True):
        color = colors.setdefault(region["label"], next(spare))
        shape = region["polygon"]
        for part in getattr(shape, "geoms", [shape]):
            ax.fill(*part.exterior.xy, color=color, lw=0, zorder=0)
            if region["unresolved"]:
                ax.fill(*part.exterior.xy, fill=False, hatch="///", ec=DARK, lw=0, zorder=0)
            for hole in part.interiors:
                ax.fill(*hole.xy, color="white", lw=0, zorder=0)
        if shape.area > 0.012 * area:
            _name_region(ax, shape, region)


def _name_region(ax: Any, shape: Any, region: dict[str, Any]) -> None:
    import shapely

    words = f"{region['label']} (unresolved)" if region["unresolved"] else region["label"]
    _write(ax, shapely.maximum_inscribed_circle(shape).coords[0], words)


def _write(ax: Any, center: Any, label: str) -> None:
    words = label.replace(" ", "\n") if len(label) > 12 else label
    box = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.5}
    ax.text(*center, words, fontsize=9, ha="center", va="center", color=DARK, zorder=7, bbox=box)


def save_figure(ax: Any, stem: Path) -> list[Path]:
    """Write the axes' figure as PNG and SVG beside each other; returns the files."""
    from dynsys.storage import write_atomically

    files = []
    for suffix in (".png", ".svg"):
        path = stem.with_suffix(suffix)
        files.append(write_atomically(path, lambda draft: ax.figure.savefig(draft, dpi=160)))
    return files


def html(branch: Branch) -> str:
    """The branch's figure with its table, for a notebook."""
    import base64

    buffer = BytesIO()
    draw_branch(branch).figure.savefig(buffer, format="png", dpi=90)
    image = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<img src="data:image/png;base64,{image}" alt="{html_text.escape(branch.kind)}">'
        f"<pre>{html_text.escape(str(branch))}</pre>"
    )
