"""``Cycle``: a periodic orbit with its multipliers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import linear_sum_assignment, minimize_scalar

from continuation.cycles.counts import RESOLUTION, TRIVIAL_TOLERANCE
from continuation.cycles.following import DOUBTFUL
from continuation.cycles.location import AT_PLACE, floquet_of
from continuation.cycles.multipliers import VAGUE, Multipliers
from continuation.cycles.normal_forms import coefficients
from continuation.cycles.orbits import (
    STEEP,
    Direction,
    Orbit,
    Point,
    Solver,
    adapted_mesh,
    moved,
    remeshed,
    sample_times,
)
from continuation.cycles.own_past import multipliers_on_own_past
from dynsys.errors import ConvergenceError, unknown_name
from dynsys.vector_field import VectorField

NOTABLE = 1e-6  # error of multipliers, or of what they come from, beyond which it is printed
_ALL = 700.0  # in the logarithm: beyond it an error is one without bound
UNFOLDING = "unfolding"  # the free parameter of families of cycles at fixed parameters: zero,
OF_A_FAMILY = "of the conserved family"  # and what it means, unlike a user's own of this name
_CODIMENSION_TWO = frozenset(
    ("CPC", "GPD", "CH", "R1", "R2", "R3", "R4", "LPPD", "LPNS", "PDNS", "NSNS")
)
_ON_THE_CIRCLE = _CODIMENSION_TWO | {"LPC", "PD", "NS", "BPC"}
_SAME = 1e-3  # by which period and parameter of a cycle may differ on a finer mesh
_SHOWN = 2  # multipliers, the largest
_DIGITS = 1e-7  # of a parameter that are shown
_NOT_CUT = 20  # states from which on maps of the flow are not cut (``interval_maps``)


def is_conserved_family(solver: Solver) -> bool:
    """Whether the cycles are a family at fixed parameters, told apart by a conserved quantity."""
    free = solver.model.declared_parameters.get(solver.parameter)
    return solver.parameter == UNFOLDING and free is not None and free.meaning == OF_A_FAMILY


@dataclass(frozen=True)
class Cycle:
    """A periodic orbit of a model at fixed parameters.

    ``multipliers`` (n - 1,) complex, largest first, without the trivial one, whose distance to 1 is
    ``trivial_error``; infinite or zero beyond the range of doubles, where ``log10_multipliers`` and
    ``multiplier_angles`` (n - 1,) go on. ``index`` of the point before it on its branch or curve;
    ``multiplicity`` of a special cycle at which several multipliers (or pairs) pass at once, as
    symmetry makes them; ``certificate`` of a special cycle: ``residual`` of the collocation
    equations, ``multiplier_distance`` of the bifurcating multiplier from its place,
    ``test_value`` of what was solved for, the parameter's ``bracket``; ``moved`` of a fold whose
    multipliers are not resolved, by which the last of finer meshes moved the parameter; ``pair``
    where the distance is that of half the sum of m and 1/m (``pairs``); of NSNS the ``angle`` of
    the pair of the curve it was found on; a ``reason`` where the label is "unresolved"; the label
    of the ``curve`` that a cycle asked for lies on. ``direction`` of a special cycle is that of the
    branch it lies on. ``persistent`` multipliers are 1 all along its branch besides the trivial
    one; ``free`` are the parameters of the curve it lies on.

    Phases are parts of the period, 0 to 1, since the highest peak of the first observable: in
    ``values``, ``profile``, ``phase_response`` and all that is made from them.
    """

    model: VectorField
    orbit: Orbit
    solver: Solver
    floquet: Multipliers
    trivial_error: float
    label: str = ""
    name: str = ""
    index: int = 0
    multiplicity: int = 1
    certificate: Mapping[str, Any] = field(default_factory=dict)
    direction: Direction | None = None
    persistent: int = 0
    free: tuple[str, ...] = ()

    @cached_property
    def coefficients(self) -> Mapping[str, float]:
        """Normal-form coefficients (``normal_forms``) of an LPC (b), PD (c) or NS (re_d, im_d), and
        of CPC, GPD and CH, where these are zero and the next ones decide (c, e, re_e); none where
        several multipliers pass at once."""
        if self.multiplicity > 1 or "pair" in self.certificate:
            return {}
        angle = 0.0
        if self.label in ("NS", "CH"):
            pairs = self.multipliers[np.abs(self.multipliers.imag) > 1e-9]
            angle = float(abs(np.angle(pairs[np.argmin(np.abs(np.abs(pairs) - 1))])))
        return coefficients(self.solver, self.orbit, self.label, angle)

    @property
    def multipliers(self) -> np.ndarray:
        """Complex Floquet multipliers (n - 1,), largest first, the trivial one left out."""
        return self.floquet.values

    @property
    def log10_multipliers(self) -> np.ndarray:
        """log10 of the moduli (n - 1,) of the multipliers, -inf for zero."""
        return self.floquet.log10

    @property
    def multiplier_angles(self) -> np.ndarray:
        """Angles (n - 1,) of the multipliers in radians, 0 or pi exactly where they are real."""
        return self.floquet.angle

    @cached_property
    def multiplier_errors(self) -> np.ndarray:
        """Estimated relative errors (n - 1,) of the multipliers: what changes on a mesh of half as
        many intervals more, whose linearized flow is resolved twice as finely; in delay models also
        where delayed signals are the cycle's own past, no delay lines' (inf for small ones)."""
        found = multiplier_errors(self)
        return np.maximum(found, delay_line_errors(self)) if self.model.lines else found

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

    def row(self) -> dict[str, Any]:
        """Name, free parameters, period, frequency, coefficients and residual."""
        return {
            "name": self.name,
            "label": self.label,
            **{k: self.parameters[k] for k in self.free or self.solver.names},
            "period": self.period,
            self.model.frequency_column: self.frequency,
            **self.coefficients,
            "residual": self.certificate.get("residual"),
        }

    @property
    def unstable(self) -> int:
        """Multipliers outside the unit circle."""
        rest = self.floquet.without_nearest(*[1.0] * self.persistent)
        split = AT_PLACE if "pair" not in self.certificate else 2 * np.sqrt(AT_PLACE)
        return count_unstable(rest, self.trivial_error, split if self.label else 0.0)

    @property
    def neutral(self) -> bool:
        """Whether no multiplier is outside the unit circle, but others than the trivial one are on
        it: at a bifurcation, or where a quantity is conserved."""
        label = self.certificate.get("curve", self.label)
        known = self.trivial_error < DOUBTFUL and label in _ON_THE_CIRCLE
        on_it = not self._lost if self.persistent else known
        return self.unstable == 0 and on_it

    @property
    def _lost(self) -> bool:
        """Whether the multiplier 1 is so far off that others are not known; rounding of size e
        moves several that are 1 by its square root."""
        if not self.persistent:
            return self.trivial_error > TRIVIAL_TOLERANCE
        return len(self.floquet) > self.persistent and self.trivial_error**2 > TRIVIAL_TOLERANCE

    @property
    def stable(self) -> bool | None:
        """None where the trivial multiplier is too far from 1 for a verdict; False where the cycle
        is ``neutral``."""
        if self.unstable and self.trivial_error < DOUBTFUL:  # beyond ten times this error
            return False
        if self._lost:
            return None
        return self.unstable == 0 and not self.neutral

    @cached_property
    def origin(self) -> float:
        """Where the phase 0 lies on ``orbit``'s own mesh, 0 to 1."""
        return peak_time(self.solver, self.orbit)

    def extrema(self, name: str) -> tuple[float, float]:
        """Smallest and largest value of a state or observable along the cycle.

        Of 40 samples in every mesh interval (about 1e-6 of the range from the true extremum).
        """
        values = self._values(name, sample_times(self.orbit.mesh, 40))
        return float(values.min()), float(values.max())

    def values(self, name: str, phases: np.ndarray) -> np.ndarray:
        """Values (k,) of a state or observable at phases 0..1; 0: the first observable's peak."""
        return self._values(name, (np.asarray(phases, float) % 1.0 + self.origin) % 1.0)

    def _values(self, name: str, times: np.ndarray) -> np.ndarray:
        """Values (k,) at times on the orbit's own mesh."""
        states = self.solver.states(self.orbit, times)
        if name in self.model.observables:
            column = list(self.model.observables).index(name)
            return observe_states(self.model, states)[:, column]
        if name in self.model.states:
            return states[:, list(self.model.states).index(name)]
        known = [*self.model.observables, *self.model.states]
        raise unknown_name("state or observable", name, known, self.model.name)

    def profile(self, count: int = 400) -> xr.Dataset:
        """One period: states and observables over ``time``, from the first observable's peak on."""
        phase = np.linspace(0, 1, count)
        names = dict.fromkeys([*self.model.states, *self.model.observables])
        data = {k: ("time", self.values(k, phase), {"units": self.model.unit(k)}) for k in names}
        return xr.Dataset(data, coords={"time": phase * self.period, "phase": ("time", phase)})

    def __str__(self) -> str:
        verdict = {True: "stable", False: "unstable", None: "stability undetermined"}[self.stable]
        verdict = "neutral" if self.neutral else verdict
        unit = self.model.time_unit or "time units"
        free = self.free or self.solver.names
        where = ", ".join(f"{k} = {self.parameters[k]:.8g}" for k in free)
        if is_conserved_family(self.solver):  # whose parameter is zero
            where = f"conserved = {self.extrema('conserved')[1]:.8g}"
        times = {1: "", 2: ", double", 3: ", triple"}.get(
            self.multiplicity, f", {self.multiplicity}-fold"
        )
        head = f"{self.name}{times}  " if self.name else ""
        errors = self.multiplier_errors
        return (
            f"{head}{where}; period {self.period:.6g} {unit}; {verdict}; "
            f"multipliers {self.floquet.shown(_SHOWN, errors)}{self._accuracy(errors)}; "
            f"trivial one off by {self.trivial_error:.0e}{self._proof()}"
        )

    def _accuracy(self, errors: np.ndarray) -> str:
        """The largest error of the multipliers that are shown with digits, if worth a word."""
        shown = errors[:_SHOWN]
        worst = float(np.max(shown[shown < VAGUE], initial=0.0))
        return f"; known to {worst:.0e}" if worst > NOTABLE else ""

    def _proof(self) -> str:
        """The certificate in words."""
        if "reason" in self.certificate:
            return f"; {self.certificate['reason']}"
        if "residual" not in self.certificate:
            return ""
        near, residual = (self.certificate[k] for k in ("multiplier_distance", "residual"))
        if self.label in _CODIMENSION_TWO:
            numbers = "".join(f"; {k} = {v:.5g}" for k, v in self.coefficients.items())
            return f"; multipliers at their places to {near:.0e}{numbers}; residual {residual:.0e}"
        if "pair" in self.certificate:
            return f"; half the sum of its pair at its place to {near:.0e}, residual {residual:.0e}"
        if near > AT_PLACE:
            moved = self.certificate.get("moved", 0.0)
            vague = moved > _DIGITS * abs(self.orbit.value)
            digits = f"; its {self.solver.parameter} known to {moved:.0e}" if vague else ""
            return (
                "; a fold by the parameter's turn alone: its multipliers are not resolved" + digits
            )
        return f"; at its place to {near:.0e}, residual {residual:.0e}"

    __repr__ = __str__


