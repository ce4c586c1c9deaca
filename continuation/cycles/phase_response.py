"""``phase_response``: how much a brief input advances a cycle, from the adjoint equation."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

from continuation.cycles.cycle import Cycle, observe_states, peak_time
from continuation.cycles.orbits import Orbit, Solver, adapted_mesh, begun_at
from continuation.engine.field import rates
from dynsys import checks
from dynsys.errors import ConvergenceError, ModelError, unknown_name
from dynsys.inputs import impulse_unit
from dynsys.typed import typed
from dynsys.vector_field import VectorField

INTERVALS = 200
UNITS = ("time", "phase", "cycles")


class Adjoint(NamedTuple):
    """What displacements of a cycle advance it by: ``values`` (k, n), time units per unit of every
    state, at ``phases`` (k,) from 0 on, where the cycle's ``states`` (k, n) are. ``constancy``: the
    largest deviation of values . x' from 1 before normalization."""

    orbit: Orbit
    phases: np.ndarray
    states: np.ndarray
    values: np.ndarray
    constancy: float


def phase_response(cycle: Cycle, input: str, unit: str = "time") -> xr.DataArray:
    """Advance of a cycle's phase by a brief input, over the phase of the input.

    The adjoint Z of the linearized flow, normalized by Z . x' = 1 (Ermentrout & Kopell 1991;
    Govaerts & Sautois 2006), is carried backwards over the condensed intervals of the collocation
    system. Positive values advance the cycle. Phase 0 is the highest peak of the model's first
    observable, as in ``Cycle.values``.

    Parameters
    ----------
    cycle : a ``Cycle`` with a trustworthy trivial multiplier.
    input : a state (response to displacing it) or a parameter (response to a brief change of it).
    unit : "time" (advance in the model's time unit), "phase" (in rad) or "cycles", per unit of the
        input; for a parameter per unit of the input times its duration.

    Returns
    -------
    DataArray over ``phase`` (k,) in [0, 1), with the first observable beside it as a coordinate;
    attributes: ``units``, ``input_units``, ``event`` (what phase 0 is), ``period``, and
    ``constancy``, the largest deviation of Z . x' from 1 before normalization, an estimate of the
    error.

    Valid for small inputs. Not the response to finite pulses (use ``direct_phase_response``).

    Example
    -------
    >>> response = phase_response(cycles.at(mu_e=1.3), "mu_e")
    """
    checks.instance("cycle", cycle, Cycle, "a cycle of a branch, such as cycles.at(I=0.5)")
    checks.known("unit", unit, UNITS, "phase_response")
    model = cycle.model
    found = adjoint_of(cycle.solver, cycle.orbit)
    if found.constancy > 1e-3:
        warnings.warn(
            f"the adjoint varies by {found.constancy:.1g} along the cycle instead of being exact: "
            "the cycle is strongly unstable or its mesh too coarse",
            stacklevel=2,
        )
    period = found.orbit.period
    factor, word = in_unit(model, period, unit)
    shown = model.observable_names[0]
    course = observe_states(model, found.states)[:, 0]
    return xr.DataArray(
        factor * advance_by(found, model, input),
        dims="phase",
        coords={
            "phase": found.phases,
            shown: ("phase", course, {"units": model.unit(shown)}),
        },
        name=f"advance per {input}",
        attrs={
            "input": input,
            "units": word,
            "input_units": impulse_unit(model, input),
            "event": f"the peak of {shown}",
            "constancy": found.constancy,
            "period": period,
        },
    )


def in_unit(model: VectorField, period: float, unit: str) -> tuple[float, str]:
    """The factor from the model's time to a unit of advances, and its name."""
    return {
        "time": (1.0, model.time_unit),
        "phase": (2 * np.pi / period, "rad"),
        "cycles": (1 / period, "cycles"),
    }[unit]


def adjoint_of(solver: Solver, orbit: Orbit, intervals: int = INTERVALS) -> Adjoint:
    """The adjoint of an orbit, on a mesh of about so many intervals that begins at its peak.

    Raises ConvergenceError where the orbit cannot be refined, as at a fold of cycles.
    """
    mesh = adapted_mesh(orbit, max(intervals, orbit.intervals))
    begun = begun_at(orbit, peak_time(solver, orbit), mesh)
    point = solver.point_at(begun, orbit.value)
    if point is None or point.pair is None or point.local is None:
        raise ConvergenceError("the cycle could not be refined; is it a fold of cycles?")
    model = solver.at(point.orbit)
    values = _carried_back(_left_eigenvector(point.pair), point.local, model.compiled.n)
    states = solver.states(point.orbit, point.orbit.mesh)
    product = np.sum(values * rates(model, states) / solver.scale, axis=1)
    constancy = float(np.max(np.abs(product / np.mean(product) - 1)))
    values /= product[:, None] * solver.scale
    return Adjoint(point.orbit, point.orbit.mesh[:-1], states[:-1], values[:-1], constancy)


