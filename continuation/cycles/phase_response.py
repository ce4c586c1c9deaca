"""``phase_response``: how much a brief input advances a cycle, from the adjoint equation."""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

from continuation.cycles.cycle import Cycle
from continuation.cycles.orbits import adapted_mesh, remeshed
from continuation.engine.field import rates
from dynsys import checks
from dynsys.errors import ConvergenceError, ModelError, unknown_name
from dynsys.typed import typed
from dynsys.vector_field import VectorField

INTERVALS = 200


def phase_response(cycle: Cycle, input: str, unit: str = "time") -> xr.DataArray:
    """Advance of a cycle's phase by a brief input, over the phase of the input.

    The adjoint Z of the linearized flow, normalized by Z . x' = 1 (Ermentrout & Kopell 1991;
    Govaerts & Sautois 2006), is carried backwards over the condensed intervals of the collocation
    system. Positive values advance the cycle.

    Parameters
    ----------
    cycle : a ``Cycle`` with a trustworthy trivial multiplier.
    input : a state (response to displacing it) or a parameter (response to a brief change of it).
    unit : "time" (advance in the model's time unit), "phase" (in rad) or "cycles", per unit of the
        input; for a parameter per unit of the input times its duration.

    Returns
    -------
    DataArray over ``phase`` (k,) in [0, 1); its attribute ``constancy`` is the largest deviation of
    Z . x' from 1 before normalization, an estimate of the error.

    Valid for small inputs. Not the response to finite pulses (use ``direct_phase_response``).

    Example
    -------
    >>> response = phase_response(cycles.at(mu_e=1.3), "mu_e")
    """
    checks.instance("cycle", cycle, Cycle, "a cycle of a branch, such as cycles.at(I=0.5)")
    checks.known("unit", unit, ["time", "phase", "cycles"], "phase_response")
    solver, model = cycle.solver, cycle.model
    fine = remeshed(cycle.orbit, adapted_mesh(cycle.orbit, max(INTERVALS, cycle.orbit.intervals)))
    point = solver.point_at(fine, cycle.orbit.value)
    if point is None or point.pair is None or point.local is None:
        raise ConvergenceError("the cycle could not be refined; is it a fold of cycles?")
    orbit = point.orbit
    adjoint = _carried_back(_left_eigenvector(point.pair), point.local, model.compiled.n)
    states = solver.states(orbit, orbit.mesh)
    speeds = rates(model, states) / solver.scale
    product = np.sum(adjoint * speeds, axis=1)
    constancy = float(np.max(np.abs(product / np.mean(product) - 1)))
    if constancy > 1e-3:
        warnings.warn(
            f"the adjoint varies by {constancy:.1g} along the cycle instead of being exact: the "
            "cycle is strongly unstable or its mesh too coarse",
            stacklevel=2,
        )
    adjoint /= product[:, None]
    values = np.sum(adjoint / solver.scale * _forcing(model, states, input), axis=1)
    factor, word = {
        "time": (1.0, model.time_unit),
        "phase": (2 * np.pi / orbit.period, "rad"),
        "cycles": (1 / orbit.period, "cycles"),
    }[unit]
    return xr.DataArray(
        (factor * values)[:-1],
        dims="phase",
        coords={"phase": orbit.mesh[:-1]},
        name=f"advance per {input}",
        attrs={
            "input": input,
            "units": word,
            "input_units": impulse_unit(model, input),
            "constancy": constancy,
            "period": orbit.period,
        },
    )


def impulse_unit(model: VectorField, name: str) -> str:
    """The unit of a brief input: of a state a jump, of a parameter its change times its duration.

    Example
    -------
    >>> impulse_unit(aln(), "mu_e")
    '(mV/ms) ms'
    """
    unit = model.unit(name)
    if name in model.states or not model.time_unit:
        return unit
    return " ".join(filter(None, (f"({unit})" if "/" in unit else unit, model.time_unit)))


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


def _forcing(model: VectorField, states: np.ndarray, name: str) -> np.ndarray:
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
    read off the phase nearest to the end state. For checking ``phase_response``.

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
    for phase in phases:
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
        attrs={"input": input, "units": model.time_unit, "pulse": size},
    )  # fmt: skip
