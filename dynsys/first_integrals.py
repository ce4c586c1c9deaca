"""Quantities that every motion of a model keeps: energies and other first integrals.

Sought among sums c_1 phi_1 + ... of monomials of the states, logarithms of positive states, and
the functions of a state that the equations hold, with their integrals. Where
sum_k c_k grad phi_k . f vanishes at random states to rounding, it is one: numerical evidence at the
model's parameter values, not a proof. One that is no such sum is not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np
import sympy

from dynsys.conservation import ROUNDING, eliminated, random_states
from dynsys.expressions.conditions import written_out
from dynsys.expressions.functions import ModelFunction
from dynsys.expressions.symbols import evaluation_order, symbol

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

_DEGREE = 4
_MOST = 250  # terms: with more states the degree is lowered
_MORE = 20  # random states beyond the unknown factors
_NOTHING = 1e-9  # relative slope of a constant
_LARGEST = 40  # operations of a function that is integrated


def first_integrals(model: VectorField) -> tuple[sympy.Expr, ...]:
    """Independent conserved quantities of a model without delays at its parameter values.

    Example
    -------
    >>> pendulum = VectorField("pendulum", {"q": 0.5, "p": 0.0}, {"k": 1.0},
    ...                        {"q": "p", "p": "-k*sin(q)"}, time_unit="")
    >>> first_integrals(pendulum)
    (p**2/2 - cos(q),)
    """
    if model.lines or model.tables:
        return ()
    states = [symbol(name) for name in model.states]
    terms = list(_terms(model, states))
    places = random_states(model, len(terms) + _MORE)
    gradients = _gradients(terms, states, places)
    with np.errstate(all="ignore"):
        rates = np.array([model.rhs(x) for x in places])
    matrix = np.einsum("tks,ts->tk", gradients, rates)
    good = np.all(np.isfinite(matrix), axis=1)
    if np.sum(good) < len(terms):
        return ()
    matrix, gradients = matrix[good], gradients[good]
    size = np.max(np.abs(gradients * rates[good][:, None, :]), axis=(0, 2))
    size[size == 0] = 1.0
    _, singular, rows = np.linalg.svd(matrix / size)
    rank = int(np.sum(singular > ROUNDING * singular[0]))
    return tuple(_independent(eliminated(rows[rank:] / size), terms, gradients))


def _terms(model: VectorField, states: list[sympy.Symbol]) -> Iterator[sympy.Expr]:
    """The functions whose sums are tried, simple ones last."""
    found: dict[sympy.Expr, None] = {}
    for equation in _plain_equations(model):
        for part in sorted(equation.atoms(sympy.Function), key=sympy.default_sort_key):
            if not part.has(ModelFunction):  # whose integrals nobody knows
                found |= dict.fromkeys(_with_integrals(part, states))
    yield from found
    low, _ = model.state_box()
    yield from (sympy.log(x) for x, least in zip(states, low, strict=True) if least >= 0)
    degree = _DEGREE
    while len(list(_monomials(states, degree))) > _MOST:
        degree -= 1
    yield from reversed(list(_monomials(states, degree)))


def _with_integrals(part: sympy.Expr, states: list[sympy.Symbol]) -> Iterator[sympy.Expr]:
    used = [x for x in states if part.has(x)]
    if not used or not part.free_symbols <= set(states):
        return
    yield part
    if len(used) == 1 and part.count_ops() <= _LARGEST:
        integral = sympy.integrate(part, used[0], risch=False)
        if not integral.has(sympy.Integral):
            yield integral


def _monomials(states: list[sympy.Symbol], degree: int) -> Iterator[sympy.Expr]:
    for order in range(1, degree + 1):
        for factors in combinations_with_replacement(states, order):
            yield sympy.Mul(*factors)


def _gradients(
    terms: list[sympy.Expr], states: list[sympy.Symbol], places: np.ndarray
) -> np.ndarray:
    """Gradients (places, terms, n)."""
    slopes = [[sympy.diff(term, x) for x in states] for term in terms]
    # expressions of this model, read from text when it was made, and their derivatives
    compute = sympy.lambdify(states, slopes, "numpy", cse=True)  # noqa: TID251
    with np.errstate(all="ignore"):
        return np.array([compute(*x) for x in places], dtype=float)


def _plain_equations(model: VectorField) -> Iterator[sympy.Expr]:
    """The right-hand sides in states alone, at the model's parameter values."""
    known: dict[sympy.Symbol, sympy.Expr] = {
        symbol(k): sympy.Float(v) for k, v in model.parameters.items()
    }
    for label in evaluation_order(model.name, model.definitions):
        known[symbol(label)] = written_out(model.definitions[label], known)
    yield from (written_out(equation, known) for equation in model.equations.values())


def _independent(
    rows: list[np.ndarray], terms: list[sympy.Expr], gradients: np.ndarray
) -> Iterator[sympy.Expr]:
    """Combinations of few terms first, without those that are functions of earlier ones."""
    kept: list[np.ndarray] = []
    for row in sorted(rows, key=lambda c: int(np.sum(c != 0))):
        slopes = np.einsum("k,tks->ts", row, gradients)
        if np.max(np.abs(slopes)) < _NOTHING * np.max(np.abs(row[:, None] * gradients)):
            continue  # two forms of one term, whose difference is a constant
        trial = np.stack([*kept, slopes], axis=1)
        trial = trial / np.maximum(np.linalg.norm(trial, axis=2, keepdims=True), 1e-300)
        smallest = np.linalg.svd(trial, compute_uv=False)[:, -1]
        if len(kept) < gradients.shape[2] and np.median(smallest) > 1e-6:
            kept.append(slopes)
            total = sum((_plain(c) * t for c, t in zip(row, terms, strict=True) if c), sympy.S.Zero)
            yield total


def _plain(value: float) -> sympy.Expr:
    """A factor as a whole number or a simple fraction where it is one."""
    simple = sympy.nsimplify(value, rational=True, tolerance=1e-9)
    return simple if simple.q <= 12 else sympy.Float(value)
