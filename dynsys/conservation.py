"""Sums of states that no motion of a model changes, as in closed reaction networks.

Where x + y is conserved, every equilibrium lies on a line of them, one for each value of the sum:
none is isolated, and a search for isolated ones finds nothing that means anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

_MORE = 8  # random states beyond the unknown factors: an accident would have to happen so often
ROUNDING = 1e-11  # relative size of what counts as zero
_WHOLE = 12  # factors that are multiples of one part in this many are written as whole numbers


@dataclass(frozen=True)
class ConservedSum:
    """``factors`` (n,) of the states in a sum that every motion keeps, and its ``value`` here."""

    factors: np.ndarray
    states: tuple[str, ...]
    value: float

    def __str__(self) -> str:
        words = ""
        for factor, name in zip(self.factors, self.states, strict=True):
            if factor:
                size = "" if abs(factor) == 1 else f"{abs(factor):.6g} "
                sign = "-" if factor < 0 else "+" if words else ""
                words += f" {sign} {size}{name}" if words else f"{sign}{size}{name}"
        return words

    def state_to_leave_out(self) -> tuple[str, str]:
        """A state that the sum determines, and its expression: ("y", "2 - x")."""
        at = int(np.flatnonzero(self.factors)[-1])
        rest = [
            f"{'-' if f > 0 else '+'} {'' if abs(f) == 1 else f'{abs(f):.6g}*'}{name}"
            for f, name in zip(self.factors / self.factors[at], self.states, strict=True)
            if f and name != self.states[at]
        ]
        value = self.value / self.factors[at]
        return self.states[at], " ".join([f"{value:.12g}" if value else "0", *rest])


_KEPT = 64  # answers remembered: searches ask again and again at the same values
_recent: dict[bytes, tuple[VectorField, tuple[ConservedSum, ...]]] = {}


def conserved_sums(model: VectorField) -> tuple[ConservedSum, ...]:
    """The independent sums of states that are conserved at the model's parameter values.

    A factor vector c with c . f = 0 at random states, to rounding, is one; so each is numerical
    evidence with the probability of an accident nil, not a proof. Conserved quantities that are no
    sums (energies, products) are not found here.

    Example
    -------
    >>> model = VectorField("closed", {"x": 1.0, "y": 1.0}, {"k": 2.0},
    ...                     {"x": "y - k*x", "y": "k*x - y"}, time_unit="")
    >>> [str(s) for s in conserved_sums(model)]
    ['x + y']
    """
    key = model.parameter_array().tobytes()
    other, found = _recent.get(key, (None, ()))
    if other is None or other.compiled is not model.compiled or other.states is not model.states:
        found = _sums(model)
        _recent[key] = model, found
        if len(_recent) > _KEPT:
            _recent.pop(next(iter(_recent)), None)
    return found


def _sums(model: VectorField) -> tuple[ConservedSum, ...]:
    n = model.physical_dimension
    rates = np.array([model.rhs(x)[:n] for x in random_states(model, n + _MORE)])
    rates = rates[np.all(np.isfinite(rates), axis=1)]
    if len(rates) < n:
        return ()
    size = np.max(np.abs(rates), axis=0)
    size[size == 0] = 1.0
    _, singular, rows = np.linalg.svd(rates / size)
    largest = max(float(singular[0]), 1e-300)
    null = rows[np.sum(singular > ROUNDING * largest) :] / size
    start = np.array([state.initial for state in model.states.values()])
    names = tuple(model.states)
    return tuple(ConservedSum(c, names, float(c @ start)) for c in _simple(null))


def words(model: VectorField) -> str:
    """What conserved sums mean for equilibria, and how to write the model; "" where none are."""
    found = conserved_sums(model)
    if not found:
        return ""
    sums = ", ".join(map(str, found))
    kept = [s.state_to_leave_out() for s in found if np.sum(s.factors != 0) > 1]
    still = [str(s) for s in found if np.sum(s.factors != 0) == 1]
    advice = []
    if kept:
        parts = ", ".join(f"{name!r}: {expression!r}" for name, expression in kept)
        advice.append(
            f"fix it: leave out the equation of {', '.join(name for name, _ in kept)} and pass "
            f"definitions={{{parts}}}"
        )
    if still:
        advice.append(f"make {', '.join(still)} a parameter: nothing moves it")
    values = ", ".join(f"{k} = {v:g}" for k, v in model.parameters.items())
    at = f" ({values})" if values else ""
    return (
        f"every equilibrium of {model.name}{at} is one of a line of them: {sums} "
        f"{'is' if len(found) == 1 else 'are'} conserved, and each value has its own. To study "
        f"one value, {'; '.join(advice)}"
    )


def random_states(model: VectorField, count: int) -> np.ndarray:
    """Random full states: signals on delay lines are as free as the states."""
    n, random = model.compiled.n, np.random.default_rng(7)
    low, high = model.state_box()
    inside = low + (high - low) * random.random((count, len(low)))
    full = model.scales * random.standard_normal((count, n))
    full[:, : len(low)] = inside
    return full


def _simple(null: np.ndarray) -> list[np.ndarray]:
    """A basis of the rows' span with as many zeros as elimination gives, in whole numbers, the
    first of them positive."""
    return [_whole(c * np.sign(c[np.flatnonzero(c)[0]])) for c in eliminated(null)]


def eliminated(null: np.ndarray) -> list[np.ndarray]:
    """A basis of the rows' span by elimination from the last column: the last entry of every row,
    which is 1, has zeros above and below it."""
    rows = np.array(null, dtype=float)[:, ::-1]
    column = 0
    for k in range(len(rows)):
        while column < rows.shape[1]:
            pivot = k + int(np.argmax(np.abs(rows[k:, column])))
            if abs(rows[pivot, column]) > 1e-8 * np.max(np.abs(rows[pivot])):
                break
            column += 1
        rows[[k, pivot]] = rows[[pivot, k]]
        rows[k] /= rows[k, column]
        for other in range(len(rows)):
            if other != k:
                rows[other] -= rows[other, column] * rows[k]
        column += 1
    return [np.where(np.abs(c) < 1e-9 * np.max(np.abs(c)), 0.0, c) for c in rows[:, ::-1]]


def _whole(c: np.ndarray) -> np.ndarray:
    for factor in range(1, _WHOLE + 1):
        if np.max(np.abs(c * factor - np.round(c * factor))) < 1e-7:
            return np.round(c * factor)
    return c
