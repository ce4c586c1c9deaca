"""``second_order_phase_response``: what the square of a brief input's size adds to the advance."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numba import types

from continuation.cycles.collocation import (
    Collocation,
    Condensed,
    Profile,
    condense,
    condensed_system,
)
from continuation.cycles.cycle import Cycle
from continuation.cycles.local_equations import solve_intervals
from continuation.cycles.orbits import DEGREE, SLOPES, VALUES, WEIGHT, Orbit, Solver
from continuation.cycles.phase_response import UNITS, Adjoint, adjoint_of, forcing, in_unit
from continuation.engine.field import Field, field_of, jacobians, rates
from continuation.engine.multilinear import MultilinearForms
from dynsys import checks
from dynsys.compiled.records import Cube, Matrix, signature
from dynsys.errors import ModelError
from dynsys.inputs import impulse_unit
from dynsys.numba_cache import njit
from dynsys.vector_field import VectorField

_DOUBLINGS = 60  # of the number of periods looked back on
_LINEAR = 1e-12  # a second derivative below this part of the first is rounding


def second_order_phase_response(cycle: Cycle, input: str, unit: str = "time") -> xr.DataArray:
    """The coefficient of size^2 in the advance of a cycle's phase by a brief input.

    advance = phase_response * size + second_order_phase_response * size^2 + ...

    1. The asymptotic phase has the gradient Z on the cycle (``phase_response``) and the Hessian H,
       with H = M' H M + (what one period's second derivatives add), M the monodromy matrix. Along
       the flow, where M is 1, H x' = -A' Z instead (Wilson & Ermentrout 2018; Takeshita & Feres
       2010).
    2. What an interval of the mesh adds is the exact second derivative of its collocation map.
    3. A jump of a state by ``size`` advances by size Z_i + size^2 H_ii / 2; an impulse b(x) of a
       parameter moves the state by size b + size^2 b_x b / 2, which enters as well.

    Parameters and units as for ``phase_response``, per square of the input.

    Returns
    -------
    DataArray over ``phase`` (k,) in [0, 1); its attribute ``constancy`` is the largest relative
    deviation of H x' from -A' Z along the cycle, an estimate of the error.

    Valid for stable cycles: beside others no phase is defined. A parameter has to enter the
    equations linearly: else an ever shorter pulse of the same impulse has no limit.

    Raises
    ------
    ModelError for an unstable cycle and for a parameter that does not enter linearly.

    Example
    -------
    >>> second = second_order_phase_response(cycles.at(mu_e=1.3), "mu_e")
    """
    checks.instance("cycle", cycle, Cycle, "a cycle of a branch, such as cycles.at(I=0.5)")
    checks.known("unit", unit, UNITS, "second_order_phase_response")
    if not cycle.stable:
        raise ModelError(
            "the phase beside a cycle has a second derivative where the cycle is stable; this one "
            "is not: its states do not come back to it"
        )
    model, scale = cycle.model, cycle.solver.scale
    found = adjoint_of(cycle.solver, cycle.orbit)
    hessians, constancy = _hessians(cycle.solver, found)
    push = forcing(model, found.states, input)
    scaled = push / scale
    values = 0.5 * np.einsum("ks,ksc,kc->k", scaled, hessians, scaled)
    if input in model.parameters:
        values += 0.5 * np.sum(found.values * _drift(model, found.states, input, push), axis=1)
    period = found.orbit.period
    factor, word = in_unit(model, period, unit)
    return xr.DataArray(
        factor * values,
        dims="phase",
        coords={"phase": found.phases},
        name=f"second-order advance per {input}^2",
        attrs={
            "input": input,
            "units": word,
            "input_units": f"({impulse_unit(model, input)})^2",
            "event": f"the peak of {model.observable_names[0]}",
            "constancy": constancy,
            "period": period,
        },
    )


def _drift(model: VectorField, states: np.ndarray, name: str, push: np.ndarray) -> np.ndarray:
    """b_x b (k, n) of the rate b that one unit of a parameter adds."""
    index, n = model.parameter_index(name), states.shape[1]
    unit = np.zeros(n + len(model.parameter_array()))
    unit[n + index] = 1.0
    result = np.empty_like(push)
    for k, x in enumerate(states):
        forms = MultilinearForms.from_model(model, x)
        if np.max(np.abs(forms(unit, unit))) > _LINEAR * max(np.max(np.abs(push)), 1e-300):
            raise ModelError(
                f"{name} does not enter the equations of {model.name} linearly: a pulse of it has "
                "an effect of second order that depends on its shape; use an input that does"
            )
        result[k] = forms(unit, push[k])
    return result


def _hessians(solver: Solver, found: Adjoint) -> tuple[np.ndarray, float]:
    """Hessians (N, n, n) of the phase at the mesh nodes, in scaled states and the time unit, and
    how far they are from H x' = -A' Z."""
    orbit, scale, states = found.orbit, solver.scale, found.states
    model, n = solver.at(orbit), orbit.u.shape[1]
    z = found.values * scale
    maps, added = _second_derivatives(solver, orbit, np.concatenate([z, z[:1]]))
    speeds = rates(model, states) / scale
    slopes = jacobians(model, states) * (scale[None, None, :] / scale[None, :, None])
    bound = -np.einsum("ksc,ks->kc", slopes, z)
    whole, through = np.zeros((n, n)), np.eye(n)
    for map_, more in zip(maps[::-1], added[::-1], strict=True):
        whole, through = map_.T @ whole @ map_ + more, through @ map_
    across = np.eye(n) - np.outer(speeds[0], z[0])
    total = _summed(across @ through @ across, across.T @ whole @ across)
    along = np.outer(z[0], across.T @ bound[0])
    total += along + along.T + np.outer(z[0], z[0]) * (speeds[0] @ bound[0])
    hessians = np.empty((len(maps), n, n))
    for j in range(len(maps) - 1, -1, -1):
        total = maps[j].T @ total @ maps[j] + added[j]
        hessians[j] = total
    apart = np.einsum("ksc,kc->ks", hessians, speeds) - bound
    return hessians, float(np.max(np.abs(apart)) / max(float(np.max(np.abs(bound))), 1e-300))


def _summed(a: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The sum of a^k' first a^k over all k, for a matrix ``a`` whose powers vanish (Smith 1968)."""
    total = first
    for _ in range(_DOUBLINGS):
        more = a.T @ total @ a
        total = total + more
        if np.max(np.abs(more)) <= 1e-16 * np.max(np.abs(total)):
            break
        a = a @ a
    return total


