"""PyCont's curves of cycles (LC-C) and, new, of their bifurcations (LPC-C, PD-C, NS-C)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from continuation.cycles.curves import cycle_fold_curve, period_doubling_curve, torus_curve
from continuation.cycles.limit_cycles import limit_cycles
from continuation.cycles.settings import CycleSettings
from continuation.pycont.drawing import draw_orbits
from continuation.pycont.points import CurveMethods, Point, Solution, args
from continuation.pycont.settings import checked
from dynsys.errors import ModelError

# Curves of special cycles in two parameters: type -> (function, label of the start).
SPECIAL = {
    "LPC-C": (cycle_fold_curve, "LPC"),
    "PD-C": (period_doubling_curve, "PD"),
    "NS-C": (torus_curve, "NS"),
}
_SAMPLES = 200


class CycleCurve(CurveMethods):
    """A curve of limit cycles: ``sol['v_max']``, ``sol['v_min']``, ``sol['_T']``.

    ``forward`` follows MaxNumPoints cycles and, repeated, as many more; ``backward`` has nothing
    to add to a curve that starts at a Hopf point. The parameter stays within MaxNumPoints times
    MaxStepSize of its start, at most four times its own size.
    """

    def __init__(self, model: Any, settings: dict[str, Any], start: Any) -> None:
        self.model, self.settings, self.start = model, settings, start
        self.name, self.curvetype = settings["name"], settings["type"]
        self.freepars = [k for k in settings["freepars"] if k not in ("period", "_T")]
        self.varslist = sorted(model.states)
        self.reset()

    def reset(self) -> None:
        """Forget what was computed."""
        self.stopped: dict[str, str] = {}
        self.branch: Any = None
        self._wanted = 0
        self._sol: Solution | None = None

    def update(self, changes: dict[str, Any]) -> None:
        """Change settings for the next ``forward``."""
        self.settings |= checked({**self.settings, **changes}, self.curvetype)

    def forward(self) -> None:
        """Compute, or extend by MaxNumPoints cycles."""
        self._wanted += self.settings["MaxNumPoints"]
        self.branch = self._computed()
        self.stopped = {"backward": self.branch.ended[0], "forward": self.branch.ended[1]}
        self._sol = None

    backward = forward

    def _computed(self) -> Any:
        name = self.freepars[0]
        value = self.start.parameters[name]
        reach = self._wanted * self.settings["MaxStepSize"]
        reach = min(max(reach, 1e-3), 4 * max(abs(value), 1.0))
        numerics = CycleSettings(max_points=self._wanted)
        return limit_cycles(self.start, name, (value - reach, value + reach), settings=numerics)

    @property
    def sol(self) -> Solution | None:
        """The cycles' extrema, period and parameter; None before ``forward``."""
        if self.branch is None:
            return None
        if self._sol is None:
            self._sol = Solution(list(self._points()), self.name)
        return self._sol

    def _points(self) -> Iterator[Point]:
        wanted, stops = self.settings["LocBifPoints"], self.settings["StopAtPoints"]
        data, parameter = self.branch.data, self.freepars[0]
        special = [c for c in self.branch.special_points if c.label in wanted or c.label in stops]
        rest = sorted(((self._place(c), c) for c in special), key=lambda pair: pair[0])
        last = len(self.branch) - 1
        for k in range(last + 1):
            row = data.isel(point=k)
            multipliers = row["multiplier_real"].values + 1j * row["multiplier_imag"].values
            labels = {"LC": _described(multipliers, self._verdict(row))}
            if k in (0, last):
                labels["P"] = {"name": f"P{1 if k == 0 else 2}", "data": args()}
            extrema = self._extrema(self.branch.orbits[k])
            yield Point({**extrema, parameter: float(row[parameter]), "_T": float(row["period"])},
                        labels)  # fmt: skip
            while rest and rest[0][0] == k:
                _, cycle = rest.pop(0)
                yield self._special(cycle)
                if cycle.label in stops:
                    self.stopped["forward"] = f"stopped at {cycle.label} (StopAtPoints)"
                    return

    @staticmethod
    def _verdict(row: Any) -> bool | None:
        """Whether a cycle is stable; None where that is undetermined."""
        return None if bool(row["undetermined"]) else bool(row["stable"])

    def _place(self, cycle: Any) -> int:
        """The branch's orbit just before a special cycle."""
        p, period = self.branch.data[self.freepars[0]].values, self.branch.data["period"].values
        spread = np.array([np.ptp(p) or 1.0, np.ptp(period) or 1.0])
        at = np.array([cycle.orbit.value, cycle.period])
        points = np.stack([p, period], axis=1)
        middles = (points[:-1] + points[1:]) / 2
        return int(np.argmin(np.linalg.norm((middles - at) / spread, axis=1))) if len(p) > 1 else 0

    def _extrema(self, orbit: Any) -> dict[str, float]:
        states = self.branch.solver.states(orbit, np.linspace(0, 1, _SAMPLES))
        columns = states[:, : len(self.model.states)]
        names = list(self.model.states)
        values = {f"{k}_max": float(columns[:, i].max()) for i, k in enumerate(names)}
        return values | {f"{k}_min": float(columns[:, i].min()) for i, k in enumerate(names)}

    def _special(self, cycle: Any) -> Point:
        extrema = self._extrema(cycle.orbit)
        values = {**extrema, self.freepars[0]: cycle.orbit.value, "_T": cycle.period}
        labels = {"LC": _described(cycle.multipliers, cycle.stable)}
        labels[cycle.label] = {"name": cycle.name, "data": args(evals=cycle.multipliers),
                               "cycle": cycle}  # fmt: skip
        return Point(values, labels, cycle)

    def plot_cycles(
        self,
        coords: Any = None,
        cycles: Any = None,
        axes: Any = None,
        count: int = 12,
        style: str = "default",
        **line: Any,
    ) -> Any:
        """Draw orbits: against time (('t', 'v')) or in a plane (('v', 'w')). Returns the axes.

        ``cycles`` are names of special cycles; by default ``count`` cycles along the curve.
        """
        if self.branch is None:
            raise ModelError(f"curve {self.name} is empty; call forward() first")
        names = [cycles] if isinstance(cycles, str) else cycles
        if names is not None:
            chosen = [self.branch[name].orbit for name in names]
        else:
            places = np.linspace(0, len(self.branch) - 1, min(count, len(self.branch))).astype(int)
            chosen = [self.branch.orbits[k] for k in places]
        return draw_orbits(self, coords, chosen, axes, style, line)

    def __str__(self) -> str:
        head = f"curve {self.name} (type {self.curvetype}) of {self.model.name} in "
        return (
            head + f"{', '.join(self.freepars)}\n" + (str(self.branch) if self.branch else "empty")
        )

    __repr__ = __str__


