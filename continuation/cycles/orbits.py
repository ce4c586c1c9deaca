"""Periodic orbits on a collocation mesh, and the solver that corrects them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from continuation.cycles.collocation import (
    Collocation,
    Condensed,
    Profile,
    Variation,
    condensed_system,
)
from continuation.cycles.conditions import CONDITIONS, CYCLE, EXTRAS, PERIOD
from continuation.cycles.correction import Equations, Plane, slopes_at_gauss
from continuation.cycles.following import Bounds
from continuation.cycles.interval_maps import cycle_multipliers
from continuation.cycles.meshes import equidistribute, mesh_error, move_to_mesh, node_weights
from continuation.cycles.multipliers import Multipliers, distance_to_one, outside
from continuation.cycles.single_cycles import correct_across, correct_in
from continuation.engine.columns import OF_CYCLES, check_apart
from continuation.engine.field import field_of
from continuation.engine.following import check_span
from dynsys.vector_field import VectorField

DEGREE = 4
STEEP = 1e-8  # Newton's last correction where the rounding of layers keeps it above 1e-10
SMALLEST_ANGLE = 1e-3  # torus curves end this near to the strong resonances 1:1 and 1:2


def lagrange_at_gauss(degree: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values and slopes (m, m + 1) of the node polynomials at the Gauss points, and weights."""
    gauss, weight = np.polynomial.legendre.leggauss(degree)
    gauss, weight = (gauss + 1) / 2, weight / 2
    nodes = np.arange(degree + 1) / degree
    values, slopes = np.empty((2, degree, degree + 1))
    for k in range(degree + 1):
        others = np.delete(nodes, k)
        polynomial = np.poly1d(others, r=True) / np.prod(nodes[k] - others)
        values[:, k], slopes[:, k] = polynomial(gauss), polynomial.deriv()(gauss)
    return values, slopes, weight


VALUES, SLOPES, WEIGHT = lagrange_at_gauss(DEGREE)
_NODES = np.arange(DEGREE + 1) / DEGREE


@dataclass(frozen=True)
class Orbit:
    """A periodic orbit: ``mesh`` (N + 1,) on [0, 1], ``u`` (N m + 1, n) scaled nodes,
    ``z`` (K,) = (period, free parameters, angle of a torus bifurcation)."""

    mesh: np.ndarray
    u: np.ndarray
    z: np.ndarray

    @property
    def intervals(self) -> int:
        return len(self.mesh) - 1

    @property
    def period(self) -> float:
        return float(self.z[0])

    @property
    def value(self) -> float:
        """Value of the (first) free parameter."""
        return float(self.z[1])

    def node_times(self) -> np.ndarray:
        """Times (N m + 1,) of the nodes on [0, 1]."""
        return moved_times(self.mesh)

    def mesh_error(self) -> float:
        """Estimated error between mesh nodes, in scaled units (at the nodes it is far smaller)."""
        return float(mesh_error(self.u, self.mesh, DEGREE))

    def at(self, times: np.ndarray) -> np.ndarray:
        """Scaled states (k, n) at times on [0, 1]."""
        return interpolate(self.mesh, self.u, times)

    def derivative(self) -> np.ndarray:
        """u' (N m, n) at the Gauss points."""
        out = np.empty((self.intervals * DEGREE, self.u.shape[1]))
        slopes_at_gauss(np.ascontiguousarray(self.u), self.mesh, SLOPES, out)
        return out


@dataclass(frozen=True)
class Direction:
    """A tangent: nodes (N m + 1, n) and z (K,)."""

    u: np.ndarray
    z: np.ndarray


@dataclass(frozen=True)
class Point:
    """A corrected orbit with the direction of its branch.

    ``floquet`` are its n multipliers, the trivial one included; ``pair`` and ``local`` are the
    condensed system (None where it was not kept).
    """

    orbit: Orbit
    direction: Direction
    floquet: Multipliers
    iterations: int = 0
    pair: np.ndarray | None = None
    local: np.ndarray | None = None

    @cached_property
    def trivial_error(self) -> float:
        """Distance of the multiplier nearest to 1 from 1."""
        return float(distance_to_one(self.floquet.log10, self.floquet.angle))

    @property
    def multipliers(self) -> np.ndarray:
        """Complex multipliers (n,), infinite or zero beyond the range of doubles."""
        return self.floquet.values

    @cached_property
    def rest(self) -> Multipliers:
        """The multipliers but the trivial one, largest first."""
        return self.floquet.without_trivial()

    @cached_property
    def outside(self) -> tuple[int, int, int]:
        """How many of them are outside the unit circle: beyond +1, beyond -1, complex pairs."""
        return outside(self.rest.log10, self.rest.angle, 0.0)


def turned_round(point: Point) -> Point:
    """The point with the opposite direction."""
    return replace(point, direction=Direction(-point.direction.u, -point.direction.z))


