"""Whether a step of fixed length left its solution: over a pole, past its end, or far too long."""

from __future__ import annotations

import math

from dynsys.numba_cache import njit

_QUARTERS = 3  # places that tell how a field without poles bends: the middle and the quarters
_STRAIGHT = 0.25  # of the slopes' change or the largest so far: how far off they may be there
_CHORD = 6  # places toward either end of a step, ever nearer, where a pole is looked for,
_NEAREST = 18  # and so many where an end has the largest slope so far: it may lie beside the pole
TURN = 0.5  # of the largest slope of a step: how far its slopes may differ
STIFF = 0.1  # of the largest slope so far: slopes below turn round where they like
_PARTS = 32  # in which a step is taken again
_FARTHER = 1.5  # times what its largest slope would do, a solution moves: it runs to infinity
_BEYOND = 1.35  # times the way of the solution, a step ends beyond it: such steps grow


@njit(forceinline=True)
def slopes_disagree(k, rate, peak, n):
    """Whether the slopes of a step's stages and of its end differ by more than half.

    Slopes far below the largest so far, of ``peak`` (n,) and ``rate``, do not count: next to a pole
    they are large, and at every maximum and minimum of a state they differ.
    """
    odd = 0
    if k.shape[0] == 1:  # the slopes of a long run: a pass without branches
        for i in range(n):
            first, last = abs(k[0, i]), abs(rate[i])
            largest = first if first > last else last
            top = last if last > peak[i] else peak[i]
            change = abs(rate[i] - k[0, i])
            odd |= int(change > TURN * largest) & int(largest > STIFF * top)
        return odd != 0
    for i in range(n):
        low, high, largest = rate[i], rate[i], abs(rate[i])
        for s in range(k.shape[0]):
            low, high = min(low, k[s, i]), max(high, k[s, i])
            largest = max(largest, abs(k[s, i]))
        top = max(peak[i], abs(rate[i]))
        odd |= int(high - low > TURN * largest) & int(largest > STIFF * top)
    return odd != 0


@njit(forceinline=True)
def _outgrows(slope, rate, peak, before, after, dt, n):
    """Whether slopes inside a step exceed twice all that the run has met, and matter.

    They would move a state by a hundredth: after a rest any slope exceeds all before it.
    """
    grown = 0  # a pass without branches
    for i in range(n):
        size, last = abs(slope[i]), abs(rate[i])
        most = last if last > peak[i] else peak[i]
        matters = dt * size > 1e-2 * (abs(before[i]) + abs(after[i]))
        grown |= int(matters) & int(not size <= 2.0 * most)
    return grown != 0


@njit(forceinline=True)
def _bends(slope, first, last, peak, fraction, n):
    """Whether slopes inside a step lie off the straight way from ``first`` to ``last``, by more
    than a quarter of it and of the largest slopes so far."""
    bent = 0
    for i in range(n):
        way = abs(last[i] - first[i])
        most = way if way > peak[i] else peak[i]
        straight = first[i] + fraction * (last[i] - first[i])
        bent |= int(not abs(slope[i] - straight) <= _STRAIGHT * most)
    return bent != 0


