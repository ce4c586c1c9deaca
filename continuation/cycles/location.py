"""Special cycles between two neighbors of a branch: located across the chord, and certified."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from continuation.cycles.chords import APART, NODES, Chord, lagrange
from continuation.cycles.collocation import Profile, condense, condensed_system
from continuation.cycles.counts import PLUS, counts, distances, passing
from continuation.cycles.multipliers import Multipliers
from continuation.cycles.orbits import (
    DEGREE,
    VALUES,
    Orbit,
    Point,
    Solver,
    multipliers,
    remeshed,
)
from continuation.engine.field import rates

_BESIDE = np.array([-1.0, -0.8, -0.6, -0.4, 0.4, 0.6, 0.8, 1.0])  # of a root, in its reach
_ASIDE = np.linspace(0.1, 1.0, 8)  # the same on one side,
_AT_END = 1e-4  # where an end of the chord is so near, in its length
_EVENLY = np.linspace(0.0, 1.0, 14)  # where it is looked for the sides of a root
_ZERO, _PART_OF_ENDS = 1e-10, 1e-8  # of a test's value, and of those at the ends
_ATTEMPTS, _NARROW = 60, 1e-12  # places at which a root is looked for, and how near they get
_FEWEST = 5  # cycles for an interpolation
_WELL = 1e-12  # Newton's last correction there, of which a part near 1 goes astray
_REACHES = (0.8, 0.5, 0.3, 0.2, 0.1, 0.05)  # of the way to the nearer end, at which they are
_PART_OF_PLACE = 0.1  # of the distance allowed, below which no nearer ones are asked for
AT_PLACE = 1e-6  # a bifurcating multiplier is this near to its place, or there is no label


@dataclass(frozen=True)
class Guess:
    """Where on a chord a test is expected to vanish, and its slope there."""

    fraction: float
    slope: float


@dataclass(frozen=True)
class Location:
    """A root: the cycle, its place on the chord, the test's value and about its slope there."""

    point: Point
    fraction: float
    value: float
    slope: float = 0.0

    @property
    def guess(self) -> Guess:
        """Where to look for it on another mesh."""
        return Guess(self.fraction, self.slope)


Test = Callable[[float, Point], float]


class Split(Exception):
    """The chord holds several events: it is to be cut at ``fraction``."""

    def __init__(self, fraction: float, point: Point) -> None:
        super().__init__()
        self.fraction, self.point = fraction, point


def turning(point: Point, solver: Solver) -> float:
    """The parameter's part (in half spans) of the unit tangent: zero at a fold."""
    return 1.0 if solver.unfolds else float(point.direction.z[1] / solver.half[1])


def locate_turn(
    chord: Chord, near: Guess | None = None, branch_point: bool = False
) -> Location | None:
    """Where the parameter turns back; at a ``branch_point`` Newton is singular there."""
    near = _expected_turn(chord) if near is None else near
    return _located(chord, PLUS, lambda f, p: turning(p, chord.solver), near, branch_point)


def _expected_turn(chord: Chord) -> Guess | None:
    """The fold of the cubic curve through both ends."""
    (first, last), step = chord.tangents, chord.step
    start, mean, end = (float(d.z[1]) for d in (first, step, last))
    square, line = 3 * (start + end - 2 * mean), 2 * (3 * mean - 2 * start - end)
    roots = np.roots([square, line, start])
    inside = [float(r.real) for r in roots if abs(r.imag) < 1e-9 and 0.0 < r.real < 1.0]
    if len(inside) != 1:
        return None
    length = np.sqrt(chord.solver.product(chord.start, step, step))
    bend = 2 * square * inside[0] + line
    return Guess(inside[0], bend / (length * chord.solver.half[1]))


def locate_crossing(chord: Chord, kind: int, near: Guess | None = None) -> Location | None:
    """Where the multipliers of a kind pass the unit circle, one or several together.

    ``near`` is where the root is expected. Raises Split where the number outside takes a value
    between those of the ends.
    """
    test = partial(_signed_distance, chord, kind)
    return _located(chord, kind, test, near, kind == PLUS)


def _located(
    chord: Chord, kind: int, test: Test, near: Guess | None, branch_point: bool
) -> Location | None:
    known = {f: (point, test(f, point)) for f, point in chord.beside}
    found, together = _root(chord, test, known, near), max(_together(chord, kind), 1)
    apart = np.inf if found is None else off_its_place(found.point, kind, together)
    if branch_point and (found is None or max(apart, abs(found.value)) > AT_PLACE):
        root = _nearest(known)
        off = partial(off_its_place, kind=kind, multiplicity=together)
        enough = _PART_OF_PLACE * AT_PLACE
        return found if root is None else _interpolated(chord, test, root, off, enough) or found
    return found


def locate(chord: Chord, test: Callable[[Point], float]) -> Location | None:
    """Where a test of the cycle alone changes its sign; None where Newton fails."""
    return _root(chord, lambda f, p: test(p), {})


def _together(chord: Chord, kind: int) -> int:
    """How many multipliers of a kind pass between the ends of a chord."""
    return abs(counts(chord.right)[kind] - counts(chord.left)[kind])


