"""What is known about a parameter plane, and the ways to learn more: lines, curves, cycles."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np

from continuation.cycles.branch import CycleBranch
from continuation.cycles.curves import CycleCurve
from continuation.diagrams import finished
from continuation.diagrams.answers import Answer, Dispute
from continuation.diagrams.centres import conserved_quantity
from continuation.diagrams.cycle_boundaries import cycle_boundaries
from continuation.diagrams.names import found_equilibria
from continuation.diagrams.paths import Axis, values_at
from continuation.diagrams.probing import Findings
from continuation.diagrams.reach import is_reached, with_edges
from continuation.diagrams.regimes import Regimes, cut
from continuation.diagrams.scan import (
    cycles_beside,
    cycles_through,
    each,
    scan_cycles,
)
from continuation.diagrams.standstill import standstills
from continuation.engine.budget import spent
from continuation.engine.following import Follower, Trace, on_curves
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import Branch
from continuation.steady_states.branch_point_curves import branch_point_start, crossing_curve
from continuation.steady_states.certificates import second_frequency
from continuation.steady_states.curves import as_branch, fold_start, hopf_start, trace_curve
from continuation.steady_states.delay_orders import order_in_plane
from continuation.steady_states.equilibria import equilibria
from continuation.steady_states.refollowing import scaled_points
from dynsys.conservation import conserved_sums
from dynsys.errors import ConvergenceError
from dynsys.journal import piece
from dynsys.vector_field import VectorField

LINES = 7  # scan lines in each direction: a closed curve smaller than a sixth of a span can hide
MOST_LINES = 12  # further ones, through places at which regions disagree
_PARTS = (0.37, 0.71)  # of a line, at which it is asked whether sums of states are conserved
_SAME_LINE = 1e-4  # distance in units of the plane at which two scan lines are one


class Survey:
    """Everything found in a plane so far; grows by scan lines and by cycles.

    Parameters
    ----------
    x, y : (parameter, low, high).
    findings : what is known from an earlier survey of the same plane.
    """

    def __init__(
        self, model: VectorField, x: Axis, y: Axis, settings: Settings, seed: int = 0,
        findings: Findings | None = None,
    ) -> None:  # fmt: skip
        self.spans = {x[0]: (x[1], x[2]), y[0]: (y[1], y[2])}
        model = with_edges(model, self.spans)
        settings = replace(settings, places=0)  # the lines of the other direction are its places
        if model.lines and settings.delay_check and findings is None:  # one for the whole plane
            order = order_in_plane(model, self.spans, settings.most_delay_order, seed)
            model = model if order == model.delay_order else model.with_delay_order(order)
            settings = replace(settings, most_delay_order=order)
        self.model, self.x, self.y, self.settings, self.seed = model, x, y, settings, seed
        known = findings or Findings((), (), (), ())
        self.lines: list[Branch] = list(known.lines)
        self.curves: list[Branch] = list(known.curves)
        self.cycles: list[CycleBranch] = list(known.cycles)
        self.cycle_curves: list[CycleCurve] = list(known.cycle_curves)
        self.asked: list[tuple[str, float]] = [_line_at(line, self.spans) for line in self.lines]
        self.followed: set[tuple[float, ...]] = set()  # places whose cycles were,
        self.rested: set[tuple[float, ...]] = set()  # and whose equilibria
        self.regimes: Regimes | None = None  # of the last cut
        self.standstills = standstills(model, x, y)
        # Every equilibrium that does not repel is a centre there, no cycle is isolated.
        self.conserved = bool(conserved_quantity(model, (x, y)))

    def findings(self) -> Findings:
        """Everything found, frozen."""
        return Findings(
            tuple(self.curves), tuple(self.cycle_curves), tuple(self.lines), tuple(self.cycles)
        )

    def cut(self, known: Sequence[Answer] = ()) -> Regimes:
        """The plane cut along everything found; what the last cut settled is not asked again."""
        found = self.findings()
        self.regimes = cut(self.model, self.x, self.y, found, self.regimes, known)
        return self.regimes

    def scan(self) -> None:
        """Scan lines of both directions, the curves through their points, the cycles on them."""
        wanted = [
            (free, float(value))
            for free, (low, high) in zip(self.spans, reversed(self.spans.values()), strict=True)
            for value in np.linspace(low, high, LINES)
        ]
        lines = self._add_lines(wanted)
        beside = () if self.conserved else cycles_beside(self.curves, self.x[0])
        self._add_cycles((*self._cycles_of(lines), *beside))

    def _cycles_of(self, lines: Sequence[Branch]) -> tuple[CycleBranch, ...]:
        return () if self.conserved else scan_cycles(lines)

    def look_between(self, disputes: Sequence[Dispute]) -> bool:
        """Look for the boundaries between places that disagree; False where nothing is left to try.

        A line along one axis through one place and along the other axis through the other one meet:
        what parts the places crosses one of them, or is met where the face ends. Cycles that are
        stable at one place only are followed both ways.
        """
        (first, _), (second, _) = self.spans.items()
        wanted: list[tuple[str, float]] = []
        alone: list[Answer] = []
        resting: list[Answer] = []
        for dispute in disputes:
            a, b = dispute.inmost, dispute.other
            wanted += [(first, a.values[second]), (second, b.values[first])]
            if a.kinds[1] != b.kinds[1]:
                alone.append(max(a, b, key=lambda answer: answer.kinds[1]))
            if a.kinds[0] != b.kinds[0]:
                resting.append(max(a, b, key=lambda answer: answer.kinds[0]))
        before = len(self.lines), len(self.cycles)
        self.follow_equilibria(resting)
        lines = self._add_lines(wanted[: MOST_LINES + 2 * LINES - len(self.asked)])
        self._add_cycles([*self._cycles_of(lines), *self._followed(alone)])
        return before != (len(self.lines), len(self.cycles))

    def look_at(self, places: Sequence[Sequence[float]]) -> None:
        """Scan lines of both directions through places in units of the plane."""
        wanted = []
        for place in places:
            (first, at_first), (second, at_second) = values_at(place, (self.x, self.y)).items()
            wanted += [(first, at_second), (second, at_first)]
        self._add_cycles(self._cycles_of(self._add_lines(wanted)))

    def follow(self, answers: Sequence[Answer]) -> bool:
        """Follow cycles found by simulation both ways; False where none could be followed."""
        found = self._followed(answers)
        self._add_cycles(found)
        return bool(found)

    def _followed(self, answers: Sequence[Answer]) -> list[CycleBranch]:
        fresh = [a for a in answers if tuple(a.place) not in self.followed]
        self.followed |= {tuple(a.place) for a in fresh}
        tasks = [
            (cycle, name, span)
            for answer in fresh
            for cycle in answer.cycles
            for name, span in self.spans.items()
        ]
        words, kept = "cycles met by simulation", finished.cycles(self.model)
        found = each(lambda task: cycles_through(*task), tasks, words, kept)
        return [branch for branch in found if branch is not None and len(branch) > 1]

    def _add_cycles(self, branches: Sequence[CycleBranch]) -> None:
        self.cycles += branches
        known = self.cycle_curves
        known += cycle_boundaries(self.model, self.x, self.y, branches, tuple(known))

    def _add_lines(self, wanted: Sequence[tuple[str, float]]) -> list[Branch]:
        """New scan lines (free parameter, value of the other), with the curves through them."""
        tasks = [self._line(free, value) for free, value in wanted if self._asks(free, value)]
        tasks = [task for task in tasks if not _stands_still(*task)]
        kept = finished.lines(self.settings, self.seed)
        follow = partial(followed_line, self.settings, self.seed)
        found = each(follow, tasks, "equilibria along scan lines", kept)
        return [self._taken(line) for line in found if line is not None]

    def _asks(self, free: str, value: float) -> bool:
        """Whether a scan line is a new one; it is noted as asked for."""
        (fixed,) = (name for name in self.spans if name != free)
        width = np.diff(self.spans[fixed])[0]
        if any(free == f and abs(value - v) < _SAME_LINE * width for f, v in self.asked):
            return False
        self.asked.append((free, value))
        return True

    def _line(self, free: str, value: float) -> tuple[VectorField, str, tuple[float, float]]:
        (fixed,) = (name for name in self.spans if name != free)
        return self.model.with_parameters(**{fixed: value}), free, self.spans[free]

    def follow_equilibria(self, answers: Sequence[Answer]) -> None:
        """Follow stable equilibria that a region lacks along both axes, with all they lead to."""
        fresh: list[Branch] = []
        for answer in answers:
            if tuple(answer.place) in self.rested:
                continue
            self.rested.add(tuple(answer.place))
            at = self.model.with_parameters(**answer.values)
            for item in found_equilibria(answer.stable):
                for free, span in self.spans.items():
                    with suppress(ConvergenceError):
                        line = equilibria(at, free, span, item["state"], self.settings)
                        fresh.append(self._taken(line))
        self._add_cycles(self._cycles_of(fresh))

    def _taken(self, line: Branch) -> Branch:
        """A scan line, kept with the curves through its points."""
        self.lines.append(line)
        for label in ("LP", "BP") if self.conserved else ("LP", "H", "BP"):
            for point in line.points(label):
                if not is_reached(self.model, point.state):
                    continue
                still = label == "BP" and any(s.holds(point.parameters) for s in self.standstills)
                if self._inside(point) and not still:
                    self._add_curve(point)
        return line

    def _inside(self, point: SpecialPoint) -> bool:
        """Whether a point lies in the plane: one step of a line may pass a fold just beyond it."""
        return all(low <= point.parameters[k] <= high for k, (low, high) in self.spans.items())

    def _add_curve(self, point: SpecialPoint, omega: float | None = None) -> None:
        """The curve through a point unless a known one holds it, and what emanates from that."""
        before = len(self.curves)
        self._follow(point, omega)
        done = before
        # Codimension-two points add curves; where H is conserved all of a fold curve is BT.
        while done < len(self.curves) and not (spent() or self.conserved):
            for special in self.curves[done].special_points:
                self._emanate(special)
            done += 1

    def _emanate(self, point: SpecialPoint) -> None:
        """Follow the codimension-one curves that meet at a codimension-two point."""
        if point.label == "BT":
            self._follow(point, None)
            self._follow(point, 0.0)
        elif point.label == "ZH":
            self._follow(point, None)
            self._follow(point, point.omega or _rotation(point))
        elif point.label == "HH" and point.omega is not None:
            other = second_frequency(point.model.jacobian(point.state), point.omega)
            if other is not None:  # else scan lines meet the other curve
                self._follow(point, other)

    def _follow(self, point: SpecialPoint, omega: float | None) -> None:
        names = (self.x[0], self.y[0])
        if point.label == "BP":
            follower, y = branch_point_start(point, names, self.spans, self.settings)
        elif point.label in ("LP", "CP") or (point.label in ("BT", "ZH") and omega is None):
            follower, y = fold_start(point, names, self.spans, self.settings)
        else:
            follower, y = hopf_start(point, names, self.spans, self.settings, omega)
        if self._holds(follower, y):
            return
        kept = finished.curves(self.model, self.settings)
        task = (point, names, self.spans, omega)
        curve = piece(partial(kept.key, task), partial(_curve, point, follower, y), kept.form)
        if curve is not None:
            self.curves.append(curve)

    def _holds(self, follower: Follower, y: np.ndarray) -> bool:
        """Whether a known curve runs through a point."""
        for curve in self.curves:
            if curve.kind not in follower.problem.kinds:
                continue
            for points in scaled_points(curve, follower):
                nothing = np.empty((len(points), 0))
                trace = Trace(points, points, nothing, nothing, 0, 0)
                if on_curves(follower, [trace], y):
                    return True
        return False


def _curve(point: SpecialPoint, follower: Follower, y: np.ndarray) -> Branch | None:
    """The curve through a point; None where it is singular there: its other points lead to it."""
    try:
        if point.label == "BP":
            return crossing_curve(follower, y)
        return as_branch(*trace_curve(follower, y))
    except ConvergenceError:
        return None


def _line_at(line: Branch, spans: dict[str, tuple[float, float]]) -> tuple[str, float]:
    (free,) = line.parameters
    (fixed,) = (name for name in spans if name != free)
    return free, line.model.parameters[fixed]


def _rotation(point: SpecialPoint) -> float:
    """Frequency of the critical pair at a zero-Hopf point."""
    pairs = point.eigenvalues[point.eigenvalues.imag > 0]
    return float(pairs[np.argmin(np.abs(pairs.real))].imag)


def _stands_still(at: VectorField, free: str, span: tuple[float, float]) -> bool:
    """Whether sums of states are conserved all along a line, as r = 0 in r x (1 - x): equilibria
    there are not isolated, and other lines cross it."""
    low, high = span
    places = (low + part * (high - low) for part in _PARTS)
    return all(conserved_sums(at.with_parameters(**{free: value})) for value in places)


def followed_line(
    settings: Settings, seed: int, task: tuple[VectorField, str, tuple[float, float]]
) -> Branch | None:
    """The equilibria along a line; None where none are inside the ranges and tables."""
    at, free, span = task
    try:
        return equilibria(at, free, span, settings=settings, seed=seed)
    except ConvergenceError:
        return None
