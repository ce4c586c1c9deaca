"""Cycles and branches of cycles as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from continuation.cycles.events import TRIVIAL_TOLERANCE, events
from continuation.cycles.following import DIVERGED, observed_extrema
from continuation.cycles.normal_forms import coefficients
from continuation.cycles.orbits import DEGREE, Direction, Orbit, Point, Solver, sample_times
from continuation.cycles.saddles import divergence
from continuation.cycles.tracing import (
    INTERRUPTED,
    MAX_POINTS,
    REASONS,
    CycleSettings,
    Trace,
    trace,
)
from continuation.engine.special_points import point_named, points_labelled
from dynsys.errors import ConvergenceError, ModelError, unknown_name
from dynsys.validity import flags
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class Cycle:
    """A periodic orbit of a model at fixed parameters.

    ``multipliers`` (n - 1,) without the trivial one, whose distance to 1 is ``trivial_error``;
    ``index`` of the point before it on its branch or curve.
    """

    model: VectorField
    orbit: Orbit
    solver: Solver
    multipliers: np.ndarray
    trivial_error: float
    label: str = ""
    name: str = ""
    index: int = 0

    @cached_property
    def coefficients(self) -> Mapping[str, float]:
        """Normal-form coefficients of an LPC, PD or NS point (``cycle_normal_forms``)."""
        angle = 0.0
        if self.label == "NS":
            pairs = self.multipliers[np.abs(self.multipliers.imag) > 1e-9]
            angle = float(abs(np.angle(pairs[np.argmin(np.abs(np.abs(pairs) - 1))])))
        return coefficients(self.solver, self.orbit, self.label, angle)

    @property
    def parameters(self) -> Mapping[str, float]:
        """Every parameter's value."""
        return self.model.parameters

    @property
    def period(self) -> float:
        """Period in the model's time unit."""
        return self.orbit.period

    @property
    def frequency(self) -> float:
        """Frequency in Hz (cycles per time unit for a dimensionless model)."""
        return self.model.frequency_factor / self.orbit.period

    @property
    def unstable(self) -> int:
        """Multipliers outside the unit circle."""
        return count_unstable(self.multipliers, self.trivial_error)

    @property
    def stable(self) -> bool | None:
        """None where the trivial multiplier is too far from 1 for a verdict."""
        return None if self.trivial_error > TRIVIAL_TOLERANCE else self.unstable == 0

    def extrema(self, name: str) -> tuple[float, float]:
        """Smallest and largest value of a state or observable along the cycle.

        Of 40 samples in every mesh interval (about 1e-6 of the range from the true extremum).
        """
        values = self.values(name, sample_times(self.orbit.mesh, 40))
        return float(values.min()), float(values.max())

    def values(self, name: str, times: np.ndarray) -> np.ndarray:
        """Values (k,) of a state or observable at phases 0..1."""
        states = self.solver.states(self.orbit, np.asarray(times, float))
        if name in self.model.observables:
            column = list(self.model.observables).index(name)
            return observe_states(self.model, states)[:, column]
        if name in self.model.states:
            return states[:, list(self.model.states).index(name)]
        known = [*self.model.observables, *self.model.states]
        raise unknown_name("state or observable", name, known, self.model.name)

    def profile(self, count: int = 400) -> xr.Dataset:
        """One period: states and observables over ``time``."""
        phase = np.linspace(0, 1, count)
        names = dict.fromkeys([*self.model.states, *self.model.observables])
        data = {k: ("time", self.values(k, phase), {"units": self.model.unit(k)}) for k in names}
        return xr.Dataset(data, coords={"time": phase * self.period, "phase": ("time", phase)})

    def __str__(self) -> str:
        verdict = {True: "stable", False: "unstable", None: "stability undetermined"}[self.stable]
        unit = self.model.time_unit or "time units"
        where = f"{self.solver.parameter} = {self.orbit.value:.8g}"
        head = f"{self.name}  " if self.name else ""
        largest = ", ".join(f"{m:.4g}" for m in self.multipliers[:2])
        return (
            f"{head}{where}; period {self.period:.6g} {unit}; {verdict}; multipliers {largest}; "
            f"trivial one off by {self.trivial_error:.0e}"
        )

    __repr__ = __str__


@dataclass(frozen=True)
class Resume:
    """What continues a branch from its last cycle as if it had not stopped: the direction there,
    the next step, the number of points made, the longest period allowed."""

    direction: Direction
    step: float
    number: int
    longest: float