def _second_derivatives(
    solver: Solver, orbit: Orbit, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of the collocation maps from node to node: derivatives (N, n, n), and second derivatives
    (N, n, n) contracted with the adjoint at the later node."""
    n = orbit.u.shape[1]
    field = field_of(solver.at(orbit), solver.at(orbit).parameter_array(), solver.free[:0],
                     solver.scale, True, True)  # fmt: skip
    profile = Profile(orbit.mesh, np.ascontiguousarray(orbit.u), orbit.z[:1].copy())
    condensed = condensed_system(orbit.intervals, DEGREE, n, 1)
    collocation = Collocation(VALUES, SLOPES, WEIGHT)
    condense(field, collocation, profile, condensed)
    added = np.zeros((orbit.intervals, n, n))
    _contract(field, collocation, profile, condensed, np.ascontiguousarray(z), added)
    return -condensed.local[:, -n:, :n], added


@njit(
    [signature(types.void, Field, Collocation, Profile, Condensed, Matrix, Cube)],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def _contract(field, collocation, profile, condensed, z, added):
    """Second derivatives of the node at the end of every interval by that at its start, times the
    adjoint ``z`` there."""
    values, mesh, u, scale = collocation.values, profile.mesh, profile.u, field.scale
    degree, n, period = values.shape[0], u.shape[1], profile.z[0]
    x, direction = np.empty(n), np.empty(n)
    omega = np.zeros((mesh.shape[0] - 1, degree * n))
    still, change = np.zeros(field.p.shape[0]), np.empty((n, n))
    by, form = np.empty((n, n)), np.empty((n, n))
    for j in range(mesh.shape[0] - 1):
        for s in range(n):
            omega[j, (degree - 1) * n + s] = z[j + 1, s]
    solve_intervals(condensed.lanes, condensed.pivots, n, omega, True)
    for j in range(mesh.shape[0] - 1):
        length = (mesh[j + 1] - mesh[j]) * period
        for i in range(degree):
            for s in range(n):
                state = 0.0
                for k in range(degree + 1):
                    state += values[i, k] * u[j * degree + k, s]
                x[s] = state * scale[s]
                for c in range(n):
                    total = values[i, 0] if s == c else 0.0
                    for k in range(degree):
                        total -= values[i, k + 1] * condensed.local[j, k * n + s, c]
                    by[s, c] = total
            for c in range(n):
                for s in range(n):
                    direction[s] = scale[s] if s == c else 0.0
                field.jacobian_tangent(x, field.p, field.tables, direction, still, change)
                for d in range(n):
                    total = 0.0
                    for s in range(n):
                        total += omega[j, i * n + s] / scale[s] * change[s, d]
                    form[c, d] = length * total * scale[d]
            added[j] += by.T @ form @ by
