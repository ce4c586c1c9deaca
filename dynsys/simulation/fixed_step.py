"""Methods with fixed steps for ordinary, delay and stochastic equations: explicit ones of Runge and
Kutta, and an exponential one (``exponential``).

One compiled function integrates any method over any number of parameter points without the global
interpreter lock. Noise enters every stage as its Brownian increment over the step: with Euler's
tableau that is the Euler-Maruyama method (Ito), with Heun's the stochastic Heun method
(Stratonovich; Kloeden & Platen 1992).
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np
from numba import float64, types, uint8

from dynsys.compiled.clock import Clock
from dynsys.compiled.records import Cube, Indices, Matrix, Vector, record, signature
from dynsys.numba_cache import njit
from dynsys.simulation.arguments import Method, Rates, Stencils
from dynsys.simulation.exponential import exponential_step, too_long
from dynsys.simulation.history import (
    FLAGS,
    mark_kinks,
    read_delayed,
    rest,
    stencils,
    write_stencils,
)
from dynsys.simulation.poles import (
    doubt,
    leaves,
    reaches_far,
    report_straying,
    slopes_disagree,
    strays,
)


@record
class Ensemble(NamedTuple):
    """Points to integrate: x (P, n) initial states, final ones on return; p (P, m); lags (P, k);
    past (P, H, k) signals up to now in steps of dt, H a power of two, read if ``has_past``, final
    ones on return; a point stops where a state is larger than ``bound``."""

    x: Matrix
    p: Matrix
    lags: Matrix
    past: Cube
    has_past: bool
    bound: float


@record
class Forcing(NamedTuple):
    """What acts on the points after the settling: values (1 or P, steps, 3, d) are added to the
    parameters ``driven`` at the start, middle and end of each step; edges: steps at which they
    jump."""

    driven: Indices
    values: Annotated[np.ndarray, types.Array(float64, 4, "C")]
    edges: Indices


@record
class Noise(NamedTuple):
    """Increments (1 or P, settle + steps, q) of the Brownian motions of the states ``noisy``."""

    increments: Cube
    noisy: Indices


@record
class Recording(NamedTuple):
    """What to record: columns (r), observables (``observed`` of them) first, then states; out
    (P, samples, r). report (P, 6): the steps done with a finite state, the first step outside a
    table (or -1), the smallest margin to a table's edge, the first step that left its solution
    (or -1), the slope that would explain it, of which state (see ``poles``)."""

    columns: Indices
    observed: int
    out: Cube
    report: Matrix


@njit(forceinline=True, _nrt=False)
def _force(rates, forcing, row, step, slot, p, pw):
    """Parameters at the start, middle or end (``slot`` 0, 1, 2) of a step."""
    driven, values = forcing.driven, forcing.values
    for d in range(driven.shape[0]):
        pw[driven[d]] = p[driven[d]] + values[row, step, slot, d]
    rates.prepare(pw, pw, rates.tables, pw)


@njit
def _begin_past(ensemble, point, rates, state, pw, rate, ring):
    """Fill the ring with the past of a point, and its delayed values where it was at rest."""
    n, length, delayed = ensemble.x.shape[1], ring.shape[0], ring.shape[1]
    if ensemble.has_past:
        for i in range(length):
            for j in range(delayed):
                ring[(i + 1) & (length - 1), j] = ensemble.past[point, i, j]
    else:
        for j in range(delayed):
            state[n + j] = 0.0
        rest(rates.field, state, pw, rates.tables, n, rate)
        for i in range(length):
            for j in range(delayed):
                ring[i, j] = rate[n + j]


@njit(forceinline=True, _nrt=False)
def _finite(state, n):
    finite = True
    for i in range(n):
        finite = finite and math.isfinite(state[i])
    return finite


@njit(forceinline=True, _nrt=False)
def _ends(rate, state, bound, n):
    """Whether a run ends here: the field has no value, as a root of a negative number (infinite is
    a value), or a state passes the bound (see ``beyond``)."""
    nothing, passed = 0, 0
    for i in range(n):
        nothing |= int(math.isnan(rate[i]))
        passed |= int(abs(state[i]) > bound)
    return nothing != 0, passed != 0


@njit(forceinline=True, _nrt=False)
def _record(recording, point, sample, step, watched, state):
    """Record a sample: ``watched`` holds observables, then the margin to a table's edge."""
    columns, observed, report = recording.columns, recording.observed, recording.report
    margin = watched[observed]
    if margin < report[point, 2]:
        report[point, 2] = margin
        if margin < 0.0 and report[point, 1] < 0.0:
            report[point, 1] = step
    for r in range(columns.shape[0]):
        at = columns[r]
        recording.out[point, sample, r] = watched[at] if at < observed else state[at - observed]


