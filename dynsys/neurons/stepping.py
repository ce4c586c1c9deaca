"""Forward Euler steps of many independent neurons with noise, input currents and Poisson kicks.

The published tables of spiking neurons are made with fixed steps; spikes are detected at the end
of a step, so that latencies and intervals are multiples of it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float64, int64, types

from dynsys.compiled.kernels import FIELD_TYPE, MATRIX, VECTOR
from dynsys.neurons.flow import CUBE, INTEGERS
from dynsys.numba_cache import njit

COUNTS = types.Array(int64, 1, "C")


@njit(
    [
        types.UniTuple(int64, 2)(
            FIELD_TYPE, VECTOR, VECTOR, INTEGERS, INTEGERS, float64, int64, int64, int64,
            MATRIX, MATRIX, VECTOR, MATRIX, int64, COUNTS, VECTOR, CUBE, int64,
        )
    ],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def step_neurons(
    field, p, tables, rule, running, dt, steps, silence, current,
    x, inputs, noise, kicks, seed, spike_neurons, spike_times, trace, stride,
):  # fmt: skip
    """Advance the neurons x (k, n) in place; spikes go to ``spike_neurons``, ``spike_times``.

    running (n,): 1 for states that move on while refractory. silence: steps frozen after a spike.
    inputs (1 or k, steps): added to the parameter of index ``current``. noise (n,): standard
    deviations per step. kicks (n, 2): mean number of Poisson events per step, size of each.
    trace (recorded neurons, samples, n): states every ``stride`` steps. Returns the number of
    spikes (which may exceed the room) and the step at which a state left the finite numbers (-1).
    """
    np.random.seed(seed)
    neurons, n = x.shape
    pw, f = p.copy(), np.empty(n)
    base, count = p[current], 0
    for k in range(neurons):
        row = k if inputs.shape[0] > 1 else 0
        wait = 0
        for s in range(steps):
            if k < trace.shape[0] and s % stride == 0:
                for i in range(n):
                    trace[k, s // stride, i] = x[k, i]
            pw[current] = base + inputs[row, s if inputs.shape[1] > 1 else 0]
            field(x[k], pw, tables, f)
            for i in range(n):
                if wait == 0 or running[i] == 1:
                    x[k, i] += dt * f[i]
                    if noise[i] > 0.0:
                        x[k, i] += noise[i] * np.random.standard_normal()
                if kicks[i, 0] > 0.0:
                    x[k, i] += kicks[i, 1] * np.random.poisson(kicks[i, 0])
            if wait > 0:
                wait -= 1
                continue
            if not math.isfinite(x[k, n - 1]):
                return count, s
            if not x[k, 0] < p[rule[0]]:  # an overshoot may be infinite
                if count < spike_times.shape[0]:
                    spike_neurons[count] = k
                    spike_times[count] = (s + 1) * dt
                count += 1
                x[k, 0] = p[rule[1]]
                for i in range(1, n):
                    if rule[2 + i] >= 0:
                        x[k, i] += p[rule[2 + i]]
                wait = silence
    return count, -1
