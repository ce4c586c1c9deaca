"""Dormand & Prince's method of order 5(4) with dense output, for ordinary and delay equations.

Source: Dormand & Prince 1980, J Comput Appl Math 6:19; the dense output of order 4 is that of
Hairer, Norsett & Wanner 1993, Solving Ordinary Differential Equations I, II.6.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import float64, types

from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.compiled.records import Indices, Matrix, Vector, record, signature
from dynsys.numba_cache import njit
from dynsys.simulation.arguments import Rates
from dynsys.simulation.bounds import beyond
from dynsys.simulation.dense_history import (
    NODES,
    Drives,
    Reader,
    Steps,
    add_drive,
    read_signals,
)
from dynsys.simulation.dormand_prince_tableau import DENSE, ERROR, STAGES, TIMES
from dynsys.simulation.history import rest

COMPLETE, NOT_FINITE, STEP_TOO_SMALL, TOO_MANY, OUT_OF_BOUNDS = 0, 1, 2, 3, 4


@njit([types.void(float64, float64, VECTOR, VECTOR, MATRIX, VECTOR)], cache=True)
def dense(theta, h, start, end, k, out):
    """State at the fraction ``theta`` of a step, written to the first n of ``out``."""
    n = k.shape[1]
    for i in range(n):
        difference = end[i] - start[i]
        bump = h * k[0, i] - difference
        last = difference - h * k[6, i] - bump
        fourth = 0.0
        for s in range(7):
            fourth += DENSE[s] * k[s, i]
        rest_ = last + (1.0 - theta) * h * fourth
        out[i] = start[i] + theta * (difference + (1.0 - theta) * (bump + theta * rest_))


@njit([float64(float64, VECTOR, VECTOR, MATRIX, VECTOR, float64, float64)], cache=True)
def error_norm(h, start, end, k, scale, rtol, atol):
    """Root mean square of the embedded error over its tolerance."""
    n, total = k.shape[1], 0.0
    for i in range(n):
        error = 0.0
        for s in range(7):
            error += ERROR[s] * k[s, i]
        allowed = atol * scale[i] + rtol * max(abs(start[i]), abs(end[i]))
        total += (h * error / allowed) ** 2
    return math.sqrt(total / n)


@record
class Point(NamedTuple):
    """What is integrated: x (n,) the initial state, final on return; p (rows,) as prepared;
    lags (k,)."""

    x: Vector
    p: Vector
    lags: Vector


@record
class Span(NamedTuple):
    """From when to when; ``kinks``: times at which a step must end."""

    begin: float
    end: float
    kinks: Vector


@record
class Control(NamedTuple):
    """Tolerances, the absolute one in units of ``scale`` (n,), longest step, most steps, and
    ``bound``: the run stops where a state is larger."""

    scale: Vector
    rtol: float
    atol: float
    longest: float
    most: int
    bound: float


@record
class Recording(NamedTuple):
    """What to record at ``samples``: columns (r,), observables (``observed`` of them) first, then
    states; out (samples, r)."""

    samples: Vector
    columns: Indices
    observed: int
    out: Matrix


@njit
def _remembered(past, begin, longest, delayed):
    """The past's steps with room for those to come, and how many they are."""
    old = past.values.shape[0]
    times, values = np.empty(old + 1025), np.empty((old + 1024, NODES, delayed))
    for s in range(old):
        times[s] = past.times[s]
        for i in range(NODES):
            for j in range(delayed):
                values[s, i, j] = past.values[s, i, j]
    times[old], times[old + 1] = begin, begin + longest
    return Steps(times, values), old


@njit
def _forgotten(steps, count, lags, t):
    """The steps without what no delay reaches any more, with more room where all of it is needed;
    how many they are, and whether any were dropped."""
    delayed = lags.shape[0]
    oldest = 0
    reach = 0.0
    for j in range(delayed):
        reach = max(reach, lags[j])
    while oldest + 1 < count and steps.times[oldest + 1] < t - reach:
        oldest += 1
    keep = count - oldest
    room = 2 * keep + 1024
    times, values = np.empty(room + 1), np.empty((room, NODES, delayed))
    for s in range(keep):
        times[s] = steps.times[oldest + s]
        for i in range(NODES):
            for j in range(delayed):
                values[s, i, j] = steps.values[oldest + s, i, j]
    times[keep] = steps.times[count]
    return Steps(times, values), keep, oldest > 0


@njit
def _keep_last(steps, count, history):
    """Copy the last steps, as many as fit, to ``history``; times that are not used become nan."""
    times, values = history.times, history.values
    kept = min(count, values.shape[0])
    for s in range(kept):
        times[s] = steps.times[count - kept + s]
        for i in range(NODES):
            for j in range(values.shape[2]):
                values[s, i, j] = steps.values[count - kept + s, i, j]
    times[kept] = steps.times[count]
    for s in range(kept, values.shape[0]):
        times[s + 1] = math.nan


@njit
def _drive(rates, t, low, high, drives, p, out):
    """Set ``out`` to the parameters at time t, prepared, inside the step (low, high)."""
    if drives.driven.shape[0] > 0:
        add_drive(t, low, high, drives, p, out)
        rates.prepare(out, out, rates.tables, out)


