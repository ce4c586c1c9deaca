"""``bifurcation_diagram``: every bifurcation curve and every attractor in a parameter plane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import networkx as nx
import numpy as np
import xarray as xr
from rich.progress import track

from continuation.cycles.branch import CycleBranch
from continuation.cycles.curves import CycleCurve
from continuation.cycles.cycle import Cycle
from continuation.diagrams.line_diagram import LineDiagram, line_diagram
from continuation.diagrams.picture import drawn_cycles, drawn_equilibria, drawn_regions
from continuation.diagrams.regimes import Findings, attractors_at, regime_graph
from continuation.diagrams.scan import cycle_boundaries, cycles_beside, scan_cycles
from continuation.diagrams.storage import graph_from, graph_record
from continuation.drawing import Mark, axis_label, draw_diagram
from continuation.engine.following import Follower, Trace, check_span, on_curves
from continuation.engine.settings import Settings
from continuation.engine.special_points import (
    SpecialPoint,
    SpecialPoints,
    numbered,
    point_named,
    points_labelled,
)
from continuation.netcdf import head_of, with_head, write
from continuation.steady_states.branch import Branch
from continuation.steady_states.certificates import second_frequency
from continuation.steady_states.curves import as_branch, fold_start, hopf_start, trace_curve
from continuation.steady_states.equilibria import equilibria
from dynsys.errors import ConvergenceError, ModelError
from dynsys.serialization import to_dict
from dynsys.vector_field import VectorField

LINES = 7  # scan lines in each direction: a closed curve smaller than a sixth of a span can hide

Axis = tuple[str, float, float]


@dataclass(frozen=True)
class Diagram:
    """A two-parameter bifurcation diagram.

    ``curves`` are fold and Hopf curves of equilibria, ``cycle_curves`` those of folds, doublings,
    tori and diverging periods of cycles, ``lines`` and ``cycles`` the one-parameter branches they
    were found from. ``regimes`` is a networkx graph: a node per region with ``attractors`` (names),
    ``stable`` (what is known of each), ``cycles`` (ranges of period and extrema), ``polygon`` and
    ``area``; an edge per boundary with the ``bifurcations`` that separate.
    """

    model: VectorField
    x: Axis
    y: Axis
    curves: tuple[Branch, ...]
    lines: tuple[Branch, ...]
    cycle_curves: tuple[CycleCurve, ...]
    cycles: tuple[CycleBranch, ...]
    regimes: nx.Graph
    settings: Settings

    @cached_property
    def special_points(self) -> SpecialPoints[SpecialPoint | Cycle]:
        """Codimension-two points of all curves, each once: of equilibria, then of cycles."""
        points = _distinct(point for curve in self.curves for point in curve.special_points)
        cycles = [cycle for curve in self.cycle_curves for cycle in curve.special_points]
        return SpecialPoints(numbered([*points, *cycles]), formerly=points)

    def __getitem__(self, name: str) -> SpecialPoint | Cycle:
        """The special point of this name; labels of AUTO and MatCont are understood too."""
        return point_named(self.special_points, name, "this diagram")

    def points(self, label: str) -> list[SpecialPoint | Cycle]:
        """All special points with a label ("BT", "CPC", ...), in order."""
        return points_labelled(self.special_points, label)

    def attractors(self, **values: float) -> list[dict[str, Any]]:
        """What is stable at one point: equilibria with their observables, cycles with frequency.

        Cycles are carried to the point from the nearest ones known. Raises ModelError outside the
        plane.
        """
        axes = (self.x, self.y)
        for name, low, high in axes:
            value = values.get(name, self.model.parameters[name])
            if not low <= value <= high:
                raise ModelError(
                    f"{name} = {value:g} lies outside the diagram, which covers {low:g} .. {high:g}"
                )
            values[name] = float(value)
        findings = Findings(self.curves, self.cycle_curves, self.lines, self.cycles)
        return attractors_at(self.model, values, axes, findings)[0]

    def plot(self, ax: Any = None, regions: bool = True) -> Any:
        """Draw curves, codimension-two points and named regions. Returns the axes."""
        (x, left, right), (y, low, high) = self.x, self.y
        curves = [drawn_cycles(curve) for curve in self.cycle_curves]
        curves += [drawn_equilibria(curve, x, y) for curve in self.curves]
        marks = [
            Mark(p.parameters[x], p.parameters[y], p.label, p.name)
            for p in self.special_points if isinstance(p, SpecialPoint)
        ]  # fmt: skip
        plane = (right - left) * (high - low)
        filled = list(drawn_regions(self.regimes, plane)) if regions else []
        across, up = (axis_label(name, self.model.unit(name)) for name in (x, y))
        return draw_diagram(curves, filled, marks, (across, left, right), (up, low, high), ax)

    def stored(self) -> xr.DataTree:
        """All curves, scan lines, cycles and regions: what ``save`` writes."""
        head = {
            "kind": "diagram",
            "model": to_dict(self.model),
            "x": self.x,
            "y": self.y,
            "settings": asdict(self.settings),
            "regimes": graph_record(self.regimes),
        }
        parts = {
            **{f"/curve{k:03d}": curve.stored() for k, curve in enumerate(self.curves)},
            **{f"/line{k:03d}": line.stored() for k, line in enumerate(self.lines)},
            # Orbits only serve as starts for Newton here.
            **{f"/wave{k:03d}": wave.stored("float32") for k, wave in enumerate(self.cycle_curves)},
            **{f"/cycles{k:03d}": found.stored("float32") for k, found in enumerate(self.cycles)},
        }
        return xr.DataTree.from_dict({"/": with_head(xr.Dataset(), head), **parts})

    @classmethod
    def from_stored(cls, tree: xr.DataTree) -> Diagram:
        """The diagram that ``stored`` described."""
        head = head_of(tree)
        model = VectorField.from_dict(head["model"])
        groups = {name: node.to_dataset().load() for name, node in sorted(tree.children.items())}

        def parts(kind: str, result: Any) -> tuple[Any, ...]:
            return tuple(
                result.from_stored(group, model)
                for name, group in groups.items() if name.startswith(kind)
            )  # fmt: skip

        return cls(
            model=model,
            x=tuple(head["x"]),
            y=tuple(head["y"]),
            curves=parts("curve", Branch),
            lines=parts("line", Branch),
            cycle_curves=parts("wave", CycleCurve),
            cycles=parts("cycles", CycleBranch),
            regimes=graph_from(head["regimes"]),
            settings=Settings(**head["settings"]),
        )

    def save(self, path: str | Path) -> Path:
        """Write everything to one NetCDF file, complete or not at all."""
        return write(self.stored(), path)

    def special_point_table(self) -> list[dict[str, Any]]:
        """One record per codimension-two point."""
        names = (self.x[0], self.y[0])
        return [
            {"name": p.name, **{k: p.parameters[k] for k in names},
             **(p.observables if isinstance(p, SpecialPoint) else {}),
             self.model.frequency_column: p.frequency,
             **(p.coefficients if isinstance(p, SpecialPoint) else {})}
            for p in self.special_points
        ]  # fmt: skip

    def regime_table(self) -> list[dict[str, Any]]:
        """One record per region, largest first: attractors, area, ranges of the cycles' period."""
        regions = sorted(self.regimes.nodes(data=True), key=lambda node: -node[1]["area"])
        return [
            {"region": region["label"], "area": region["area"],
             **{f"{end}_{k}": v[i] for k, v in region["cycles"].items() if "_" not in k
                for i, end in enumerate(("lowest", "highest"))},
             **{k: v[int(k.startswith("max"))] for k, v in region["cycles"].items() if "_" in k}}
            for _, region in regions
        ]  # fmt: skip

    def __str__(self) -> str:
        (x, *xs), (y, *ys) = self.x, self.y
        lines = [
            f"bifurcation diagram of {self.model.name} in {x} [{xs[0]:g}, {xs[1]:g}], "
            f"{y} [{ys[0]:g}, {ys[1]:g}]"
        ]
        for number, curve in enumerate(self.curves, 1):
            start, end = curve.ended[0]
            lines.append(f"  {curve.kind} {number}: {len(curve)} points; from: {start}; to: {end}")
        for number, wave in enumerate(self.cycle_curves, len(self.curves) + 1):
            start, end = wave.ended[0]
            lines.append(f"  {wave.kind} {number}: {len(wave)} points; from: {start}; to: {end}")
        lines += [f"  {p}" for p in self.special_points]
        for _, region in sorted(self.regimes.nodes(data=True), key=lambda n: -n[1]["area"]):
            lines.append(f"  region {region['label']}: {100 * region['area']:.1f} % of the plane")
        return "\n".join(lines)

    __repr__ = __str__


