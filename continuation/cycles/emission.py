"""First cycles of the curves that codimension-two cycles emit: of tori beside a resonance, and of
doubled cycles beside a generalized period doubling, a 1:2 resonance and the like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from continuation.cycles.conditions import TORUS
from continuation.cycles.cycle import Cycle
from continuation.cycles.linearization import Linearization
from continuation.cycles.orbits import Direction, Orbit, Point, Solver
from dynsys.errors import ConvergenceError, ModelError

# What a doubled cycle's multipliers are when it has no size: as many 1 as are told here.
NEAR_ONE = {"GPD": 2, "R2": 3, "LPPD": 3, "PDNS": 2}
_SIZES = (0.1, 0.03, 0.3, 0.01)  # of the first doubled cycle, in scaled units
_FROM_RESONANCE = (0.05, 0.1, 0.02, 0.2, 0.01)  # rad, of the first pair's angle
_FIRST_STEP = 1e-3  # of the half span of the second parameter
_SECANTS, _ENOUGH = 20, 1e-5
_FARTHEST = 0.5  # half spans


def first_torus(solver: Solver, cycle: Cycle) -> Orbit:
    """A cycle of the torus curve that ends at a cycle labelled R1 or R2."""
    for apart in _FROM_RESONANCE:
        angle = apart if cycle.label == "R1" else np.pi - apart
        z = np.array([cycle.period, *(cycle.parameters[k] for k in solver.names), angle])
        found = solver.point_at(replace(cycle.orbit, z=z), angle, 3)
        if found is not None and _beside(solver, cycle, found.orbit):
            return found.orbit
    raise ConvergenceError(
        f"no torus curve was found beside {cycle.name or cycle.label}: Newton does not meet it"
    )


def first_doubled(solver: Solver, cycle: Cycle) -> Orbit:
    """A cycle of the curve of doubled cycles (folds, tori) that a cycle with the multiplier
    -1 emits.

    1. Of doubled cycles of one small size there is one for each value of a parameter.
    2. The secant method finds the value at which the critical multipliers have product 1.
    3. Newton takes it from there to the condition of the curve itself.
    """
    reason = ""
    for size in _SIZES:
        for free, other in (solver.names, solver.names[::-1]):
            family = _OfOneSize(solver, cycle, size, free, other)
            begin = family.critical()
            if begin is None:
                continue
            angle = family.angle(begin)
            if solver.kind == TORUS and angle is None:
                reason = "; beside it the critical multipliers of doubled cycles are real"
                continue
            found = family.on_curve(begin, angle)
            if found is not None and _beside(solver, cycle, found.orbit):
                return found.orbit
    word = "torus" if solver.kind == TORUS else "fold"
    raise ConvergenceError(
        f"no {word} of doubled cycles was found beside {cycle.name or cycle.label}{reason}"
    )


def _beside(solver: Solver, cycle: Cycle, orbit: Orbit) -> bool:
    """Whether the parameters are next to those of the cycle."""
    place = np.array([cycle.parameters[k] for k in solver.names])
    return bool(np.all(np.abs(orbit.z[1:3] - place) < _FARTHEST * solver.half[1:3]))


class _OfOneSize:
    """Doubled cycles of one size beside their parent, in two parameters."""

    def __init__(self, solver: Solver, cycle: Cycle, size: float, free: str, other: str) -> None:
        self.solver, self.cycle, self.free, self.other = solver, cycle, free, other
        plain = Solver(cycle.model, {free: solver.spans[free]})
        orbit = replace(cycle.orbit, z=np.array([cycle.period, cycle.parameters[free]]))
        wave = np.real(Linearization(plain, orbit).null_vectors(multiplier=-1.0)[0])
        mesh = np.concatenate([orbit.mesh / 2, 0.5 + orbit.mesh[1:] / 2])
        u = np.concatenate([orbit.u, orbit.u[1:]])
        twice = Orbit(mesh, u, np.array([2 * orbit.period, orbit.value]))
        across = Direction(np.concatenate([wave, -wave[1:]]), np.zeros(2))
        self.across = across.u / np.sqrt(plain.product(twice, across, across))
        self.guess = replace(twice, u=u + size * self.across)

    def at(self, value: float) -> Point | None:
        """The doubled cycle at a value of the other parameter."""
        model = self.cycle.model.with_parameters(**{self.other: value})
        solver = Solver(model, {self.free: self.solver.spans[self.free]})
        return solver.along(self.guess, Direction(self.across, np.zeros(2)))

    def test(self, point: Point) -> float:
        """Logarithm of the product of the critical multipliers."""
        log10 = point.floquet.log10
        if self.cycle.label == "PDNS":
            rest = point.rest
            pairs = np.abs(rest.log10[~rest.are_real])
            return float(rest.log10[~rest.are_real][np.argmin(pairs)]) if pairs.size else np.nan
        apart = np.argsort(np.abs(point.floquet.bounded - 1.0))
        return float(np.sum(log10[apart[: NEAR_ONE[self.cycle.label]]]))

    def critical(self) -> tuple[float, Point] | None:
        """Where the test vanishes, by the secant method."""
        half = self.solver.half[1 + self.solver.names.index(self.other)]
        begin = value = self.cycle.parameters[self.other]
        last: tuple[float, float] | None = None
        step = _FIRST_STEP * half
        for _ in range(_SECANTS):
            point = self.at(value)
            here = np.nan if point is None else self.test(point)
            if point is None or np.isnan(here) or abs(value - begin) > _FARTHEST * half:
                return None
            if last is not None:
                if here == last[1]:
                    return None
                step = -here * (value - last[0]) / (here - last[1])
            if abs(step) < _ENOUGH * abs(value - begin) or here == 0.0:
                return value, point
            last, value = (value, here), value + step
        return None

    def angle(self, begin: tuple[float, Point]) -> float | None:
        """Angle of the critical pair; None where it is real."""
        rest = begin[1].rest
        pairs = np.flatnonzero(~rest.are_real & (rest.angle > 0))
        if not pairs.size:
            return None
        nearest = pairs[np.argmin(np.abs(rest.log10[pairs]))]
        return float(rest.angle[nearest])

    def on_curve(self, begin: tuple[float, Point], angle: float | None) -> Point | None:
        """The cycle of the same size on the curve."""
        value, point = begin
        known = {self.free: point.orbit.value, self.other: value}
        extra = [angle] if self.solver.kind == TORUS else []
        z = np.array([point.orbit.period, *(known[k] for k in self.solver.names), *extra])
        along = Direction(self.across, np.zeros(self.solver.size))
        return self.solver.along(replace(point.orbit, z=z), along)


def critical_angle(cycle: Cycle) -> float:
    """Angle (rad) of the pair of multipliers nearest to the unit circle; at NSNS of the other one
    than that of the curve on which the cycle was found."""
    pairs = cycle.multipliers[cycle.multipliers.imag > 1e-9]
    if not pairs.size:
        raise ModelError(f"{cycle.name or 'this cycle'} has no complex multipliers")
    angles = np.angle(pairs[np.argsort(np.abs(np.abs(pairs) - 1))])
    known = cycle.certificate.get("angle")
    if cycle.label == "NSNS" and known is not None:
        return float(max(angles[:2], key=lambda angle: abs(angle - known)))
    return float(angles[0])