@dataclass(frozen=True)
class CycleBranch:
    """A branch of cycles in one parameter.

    ``data`` over ``point``: the parameter, ``period``, ``frequency`` (Hz), for every observable its
    ``min_`` and ``max_``, ``unstable``, ``stable``, ``multiplier_real/imag`` (point, mode),
    ``trivial_error``, ``intervals`` of the mesh. ``special_points`` are cycles labelled LPC, PD, NS
    or BPC.
    """

    model: VectorField
    parameter: str
    data: xr.Dataset
    orbits: tuple[Orbit, ...]
    special_points: tuple[Cycle, ...]
    ended: tuple[str, str]
    solver: Solver
    settings: CycleSettings
    resume: Resume
    kind: str = "limit cycles"

    def __len__(self) -> int:
        return len(self.orbits)

    def __getitem__(self, name: str) -> Cycle:
        """The special cycle of this name ("LPC1", "PD2", ...)."""
        return point_named(self.special_points, name, "this branch of limit cycles")

    def points(self, label: str) -> list[Cycle]:
        """All special cycles with a label, in order."""
        return points_labelled(self.special_points, label)

    def at(self, **value: float) -> Cycle:
        """The cycle at one parameter value; a stable one where the branch passes several times.

        Raises ConvergenceError where the branch does not reach the value.
        """
        if list(value) != [self.parameter]:
            raise unknown_name("free parameter", ", ".join(value), [self.parameter], "this branch")
        (wanted,) = value.values()
        found = [
            cycle for cycle in map(self._at, self._brackets(wanted), [wanted] * len(self)) if cycle
        ]
        if not found:
            known = self.data[self.parameter].values
            raise ConvergenceError(
                f"the branch has no cycle at {self.parameter} = {wanted:g}; it runs from "
                f"{known.min():g} to {known.max():g}"
            )
        return min(found, key=lambda cycle: cycle.unstable)

    def _brackets(self, wanted: float) -> list[int]:
        offset = self.data[self.parameter].values - wanted
        exact = np.flatnonzero(offset == 0).tolist()
        crossing = np.flatnonzero(offset[:-1] * offset[1:] < 0)
        nearer = [int(k + (abs(offset[k + 1]) < abs(offset[k]))) for k in crossing]
        return sorted({*exact, *nearer})

    def _at(self, index: int, wanted: float) -> Cycle | None:
        orbit = self.solver.at_value(self.orbits[index], wanted)
        return None if orbit is None else make_cycle(self.solver, orbit)

    def extended(self, max_points: int | None = None) -> CycleBranch:
        """The branch continued from its end, in the same direction, by up to ``max_points`` cycles.

        The points are those that would have followed, also after ``save`` and ``load``.

        Raises ModelError where the branch did not stop early: there is nothing to continue.

        Example
        -------
        >>> longer = load("cycles.nc").extended(max_points=50)
        """
        if self.ended[1] not in (REASONS[MAX_POINTS], REASONS[INTERRUPTED]):
            raise ModelError(
                f"the branch cannot be extended, it {self.ended[1]!r}; follow it across a wider "
                "span, or with other settings from branch.at(...)"
            )
        room = (self.settings.max_points if max_points is None else max_points) + 1
        last = make_cycle(self.solver, self.orbits[-1])
        found = np.append(last.multipliers, 1.0 + last.trivial_error)
        first = Point(self.orbits[-1], self.resume.direction, found)
        more = trace(
            self.solver, first, replace(self.settings, max_points=room), self.resume.step,
            self.resume.number - 1, self.resume.longest,
        )  # fmt: skip
        rest = make_branch(
            self.solver, more, (self.ended[0], REASONS[more.reason]), self.settings,
            made=self.resume.number + len(more.points) - 1, longest=self.resume.longest,
        )  # fmt: skip
        return replace(
            rest,
            data=xr.concat([self.data, rest.data.isel(point=slice(1, None))], "point"),
            orbits=self.orbits + rest.orbits[1:],
            special_points=numbered_cycles([*self.special_points, *rest.special_points]),
        )

    def save(self, path: str | Path) -> Path:
        """Write the branch with every orbit to a NetCDF file, complete or not at all."""
        from continuation.storage import save_cycles

        return save_cycles(self, path)

    def special_point_table(self) -> list[dict[str, Any]]:
        """One record per special cycle."""
        return [
            {"name": c.name, self.parameter: c.orbit.value, "period": c.period,
             self.model.frequency_column: c.frequency, **c.coefficients,
             "trivial_error": c.trivial_error}
            for c in self.special_points
        ]  # fmt: skip

    def plot(self, observable: str | None = None, ax: Any = None) -> Any:
        """Draw the cycles' extrema; stable solid and filled, unstable dashed. Returns the axes."""
        from continuation.drawing import draw_cycles

        return draw_cycles(self, observable=observable, ax=ax)

    def __str__(self) -> str:
        values = self.data[self.parameter].values
        periods = self.data["period"].values
        unit = self.model.time_unit or "time units"
        lines = [
            f"limit cycles of {self.model.name} in {self.parameter}: {len(self)} cycles, "
            f"{values.min():.6g} .. {values.max():.6g}, "
            f"periods {periods.min():.5g} .. {periods.max():.5g} {unit}",
            f"  start: {self.ended[0]}; end: {self.ended[1]}",
        ]
        lines += [f"  {cycle}" for cycle in self.special_points]
        return "\n".join(lines + [f"  {flag}" for flag in flags(self.model, self.data)])

    __repr__ = __str__


