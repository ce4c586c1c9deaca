"""PyCont's curves on our engine: what ``forward`` and ``backward`` compute and ``sol`` shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from continuation.engine.following import MAX_POINTS, REASONS, Follower, Trace, join
from continuation.engine.problems import EQUILIBRIUM, HOPF
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint
from continuation.pycont.points import CurveMethods, Point, Solution, args
from continuation.pycont.settings import checked
from continuation.steady_states import codimension_two
from continuation.steady_states import events as equilibrium_events
from continuation.steady_states.branch_points import other_tangent
from continuation.steady_states.curves import fold_start, hopf_start
from dynsys.errors import ConvergenceError, ModelError

_THEIRS = {"HH": "DH"}  # our label -> PyCont's
_FAR = 1e9  # PyCont's curves end by their number of points, not by a span


def in_own_units(model: Any) -> Any:
    """The model with every state's scale 1, so that steps are what PyCont's users mean."""
    plain = model.with_parameters()
    plain.__dict__["scales"] = np.ones(model.compiled.n)
    return plain


class Curve(CurveMethods):
    """A curve of equilibria (EP-C), folds (LP-C) or Hopf points (H-C1, H-C2).

    As in PyCont, steps are arclength in the variables' own units; ``forward`` first moves to
    larger values of the alphabetically first variable, and repeating extends the curve.
    ``stopped`` says why either end stopped. What was computed is kept whatever happens.
    """

    def __init__(self, model: Any, settings: dict[str, Any], start: Any) -> None:
        self.model, self.settings, self.start = in_own_units(model), settings, start
        self.name, self.curvetype = settings["name"], settings["type"]
        self.freepars = list(settings["freepars"])
        self.varslist = sorted(model.states)
        self.stopped: dict[str, str] = {}
        self.reset()

    # --- computing ----------------------------------------------------------------------------

    def reset(self) -> None:
        """Forget what was computed."""
        self._trace: Trace | None = None
        self._found: list[SpecialPoint] = []
        self._sol: Solution | None = None
        self._borders: dict[str, np.ndarray] = {}
        self._follower, self._first = self._begin()

    def update(self, changes: dict[str, Any]) -> None:
        """Change settings for the next ``forward`` or ``backward``."""
        fixed = [k for k in changes if k in ("name", "type", "freepars", "initpoint")]
        if fixed:
            raise ModelError(f"{', '.join(fixed)} of a curve cannot be changed; use newCurve")
        self.settings |= checked({**self.settings, **changes}, self.curvetype)
        self._follower.settings = self._numerics()

    def forward(self) -> None:
        """Compute, or extend, towards the end."""
        self._extend("forward")

    def backward(self) -> None:
        """Compute, or extend, towards the beginning."""
        self._extend("backward")

    def _numerics(self) -> Settings:
        s = self.settings
        smallest = min(s["MinStepSize"], s["MaxStepSize"] / 2)
        return Settings(
            step=min(s["StepSize"], s["MaxStepSize"]), step_min=smallest,
            step_max=s["MaxStepSize"], tolerance=min(s["VarTol"], s["FuncTol"], 1e-9),
            max_newton=max(s["MaxCorrIters"], 5), max_points=s["MaxNumPoints"],
        )  # fmt: skip

    def _begin(self) -> tuple[Follower, np.ndarray]:
        """A follower in the variables' own units, and the start on its curve."""
        values = {k: self.start.parameters[k] for k in self.freepars}
        # Half a span is a parameter's scale: these spans make it 1. Bounds are set apart.
        spans = {k: (v - 1.0, v + 1.0) for k, v in values.items()}
        settings = self._numerics()
        if self.curvetype == "EP-C":
            follower = Follower(self.model, EQUILIBRIUM, spans, settings)
            first = follower.scaled(self.start.state, *values.values())
        else:
            begin = fold_start if self.curvetype == "LP-C" else hopf_start
            point = replace(self.start, model=self.model)
            two = (self.freepars[0], self.freepars[1])
            follower, first = begin(point, two, spans, settings)
        for k, name in enumerate(self.freepars):
            positive = self.model.declared_parameters[name].positive
            follower.lower[follower.n + k] = 1e-12 if positive else -_FAR
            follower.upper[follower.n + k] = _FAR
        return follower, first

    def _at_start(self) -> tuple[np.ndarray, np.ndarray]:
        """The start corrected onto the curve, and PyCont's direction "forward" there."""
        follower, given = self._follower, self.settings.get("initdirec")
        tangent = follower.any_tangent(self._first)
        y = follower.correct(self._first, tangent, float(tangent @ self._first))
        if y is None:
            # At a fixed parameter Newton may succeed where the tangent is still far off.
            row = np.zeros(follower.size)
            row[follower.n] = 1.0
            y = follower.correct(self._first, row, float(self._first[follower.n]))
        if y is None:
            raise ConvergenceError(
                f"curve {self.name}: Newton found no {follower.problem.name} next to the initial "
                "point; give an initpoint nearer to it, for instance a state of "
                "continuation.find_equilibria(model)"
            )
        tangent = follower.any_tangent(y)
        if given is not None:
            along = self._vector(given)
            return y, tangent if tangent @ along >= 0 else -tangent
        order = [list(self.model.state_names).index(k) for k in self.varslist]
        leading = [tangent[k] for k in [*order, follower.n] if abs(tangent[k]) > 1e-8]
        return y, tangent if not leading or leading[0] > 0 else -tangent

    def _vector(self, given: Any) -> np.ndarray:
        if isinstance(given, np.ndarray):
            return given
        vector = np.zeros(self._follower.size)
        places = [*self.model.state_names, *self.freepars]
        for name, value in (given.todict() if isinstance(given, Point) else given).items():
            if name in places:
                vector[places.index(name)] = value
        return vector

    def _extend(self, way: str) -> None:
        follower, trace = self._follower, self._trace
        if trace is None:
            sign = 1.0 if way == "forward" else -1.0
            switched = isinstance(self.settings.get("initdirec"), np.ndarray)
            y, tangent = self._switched(sign) if switched else self._at_start()
            tangent = tangent if switched else sign * tangent
        elif way == "forward":
            y, tangent = trace.points[-1], trace.tangents[-1]
        else:
            y, tangent = trace.points[0], -trace.tangents[0]
        if way in self._borders:
            follower.border[:] = self._borders[way]
        other = "backward" if way == "forward" else "forward"
        self._borders.setdefault(other, follower.border.copy())
        part = follower.follow(y, tangent)
        self._borders[way] = follower.border.copy()
        reason = REASONS[part.end]
        if part.end == MAX_POINTS:
            reason = f"computed MaxNumPoints = {self.settings['MaxNumPoints']} points"
        elif follower.problem is HOPF and abs(part.points[-1, -1]) < 1e-9:
            reason = "Bogdanov-Takens point: the frequency vanishes"
        part, points, stop = self._events(part)
        self.stopped[way] = stop or reason
        self._keep(part if way == "forward" else part.reversed(), points, way)

    def _switched(self, sign: float) -> tuple[np.ndarray, np.ndarray]:
        """A first step from a branch point along its second branch, where Newton is regular."""
        direction = sign * self._vector(self.settings["initdirec"])
        direction /= np.linalg.norm(direction)
        shifted = self._first + self.settings["MaxStepSize"] * direction
        y = self._follower.correct(shifted, direction, float(direction @ shifted))
        if y is None:
            raise ConvergenceError(
                f"curve {self.name}: Newton found no second branch a step of MaxStepSize = "
                f"{self.settings['MaxStepSize']:g} along initdirec; try another MaxStepSize"
            )
        tangent = self._follower.any_tangent(y)
        return y, tangent if tangent @ direction > 0 else -tangent

    def _events(self, part: Trace) -> tuple[Trace, list[SpecialPoint], str]:
        """Special points of a new part, which ends at the first label of StopAtPoints."""
        search = equilibrium_events if self.curvetype == "EP-C" else codimension_two
        border = self._follower.border.copy()
        wanted, stops = self.settings["LocBifPoints"], self.settings["StopAtPoints"]
        kept, stop = [], ""
        for point in search.events(self._follower, part):
            label = _THEIRS.get(point.label, point.label)
            if label in wanted or label == "suspect":
                kept.append(replace(point, label=label))
            if label in stops:
                end = point.index + 1
                part = Trace(
                    part.points[:end], part.tangents[:end], part.eigenvalues[:end],
                    part.signs[:end], part.start, part.end,
                )  # fmt: skip
                stop = f"stopped at {label} (StopAtPoints)"
                break
        self._follower.border[:] = border
        return part, kept, stop

    def _keep(self, part: Trace, points: list[SpecialPoint], way: str) -> None:
        count = len(part.points)
        if way == "backward":  # indices count from the part's new beginning
            points = [replace(p, index=max(count - 2 - p.index, 0)) for p in points][::-1]
        old = self._trace
        if old is None:
            self._trace, shift = part, 0
        elif way == "forward":
            shift = len(old.points) - 1
            self._trace = join(old, part)
        else:
            shift = 0
            self._found = [replace(p, index=p.index + count - 1) for p in self._found]
            self._trace = join(part, old)
        for point in points:
            number = 1 + sum(p.label == point.label for p in self._found)
            named = replace(point, index=point.index + shift, name=f"{point.label}{number}")
            self._found.append(named)
        self._sol = None

    # --- reading ------------------------------------------------------------------------------

    @property
    def sol(self) -> Solution | None:
        """The computed points in order, special points among them; None before ``forward``."""
        if self._trace is None:
            return None
        if self._sol is None:
            self._sol = Solution(list(self._points(self._trace)), self.name)
        return self._sol

    def _points(self, trace: Trace) -> Iterator[Point]:
        kind, last = self.curvetype.split("-")[0], len(trace.points) - 1
        for k, y in enumerate(trace.points):
            labels = {kind: self._described(trace.eigenvalues[k], trace.tangents[k])}
            if k in (0, last):
                failed = k == last and "step fell" in self.stopped.get("forward", "")
                failed |= k == 0 and "step fell" in self.stopped.get("backward", "")
                label = "MX" if failed else "P"
                labels[label] = {"name": f"{label}{1 if k == 0 else 2}", "data": args()}
            yield Point(self._values(y), labels)
            at = [p for p in self._found if p.index == k]
            for point in sorted(at, key=lambda p: self._along(trace, k, p)):
                yield self._special(point, trace.tangents[k], kind)
            if k < last:
                yield from self._output_points(trace, k, kind)

    def _along(self, trace: Trace, k: int, point: SpecialPoint) -> float:
        values = [point.parameters[name] for name in self.freepars]
        known = np.concatenate([point.state, values])
        return float(trace.tangents[k][: len(known)] @ known)

    def _special(self, point: SpecialPoint, tangent: np.ndarray, kind: str) -> Point:
        data = args(evals=point.eigenvalues, **point.coefficients)
        if point.omega is not None:
            data.w = point.omega
        y = self._follower.scaled(
            point.state, *(point.parameters[k] for k in self.freepars),
            *np.zeros(self._follower.problem.extra),
        )  # fmt: skip
        if point.label == "BP" and self.curvetype == "EP-C":
            data.branch = other_tangent(self._follower, y, tangent)
        labels = {kind: self._described(point.eigenvalues, tangent)}
        labels[point.label] = {"name": point.name, "data": data}
        return Point(self._values(y), labels, point)

    def _output_points(self, trace: Trace, k: int, kind: str) -> Iterator[Point]:
        """SPOut: points at given values of a free parameter."""
        a, b, n = trace.points[k], trace.points[k + 1], self._follower.n
        for name, targets in (self.settings["SPOut"] or {}).items():
            column = n + self.freepars.index(name)
            for target in np.atleast_1d(targets):
                if (a[column] - target) * (b[column] - target) < 0:
                    fraction = (target - a[column]) / (b[column] - a[column])
                    row = np.zeros_like(a)
                    row[column] = 1.0
                    y = self._follower.correct(a + fraction * (b - a), row, float(target))
                    if y is not None:
                        values = np.linalg.eigvals(self._follower.jacobian(y))
                        labels = {kind: self._described(values, trace.tangents[k])}
                        labels["SP"] = {"name": f"SP_{name}={target:g}", "data": args()}
                        yield Point(self._values(y), labels)

    def _described(self, eigenvalues: np.ndarray, tangent: np.ndarray) -> dict[str, Any]:
        real = np.real(eigenvalues)
        zero = 1e-9 * np.max(np.abs(eigenvalues))
        stab = "S" if np.all(real < -zero) else "U" if np.all(real > zero) else "N"
        direction = {**dict(zip(self.model.states, tangent, strict=False))}
        n = self._follower.n
        direction |= dict(zip(self.freepars, tangent[n:], strict=False))
        return {"stab": stab, "data": args(evals=eigenvalues, V=direction)}

    def _values(self, y: np.ndarray) -> dict[str, float]:
        values = dict(zip(self.model.states, self._follower.state(y).tolist(), strict=False))
        return values | self._follower.values(y)

    def __str__(self) -> str:
        lines = [f"curve {self.name} (type {self.curvetype}) of {self.model.name} in "
                 f"{', '.join(self.freepars)}: {len(self.sol or ())} points"]  # fmt: skip
        lines += [f"  {way}: {reason}" for way, reason in self.stopped.items()]
        return "\n".join(lines + [f"  {p}" for p in self._found])

    __repr__ = __str__
