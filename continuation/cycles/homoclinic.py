"""``homoclinic_curve``: orbits that leave a saddle and return to it, in two parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.linalg import schur
from scipy.sparse import bmat, csc_array
from scipy.sparse.linalg import splu

from continuation.cycles.branch import CycleBranch
from continuation.cycles.conditions import PERIOD
from continuation.cycles.curves import CycleCurve, trace_both_ways
from continuation.cycles.cycle import Cycle
from continuation.cycles.linearization import Linearization
from continuation.cycles.orbits import DEGREE, Orbit, Solver
from continuation.cycles.saddles import SADDLE_NODE, divergence, nearest_equilibrium, slowest_node
from continuation.cycles.settings import CycleSettings
from continuation.engine.following import spans_around
from dynsys.errors import ConvergenceError, ModelError
from dynsys.typed import typed

Spans = Mapping[str, tuple[float, float]]


@typed
def homoclinic_curve(
    source: CycleBranch | Cycle,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    period: float | None = None,
    settings: CycleSettings | None = None,
) -> CycleCurve:
    """Follow a homoclinic orbit in two parameters.

    1. Follow the cycle of a fixed long period (its distance to the homoclinic orbit falls like
       exp(-lambda T)).
    2. At every point solve the truncated problem with projection boundary conditions: the orbit
       leaves in the saddle's unstable and returns in its stable subspace (Beyn 1990).

    Parameters
    ----------
    source : a branch of cycles whose period diverges, or a cycle of long period.
    period : of the cycles followed; by default half the longest of the branch.

    Returns
    -------
    CycleCurve of kind "homoclinic curve". Its first parameter is that of the projected orbit;
    ``by_period`` is the one at fixed period, ``projected`` says where step 2 succeeded (there is no
    saddle where the curve runs along a fold, a saddle-node on an invariant circle).

    Raises
    ------
    ModelError where the branch's period does not diverge; ConvergenceError where Newton does not
    meet the curve.

    Example
    -------
    >>> curve = homoclinic_curve(cycles, ("I", "v3"), {"I": (20, 60), "v3": (8, 16)})
    """
    cycle = _long_cycle(source, period)
    solver = Solver(cycle.model, spans_around(cycle.model, parameters, spans), PERIOD, cycle.period)
    z = np.array([cycle.period, *(cycle.parameters[k] for k in parameters)])
    curve = trace_both_ways(
        solver, replace(cycle.orbit, z=z), settings or CycleSettings(), resonances=()
    )
    found = [projected(solver, orbit) for orbit in curve.orbits]
    by_period = curve.data[parameters[0]].values
    values = np.array([np.nan if value is None else value for value in found])
    success = np.isfinite(values)
    data = curve.data.assign({
        parameters[0]: ("point", np.where(success, values, by_period),
                        curve.data[parameters[0]].attrs),
        "by_period": ("point", by_period, curve.data[parameters[0]].attrs),
        "projected": ("point", success),
    })  # fmt: skip
    return replace(curve, data=data)


def _long_cycle(source: CycleBranch | Cycle, period: float | None) -> Cycle:
    if isinstance(source, Cycle):
        if period is not None and not np.isclose(period, source.period):
            raise ModelError("give a branch to choose a period; the cycle has its own")
        return source
    if not source.ended[1].startswith("the period diverges"):
        raise ModelError(
            f"the branch ended because it {source.ended[1]!r}, not because its period diverges: "
            "there is no homoclinic orbit to follow"
        )
    periods = source.data["period"].values
    wanted = 0.5 * periods[-1] if period is None else period
    if not periods[0] < wanted <= periods[-1]:
        raise ModelError(
            f"the period is {wanted:g}; the branch reaches {periods[0]:g} to {periods[-1]:g}"
        )
    k = int(np.argmax(periods >= wanted))
    point = source.solver.point_at(source.orbits[k], float(wanted), 0)
    if point is None:
        raise ConvergenceError(f"no cycle of period {wanted:g} was found on the branch")
    orbit = point.orbit
    return Cycle(source.solver.at(orbit), orbit, source.solver, point.rest, point.trivial_error)


def projected(solver: Solver, orbit: Orbit, iterations: int = 12) -> float | None:
    """First parameter of the homoclinic orbit with projection boundary conditions, the others
    fixed; None where no saddle is near or Newton fails."""
    if divergence(solver, orbit) == SADDLE_NODE:
        return None
    name = solver.names[0]
    plain = Solver(solver.at(orbit), {name: solver.spans[name]})
    current = _opened(Orbit(orbit.mesh, orbit.u, orbit.z[:2].copy()), slowest_node(orbit))
    start = nearest_equilibrium(plain, current)
    if start is None:
        return None
    state = start / plain.scale
    reference, n = current.derivative(), current.u.shape[1]
    target = None
    for _ in range(iterations):
        try:
            step, target = _newton_step(plain, current, state, reference, target)
        except (RuntimeError, np.linalg.LinAlgError):
            return None
        size = len(current.u) * n
        current = replace(
            current, u=current.u + step[:size].reshape(-1, n),
            z=current.z + np.array([0.0, step[-1]]),
        )  # fmt: skip
        state = state + step[size : size + n]
        if not np.all(np.isfinite(step)) or np.max(np.abs(step)) > 1.0:
            return None
        if np.max(np.abs(step)) < 1e-9:
            return current.value
    return None


def _opened(orbit: Orbit, node: int) -> Orbit:
    """The orbit cut open at one of its mesh nodes, which becomes its start and its end."""
    h = np.roll(np.diff(orbit.mesh), -node)
    u = np.roll(orbit.u[:-1], -node * DEGREE, axis=0)
    mesh = np.concatenate([[0.0], np.cumsum(h)])
    return replace(orbit, mesh=mesh / mesh[-1], u=np.ascontiguousarray(np.vstack([u, u[:1]])))


def _newton_step(solver, orbit, state, reference, target):
    """One Newton step for (orbit nodes, saddle, parameter); ``target`` fixes the phase."""
    linear = Linearization(solver, orbit)
    model, scale, n = linear.model, solver.scale, linear.n
    x0 = state * scale
    a0 = model.jacobian(x0) * scale[None, :] / scale[:, None]
    stable, unstable = _left_subspaces(a0)
    count, width = linear.count * n, (linear.count + 1) * n
    collocation = linear.operator()[:count]
    drift = np.array([model.parameter_derivative(x, solver.parameter) for x in linear.states])
    column = -orbit.period * (drift / scale).ravel()[:, None]
    ends = np.zeros((n, width))
    ends[: len(stable), :n] = stable
    ends[len(stable) :, -n:] = unstable
    both = np.vstack([stable, unstable])
    phase = linear.functional(linear.weights[:, None] * reference).ravel()
    matrix = bmat([
        [collocation, np.zeros((count, n)), column],
        [np.zeros((n, width)), a0,
         (model.parameter_derivative(x0, solver.parameter) / scale)[:, None]],
        [ends, -both, np.zeros((n, 1))],
        [phase[None, :], np.zeros((1, n)), np.zeros((1, 1))],
    ])  # fmt: skip
    slopes = orbit.derivative()
    level = float(phase @ orbit.u.ravel())
    target = level if target is None else target
    residual = np.concatenate([
        (slopes - orbit.period * linear.field).ravel(),
        model.rhs(x0) / scale,
        stable @ (orbit.u[0] - state), unstable @ (orbit.u[-1] - state),
        [level - target],
    ])  # fmt: skip
    return splu(csc_array(matrix)).solve(-residual), target


def _left_subspaces(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that span the left stable and the left unstable subspace of a matrix."""
    _, stable, count = schur(a.T, sort="lhp")
    _, unstable, other = schur(a.T, sort="rhp")
    return stable[:, :count].T, unstable[:, :other].T
