"""The attractors of a model at its parameters, and which of them a run ends on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from continuation import find_equilibria
from dynsys.errors import ModelError, unknown_name
from dynsys.vector_field import VectorField

CYCLE = "cycle"


@dataclass(frozen=True)
class Equilibrium:
    """An equilibrium: physical state (n,), its name, whether it is stable."""

    state: np.ndarray
    name: str
    stable: bool
    unstable_directions: int


def equilibria_at(model: VectorField) -> list[Equilibrium]:
    """All equilibria of a model at its parameters, in the order of its naming observable.

    Names come from the model's field ("down", "up") or are "equilibrium1", "equilibrium2", ...
    """
    found = []
    for x in find_equilibria(model):
        eigenvalues = np.linalg.eigvals(model.jacobian(x))
        unstable = int((eigenvalues.real > 0).sum())
        found.append((naming_value(model, x), np.asarray(x), unstable))
    found.sort(key=lambda item: item[0])
    named = model.attractors
    return [
        Equilibrium(
            x[: model.physical_dimension],
            named.name(value) if named else f"equilibrium{k}",
            unstable == 0,
            unstable,
        )
        for k, (value, x, unstable) in enumerate(found, 1)
    ]


def naming_observable(model: VectorField) -> str:
    """The observable by which states are told apart."""
    return model.attractors.observable if model.attractors else model.observable_names[0]


def naming_value(model: VectorField, x: np.ndarray) -> float:
    """Its value at a state."""
    return model.observe(x)[naming_observable(model)]


def chosen(equilibria: list[Equilibrium], name: str, model: VectorField) -> Equilibrium:
    """The stable equilibrium of this name; the error lists what there is."""
    stable = [e for e in equilibria if e.stable]
    for equilibrium in stable:
        if equilibrium.name == name:
            return equilibrium
    raise unknown_name(
        "stable state", name, dict.fromkeys(e.name for e in stable), f"{model.name} at {_at(model)}"
    )


def _at(model: VectorField) -> str:
    return ", ".join(f"{k} = {v:g}" for k, v in list(model.parameters.items())[:2])


def resting_or_cycle(model: VectorField, from_state: str | None) -> Equilibrium | None:
    """Where a stimulus finds the model: the named equilibrium, or None for a rhythm.

    Without a name: the only stable equilibrium, or the rhythm where there is none.

    Raises ModelError where several states are stable and none is named.
    """
    if from_state == CYCLE:
        return None
    equilibria = equilibria_at(model)
    if from_state is not None:
        return chosen(equilibria, from_state, model)
    stable = [e for e in equilibria if e.stable]
    if len(stable) > 1:
        raise ModelError(
            f"{model.name} at {_at(model)} has the stable states "
            f"{', '.join(e.name for e in stable)}; say from_state=..."
        )
    return stable[0] if stable else None
