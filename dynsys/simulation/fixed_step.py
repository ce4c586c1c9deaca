"""Explicit Runge-Kutta methods with fixed steps, for ordinary, delay and stochastic equations.

One compiled function integrates any method over any number of parameter points without the global
interpreter lock. Noise enters every stage as its Brownian increment over the step: with Euler's
tableau that is the Euler-Maruyama method (Ito), with Heun's the stochastic Heun method
(Stratonovich; Kloeden & Platen 1992).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import float64, int64, types, uint8

from dynsys.compiled.kernels import FIELD_TYPE, MATRIX, OBSERVABLES_TYPE, VECTOR
from dynsys.numba_cache import njit
from dynsys.simulation.history import INTEGERS, mark_kinks, read_delayed, rest, stencils

CUBE = types.Array(float64, 3, "C")
DRIVE = types.Array(float64, 4, "C")


@dataclass(frozen=True)
class Tableau:
    """A Runge-Kutta method: stages, weights, times (0, 1/2 or 1), points that read the past."""

    name: str
    order: int
    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]
    c: tuple[float, ...]
    points: int

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """a (s, s), b (s,), c (s,)."""
        return np.array(self.a), np.array(self.b), np.array(self.c)


EULER = Tableau("euler", 1, ((0.0,),), (1.0,), (0.0,), 2)
HEUN = Tableau("heun", 2, ((0.0, 0.0), (1.0, 0.0)), (0.5, 0.5), (0.0, 1.0), 4)
RK4 = Tableau(
    "rk4", 4,
    ((0.0,) * 4, (0.5, 0.0, 0.0, 0.0), (0.0, 0.5, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0)),
    (1 / 6, 1 / 3, 1 / 3, 1 / 6), (0.0, 0.5, 0.5, 1.0), 4,
)  # fmt: skip
TABLEAUS = {method.name: method for method in (EULER, HEUN, RK4)}


@njit(
    [
        types.void(
            FIELD_TYPE, FIELD_TYPE, OBSERVABLES_TYPE, int64,
            MATRIX, VECTOR, VECTOR, int64,
            MATRIX, MATRIX, VECTOR, MATRIX, CUBE, int64,
            float64, int64, int64, int64,
            INTEGERS, DRIVE, INTEGERS, CUBE, INTEGERS,
            INTEGERS, int64, CUBE, MATRIX, int64, int64,
        )
    ],
    cache=True,
    nogil=True,
)  # fmt: skip
def integrate(
    field, watch, diffusion, room,
    a, b, c, points,
    x, p, tables, lags, past, has_past,
    dt, settle, steps, stride,
    driven, drive, edges, increments, noisy,
    columns, observed, out, report, first, last,
):  # fmt: skip
    """Integrate the points ``first`` to ``last`` and record them.

    field, watch, diffusion: see ``Motion``; room: the length of what the first two write to.
    x (P, n): initial states, final ones on return. p (P, m). lags (P, k). past (P, H, k): signals
    up to now in steps of dt, H a power of two; read if ``has_past``, final ones on return.
    drive (1 or P, steps, 3, d): what is added to the parameters ``driven`` at the start, middle and
    end of each step after ``settle`` unrecorded ones. edges: steps at which a drive jumps.
    increments (1 or P, settle + steps, q): of the Brownian motions of the states ``noisy``.
    columns (r): what to record, observables first, then states. out (P, samples, r), every
    ``stride`` steps. report (P, 3): the steps done, the first step outside a table (or -1), the
    smallest margin to a table's edge.
    """
    n, delayed, stages = x.shape[1], lags.shape[1], b.shape[0]
    length = past.shape[1]
    state, stage_state = np.empty(n + delayed), np.empty(n + delayed)
    k = np.empty((stages, n))
    rate, noise = np.empty(room), np.zeros(n)
    seen = n + delayed
    pw = np.empty(p.shape[1])
    ring = np.zeros((length, delayed))
    base = np.empty((stages, delayed), int64)
    low = np.empty((stages, delayed, 3), int64)
    weight = np.empty((stages, delayed, 3, points))
    kinks = np.zeros(settle + steps + 2 if delayed > 0 else 0, uint8)
    total = settle + steps
    shifted = np.empty(edges.shape[0], int64)
    for e in range(edges.shape[0]):
        shifted[e] = edges[e] + settle
    for point in range(first, last):
        row = point if drive.shape[0] > 1 else 0
        lane = point if increments.shape[0] > 1 else 0
        for i in range(n):
            state[i] = x[point, i]
        for i in range(p.shape[1]):
            pw[i] = p[point, i]
        if delayed > 0:
            stencils(lags[point], c, dt, points, base, low, weight)
            mark_kinks(lags[point], dt, shifted, kinks)
            if has_past:
                for i in range(length):
                    for j in range(delayed):
                        ring[(i + 1) & (length - 1), j] = past[point, i, j]
            else:
                for j in range(delayed):
                    state[n + j] = 0.0
                rest(field, state, pw, tables, n, rate)
                for i in range(length):
                    for j in range(delayed):
                        ring[i, j] = rate[n + j]
        report[point, 1], report[point, 2] = -1.0, math.inf
        done = total
        for step in range(total + 1):
            forced = step - settle
            if delayed > 0:
                read_delayed(ring, kinks, step, 0, n, base, low, weight, state)
            if 0 <= forced < steps:
                for d in range(driven.shape[0]):
                    pw[driven[d]] = p[point, driven[d]] + drive[row, forced, 0, d]
            elif forced == steps and steps > 0:
                for d in range(driven.shape[0]):
                    pw[driven[d]] = p[point, driven[d]] + drive[row, steps - 1, 2, d]
            recorded = forced >= 0 and forced % stride == 0
            if recorded:
                watch(state, pw, tables, rate)
            else:
                field(state, pw, tables, rate)
            for j in range(delayed):
                ring[step & (length - 1), j] = rate[n + j]
            if recorded or step % 64 == 0:
                finite = True
                for i in range(n):
                    finite = finite and math.isfinite(state[i])
                if not finite:
                    done = step
                    break
            if recorded:
                margin = rate[seen + observed]
                if margin < report[point, 2]:
                    report[point, 2] = margin
                    if margin < 0.0 and report[point, 1] < 0.0:
                        report[point, 1] = step
                sample = forced // stride
                for r in range(columns.shape[0]):
                    at = columns[r]
                    out[point, sample, r] = (
                        rate[seen + at] if at < observed else state[at - observed]
                    )
            if step == total:
                break
            for s in range(stages):
                if s > 0:
                    for i in range(n):
                        move = 0.0
                        for j in range(s):
                            move += a[s, j] * k[j, i]
                        stage_state[i] = state[i] + dt * move
                    if delayed > 0:
                        read_delayed(ring, kinks, step, s, n, base, low, weight, stage_state)
                    if forced >= 0:
                        slot = int(2.0 * c[s] + 0.5)
                        for d in range(driven.shape[0]):
                            pw[driven[d]] = p[point, driven[d]] + drive[row, forced, slot, d]
                    field(stage_state, pw, tables, rate)
                for i in range(n):
                    k[s, i] = rate[i]
                if noisy.shape[0] > 0:
                    if s > 0:
                        diffusion(stage_state, pw, tables, noise)
                    else:
                        diffusion(state, pw, tables, noise)
                    for q in range(noisy.shape[0]):
                        i = noisy[q]
                        k[s, i] += noise[i] * increments[lane, step, q] / dt
            for i in range(n):
                move = 0.0
                for s in range(stages):
                    move += b[s] * k[s, i]
                state[i] += dt * move
        report[point, 0] = done
        for i in range(n):
            x[point, i] = state[i]
        for i in range(length):
            for j in range(delayed):
                past[point, i, j] = ring[(done + i + 1) & (length - 1), j]
