"""Field, Jacobian and derivative along parameters at several states at once are those of three
functions, one by one."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from dynsys import State, VectorField
from dynsys.compiled.hyperbolic import cosh, sinh, tanh
from dynsys.compiled.kernels import WIDTH
from dynsys.models import aln, morris_lecar


def delayed() -> VectorField:
    """A delayed mean field, whose delay itself is a parameter."""
    return VectorField(
        "delayed_rates", {"r": State(0.3, lowest=0.0), "v": -0.5},
        {"eta": 1.0, "J": -8.0, "Delta": 0.1, "D": 1.0},
        {"r": "Delta/pi + 2*r*v", "v": "v^2 + eta + J*delay(r, D) - pi^2*r^2"}, time_unit="",
    )  # fmt: skip


def rates_of_rings() -> VectorField:
    """Two states of no library function but those that lanes have of their own."""
    return VectorField(
        "rings", {"x": 0.3, "y": -0.2}, {"a": 1.5, "b": 0.7},
        {"x": "tanh(a*y) - b*sinh(x)", "y": "exp(-x)/cosh(b*y) - log(a + x^2)*y"}, time_unit="",
    )  # fmt: skip


@pytest.mark.parametrize("make", [morris_lecar, aln, delayed, rates_of_rings])
def test_the_linearization_at_several_states_is_what_its_parts_are(make):
    model = make()
    compiled, p = model.compiled, model.parameter_array()
    n, rng = compiled.n, np.random.default_rng(0)
    states = model.initial_state() * (1 + 0.05 * rng.random((WIDTH, n)))
    states += 0.01 * rng.random((WIDTH, n))
    along, out = rng.standard_normal(compiled.m), np.empty((2 * n + n * n) * WIDTH)
    rates, beside = np.empty(n * WIDTH), np.ascontiguousarray(states.T).ravel()
    compiled.linearize(beside, p, compiled.tables, along, out)
    compiled.rates(beside, p, compiled.tables, rates)
    together = np.column_stack([out.reshape(-1, WIDTH).T, rates.reshape(-1, WIDTH).T])
    for x, found in zip(states, together, strict=True):
        field, jacobian, tangent = np.empty(n), np.empty((n, n)), np.empty(n)
        compiled.field(x, p, compiled.tables, field)
        compiled.jacobian(x, p, compiled.tables, jacobian)
        compiled.tangent(x, p, compiled.tables, np.zeros(n), along, tangent)
        ours = np.split(found, np.cumsum([n, n * n, n]))
        for one, part in zip(ours, (field, jacobian.ravel(), tangent, field), strict=True):
            assert np.max(np.abs(part)) > 0
            assert one == pytest.approx(part, rel=1e-12, abs=1e-12 * np.max(np.abs(part)))


@pytest.mark.parametrize(("ours", "exact"), [(sinh, mp.sinh), (cosh, mp.cosh), (tanh, mp.tanh)])
def test_hyperbolic_functions_are_right_to_the_last_digits(ours, exact):
    rng = np.random.default_rng(0)
    sizes = np.concatenate([10.0 ** rng.uniform(-300, 2.84, 400), rng.uniform(0, 30, 400)])
    with mp.workprec(200):
        for x in [*sizes.tolist(), *(-sizes).tolist()]:
            right = exact(mp.mpf(x))
            assert abs(ours(x) - right) <= 2.5 * np.spacing(abs(float(right)))


def test_hyperbolic_functions_at_the_ends_of_doubles():
    for function in (sinh, tanh):
        assert function(0.0) == 0.0
        assert function(-750.0) == -function(750.0) == (-np.inf if function is sinh else -1.0)
        assert np.isnan(function(np.nan))
    assert cosh(-750.0) == np.inf
    assert np.isnan(cosh(np.nan))
