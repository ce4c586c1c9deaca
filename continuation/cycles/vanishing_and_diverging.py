"""The last cycles of a branch: a state that stays zero where it is zero comes too near to that, or
the period diverges."""

from __future__ import annotations

import numpy as np

from continuation.cycles.orbits import Orbit, Solver
from dynsys.invariant_axes import stays_zero
from dynsys.vector_field import VectorField

_NOUGHT = 1e-12  # of its largest value: a state that small has lost all but four of its digits
_ABSENT = 1e-3  # largest scaled value of a state that is not there: rounding may have grown to it
_STEEP = 0.05  # half spans that a parameter moves at most while a diverging period grows by e


def vanishes(model: VectorField, u: np.ndarray) -> bool:
    """Whether such a state nearly vanishes at the nodes u (k, n) of a cycle, or has come out below
    zero: its logarithm tells how long the cycle takes, and is lost. One that is absent all along
    has no digits to lose.

    Example
    -------
    >>> vanishes(model, orbit.u)
    """
    stays = stays_zero(model)
    if not any(stays):
        return False
    living = u[:, np.flatnonzero(stays)]
    below, size = living.min(axis=0) * living.max(axis=0) < 0.0, np.max(np.abs(living), axis=0)
    lost = below | (np.min(np.abs(living), axis=0) < _NOUGHT * size)
    return bool(np.any(lost & (size > _ABSENT)))


def diverges(before: Orbit, last: Orbit, solver: Solver) -> bool:
    """Whether the period grows from a cycle to the next while the parameter hardly moves, as beside
    a homoclinic orbit; that of slow relaxation, or of a long absence, grows, too."""
    grown = np.log(last.period / before.period)
    return bool(abs(last.value - before.value) < _STEEP * solver.half[1] * grown)