def off_its_place(point: Point, kind: int, multiplicity: int = 1) -> float:
    """Distance from the unit circle of the farthest of so many multipliers of a kind next to it."""
    near = distances(point, kind)
    return float(near[multiplicity - 1]) if len(near) >= multiplicity else np.inf


def _signed_distance(chord: Chord, kind: int, fraction: float, point: Point) -> float:
    """Of the multiplier that passes the unit circle; positive where the count is that of the left.

    Others of its kind may be nearer: it is told by how many are larger.
    """
    first, last = counts(chord.left)[kind], counts(chord.right)[kind]
    here, distance = counts(point)[kind], passing(point, kind, min(first, last))
    if distance is not None and abs(distance) < _ZERO:
        return 0.0
    if here not in (first, last):
        if off_its_place(point, kind, _together(chord, kind)) <= AT_PLACE:  # told apart by rounding
            return 0.0
        raise Split(fraction, point)
    size = 1.0 if distance is None else abs(distance)
    return size if here == first else -size


def _root(
    chord: Chord,
    test: Test,
    known: dict[float, tuple[Point, float]],
    near: Guess | None = None,
) -> Location | None:
    """Root of a test, looked for beside ``near`` first, then by inverse interpolation, by bisection
    where that does not approach; ``known`` collects fraction -> (cycle, value)."""

    def value(fraction: float) -> float:
        if fraction not in known:
            point = chord.at(fraction)
            known[fraction] = point, test(fraction, point)
        found = known[fraction][1]
        return 0.0 if abs(found) < zero else found

    try:
        zero, last, bracket = 0.0, np.inf, [0.0, 1.0]
        ends = [value(f) for f in bracket]
        zero = min(_ZERO, _PART_OF_ENDS * max(map(abs, ends)))
        ends = [value(f) for f in bracket]
        if ends[0] * ends[1] > 0.0:
            return None
        fraction, here = (0.0, 0.0) if ends[0] == 0.0 else (1.0, ends[1])
        aim = np.nan if near is None else near.fraction
        for attempt in range(_ATTEMPTS):
            if here == 0.0:
                break
            if not bracket[0] < aim < bracket[1]:
                aim = _aim(known, bracket)
            try:
                here = value(aim)
            except ArithmeticError:  # between branches that nearly meet, unlike elsewhere
                aim = 0.5 * (bracket[0] + bracket[1])
                here = value(aim)
            fraction, apart = aim, abs(aim - fraction)
            bracket[int(here * ends[0] <= 0.0)] = fraction
            if apart < _NARROW or bracket[1] - bracket[0] < _NARROW:
                break
            aim = _aim(known, bracket)
            if near is not None and near.slope and attempt == 0:
                aim = fraction - here / near.slope
            elif attempt and abs(here) > 0.5 * last:
                aim = 0.5 * (bracket[0] + bracket[1])
            last = abs(here)
    except ArithmeticError:
        return None
    return Location(known[fraction][0], fraction, known[fraction][1], _slope(known, fraction))


def _aim(known: dict[float, tuple[Point, float]], bracket: list[float]) -> float:
    """Where a test is expected to vanish, by inverse interpolation through its smallest values."""
    places = sorted(known, key=lambda f: abs(known[f][1]))[:NODES]
    values = np.array([known[f][1] for f in places])
    if len(set(values.tolist())) == len(places):
        aim = float(lagrange(values, 0.0) @ np.array(places))
        if bracket[0] < aim < bracket[1]:
            return aim
    low, high = (known[f][1] for f in bracket)
    part = low / (low - high) if low * high < 0.0 else 0.5
    return bracket[0] + min(max(part, 0.05), 0.95) * (bracket[1] - bracket[0])


def _slope(known: dict[float, tuple[Point, float]], fraction: float) -> float:
    """A test's slope at a place, by the nearest place beside it."""
    apart, other = min(
        ((abs(f - fraction), f) for f in known if abs(f - fraction) > APART), default=(0.0, 0.0)
    )
    return (known[other][1] - known[fraction][1]) / (other - fraction) if apart else 0.0


def _nearest(known: dict[float, tuple[Point, float]]) -> float | None:
    """The root by the cycles next to it on both sides."""
    sign = 1.0 if known.get(0.0, (None, 1.0))[1] > 0 else -1.0
    ahead = max((f for f, (_, v) in known.items() if sign * v >= 0), default=None)
    behind = min((f for f, (_, v) in known.items() if sign * v < 0), default=None)
    if ahead is None or behind is None:
        return None
    a, b = known[ahead][1], known[behind][1]
    return ahead + (behind - ahead) * a / (a - b)


def _interpolated(
    chord: Chord, test: Test, root: float, off: Callable[[Point], float], enough: float = 0.0
) -> Location | None:
    """At a branch point Newton is singular, beside it not: the cycle by polynomials through
    cycles on both sides, from nearer and nearer by, until rounding beside it costs more than
    nearness gains. Of these the one that is ``off`` its place least, or by less than ``enough``."""
    best, least = None, np.inf
    for reach in _REACHES:
        beside = _places(root, reach)
        known = list(_where_newton_works(chord, test, beside))
        found = _through(chord, known, root) if len(known) >= _FEWEST else None
        if found is None:
            break
        root, far = found.fraction, off(found.point)
        if best is None or far < least:
            best, least = found, far
        if far < enough:
            break
    return best


