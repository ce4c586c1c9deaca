"""The attractors of a model at its parameters, and where a stimulus finds it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from continuation import find_equilibria
from continuation.diagrams.names import (
    CYCLE,
    equilibrium_names,
    is_cycle,
    means_any_cycle,
    naming_observable,
)
from dynsys.errors import ModelError, unknown_name
from dynsys.simulation import simulate_ensemble
from dynsys.simulation.methods import default_step
from dynsys.vector_field import VectorField
from stimulation.transitions.rhythms import RhythmNames

_UNSTABLE = "unstable equilibrium"
_SHARES = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.015)  # of the reach: inputs that lead to rhythms


@dataclass(frozen=True)
class Equilibrium:
    """An equilibrium: physical state (n,), its name, whether it is stable."""

    state: np.ndarray
    name: str
    stable: bool
    unstable_directions: int


@dataclass(frozen=True)
class Start:
    """Where a stimulus finds a model.

    ``name``; the ``equilibrium`` of this name, or None for a rhythm; ``initial`` for simulations
    and how long they ``settle`` before the stimulus.
    """

    name: str
    equilibrium: Equilibrium | None
    initial: Any
    settle: float = 0.0


def equilibria_at(model: VectorField) -> list[Equilibrium]:
    """All equilibria of a model at its parameters, in the order of its naming observable.

    Stable ones have the names of the model's diagrams: "down", "up", or "low", "high", ...
    """
    found = []
    for x in find_equilibria(model):
        eigenvalues = np.linalg.eigvals(model.jacobian(x))
        unstable = int((eigenvalues.real > 0).sum())
        found.append((naming_value(model, x), np.asarray(x), unstable))
    found.sort(key=lambda item: item[0])
    names = iter(equilibrium_names(model, [value for value, _, unstable in found if not unstable]))
    return [
        Equilibrium(
            x[: model.physical_dimension],
            _UNSTABLE if unstable else next(names),
            unstable == 0,
            unstable,
        )
        for _, x, unstable in found
    ]


def naming_value(model: VectorField, x: np.ndarray) -> float:
    """The naming observable's value at a state."""
    return model.observe(x)[naming_observable(model)]


def chosen(equilibria: list[Equilibrium], name: str, model: VectorField) -> Equilibrium:
    """The stable equilibrium of this name; the error lists what there is."""
    stable = [e for e in equilibria if e.stable]
    for equilibrium in stable:
        if equilibrium.name == name:
            return equilibrium
    raise _no_state(model, name, (e.name for e in stable))


def _no_state(model: VectorField, name: str, others: Iterable[str]) -> Exception:
    owner = f"{model.name} at {_at(model)}"
    return unknown_name("stable state", name, dict.fromkeys(others), owner)


def _at(model: VectorField) -> str:
    return ", ".join(f"{k} = {v:g}" for k, v in list(model.parameters.items())[:2])


def start_of(
    model: VectorField, from_state: str | None, input: str, reach: float, options: dict[str, Any]
) -> Start:
    """Where a stimulus finds the model: the named state, or the only one.

    Without a name: the only stable equilibrium, or the rhythm where there is none. A rhythm that
    coexists with equilibria is found by ``rhythms_at``.

    Raises ModelError where several states are stable and none is named, UnknownNameError where the
    named one is not.
    """
    equilibria = equilibria_at(model)
    stable = [e for e in equilibria if e.stable]
    if from_state is None and len(stable) > 1:
        raise ModelError(
            f"{model.name} at {_at(model)} has the stable states "
            f"{', '.join(e.name for e in stable)}; say from_state=..."
        )
    if from_state is None and stable:
        return Start(stable[0].name, stable[0], stable[0].state)
    if from_state is not None and not is_cycle(model, from_state):
        equilibrium = chosen(equilibria, from_state, model)
        return Start(equilibrium.name, equilibrium, equilibrium.state)
    if not stable and (from_state is None or means_any_cycle(model, from_state)):
        dt = options.get("dt") or default_step(model)
        return Start(from_state or CYCLE, None, None, dt * round(_long(model, 2) / dt))
    found = rhythms_at(model, input, reach, options)
    wanted = from_state or CYCLE
    fitting = {k: v for k, v in found.items() if k == wanted or means_any_cycle(model, wanted)}
    if len(fitting) > 1:
        raise ModelError(
            f"{model.name} at {_at(model)} has the rhythms {', '.join(fitting)}; say from_state=..."
        )
    if not fitting:
        raise _no_state(model, wanted, [*(e.name for e in stable), *found])
    ((name, settled),) = fitting.items()
    return Start(name, None, settled)


def rhythms_at(
    model: VectorField, input: str, reach: float, options: dict[str, Any]
) -> dict[str, xr.Dataset]:
    """The rhythms of a model that rhythms and states at other inputs lead to, by name.

    1. Settle at the model's own value of ``input`` and at shares of ``reach`` below and above it.
    2. Set the input to its own value and let each of these runs settle again.
    3. Name those that do not rest, by their cycles.

    Returns name -> a run that has settled on it, to start from. A rhythm that persists nowhere
    beside the model's own input is not found.
    """
    dt = options.get("dt") or default_step(model)
    sample = dt * max(1, round(model.frequency_factor / 1000 / dt))
    duration = sample * math.ceil(_long(model, 4) / sample)
    value, observable = model.parameters[input], naming_observable(model)
    shifts = np.array([0.0, *(s * reach for s in _SHARES), *(-s * reach for s in _SHARES)])

    def settled(values: Sequence[float], initial: Any) -> xr.Dataset:
        return simulate_ensemble(
            model, duration, points={input: values}, initial=initial, record=observable,
            sample=sample, **options,
        )  # fmt: skip

    with warnings.catch_warnings():  # inputs that far off may lead out of the model's tables
        warnings.simplefilter("ignore")
        before = settled([float(value + s) for s in shifts], None)
    finite = np.isfinite(before["final_state"].values).all(axis=1)
    before = before.isel(point=np.flatnonzero(finite))
    run = settled([value] * int(finite.sum()), before)
    names = RhythmNames()
    found: dict[str, xr.Dataset] = {}
    for k, values in enumerate(run[observable].values):
        if np.all(np.isfinite(values)) and not rests(values):
            name = names.name(model, run, k, values, sample)
            found.setdefault(name, run.isel(point=[k]))
    return found


def rests(values: np.ndarray) -> bool:
    """Whether a recording comes to rest: its swing vanishes, or still shrinks at the end."""
    swing = float(np.ptp(values))
    fifth = len(values) // 5
    before, last = float(np.ptp(values[-2 * fifth : -fifth])), float(np.ptp(values[-fifth:]))
    return last <= 1e-3 * swing + 1e-9 * abs(float(values[-1])) or last < 0.95 * before


def _long(model: VectorField, seconds: float) -> float:
    return seconds * model.frequency_factor
