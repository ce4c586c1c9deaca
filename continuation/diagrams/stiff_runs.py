"""Runs that steps of one length did not bring to an end, again with steps that fit everywhere.

A relaxation oscillation jumps in a small part of its period. Steps short enough for the jumps of a
run do not reach four periods of it; those of an adaptive method do.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from continuation.diagrams.outcomes import STILLER, UNSETTLED, Outcome, classified
from dynsys.simulation.adaptive import Tolerance, run_adaptively
from dynsys.vector_field import VectorField

_STAGES = 20  # of doubled time at most; the steps end them before
_RECORDS = 1 << 15
_PASSES = 3  # in which the records gather where the motion is fast
_FINE = 5e-3  # of the range: the way between two records that needs no further pass
_SURE = 1e-4  # of the range: a miss of returns above which it may not be a cycle's
_TOLERANCE = Tolerance(rtol=1e-7, atol=1e-9, most_steps=200_000)


def settled(model: VectorField, unsettled: Outcome, duration: float) -> Outcome:
    """What a motion without delays comes to in ``duration``, or that doubled again and again.

    ``unsettled`` again where it takes too many steps.

    Example
    -------
    >>> settled(model, Outcome("unsettled", model.initial_state()), 500.0).period
    """
    state = unsettled.state
    for _ in range(_STAGES):
        found = _recorded(model, state, duration)
        if found is None:
            break
        outcome = classified(model, *found)
        sure = outcome.miss < _SURE and outcome.drift < STILLER
        if outcome.kind != UNSETTLED and sure:
            return replace(outcome, resolved=True)
        state, duration = outcome.state, 2 * duration
    return unsettled


def _recorded(
    model: VectorField, state: np.ndarray, duration: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Times (k,) and states (k, n) of a motion, at even ways; None where it does not get far."""
    times: np.ndarray = np.linspace(0.0, duration, _RECORDS)
    states = _run(model, state, times)
    for _ in range(_PASSES):
        if states is None:
            return None
        moves = np.diff(states, axis=0) / np.maximum(np.ptp(states, axis=0), 1e-300)
        ways = np.linalg.norm(moves, axis=1)
        if ways.max() < _FINE:
            break
        times = _spread(times, ways)
        states = _run(model, state, times)
    return None if states is None else (times, states)


def _spread(times: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """As many times, half of them at even ways along the motion, half as they were."""
    share = np.concatenate([[0.0], np.cumsum(ways)]) / ways.sum()
    even = np.linspace(0.0, 1.0, len(times))
    return np.interp(even, 0.5 * (share + even), times)


def _run(model: VectorField, state: np.ndarray, times: np.ndarray) -> np.ndarray | None:
    names = list(model.states)
    columns = len(model.observables) + np.arange(len(names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what stops is said by what is returned
        run = run_adaptively(
            model, times, 0.0, float(times[-1]), {}, state, names, columns, _TOLERANCE, np.inf
        )
    states = np.stack([run[name].values for name in names], axis=-1)
    return states if run["status"].item() == "complete" and np.all(np.isfinite(states)) else None