def advance_by(adjoint: Adjoint, model: VectorField, input: str) -> np.ndarray:
    """Advance (k,) in time units per unit of a state, or of a parameter times its duration."""
    return np.sum(adjoint.values * forcing(model, adjoint.states, input), axis=1)


def _left_eigenvector(pair: np.ndarray) -> np.ndarray:
    """Left eigenvector of the monodromy matrix for the multiplier 1, from W d0 + S dN = 0."""
    n = len(pair)
    monodromy = -np.linalg.solve(pair[:, n : 2 * n], pair[:, :n])
    found, vectors = np.linalg.eig(monodromy.T)
    return np.real(vectors[:, np.argmin(np.abs(found - 1))])


def _carried_back(last: np.ndarray, inner: np.ndarray, n: int) -> np.ndarray:
    """Adjoint (N + 1, n) at the mesh nodes: z_j = G_j^T z_{j+1}."""
    adjoint = np.empty((len(inner) + 1, n))
    adjoint[-1] = last
    for j in range(len(inner) - 1, -1, -1):
        adjoint[j] = -inner[j, -n:, :n].T @ adjoint[j + 1]
    return adjoint


def forcing(model: VectorField, states: np.ndarray, name: str) -> np.ndarray:
    """Rate of change (k, n) that one unit of the input adds to the states."""
    if name in model.parameters:
        return np.array([model.parameter_derivative(x, name) for x in states])
    if name in model.states:
        unit = np.zeros_like(states)
        unit[:, list(model.states).index(name)] = 1.0
        return unit
    raise unknown_name("parameter or state", name, [*model.parameters, *model.states], model.name)


@typed
def direct_phase_response(
    cycle: Cycle, input: str, size: float, phases: np.ndarray, periods: int = 12
) -> xr.DataArray:
    """Advance per unit of a state displaced by ``size``, by simulation, at given phases.

    The displaced and the undisturbed orbit are integrated over ``periods`` periods; the advance is
    read off the phase nearest to the end state. For checking ``phase_response``, whose phases and
    units it has.

    Raises ModelError where the cycle is not stable or the input no state.
    """
    model, compiled = cycle.model, cycle.model.compiled
    if input not in model.states:
        raise unknown_name("state", input, model.states, model.name)
    if not cycle.stable:
        raise ModelError("only a stable cycle comes back after a displacement")
    index, p = list(model.states).index(input), model.parameter_array()
    scale = cycle.solver.scale

    def field(_: float, x: np.ndarray) -> np.ndarray:
        out = np.empty(compiled.n)
        compiled.field(np.ascontiguousarray(x), p, compiled.tables, out)
        return out

    advances = []
    for phase in (np.asarray(phases, float) + cycle.origin) % 1.0:
        start = cycle.solver.states(cycle.orbit, np.array([phase]))[0]
        start[index] += size
        run = solve_ivp(
            field, (0, periods * cycle.period), start, method="LSODA", rtol=1e-11, atol=1e-13
        )
        end = run.y[:, -1] / scale

        def distance(shift: float, end=end, phase=phase) -> float:
            there = cycle.orbit.at(np.array([(phase + shift) % 1.0]))[0]
            return float(np.sum((there - end) ** 2))

        grid = np.linspace(-0.5, 0.5, 201)
        best = grid[int(np.argmin([distance(s) for s in grid]))]
        found = minimize_scalar(
            distance, bounds=(best - 0.01, best + 0.01), method="bounded",
            options={"xatol": 1e-12},
        )  # fmt: skip
        advances.append(found.x * cycle.period / size)
    return xr.DataArray(
        advances, dims="phase", coords={"phase": np.asarray(phases)},
        attrs={
            "input": input, "units": model.time_unit, "input_units": impulse_unit(model, input),
            "event": f"the peak of {model.observable_names[0]}", "pulse": size,
        },
    )  # fmt: skip
