"""Where simulations from given starts end: brute force, which knows nothing of any branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from continuation.diagrams.exponents import largest_exponent
from continuation.diagrams.names import CHAOS, OUTSIDE, RUNS_AWAY, TORUS
from continuation.diagrams.outcomes import UNSETTLED, Outcome, classified
from dynsys.journal import Form, key, piece
from dynsys.simulation.ensembles import simulate_ensemble
from dynsys.simulation.motion import motion
from dynsys.vector_field import VectorField

STRIDE = 2  # steps between records
FIRST = 1024  # records of the first stage; every further one is twice as long
STAGES = 6
FAR = 1e3  # widths of the states' box beyond which a motion has run away
REACH = 0.5  # step in units of the fastest time scale: a local error below 3e-4
COARSE = 1.0  # the same at the extremes of a motion, above which its run is repeated
FINER = 3  # shorter steps for runs that ended in infinity
FINEST = 50  # the largest change of the step at once
REFINEMENTS = 6


@dataclass(frozen=True)
class Effort:
    """How hard to try: ``finer`` divides the step, ``stages`` are the doublings of the time."""

    finer: float = 1.0
    stages: int = STAGES


def destinations(
    model: VectorField,
    values: Sequence[Mapping[str, float]],
    starts: np.ndarray,
    effort: Effort = Effort(),
) -> list[Outcome]:
    """What runs come to, each at its own parameters ``values`` and from its start (k, n).

    All runs are integrated together (rk4, exact delays), those that have not come to rest or to a
    repetition twice as long again, and so on. What never repeats is told apart by its largest
    Lyapunov exponent. The whole is kept as soon as it is known (``dynsys.journal``).

    Example
    -------
    >>> destinations(aln(), [{"mu_e": 1.0}], aln().initial_state()[None, :6])[0].kind
    """
    about = [model.digest, dict(model.parameters), [dict(v) for v in values], asdict(effort)]
    found = piece(
        lambda: key("destinations", *about, starts),
        partial(_destinations, model, values, starts, effort),
        _OUTCOMES,
    )
    return found or []


_OUTCOMES: Form[list[Outcome]] = Form(
    lambda found: [[getattr(outcome, f.name) for f in fields(Outcome)] for outcome in found],
    lambda content: [Outcome(*values) for values in content],
)


def _destinations(
    model: VectorField,
    values: Sequence[Mapping[str, float]],
    starts: np.ndarray,
    effort: Effort,
) -> list[Outcome]:
    assert model.compiled is not None  # made once: models with other parameters share it
    models = [model.with_parameters(**v) for v in values]
    steps = np.full(len(models), _step(model, models, starts) / effort.finer)
    found: list[Outcome] = [Outcome(UNSETTLED, x) for x in starts]
    coarse = list(range(len(models)))
    for round_ in range(REFINEMENTS + 1):
        stages = effort.stages + (2 if round_ else 0)
        for dt in np.unique(steps[coarse])[::-1].tolist():
            mine = [k for k in coarse if steps[k] == dt]
            again = _followed(
                model, [models[k] for k in mine], [values[k] for k in mine], starts[mine], dt,
                stages, patient=round_ == REFINEMENTS,
            )  # fmt: skip
            for k, outcome in zip(mine, again, strict=True):
                found[k] = outcome
        needed = [_needed_step(models[k], found[k], steps[k]) for k in coarse]
        finer = [(k, step) for k, step in zip(coarse, needed, strict=True) if step < steps[k]]
        for k, step in finer:
            halvings = np.ceil(np.log2(steps[k] / max(step, steps[k] / FINEST)))
            steps[k] /= 2**halvings  # few different steps: runs of one step go together
        coarse = [k for k, _ in finer]
        if not coarse:
            break
    return found


def _followed(
    model: VectorField, models: Sequence[VectorField], values: Sequence[Mapping[str, float]],
    starts: np.ndarray, dt: float, stages: int, patient: bool = False,
) -> list[Outcome]:  # fmt: skip
    """What runs come to with one step, in stages of doubled time; unless ``patient``, those for
    which the step is too long are left unsettled."""
    found = [Outcome(UNSETTLED, x) for x in starts]
    active = list(range(len(models)))
    initial: Any = starts
    for stage in range(stages):
        length = FIRST * 2**stage
        run = _run(model, [values[k] for k in active], initial, dt, length, stage == 0)
        for lane, k in enumerate(active):
            found[k] = _outcome(models[k], run["time"].values, run, lane)
        kept = [
            lane for lane, k in enumerate(active)
            if found[k].kind == UNSETTLED
            and (patient or _needed_step(models[k], found[k], dt) >= dt)
        ]  # fmt: skip
        if not kept:
            return found
        active, initial = [active[lane] for lane in kept], run.isel(point=kept)
    duration = dt * STRIDE * FIRST * 2 ** (stages - 1)
    for k in active:
        found[k] = _irregular(models[k], found[k], duration)
    return found


def _run(
    model: VectorField, values: Sequence[Mapping[str, float]], initial: Any, dt: float,
    length: int, settles: bool,
) -> xr.Dataset:  # fmt: skip
    points = {name: [v[name] for v in values] for name in values[0]}
    span = length * STRIDE * dt
    return simulate_ensemble(
        model, span, points=points, initial=initial, record="states", dt=dt, sample=STRIDE * dt,
        settle=span if settles else 0.0, warn=False,  # their kind tells what became of runs
    )  # fmt: skip


def _outcome(model: VectorField, times: np.ndarray, run: xr.Dataset, lane: int) -> Outcome:
    states = np.column_stack([run[name].values[lane] for name in model.states])
    low, high = model.state_box()
    last = run["final_state"].values[lane]
    finite = np.all(np.isfinite(states)) and np.all(np.isfinite(last))
    if not finite or np.max(np.abs(last - (low + high) / 2) / (high - low)) > FAR:
        return Outcome(RUNS_AWAY, last)
    result = classified(model, times, states)
    if model.tables and _outside(model, result.state):
        return replace(result, kind=OUTSIDE)
    return result


def _outside(model: VectorField, state: np.ndarray) -> bool:
    compiled = model.compiled
    full = model.fill_lines(state)
    return not compiled.domain(full, model.parameter_array(), compiled.tables) >= 0


def _irregular(model: VectorField, unsettled: Outcome, duration: float) -> Outcome:
    """Chaos or a torus, by the largest exponent; unsettled where nearby motions approach."""
    exponent = largest_exponent(model, unsettled.state, duration)
    if exponent.positive:
        return replace(unsettled, kind=CHAOS, exponent=exponent.value)
    if abs(exponent.value) <= exponent.doubt:
        return replace(unsettled, kind=TORUS, exponent=exponent.value)
    return unsettled


def _step(model: VectorField, models: Sequence[VectorField], starts: np.ndarray) -> float:
    """A step for all runs: a part of the fastest time scale and of the shortest delay.

    That of the slower starts: rates at the far corners of the states' ranges say little, and runs
    that the step is too coarse for are found out afterwards.
    """
    rates = np.array([_rate(m, x) for m, x in zip(models, starts, strict=True)])
    rates = rates[np.isfinite(rates)]
    steps = [REACH / max(float(np.quantile(rates, 0.1)) if len(rates) else 1.0, 1e-12)]
    compiled = motion(model, False, {})  # found again for the same model only
    if compiled.delayed:
        x, lags = np.zeros(compiled.n + compiled.delayed), np.empty(compiled.delayed)
        for m in models:
            compiled.delays(x, m.parameter_array(), compiled.tables, lags)
            steps.append(float(lags.min()) / 2)
    return float(f"{min(steps):.2g}")


def _rate(model: VectorField, state: np.ndarray) -> float:
    """The fastest rate of the linearized model without its delayed signals; infinite where the
    model has no finite derivative."""
    block = model.jacobian(state)[: len(state), : len(state)]
    if not np.all(np.isfinite(block)):
        return np.inf
    return float(np.max(np.abs(np.linalg.eigvals(block)), initial=0.0))


def _needed_step(model: VectorField, outcome: Outcome, dt: float) -> float:
    """A step short enough for a run: below ``dt`` where it ended in infinity, which too long a step
    brings about as well, or turns too fast for ``dt`` at the extremes of its motion."""
    if outcome.kind == RUNS_AWAY:
        return dt / FINER
    if outcome.extremes is None:
        return dt
    fastest = max(_rate(model, x) for x in outcome.extremes)
    if not np.isfinite(fastest):
        return dt / FINER
    return dt if dt * fastest < COARSE else REACH / fastest
