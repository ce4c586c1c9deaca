"""Cycles for the page of a one-parameter diagram: orbits, multipliers and phase responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from continuation.cycles.cycle import Cycle, observe_states, peak_time
from continuation.cycles.orbits import Orbit, Solver
from continuation.cycles.phase_response import adjoint_of, advance_by
from continuation.explorer.content import PageAxis, base_content, packed, rounded, rounded_list
from continuation.steady_states.living import largest
from dynsys.drawing import CYCLE_COLOR
from dynsys.errors import ConvergenceError, ModelError
from dynsys.inputs import impulse_unit
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    from continuation.cycles.branch import CycleBranch

PHASES = 96  # of a period at which an orbit is drawn
INPUTS = 6  # whose phase responses are told, at most
INTERVALS = 64  # of the mesh of a phase response
TRUSTED = 1e-3  # deviation of the adjoint from its invariant


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
    states = [_from_the_peak(branch.solver, orbit) for orbit in branch.orbits]
    inputs = response_inputs(model, branch.parameter)
    observed = [
        observe_states(branch.solver.at(orbit), along).T
        for orbit, along in zip(branch.orbits, states, strict=True)
    ]
    return {
        "p": rounded_list(data[branch.parameter].values, 8),
        "stable": [
            None if doubt else stable
            for stable, doubt in zip(
                data["stable"].values.tolist(), data["undetermined"].values, strict=True
            )
        ],
        "period": rounded_list(data["period"].values),
        "frequency": rounded_list(data["frequency"].values),
        "least": {k: rounded_list(data[f"min_{k}"].values) for k in model.observables},
        "most": {k: rounded_list(data[f"max_{k}"].values) for k in model.observables},
        "states": packed(np.array([along[0, : len(model.states)] for along in states])),
        "profiles": packed(np.array(observed), "f4"),
        "multipliers": [
            largest(a, b, np.hypot(a, b)) for a, b in zip(real, imaginary, strict=True)
        ],
        "inputs": [{"name": name, "unit": impulse_unit(model, name)} for name in inputs],
        "responses": [_response(branch.solver, orbit, inputs) for orbit in branch.orbits],
    }


def response_inputs(model: VectorField, parameter: str) -> list[str]:
    """What phase responses are told to: currents, the parameter of the branch, the first states."""
    currents = [k for k, p in model.declared_parameters.items() if p.capacitance]
    return list(dict.fromkeys([*currents, parameter, *model.states]))[:INPUTS]


def _from_the_peak(solver: Solver, orbit: Orbit) -> np.ndarray:
    """States (PHASES, n) over one period, from the peak of the first observable on."""
    phases = np.linspace(0, 1, PHASES, endpoint=False)
    return solver.states(orbit, (phases + peak_time(solver, orbit)) % 1.0)


def _response(solver: Solver, orbit: Orbit, inputs: Sequence[str]) -> dict[str, Any] | None:
    """The phase responses of a cycle; None where it has none that can be trusted."""
    try:
        found = adjoint_of(solver, orbit, INTERVALS)
    except (ConvergenceError, np.linalg.LinAlgError):  # a fold of cycles
        return None
    if not found.constancy < TRUSTED:
        return None
    model = solver.at(found.orbit)
    return {
        "phases": packed(found.phases, "f4"),
        "advances": [packed(advance_by(found, model, name), "f4") for name in inputs],
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
