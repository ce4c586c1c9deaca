"""All cycles of a parameter plane: branches along scan lines, and the curves that bound them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from continuation.cycles import vanishing_and_diverging as last_cycles
from continuation.cycles.branch import CycleBranch
from continuation.cycles.cycle import Cycle
from continuation.cycles.following import STEP_MIN
from continuation.cycles.limit_cycles import limit_cycles
from continuation.cycles.settings import CycleSettings
from continuation.cycles.tracing import REASONS
from continuation.diagrams import finished
from continuation.diagrams.finished import Kept
from continuation.diagrams.progress import showing
from continuation.diagrams.reach import is_reached
from continuation.engine.budget import met, spent
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import Branch
from dynsys.cluster.connection import current
from dynsys.cluster.pieces import pieces
from dynsys.errors import ConvergenceError
from dynsys.interruption import run_all
from dynsys.journal import belonging

# Coarser than a single branch: enough for regions and for starting the curves.
SCAN = CycleSettings(
    intervals=20, most_intervals=240, tolerance=1e-5, trivial_error=1e-4, mesh_error=1e-5,
    step_max=0.25, min_cosine=0.8, longest=10.0, max_points=250, violent=1e3,
    delay_error=1e3,  # one number of nodes for the whole plane
)  # fmt: skip
SEEN = replace(SCAN, most_unstable=8)  # cycles found by simulation: as far as they are stable
WORKERS = 2  # threads; results come in the order of the tasks, whatever their number

Axis = tuple[str, float, float]
Spans = dict[str, tuple[float, float]]


def scan_cycles(lines: Sequence[Branch]) -> tuple[CycleBranch, ...]:
    """The cycles of every Hopf point on scan lines; a branch between two of them only once."""
    if not lines:
        return ()
    kept = finished.cycles_of_lines(lines[0].model)
    found = each(_cycles_of_line, lines, "cycles along scan lines", kept)
    return tuple(branch for branches in found for branch in branches or ())


def _cycles_of_line(line: Branch) -> list[CycleBranch]:
    branches: list[CycleBranch] = []
    parameter = line.parameters[0]
    waiting = [point for point in line.points("H") if is_reached(line.model, point.state)]
    while waiting:
        point = waiting.pop(0)
        try:
            branches.append(_followed(point, parameter, line.spans[parameter]))
            waiting = [p for p in waiting if p is not end_of(branches[-1], waiting)]
        except ConvergenceError:
            continue  # no small cycle: the Hopf point is degenerate to working accuracy
    return branches


def cycles_through(cycle: Cycle, parameter: str, span: tuple[float, float]) -> CycleBranch | None:
    """The branch of a cycle, followed both ways; None where Newton does not leave the cycle."""
    try:
        return _followed(replace(cycle, label="", name=""), parameter, span, SEEN)
    except ConvergenceError:
        return None


def _followed(
    source: SpecialPoint | Cycle, parameter: str, span: tuple[float, float],
    settings: CycleSettings = SCAN,
) -> CycleBranch:  # fmt: skip
    """A branch of cycles; followed once more with shorter steps where Newton gave up on stable
    cycles, which bound a region that goes on."""
    branch = limit_cycles(source, parameter, span, settings=settings)
    if not _stuck(branch):
        return branch
    finer = replace(settings, step_max=settings.step_max / 2)
    again = limit_cycles(source, parameter, span, settings=finer)
    return branch if _stuck(again) and len(again) < len(branch) else again


def _stuck(branch: CycleBranch) -> bool:
    """Whether an end where Newton no longer converges holds a stable cycle."""
    stable = branch.data["stable"].values
    ends = zip(branch.ended, (stable[0], stable[-1]), strict=True)
    return any(word.startswith(REASONS[STEP_MIN]) and held for word, held in ends)


def end_of(branch: CycleBranch, points: Sequence[SpecialPoint]) -> SpecialPoint | None:
    """The Hopf point, of these, to which a branch of cycles has shrunk."""
    if "Hopf point" not in branch.ended[1]:
        return None
    last, name = branch.orbits[-1], branch.parameter
    frequency = branch.model.frequency_factor / last.period
    apart = {
        k: (abs(last.value - p.parameters[name]) / branch.solver.half[1],
            abs(np.log(frequency / p.frequency)))
        for k, p in enumerate(points) if p.frequency
    }  # fmt: skip
    near = [k for k, (across, along) in apart.items() if across < 0.02 and along < 0.2]
    return points[min(near, key=lambda k: apart[k])] if near else None


def cycles_beside(curves: Sequence[Branch], parameter: str) -> tuple[CycleBranch, ...]:
    """Short branches beside every generalized Hopf and Bogdanov-Takens point on a Hopf curve.

    To both sides of the point; kept where they lead to a fold of cycles or to a diverging period.
    """
    tasks = []
    for curve in (c for c in curves if c.kind == "hopf curve"):
        for point in (*curve.points("GH"), *curve.points("BT")):
            most = 40 if point.label == "GH" else 120
            for index in {*_neighbors(curve, point)} - {point.index, point.index + 1}:
                tasks.append((_hopf_point(curve, index), parameter, curve.spans[parameter], most))
    kept, words = finished.cycles(curves[0].model) if curves else None, "cycles beside GH and BT"
    found = each(_short_branch, tasks, words, kept)
    return tuple(branch for branch in found if branch is not None)


def _neighbors(curve: Branch, point: SpecialPoint) -> Iterator[int]:
    """Points of a Hopf curve to both sides of a special one, before the next special one."""
    others = [p.index for p in curve.special_points if p is not point]
    for sign, first in ((-1, point.index), (1, point.index + 1)):
        reach = [sign * (k - first) for k in others if sign * (k - first) > 0]
        room = len(curve) - 1 - first if sign > 0 else first
        yield first + sign * max(0, min([4, room, *(r // 2 for r in reach)]))


def _hopf_point(curve: Branch, index: int) -> SpecialPoint:
    row = curve.data.isel(point=index)
    values = {**curve.model.parameters, **{k: float(row[k]) for k in curve.parameters}}
    return SpecialPoint(
        label="H", state=curve.states()[index], parameters=values, eigenvalues=np.empty(0),
        model=curve.model.with_parameters(**values), free=curve.parameters,
        frequency=float(row["frequency"]), index=index,
    )  # fmt: skip


def _short_branch(task: tuple[SpecialPoint, str, tuple[float, float], int]) -> CycleBranch | None:
    point, parameter, span, most = task
    settings = replace(SCAN, max_points=most)
    try:
        branch = limit_cycles(point, parameter, span, settings=settings)
    except ConvergenceError:
        return None
    return branch if diverges(branch) or branch.points("LPC") else None


def diverges(branch: CycleBranch) -> bool:
    """Whether a branch ends beside a homoclinic orbit, not where slow relaxation makes a period
    grow."""
    if not branch.ended[1].startswith("the period diverges"):
        return False
    before, last = branch.orbits[-2:]
    return last_cycles.diverges(before, last, branch.solver)


def each(
    work: Callable[[Any], Any], tasks: Sequence[Any], words: str = "", kept: Kept | None = None
) -> list:
    """Results of ``work`` on every task, two at a time: the compiled loops release the lock.

    ``words`` tell what is done, where progress is shown. With ``kept`` results are kept as soon as
    they are finished. Ctrl-C is answered at once. Where a budget is spent the rest is None.
    """
    works = [partial(work, task) for task in tasks]
    if current() is None:  # threads begin without what holds here, as the budget does
        works = [partial(copy_context().run, _unless_spent, words, made) for made in works]
    with showing(words, len(tasks)) as advance:
        if kept is not None:
            names = [partial(kept.key, task) for task in tasks]
            return pieces(
                names, works, kept.form, words=words, workers=WORKERS, done=lambda _: advance()
            )
        results: list[Any] = [None] * len(tasks)

        def make(number: int) -> None:
            results[number] = works[number]()

        calls = [belonging(partial(make, k)) for k in range(len(tasks))]
        run_all(calls, WORKERS, lambda _: advance())
    return results


def _unless_spent(words: str, made: Callable[[], Any]) -> Any:
    """A task's result; None where there is no time for it any more, which is said."""
    if spent():
        met(f"the budget was spent: {words or 'some searches'} were left out")
        return None
    return made()
