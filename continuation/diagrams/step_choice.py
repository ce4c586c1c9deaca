"""How long the steps of runs may be: from rates at their starts, then from what they came to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from continuation.diagrams.limits import limits
from continuation.diagrams.names import EQUILIBRIUM, RUNS_AWAY
from continuation.diagrams.outcomes import UNSTABLE, Outcome
from continuation.diagrams.own_rates import own_rates, turning_at
from continuation.diagrams.pasts import Past, lags_of
from dynsys.simulation.motion import motion
from dynsys.vector_field import VectorField

STILL = 1e-3  # of the usual rate: slower ones are none
REACH = 0.5  # step in units of the fastest time scale: a local error below 3e-4
COARSE = 1.0  # the same in a spiral into an equilibrium, above which its run is repeated
ALONG = 0.7  # the same anywhere on a motion: logarithms of what decays are off by 0.3 %
PLACES = 32  # of a recorded turn, at even ways along it, at which rates are looked at
HELD = 1e-6  # scaled way of a step that a run at rest may seem to miss by rounding
FINE = 0.1  # the same, below which spikes are resolved
FEWEST = 16  # records of a turn, below which it cannot be told whether the motion repeats
FINER = 2  # shorter steps for runs that ended in infinity
FINEST = 50  # the largest change of the step at once


def usual_step(model: VectorField, models: Sequence[VectorField], starts: np.ndarray) -> float:
    """A step for all runs: a part of the fastest time scale and of the shortest delay.

    That of the slower starts: rates at the far corners of the states' ranges say little, and runs
    that the step is too coarse for are found out afterwards. Starts at which nothing has a rate,
    as where a fold is, say nothing.
    """
    rates = np.array([_fastest(m, x[None]) for m, x in zip(models, starts, strict=True)])
    rates = rates[np.isfinite(rates)]
    rates = rates[rates >= STILL * np.median(rates)] if len(rates) else rates
    steps = [REACH / max(float(np.quantile(rates, 0.1)) if len(rates) else 1.0, 1e-12)]
    compiled = motion(model, False, {})  # found again for the same model only
    if compiled.delayed:
        steps += [float(lags_of(compiled, m).min()) / 2 for m in models]
    return float(f"{min(steps):.2g}")


def step_on(model: VectorField, past: Past | None, usual: float) -> float:
    """The usual step or, for a run that begins on a motion, one short enough for its jumps: what
    attracts from nearby alone is lost by the first step that is too long."""
    if past is None:
        return usual
    fastest = _fastest(model, past.turn[limits(past.turn).rows])
    if not np.isfinite(fastest) or usual * fastest < COARSE:
        return usual
    return float(usual / 2 ** np.ceil(np.log2(min(usual * fastest / REACH, FINEST))))


def _fastest(model: VectorField, states: np.ndarray) -> float:
    """The fastest rate at states (k, n_physical); infinite where the model has no derivative."""
    rates = own_rates(model, states)
    return float(np.max(np.abs(rates), initial=0.0)) if np.all(np.isfinite(rates)) else np.inf


def _moves(model: VectorField, state: np.ndarray, dt: float) -> bool:
    """Whether the field is not at rest at a state where a run is."""
    rates = model.rhs(model.fill_lines(state))[: len(state)] / model.scales[: len(state)]
    return bool(np.max(np.abs(rates)) * dt > HELD)


def _is_below(model: VectorField, state: np.ndarray) -> bool:
    """Whether a state is below its lowest value: no start is, and a step that is too long leaps."""
    lowest = [-np.inf if s.lowest is None else s.lowest for s in model.states.values()]
    return bool(np.any(state[: len(lowest)] < np.array(lowest) - HELD * model.sizes))


def _places(outcome: Outcome) -> np.ndarray:
    """States (k, n) of a motion: its extremes, and what lies between where a turn is known: where
    one of them is least, another may decay faster a little later."""
    assert outcome.extremes is not None
    turn = outcome.states
    if turn is None:
        return outcome.extremes
    width = np.maximum(np.ptp(turn, axis=0), 1e-300)
    ways = np.cumsum(np.linalg.norm(np.diff(turn, axis=0) / width, axis=1))
    rows = np.searchsorted(ways, ways[-1] * np.arange(PLACES) / PLACES)
    return np.concatenate([outcome.extremes, turn[rows]])


def needed_step(model: VectorField, outcome: Outcome, dt: float) -> float:
    """A step short enough for a run: below ``dt`` where it ended in infinity, which too long a step
    brings about as well, turns or decays too fast for ``dt`` on its way, is blurred, or turns in so
    few records that nobody can tell whether it repeats. Too long a step also brings to rest what
    turns: the spiral into the equilibrium where a run has ended is to be resolved, too; and what is
    no equilibrium: rk4 with such a step has fixed points of its own. And it leads below the lowest
    values of states.
    """
    if outcome.resolved:
        return dt
    if _is_below(model, outcome.state):
        return dt / FINER
    if outcome.kind == RUNS_AWAY or (outcome.kind == UNSTABLE and _moves(model, outcome.state, dt)):
        return dt / FINER
    if outcome.kind in (EQUILIBRIUM, UNSTABLE):
        known = np.isfinite(outcome.turning)
        turning = outcome.turning if known else turning_at(model, outcome.state)
        most, fitting = (FINE, FINE) if outcome.kind == UNSTABLE else (COARSE, REACH)
        return fitting / turning if dt * turning > 1.01 * most else dt
    if outcome.extremes is None:
        return dt
    fastest = _fastest(model, _places(outcome))
    if not np.isfinite(fastest):
        return dt / FINER
    if dt * fastest >= ALONG:
        return REACH / fastest
    if outcome.blurred and dt * fastest >= FINE:
        return dt / 4
    return dt * outcome.records / (2 * FEWEST) if outcome.records < FEWEST else dt