class SpecialCycleCurve(CycleCurve):
    """A curve of folds, period doublings or tori of cycles in two parameters.

    ``forward`` follows it to both sides; special points are CPC, GPD, R1 ... R4 and the like.
    """

    def forward(self) -> None:
        """Compute the whole curve within MaxNumPoints times MaxStepSize of its start."""
        follow, label = SPECIAL[self.curvetype]
        if getattr(self.start, "label", "") != label:
            raise ModelError(
                f"curve {self.name}: type {self.curvetype} starts at a cycle labelled {label} "
                f"(initpoint='LC1:{label}1')"
            )
        self._wanted += self.settings["MaxNumPoints"]
        reach = max(self._wanted * self.settings["MaxStepSize"], 1e-3)
        spans = {}
        for name in self.freepars:
            value = self.start.parameters[name]
            limit = min(reach, 4 * max(abs(value), 1.0))
            spans[name] = (value - limit, value + limit)
        self.branch = follow(self.start, (self.freepars[0], self.freepars[1]), spans)
        self.stopped = dict(zip(("backward", "forward"), self.branch.ended[0], strict=True))
        self._sol = None

    backward = forward

    def _points(self) -> Iterator[Point]:
        kind, wanted = self.curvetype.split("-")[0], self.settings["LocBifPoints"]
        data = self.branch.data
        for k in range(data.sizes["point"]):
            row = data.isel(point=k)
            values = {name: float(row[name]) for name in self.freepars}
            values |= self._extrema(self.branch.orbits[k]) | {"_T": float(row["period"])}
            multipliers = row["multiplier_real"].values + 1j * row["multiplier_imag"].values
            yield Point(values, {kind: {"stab": "X", "data": args(evals=multipliers)}})
        for cycle in self.branch.special_points:
            if cycle.label in wanted:
                values = {name: cycle.parameters[name] for name in self.freepars}
                values |= self._extrema(cycle.orbit) | {"_T": cycle.period}
                labels = {kind: {"stab": "X", "data": args(evals=cycle.multipliers)}}
                labels[cycle.label] = {"name": cycle.name, "data": args(), "cycle": cycle}
                yield Point(values, labels, cycle)


def _described(multipliers: np.ndarray, stable: bool | None) -> dict[str, Any]:
    outside = np.abs(multipliers) > 1
    stab = "X" if stable is None else "S" if stable else "U" if outside.all() else "N"
    return {"stab": stab, "data": args(evals=multipliers)}
