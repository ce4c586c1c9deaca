"""Compiled steps of a network of AdEx cells with exponential conductances.

Forward Euler, in Brian2's order: external spikes, membranes, thresholds, spikes to their targets,
resets. Cells of all populations stand in one row, population by population.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np
from numba import int16, int32, types

from dynsys.compiled.records import Indices, Matrix, Vector, record, signature
from dynsys.numba_cache import njit

SAMPLE = 100  # cells of each population whose spikes are kept
_STEEPEST = 60.0  # exponent of the spike's onset beyond which the cell spikes anyway

Words = Annotated[np.ndarray, types.Array(int32, 1, "C")]
WordRows = Annotated[np.ndarray, types.Array(int32, 2, "C")]
Shorts = Annotated[np.ndarray, types.Array(int16, 1, "C")]
ShortRows = Annotated[np.ndarray, types.Array(int16, 2, "C")]


@record
class Membrane(NamedTuple):
    """A population of AdEx cells ``first`` to ``last``; ``held``: w stands still while refractory,
    which lasts ``pause`` steps."""

    first: int
    last: int
    g_L: float
    C_m: float
    E_L: float
    V_thre: float
    delta: float
    V_reset: float
    V_spike: float
    a: float
    b: float
    tau_w: float
    pause: int
    held: bool


@record
class Cells(NamedTuple):
    """State: v (mV), w (pA), conductances G (sources, cells) in nS, steps left to ``wait``."""

    v: Vector
    w: Vector
    G: Matrix
    wait: Words


@record
class Afferents(NamedTuple):
    """External spikes of one source to one population: ``expected`` per step and cell, their
    conductance, and what is ``left`` of each cell's interval (in expected spikes)."""

    source: int
    Q: float
    expected: Vector
    left: Vector


@record
class Synapses(NamedTuple):
    """Targets (cells) of the cells ``first``, ... of a population, in the row ``source`` of G;
    ``redrawn``: every spike goes out along the synapses of a cell drawn anew."""

    first: int
    source: int
    Q: float
    release: float
    redrawn: bool
    offsets: Indices
    targets: Words


@record
class Shifts(NamedTuple):
    """Spikes under way along one projection: ``delays`` in steps by synapse, and how many arrive
    (slots, targets) at the cells from ``first`` on, in slots that come round."""

    first: int
    delays: Shorts
    arriving: ShortRows


@njit([signature(types.void, int)], cache=True)
def seed_random(seed):
    """Seed numba's own generator of this process."""
    np.random.seed(seed)


@njit([signature(types.int64, int, int, int, float, bool, Indices, Words)], cache=True)
def draw_pairs(sources, first, targets, probability, own, offsets, found):
    """Draw every pair with one probability, by jumps from one to the next; how many there are.

    Targets are listed as cells from ``first`` on. Without self-connections where ``own``.
    """
    count, scale = 0, math.log1p(-probability) if probability < 1.0 else 0.0
    for j in range(sources):
        offsets[j] = count
        k = -1
        while True:
            jump = 1.0
            if scale < 0.0:
                jump += math.floor(math.log(1.0 - np.random.random()) / scale)
            if k + jump >= targets:
                break
            k += int(jump)
            if own and k == j:
                continue
            if count < found.shape[0]:
                found[count] = first + k
            count += 1
    offsets[sources] = count
    return count


@njit([signature(types.void, Cells, Afferents, Membrane, int)], cache=True, nogil=True)
def receive(cells, afferents, membrane, t):
    """External spikes of one step, from exponential intervals in expected spikes."""
    expected, G, left = afferents.expected[t], cells.G[afferents.source], afferents.left
    for i in range(membrane.first, membrane.last):
        k = i - membrane.first
        left[k] -= expected
        while left[k] <= 0.0:
            G[i] += afferents.Q
            left[k] -= math.log(1.0 - np.random.random())


@njit([signature(types.int64, Cells, Membrane, Vector, Vector, float, Words)],
      cache=True, nogil=True, error_model="numpy")  # fmt: skip
def advance(cells, m, kept, E, dt, spiking):
    """One step of a population's membranes and conductances; lists who spikes, says how many."""
    v, w, G, wait = cells.v, cells.w, cells.G, cells.wait
    count = 0
    for i in range(m.first, m.last):
        current = m.g_L * (m.E_L - v[i]) - w[i]
        for s in range(G.shape[0]):
            current += G[s, i] * (E[s] - v[i])
            G[s, i] *= kept[s]
        wait[i] = wait[i] - 1 if wait[i] > 0 else 0
        free = wait[i] == 0
        pull = (m.a * (v[i] - m.E_L) - w[i]) / m.tau_w
        if free or not m.held:
            w[i] += dt * pull
        if not free:
            continue
        if m.delta > 0.0:
            steep = min((v[i] - m.V_thre) / m.delta, _STEEPEST)
            current += m.g_L * m.delta * math.exp(steep)
        v[i] += dt * current / m.C_m
        if v[i] > m.V_spike:
            spiking[count] = i
            count += 1
    return count


@njit([signature(types.void, Cells, Synapses, Words, int)], cache=True, nogil=True)
def deliver(cells, synapses, spiking, count):
    """The spikes of one population along one projection."""
    G, Q, release = cells.G[synapses.source], synapses.Q, synapses.release
    offsets, targets = synapses.offsets, synapses.targets
    for s in range(count):
        j = spiking[s] - synapses.first
        if synapses.redrawn:
            j = int(np.random.random() * (offsets.shape[0] - 1))
        for k in range(offsets[j], offsets[j + 1]):
            if release >= 1.0 or np.random.random() < release:
                G[targets[k]] += Q


@njit([signature(types.void, Synapses, Shifts, Words, int, int)], cache=True, nogil=True)
def send(synapses, shifts, spiking, count, t):
    """The spikes of one step on their way, each synapse's own."""
    offsets, targets, slots = synapses.offsets, synapses.targets, shifts.arriving.shape[0]
    for s in range(count):
        j = spiking[s] - synapses.first
        for k in range(offsets[j], offsets[j + 1]):
            if synapses.release >= 1.0 or np.random.random() < synapses.release:
                shifts.arriving[(t + shifts.delays[k]) % slots, targets[k] - shifts.first] += 1


@njit([signature(types.void, Cells, Synapses, Shifts, int)], cache=True, nogil=True)
def arrive(cells, synapses, shifts, t):
    """The spikes that arrive in one step."""
    row, G = shifts.arriving[t % shifts.arriving.shape[0]], cells.G[synapses.source]
    for i in range(row.shape[0]):
        if row[i] > 0:
            G[shifts.first + i] += row[i] * synapses.Q
            row[i] = 0


@njit([signature(types.int64, Cells, Membrane, Words, int, WordRows, int, int)],
      cache=True, nogil=True)  # fmt: skip
def settle(cells, m, spiking, count, sample, seen, t):
    """Reset the cells that spiked and note those of the sample; returns how many are noted."""
    for s in range(count):
        i = spiking[s]
        cells.v[i] = m.V_reset
        cells.w[i] += m.b
        cells.wait[i] = m.pause
        if i - m.first < SAMPLE and seen < sample.shape[1]:
            sample[0, seen], sample[1, seen] = i - m.first, t
            seen += 1
    return seen