def multiplier_errors(cycle: Cycle) -> np.ndarray:
    """See ``Cycle.multiplier_errors``; infinite where the finer cycle has no counterpart."""
    solver = cycle.solver
    found = floquet_of(solver, _on_finer_mesh(cycle), 2).without_trivial()
    if len(found) != len(cycle.floquet):
        return np.full(len(cycle.floquet), np.inf)
    with np.errstate(invalid="ignore"):
        apart = np.log(10) * np.abs(found.log10[None, :] - cycle.log10_multipliers[:, None])
    turned = np.abs(found.angle)[None, :] - np.abs(cycle.multiplier_angles)[:, None]
    cost = np.minimum(np.nan_to_num(np.hypot(apart, turned), nan=0.0, posinf=_ALL), _ALL)
    rows, columns = linear_sum_assignment(cost)
    lost = cycle.trivial_error if cycle.trivial_error > TRIVIAL_TOLERANCE else 0.0
    return np.maximum(np.expm1(cost[rows, columns]), lost)


def delay_line_errors(cycle: Cycle) -> np.ndarray:
    """Relative errors (n - 1,) that delay lines leave of multipliers; infinite where not known."""
    given = cycle.multipliers
    own = multipliers_on_own_past(cycle.solver, cycle.orbit, given, cycle.direction)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.abs(given / own - 1.0), nan=np.inf, posinf=np.inf)


