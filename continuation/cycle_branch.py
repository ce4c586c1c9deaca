"""Cycles and branches of cycles as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from continuation.orbits import (
    Direction,
    Orbit,
    Solver,
    multipliers,
    sample_times,
    without_trivial,
)
from continuation.special_points import canonical_label
from dynsys.errors import ConvergenceError, unknown_name
from dynsys.vector_field import VectorField

TRIVIAL_TOLERANCE = 1e-3  # a multiplier 1 that is off by more makes the verdict worthless


@dataclass(frozen=True)
class Cycle:
    """A periodic orbit of a model at fixed parameters.

    ``multipliers`` (n - 1,) without the trivial one, whose distance to 1 is ``trivial_error``.
    """

    model: VectorField
    orbit: Orbit
    solver: Solver
    multipliers: np.ndarray
    trivial_error: float
    label: str = ""
    name: str = ""

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
    kind: str = "limit cycles"

    def __len__(self) -> int:
        return len(self.orbits)

    def __getitem__(self, name: str) -> Cycle:
        """The special cycle of this name ("LPC1", "PD2", ...)."""
        wanted = canonical_label(name)
        for cycle in self.special_points:
            if cycle.name == wanted:
                return cycle
        names = [c.name for c in self.special_points]
        raise unknown_name("special point", name, names, "this branch of limit cycles")

    def points(self, label: str) -> list[Cycle]:
        """All special cycles with a label, in order."""
        return [c for c in self.special_points if c.label == canonical_label(label)]

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

    def save(self, path: str | Path) -> Path:
        """Write the branch with every orbit to a NetCDF file, complete or not at all."""
        from continuation.storage import save_cycles

        return save_cycles(self, path)

    def special_point_table(self) -> list[dict[str, Any]]:
        """One record per special cycle."""
        return [
            {"name": c.name, self.parameter: c.orbit.value, "period": c.period,
             "frequency_Hz": c.frequency, "trivial_error": c.trivial_error}
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
        return "\n".join(lines + [f"  {cycle}" for cycle in self.special_points])

    __repr__ = __str__


def make_cycle(solver: Solver, orbit: Orbit, label: str = "", name: str = "") -> Cycle:
    """A Cycle with its multipliers from a converged orbit."""
    along = Direction(np.zeros_like(orbit.u), 0.0, solver.half)
    _, pair, _ = solver.tangent(orbit, along)
    rest, error = without_trivial(multipliers(pair))
    model = solver.model.with_parameters(**{solver.parameter: orbit.value})
    return Cycle(model, orbit, solver, rest, error, label, name)


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
