"""Fixed steps for blocks of runs side by side: the methods of ``fixed_step``, digit by digit.

Every loop goes over all runs of a block, which the compiler turns into vector instructions. The
runs of a block share their delays and the times at which their inputs jump. A run whose state is no
longer finite is reported at that step and calculated on to no effect.

Functions of the loop over steps allocate nothing and count no references (``_nrt``): the counts of
two dozen arrays, which all threads share, would take longer than the steps of simple models.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types

from dynsys.compiled.clock import Clock
from dynsys.compiled.records import Cube, signature
from dynsys.numba_cache import njit
from dynsys.simulation.arguments import Method
from dynsys.simulation.block_arrays import Block, BlockForcing, BlockNoise, LaneRates, Results
from dynsys.simulation.exponential import exponential_step, too_long
from dynsys.simulation.history import first_cell, rest
from dynsys.simulation.poles import STIFF, TURN, doubt, leaves, report_straying, strays


@njit([signature(types.void, LaneRates, Block, Cube, bool)], cache=True, nogil=True)
def begin(model, block, past, has_past):
    """Prepare the parameters and fill the ring with the past of every run."""
    width, ring = block.width, block.ring
    model.rates.prepare(block.x, block.p, model.rates.tables, block.p)
    length, delayed = ring.shape[0], ring.shape[1] // width
    if delayed == 0:
        return
    single = model.single
    n = block.before.shape[0] // width
    state, rate = np.zeros(n + delayed), np.empty(single.room)
    parameters = np.empty(single.rows)
    for lane in range(width):
        for i in range(n):
            state[i] = block.x[i * width + lane]
        for i in range(parameters.shape[0]):
            parameters[i] = block.p[i * width + lane]
        if not has_past:
            state[n:] = 0.0
            rest(single.field, state, parameters, single.tables, n, rate)
        for i in range(length):
            for j in range(delayed):
                value = past[block.points[lane], i, j] if has_past else rate[n + j]
                ring[(i + 1) & (length - 1), j * width + lane] = value


@njit(_nrt=False)
def _force(model, block, forcing, step, slot):
    """Parameters at the start, middle or end (``slot`` 0, 1, 2) of a step."""
    width, driven, values = block.width, forcing.driven, forcing.values
    own = values.shape[3] > 1
    for d in range(driven.shape[0]):
        first = driven[d] * width
        for lane in range(width):
            added = values[d, step, slot, lane if own else 0]
            block.p[first + lane] = block.base[first + lane] + added
    model.rates.prepare(block.x, block.p, model.rates.tables, block.p)


@njit(_nrt=False)
def _read_delayed(ring, kinks, reads, now, stage, width, delayed):
    """``history.read_delayed`` for a block, whose runs read at the same places, to ``delayed``."""
    base, low, weight = reads.base, reads.low, reads.weights
    mask = ring.shape[0] - 1
    for k in range(base.shape[1]):
        first, variant = first_cell(base, low, kinks, now, stage, k)
        here = delayed[k * width : (k + 1) * width]
        for i in range(weight.shape[3]):
            w = weight[stage, k, variant, i]
            row = ring[(first + i) & mask, k * width : (k + 1) * width]
            if i == 0:
                for lane in range(width):
                    here[lane] = 0.0 + w * row[lane]
            else:
                for lane in range(width):
                    here[lane] += w * row[lane]


@njit(forceinline=True, _nrt=False)
def _strange(low, high, largest, peak):
    """1 where slopes between ``low`` and ``high`` disagree as ``poles.slopes_disagree`` says."""
    return int(high - low > TURN * largest) & int(largest > STIFF * peak)


@njit(forceinline=True, _nrt=False)
def disagree(stages, k0, k1, k2, k3, rate, peak):
    """Whether any slopes of a step disagree; peaks are brought up to its end."""
    odd = 0
    if stages == 1:
        for i in range(peak.shape[0]):
            first, last = abs(k0[i]), abs(rate[i])
            largest = first if first > last else last
            peak[i] = last if last > peak[i] else peak[i]
            odd |= _strange(0.0, abs(rate[i] - k0[i]), largest, peak[i])
    elif stages == 2:
        for i in range(peak.shape[0]):
            low = min(min(rate[i], k0[i]), k1[i])
            high = max(max(rate[i], k0[i]), k1[i])
            last = abs(rate[i])
            peak[i] = last if last > peak[i] else peak[i]
            odd |= _strange(low, high, max(abs(low), abs(high)), peak[i])
    else:
        for i in range(peak.shape[0]):
            low = min(min(min(rate[i], k0[i]), k1[i]), min(k2[i], k3[i]))
            high = max(max(max(rate[i], k0[i]), k1[i]), max(k2[i], k3[i]))
            last = abs(rate[i])
            peak[i] = last if last > peak[i] else peak[i]
            odd |= _strange(low, high, max(abs(low), abs(high)), peak[i])
    return odd != 0


@njit(_nrt=False)
def mark_suspects(stages, k0, k1, k2, k3, rate, peak, odd):
    """Mark in ``odd`` (width,) the runs of which slopes disagree, behind ``disagree``."""
    width = odd.shape[0]
    for lane in range(width):
        odd[lane] = 0
    for first in range(0, peak.shape[0], width):
        a, b, c, d = k0[first:], k1[first:], k2[first:], k3[first:]
        now, most = rate[first:], peak[first:]
        for lane in range(width):
            low, high = min(now[lane], a[lane]), max(now[lane], a[lane])
            if stages > 1:
                low, high = min(low, b[lane]), max(high, b[lane])
            if stages > 2:
                low, high = min(low, min(c[lane], d[lane])), max(high, max(c[lane], d[lane]))
            odd[lane] |= _strange(low, high, max(abs(low), abs(high)), most[lane])


@njit(forceinline=True, _nrt=False)
def _reaching(rate, before, x, peak, dt, odd):
    """Count to ``odd`` (width,) the states that ``poles.reaches_far`` means, and bring the peaks up
    to date; how many there are."""
    width, count = odd.shape[0], 0
    for lane in range(width):
        odd[lane] = 0
    for first in range(0, before.shape[0], width):
        now, old, new, most = rate[first:], before[first:], x[first:], peak[first:]
        for lane in range(width):
            most[lane] = max(most[lane], abs(now[lane]))
            far = dt * abs(now[lane]) > abs(old[lane]) + abs(new[lane])
            odd[lane] += 1 if far else 0
    for lane in range(width):
        count += odd[lane]
    return count


@njit(forceinline=True, _nrt=False)
def not_finite(x, size):
    count = 0
    for i in range(size):
        count += 0 if abs(x[i]) < math.inf else 1
    return count


@njit(forceinline=True, _nrt=False)
def _to_stage(x, dt, weight, slope, stage, size):
    for i in range(size):
        stage[i] = x[i] + dt * (weight * slope[i])


@njit(forceinline=True, _nrt=False)
def _step(b, dt, k0, k1, k2, k3, x, before):
    """The state after a step, the present one kept in ``before``."""
    size = before.shape[0]
    if b.shape[0] == 1:
        b0 = b[0]
        for i in range(size):
            before[i] = x[i]
            x[i] += dt * (b0 * k0[i])
    elif b.shape[0] == 2:
        b0, b1 = b[0], b[1]
        for i in range(size):
            before[i] = x[i]
            x[i] += dt * (b0 * k0[i] + b1 * k1[i])
    else:
        b0, b1, b2, b3 = b[0], b[1], b[2], b[3]
        for i in range(size):
            before[i] = x[i]
            x[i] += dt * (b0 * k0[i] + b1 * k1[i] + b2 * k2[i] + b3 * k3[i])


@njit(forceinline=True, _nrt=False)
def _exponential(dt, own, rate, last, x, before, expected, fresh):
    """``_step`` by an exponential method; ``expected`` are the slopes that it expects then."""
    for i in range(before.shape[0]):
        moved = x[i] - before[i]
        move, expected[i] = exponential_step(dt, own[i], rate[i], last[i], moved, fresh)
        before[i] = x[i]
        x[i] += move


@njit(_nrt=False)
def leave(block, results, lane, done):
    """Write down where a run ended."""
    width, ring, point = block.width, block.ring, block.points[lane]
    report, n = results.recording.report[point], results.x.shape[1]
    for i in range(n):
        results.x[point, i] = block.x[i * width + lane]
        block.one[i] = block.peak[i * width + lane]
    doubt(report, block.one[:n])
    report[0] = done
    length = ring.shape[0]
    for i in range(results.past.shape[1]):
        for j in range(results.past.shape[2]):
            value = ring[(done + i + 1) & (length - 1), j * width + lane]
            results.past[point, i, j] = value


@njit(_nrt=False)
def retire(block, rate, results, step):
    """Take leave of the runs whose state is not finite, or where the field has no value."""
    width = block.width
    for lane in range(block.used):
        finite = True
        for i in range(results.x.shape[1]):
            at = i * width + lane
            finite = finite and math.isfinite(block.x[at]) and not math.isnan(rate[at])
        if block.alive[lane] and not finite:
            leave(block, results, lane, max(step - 1, 0))
            block.alive[lane] = 0


@njit(forceinline=True, _nrt=False)
def look_back(model, block, slopes, stages, results, step, dt, quiet):
    """Report the runs whose last step left its solution (see ``poles``); ``slopes`` are k0, k1, k2,
    k3 and those at its end."""
    single, width, report = model.single, block.width, results.recording.report
    n = results.x.shape[1]
    size = block.x.shape[0] // width
    one, k = block.one, block.one_slopes
    before, peak, rate = one[:n], one[n : 2 * n], one[2 * n : 3 * n]
    state, middle = one[3 * n : 3 * n + size], one[3 * n + size : 3 * n + 2 * size]
    again = one[3 * n + 2 * size : 3 * n + 3 * size]
    slope = one[3 * n + 3 * size : 3 * n + 3 * size + single.room]
    parameters = one[3 * n + 3 * size + single.room :]
    k0, k1, k2, k3, end = slopes
    for lane in range(block.used):
        told = report[block.points[lane]]
        sure = told[3] >= 0.0 and told[4] == math.inf
        if sure or block.odd[lane] == 0 or not block.alive[lane]:
            continue
        for i in range(n):
            at = i * width + lane
            before[i], peak[i], rate[i] = block.before[at], block.peak[at], end[at]
        if not doubt(told, peak):
            continue
        for i in range(n):
            at = i * width + lane
            for s in range(stages):
                k[s, i] = k0[at] if s == 0 else k1[at] if s == 1 else k2[at] if s == 2 else k3[at]
        for i in range(size):
            state[i] = block.x[i * width + lane]
        for i in range(parameters.shape[0]):
            parameters[i] = block.p[i * width + lane]
        taken, work = (before, state, rate, k), (middle, slope, again)
        if quiet:
            found = strays(single, parameters, taken, peak, dt, work)
        else:
            found = leaves(single.field, single.tables, parameters, taken, dt, work, False)
        report_straying(told, found, step)


@njit(_nrt=False)
def record(block, rate, results, sample, step):
    """Record a sample; ``rate`` holds slopes, signals, observables and the margin to an edge."""
    columns, observed = results.recording.columns, results.recording.observed
    out, report = results.recording.out, results.recording.report
    width = block.width
    first = block.x.shape[0]
    for lane in range(block.used):
        if not block.alive[lane]:
            continue
        point = block.points[lane]
        margin = rate[first + observed * width + lane]
        if margin < report[point, 2]:
            report[point, 2] = margin
            if margin < 0.0 and report[point, 1] < 0.0:
                report[point, 1] = step
        for r in range(columns.shape[0]):
            at = columns[r]
            if at < observed:
                out[point, sample, r] = rate[first + at * width + lane]
            else:
                out[point, sample, r] = block.x[(at - observed) * width + lane]


@njit(_nrt=False)
def _add_noise(model, block, noise, step, x, slope, dt):
    """Add the noise of the step to the slopes of a stage."""
    width, amplitude = block.width, block.amplitude
    model.rates.diffusion(x, block.p, model.rates.tables, amplitude)
    for q in range(noise.noisy.shape[0]):
        at = noise.noisy[q] * width
        increments = noise.increments[step - noise.first, q * width : (q + 1) * width]
        moved, size = slope[at : at + width], amplitude[at : at + width]
        for lane in range(width):
            moved[lane] += size[lane] * increments[lane] / dt


@njit(
    [
        signature(
            types.void, LaneRates, Method, Block, Clock, BlockForcing, BlockNoise, Results, int, int
        )
    ],
    cache=True,
    nogil=True,
    _nrt=False,
)
def advance(model, method, block, clock, forcing, noise, results, first, last):
    """Take the steps ``first`` to ``last`` (not included; the one after all steps only records).

    Of every stage but the first, a method uses the slopes of one earlier stage, as Euler's, Heun's
    and the classical one do. An exponential one has no other stages, and knows the last step.
    """
    a, b, c, stages = method.a, method.b, method.c, method.b.shape[0]
    dt, settle, steps, stride = clock.dt, clock.settle, clock.steps, clock.stride
    field, watch, tables, p = model.rates.field, model.rates.watch, model.rates.tables, block.p
    x, stage, before, peak, width = block.x, block.stage, block.before, block.peak, block.width
    ring, kinks, reads, odd = block.ring, block.kinks, block.reads, block.odd
    size, signals = before.shape[0], ring.shape[1]
    mask, total = ring.shape[0] - 1, settle + steps
    delayed, delayed_stage = x[size:], stage[size:]
    quiet, driven = noise.noisy.shape[0] == 0, forcing.driven.shape[0] > 0
    k0, rate = block.slopes[first & 1], block.slopes[1 - (first & 1)]
    k1, k2, k3 = block.slopes[2], block.slopes[3], block.slopes[4]
    exponential, own, expected = method.exponential, block.amplitude, k1
    counted, surprises = exponential and not model.rates.poles, stage[:width]  # of no use else
    for step in range(first, last):
        forced = step - settle
        k0, rate = rate, k0  # ``rate`` is written; k0, k1, k2, k3 are the last step's
        if signals > 0:
            _read_delayed(ring, kinks, reads, step, 0, width, delayed)
        if driven and 0 <= forced < steps:
            _force(model, block, forcing, forced, 0)
        elif driven and forced == steps and steps > 0:
            _force(model, block, forcing, steps - 1, 2)
        recorded = forced >= 0 and forced % stride == 0
        if recorded:
            watch(x, p, tables, rate)
        else:
            field(x, p, tables, rate)
        row = step & mask
        for i in range(signals):
            ring[row, i] = rate[size + i]
        if not_finite(x, size) + not_finite(rate, size) > 0:
            retire(block, rate, results, step)
        slopes = (k0, k1, k2, k3, rate)
        if not quiet:
            if _reaching(rate, before, x, peak, dt, odd) > 0 and step > 0:
                look_back(model, block, slopes, stages, results, step, dt, False)
        else:
            # An updated peak is at most the largest slope, so it changes no verdict.
            start = expected if exponential else k0
            if disagree(stages, start, k1, k2, k3, rate, peak) and step > 0:
                mark_suspects(stages, start, k1, k2, k3, rate, peak, odd)
                if counted:
                    for lane in range(width):
                        surprises[lane] += odd[lane]
                else:
                    look_back(model, block, slopes, stages, results, step, dt, True)
        if recorded:
            record(block, rate, results, forced // stride, step)
        if step == total:
            break
        if not quiet:
            _add_noise(model, block, noise, step, x, rate, dt)
        if exponential:
            model.rates.relaxation(x, p, tables, own)
            fresh = step == 0 or kinks[step] > 0 or (driven and forced == 0)
            _exponential(dt, own, rate, k0, x, before, expected, fresh)
            continue
        slope, weight = rate, 0.0
        for s in range(1, stages):
            weight = a[s, s - 1]
            _to_stage(x, dt, weight, slope, stage, size)
            if signals > 0:
                _read_delayed(ring, kinks, reads, step, s, width, delayed_stage)
            if driven and forced >= 0:
                _force(model, block, forcing, forced, int(2.0 * c[s] + 0.5))
            slope = k1 if s == 1 else k2 if s == 2 else k3
            field(stage, p, tables, slope)
            if not quiet:
                _add_noise(model, block, noise, step, stage, slope, dt)
        _step(b, dt, rate, k1, k2, k3, x, before)
    if last == total + 1:
        for lane in range(block.used):
            if block.alive[lane]:
                leave(block, results, lane, total)
            if counted and too_long(surprises[lane], total):
                report_straying(results.recording.report[block.points[lane]], (0, math.inf), 1)