@njit(
    [
        signature(
            types.UniTuple(float64, 5),
            Rates, Point, Steps, Span, Control, Drives, Recording, Steps,
        )
    ],
    cache=True,
    nogil=True,
)  # fmt: skip
def integrate_adaptively(rates, point, past, span, control, drives, recording, history):
    """Integrate one point over a span, recording at the samples.

    ``past`` holds the signals' steps before the span, none where they were at rest. On return the
    point's ``x`` is the final state, ``history`` the last steps. Returns (status, time reached,
    first sample outside a table or nan, accepted steps, field evaluations).
    """
    field, tables = rates.field, rates.tables
    x, p, lags = point.x, point.p, point.lags
    begin, end, kinks = span.begin, span.end, span.kinks
    scale, rtol, atol, longest = control.scale, control.rtol, control.atol, control.longest
    samples, columns, observed = recording.samples, recording.columns, recording.observed
    n, delayed = scale.shape[0], lags.shape[0]
    start, new, stage = np.zeros(n + delayed), np.zeros(n + delayed), np.zeros(n + delayed)
    k = np.empty((7, n))
    rate, reader = np.empty(rates.room), Reader(lags, np.zeros(delayed, np.int64), np.empty(NODES))
    seen, pw = n + delayed, p.copy()
    for i in range(n):
        start[i] = x[i]
    steps, count = _remembered(past, begin, longest, delayed)
    before = count == 0
    if before and delayed > 0:
        rest(field, start, p, tables, n, rate)
        for i in range(NODES):
            for j in range(delayed):
                steps.values[0, i, j] = rate[n + j]
    t, h, status, outside = begin, min(longest, (end - begin) * 1e-3), COMPLETE, math.nan
    evaluations, accepted, sample, kink = 0.0, 0, 0, 0
    fresh = True
    while t < end:
        if accepted >= control.most:
            status = TOO_MANY
            break
        while kink < kinks.shape[0] and kinks[kink] <= t + 1e-12 * max(1.0, abs(t)):
            kink += 1
        target = min(end, kinks[kink]) if kink < kinks.shape[0] else end
        h = min(h, longest)
        step = h
        if t + 1.01 * step >= target:
            step = target - t
        elif t + 2.0 * step > target:
            step = 0.5 * (target - t)
        until = target if t + step >= target - 1e-15 * abs(target) else t + step
        if fresh:
            _drive(rates, t, t, until, drives, p, pw)
            if delayed > 0:
                read_signals(t, reader, n, steps, count, before, start)
            field(start, pw, tables, rate)
            evaluations += 1.0
            for i in range(n):
                k[0, i] = rate[i]
            for j in range(delayed):
                steps.values[count, 0, j] = rate[n + j]
            fresh = False
        for s in range(1, 7):
            for i in range(n):
                move = 0.0
                for j in range(s):
                    move += STAGES[s, j] * k[j, i]
                stage[i] = start[i] + step * move
            at = t + TIMES[s] * step
            _drive(rates, at, t, until, drives, p, pw)
            if delayed > 0:
                read_signals(at, reader, n, steps, count, before, stage)
            field(stage, pw, tables, rate)
            for i in range(n):
                k[s, i] = rate[i]
        evaluations += 6.0
        for i in range(n + delayed):
            new[i] = stage[i]
        error = error_norm(step, start, new, k, scale, rtol, atol)
        if not error <= 1.0:
            shrink = 0.2 if not math.isfinite(error) else max(0.2, 0.9 * error**-0.2)
            h = step * shrink
            if h < 1e-13 * max(abs(t), end - begin):
                status = NOT_FINITE if not math.isfinite(error) else STEP_TOO_SMALL
                break
            continue
        last_signals = rate[n:seen].copy()
        # What the next step and the recordings read: the signals along this step.
        if delayed > 0:
            for i in range(1, NODES - 1):
                theta = i / (NODES - 1.0)
                at = t + theta * step
                dense(theta, step, start, new, k, stage)
                _drive(rates, at, t, until, drives, p, pw)
                read_signals(at, reader, n, steps, count, before, stage)
                field(stage, pw, tables, rate)
                for j in range(delayed):
                    steps.values[count, i, j] = rate[n + j]
            evaluations += NODES - 2.0
            for j in range(delayed):
                steps.values[count, NODES - 1, j] = last_signals[j]
        while sample < samples.shape[0] and samples[sample] <= until + 1e-12 * max(1.0, abs(until)):
            at = samples[sample]
            dense(min(max((at - t) / step, 0.0), 1.0), step, start, new, k, stage)
            if beyond(stage, n, control.bound):
                status = OUT_OF_BOUNDS
                break
            _drive(rates, at, t, until, drives, p, pw)
            if delayed > 0:
                read_signals(at, reader, n, steps, count, before, stage)
            rates.watch(stage, pw, tables, rate)
            if rate[seen + observed] < 0.0 and math.isnan(outside):
                outside = at
            for r in range(columns.shape[0]):
                c = columns[r]
                recording.out[sample, r] = rate[seen + c] if c < observed else stage[c - observed]
            sample += 1
        for i in range(n + delayed):
            start[i] = new[i]
        for i in range(n):
            k[0, i] = k[6, i]
        t = until
        accepted += 1
        count += 1
        steps.times[count] = t
        if kink < kinks.shape[0] and abs(kinks[kink] - t) <= 1e-12 * max(1.0, abs(t)):
            fresh = True
        h = step * min(5.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.2)) if step >= 0.5 * h else h
        if count + 1 >= steps.values.shape[0]:
            steps, count, dropped = _forgotten(steps, count, lags, t)
            before = before and not dropped
            for j in range(delayed):
                reader.cursor[j] = 0
        for j in range(delayed):
            steps.values[count, 0, j] = last_signals[j]
        if status == OUT_OF_BOUNDS or beyond(start, n, control.bound):
            status = OUT_OF_BOUNDS
            break
    for i in range(n):
        x[i] = start[i]
    _keep_last(steps, count, history)
    return float(status), t, outside, float(accepted), evaluations
