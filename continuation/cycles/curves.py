"""Curves of bifurcating cycles in two parameters: folds (LPC), period doublings (PD), tori (NS)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from continuation.cycles.chords import densified
from continuation.cycles.columns import delay_words, hidden_words, make_dataset
from continuation.cycles.conditions import DOUBLING, FOLD, PERIOD, TORUS
from continuation.cycles.curve_ends import why_it_ended
from continuation.cycles.cycle import Cycle, cycle_from
from continuation.cycles.emission import critical_angle, first_doubled, first_torus
from continuation.cycles.orbits import Direction, Orbit, Point, Solver
from continuation.cycles.resonances import (
    Resonance,
    codimension_two,
    cubic_coefficients,
    off_the_curve,
)
from continuation.cycles.settings import CycleSettings
from continuation.cycles.storage import read_cycles, table_of_cycles
from continuation.cycles.tracing import Enough, Trace, trace_both_sides
from continuation.drawing import Curve, Mark, draw_cycle_curve
from continuation.engine.following import spans_around
from continuation.engine.special_points import SpecialPoints, numbered, point_named, points_labelled
from continuation.frames import point_frame
from continuation.netcdf import write
from dynsys import checks
from dynsys.drawing import axis_label
from dynsys.errors import ConvergenceError, ModelError, unknown_name
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    import pandas as pd

EXPLOSIVE = 1e-3  # sensitivity to the period below which a curve of fixed period is a boundary
Spans = Mapping[str, tuple[float, float]]
KINDS = {
    FOLD: "cycle fold curve",
    DOUBLING: "period doubling curve",
    TORUS: "torus curve",
    PERIOD: "homoclinic curve",
}
LABELS = {FOLD: "LPC", DOUBLING: "PD", TORUS: "NS"}  # of the cycles on a curve
_ON_TORI = ("NS", "CH", "R1", "R2", "R3", "R4", "LPNS", "PDNS", "NSNS")
FIXED_PERIOD = "cycle fold curve at fixed period"
WORDS = {  # in the legend of a figure
    FOLD: "fold of cycles",
    DOUBLING: "period doubling",
    TORUS: "torus bifurcation",
    PERIOD: "homoclinic (diverging period)",
}
CANARD = "canard (fold at fixed period)"


@dataclass(frozen=True)
class CycleCurve:
    """A curve of bifurcating cycles in two parameters.

    ``data`` over ``point``: both parameters, ``period``, ``frequency`` (Hz; per time unit for a
    dimensionless model), for every observable its ``min_`` and ``max_``,
    ``multiplier_real/imag`` (point, mode), ``critical_error``, how far the multipliers that make
    the curve are from their places, on torus curves ``angle`` of the critical pair (rad), on curves
    of fixed period ``sensitivity`` of the first parameter to it, the coefficients of the normal
    form: ``normal_form_c`` of period doublings (c < 0: stable doubled cycles),
    ``normal_form_re_d/im_d`` of torus bifurcations (re d < 0: a stable torus).
    ``special_points`` are cycles labelled CPC, GPD, CH, R1, R2, R3, R4, LPPD, LPNS, PDNS or
    NSNS, or "unresolved" with a reason. ``ended`` says why each end stopped.
    """

    kind: str
    model: VectorField
    parameters: tuple[str, str]
    spans: Spans
    data: xr.Dataset
    orbits: tuple[Orbit, ...]
    special_points: SpecialPoints[Cycle]
    ended: tuple[tuple[str, str], ...]
    solver: Solver

    def __len__(self) -> int:
        return len(self.orbits)

    def __getitem__(self, name: str) -> Cycle:
        """The special cycle of this name ("CPC1", "R21", ...)."""
        return point_named(self.special_points, name, f"this {self.kind}")

    def points(self, label: str) -> list[Cycle]:
        """All special cycles with a label, in order."""
        return points_labelled(self.special_points, label)

    def at(self, **value: float) -> Cycle:
        """The bifurcating cycle at one value of one of the parameters, labelled LPC, PD or NS, with
        its normal form; other curves may start at it.

        Raises ConvergenceError where the curve does not reach the value.
        """
        if len(value) != 1 or next(iter(value)) not in self.parameters:
            raise unknown_name("parameter", ", ".join(value), self.parameters, f"this {self.kind}")
        ((name, given),) = value.items()
        wanted = checks.number(name, given)
        offset = self.data[name].values - wanted
        component = 1 + self.parameters.index(name)
        for k in np.flatnonzero(offset[:-1] * offset[1:] <= 0).tolist():
            nearer = k + int(abs(offset[k + 1]) < abs(offset[k]))
            found = self.solver.point_at(self.orbits[nearer], wanted, component)
            if found is not None:
                return special_cycle(self.solver, found, LABELS.get(self.solver.kind, ""), k)
        known = self.data[name].values
        if not known.min() <= wanted <= known.max():
            raise ConvergenceError(
                f"the {self.kind} has no point at {name} = {wanted:g}; it runs from "
                f"{known.min():g} to {known.max():g}"
            )
        raise ConvergenceError(f"Newton failed on the {self.kind} at {name} = {wanted:g}")

    def drawn(self) -> Curve:
        """The curve as figures take it."""
        first, second = self.parameters
        word = CANARD if self.kind == FIXED_PERIOD else WORDS[self.solver.kind]
        return Curve(word, self.data[first].values, self.data[second].values)

    def plot(
        self, ax: Any = None, *, style: str = "default", legend: bool = False, **line: Any
    ) -> Any:
        """Draw the curve in the plane of its parameters; see ``CycleBranch``. Returns the axes."""
        first, second = self.parameters
        marks = [
            Mark(c.parameters[first], c.parameters[second], c.label, c.name)
            for c in self.special_points
        ]
        x, y = (axis_label(k, self.model.unit(k)) for k in self.parameters)
        return draw_cycle_curve(self.drawn(), (x, y), marks, ax, style, legend, **line)

    def to_dataframe(self) -> pd.DataFrame:
        """One row per point, as pandas has it; units in ``frame.attrs["units"]``."""
        return point_frame(self.data)

    def stored(self, digits: str = "float64") -> xr.Dataset:
        """``data`` with every orbit and all that made it in its attributes; see CycleBranch."""
        head = {"kind": self.kind, "ended": self.ended}
        return table_of_cycles(
            self.data, self.orbits, self.special_points, self.solver, head, digits
        )

    @classmethod
    def from_stored(cls, dataset: xr.Dataset, model: VectorField | None = None) -> CycleCurve:
        """The curve that ``stored`` described; ``model`` avoids compiling it again."""
        head, solver, data, orbits, special = read_cycles(dataset, model)
        first, second = solver.spans
        ended = tuple(tuple(pair) for pair in head["ended"])
        return cls(
            head["kind"], solver.model, (first, second), solver.spans, data, orbits, special,
            ended, solver,
        )  # fmt: skip

    def save(self, path: str | Path) -> Path:
        """Write the curve with every orbit to a NetCDF file, complete or not at all."""
        return write(self.stored(), path)

    def __str__(self) -> str:
        spans = ", ".join(
            f"{k} {float(self.data[k].min()):.6g} .. {float(self.data[k].max()):.6g}"
            for k in self.parameters
        )
        start, end = self.ended[0]
        lines = [
            f"{self.kind} of {self.model.name}: {len(self)} points, {spans}",
            f"  start: {start}; end: {end}",
        ]
        lines += delay_words(self.data, self.model) + hidden_words(self.data)
        return "\n".join(lines + [f"  {cycle}" for cycle in self.special_points])

    __repr__ = __str__


def cycle_fold_curve(
    cycle: Cycle,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    settings: CycleSettings | None = None,
) -> CycleCurve:
    """Follow a fold of cycles in two parameters, to both sides, through cusps.

    Minimally augmented: the condition that W + S with the phase condition is singular is added to
    the cycle's equations, with its exact gradient (Govaerts 2000).

    Parameters
    ----------
    cycle : an LPC point of a branch of cycles; one labelled CPC, R1, LPPD or LPNS of a curve; or
        GPD, beside which doubled cycles fold.
    parameters : the two free parameters.
    spans : name -> (low, high); by default twice the size of each parameter to both sides.

    Returns
    -------
    CycleCurve with CPC (c < 0: of three cycles the middle is unstable), R1, LPPD and LPNS points.

    Raises
    ------
    ModelError where the cycle is no fold or a span is wrong; ConvergenceError where Newton does not
    meet the curve.

    Example
    -------
    >>> curve = cycle_fold_curve(cycles["LPC1"], ("I", "v3"))
    """
    labels = ("LPC", "CPC", "R1", "LPPD", "LPNS", "GPD")
    return _curve(cycle, labels, FOLD, parameters, spans, settings)


def period_doubling_curve(
    cycle: Cycle,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    settings: CycleSettings | None = None,
) -> CycleCurve:
    """Follow a period doubling in two parameters, to both sides.

    Parameters and errors as for ``cycle_fold_curve``; from a PD point. Returns a CycleCurve with
    GPD (e < 0: of two doubled cycles nearby the larger is stable), R2, LPPD and PDNS points.

    Example
    -------
    >>> curve = period_doubling_curve(cycles["PD1"], ("al", "be"))
    """
    return _curve(cycle, ("PD", "GPD", "R2", "LPPD", "PDNS"), DOUBLING, parameters, spans, settings)


def torus_curve(
    cycle: Cycle,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    settings: CycleSettings | None = None,
    doubled: bool = False,
) -> CycleCurve:
    """Follow a torus (Neimark-Sacker) bifurcation in two parameters, to both sides.

    Parameters and errors as for ``cycle_fold_curve``; from an NS point, or from CH, R1 to R4, LPNS,
    PDNS or NSNS (there of the pair that is not that of its curve). With ``doubled`` it is the curve
    of the cycles of doubled period that an R2, LPPD or PDNS point emits, if it does: at R2 where
    doubled cycles beside it are no saddles. The curve ends at R1 and R2; CH (Chenciner, where the
    torus changes its stability; re_e < 0 of its ``coefficients``: of two tori nearby the outer is
    stable), R3, R4, LPNS, PDNS and NSNS points are located on it. Neutral saddle cycles, whose
    critical multipliers are real, are not.

    Example
    -------
    >>> curve = torus_curve(cycles["NS1"], ("nu", "be"))
    >>> torus_curve(doublings["R21"], ("nu", "be"), doubled=True)
    """
    labels = ("R2", "LPPD", "PDNS") if doubled else _ON_TORI
    return _curve(cycle, labels, TORUS, parameters, spans, settings, doubled)


def _curve(cycle, labels, kind, parameters, spans, settings, doubled=False) -> CycleCurve:
    if not isinstance(cycle, Cycle) or cycle.label not in labels:
        given = cycle.label or "an ordinary cycle" if isinstance(cycle, Cycle) else type(cycle)
        raise ModelError(
            f"a {KINDS[kind]} starts from {', '.join(labels)} cycles; this one is {given}"
        )
    solver = Solver(cycle.model, spans_around(cycle.model, parameters, spans), kind)
    if doubled or (kind == FOLD and cycle.label == "GPD"):
        orbit = first_doubled(solver, cycle)
    elif kind == TORUS and cycle.label in ("R1", "R2"):
        orbit = first_torus(solver, cycle)
    else:
        angle = [critical_angle(cycle)] if kind == TORUS else []
        z = np.array([cycle.period, *(cycle.parameters[k] for k in parameters), *angle])
        orbit = replace(cycle.orbit, z=z)
    return trace_both_ways(solver, orbit, settings or CycleSettings())


def trace_both_ways(
    solver: Solver,
    orbit: Orbit,
    settings: CycleSettings,
    kind: str = "",
    resonances: tuple[str, ...] | None = None,
    enough: Enough | None = None,
) -> CycleCurve:
    """Correct an orbit onto the curve of a solver and follow it to both sides.

    ``kind`` renames the curve; ``resonances`` are the codimension-two points sought (all);
    ``enough`` says where to end.
    """
    first = start_point(solver, orbit)
    backward, forward = trace_both_sides(solver, first, settings, enough)
    return make_curve(solver, backward, forward, kind or KINDS[solver.kind], resonances)


def start_point(solver: Solver, orbit: Orbit) -> Point:
    """The point of the curve nearest to an orbit, in the plane of fixed second, else first,
    parameter."""
    for tolerance in (1e-10, 1e-7):  # states without a typical size leave more rounding
        for component in (2, 1):
            direction = np.zeros(solver.size)
            direction[component] = solver.half[component]
            along = Direction(np.zeros_like(orbit.u), direction)
            found = solver.along(orbit, along, tolerance)
            if found is not None:
                return found
    where = ", ".join(f"{k} = {v:.6g}" for k, v in zip(solver.names, orbit.z[1:], strict=False))
    raise ConvergenceError(
        f"Newton did not meet the {KINDS[solver.kind]} at {where}: the cycle is not on it, or the "
        "curve is singular there; start from another point of the branch"
    )


def make_curve(
    solver: Solver, backward: Trace, forward: Trace, kind: str, resonances: tuple[str, ...] | None
) -> CycleCurve:
    """The CycleCurve of two traces that start at the same point."""
    points = backward.reversed()[:-1] + forward.points
    cubic = cubic_coefficients(solver, points if resonances != () else [])
    off = off_the_curve(solver, points)
    unsorted = codimension_two(solver, points, cubic, off, resonances)
    found = sorted(unsorted, key=lambda item: item.index)
    if resonances == ():  # nothing refers to the points by number
        points = densified(solver, points)
    data = make_dataset(solver, points)
    if solver.kind != PERIOD and len(off) == len(points):
        data["critical_error"] = ("point", off)
    if len(cubic):
        data = data.assign(_columns_of(solver, cubic))
    if solver.kind == PERIOD:
        some = np.unique([*range(0, len(points), 4), len(points) - 1])
        found_there = [sensitivity(solver, points[k]) for k in some]
        data["sensitivity"] = ("point", np.interp(range(len(points)), some, found_there))
    if solver.kind == TORUS:
        data["angle"] = ("point", [float(p.orbit.z[3]) for p in points], {"units": "rad"})
    return CycleCurve(
        kind, solver.model, (solver.names[0], solver.names[1]), solver.spans, data,
        tuple(p.orbit for p in points), numbered(_special(solver, item) for item in found),
        ((why_it_ended(solver, backward), why_it_ended(solver, forward)),), solver,
    )  # fmt: skip


def _columns_of(solver: Solver, cubic: np.ndarray) -> dict[str, Any]:
    """Normal-form coefficients along the curve, as columns."""
    parts = {"c": cubic} if solver.kind == DOUBLING else {"re_d": cubic.real, "im_d": cubic.imag}
    return {f"normal_form_{name}": ("point", values) for name, values in parts.items()}


def _special(solver: Solver, found: Resonance) -> Cycle:
    special = special_cycle(solver, found.point, found.label, found.index)
    return replace(special, certificate=dict(found.certificate))


def sensitivity(solver: Solver, point: Point) -> float:
    """How far the first parameter moves, in half spans, while the period changes by its own size.

    Next to nothing where many cycles share one parameter: beside a homoclinic orbit, in a canard.
    """
    name, orbit = solver.names[0], point.orbit
    plain = Solver(solver.at(orbit), {name: solver.spans[name]})
    at_period = plain.point_at(Orbit(orbit.mesh, orbit.u, orbit.z[:2].copy()), orbit.period, 0)
    if at_period is None:
        return np.nan
    dz = at_period.direction.z
    return float(abs(dz[1] / plain.half[1]) / max(abs(dz[0] / orbit.period), 1e-300))


def special_cycle(solver: Solver, point: Point, label: str, index: int) -> Cycle:
    """A Cycle from a point of a curve, free in the curve's first parameter."""
    plain = free_in_first(solver, point.orbit)
    orbit = replace(point.orbit, z=point.orbit.z[:2].copy())
    found = cycle_from(plain, replace(point, orbit=orbit), label)
    return replace(found, index=index, free=solver.names)


def free_in_first(solver: Solver, orbit: Orbit) -> Solver:
    """What corrects a cycle of a curve as an ordinary one, the curve's first parameter free."""
    name = solver.names[0]
    return Solver(solver.at(orbit), {name: solver.spans[name]})