def make_cycle(solver: Solver, orbit: Orbit, label: str = "", name: str = "") -> Cycle:
    """A Cycle with its multipliers from an orbit, corrected at its parameter.

    Raises ConvergenceError where Newton does not meet a cycle.
    """
    point = solver.point_at(orbit, orbit.value)
    if point is None:  # at a fold of cycles the parameter does not tell the cycles apart
        point = solver.along(orbit, Direction(np.zeros_like(orbit.u), np.array([1.0, 0.0])))
    if point is None:
        raise ConvergenceError(
            f"no cycle was found at {solver.parameter} = {orbit.value:.8g} near the period "
            f"{orbit.period:.6g}"
        )
    return cycle_from(solver, point, label, name)


def cycle_from(solver: Solver, point: Point, label: str = "", name: str = "") -> Cycle:
    """A Cycle from a corrected point of a branch."""
    return Cycle(
        solver.at(point.orbit), point.orbit, solver, point.rest, point.trivial_error, label, name
    )


def make_branch(
    solver: Solver,
    traced: Trace,
    ended: tuple[str, str],
    settings: CycleSettings,
    made: int | None = None,
    longest: float | None = None,
) -> CycleBranch:
    """Collect a traced branch with its special cycles; ``made`` points lead from its start."""
    points = traced.points
    special = [
        replace(cycle_from(solver, p, label), index=k) for k, label, p in events(solver, traced)
    ]
    first, last = (
        f"the period diverges: {divergence(solver, orbit)}" if word == REASONS[DIVERGED] else word
        for word, orbit in zip(ended, (points[0].orbit, points[-1].orbit), strict=True)
    )
    ended = (first, last)
    number = len(points) if made is None else made
    if longest is None:
        longest = settings.longest * points[len(points) - number].orbit.period
    return CycleBranch(
        solver.model, solver.parameter, make_dataset(solver, points),
        tuple(p.orbit for p in points), numbered_cycles(special), ended, solver, settings,
        Resume(points[-1].direction, traced.step, number, longest),
    )  # fmt: skip


def make_dataset(solver: Solver, points: Sequence[Point]) -> xr.Dataset:
    """Columns over the points of a branch or curve of cycles."""
    model, orbits = solver.model, [p.orbit for p in points]
    unstable = np.array([count_unstable(p.rest, p.trivial_error) for p in points])
    found = np.array([p.rest for p in points])
    columns: dict[str, Any] = {
        name: ("point", [float(o.z[1 + k]) for o in orbits], {"units": model.unit(name)})
        for k, name in enumerate(solver.names)
    }
    columns |= {
        "period": ("point", [o.period for o in orbits], {"units": model.time_unit}),
        "frequency": (
            "point", [model.frequency_factor / o.period for o in orbits],
            {"units": model.frequency_unit},
        ),
        "unstable": ("point", unstable),
        "stable": ("point", unstable == 0),
        "trivial_error": ("point", [p.trivial_error for p in points]),
        "intervals": ("point", [o.intervals for o in orbits]),
        "multiplier_real": (("point", "mode"), found.real),
        "multiplier_imag": (("point", "mode"), found.imag),
    }  # fmt: skip
    ends = np.array([_observed_extrema(solver, o) for o in orbits])
    for k, name in enumerate(model.observables):
        unit = {"units": model.unit(name)}
        columns[f"min_{name}"] = ("point", ends[:, 0, k], unit)
        columns[f"max_{name}"] = ("point", ends[:, 1, k], unit)
    return xr.Dataset(columns)


def _observed_extrema(solver: Solver, orbit: Orbit) -> np.ndarray:
    """Smallest and largest value (2, o) of every observable along an orbit."""
    compiled, p = solver.model.compiled, solver.model.parameter_array()
    p[solver.free] = orbit.z[1 : 1 + len(solver.names)]
    out = np.empty((2, len(solver.model.observables)))
    observed_extrema(
        compiled.observables, compiled.tables, p, solver.scale, orbit.u, DEGREE, 10, out
    )
    return out


def numbered_cycles(special: Sequence[Cycle]) -> tuple[Cycle, ...]:
    """The special cycles named by label and number, in order: LPC1, PD2, R3_1."""
    counts: dict[str, int] = {}
    named = []
    for cycle in special:
        counts[cycle.label] = counts.get(cycle.label, 0) + 1
        between = "_" if cycle.label[-1:].isdigit() else ""
        named.append(replace(cycle, name=f"{cycle.label}{between}{counts[cycle.label]}"))
    return tuple(named)


def count_unstable(rest: np.ndarray, trivial_error: float) -> int:
    """Multipliers outside the unit circle by more than their own accuracy."""
    return int(np.sum(np.abs(rest) > 1 + max(1e-6, 10 * trivial_error)))


def observe_states(model: VectorField, states: np.ndarray) -> np.ndarray:
    """Observables (k, o) at states (k, n)."""
    compiled, p = model.compiled, model.parameter_array()
    out = np.empty((len(states), len(model.observables)))
    for row, x in enumerate(np.ascontiguousarray(states)):
        compiled.observables(x, p, compiled.tables, out[row])
    return out
