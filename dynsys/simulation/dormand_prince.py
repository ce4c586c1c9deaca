"""Dormand & Prince's method of order 5(4) with dense output, for ordinary and delay equations.

Source: Dormand & Prince 1980, J Comput Appl Math 6:19; the dense output of order 4 is that of
Hairer, Norsett & Wanner 1993, Solving Ordinary Differential Equations I, II.6.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float64, int64, types

from dynsys.compiled.kernels import FIELD_TYPE, MATRIX, VECTOR
from dynsys.numba_cache import njit
from dynsys.simulation.dense_history import CUBE, INTEGERS, NODES, add_drive, read_signals
from dynsys.simulation.dormand_prince_tableau import DENSE, ERROR, STAGES, TIMES
from dynsys.simulation.history import rest

COMPLETE, NOT_FINITE, STEP_TOO_SMALL, TOO_MANY = 0, 1, 2, 3


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


@njit(
    [
        types.UniTuple(float64, 5)(
            FIELD_TYPE, FIELD_TYPE, int64, VECTOR, VECTOR, VECTOR, VECTOR,
            types.Array(float64, 1, "C"), CUBE, int64,
            float64, float64, VECTOR, VECTOR, INTEGERS, VECTOR, MATRIX,
            VECTOR, float64, float64, float64, int64,
            VECTOR, INTEGERS, int64, MATRIX, VECTOR, CUBE,
        )
    ],
    cache=True,
    nogil=True,
)  # fmt: skip
def integrate_adaptively(
    field, watch, room, x, p, tables, lags,
    past_times, past_values, has_past,
    begin, end, kinks, scale, driven, breaks, pieces,
    settings_scale, rtol, atol, longest, most,
    samples, columns, observed, out, history_times, history_values,
):  # fmt: skip
    """Integrate one point from ``begin`` to ``end``, recording at ``samples``.

    field, watch: see ``Motion``; room: the length of what they write to.
    past_times (s + 1,), past_values (s, 5, k): the signals' steps before ``begin`` where
    ``has_past``. kinks: times at which a step must end. breaks, pieces: the drives, see
    ``add_drive``. On return ``x`` is the final state, ``history_*`` the last steps (as many as
    fit, at the end). Returns (status, time reached, first sample outside a table or nan, accepted
    steps, field evaluations).
    """
    n, delayed = scale.shape[0], lags.shape[0]
    start, new, stage = np.zeros(n + delayed), np.zeros(n + delayed), np.zeros(n + delayed)
    k = np.empty((7, n))
    rate, weight = np.empty(room), np.empty(NODES)
    seen, pw = n + delayed, p.copy()
    cursor = np.zeros(delayed, int64)
    for i in range(n):
        start[i] = x[i]
    old = past_values.shape[0] if has_past else 0
    times = np.empty(old + 1025)
    values = np.empty((old + 1024, NODES, delayed))
    count, before = old, 0 if has_past else 1
    for s in range(old):
        times[s] = past_times[s]
        for i in range(NODES):
            for j in range(delayed):
                values[s, i, j] = past_values[s, i, j]
    times[count], times[count + 1] = begin, begin + longest
    if not has_past and delayed > 0:
        add_drive(begin, begin, begin + longest, breaks, pieces, driven, p, pw)
        rest(field, start, p, tables, n, rate)
        for i in range(NODES):
            for j in range(delayed):
                values[0, i, j] = rate[n + j]
    t, h, status, outside = begin, min(longest, (end - begin) * 1e-3), COMPLETE, math.nan
    evaluations, accepted, sample, kink = 0.0, 0, 0, 0
    fresh = True
    while t < end:
        if accepted >= most:
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
            add_drive(t, t, until, breaks, pieces, driven, p, pw)
            if delayed > 0:
                read_signals(t, lags, n, times, values, count, cursor, before, weight, start)
            field(start, pw, tables, rate)
            evaluations += 1.0
            for i in range(n):
                k[0, i] = rate[i]
            for j in range(delayed):
                values[count, 0, j] = rate[n + j]
            fresh = False
        for s in range(1, 7):
            for i in range(n):
                move = 0.0
                for j in range(s):
                    move += STAGES[s, j] * k[j, i]
                stage[i] = start[i] + step * move
            at = t + TIMES[s] * step
            add_drive(at, t, until, breaks, pieces, driven, p, pw)
            if delayed > 0:
                read_signals(at, lags, n, times, values, count, cursor, before, weight, stage)
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
                add_drive(at, t, until, breaks, pieces, driven, p, pw)
                read_signals(at, lags, n, times, values, count, cursor, before, weight, stage)
                field(stage, pw, tables, rate)
                for j in range(delayed):
                    values[count, i, j] = rate[n + j]
            evaluations += NODES - 2.0
            for j in range(delayed):
                values[count, NODES - 1, j] = last_signals[j]
        while sample < samples.shape[0] and samples[sample] <= until + 1e-12 * max(1.0, abs(until)):
            at = samples[sample]
            dense(min(max((at - t) / step, 0.0), 1.0), step, start, new, k, stage)
            add_drive(at, t, until, breaks, pieces, driven, p, pw)
            if delayed > 0:
                read_signals(at, lags, n, times, values, count, cursor, before, weight, stage)
            watch(stage, pw, tables, rate)
            if rate[seen + observed] < 0.0 and math.isnan(outside):
                outside = at
            for r in range(columns.shape[0]):
                c = columns[r]
                out[sample, r] = rate[seen + c] if c < observed else stage[c - observed]
            sample += 1
        for i in range(n + delayed):
            start[i] = new[i]
        for i in range(n):
            k[0, i] = k[6, i]
        t = until
        accepted += 1
        count += 1
        times[count] = t
        if kink < kinks.shape[0] and abs(kinks[kink] - t) <= 1e-12 * max(1.0, abs(t)):
            fresh = True
        h = step * min(5.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.2)) if step >= 0.5 * h else h
        if count + 1 >= values.shape[0]:
            # Forget what no delay reaches any more; make room where all of it is needed.
            oldest = 0
            reach = 0.0
            for j in range(delayed):
                reach = max(reach, lags[j])
            while oldest + 1 < count and times[oldest + 1] < t - reach:
                oldest += 1
            keep = count - oldest
            room = 2 * keep + 1024
            more_times, more = np.empty(room + 1), np.empty((room, NODES, delayed))
            for s in range(keep):
                more_times[s] = times[oldest + s]
                for i in range(NODES):
                    for j in range(delayed):
                        more[s, i, j] = values[oldest + s, i, j]
            more_times[keep] = times[count]
            if oldest > 0:
                before = 0
            times, values, count = more_times, more, keep
            for j in range(delayed):
                cursor[j] = 0
        for j in range(delayed):
            values[count, 0, j] = last_signals[j]
    for i in range(n):
        x[i] = start[i]
    kept = min(count, history_values.shape[0])
    for s in range(kept):
        history_times[s] = times[count - kept + s]
        for i in range(NODES):
            for j in range(delayed):
                history_values[s, i, j] = values[count - kept + s, i, j]
    history_times[kept] = times[count]
    for s in range(kept, history_values.shape[0]):
        history_times[s + 1] = math.nan
    return float(status), t, outside, float(accepted), evaluations