def _places(root: float, reach: float) -> np.ndarray:
    """Places beside a root on both sides; on the far one alone where an end is next to it, between
    which and the root Newton would be singular."""
    near = min(root, 1.0 - root)
    if near > _AT_END:
        return root + reach * near * _BESIDE
    return root + reach * (1.0 - near) * _ASIDE * (1.0 if root < 0.5 else -1.0)


def locate_beside(chord: Chord, test: Callable[[Point], float]) -> Location | None:
    """Where a test of the cycle alone vanishes at a branch point, by cycles on both sides."""
    known = list(_where_newton_works(chord, lambda f, p: test(p), _EVENLY))
    roots = [
        a[0] + (b[0] - a[0]) * a[2] / (a[2] - b[2])
        for a, b in itertools.pairwise(known)
        if a[2] * b[2] < 0
    ]
    if len(roots) != 1:
        return None
    best = _interpolated(chord, lambda f, p: test(p), roots[0], lambda p: abs(test(p)))
    return None if best is None else replace(best, value=test(best.point))


def _through(chord: Chord, known: list[tuple[float, Point, float]], root: float) -> Location | None:
    """The root, near ``root``, and cycle of the polynomials through known cycles and values."""
    fractions, values = (np.array([entry[k] for entry in known]) for k in (0, 2))
    slope = np.polyfit(fractions - root, values, 1)[0]
    if slope == 0.0:  # a test that vanishes on both sides locates nothing
        return None
    for _ in range(20):
        root -= float(lagrange(fractions, root) @ values / slope)
        if not -_AT_END < root < 1.0 + _AT_END:
            return None
    basis, mesh = lagrange(fractions, root), chord.right.orbit.mesh
    orbits = [remeshed(p.orbit, mesh) for _, p, _ in known]
    u = np.einsum("k,kts->ts", basis, [o.u for o in orbits])
    orbit = Orbit(mesh, u, basis @ np.array([o.z for o in orbits]))
    point = Point(orbit, chord.unit, floquet_of(chord.solver, orbit))
    return Location(point, root, float(basis @ values))


def _where_newton_works(
    chord: Chord, test: Test, fractions: np.ndarray
) -> Iterator[tuple[float, Point, float]]:
    for fraction in fractions.tolist():
        try:
            point = _well(chord, fraction)
            yield fraction, point, test(fraction, point)
        except (ArithmeticError, Split):
            continue


def _well(chord: Chord, fraction: float) -> Point:
    """The cycle to all digits where rounding lets Newton reach them."""
    try:
        return chord.at(fraction, _WELL)
    except ArithmeticError:
        return chord.at(fraction)


def floquet_of(solver: Solver, orbit: Orbit, refined: int = 1) -> Multipliers:
    """Multipliers of an orbit as it is, without a correction; see ``cycle_multipliers``."""
    condensed = condensed_system(orbit.intervals, DEGREE, orbit.u.shape[1], solver.size)
    equations, profile = solver.equations, Profile(*_arrays(orbit))
    equations.field.p[solver.free] = orbit.z[1 : 1 + len(solver.names)]
    condense(equations.field, equations.collocation, profile, condensed)
    return multipliers(equations, profile, condensed, refined).without_persistent(solver.persistent)


def _arrays(orbit: Orbit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return orbit.mesh, np.ascontiguousarray(orbit.u), np.ascontiguousarray(orbit.z)


def residual(solver: Solver, orbit: Orbit) -> float:
    """Largest residual of the collocation equations, relative to the largest slope."""
    slopes, p = orbit.derivative(), solver.model.parameter_array()
    p[solver.free] = orbit.z[1 : 1 + len(solver.names)]
    blocks = np.stack([orbit.u[k : k + DEGREE + 1] for k in range(0, len(orbit.u) - 1, DEGREE)])
    states = np.einsum("ik,jks->jis", VALUES, blocks).reshape(slopes.shape) * solver.scale
    field = rates(solver.model, states, p) / solver.scale
    size = max(float(np.max(np.abs(slopes))), 1e-300)
    return float(np.max(np.abs(slopes - orbit.period * field))) / size


def certificate(
    chord: Chord, located: Location, kind: int, multiplicity: int = 1
) -> dict[str, Any]:
    """What shows that a located cycle is what its label says.

    ``residual`` of the collocation equations, ``multiplier_distance`` from its place of the
    bifurcating multiplier (the farthest of several), ``test_value`` of what was solved for, and the
    parameter's ``bracket``.
    """
    ends = sorted((chord.left.orbit.value, chord.right.orbit.value))
    return {
        "residual": residual(chord.solver, located.point.orbit),
        "multiplier_distance": off_its_place(located.point, kind, multiplicity),
        "test_value": located.value,
        "bracket": ends,
    }
