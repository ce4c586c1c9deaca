"""A periodic orbit from one recorded turn of a motion that repeats."""

from __future__ import annotations

import numpy as np

from continuation.cycles.delay_errors import CARRIED as BY_LINES
from continuation.cycles.delay_errors import turn_error, with_more_nodes
from continuation.cycles.orbits import DEGREE, Orbit, Solver, adapted_mesh, remeshed

FACTORS = (1, 2, 4, 8)  # of the mesh intervals that are tried
ALIKE = 0.02  # relative difference of the recorded period and the corrected one, and
CARRIED = 1e-4  # estimated error between nodes, above which a mesh does not carry the orbit


def orbit_from_turn(
    solver: Solver, period: float, turn: np.ndarray, intervals: int = 40
) -> Orbit | None:
    """Correct one turn of a simulated motion to a periodic orbit; None where Newton does not.

    The mesh follows the turn's own jumps, so that spikes of a burst are carried from the start. One
    that is too coarse may have a solution of its own: its period differs, or its error shows.

    Parameters
    ----------
    period : of the motion.
    turn : (k, n_physical) states at even times of one period, the first not repeated; k a multiple
        of four.

    Example
    -------
    >>> orbit_from_turn(solver, outcome.period, outcome.states)
    """
    recorded = _recorded(solver, period, turn)
    for factor in FACTORS:
        mesh = adapted_mesh(recorded, factor * intervals)
        found = solver.at_value(remeshed(recorded, mesh), recorded.value)
        alike = found is not None and abs(found.period / period - 1) < ALIKE
        if found is not None and alike and found.mesh_error() < CARRIED:
            return found
    return None


def is_carried(solver: Solver, period: float, turn: np.ndarray) -> bool:
    """Whether the model's delay lines carry the signals of a recorded turn (``orbit_from_turn``):
    where they do not, Newton's method holds no such cycle, or another one."""
    return turn_error(solver, _recorded(solver, period, turn)) < BY_LINES


def _recorded(solver: Solver, period: float, turn: np.ndarray) -> Orbit:
    """The turn as an orbit on an even mesh, with the past of its signals in the delay lines."""
    model = solver.model
    mesh = np.linspace(0, 1, len(turn) // DEGREE + 1)
    u = model.fill_lines(np.concatenate([turn, turn[:1]])) / model.scales
    z = np.array([period, model.parameters[solver.parameter]])
    orbit = Orbit(mesh, np.ascontiguousarray(u), z)
    return with_more_nodes(solver, orbit, model) if model.lines else orbit
