"""Forward Euler steps of many independent neurons with noise, input currents and Poisson kicks.

The published tables of spiking neurons are made with fixed steps; spikes are detected at the end
of a step, so that latencies and intervals are multiples of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from numba import int64, types

from dynsys.compiled.clock import Clock
from dynsys.compiled.kernels import FIELD_TYPE
from dynsys.compiled.records import Cube, Indices, Matrix, Vector, record, signature
from dynsys.numba_cache import njit


@record
class SteppedNeuron(NamedTuple):
    """A neuron: its vector field, parameters p (m,), the packed ``SpikeRule``; ``running`` (n,): 1
    for states that move on while refractory, which is ``silence`` steps after a spike."""

    field: Annotated[Callable, FIELD_TYPE]
    p: Vector
    tables: Vector
    rule: Indices
    running: Indices
    silence: int


@record
class Inputs(NamedTuple):
    """What acts on the neurons: currents (1 or k, 1 or steps) are added to the parameter
    ``driven``; ``noise`` (n,): standard deviations per step; ``kicks`` (n, 2): mean number of
    Poisson events per step, size of each."""

    driven: int
    currents: Matrix
    noise: Vector
    kicks: Matrix
    seed: int


@record
class Recording(NamedTuple):
    """What is filled: spikes by neuron and time (room,), as far as the room goes; trace (recorded
    neurons, samples, n)."""

    spike_neurons: Indices
    spike_times: Vector
    trace: Cube


@njit(
    [signature(types.UniTuple(int64, 2), SteppedNeuron, Matrix, Clock, Inputs, Recording)],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def step_neurons(neuron, states, clock, inputs, recording):
    """Advance the neurons' states (k, n) in place.

    Returns the number of spikes (which may exceed the room) and the step at which a state left the
    finite numbers (-1).
    """
    # Unpacked: reading an array from a record in the loop would count its references each time.
    field, p, tables, rule, running, silence = neuron
    driven, currents, noise, kicks, seed = inputs
    spike_neurons, spike_times, trace = recording
    dt, _, steps, stride = clock
    np.random.seed(seed)
    neurons, n = states.shape
    pw, f = p.copy(), np.empty(n)
    count = 0
    for k in range(neurons):
        x, row, wait = states[k], k if currents.shape[0] > 1 else 0, 0
        for s in range(steps):
            if k < trace.shape[0] and s % stride == 0:
                for i in range(n):
                    trace[k, s // stride, i] = x[i]
            pw[driven] = p[driven] + currents[row, s if currents.shape[1] > 1 else 0]
            field(x, pw, tables, f)
            for i in range(n):
                if wait == 0 or running[i] == 1:
                    x[i] += dt * f[i]
                    if noise[i] > 0.0:
                        x[i] += noise[i] * np.random.standard_normal()
                if kicks[i, 0] > 0.0:
                    x[i] += kicks[i, 1] * np.random.poisson(kicks[i, 0])
            if wait > 0:
                wait -= 1
                continue
            if not math.isfinite(x[n - 1]):
                return count, s
            if not x[0] < p[rule[0]]:  # an overshoot may be infinite
                if count < spike_times.shape[0]:
                    spike_neurons[count] = k
                    spike_times[count] = (s + 1) * dt
                count += 1
                x[0] = p[rule[1]]
                for i in range(1, n):
                    if rule[2 + i] >= 0:
                        x[i] += p[rule[2 + i]]
                wait = silence
    return count, -1