@record
class _Work(NamedTuple):
    """Room for one run: states with delayed values, slopes, parameters, what an exponential method
    computes (``exponential_step``), the past and its reading; ``shifted`` are the edges of the
    inputs counted from the first step."""

    state: Vector
    stage_state: Vector
    middle: Vector
    again: Vector
    k: Matrix
    rate: Vector
    slope: Vector
    amplitude: Vector
    before: Vector
    peak: Vector
    pw: Vector
    own: Vector
    move: Vector
    expected: Matrix
    ring: Matrix
    reads: Stencils
    kinks: Annotated[np.ndarray, FLAGS]
    shifted: Indices


@njit(_nrt=False)
def _look_back(rates, p, quiet, dt, work, report, step):
    """Report whether the last step, which is suspect, left its solution."""
    before, state, rate, k, peak = work.before, work.state, work.rate, work.k, work.peak
    n = before.shape[0]
    for i in range(n):
        peak[i] = max(peak[i], abs(rate[i]))
    if not doubt(report, peak):
        return
    taken, room = (before, state, rate, k), (work.middle, work.slope, work.again)
    if quiet:
        found = strays(rates, p, taken, peak, dt, room)
    else:
        found = leaves(rates.field, rates.tables, p, taken, dt, room, False)
    report_straying(report, found, step)


@njit(forceinline=True, _nrt=False)
def _move(b, dt, k, state, n):
    """Take a step with the slopes of its stages. Returns whether the state stays finite."""
    lost, stages = 0, b.shape[0]
    b0, b1, b2, b3 = b[0], b[min(1, stages - 1)], b[min(2, stages - 1)], b[stages - 1]
    if stages == 1:
        for i in range(n):
            state[i] += dt * (b0 * k[0, i])
            lost |= int(not abs(state[i]) < math.inf)
    elif stages == 2:
        for i in range(n):
            state[i] += dt * (b0 * k[0, i] + b1 * k[1, i])
            lost |= int(not abs(state[i]) < math.inf)
    else:
        for i in range(n):
            state[i] += dt * (b0 * k[0, i] + b1 * k[1, i] + b2 * k[2, i] + b3 * k[3, i])
            lost |= int(not abs(state[i]) < math.inf)
    return lost == 0


@njit(forceinline=True, _nrt=False)
def _exponential_move(rates, dt, fresh, pw, work, n):
    """The moves of an exponential step, and the slopes that it expects at its end."""
    state, before, rate, k, own = work.state, work.before, work.rate, work.k, work.own
    move, expected = work.move, work.expected
    rates.relaxation(state, pw, rates.tables, own)
    for i in range(n):
        moved = state[i] - before[i]
        move[i], expected[0, i] = exponential_step(dt, own[i], rate[i], k[0, i], moved, fresh)


