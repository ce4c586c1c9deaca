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


def settled(
    model: VectorField, unsettled: Outcome, duration: float, widths: float = FAR
) -> Outcome:
    """What a motion without delays comes to in ``duration``, or that doubled again and again.

    ``unsettled`` again where it takes too many steps. It runs away where it leaves so many
    ``widths`` of the states' box behind.

    Example
    -------
    >>> settled(model, Outcome("unsettled", model.initial_state()), 500.0).period
    """
    state = unsettled.state
    for _ in range(_STAGES):
        times: np.ndarray = np.linspace(0.0, duration, _RECORDS)
        states, last = _run(model, state, times, widths)
        if has_run_away(model, last, widths):
            return Outcome(RUNS_AWAY, last, resolved=True)
        found = None if states is None else _at_even_ways(model, state, times, states)
        if found is None:
            break
        outcome = classified(model, *found)
        sure = outcome.miss < _SURE and outcome.drift < STILLER
        if outcome.kind != UNSETTLED and sure:
            return replace(outcome, resolved=True)
        state, duration = outcome.state, 2 * duration
    return unsettled


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
        again, _ = _run(model, state, times)
        if again is None:
            return None
        states = again
    return times, states


def _spread(times: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """As many times, half of them at even ways along the motion, half as they were."""
    share = np.concatenate([[0.0], np.cumsum(ways)]) / ways.sum()
    even = np.linspace(0.0, 1.0, len(times))
    return np.interp(even, 0.5 * (share + even), times)


def _run(
    model: VectorField, state: np.ndarray, times: np.ndarray, widths: float = np.inf
) -> tuple[np.ndarray | None, np.ndarray]:
    """States (k, n) at times, None where the run stopped before, and the last state (n,)."""
    names = list(model.states)
    columns = len(model.observables) + np.arange(len(names))
    low, high = model.state_box()
    bound = float(np.max(np.maximum(-low, high) + widths * (high - low)))
    run = run_adaptively(
        model, times, 0.0, float(times[-1]), {}, state, names, columns, _TOLERANCE, bound,
        warn=False,  # what stops is said by what is returned
    )  # fmt: skip
    states = np.stack([run[name].values for name in names], axis=-1)
    whole = run["status"].item() == "complete" and np.all(np.isfinite(states))
    return (states if whole else None), run["final_state"].values
