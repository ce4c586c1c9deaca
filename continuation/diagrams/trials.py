"""Runs at many places of a plane, together: what they come to at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from continuation.diagrams.named_outcomes import described_outcomes
from continuation.diagrams.pasts import Start
from continuation.diagrams.simulating import Effort, destinations
from dynsys.vector_field import VectorField

USUAL = Effort()
AT_ONCE = 150  # places simulated together: runs go side by side, also the few that take long


class Trial(NamedTuple):
    """Runs from ``starts`` at a place: ``values`` of its parameters."""

    values: Mapping[str, float]
    starts: Sequence[Start]


def attractors_of(
    model: VectorField, trials: Sequence[Trial], effort: Effort = USUAL
) -> list[list[dict[str, Any]]]:
    """The distinct attractors that the runs of every trial have come to, with their names.

    Runs go together: side by side they cost a part of what they do one after another.
    """
    pieces = [trials[k : k + AT_ONCE] for k in range(0, len(trials), AT_ONCE)]
    return [found for piece in pieces for found in _of_a_few(model, piece, effort)]


def _of_a_few(
    model: VectorField, trials: Sequence[Trial], effort: Effort
) -> list[list[dict[str, Any]]]:
    lanes = [(trial.values, start) for trial in trials for start in trial.starts]
    if not lanes:
        return [[] for _ in trials]
    states = np.array([start.state for _, start in lanes])
    pasts = [start.past for _, start in lanes]
    outcomes = destinations(model, [values for values, _ in lanes], states, effort, pasts)
    result, first = [], 0
    for values, starts in trials:
        mine = slice(first, first + len(starts))
        at = model.with_parameters(**values)
        result.append(described_outcomes(at, outcomes[mine], states[mine]) if starts else [])
        first += len(starts)
    return result