@overload
def bifurcation_diagram(
    model: VectorField, x: Axis, y: Axis, settings: Settings | None = None, seed: int = 0,
    progress: bool = False,
) -> Diagram: ...  # fmt: skip


@overload
def bifurcation_diagram(
    model: VectorField, x: Axis, y: None = None, settings: Settings | None = None, seed: int = 0,
    progress: bool = False,
) -> LineDiagram: ...  # fmt: skip


def bifurcation_diagram(
    model: VectorField,
    x: Axis,
    y: Axis | None = None,
    settings: Settings | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Diagram | LineDiagram:
    """Find every bifurcation curve and every attractor in a rectangle of two parameters.

    1. Follow all equilibria along scan lines in both directions of the plane.
    2. From every fold and Hopf point that lies on no known curve, follow its curve.
    3. From every codimension-two point, follow the curves that emanate from it.
    4. Follow the cycles of every Hopf point on a scan line and beside every generalized Hopf point,
       and from their bifurcations the curves of cycles.
    5. Split the plane into regions and name each by its stable equilibria and cycles.

    Parameters
    ----------
    x, y : (parameter name, low, high). Without ``y`` the result is a ``LineDiagram``: equilibria
        and limit cycles along x, with their frequency.
    progress : show a progress bar.

    Example
    -------
    >>> diagram = bifurcation_diagram(aln(), x=("mu_e", 0, 3), y=("mu_i", 0, 3))
    >>> diagram["CP1"].parameters["mu_e"]
    """
    settings = settings or Settings()
    if y is None:
        name, span = _span(model, x)
        return line_diagram(model, name, span, settings=settings, seed=seed)
    spans = _spans(model, x, y)
    names = tuple(spans)
    lines: list[Branch] = []
    found: list[tuple[Follower, Trace]] = []
    for branch in _scan(model, spans, settings, seed, progress):
        lines.append(branch)
        for point in (*branch.points("LP"), *branch.points("H")):
            _add(found, point, names, spans, settings)
    curves = [as_branch(*pair) for pair in found]
    for curve in curves:  # grows while codimension-two points add curves
        for point in curve.special_points:
            before = len(found)
            _emanate(found, point, names, spans, settings)
            curves += [as_branch(*pair) for pair in found[before:]]
    cycles = (*scan_cycles(lines, progress), *cycles_beside(curves, x[0]))
    waves = cycle_boundaries(model, x, y, cycles, progress)
    findings = Findings(tuple(curves), waves, tuple(lines), cycles)
    graph = regime_graph(model, x, y, findings)
    return Diagram(model, x, y, tuple(curves), tuple(lines), waves, cycles, graph, settings)


def _spans(model: VectorField, x: Axis, y: Axis) -> dict[str, tuple[float, float]]:
    spans = dict(_span(model, axis) for axis in (x, y))
    if len(spans) != 2:
        raise ModelError(f"x and y are both {x[0]!r}; give two different parameters")
    return spans


def _span(model: VectorField, axis: Axis) -> tuple[str, tuple[float, float]]:
    if len(axis) != 3:
        raise ModelError(f"an axis is (parameter, low, high); got {axis!r}")
    name, low, high = axis
    return name, check_span(model, name, (low, high))


def _scan(model, spans, settings, seed, progress) -> Iterator[Branch]:
    """Branches along scan lines of both directions; a line without equilibria is passed over."""
    tasks: list[tuple[str, str, float]] = []
    for free, fixed in (tuple(spans), tuple(reversed(spans))):
        for value in np.linspace(spans[fixed][0], spans[fixed][1], LINES):
            tasks.append((free, fixed, float(value)))
    shown = track(tasks, description="equilibria along scan lines", disable=not progress)
    for free, fixed, value in shown:
        try:
            at = model.with_parameters(**{fixed: value})
            yield equilibria(at, free, spans[free], settings=settings, seed=seed)
        except ConvergenceError:
            continue  # nothing inside the states' ranges and tables on this line


def _add(found, point, names, spans, settings, omega=None) -> None:
    """Follow the curve through a point unless a known one holds it."""
    fold = point.label in ("LP", "CP") or (point.label in ("BT", "ZH") and omega is None)
    start = fold_start if fold else hopf_start
    arguments = () if fold else (omega,)
    follower, y = start(point, names, spans, settings, *arguments)
    for other, trace in found:
        if other.problem is follower.problem and on_curves(
            other, [trace], _rescaled(y, follower, other)
        ):
            return
    try:
        found.append(trace_curve(follower, y))
    except ConvergenceError:
        return  # the curve is singular at this point; its other points lead to it


def _rescaled(y: np.ndarray, follower: Follower, other: Follower) -> np.ndarray:
    return y * follower.scale / other.scale


def _emanate(found, point, names, spans, settings) -> None:
    """Follow the codimension-one curves that meet at a codimension-two point."""
    if point.label == "BT":
        _add(found, point, names, spans, settings)
        _add(found, point, names, spans, settings, omega=0.0)
    elif point.label == "ZH":
        _add(found, point, names, spans, settings)
        omega = point.omega or _rotation(point)
        _add(found, point, names, spans, settings, omega=omega)
    elif point.label == "HH" and point.omega is not None:
        other = second_frequency(point.model.jacobian(point.state), point.omega)
        _add(found, point, names, spans, settings, omega=other)


def _rotation(point: SpecialPoint) -> float:
    """Frequency of the critical pair at a zero-Hopf point."""
    pairs = point.eigenvalues[point.eigenvalues.imag > 0]
    return float(pairs[np.argmin(np.abs(pairs.real))].imag)


def _distinct(points: Iterator[SpecialPoint]) -> tuple[SpecialPoint, ...]:
    result: list[SpecialPoint] = []
    for point in points:
        scale = point.model.scales
        if not any(
            p.label == point.label
            and np.max(np.abs((p.state - point.state) / scale)) < 1e-5
            and all(abs(p.parameters[k] - point.parameters[k]) < 1e-6 for k in point.free)
            for p in result
        ):
            result.append(point)
    return numbered(result)
