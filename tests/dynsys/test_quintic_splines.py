"""Quintic spline tables: exactness, order, smoothness, symbols, domain, files."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from dynsys import SmoothTable
from dynsys.compiled.splines import table_jet, table_margin
from dynsys.errors import ModelError, StorageError, UnknownNameError
from dynsys.expressions.lookup import TableLookup

X, Y = np.linspace(-1.0, 2.0, 14), np.linspace(0.5, 3.0, 11)


def wave(a, b):
    return np.sin(1.3 * a + 0.4) * np.exp(0.5 * b)


def wave_derivative(a, b, i, j):
    return 1.3**i * np.sin(1.3 * a + 0.4 + i * np.pi / 2) * 0.5**j * np.exp(0.5 * b)


def table_of(function, nx=14, ny=11, name="f"):
    x, y = np.linspace(-1.0, 2.0, nx), np.linspace(0.5, 3.0, ny)
    return SmoothTable(name, {"a": x, "b": y}, {"value": function(x[:, None], y[None, :])})


def jet_of(table, a, b, order, before=0):
    packed = np.concatenate([np.full(before, 7.7), table.packed])
    out = np.full((order + 1, order + 1, len(table.quantities)), np.nan)
    table_jet(packed, before, a, b, order, out)
    return out


@pytest.fixture(scope="module")
def table():
    return SmoothTable(
        "eif",
        {"mu": X, "sigma": Y},
        {"first": wave(X[:, None], Y[None, :]), "second": X[:, None] * Y[None, :] ** 2},
        units={"first": "mV", "second": "ms"},
        source="made up",
    )


coefficients = st.lists(st.floats(-3, 3), min_size=36, max_size=36)
inside = st.tuples(st.floats(-1, 2), st.floats(0.5, 3))


@settings(max_examples=30, deadline=None)
@given(coefficients, inside, st.integers(0, 5), st.integers(0, 5))
def test_a_polynomial_of_degree_five_in_each_variable_is_reproduced(c, at, i, j):
    c = np.reshape(c, (6, 6))
    polynomial = table_of(
        lambda a, b: np.polynomial.polynomial.polyval2d(*np.broadcast_arrays(a, b), c)
    )
    derived = np.polynomial.polynomial.polyder(c, i, axis=0)
    derived = np.polynomial.polynomial.polyder(derived, j, axis=1)
    if i + j <= 5:
        expected = np.polynomial.polynomial.polyval2d(*at, derived)
        # Rounding of the values is amplified by h^-(i + j); h is about 0.25 here.
        tolerance = 1e-10 * 4.0 ** (i + j) * max(1.0, np.abs(c).max()) * 250
        assert polynomial.evaluate("value", *at, derivative=(i, j)) == pytest.approx(
            expected, abs=tolerance
        )


def test_the_error_falls_with_the_sixth_power_of_the_step():
    a, b = np.random.default_rng(0).uniform([-1, 0.5], [2, 3], (400, 2)).T
    errors = []
    for n in (16, 31, 61):  # halves the step
        error = table_of(wave, n, n).evaluate("value", a, b) - wave(a, b)
        errors.append(np.abs(error).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 5.5)


@pytest.mark.parametrize(("i", "j"), [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (2, 1), (3, 0)])
def test_derivatives_are_those_of_the_function(i, j):
    fine = table_of(wave, 61, 61)
    a, b = np.random.default_rng(1).uniform([-1, 0.5], [2, 3], (200, 2)).T
    found = fine.evaluate("value", a, b, derivative=(i, j))
    assert np.allclose(
        found, wave_derivative(a, b, i, j), atol=1e-3 if i + j == 3 else 1e-5, rtol=0
    )


@pytest.mark.parametrize("orders", [(0, 0), (1, 0), (2, 1), (4, 0), (0, 4), (2, 2)])
def test_derivatives_up_to_the_fourth_are_continuous_across_knots(table, orders):
    for knot in X[1:-1]:
        below, above = table.evaluate("first", knot + np.array([-1e-9, 1e-9]), 1.77, orders)
        assert above == pytest.approx(below, abs=1e-5)


def test_the_fifth_derivative_is_continuous_only_at_the_knots_next_to_the_ends():
    rough = table_of(lambda a, b: np.abs(a - 0.55) + 0 * b)
    x = rough.axes["a"]
    jumps = np.array(
        [np.ptp(rough.evaluate("value", k + np.array([-1e-9, 1e-9]), 1.0, (5, 0))) for k in x[1:-1]]
    )
    ends = jumps[[0, 1, -2, -1]]
    assert ends.max() < 1e-5 * jumps[2:-2].max()


@settings(max_examples=40, deadline=None)
@given(inside, st.integers(0, 5), st.integers(0, 40))
def test_a_jet_holds_all_derivatives_wherever_its_table_is_packed(at, order, before):
    smooth = table_of(wave)
    jet = jet_of(smooth, *at, order, before)
    for i in range(order + 1):
        for j in range(order + 1 - i):
            assert jet[i, j, 0] == pytest.approx(
                float(smooth.evaluate("value", *at, derivative=(i, j))), rel=1e-12, abs=1e-12
            )


def test_orders_above_the_fifth_vanish(table):
    assert np.all(table.evaluate("first", X, 1.0, derivative=(4, 2)) == 0)
    assert jet_of(table, 0.3, 1.0, 6)[6, 0, 0] == 0


def test_the_polynomial_of_the_edge_continues_outside():
    cubic = table_of(lambda a, b: a**3 * b)
    assert cubic.evaluate("value", 3.0, 4.0, extrapolate=True) == pytest.approx(108, rel=1e-10)
    assert jet_of(cubic, 3.0, 4.0, 1)[1, 0, 0] == pytest.approx(108, rel=1e-8)


@settings(max_examples=50, deadline=None)
@given(st.floats(-3, 4), st.floats(-1, 5))
def test_the_margin_is_negative_exactly_outside(a, b):
    margin = table_margin(np.array(table_of(wave).packed), 0, a, b)
    assert (margin >= -1e-15) == (-1 <= a <= 2 and 0.5 <= b <= 3)


@pytest.mark.parametrize(("a", "b", "words"), [
    (2.5, 1.0, ("mu = 2.5", "[-1, 2]", "extrapolate")),
    (0.0, 0.2, ("sigma = 0.2", "[0.5, 3]")),
    (float("nan"), 1.0, ("mu = nan",)),
])  # fmt: skip
def test_leaving_the_domain_is_an_error_that_names_value_and_domain(table, a, b, words):
    with pytest.raises(ModelError) as error:
        table.evaluate("first", a, b)
    assert all(word in str(error.value) for word in words)


def test_an_unknown_quantity_is_answered_with_the_nearest(table):
    with pytest.raises(UnknownNameError, match="Did you mean 'second'"):
        table.evaluate("secnd", 0.0, 1.0)
    with pytest.raises(AttributeError, match="secnd"):
        table.secnd(0.0, 1.0)


def test_symbols_differentiate_into_lookups_of_higher_order(table):
    a, b = sympy.symbols("a b")
    lookup = table.second(a**2, b)
    assert lookup == table.expression("second", a**2, b)
    name = sympy.Symbol("eif")
    assert lookup.diff(a) == 2 * a * TableLookup(name, 1, 1, 0, a**2, b)
    assert lookup.diff(b, 2) == TableLookup(name, 1, 0, 2, a**2, b)
    assert "eif" in sympy.latex(lookup)


@pytest.mark.parametrize(("axis", "words"), [
    (np.linspace(0, 1, 7), "8 grid points"),
    (np.linspace(0, 1, 14) ** 2, "not uniform"),
    (np.linspace(1, 0, 14), "increase"),
    (np.full(14, np.nan), "increase and be finite"),
])  # fmt: skip
def test_grids_that_cannot_carry_a_spline_are_refused(axis, words):
    with pytest.raises(ModelError, match=words):
        SmoothTable("f", {"a": axis, "b": Y}, {"value": np.zeros((len(axis), len(Y)))})


def test_values_that_do_not_fit_the_grid_are_refused():
    with pytest.raises(ModelError, match="shape"):
        SmoothTable("f", {"a": X, "b": Y}, {"value": np.zeros((3, 3))})
    with pytest.raises(ModelError, match="not finite"):
        SmoothTable("f", {"a": X, "b": Y}, {"value": np.full((len(X), len(Y)), np.inf)})


def test_a_table_cannot_be_changed(table):
    with pytest.raises(ModelError, match="cannot be changed"):
        table.name = "other"
    with pytest.raises(ValueError, match="read-only"):
        table.packed[0] = 1.0


def test_a_table_survives_file_and_pickle(table, tmp_path):
    for copy in (
        SmoothTable.load(table.save(tmp_path / "t.npz")),
        pickle.loads(pickle.dumps(table)),
    ):
        assert copy.digest == table.digest
        assert (copy.name, copy.quantities, dict(copy.units)) == (
            table.name, table.quantities, dict(table.units),
        )  # fmt: skip
        assert np.array_equal(copy.packed, table.packed)


def test_the_digest_tells_tables_apart():
    assert table_of(wave).digest == table_of(wave).digest
    assert table_of(wave).digest != table_of(lambda a, b: wave(a, b) + 1e-12).digest
    assert table_of(wave).digest != table_of(wave, name="g").digest


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_a_damaged_file_is_named(table, tmp_path, keep):
    path = table.save(tmp_path / "t.npz")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(StorageError, match=r"t\.npz.*write it again"):
        SmoothTable.load(path)


def test_a_failed_write_leaves_nothing_behind(table, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        table.save(tmp_path / "file" / "t.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
