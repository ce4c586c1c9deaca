"""One run per thread of a GPU: the fixed-step methods of ``fixed_step`` without inputs and noise.

Of n numbers of every run, number k of run i lies at [k, i], so that neighboring threads read
neighboring numbers. Only who asks for a GPU imports this file: it loads numba's support of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from numba import cuda, float64

from dynsys.simulation import history

_THREADS = 128  # of a block
_REST = 200  # rounds until signals that answer delayed signals agree


@cache
def kernel_of(module: ModuleType, stages: int) -> Callable:
    """The kernel for a model's device functions and a method of so many stages."""
    # Attributes of a module are no constants for the compiler: closures are.
    field, watch = module.field, module.watch
    n, delayed, room, parameters = module.STATES, module.DELAYED, module.OUT, module.PARAMETERS
    observed, width = module.OBSERVED, n + delayed

    first_cell = cuda.jit(device=True)(history.first_cell.py_func)

    @cuda.jit(device=True)
    def read_delayed(ring, run, kinks, now, stage, base, low, weights, x):
        mask = ring.shape[0] - 1
        for k in range(delayed):
            first, variant = first_cell(base, low, kinks, now, stage, k)
            value = 0.0
            for i in range(weights.shape[3]):
                value += weights[stage, k, variant, i] * ring[(first + i) & mask, k, run]
            x[n + k] = value

    @cuda.jit(device=True)
    def begin(x, p, tables, rate, ring, run, has_past):
        if has_past or delayed == 0:
            return
        for k in range(delayed):
            x[n + k] = 0.0
        for _ in range(_REST):
            field(x, p, tables, rate)
            change, size = 0.0, 1e-300
            for k in range(delayed):
                moved, now = abs(x[n + k] - rate[n + k]), abs(rate[n + k])
                change = moved if moved > change else change
                size = now if now > size else size
                x[n + k] = rate[n + k]
            if not change > 1e-13 * size:
                break
        for i in range(ring.shape[0]):
            for k in range(delayed):
                ring[i, k, run] = x[n + k]

    @cuda.jit
    def integrate(
        states, values, tables, a, b, dt, settle, steps, stride,
        base, low, weights, kinks, ring, has_past, columns, out, report,
    ):  # fmt: skip
        run = cuda.grid(1)
        if run >= states.shape[1]:
            return
        x, stage_x = cuda.local.array(width, float64), cuda.local.array(width, float64)
        p, rate = cuda.local.array(parameters, float64), cuda.local.array(room, float64)
        k = cuda.local.array((stages, n), float64)
        for i in range(n):
            x[i] = states[i, run]
        for i in range(parameters):
            p[i] = values[i, run]
        begin(x, p, tables, rate, ring, run, has_past)
        left, nearest, done, total = -1.0, math.inf, settle + steps, settle + steps
        for step in range(total + 1):
            forced = step - settle
            if delayed > 0:
                read_delayed(ring, run, kinks, step, 0, base, low, weights, x)
            recorded = forced >= 0 and forced % stride == 0
            if recorded:
                watch(x, p, tables, rate)
            else:
                field(x, p, tables, rate)
            for j in range(delayed):
                ring[step & (ring.shape[0] - 1), j, run] = rate[n + j]
            finite = True
            for i in range(n):
                finite = finite and math.isfinite(x[i])
            if not finite:
                done = step - 1
                break
            if recorded:
                margin = rate[n + delayed + observed]
                if margin < nearest:
                    nearest = margin
                    if margin < 0.0 and left < 0.0:
                        left = float(step)
                for r in range(columns.shape[0]):
                    at = columns[r]
                    value = rate[n + delayed + at] if at < observed else x[at - observed]
                    out[forced // stride, r, run] = value
            if step == total:
                break
            for s in range(stages):
                if s > 0:
                    for i in range(n):
                        move = 0.0
                        for j in range(s):
                            if a[s, j] != 0.0:
                                move += a[s, j] * k[j, i]
                        stage_x[i] = x[i] + dt * move
                    if delayed > 0:
                        read_delayed(ring, run, kinks, step, s, base, low, weights, stage_x)
                    field(stage_x, p, tables, rate)
                for i in range(n):
                    k[s, i] = rate[i]
            for i in range(n):
                move = 0.0
                for s in range(stages):
                    move += b[s] * k[s, i]
                x[i] += dt * move
        report[0, run], report[1, run], report[2, run] = done, left, nearest
        for i in range(n):
            states[i, run] = x[i]

    return integrate


def launch(kernel: Any, runs: int, *arguments: Any) -> None:
    """Start a kernel with a thread per run."""
    threads = min(_THREADS, runs)
    kernel[-(-runs // threads), threads](*arguments)
