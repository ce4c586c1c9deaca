"""Branches of spiking orbits: periodic orbits with n resets, followed in one parameter.

An orbit is the boundary-value problem P(w_i; p) = w_(i+1), cyclic, with one unknown a spike: the
adaptation after each reset. P is the flow from the reset to the cutoff, integrated with event
location to 1e-10, and its derivatives with respect to w and p come from the variational equation
through the saltation at the spike. Between resets nothing has to be represented, so that this
multiple shooting is as accurate as collocation with a moving end of the interval, at a fraction of
its unknowns; upstrokes of 1e-15 ms cost no mesh.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from continuation.engine.special_points import numbered, point_named, points_labelled
from dynsys.errors import ConvergenceError
from dynsys.neurons import SpikingNeuron
from dynsys.neurons.spiking_orbit import SpikingOrbit, cyclic, flights, orbit_at
from dynsys.typed import typed

LONGEST = 1e4  # ms between two spikes, from which on an orbit is taken to end at infinite period
_STEP_MIN, _NEWTON = 1e-7, 8
_WILDEST = 1e5  # multiplier beyond which rounding moves an orbit more than a step
_CLOSED = "closed: an isolated family of orbits"
MEANINGS = {
    "LPC": "fold of spiking orbits (multiplier 1)",
    "PD": "period doubling (multiplier -1)",
    "GR": "grazing of the reset line: a reset on the V-nullcline turns from sharp to broad",
}


@dataclass(frozen=True)
class SpikingPoint:
    """A special point of a branch: its label, its orbit, and the value of the parameter there.

    ``index``: the branch's point just before it.
    """

    label: str
    value: float
    orbit: SpikingOrbit
    index: int = 0
    name: str = ""

    def __str__(self) -> str:
        return (
            f"{self.name or self.label} at {self.value:.8g}; {MEANINGS[self.label]}; {self.orbit}"
        )

    __repr__ = __str__


@dataclass(frozen=True)
class SpikingBranch:
    """Orbits of one number of spikes over a parameter.

    ``values`` (k,), ``orbits`` (k); ``special_points``: located, in order; ``ended``: why it
    stopped at either end.
    """

    parameter: str
    values: np.ndarray
    orbits: tuple[SpikingOrbit, ...]
    special_points: tuple[SpikingPoint, ...]
    ended: tuple[str, str]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> SpikingPoint:
        """The special point of this name ("LPC1", "GR2", ...)."""
        return point_named(self.special_points, name, "this branch of spiking orbits")

    def points(self, label: str) -> list[SpikingPoint]:
        """All special points with a label ("LPC", "PD", "GR"), in order."""
        return points_labelled(self.special_points, label)

    @property
    def stable(self) -> np.ndarray:
        return np.array([orbit.stable for orbit in self.orbits])

    def dataset(self) -> xr.Dataset:
        """``rate`` (Hz), ``period`` (ms), ``multiplier``, ``stable``, ``spikes`` over ``point``."""
        unit = self.orbits[0].neuron.field.unit(self.parameter)
        columns: dict[str, tuple[list[Any], str]] = {
            "rate": ([o.rate for o in self.orbits], "Hz"),
            "period": ([o.period for o in self.orbits], "ms"),
            "multiplier": ([o.multiplier for o in self.orbits], ""),
            "stable": ([o.stable for o in self.orbits], ""),
            "spikes": ([len(o) for o in self.orbits], "per period"),
        }
        return xr.Dataset(
            {k: ("point", np.array(v), {"units": u}) for k, (v, u) in columns.items()},
            coords={self.parameter: ("point", self.values, {"units": unit})},
        )

    def __str__(self) -> str:
        low, high = float(np.min(self.values)), float(np.max(self.values))
        head = (
            f"{len(self.orbits[0])}-spike orbits of {self.orbits[0].neuron.name}, {len(self)} "
            f"points, {self.parameter} {low:.6g} .. {high:.6g}\n"
            f"  start: {self.ended[0]}; end: {self.ended[1]}"
        )
        return "\n".join([head, *(f"  {p}" for p in self.special_points)])

    __repr__ = __str__


@typed
def spiking_orbits(
    orbit: SpikingOrbit,
    parameter: str = "I",
    span: tuple[float, float] = (0.0, 130.0),
    step: float = 0.02,
    max_points: int = 400,
    only_stable: bool = False,
) -> SpikingBranch:
    """Follow a spiking orbit in one parameter, to both sides, through folds.

    Parameters
    ----------
    orbit : of ``AdaptationMap.attractor``, ``.fixed_points`` or ``orbit_at``.
    parameter, span : any parameter of the neuron; the values followed.
    step : largest step, in half spans and in the states' scales.
    only_stable : stop at the first loss of stability to either side.

    Raises
    ------
    UnknownNameError for a parameter there is not; ConvergenceError where the orbit is none.

    Example
    -------
    >>> from dynsys.models import adex_neuron
    >>> orbit = adex_neuron("tonic").adaptation_map().attractor().orbit
    >>> spiking_orbits(orbit, "I", (30, 130))
    """
    neuron = orbit.neuron
    neuron.field.parameter_index(parameter)
    follower = _Follower(neuron, parameter, span, step, max_points, only_stable)
    first = follower.start(orbit)
    back, why_back = follower.follow(first, -1.0)
    closed = why_back == _CLOSED
    ahead, why_ahead = ([], _CLOSED) if closed else follower.follow(first, 1.0)
    turned = [(value, found) for value, found in reversed(back)]
    chain = [*turned, first, *ahead]
    return SpikingBranch(
        parameter, np.array([value for value, _ in chain]), tuple(o for _, o in chain),
        numbered(follower.special_points(chain)), (why_back, why_ahead),
    )  # fmt: skip


Point = tuple[float, SpikingOrbit]


class _Follower:
    """Pseudo-arclength continuation of the cyclic map, in scaled unknowns (w_1, ..., w_n, p)."""

    def __init__(
        self, neuron: SpikingNeuron, parameter: str, span: tuple[float, float], step: float,
        max_points: int, only_stable: bool,
    ) -> None:  # fmt: skip
        self.neuron, self.parameter, self.span = neuron, parameter, span
        self.step, self.max_points, self.only_stable = step, max_points, only_stable
        self.half = (span[1] - span[0]) / 2
        self.size = float(neuron.field.scales[1])

    def start(self, orbit: SpikingOrbit) -> Point:
        value = self.neuron.parameters[self.parameter]
        return value, orbit_at(self.neuron, orbit.w)

    def pack(self, point: Point) -> np.ndarray:
        return np.append(point[1].w / self.size, point[0] / self.half)

    def system(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Residual (n,), its derivatives (n, n + 1) and the flights; None where a spike is lost."""
        w, value = y[:-1] * self.size, float(y[-1] * self.half)
        try:
            neuron = self.neuron.with_parameters(**{self.parameter: value})
            rows = flights(neuron, w, self.parameter)
        except (ValueError, ConvergenceError):  # outside what makes a neuron
            return None
        if not np.all(np.isfinite(rows)):
            return None
        residual = (rows[:, 0] - np.roll(w, -1)) / self.size
        column = rows[:, 4] * self.half / self.size
        return residual, np.column_stack([cyclic(rows[:, 2]), column]), rows

    def tangent(self, y: np.ndarray) -> np.ndarray | None:
        found = self.system(y)
        if found is None:
            return None
        vector = np.linalg.svd(found[1])[2][-1]
        return vector

    def correct(self, guess: np.ndarray, row: np.ndarray, at: float) -> np.ndarray | None:
        """Newton's method with row . y = at; None where it fails."""
        y = guess.copy()
        for _ in range(_NEWTON):
            found = self.system(y)
            if found is None:
                return None
            matrix = np.vstack([found[1], row])
            try:
                change = np.linalg.solve(matrix, -np.append(found[0], row @ y - at))
            except np.linalg.LinAlgError:
                return None
            y = y + change
            if not np.all(np.isfinite(y)) or np.max(np.abs(change)) > 1.0:
                return None
            if np.max(np.abs(change)) < 1e-10:
                return y
        return None

    def point(self, y: np.ndarray) -> Point | None:
        found = self.system(y)
        if found is None:
            return None
        value, rows = float(y[-1] * self.half), found[2]
        neuron = self.neuron.with_parameters(**{self.parameter: value})
        w = y[:-1] * self.size
        return value, SpikingOrbit(neuron, w, rows[:, 1], rows[:, 2], rows[:, 3])

    def follow(self, first: Point, sign: float) -> tuple[list[Point], str]:
        """Points from ``first`` on, and why there are no more."""
        y = self.pack(first)
        tangent = self.tangent(y)
        if tangent is None:
            return [], "the starting orbit is lost"
        tangent = tangent * (sign if tangent[-1] > 0 else -sign)
        found: list[Point] = []
        last, step, low, high = first, self.step / 4, *self.span
        while len(found) < self.max_points:
            ahead = y + step * tangent
            new = self.correct(ahead, tangent, float(tangent @ ahead))
            point = None if new is None else self.point(new)
            direction = None if new is None or point is None else self.tangent(new)
            if direction is not None:
                direction = direction * np.sign(direction @ tangent)
            if (
                new is None or point is None or direction is None
                or direction @ tangent < 0.9
                or abs(np.log(point[1].period / last[1].period)) > 0.15
            ):  # fmt: skip
                step /= 2
                if step < _STEP_MIN:
                    return found, self._lost(last)
                continue
            if not low <= point[0] <= high:
                edge = self._edge(y, tangent, low if point[0] < low else high)
                return found + ([edge] if edge else []), "reached the end of the span"
            found.append(point)
            if self.only_stable and not point[1].stable:
                return found, "lost its stability"
            if abs(point[1].multiplier) > _WILDEST:
                where = f"{self.parameter} = {point[0]:.6g}"
                return found, f"multiplier {point[1].multiplier:.1e} at {where}: too unstable"
            if float(np.max(point[1].intervals)) > LONGEST:
                return found, f"the period diverges at {self.parameter} = {point[0]:.8g}"
            if len(found) > 4 and self._passes(new, float(np.linalg.norm(new - y)), first):
                return found, _CLOSED
            y, tangent, last = new, direction, point
            step = min(self.step, 1.6 * step)
        return found, f"{self.max_points} points: raise max_points to go on"

    def _passes(self, y: np.ndarray, step: float, first: Point) -> bool:
        """Whether the curve is back at its start, at any of the orbit's spikes."""
        origin = self.pack(first)
        turns = [np.append(np.roll(origin[:-1], k), origin[-1]) for k in range(len(origin) - 1)]
        return min(float(np.linalg.norm(y - turn)) for turn in turns) < 0.75 * step

    def _edge(self, y: np.ndarray, tangent: np.ndarray, value: float) -> Point | None:
        """The orbit at the span's end."""
        row = np.zeros_like(y)
        row[-1] = 1.0
        guess = y + tangent * (value / self.half - y[-1]) / tangent[-1]
        new = self.correct(guess, row, value / self.half)
        return None if new is None else self.point(new)

    def _lost(self, last: Point) -> str:
        where = f"{self.parameter} = {last[0]:.8g}"
        if float(np.max(np.abs(last[1].slopes))) > 1e3:
            return f"a reset meets the stable manifold of a saddle at {where}: the map jumps there"
        if float(np.max(last[1].intervals)) > 0.02 * LONGEST:
            return f"the period diverges at {where}"
        return f"no orbit beyond {where} (step below {_STEP_MIN:g})"

    # --- special points -----------------------------------------------------------------------

    def special_points(self, chain: list[Point]) -> list[SpikingPoint]:
        """Multipliers through 1 and -1 and resets through the V-nullcline, located by secants."""
        found: list[SpikingPoint] = []
        tests = {"LPC": self._fold_test, "PD": self._doubling_test, "GR": self._grazing_test}
        for at, (one, two) in enumerate(pairwise(chain)):
            for label, test in tests.items():
                first, second = test(one), test(two)
                for k in np.flatnonzero(first * second < 0):
                    point = self._locate(one, two, test, int(k))
                    if point is not None and abs(test(point)[k]) < _resolution(point):
                        found.append(SpikingPoint(label, point[0], point[1], at))
        return found

    @staticmethod
    def _fold_test(point: Point) -> np.ndarray:
        return np.array([_bounded(point[1].multiplier - 1.0)])

    @staticmethod
    def _doubling_test(point: Point) -> np.ndarray:
        return np.array([_bounded(point[1].multiplier + 1.0)])

    @staticmethod
    def _grazing_test(point: Point) -> np.ndarray:
        orbit = point[1]
        at = np.array([orbit.neuron.reset, 0.0])
        return np.array([orbit.neuron.field.rhs(np.array([at[0], w]))[0] for w in orbit.w])

    def _locate(self, one: Point, two: Point, test: Any, k: int) -> Point | None:
        """The zero of a test function on the curve between two points."""
        left, right = self.pack(one), self.pack(two)
        row = (right - left) / np.linalg.norm(right - left)
        low, high = 0.0, 1.0
        below, above = float(test(one)[k]), float(test(two)[k])
        point: Point | None = None
        for turn in range(60):
            part = 0.5 * (low + high) if turn % 3 == 2 else (
                low + (high - low) * below / (below - above)
            )  # fmt: skip
            guess = left + part * (right - left)
            y = self.correct(guess, row, float(row @ guess))
            point = None if y is None else self.point(y)
            if point is None:
                return None
            value = float(test(point)[k])
            if abs(value) < 1e-9 or high - low < 1e-13:
                return point
            if value * below < 0:
                high, above = part, value
            else:
                low, below = part, value
        return point


def _resolution(point: Point) -> float:
    """How well a multiplier can meet its bound: rounding in w counts times the steepest slope.

    Where slopes reach 1e8 (period adding) the parameter is exact to 1e-8, the multiplier is not.
    """
    return 1e-5 + min(0.4, 1e-8 * float(np.max(np.abs(point[1].slopes))))


def _bounded(x: float) -> float:
    """A multiplier less a bound, without the sizes of strongly unstable orbits."""
    return float(x / (1.0 + abs(x)))