@njit(forceinline=True)
def oversteps(rates, p, step, peak, dt, work):
    """Whether the field inside a step outgrows both ends and all before: a pole, or too long.

    Across a mere jump of the field it does not, nor where slopes turn round. It is looked at ever
    nearer to both ends; a field without poles only where it bends between them. ``step`` holds
    the state (n,) at its start, that at its end, with the delayed values, the slopes (n,) at its
    end and those (s, n) of its stages; ``peak`` (n,) the largest slopes so far, ``work`` a state
    and its slopes.
    """
    (before, after, rate, k), (middle, slope) = step, work
    n = before.shape[0]
    for s in range(1, k.shape[0]):
        if _outgrows(k[s], rate, peak, before, after, dt, n):
            return True
    for i in range(after.shape[0]):
        middle[i] = after[i]
    bent, places = rates.poles, _CHORD
    for i in range(n):
        if bent and max(abs(rate[i]), abs(k[0, i])) >= peak[i]:
            places = _NEAREST
    for c in range(1, 2 * places):  # the middle is as near to either end
        near = 0.5 ** (c // 2 + 1)
        fraction = near if c % 2 == 0 else 1.0 - near
        for i in range(n):
            middle[i] = before[i] + (after[i] - before[i]) * fraction
        rates.field(middle, p, rates.tables, slope)
        if _outgrows(slope, rate, peak, before, after, dt, n):
            return True
        bent = bent or _bends(slope, k[0], rate, peak, fraction, n)
        if c == _QUARTERS and not bent:
            return False
    return False


@njit(forceinline=True)
def reaches_far(before, after, rate, dt, n):
    """Whether another step like the last would change a state by its own size."""
    far = False
    for i in range(n):
        far = far or dt * abs(rate[i]) > abs(before[i]) + abs(after[i])
    return far


@njit
def _again(field, tables, p, step, dt, work):
    """Take a step again in parts by the midpoint rule, to the last array of ``work``.

    Parameters and delayed values are those at its end. False where it leads nowhere.
    """
    (before, after, _, _), (middle, slope, end) = step, work
    n, part = before.shape[0], dt / _PARTS
    for i in range(after.shape[0]):
        middle[i] = end[i] = after[i]
    for i in range(n):
        end[i] = before[i]
    for _ in range(_PARTS):
        field(end, p, tables, slope)
        for i in range(n):
            middle[i] = end[i] + 0.5 * part * slope[i]
        field(middle, p, tables, slope)
        for i in range(n):
            end[i] += part * slope[i]
            if not math.isfinite(end[i]):
                return False
    return True


@njit
def leaves(field, tables, p, step, dt, work, quiet):
    """Whether a step ends far from where its solution does, which takes 64 slopes to tell.

    1. A state moves farther than its largest slope in the step explains: to infinity, or nearly.
       Behind a rest the states of a chain do so too, by amounts that do not matter: not where a
       slope before or after (``report``) explains the way.
    2. A step carries a state beyond the solution's end, by more than that lies from the start, or
       the other way: the method is unstable with such steps. Only in runs without noise
       (``quiet``), and not by what a jump of the input between the step's start and end explains.

    ``step`` is as for ``oversteps``, ``work`` a state, its slopes and another state. Returns the
    state, or -1, and the slope that would explain it.
    """
    if not _again(field, tables, p, step, dt, work):
        return 0, math.inf
    (before, after, rate, k), (middle, slope, end) = step, work
    for i in range(after.shape[0]):
        middle[i] = before[i] if i < before.shape[0] else after[i]
    field(middle, p, tables, slope)  # at the start, with the inputs of the end
    found, most = -1, 0.0
    for i in range(before.shape[0]):
        largest = abs(rate[i])
        for s in range(k.shape[0]):
            largest = max(largest, abs(k[s, i]))
        size, reach = 0.1 * (abs(before[i]) + abs(after[i])), dt * largest
        way, beyond = abs(end[i] - before[i]), abs(after[i] - end[i])
        jump = 2.0 * dt * abs(slope[i] - k[0, i])
        # Not against the other slopes: in steps that are unstable they grow with what is beyond.
        least = max(size, 0.25 * dt * abs(k[0, i]), jump)
        opposed = (after[i] - before[i]) * (end[i] - before[i]) < 0.0
        if quiet and beyond > least and (opposed or beyond > _BEYOND * way):
            return i, math.inf
        if way > max(size, _FARTHER * reach) and way > most * dt:
            found, most = i, way / dt
    return found, most


@njit(forceinline=True)
def strays(rates, p, step, peak, dt, work):
    """``leaves``, or a pole that was stepped over, where the slopes of a step disagree."""
    (before, after, rate, k), (middle, slope, _) = step, work
    if oversteps(rates, p, step, peak, dt, (middle, slope)):
        return 0, math.inf
    n, far = before.shape[0], False
    for i in range(n):
        size = 0.25 * (abs(before[i]) + abs(after[i]))
        far = far or dt * max(abs(rate[i]), abs(k[0, i])) > size
    if not far:
        return -1, 0.0
    return leaves(rates.field, rates.tables, p, step, dt, work, True)


@njit
def report_straying(report, found, step):
    """Report a step that left its solution: its number, the slope that would explain it, where."""
    if found[0] >= 0:
        report[3], report[4], report[5] = step, found[1], found[0]


@njit
def doubt(report, peak):
    """Take back what the run's largest slope (n,), up to now, explains; whether nothing is left."""
    if report[3] >= 0.0 and peak[int(report[5])] > report[4]:
        report[3] = -1.0
    return report[3] < 0.0
