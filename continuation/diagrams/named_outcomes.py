"""The attractors that runs have come to, named as those of a diagram are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from continuation.cycles.cycle import observe_states
from continuation.diagrams.bursts import burst_words
from continuation.diagrams.names import (
    CHAOS,
    CYCLE,
    EQUILIBRIUM,
    OUTSIDE,
    RUNS_AWAY,
    equilibrium_names,
    naming_observable,
    rhythm_name,
)
from continuation.diagrams.outcomes import UNSETTLED, UNSTABLE, Outcome, same_outcome
from continuation.diagrams.simulating import IRREGULAR, fill_alike
from dynsys.vector_field import VectorField

INEXACT = 1e-3  # of a motion's range: returns that miss by more may be those of chaos
AWAY = (RUNS_AWAY, OUTSIDE)  # told only where no run comes to anything else


def described_outcomes(
    model: VectorField, outcomes: Sequence[Outcome], starts: np.ndarray
) -> list[dict[str, Any]]:
    """The distinct attractors among outcomes: equilibria, then cycles, then what never repeats.

    Each has ``name``, ``kind``, ``state`` and ``start``; a cycle ``period``, ``frequency`` (Hz; per
    time unit for a dimensionless model), ``extrema`` of the observables and a ``turn`` (k,
    n_physical) at even times, chaos its ``exponent`` per time unit; ``detail`` are words on it
    ("bursting, 3 spikes"). That runs run away is told only where none comes to anything else.
    """
    scale = model.scales[: starts.shape[1]]
    distinct: list[tuple[Outcome, np.ndarray]] = []
    for outcome, start in zip(outcomes, starts, strict=True):
        known = any(same_outcome(outcome, other, scale) for other, _ in distinct)
        if outcome.kind != UNSTABLE and not known:
            distinct.append((outcome, start))
    stays = [pair for pair in distinct if pair[0].kind not in AWAY]
    stays = [pair for pair in stays if not _is_part(pair[0], stays)]
    first = model.observable_names[0]
    rest = sorted(
        (p for p in stays if p[0].kind == EQUILIBRIUM),
        key=lambda pair: model.observe(pair[0].state)[first],
    )
    cycles = sorted((p for p in stays if p[0].kind == CYCLE), key=lambda pair: pair[0].period)
    others = [p for p in stays if p[0].kind not in (EQUILIBRIUM, CYCLE)]
    if all(outcome.kind == UNSETTLED for outcome, _ in stays):
        others += [p for p in distinct if p[0].kind in AWAY][:1]
    naming = naming_observable(model)
    levels = [model.observe(outcome.state)[naming] for outcome, _ in rest]
    items = [
        {"name": name, "observables": model.observe(outcome.state), **_plain(outcome, start)}
        for name, (outcome, start) in zip(equilibrium_names(model, levels), rest, strict=True)
    ]
    items += [{**_cycle(model, found, scale), **_plain(found, start)} for found, start in cycles]
    return items + [{**_other(model, found), **_plain(found, start)} for found, start in others]


def _is_part(outcome: Outcome, stays: Sequence[tuple[Outcome, np.ndarray]]) -> bool:
    """Whether a motion that almost repeats is one that does not, seen by another run: of the same
    ranges."""
    if outcome.kind != CYCLE or outcome.miss < INEXACT:
        return False
    return any(other.kind in IRREGULAR and fill_alike(other, outcome) for other, _ in stays)


def _plain(outcome: Outcome, start: np.ndarray) -> dict[str, Any]:
    away = outcome.kind == RUNS_AWAY  # its last state may be infinite
    state = start if away else outcome.state
    return {"kind": outcome.kind, "state": state, "start": start}


def _cycle(model: VectorField, outcome: Outcome, scale: np.ndarray) -> dict[str, Any]:
    assert outcome.states is not None
    states = model.fill_lines(outcome.states)
    known = [outcome.states] if outcome.extremes is None else [outcome.states, outcome.extremes]
    observed = observe_states(model, model.fill_lines(np.concatenate(known)))
    return {
        "name": rhythm_name(model, outcome.period, states), "period": outcome.period,
        "frequency": model.frequency_factor / outcome.period,
        "extrema": {k: (float(v.min()), float(v.max()))
                    for k, v in zip(model.observable_names, observed.T, strict=True)},
        "detail": burst_words(outcome.states, scale), "turn": outcome.states,
    }  # fmt: skip


def _other(model: VectorField, outcome: Outcome) -> dict[str, Any]:
    if outcome.kind != CHAOS:
        return {"name": outcome.kind, "detail": ""}
    unit = f" per {model.time_unit}" if model.time_unit else ""
    words = f"largest exponent {outcome.exponent:.2g}{unit}"
    return {"name": CHAOS, "exponent": outcome.exponent, "detail": words}
