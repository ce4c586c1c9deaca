"""A step of order 2 that solves every state's own relaxation: long steps, one evaluation each.

With dx/dt = f = L x + N, L the factor of the state in its own equation where that is linear in it
(conductances, synaptic activations, adaptation; else 0), the exponential method of Adams and
Bashforth (Cox & Matthews 2002, J Comput Phys 176:430, eq. 6) takes

    x' = x + dt (phi1(L dt) f + phi2(L dt) (N - N before)).

Here L is that of the step's start, and exp(z) its approximation (1 + z/3) / (1 - 2z/3 + z^2/6) of
order 3, which damps all that relaxes faster than the step. So phi1 = (1 - z/6) / (1 - 2z/3 + z^2/6)
and phi2 = (1/2 - z/6) / (...), without the cancellations of the exponential's own near 0.
"""

from __future__ import annotations

from dynsys.numba_cache import njit

_SURPRISING = 0.5  # of the steps of a run may end with other slopes than expected


@njit(forceinline=True, _nrt=False, error_model="numpy")
def exponential_step(dt, own, slope, last, moved, fresh):
    """How far a state moves in a step, and the slope expected at its end.

    ``own`` is L; ``slope`` and ``last`` are f now and a step before, in which the state ``moved``;
    ``fresh`` where there was none, or f jumped since: a step of order 1.
    """
    z = own * dt
    change = 0.0 if fresh else slope - last - own * moved
    move = dt * ((1.0 - z / 6.0) * slope + (0.5 - z / 6.0) * change)
    move /= 1.0 - z * (2.0 / 3.0) + z * z / 6.0
    return move, slope + change + own * move


@njit(forceinline=True, _nrt=False)
def too_long(surprises, steps):
    """Whether steps are too long for what does not relax: they grow or overshoot again and again.

    ``surprises`` of ``steps`` ended with slopes that differ from the expected ones
    (``poles.slopes_disagree``). A few do in any fast transient, to no effect on what follows; of an
    unstable step all do.
    """
    return surprises > _SURPRISING * steps