# Without reference counts (see ``blocks``): they would take longer than a simple model's steps. For
# the same reason nothing is called in every step that takes many arrays, but the field.
@njit(
    [signature(types.void, Rates, Method, Ensemble, Clock, Forcing, Noise, Recording, _Work)],
    cache=True, addressed=True, _nrt=False,
)  # fmt: skip
def _integrate(rates, method, ensemble, clock, forcing, noise, recording, work):
    a, b, c = method.a, method.b, method.c
    dt, settle, steps, stride = clock.dt, clock.settle, clock.steps, clock.stride
    field, watch, diffusion, tables = rates.field, rates.watch, rates.diffusion, rates.tables
    x, lags, past = ensemble.x, ensemble.lags, ensemble.past
    increments, noisy = noise.increments, noise.noisy
    n, delayed, stages = x.shape[1], lags.shape[1], b.shape[0]
    length, total = past.shape[1], settle + steps
    quiet, driven = noisy.shape[0] == 0, forcing.driven.shape[0] > 0
    exponential = method.exponential
    counted = exponential and not rates.poles
    state, stage_state, k, rate = work.state, work.stage_state, work.k, work.rate
    amplitude, before, peak, pw = work.amplitude, work.before, work.peak, work.pw
    ring, reads, kinks = work.ring, work.reads, work.kinks
    watched = rate[n + delayed :]
    for point in range(x.shape[0]):
        row = point if forcing.values.shape[0] > 1 else 0
        lane = point if increments.shape[0] > 1 else 0
        p = ensemble.p[point]
        for i in range(n):
            state[i] = x[point, i]
        for i in range(p.shape[0]):
            pw[i] = p[i]
        rates.prepare(state, pw, tables, pw)
        mark_kinks(lags[point], dt, work.shifted, kinks)
        if delayed > 0:
            write_stencils(reads, lags[point], c, dt)
            _begin_past(ensemble, point, rates, state, pw, rate, ring)
        report = recording.report[point]
        report[1], report[2], report[3], report[4] = -1.0, math.inf, -1.0, 0.0
        peak[:] = 0.0
        done, finite = total, _finite(state, n)
        sample, due = 0, settle  # the next to record, at which step
        surprises = 0
        for step in range(total + 1):
            forced = step - settle
            if delayed > 0:
                read_delayed(ring, kinks, step, 0, n, reads, state)
            if driven and 0 <= forced < steps:
                _force(rates, forcing, row, forced, 0, p, pw)
            elif driven and forced == steps and steps > 0:
                _force(rates, forcing, row, steps - 1, 2, p, pw)
            recorded = step == due
            if recorded:
                watch(state, pw, tables, rate)
            else:
                field(state, pw, tables, rate)
            for j in range(delayed):
                ring[step & (length - 1), j] = rate[n + j]
            nothing, passed = _ends(rate, state, ensemble.bound, n)
            if not finite or nothing:
                done = max(step - 1, 0)
                break
            if passed:
                done = step
                break
            if counted:
                if step > 0:
                    surprises += int(slopes_disagree(work.expected, rate, peak, n))
            elif step > 0 and (report[3] < 0.0 or report[4] < math.inf):
                if exponential:
                    odd = slopes_disagree(work.expected, rate, peak, n)
                elif quiet:
                    odd = slopes_disagree(k, rate, peak, n)
                else:
                    odd = reaches_far(before, state, rate, dt, n)
                if odd:
                    _look_back(rates, pw, quiet, dt, work, report, step)
            if exponential:
                fresh = step == 0 or kinks[step] > 0 or (driven and forced == 0)
                _exponential_move(rates, dt, fresh, pw, work, n)
            for i in range(n):
                peak[i] = max(peak[i], abs(rate[i]))
                before[i] = state[i]
                k[0, i] = rate[i]
            if recorded:
                _record(recording, point, sample, step, watched, state)
                sample, due = sample + 1, due + stride
            if step == total:
                break
            if exponential:
                for i in range(n):
                    state[i] += work.move[i]
                finite = _finite(state, n)
                continue
            for s in range(stages):
                if s > 0:
                    weight = a[s, s - 1]  # the others are zero
                    for i in range(n):
                        stage_state[i] = state[i] + dt * (weight * k[s - 1, i])
                    if delayed > 0:
                        read_delayed(ring, kinks, step, s, n, reads, stage_state)
                    if driven and forced >= 0:
                        _force(rates, forcing, row, forced, int(2.0 * c[s] + 0.5), p, pw)
                    field(stage_state, pw, tables, rate)
                    for i in range(n):
                        k[s, i] = rate[i]
                if not quiet:
                    if s > 0:
                        diffusion(stage_state, pw, tables, amplitude)
                    else:
                        diffusion(state, pw, tables, amplitude)
                    for q in range(noisy.shape[0]):
                        i = noisy[q]
                        k[s, i] += amplitude[i] * increments[lane, step, q] / dt
            finite = _move(b, dt, k, state, n)
        doubt(report, peak)
        if too_long(surprises, total):
            report_straying(report, (0, math.inf), 1)
        report[0] = done
        for i in range(n):
            x[point, i] = state[i]
        for i in range(length):
            for j in range(delayed):
                past[point, i, j] = ring[(done + i + 1) & (length - 1), j]


@njit(
    [signature(types.void, Rates, Method, Ensemble, Clock, Forcing, Noise, Recording)],
    cache=True,
    nogil=True,
)
def integrate(rates, method, ensemble, clock, forcing, noise, recording):
    """Integrate all points of the ensemble and record them."""
    n, delayed, stages = ensemble.x.shape[1], ensemble.lags.shape[1], method.b.shape[0]
    work = _Work(
        np.empty(n + delayed), np.empty(n + delayed), np.empty(n + delayed),
        np.empty(n + delayed), np.empty((stages, n)),
        np.empty(rates.room), np.empty(rates.room), np.empty(rates.room),
        np.empty(n), np.empty(n), np.empty(rates.rows),
        np.empty(rates.room), np.empty(n), np.empty((1, n)),
        np.zeros((ensemble.past.shape[1], delayed)),
        stencils(ensemble.lags[0], method.c, clock.dt, method.points),
        np.zeros(clock.settle + clock.steps + 2 if delayed > 0 or method.exponential else 0, uint8),
        forcing.edges + clock.settle,
    )  # fmt: skip
    _integrate(rates, method, ensemble, clock, forcing, noise, recording, work)