def _on_finer_mesh(cycle: Cycle) -> Orbit:
    """The cycle on a mesh of half as many intervals more, not corrected where Newton fails."""
    solver, orbit, along = cycle.solver, cycle.orbit, cycle.direction
    fine = remeshed(orbit, adapted_mesh(orbit, math.ceil(1.5 * orbit.intervals)))
    if along is not None and cycle.label != "BPC":  # the parameter may turn, the period stand still
        across = Direction(moved(along.u, orbit.mesh, fine.mesh), along.z)
        point = solver.along(fine, across)
        return fine if point is None else point.orbit
    for component in (1, 0):  # at a fold of cycles the period tells them apart, if it changes
        found = solver.at_value(fine, float(orbit.z[component]), component)
        if found is not None and np.all(np.abs(found.z - fine.z) <= _SAME * np.abs(fine.z) + _SAME):
            return found
    return fine


def make_cycle(solver: Solver, orbit: Orbit, label: str = "", name: str = "") -> Cycle:
    """A Cycle with its multipliers from an orbit, corrected at its parameter.

    Raises ConvergenceError where Newton does not meet a cycle.
    """
    point = solver.point_at(orbit, orbit.value)
    if point is None:
        point = solver.point_at(orbit, orbit.value, tolerance=STEEP)
    if point is None:  # at a fold of cycles the parameter does not tell the cycles apart
        point = solver.along(orbit, Direction(np.zeros_like(orbit.u), np.array([1.0, 0.0])))
    if point is None:
        raise ConvergenceError(
            f"no cycle was found at {solver.parameter} = {orbit.value:.8g} near the period "
            f"{orbit.period:.6g}"
        )
    return cycle_from(solver, _resolved(solver, point), label, name)


