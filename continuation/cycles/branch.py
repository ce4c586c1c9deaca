"""``CycleBranch``: cycles followed in one parameter, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from continuation.cycles.columns import delay_words, extrema_along, make_dataset
from continuation.cycles.counts import TRIVIAL_TOLERANCE, Spectra, persistent
from continuation.cycles.cycle import Cycle, cycle_from, is_conserved_family, make_cycle
from continuation.cycles.events import events
from continuation.cycles.following import DIVERGED
from continuation.cycles.living import cycles_content
from continuation.cycles.location import floquet_of
from continuation.cycles.multipliers import NONE
from continuation.cycles.orbits import STEEP, Direction, Orbit, Point, Solver
from continuation.cycles.pairs import come_in_pairs, paired_events
from continuation.cycles.prediction import BEFORE
from continuation.cycles.saddles import divergence
from continuation.cycles.settings import CycleSettings
from continuation.cycles.storage import read_cycles, table_of_cycles
from continuation.cycles.tracing import (
    CLOSED,
    INTERRUPTED,
    MAX_POINTS,
    REASONS,
    Trace,
    trace,
)
from continuation.drawing import Mark, draw_cycles
from continuation.engine.special_points import SpecialPoints, numbered, point_named, points_labelled
from continuation.explorer.explorable import Explorable
from continuation.frames import point_frame
from continuation.netcdf import write
from dynsys import checks
from dynsys.errors import ConvergenceError, ModelError, unknown_name
from dynsys.validity import flags
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    import pandas as pd

_TOGETHER = 1.0  # error of multipliers that are 1 together, beyond which periods are rounding
CONSERVED = "cycles of a conserved quantity"


@dataclass(frozen=True)
class Resume:
    """What continues a branch from its last cycle as if it had not stopped: the direction there,
    the next step, the number of points made, the longest period allowed."""

    direction: Direction
    step: float
    number: int
    longest: float


@dataclass(frozen=True)
class CycleBranch(Explorable):
    """A branch of cycles in one parameter.

    ``data`` over ``point``: the parameter, ``period``, ``frequency`` (Hz; per time unit for a
    dimensionless model), for every observable its ``min_`` and ``max_``, ``unstable``,
    ``stable``, ``neutral``, ``undetermined`` (where the multiplier 1 is off by more than 1e-3, or
    by 0.03 where others are clearly outside), ``multiplier_real/imag`` and
    ``multiplier_log10/angle/error`` (point, mode; log10 of the modulus, radians, about the relative
    error: inf where of one far inside the unit circle only that is known, which ``at`` resolves;
    nan from 20 states on, and of delay models, where ``at(...).multiplier_errors`` tells it),
    ``trivial_error``, ``intervals`` of the mesh, of delay models ``delay_error``, the largest error
    of a delayed signal relative to its range.
    ``special_points`` are cycles labelled LPC, PD, NS or BPC. ``persistent`` multipliers are 1 all
    along besides the trivial one, as a conserved quantity or a continuous symmetry makes them:
    counts leave them out, and no cycle is stable (they are ``neutral``).
    """

    model: VectorField
    parameter: str
    data: xr.Dataset
    orbits: tuple[Orbit, ...]
    special_points: SpecialPoints[Cycle]
    ended: tuple[str, str]
    solver: Solver
    settings: CycleSettings
    resume: Resume
    kind: str = "limit cycles"
    persistent: int = 0

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
        wanted = checks.number(self.parameter, value[self.parameter])
        found = [
            cycle for cycle in map(self._at, self._brackets(wanted), [wanted] * len(self)) if cycle
        ]
        if not found:
            known = self.data[self.parameter].values
            if known.min() <= wanted <= known.max():
                raise ConvergenceError(
                    f"Newton failed on the branch at {self.parameter} = {wanted:g}"
                )
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
        for tolerance in (1e-10, STEEP):
            orbit = self.solver.at_value(self.orbits[index], wanted, tolerance=tolerance)
            if orbit is not None:
                break
        else:
            return None
        return replace(make_cycle(self.solver, orbit), persistent=self.persistent)

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
        found = last.floquet.joined(1.0 + last.trivial_error)
        first = Point(self.orbits[-1], self.resume.direction, found)
        more = trace(
            self.solver, first, replace(self.settings, max_points=room), self.resume.step,
            self.resume.number - 1, self.resume.longest, self._start(),
            before=self.orbits[-min(self.resume.number, BEFORE + 1) : -1],
        )  # fmt: skip
        start = more.words if more.reason == CLOSED else self.ended[0]
        rest = make_branch(
            self.solver, more, (start, more.words), self.settings,
            made=self.resume.number + len(more.points) - 1, longest=self.resume.longest,
        )  # fmt: skip
        return replace(
            rest,
            data=xr.concat([self.data, rest.data.isel(point=slice(1, None))], "point"),
            orbits=self.orbits + rest.orbits[1:],
            special_points=numbered(
                [
                    *self.special_points,
                    *(replace(c, index=c.index + len(self) - 1) for c in rest.special_points),
                ]
            ),
        )

    def _start(self) -> Point:
        """The first cycle, with the direction to the second; without multipliers."""
        first, second = self.orbits[0], self.orbits[1]
        return Point(first, Direction(np.zeros_like(first.u), second.z - first.z), NONE)

    def to_dataframe(self) -> pd.DataFrame:
        """One row per point, as pandas has it; units in ``frame.attrs["units"]``."""
        return point_frame(self.data)

    def stored(self, digits: str = "float64") -> xr.Dataset:
        """``data`` with every orbit and all that made it in its attributes.

        ``digits`` "float32" halves the file where orbits only serve as starts for Newton.
        """
        direction = self.resume.direction
        head = {
            "kind": self.kind,
            "ended": self.ended,
            "persistent": self.persistent,
            "settings": asdict(self.settings),
            "resume": {
                "u": direction.u.tolist(), "z": direction.z.tolist(), "step": self.resume.step,
                "number": self.resume.number, "longest": self.resume.longest,
            },
        }  # fmt: skip
        return table_of_cycles(
            self.data, self.orbits, self.special_points, self.solver, head, digits
        )

    @classmethod
    def from_stored(cls, dataset: xr.Dataset, model: VectorField | None = None) -> CycleBranch:
        """The branch that ``stored`` described; ``model`` avoids compiling it again."""
        head, solver, data, orbits, special = read_cycles(dataset, model)
        resume = head["resume"]
        direction = Direction(np.array(resume["u"]), np.array(resume["z"]))
        return cls(
            solver.model, solver.parameter, data, orbits, special, tuple(head["ended"]), solver,
            CycleSettings(**head["settings"]),
            Resume(direction, resume["step"], resume["number"], resume["longest"]),
            head["kind"], head.get("persistent", 0),
        )  # fmt: skip

    def save(self, path: str | Path) -> Path:
        """Write the branch with every orbit to a NetCDF file, complete or not at all."""
        return write(self.stored(), path)

    page_content = cycles_content

    def special_point_table(self) -> list[dict[str, Any]]:
        """One record per special cycle."""
        return [
            {"name": c.name, self.parameter: c.orbit.value, "period": c.period,
             self.model.frequency_column: c.frequency, **c.coefficients,
             "trivial_error": c.trivial_error}
            for c in self.special_points
        ]  # fmt: skip

    @property
    def _across(self) -> str:
        """The column that tells the cycles apart."""
        return "max_conserved" if self.kind == CONSERVED else self.parameter

    def plot(
        self, observable: str | None = None, ax: Any = None, *, style: str = "default",
        legend: bool = False, **line: Any,
    ) -> Any:  # fmt: skip
        """Draw the cycles' extrema; stable solid and wide, unstable dashed. Returns the axes.

        ``style`` is "default", "publication" or "xppaut"; ``line`` matplotlib's keywords for lines.
        """
        name = observable or self.model.observable_names[0]
        if name not in self.model.observables:
            raise unknown_name("observable", name, self.model.observables, self.model.name)
        marks = [
            Mark(self._place(c), c.extrema(name)[1], c.label, c.name) for c in self.special_points
        ]
        return draw_cycles(self.data, self._across, name, marks, ax, style, legend, **line)

    def _place(self, cycle: Cycle) -> float:
        return cycle.extrema("conserved")[1] if self.kind == CONSERVED else cycle.orbit.value

    def __str__(self) -> str:
        values = self.data[self._across].values
        periods = self.data["period"].values
        unit = self.model.time_unit or "time units"
        lines = [
            f"{self.kind} of {self.model.name} in {self._across}: {len(self)} cycles, "
            f"{values.min():.6g} .. {values.max():.6g}, "
            f"periods {periods.min():.5g} .. {periods.max():.5g} {unit}",
            f"  start: {self.ended[0]}; end: {self.ended[1]}",
        ]
        lines += delay_words(self.data, self.model) + self._lost_words()
        if self.persistent:
            lines.append(
                f"  {self.persistent} more multiplier{'s are' if self.persistent > 1 else ' is'} 1 "
                "at every cycle, as a conserved quantity or a continuous symmetry makes it: counts "
                "leave it out, cycles are neutral at best"
            )
        lines += [f"  {cycle}" for cycle in self.special_points]
        return "\n".join(lines + [f"  {flag}" for flag in flags(self.model, self.data)])

    __repr__ = __str__

    def _lost_words(self) -> list[str]:
        """A line on cycles of which no multiplier is known, as 1 is not among them."""
        errors, values = self.data["trivial_error"].values, self.data[self._across].values
        lost = errors > (_TOGETHER if self.persistent else TRIVIAL_TOLERANCE)
        if not lost.any():
            return []
        if self.persistent:
            return [
                f"  on {lost.sum()} of them, {self._across} = {values[lost].min():.6g} .. "
                f"{values[lost].max():.6g}, the multipliers 1 are off by up to {errors.max():.0e}: "
                "others are not known there, and rounding decides which of them has which period"
            ]
        return [
            f"  on {lost.sum()} of them, {self._across} = {values[lost].min():.6g} .. "
            f"{values[lost].max():.6g}, the multiplier 1 is off by up to {errors.max():.0e}: their "
            "other multipliers and their stability are not known, and no special cycles are looked "
            "for between them"
        ]


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
    spectra = Spectra.of(points)
    still = persistent(spectra, np.array([p.orbit.value for p in points]))
    family = is_conserved_family(solver)
    if family and len(points[0].floquet) > 1:  # also where errors hide that it is 1
        still = max(still, 1)
    moving = points
    if still:
        moving = [replace(p, floquet=p.floquet.without_persistent(still)) for p in points]
    if family and come_in_pairs(points, still):
        column = list(solver.model.observables).index("conserved")
        found, unstable = paired_events(
            solver, points, still,
            lambda p: float(extrema_along(solver, [p.orbit])[0, 1, column]),
        )  # fmt: skip
    else:
        found, unstable = events(
            solver.without(still, family), moving, Spectra.of(moving) if still else spectra,
            settings.violent,
        )  # fmt: skip
    special = [
        replace(
            cycle_from(solver, _whole(solver, event.point, still), event.label),
            index=event.index, multiplicity=event.multiplicity, persistent=still,
            certificate=dict(event.certificate),
        )
        for event in found
    ]  # fmt: skip
    first, last = (
        f"the period diverges: {divergence(solver, orbit)}" if word == REASONS[DIVERGED] else word
        for word, orbit in zip(ended, (points[0].orbit, points[-1].orbit), strict=True)
    )
    ended = (first, last)
    number = len(points) if made is None else made
    if longest is None:
        longest = settings.longest * points[len(points) - number].orbit.period
    return CycleBranch(
        solver.model, solver.parameter, make_dataset(solver, points, spectra, unstable, still),
        tuple(p.orbit for p in points), numbered(special), ended, solver, settings,
        Resume(points[-1].direction, traced.step, number, longest), persistent=still,
    )  # fmt: skip


def _whole(solver: Solver, point: Point, still: int) -> Point:
    """The point with all its multipliers."""
    return replace(point, floquet=floquet_of(solver, point.orbit)) if still else point
