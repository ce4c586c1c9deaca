"""Runs that steps of one length did not bring to an end, again with steps that fit everywhere.

A relaxation oscillation jumps in a small part of its period. Steps short enough for the jumps of a
run do not reach four periods of it; those of an adaptive method do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from continuation.diagrams.names import RUNS_AWAY
from continuation.diagrams.outcomes import (
    FAR,
    REMOTE,
    STILLER,
    UNSETTLED,
    Outcome,
    classified,
    has_run_away,
)
from dynsys.simulation.adaptive import Tolerance, run_adaptively
from dynsys.vector_field import VectorField

_STAGES = 20  # of doubled time at most; the steps end them before
_RECORDS = 1 << 15
_PASSES = 3  # in which the records gather where the motion is fast
_FINE = 5e-3  # of the range: the way between two records that needs no further pass
_SURE = 1e-4  # of the range: a miss of returns above which it may not be a cycle's
_TOLERANCE = Tolerance(rtol=1e-7, atol=1e-9, most_steps=200_000)
OUTWARDS = 1.5  # by which a motion that leaves has moved on in the second half of its time
_FEW_STEPS = Tolerance(rtol=1e-7, atol=1e-9, most_steps=20_000)


def settled(
    model: VectorField, unsettled: Outcome, duration: float, leaves: bool = False
) -> Outcome:
    """What a motion without delays comes to in ``duration``, or that doubled again and again.

    ``unsettled`` again where it takes too many steps. One that ``leaves`` has run away by other
    steps: here it has fewer, and runs away where they end far outside the states' box.

    Example
    -------
    >>> settled(model, Outcome("unsettled", model.initial_state()), 500.0).period
    """
    state, tolerance = unsettled.state, _FEW_STEPS if leaves else _TOLERANCE
    for _ in range(_STAGES):
        times: np.ndarray = np.linspace(0.0, duration, _RECORDS)
        states, last, whole = _run(model, state, times, tolerance)
        still = leaves and not whole and _is_leaving(model, states)
        if has_run_away(model, last, REMOTE if still else FAR):
            return Outcome(RUNS_AWAY, last, resolved=True)
        found = _at_even_ways(model, state, times, states) if whole else None
        if found is None:
            break
        outcome = classified(model, *found)
        sure = outcome.miss < _SURE and outcome.drift < STILLER
        if outcome.kind != UNSETTLED and sure:
            return replace(outcome, resolved=True)
        state, duration = outcome.state, 2 * duration
    return unsettled


def _is_leaving(model: VectorField, states: np.ndarray) -> bool:
    """Whether a motion recorded at even times until it stopped was still going outwards."""
    low, high = model.state_box()
    told = states[np.all(np.isfinite(states), axis=1)]
    away = np.max(np.abs(told - (low + high) / 2) / (high - low), axis=1)
    return len(away) > 1 and bool(away[-1] > OUTWARDS * away[len(away) // 2])


def _at_even_ways(
    model: VectorField, state: np.ndarray, times: np.ndarray, states: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Times (k,) and states (k, n) of a motion recorded at others, now at even ways; None where it
    does not get as far."""
    for _ in range(_PASSES):
        moves = np.diff(states, axis=0) / np.maximum(np.ptp(states, axis=0), 1e-300)
        ways = np.linalg.norm(moves, axis=1)
        if ways.max() < _FINE:
            break
        times = _spread(times, ways)
        states, _, whole = _run(model, state, times)
        if not whole:
            return None
    return times, states


def _spread(times: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """As many times, half of them at even ways along the motion, half as they were."""
    share = np.concatenate([[0.0], np.cumsum(ways)]) / ways.sum()
    even = np.linspace(0.0, 1.0, len(times))
    return np.interp(even, 0.5 * (share + even), times)


def _run(
    model: VectorField, state: np.ndarray, times: np.ndarray, tolerance: Tolerance = _TOLERANCE
) -> tuple[np.ndarray, np.ndarray, bool]:
    """States (k, n) at times, the last state (n,), and whether the run did not stop before."""
    names = list(model.states)
    columns = len(model.observables) + np.arange(len(names))
    low, high = model.state_box()
    bound = float(np.max(np.maximum(-low, high) + FAR * (high - low)))
    run = run_adaptively(
        model, times, 0.0, float(times[-1]), {}, state, names, columns, tolerance, bound,
        warn=False,  # what stops is said by what is returned
    )  # fmt: skip
    states = np.stack([run[name].values for name in names], axis=-1)
    whole = run["status"].item() == "complete" and bool(np.all(np.isfinite(states)))
    return states, run["final_state"].values, whole
