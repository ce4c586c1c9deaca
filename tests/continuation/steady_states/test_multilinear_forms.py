"""Multilinear forms against symbolic derivatives."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import permutations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from continuation.engine.multilinear import MultilinearForms
from tests.continuation.steady_states.written_fields import taylor_of

EXPRESSIONS = ["exp(x*y - mu*z)/(1 + x**2)", "tanh(x + 2*z)*y - 1e4*y**3", "log(3 + x)*z**2*y*mu"]


@cache
def tensor(order: int) -> tuple[Callable, int]:
    """All partial derivatives of one order by SymPy, parameters included."""
    z = sympy.symbols("x y z mu")
    entries = []
    for e in map(sympy.sympify, EXPRESSIONS):
        level: dict[tuple[int, ...], sympy.Expr] = {(): e}
        for _ in range(order):
            level = {
                (*k, j): sympy.diff(v, z[j]) for k, v in level.items()
                for j in range(4) if not k or j >= k[-1]
            }  # fmt: skip
        entries.append(level)
    keys = list(entries[0])
    flat = sympy.lambdify(z, [[e[k] for k in keys] for e in entries], cse=True)
    return lambda point: (keys, np.array(flat(*point), float)), order


def contracted(point: np.ndarray, vectors: list[np.ndarray]) -> np.ndarray:
    keys, values = tensor(len(vectors))[0](point)
    total = np.zeros(3, complex)
    for key, column in zip(keys, values.T, strict=True):
        for index in set(permutations(key)):
            total += column * np.prod([v[i] for v, i in zip(vectors, index, strict=True)])
    return total


def example_forms(scale=None) -> tuple[np.ndarray, MultilinearForms]:
    symbols = sympy.symbols("x y z mu")
    kernel = taylor_of(EXPRESSIONS, symbols[:3], symbols[3:])
    point = np.array([0.3, -0.2, 0.5, 0.8])
    return point, MultilinearForms(kernel, point[:3], point[3:], scale=scale)


@pytest.mark.parametrize(
    "pattern", ["0", "01", "00", "012", "001", "0123", "0012", "0011", "01234", "00112", "00011"]
)
@pytest.mark.parametrize("size", [3, 4])
def test_forms_agree_with_symbolic_derivatives(pattern, size):
    generator = np.random.default_rng(5)
    vectors = [generator.normal(size=size) + 1j * generator.normal(size=size) for _ in range(5)]
    chosen = [vectors[int(k)] for k in pattern]
    point, forms = example_forms()
    expected = contracted(point, [np.append(v, np.zeros(4 - size)) for v in chosen])
    assert forms(*chosen) == pytest.approx(expected, rel=1e-12, abs=1e-10)


@settings(max_examples=50, deadline=None)
@given(
    arrays(float, (4, 3), elements=st.floats(-2, 2)), st.permutations(range(3)), st.floats(-3, 3)
)
def test_forms_are_symmetric_and_linear_in_every_argument(vectors, order, factor):
    _, forms = example_forms()
    u, v, w, other = vectors
    size = 1e5 * (1 + np.max(np.abs(vectors))) ** 4
    value = forms(u, v, w)
    assert np.isrealobj(value)
    assert forms(*(vectors[k] for k in order)) == pytest.approx(value, abs=1e-13 * size)
    combined = forms(u + factor * other, v, w)
    assert combined == pytest.approx(value + factor * forms(other, v, w), abs=1e-12 * size)


def test_scales_keep_a_gentle_mixed_derivative_next_to_a_stiff_direction():
    x, y = sympy.symbols("x y")
    kernel = taylor_of([1e10 * x**2 + x * y], [x, y], [])
    wanted, directions = 1.0, [np.array([1.0, 0.0]), np.array([0.0, 1.0])]
    forms = MultilinearForms(kernel, np.zeros(2), np.zeros(0), scale=np.array([1e-5, 1e5]))
    assert forms(*directions)[0] == pytest.approx(wanted, rel=1e-12)


def test_a_direction_of_the_wrong_length_is_named():
    _, forms = example_forms()
    with pytest.raises(ValueError, match=r"shape \(2,\); \(3,\) moves the states"):
        forms(np.ones(2))
    with pytest.raises(ValueError, match="6 vectors"):
        forms(*[np.ones(3)] * 6)
