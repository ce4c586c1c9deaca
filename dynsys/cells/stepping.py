"""Forward Euler steps of one cell with Poisson conductances: the compiled loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from numba import types

from dynsys.compiled.clock import Clock
from dynsys.compiled.kernels import FIELD_TYPE
from dynsys.compiled.records import Indices, Matrix, Vector, record, signature
from dynsys.numba_cache import njit

NO_RESET = 1e300  # stands for it among numbers
MOMENTS = 4  # samples, sum of V, sum of V^2, spikes; then the sums of all states


@record
class SteppedCell(NamedTuple):
    """A cell: its vector field and parameters p (m,), what a spike does, and the places of V among
    the states, of I, g_syn and E_syn among the parameters.

    ``jumps`` (n,) are added at a spike; ``running`` (n,): 1 for states that move on while V is
    held; V counts in the moments below the ``ceiling``.
    """

    field: Annotated[Callable, FIELD_TYPE]
    p: Vector
    tables: Vector
    threshold: float
    reset: float
    refractory: float
    ceiling: float
    jumps: Vector
    running: Indices
    v: int
    current: int
    conductance: int
    reversal: int


@record
class Sources(NamedTuple):
    """Poisson trains: synapses (k, 4) in rows (rate 1/ms, Q, tau, E); ``G`` (k,) nS and ``waiting``
    (k,) ms to the next event go on from call to call."""

    synapses: Matrix
    G: Vector
    waiting: Vector


@record
class Recording(NamedTuple):
    """What is filled after the settling: spikes (ms), moments, states in rows of ``trace``, as far
    as there is room."""

    spikes: Vector
    moments: Vector
    trace: Matrix


@njit
def _fires(v, threshold, resets, pause, lowered):
    """Whether v spikes, and whether it is below its threshold: where nothing resets it, it has to
    fall below in between."""
    if resets:
        return v > threshold, lowered
    if v <= threshold:
        return False, True
    return lowered and pause <= 0.0, False


@njit(
    [signature(int, SteppedCell, Vector, Vector, Sources, Clock, types.npy_rng, Recording)],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def run_cell(cell, x, current, sources, clock, rng, recording):
    """Integrate a cell from the state x (n,), in place; returns the number of its spikes.

    ``current`` pA: one for each step, or one for all.
    """
    # Unpacked: reading an array from a record in the loop would count its references each time.
    tables, jumps, running, v = cell.tables, cell.jumps, cell.running, cell.v
    synapses, G, waiting = sources
    spikes, moments, trace = recording
    dt, settle, steps, stride = clock
    n, resets = x.shape[0], cell.reset < NO_RESET
    p, out = cell.p.copy(), np.empty(n)
    pause, lowered, count, row = 0.0, True, 0, 0
    for k in range(settle + steps):
        total, pull = 0.0, 0.0
        for s in range(G.shape[0]):
            G[s] -= dt * G[s] / synapses[s, 2]
            waiting[s] -= dt
            while waiting[s] <= 0.0:
                G[s] += synapses[s, 1]
                waiting[s] += rng.standard_exponential() / synapses[s, 0]
            total += G[s]
            pull += G[s] * synapses[s, 3]
        p[cell.current] = current[k] if current.shape[0] > 1 else current[0]
        p[cell.conductance] = total
        p[cell.reversal] = pull / total if total > 0.0 else 0.0
        cell.field(x, p, tables, out)
        held = resets and pause > 0.0
        for i in range(n):
            if running[i] == 1 or not held:
                x[i] += dt * out[i]
        pause -= dt
        fired, lowered = _fires(x[v], cell.threshold, resets, pause, lowered)
        if fired:
            x[v] = cell.reset if resets else x[v]
            pause = cell.refractory
            for i in range(n):
                x[i] += jumps[i]
        if k < settle:
            continue
        if fired:
            if count < spikes.shape[0]:
                spikes[count] = (k + 1) * dt
            count += 1
            moments[3] += 1.0
        for i in range(n):
            moments[MOMENTS + i] += x[i]
        if not held and x[v] < cell.ceiling:
            moments[0] += 1.0
            moments[1] += x[v]
            moments[2] += x[v] * x[v]
        if row < trace.shape[0] and (k - settle) % stride == 0:
            for i in range(n):
                trace[row, i] = x[i]
            row += 1
    return count
