"""Where simulations from given starts end: brute force, which knows nothing of any branch."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from continuation.diagrams.exponents import largest_exponent, run_multipliers
from continuation.diagrams.names import (
    CHAOS,
    EQUILIBRIUM,
    HALF_STABLE,
    OUTSIDE,
    RUNS_AWAY,
    TORUS,
)
from continuation.diagrams.outcomes import (
    EXACT,
    UNSETTLED,
    Outcome,
    classified,
    early_rest,
    has_run_away,
    is_on_its_way,
    is_stationary,
    keeps_order,
    section_of,
)
from continuation.diagrams.pasts import Past, after_pasts
from continuation.diagrams.reach import lowest_values
from continuation.diagrams.step_choice import FINEST, needed_step, step_on, usual_step
from continuation.diagrams.stiff_runs import settled
from dynsys.journal import Form, key, piece
from dynsys.simulation.ensembles import simulate_ensemble
from dynsys.vector_field import VectorField

RESTS = (EQUILIBRIUM, HALF_STABLE)
IRREGULAR = (CHAOS, TORUS)
STRIDE = 2  # steps between records
BESIDE = 1e-6  # scaled distance from its start at which a run begins
FIRST = 1024  # records of the first stage; every further one is twice as long
ROOM = 20_000_000  # recorded numbers that are held at once
EARLY = 256  # records after which runs that are at rest already, or in infinity, are told
STAGES = 6
MORE = 2  # stages for a motion that is still on its way
SURE = 4.0  # by which the steps are shorter that confirm a positive exponent
LONGER = 1  # times that an exponent near zero is measured over four times the time
ALMOST = 1e-4  # of a motion's range: a miss of returns above which it may not be a cycle's,
SHORT = 16  # steps for its multipliers between records
CLOSED = 0.1  # error of the multiplier 1 of one that is closed
GROWING = 1.05  # by which departures from one grow in a turn that is unstable beyond doubt
APPROACH = 3  # stages before which a motion that is near a cycle goes on towards it
ALIKE = 0.1  # difference, of the range, up to which chaotic motions fill the same
REFINEMENTS = 6
SLACK = 0.75  # of what is asked for is short enough: a step of REACH / SLACK is below ALONG
STIFF = 32  # times that a step is too long for runs that go on with steps of their own
_ENDS = ("final_state", "final_history")  # of a run, with which the next one begins
RETRIES = 2  # shorter steps of runs that ended in infinity, before they do


@dataclass(frozen=True)
class Effort:
    """How hard to try: ``finer`` divides the step, ``stages`` are the doublings of the time, and
    ``exact`` is the miss of returns, of the range, above which a cycle may still be approached."""

    finer: float = 1.0
    stages: int = STAGES
    exact: float = EXACT


TWICE = Effort(finer=2.0)  # for what seems to be a torus or weak chaos


def destinations(
    model: VectorField,
    values: Sequence[Mapping[str, float]],
    starts: np.ndarray,
    effort: Effort = Effort(),
    pasts: Sequence[Past | None] | None = None,
) -> list[Outcome]:
    """What runs come to, each at its own parameters ``values`` and from its start (k, n).

    Signals with delays were at rest before, or have the ``pasts`` of their starts.

    All runs are integrated together (rk4, exact delays), those that have not come to rest or to a
    repetition twice as long again, and so on. What never repeats is told apart by its largest
    Lyapunov exponent. The whole is kept as soon as it is known (``dynsys.journal``).

    Example
    -------
    >>> destinations(aln(), [{"mu_e": 1.0}], aln().initial_state()[None, :6])[0].kind
    """
    starts = _beside(model, starts)
    about = [model.digest, dict(model.parameters), [dict(v) for v in values], asdict(effort)]
    before = [None] * len(values) if pasts is None else list(pasts)
    turns = [np.empty(0), *(past.turn.ravel() for past in before if past is not None)]
    periods = np.array([np.nan if past is None else past.period for past in before])
    found = piece(
        lambda: key("destinations", *about, starts, periods, np.concatenate(turns)),
        partial(_destinations, model, values, starts, before, effort),
        _OUTCOMES,
    )
    return found or []


def _beside(model: VectorField, starts: np.ndarray) -> np.ndarray:
    """Starts (k, n), none below the lowest values of the states, moved a little into their box,
    every state by another part: a symmetry or an axis that no motion leaves must not hold a run on
    a saddle, or on a cycle that repels."""
    low, high = model.state_box()
    starts = np.maximum(starts, lowest_values(model))
    inward = np.where(starts < (low + high) / 2, 1.0, -1.0)
    parts = 0.5 + np.random.default_rng(0).random(starts.shape[1])
    return starts + BESIDE * model.scales[: starts.shape[1]] * parts * inward


_OUTCOMES: Form[list[Outcome]] = Form(
    lambda found: [[getattr(outcome, f.name) for f in fields(Outcome)] for outcome in found],
    lambda content: [Outcome(*values) for values in content],
)


def _destinations(
    model: VectorField,
    values: Sequence[Mapping[str, float]],
    starts: np.ndarray,
    pasts: Sequence[Past | None],
    effort: Effort,
) -> list[Outcome]:
    # Made once: models at other parameters share them.
    assert model.compiled and model.scales.size and model.lines is not None
    found = _with_fitting_steps(model, values, starts, pasts, effort)
    weak = [k for k, outcome in enumerate(found) if outcome.weak]
    if weak and effort.finer < TWICE.finer:  # errors of the steps keep slow motions going
        here, before = [values[k] for k in weak], [pasts[k] for k in weak]
        again = _destinations(model, here, starts[weak], before, TWICE)
        for k, outcome in zip(weak, again, strict=True):
            found[k] = outcome
    return found


def _with_fitting_steps(
    model: VectorField, values: Sequence[Mapping[str, float]], starts: np.ndarray,
    pasts: Sequence[Past | None], effort: Effort,
) -> list[Outcome]:  # fmt: skip
    """What runs come to, those for which the step was too long again with a shorter one."""
    places = {tuple(v.values()): v for v in values}
    at = {place: model.with_parameters(**v) for place, v in places.items()}
    models = [at[tuple(v.values())] for v in values]
    usual = usual_step(model, models, starts)
    steps = np.array(
        [step_on(m, past, usual) / effort.finer for m, past in zip(models, pasts, strict=True)]
    )
    pasts = pasts if model.lines else [None] * len(models)
    found: list[Outcome] = [Outcome(UNSETTLED, x) for x in starts]
    coarse = list(range(len(models)))
    for round_ in range(REFINEMENTS + 1):
        groups = {(steps[k], pasts[k] is None) for k in coarse}
        for dt, at_rest in sorted(groups, reverse=True):
            mine = [k for k in coarse if (steps[k], pasts[k] is None) == (dt, at_rest)]
            stages = effort.stages + (2 if dt < usual / effort.finer else 0)
            here, before = [models[k] for k in mine], [p for k in mine if (p := pasts[k])]
            initial = starts[mine] if at_rest else after_pasts(model, here, before, dt)
            again = _followed(
                model, here, [values[k] for k in mine], initial, float(dt), stages, effort.exact,
                patient=round_ == REFINEMENTS,
            )  # fmt: skip
            for k, outcome in zip(mine, again, strict=True):
                found[k] = outcome
        needed = {k: needed_step(models[k], found[k], steps[k]) for k in coarse}
        for k in coarse:
            if found[k].kind == RUNS_AWAY and round_ < RETRIES:
                continue
            last = round_ == REFINEMENTS
            own = _with_own_steps(models[k], found[k], starts[k], steps[k], needed[k], last)
            if own is not None:
                found[k], needed[k] = own, steps[k]
        finer = [(k, step) for k, step in needed.items() if step < steps[k]]
        for k, step in finer:
            wanted = np.log2(SLACK * steps[k] / max(step, steps[k] / FINEST))
            # Few different steps: runs of one step go together.
            steps[k] /= 2 ** max(np.ceil(wanted), round_ - 1.0, 1.0)
        coarse = [k for k, _ in finer]
        if not coarse:
            break
    return found


def _with_own_steps(
    model: VectorField, found: Outcome, start: np.ndarray, dt: float, needed: float, last: bool
) -> Outcome | None:
    """What a run comes to that is far too stiff for one step, that did not settle with it, or that
    ended in infinity, where too long a step leads as well. One that somewhat shorter steps fit has
    these first, unless they were the ``last``."""
    away = found.kind == RUNS_AWAY
    unsettled = found.kind == UNSETTLED and (last or needed >= dt)
    hard = needed < dt / STIFF or unsettled or away
    if not hard or model.lines or model.tables:
        return None
    again = settled(model, Outcome(UNSETTLED, start), dt * STRIDE * FIRST, leaves=away)
    return None if again.kind == UNSETTLED else again


def _followed(
    model: VectorField, models: Sequence[VectorField], values: Sequence[Mapping[str, float]],
    initial: Any, dt: float, stages: int, exact: float = EXACT, patient: bool = False,
) -> list[Outcome]:  # fmt: skip
    """What runs come to with one step, in stages of doubled time; unless ``patient``, those for
    which the step is too long are left unsettled, once they no longer settle.

    What is at rest, or in infinity, after a few records is told at once. After all ``stages`` a
    motion may be told to be chaos; others that do not repeat go on for ``MORE`` stages, since chaos
    may pass, and are a torus where they still do not.
    """
    found = [Outcome(UNSETTLED, np.empty(0)) for _ in models]
    rests: dict[int, list[Outcome]] = {id(m): [] for m in models}
    most = max(min(stages + MORE, STAGES + 3), stages)
    approach = APPROACH if exact >= EXACT else stages - 1
    batches = deque([(-1, list(range(len(models))), initial)])
    while batches:
        stage, active, begun = batches.popleft()
        early = stage < 0
        length = EARLY if early else _length(stage)
        settling = FIRST - EARLY if stage == 0 else 0
        run = _run(model, [values[k] for k in active], begun, dt, length, settling)
        record = _Record.of(model, run)
        for lane, k in enumerate(active):
            known = rests[id(models[k])]
            found[k] = _outcome(models[k], record, lane, known, early)
            if found[k].kind in RESTS and not any(found[k] is rest for rest in known):
                known.append(found[k])
            if found[k].kind == UNSETTLED and stage >= stages - 1:
                duration, last = dt * STRIDE * FIRST * 2 ** (stages - 1), stage == most - 1
                here = (o for o, m in zip(found, models, strict=True) if m is models[k])
                told = (o for o in here if o.kind in IRREGULAR and fill_alike(o, found[k]))
                same = next(told, None)
                found[k] = (
                    _irregular(models[k], found[k], record, lane, duration, last) if same is None
                    else replace(
                        found[k], kind=same.kind, exponent=same.exponent, weak=same.weak
                    )
                )  # fmt: skip
        kept = [
            lane for lane, k in enumerate(active)
            if (found[k].kind == UNSETTLED or (found[k].approaches(exact) and stage < approach))
            and (
                patient or (found[k].settles and stage < APPROACH)
                or needed_step(models[k], found[k], dt) >= dt
            )
        ]  # fmt: skip
        if kept and stage + 1 < most:
            ends = run[[name for name in _ENDS if name in run]]
            held = len(kept) * len(model.states) * _length(stage + 1)
            for some in np.array_split(kept, min(-(-held // ROOM), len(kept))):
                batches.append((stage + 1, [active[k] for k in some], ends.isel(point=some)))
    return found


def _length(stage: int) -> int:
    """Records of a stage."""
    return FIRST * 2**stage


def _run(
    model: VectorField, values: Sequence[Mapping[str, float]], initial: Any, dt: float,
    length: int, settling: int,
) -> xr.Dataset:  # fmt: skip
    points = {name: [v[name] for v in values] for name in values[0]}
    between = STRIDE * dt
    return simulate_ensemble(
        model, length * between, points=points, initial=initial, record="states", dt=dt,
        sample=between, settle=settling * between, warn=False,  # their kind tells of them
    )  # fmt: skip


class _Record(NamedTuple):
    """Motions of a run: ``times`` (t,), ``columns`` (lane, t) of the states, ``last`` (lane, n)."""

    times: np.ndarray
    columns: Sequence[np.ndarray]
    last: np.ndarray

    @classmethod
    def of(cls, model: VectorField, run: xr.Dataset) -> _Record:
        columns = [run[name].values for name in model.states]
        return cls(run["time"].values, columns, run["final_state"].values)

    def states(self, lane: int) -> np.ndarray:
        """The motion (t, n) of one run."""
        return np.stack([column[lane] for column in self.columns], axis=-1)


def _outcome(
    model: VectorField, record: _Record, lane: int, rests: Sequence[Outcome], early: bool
) -> Outcome:
    times, states, last = record.times, record.states(lane), record.last[lane]
    if not np.all(np.isfinite(states)) or has_run_away(model, last):
        return Outcome(RUNS_AWAY, last)
    result = early_rest(model, states, rests) if early else classified(model, times, states, rests)
    if model.tables and _outside(model, result.state):
        return replace(result, kind=OUTSIDE)
    if result.miss > ALMOST and _passes(model, result, (times[1] - times[0]) / SHORT):
        return Outcome(UNSETTLED, result.state, extremes=result.extremes)
    return result


def _passes(model: VectorField, cycle: Outcome, dt: float) -> bool:
    """Whether a motion that almost repeats is on its way past an unstable cycle, as chaos is now
    and then: departures from it grow in a turn, or that along it is not back."""
    if model.compiled.n < 3 or model.lines:
        return False
    trivial, *others = run_multipliers(model, cycle.state, cycle.period, dt)
    return bool(np.abs(trivial - 1) > CLOSED or np.max(np.abs(others)) > GROWING)


def _outside(model: VectorField, state: np.ndarray) -> bool:
    compiled = model.compiled
    full = model.fill_lines(state)
    return not compiled.domain(full, model.parameter_array(), compiled.tables) >= 0


def _irregular(
    model: VectorField, unsettled: Outcome, record: _Record, lane: int, duration: float, last: bool
) -> Outcome:
    """Chaos, by the largest exponent over a time; at last also a torus or weak chaos, by the return
    map where the exponent is near zero. Unsettled where nearby motions approach, or the motion is
    still on its way: a cycle's exponent is zero, too."""
    if model.compiled.n < 3:  # in a plane there is neither (Poincare and Bendixson)
        return unsettled
    section = section_of(model, record.times, record.states(lane))
    if section is not None and is_on_its_way(section):
        return unsettled
    steady = section is not None and is_stationary(section)
    if not (steady or last):
        return unsettled
    exponent = largest_exponent(model, unsettled.state, duration)
    if exponent.positive:  # spikes that the steps hardly resolve may seem to part
        exponent = largest_exponent(model, unsettled.state, duration, finer=SURE)
    for _ in range(LONGER if last and steady else 0):
        if exponent.positive or exponent.value < -exponent.doubt:
            break
        exponent = largest_exponent(model, unsettled.state, 4 * exponent.duration)
    if exponent.positive:
        return replace(unsettled, kind=CHAOS, exponent=exponent.value)
    if last and steady and abs(exponent.value) <= exponent.doubt:
        assert section is not None
        kind = TORUS if keeps_order(section) else CHAOS
        return replace(unsettled, kind=kind, exponent=exponent.value, weak=True)
    return unsettled


def fill_alike(a: Outcome, b: Outcome) -> bool:
    """Whether two motions at the same parameters have the same ranges: of one attractor."""
    if a.extremes is None or b.extremes is None:
        return False
    n = a.extremes.shape[1]
    first, second = (
        e.reshape(2, n, n).diagonal(axis1=1, axis2=2) for e in (a.extremes, b.extremes)
    )
    return bool(np.all(np.abs(first - second) < ALIKE * (first[1] - first[0])))
