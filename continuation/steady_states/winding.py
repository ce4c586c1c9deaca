"""How often determinants turn around zero along a closed path: the argument principle."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from dynsys.errors import ConvergenceError

FIRST_PIECES, HALVINGS = 8, 50

# A place -> signs (unit numbers, (k,)) and logarithmic derivatives (k,) of k determinants there.
Determinants = Callable[[complex], tuple[np.ndarray, np.ndarray]]
_Sample = tuple[complex, np.ndarray, np.ndarray]


def turns(determinants: Determinants, left: float, right: float, top: float) -> np.ndarray:
    """Zeros minus poles (k,) of every determinant, with multiplicity, in a rectangle.

    The rectangle is left < Re < right, |Im| < top. The determinants of real matrices: below the
    real axis they mirror what is above, so that only the upper half of the border is passed.

    Raises ConvergenceError where a zero or pole lies on the border.
    """
    corners = [complex(right, 0), complex(right, top), complex(left, top), complex(left, 0)]
    return np.sum([_phases(determinants, *side) for side in pairwise(corners)], axis=0) / np.pi


def _phases(determinants: Determinants, start: complex, end: complex) -> np.ndarray:
    """Changes of the arguments along a straight line."""

    def sample(z: complex) -> _Sample:
        return z, *determinants(z)

    # Uneven first pieces: at mirror images the slopes of several roots may cancel together.
    fractions = np.linspace(0.0, 1.0, FIRST_PIECES + 1) ** 1.5
    waiting = [sample(start + (end - start) * f) for f in fractions[::-1]]
    total: np.ndarray = np.zeros(len(waiting[0][1]))
    smallest = abs(end - start) * 2.0**-HALVINGS
    while len(waiting) > 1:
        (left, sign, slope), (right, next_sign, other) = waiting[-1], waiting[-2]
        turn, piece = np.angle(next_sign / sign), right - left
        if abs(piece) < smallest:
            raise ConvergenceError(
                f"a characteristic root lies on the border of the rectangle, near {left:.6g}; "
                "move re_min or im_max a little"
            )
        # Short against the distance of any root, and the slopes agree with the turn found.
        gentle = np.maximum(abs(slope), abs(other)) * abs(piece) < 0.5
        if np.all(gentle) and np.all(abs((piece * (slope + other)).imag / 2 - turn) < 0.1):
            waiting.pop()
            total = total + turn
        else:
            waiting.insert(-1, sample((left + right) / 2))
    return total