def _resolved(solver: Solver, point: Point) -> Point:
    """The point with multipliers of which the small ones are resolved as well, unlike those along a
    branch, where the multiplier 1 is not lost by it."""
    if solver.model.compiled.n >= _NOT_CUT:
        return point
    found = replace(point, floquet=floquet_of(solver, point.orbit, 2))
    return found if found.trivial_error <= max(point.trivial_error, NOTABLE) else point


def cycle_from(solver: Solver, point: Point, label: str = "", name: str = "") -> Cycle:
    """A Cycle from a corrected point of a branch, or of a curve, whose direction is not its own."""
    own = bool(label) and len(point.direction.z) == solver.size
    return Cycle(
        solver.at(point.orbit), point.orbit, solver, point.rest, point.trivial_error, label, name,
        direction=point.direction if own else None,
    )  # fmt: skip


def peak_time(solver: Solver, orbit: Orbit) -> float:
    """Time on [0, 1] at which the first observable is largest along an orbit."""
    model = solver.at(orbit)

    def falls(times: Any) -> np.ndarray:
        states = solver.states(orbit, np.atleast_1d(times) % 1.0)
        return -observe_states(model, states)[:, 0]

    times = sample_times(orbit.mesh, 8)
    k = int(np.argmin(falls(times)))
    before, after = times[k - 1] - (k == 0), times[k + 1] if k + 1 < len(times) else 1.0
    found = minimize_scalar(
        lambda time: float(falls(time)[0]), bounds=(before, after), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    return float(found.x % 1.0)


def count_unstable(rest: Multipliers, trivial_error: float, least: float = 0.0) -> int:
    """Multipliers outside the unit circle by more than their own accuracy, and than ``least``."""
    return rest.beyond(1 + max(RESOLUTION, least, 10 * trivial_error))


def observe_states(model: VectorField, states: np.ndarray) -> np.ndarray:
    """Observables (k, o) at states (k, n)."""
    compiled, p = model.compiled, model.parameter_array()
    out = np.empty((len(states), len(model.observables)))
    for row, x in enumerate(np.ascontiguousarray(states)):
        compiled.observables(x, p, compiled.tables, out[row])
    return out