class Solver:
    """Corrects orbits of one model in given free parameters, in scaled variables.

    Parameters
    ----------
    spans : free parameter -> (low, high): one for branches of cycles, two for curves.
    kind : what is asked of the cycle (``cycle_conditions``).
    fixed : the period, where the kind fixes it.
    """

    def __init__(
        self,
        model: VectorField,
        spans: Mapping[str, tuple[float, float]],
        kind: int = CYCLE,
        fixed: float = 0.0,
    ) -> None:
        self.model, self.kind, self.fixed = model, kind, float(fixed)
        self.spans = {k: check_span(model, k, v) for k, v in spans.items()}
        self.names = tuple(self.spans)
        check_apart(model.name, self.names, OF_CYCLES)
        self.free = np.array([model.parameter_index(k) for k in self.names], dtype=np.int64)
        limits = np.array(list(self.spans.values())).reshape(-1, 2)
        extras = EXTRAS[kind]
        self.half = np.concatenate([[1.0], (limits[:, 1] - limits[:, 0]) / 2, np.ones(extras)])
        self.lower = np.concatenate([[0.0], limits[:, 0], np.full(extras, SMALLEST_ANGLE)])
        self.upper = np.concatenate(
            [[np.inf], limits[:, 1], np.full(extras, np.pi - SMALLEST_ANGLE)]
        )
        self.size = 1 + len(self.names) + extras
        if CONDITIONS[kind] != self.size - 2:
            raise ValueError(f"{len(self.names)} free parameters do not fit this kind of curve")
        self.scale = model.scales
        self.persistent, self.unfolds = 0, False
        self._p = model.parameter_array()

    def without(self, persistent: int, unfolds: bool = False) -> Solver:
        """The solver whose points leave out so many multipliers 1 besides the trivial one: those
        that a conserved quantity or a continuous symmetry gives every cycle. A parameter that
        ``unfolds`` is zero all along, and has no turns."""
        other = copy.copy(self)
        other.persistent, other.unfolds = persistent, unfolds
        return other

    @property
    def parameter(self) -> str:
        """The (first) free parameter."""
        return self.names[0]

    @property
    def equations(self) -> Equations:
        """The equations of the cycle as the compiled functions take them."""
        second = self.kind not in (CYCLE, PERIOD)
        field = field_of(self.model, self._p, self.free, self.scale, second, True)
        return Equations(field, Collocation(VALUES, SLOPES, WEIGHT), self.kind, self.fixed)

    @property
    def bounds(self) -> Bounds:
        """Bounds and scales of z, and the tables' domain."""
        return Bounds(self.lower, self.upper, self.half, self.model.compiled.domain)

    def at(self, orbit: Orbit) -> VectorField:
        """The model with the orbit's parameters."""
        values = orbit.z[1 : 1 + len(self.names)]
        return self.model.with_parameters(**dict(zip(self.names, values.tolist(), strict=True)))

    def correct(
        self,
        guess: Orbit,
        row: np.ndarray,
        tail: np.ndarray,
        level: float,
        tolerance: float = 1e-10,
        most: int = 12,
    ) -> Point | None:
        """Newton on the orbit with row . u + tail . z = level; None on failure.

        The direction of the result satisfies row . direction = 1.
        """
        plane = Plane(
            np.ascontiguousarray(row), np.ascontiguousarray(tail), float(level), self.half
        )  # fmt: skip
        return self._corrected(correct_in, guess, (plane,), tolerance, most)

    def along(self, guess: Orbit, along: Direction, tolerance: float = 1e-10) -> Point | None:
        """Correct in the plane through the guess across a direction; the result's is of unit
        length."""
        across = Variation(np.ascontiguousarray(along.u), np.ascontiguousarray(along.z))
        return self._corrected(correct_across, guess, (across, self.half), tolerance, 12)

    def _corrected(
        self, method: Callable, guess: Orbit, where: tuple, tolerance: float, most: int
    ) -> Point | None:
        profile = Profile(guess.mesh, guess.u.copy(), guess.z.copy())
        tangent = Variation(np.empty_like(profile.u), np.empty(self.size))
        n = profile.u.shape[1]
        condensed = condensed_system(guess.intervals, DEGREE, n, self.size)
        floquet = np.empty((3, n))
        done = method(self.equations, profile, *where, tolerance, most, condensed, tangent, floquet)
        if done < 0:
            return None
        return Point(
            Orbit(*profile), Direction(*tangent),
            Multipliers(*floquet).without_persistent(self.persistent), done,
            condensed.pair, condensed.local,
        )  # fmt: skip

    def unit(self, point: Point) -> Point:
        """The point with a direction of unit length."""
        d = point.direction
        length = math.sqrt(self.product(point.orbit, d, d))
        return replace(point, direction=Direction(d.u / length, d.z / length))

    def at_value(
        self, guess: Orbit, value: float, component: int = 1, tolerance: float = 1e-10
    ) -> Orbit | None:
        """The orbit at a fixed value of one entry of z, from a guess nearby."""
        found = self.point_at(guess, value, component, tolerance)
        return None if found is None else found.orbit

    def point_at(
        self, guess: Orbit, value: float, component: int = 1, tolerance: float = 1e-10
    ) -> Point | None:
        """As ``at_value``, with multipliers and the direction along the branch."""
        tail = np.zeros(self.size)
        tail[component] = 1.0 / self.half[component]
        z = guess.z.copy()
        z[component] = value
        return self.correct(
            replace(guess, z=z), np.zeros_like(guess.u), tail, value * tail[component],
            tolerance=tolerance, most=25,
        )  # fmt: skip

    def metric(self, orbit: Orbit) -> np.ndarray:
        """Weights (K,) of z in the inner product: relative period, parameters in half spans."""
        metric = self.half**-2.0
        metric[0] = orbit.period**-2
        return metric

    def row(self, orbit: Orbit, along: Direction) -> tuple[np.ndarray, np.ndarray]:
        """The linear form <along, .> of the scaled inner product, as (nodes, z)."""
        weights = np.empty(len(orbit.u))
        node_weights(orbit.mesh, DEGREE, weights)
        return np.ascontiguousarray(weights[:, None] * along.u), self.metric(orbit) * along.z

    def product(self, orbit: Orbit, a: Direction, b: Direction) -> float:
        """Scaled inner product: integral over time plus the weighted z parts."""
        row, tail = self.row(orbit, a)
        return float(np.vdot(row, b.u) + tail @ b.z)

    def states(self, orbit: Orbit, times: np.ndarray | None = None) -> np.ndarray:
        """States (k, n) in the model's units at times on [0, 1] (the nodes by default)."""
        u = orbit.u if times is None else orbit.at(times)
        return u * self.scale


