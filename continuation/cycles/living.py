"""Cycles for the living page of a one-parameter diagram: orbits and multipliers at a click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from continuation.cycles.cycle import Cycle, observe_states
from continuation.explorer.content import PageAxis, base_content, packed, rounded, rounded_list
from continuation.steady_states.living import largest
from dynsys.drawing import CYCLE_COLOR
from dynsys.errors import ModelError

if TYPE_CHECKING:
    from continuation.cycles.branch import CycleBranch

PHASES = 96  # of a period at which an orbit is drawn


def cycles_content(branch: CycleBranch) -> dict[str, Any]:
    """What the page of a branch of cycles shows."""
    model, name = branch.model, branch.parameter
    if name not in branch.data:
        raise ModelError(
            f"the {branch.kind} lie at one value of every parameter: there is no axis for a page"
        )
    values = branch.data[name].values
    axis = PageAxis(name, *_around(values), model.unit(name))
    content = base_content(
        model, "line", f"Limit cycles of {model.name}", (axis,), periods=periods(branch)
    )
    return content | {
        "x": axis._asdict(),
        "branches": [],
        "families": [family(branch)],
        "phases": PHASES,
        "points": [told_cycle(cycle) for cycle in branch.special_points],
    }


def periods(branch: CycleBranch) -> list[float]:
    """Periods of the stable cycles of a branch, of all where none is stable."""
    stable = branch.data["stable"].values
    return branch.data["period"].values[stable if stable.any() else slice(None)].tolist()


def family(branch: CycleBranch) -> dict[str, Any]:
    """A branch of cycles with every orbit over one period."""
    model, data = branch.model, branch.data
    real, imaginary = data["multiplier_real"].values, data["multiplier_imag"].values
    phases = np.linspace(0, 1, PHASES, endpoint=False)
    states = [branch.solver.states(orbit, phases) for orbit in branch.orbits]
    observed = [
        observe_states(branch.solver.at(orbit), along).T
        for orbit, along in zip(branch.orbits, states, strict=True)
    ]
    return {
        "p": rounded_list(data[branch.parameter].values, 8),
        "stable": data["stable"].values.tolist(),
        "period": rounded_list(data["period"].values),
        "frequency": rounded_list(data["frequency"].values),
        "least": {k: rounded_list(data[f"min_{k}"].values) for k in model.observables},
        "most": {k: rounded_list(data[f"max_{k}"].values) for k in model.observables},
        "states": packed(np.array([along[0, : len(model.states)] for along in states])),
        "profiles": packed(np.array(observed), "f4"),
        "multipliers": [
            largest(a, b, np.hypot(a, b)) for a, b in zip(real, imaginary, strict=True)
        ],
    }


def told_cycle(cycle: Cycle) -> dict[str, Any]:
    """A special cycle: its largest value of every observable, and what it is."""
    name = cycle.solver.parameter
    words = [str(cycle).removeprefix(cycle.name).strip()]
    words += [f"{k} = {v:.5g}" for k, v in cycle.coefficients.items()]
    return {
        "name": cycle.name,
        "x": float(cycle.orbit.value),
        "values": {k: rounded(cycle.extrema(k)[1]) for k in cycle.model.observables},
        "parameters": {name: float(cycle.orbit.value)},
        "color": CYCLE_COLOR,
        "words": "; ".join(words),
    }


def _around(values: np.ndarray) -> tuple[float, float]:
    """The span of a branch with some room."""
    room = 0.03 * float(np.ptp(values)) or 1e-3 * max(1.0, abs(float(values[0])))
    return float(values.min()) - room, float(values.max()) + room
