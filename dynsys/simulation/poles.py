"""Whether a step of fixed length jumped over a pole of the field."""

from __future__ import annotations

from dynsys.numba_cache import njit

_CHORD = 6  # places toward either end of a step, ever nearer, where a pole is looked for
TURN = 0.5  # of the largest slope of a step: how far its slopes may differ
STIFF = 0.1  # of the largest slope so far: slopes below turn round where they like


@njit
def slopes_disagree(k, rate, peak, n):
    """Whether the slopes of a step's stages and of its end differ by more than half.

    Slopes far below ``peak`` (n,), the largest before, do not count: next to a pole they are large,
    and at every maximum and minimum of a state they differ.
    """
    for i in range(n):
        low, high, largest = rate[i], rate[i], abs(rate[i])
        for s in range(k.shape[0]):
            low, high = min(low, k[s, i]), max(high, k[s, i])
            largest = max(largest, abs(k[s, i]))
        if high - low > TURN * largest and largest > STIFF * peak[i]:
            return True
    return False


@njit
def _outgrows(slope, rate, peak, before, after, dt, n):
    """Whether slopes inside a step exceed twice all that the run has met, and matter.

    They would move a state by a hundredth: after a rest any slope exceeds all before it.
    """
    for i in range(n):
        size = abs(slope[i])
        matters = dt * size > 1e-2 * (abs(before[i]) + abs(after[i]))
        if matters and not size <= 2.0 * max(peak[i], abs(rate[i])):
            return True
    return False


@njit
def oversteps(field, tables, p, step, peak, dt, work):
    """Whether the field inside a step outgrows both ends and all before: a pole, or too long.

    Across a mere jump of the field it does not, nor where slopes turn round. ``step`` holds the
    state (n,) at its start, that at its end, with the delayed values, the slopes (n,) at its end
    and those (s, n) of its stages; ``peak`` (n,) the largest slopes so far, ``work`` a state
    and its slopes.
    """
    (before, after, rate, k), (middle, slope) = step, work
    n = before.shape[0]
    for s in range(1, k.shape[0]):
        if _outgrows(k[s], rate, peak, before, after, dt, n):
            return True
    for i in range(after.shape[0]):
        middle[i] = after[i]
    for c in range(2 * _CHORD):
        near = 0.5 ** (c // 2 + 1)
        fraction = near if c % 2 == 0 else 1.0 - near
        for i in range(n):
            middle[i] = before[i] + (after[i] - before[i]) * fraction
        field(middle, p, tables, slope)
        if _outgrows(slope, rate, peak, before, after, dt, n):
            return True
    return False