def multipliers(
    equations: Equations, profile: Profile, condensed: Condensed, refined: int = 1
) -> Multipliers:
    """Floquet multipliers, largest first, of a condensed orbit; see ``cycle_multipliers``."""
    found = np.empty((3, profile.u.shape[1]))
    cycle_multipliers(equations.field, equations.collocation, profile, condensed, refined, *found)
    return Multipliers(*found)


def interpolate(mesh: np.ndarray, u: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Values (k, n) of the piecewise polynomials of degree m at times on [0, 1]."""
    j = np.clip(np.searchsorted(mesh, times, side="right") - 1, 0, len(mesh) - 2)
    local = (times - mesh[j]) / np.diff(mesh)[j]
    basis = np.ones((len(times), DEGREE + 1))
    for k in range(DEGREE + 1):
        for other in range(DEGREE + 1):
            if other != k:
                basis[:, k] *= (local - _NODES[other]) / (_NODES[k] - _NODES[other])
    blocks = u[j[:, None] * DEGREE + np.arange(DEGREE + 1)]
    return np.einsum("tk,tks->ts", basis, blocks)


def adapted_mesh(orbit: Orbit, intervals: int | None = None) -> np.ndarray:
    """Mesh that equidistributes the m + 1st derivative (de Boor 1973; AUTO's monitor)."""
    fresh = np.empty((intervals or orbit.intervals) + 1)
    equidistribute(orbit.u, orbit.mesh, DEGREE, fresh)
    return fresh


def moved(u: np.ndarray, mesh: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Node values on another mesh."""
    out = np.empty(((len(fresh) - 1) * DEGREE + 1, u.shape[1]))
    move_to_mesh(np.ascontiguousarray(u), mesh, fresh, DEGREE, out)
    return out


def remeshed(orbit: Orbit, mesh: np.ndarray) -> Orbit:
    """The orbit on another mesh."""
    u = moved(orbit.u, orbit.mesh, mesh)
    u[-1] = u[0]
    return replace(orbit, mesh=mesh, u=u)


def begun_at(orbit: Orbit, time: float, mesh: np.ndarray) -> Orbit:
    """The orbit from another of its times on, on a mesh (N + 1,) of its own, moved along."""
    nodes = np.sort((mesh[:-1] - time) % 1.0)
    least = 0.25 * float(np.diff(mesh).min())  # no interval far shorter than the others
    nodes = np.concatenate([[0.0], nodes[(nodes > least) & (nodes < 1 - least)], [1.0]])
    u = orbit.at((moved_times(nodes) + time) % 1.0)
    u[-1] = u[0]
    return replace(orbit, mesh=nodes, u=u)


def coarse(orbit: Orbit, most: int = 48) -> Orbit:
    """The orbit on an adapted mesh of so many intervals at most, as a guess: that of its own branch
    may be far finer than what it is wanted for."""
    return orbit if orbit.intervals <= most else remeshed(orbit, adapted_mesh(orbit, most))


def moved_times(mesh: np.ndarray) -> np.ndarray:
    """Node times of a mesh."""
    h = np.diff(mesh)
    return np.append((mesh[:-1, None] + h[:, None] * _NODES[None, :-1]).ravel(), 1.0)


def sample_times(mesh: np.ndarray, per_interval: int) -> np.ndarray:
    """Times on [0, 1], equally many in every mesh interval: dense where the orbit is steep."""
    fractions = np.arange(per_interval) / per_interval
    return (mesh[:-1, None] + np.diff(mesh)[:, None] * fractions).ravel()
