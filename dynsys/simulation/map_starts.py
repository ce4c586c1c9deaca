"""Where the cells of a map start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.simulation.ensembles import simulate_ensemble
from dynsys.simulation.states import initial_states
from dynsys.vector_field import VectorField

Start = str | Mapping[str, float] | Sequence[float] | np.ndarray
LOW, HIGH = "low", "high"
KICKED = 0.2  # of the time a network settles: how long it is kicked


def start_states(
    model: VectorField, starts: Any, corners: Mapping[str, Any], observable: str,
    duration: float, options: Mapping[str, Any],
) -> dict[str, np.ndarray]:  # fmt: skip
    """Starts by name, states (n,): "low" and "high" are where runs end at the
    corners of the plane with the lowest and the highest mean."""
    given = _named(starts)
    ends: dict[str, np.ndarray] = {}
    if any(isinstance(start, str) for start in given.values()):
        run = simulate_ensemble(
            model, duration, points=corners, record=observable, warn=False, **options
        )
        mean = run[observable].mean("time").values
        if not np.any(np.isfinite(mean)):
            raise ModelError(
                f"{model.name} runs away at all corners of the plane, so there is no low and no "
                "high start; give states, or a smaller dt"
            )
        states = run["final_state"].values
        ends = {LOW: states[np.nanargmin(mean)], HIGH: states[np.nanargmax(mean)]}
    return {
        name: ends[checks.known("start", start, [LOW, HIGH], "regime_map")]
        if isinstance(start, str)
        else initial_states(model, start, 1)[0]
        for name, start in given.items()
    }


def start_inputs(starts: Any, x: tuple, settle: float) -> dict[str, float]:
    """Starts of a network by name, and the kicks of its input that lead to them."""
    given = _named(starts)
    if settle <= 0:
        raise ModelError("a network is kicked to its starts while it settles; give settle > 0")
    kick = (x[2] - x[1]) / 2
    sizes = {}
    for name, start in given.items():
        if not isinstance(start, str):
            raise ModelError("a network starts from 'low' or 'high'; its states cannot be set")
        known = checks.known("start", start, [LOW, HIGH], "regime_map")
        sizes[name] = -kick if known == LOW else kick
    return sizes


def _named(starts: Any) -> dict[str, Any]:
    if isinstance(starts, Mapping):
        named = {str(k): v for k, v in starts.items()}
        count = len(starts)
    else:
        given = [starts] if isinstance(starts, str) else list(starts)
        named = {s if isinstance(s, str) else f"start {k + 1}": s for k, s in enumerate(given)}
        count = len(given)
    if not named or len(named) < count:
        raise ModelError(f"starts are {starts!r}; give at least one, each once")
    return named
