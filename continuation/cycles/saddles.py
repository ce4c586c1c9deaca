"""What a cycle of diverging period approaches: a saddle (-focus) or a saddle-node (SNIC)."""

from __future__ import annotations

import numpy as np

from continuation.cycles.orbits import DEGREE, Orbit, Solver

SADDLE = "a homoclinic orbit to a saddle"
SADDLE_FOCUS = "a homoclinic orbit to a saddle-focus"
SADDLE_NODE = "a saddle-node on an invariant circle (SNIC)"
_NEAR = 0.1  # largest distance, in scaled units, from the slowest point to the equilibrium
_FAST = 1.0  # a saddle's unstable rate times the period: the orbit has time to leave it


def slowest_node(orbit: Orbit) -> int:
    """The mesh node at which an orbit moves most slowly."""
    speed = np.linalg.norm(orbit.derivative().reshape(orbit.intervals, DEGREE, -1)[:, 0], axis=1)
    return int(np.argmin(speed))


def nearest_equilibrium(solver: Solver, orbit: Orbit) -> np.ndarray | None:
    """The equilibrium (n,) that Newton finds from an orbit's slowest point; None without any."""
    model = solver.at(orbit)
    start = orbit.u[slowest_node(orbit) * DEGREE] * solver.scale
    x = start.copy()
    for _ in range(20):
        try:
            step = np.linalg.solve(model.jacobian(x), -model.rhs(x))
        except np.linalg.LinAlgError:
            return None
        x = x + step
        if not np.all(np.isfinite(x)):
            return None
        if np.max(np.abs(step) / solver.scale) < 1e-11:
            near = np.max(np.abs(x - start) / solver.scale) < _NEAR
            return x if near else None
    return None


def divergence(solver: Solver, orbit: Orbit) -> str:
    """What an orbit of long period is close to: ``SADDLE``, ``SADDLE_FOCUS`` (an eigenvalue next to
    the imaginary axis on one side is complex) or ``SADDLE_NODE``."""
    x = nearest_equilibrium(solver, orbit)
    if x is None:
        return SADDLE_NODE
    found = np.linalg.eigvals(solver.at(orbit).jacobian(x))
    leaving = found.real[found.real > 0]
    if not leaving.size or np.min(leaving) * orbit.period <= _FAST:
        return SADDLE_NODE
    sides = [side for side in (found[found.real > 0], found[found.real < 0]) if side.size]
    leading = [side[np.argmin(np.abs(side.real))] for side in sides]
    return SADDLE_FOCUS if any(value.imag != 0 for value in leading) else SADDLE
