"""How well delay lines carry the signals of a cycle: their ends against the delayed signals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba import types

from continuation.cycles.orbits import Orbit, Solver
from dynsys.compiled.kernels import MATRIX, OBSERVABLES_TYPE, VECTOR
from dynsys.delays import chebyshev_nodes, differentiation_matrix
from dynsys.numba_cache import njit
from dynsys.vector_field import VectorField

MOST_ORDER = 48
CARRIED = 0.1  # error above which a cycle is one of the lines' own, not of the delay
_FALL = 5.0  # by which two more nodes divide the error, at least
_WANTED = 1e-6  # error asked of the order that is chosen


@njit([types.void(OBSERVABLES_TYPE, MATRIX, VECTOR, VECTOR, MATRIX)], cache=True, nogil=True)
def _signals(signals, states, p, tables, out):
    for row in range(states.shape[0]):
        signals(states[row], p, tables, out[row])


def signals_along(solver: Solver, orbit: Orbit) -> tuple[np.ndarray, np.ndarray]:
    """Delayed signals at the nodes of an orbit (N m + 1, k) and their delays (k,)."""
    model = solver.model
    p, count = model.parameter_array(), len(model.lines)
    p[solver.free] = orbit.z[1 : 1 + len(solver.names)]
    states = np.ascontiguousarray(orbit.u * solver.scale)
    out = np.empty((len(states), 2 * count))
    _signals(model.compiled.signals, states, p, model.compiled.tables, out)
    return out[:, :count], out[0, count:]


def delay_error(solver: Solver, orbit: Orbit) -> float:
    """Largest difference between the end of a delay line and its signal one delay earlier, relative
    to the signal's range over the cycle; 0 for models without delays.

    The signal is known along the whole cycle, so that this is the error of the discretization
    itself, down to that of the mesh. Periods err by less, small multipliers by far more. A mesh
    that is fine at a spike may be coarse one delay later: there it is asked, too.
    """
    model = solver.model
    if not model.lines:
        return 0.0
    values, tau = signals_along(solver, orbit)
    times = orbit.node_times()
    ends = model.physical_dimension + model.delay_order * np.arange(1, len(tau) + 1) - 1
    worst = 0.0
    for k, end in enumerate(ends):
        later = times + tau[k] / orbit.period
        line = orbit.u[:, end] * solver.scale[end]
        due = _at(orbit, values[:, k], times - tau[k] / orbit.period)
        apart = np.abs([line - due, _at(orbit, line, later) - values[:, k]])
        worst = max(worst, float(np.max(apart)) / max(float(np.ptp(values[:, k])), 1e-300))
    return worst


def turn_error(solver: Solver, orbit: Orbit) -> float:
    """As ``delay_error``, of lines driven by the signals of one recorded turn on an even mesh.

    A line is linear: every harmonic of its signal comes out with a gain of its own instead of one
    delay later.
    """
    if not solver.model.lines:
        return 0.0
    values, tau = signals_along(solver, orbit)
    values = values[:-1]  # the last node is the first one
    rates = 2j * np.pi * np.arange(len(values) // 2 + 1) / orbit.period
    worst = 0.0
    for signal, delay in zip(values.T, tau, strict=True):
        off = line_gain(solver.model.delay_order, rates * delay) - np.exp(-rates * delay)
        apart = np.fft.irfft(np.fft.rfft(signal) * off, len(signal))
        worst = max(worst, float(np.max(np.abs(apart))) / max(float(np.ptp(signal)), 1e-300))
    return worst


def line_gain(order: int, rates: np.ndarray) -> np.ndarray:
    """What the end of a line of unit delay makes of signals exp(rate t): exp(-rate), if exact."""
    matrix = differentiation_matrix(order)
    systems = rates[:, None, None] * np.eye(order) - matrix[1:, 1:]
    inputs = np.broadcast_to(matrix[1:, :1], (len(rates), order, 1))
    return np.linalg.solve(systems, inputs)[:, -1, 0]


def _at(orbit: Orbit, values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """A periodic function, known at an orbit's nodes, at any times (in periods)."""
    one = Orbit(orbit.mesh, np.ascontiguousarray(values[:, None]), orbit.z)
    return one.at(times % 1.0)[:, 0]


def order_for(order: int, error: float) -> int:
    """The nodes with which an error found with ``order`` of them falls to 1e-6."""
    more = 2 * np.ceil(np.log(max(error / _WANTED, 1.0)) / np.log(_FALL))
    return int(min(order + more, MOST_ORDER))


def with_more_nodes(solver: Solver, orbit: Orbit, model: VectorField) -> Orbit:
    """The orbit for a model with other delay lines, filled with the signals' own past."""
    values, tau = signals_along(solver, orbit)
    physical, order = model.physical_dimension, model.delay_order
    times = orbit.node_times()
    u = np.empty((len(orbit.u), model.compiled.n))
    u[:, :physical] = orbit.u[:, :physical] * solver.scale[:physical]
    for k in range(len(tau)):
        for i, theta in enumerate(chebyshev_nodes(order)[1:]):
            past = times + theta * tau[k] / orbit.period
            u[:, physical + k * order + i] = _at(orbit, values[:, k], past)
    return replace(orbit, u=u / model.scales)
