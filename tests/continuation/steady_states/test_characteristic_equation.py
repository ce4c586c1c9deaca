"""Exact characteristic roots against the Lambert function, published digits and other routes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.optimize import fsolve
from scipy.special import lambertw

from continuation.steady_states.characteristic_equation import CharacteristicEquation
from dynsys.errors import ConvergenceError, ModelError


def hutchinson(r: float) -> CharacteristicEquation:
    """N' = r N (1 - N(t - 1)) at N = 1: lambda = -r exp(-lambda), lambda = W_k(-r)."""
    return CharacteristicEquation.from_delays([[0.0]], [[[-r]]], [1.0])


def neuron(a21: float, ts: float = 1.5) -> CharacteristicEquation:
    """DDE-BIFTOOL's neuron model at 0: delays ts (own output) and 0.2 (the other's)."""
    coupling = np.array([[0.0, 1.0], [a21, 0.0]])
    return CharacteristicEquation.from_delays(-0.5 * np.eye(2), [-np.eye(2), coupling], [ts, 0.2])


def with_signal_loop(gain: float = 0.5, strength: float = -1.8) -> CharacteristicEquation:
    """x' = -x + strength u, u(t) = (x + gain u)(t - 0.7): the signal feeds itself."""
    parts = ([[-1.0]], [[strength]], [[1.0]], [[gain]], [0.7])
    return CharacteristicEquation(*map(np.array, parts))


@pytest.mark.parametrize("r", [0.2, 1.5, 2.0])
def test_hutchinson_roots_are_values_of_the_lambert_function(r):
    expected = np.array([lambertw(-r, k) for k in range(-4, 4)])
    found = hutchinson(r).roots_right_of(expected.real.min() - 0.05)
    assert len(found) == len(expected)
    order = np.lexsort([-expected.imag, -np.round(expected.real, 12)])
    assert found == pytest.approx(expected[order], rel=1e-13, abs=1e-13)


# DDE-BIFTOOL's neuron example; digits from the exact characteristic equation.
NEURON_ROOTS = [
    -0.033277106063423 + 0.897759158711612j,
    -0.294864479860484 + 1.470448390361629j,
    -0.999681246958585 + 5.226105394501114j,
]


def test_neuron_roots_have_the_published_digits():
    found = neuron(0.5).roots_right_of(-1.0)
    assert found[found.imag > 0][:3] == pytest.approx(NEURON_ROOTS, rel=1e-12)


def test_neuron_hopf_point_has_the_published_digits():
    def real_and_imaginary(y):
        determinant = np.linalg.det(neuron(y[0]).matrix(1j * y[1]))
        return determinant.real, determinant.imag

    found = fsolve(real_and_imaginary, [0.8, 0.8], xtol=1e-14)
    assert found == pytest.approx([0.80712322496798, 0.78196516212093], rel=1e-11)
    assert neuron(found[0]).polish(0.78j) == pytest.approx(1j * found[1], abs=1e-11)
    assert neuron(found[0] + 1e-6).roots_right_of(-0.01)[0].real > 0
    assert neuron(found[0] - 1e-6).roots_right_of(-0.01)[0].real < 0


def test_neuron_has_two_critical_pairs_at_its_hopf_hopf_point():
    roots = neuron(0.2072962660744, ts=8.6340742188674).roots_right_of(-1e-3)
    critical = roots[np.abs(roots.real) < 1e-11]
    assert np.sort(critical.imag)[2:] == pytest.approx(
        [0.32871540660808, 0.91571158786444], rel=1e-11
    )
    assert len(critical) == 4


def test_neuron_branch_point_has_a_root_at_zero():
    assert neuron(2.25).polish(0.02) == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("equation", [hutchinson(1.5), neuron(0.5), with_signal_loop()])
def test_derivative_is_the_slope_of_the_matrix(equation):
    z, h = -0.3 + 1.1j, 1e-4
    differences = [(equation.matrix(z + k * h) - equation.matrix(z - k * h)) for k in (1, 2)]
    slope = (8 * differences[0] - differences[1]) / (12 * h)
    assert equation.derivative(z) == pytest.approx(slope, abs=1e-12)


def test_a_signal_that_contains_a_delayed_signal_adds_the_delays():
    # u1 = -1.5 x(t - 0.7), u2 = u1(t - 0.4) + 0.3 x(t - 0.4), x' = -x + u2
    cascade = CharacteristicEquation(
        [[-1.0]], [[0.0, 1.0]], [[-1.5], [0.3]], [[0.0, 0.0], [1.0, 0.0]], [0.7, 0.4]
    )
    direct = CharacteristicEquation.from_delays([[-1.0]], [[[-1.5]], [[0.3]]], [1.1, 0.4])
    found = cascade.roots_right_of(-2.0)
    assert len(found) > 2
    assert found == pytest.approx(direct.roots_right_of(-2.0), rel=1e-12)


def test_roots_of_a_signal_loop_are_those_of_its_discretized_lines():
    equation = with_signal_loop()
    lines = equation.pseudospectral_roots(30)[:4]
    found = equation.roots(lines)
    assert found == pytest.approx(lines, abs=1e-9)
    for root in found:
        echo = np.exp(-root * 0.7)
        assert root + 1 == pytest.approx(-1.8 * echo / (1 - 0.5 * echo), abs=1e-12)


def test_a_simulated_signal_loop_grows_and_turns_as_its_rightmost_root_says():
    gain, strength, steps, count = -0.3, -3.5, 400, 8000
    h = 0.7 / steps
    x, signal = np.empty(count + 1), np.ones(count + steps)
    x[0] = 1.0
    # Trapezoidal rule; signal[j] arrives at time j h, so that it is always known ahead.
    for j in range(count):
        signal[steps + j] = x[j] + gain * signal[j]
        drive = strength * (signal[j] + signal[j + 1]) / 2
        x[j + 1] = ((1 - h / 2) * x[j] + h * drive) / (1 + h / 2)
    root = with_signal_loop(gain, strength).roots_right_of(-0.2)[0]
    assert root.real > 0.1
    # A growing oscillation obeys x(t) = 2 Re(e^(lambda s)) x(t - s) - |e^(lambda s)|^2 x(t - 2 s).
    tail, turn = x[-6 * steps :], np.exp(root * 0.7)
    predicted = 2 * turn.real * tail[steps:-steps] - abs(turn) ** 2 * tail[: -2 * steps]
    assert predicted == pytest.approx(tail[2 * steps :], abs=1e-3 * np.max(np.abs(tail)))


@example(rate=0.0, gain=1.0, tau=0.1015625, loop=-0.5)  # slopes cancel at mirror images
@settings(max_examples=30, deadline=None)
@given(st.floats(-2, 2), st.floats(-3, 3), st.floats(0.1, 3), st.floats(-0.6, 0.6))
def test_argument_principle_counts_the_roots_that_are_listed(rate, gain, tau, loop):
    equation = CharacteristicEquation([[rate]], [[gain]], [[1.0]], [[loop]], [tau])
    nearby = equation.roots_right_of(-0.05)
    assume(np.all(np.abs(nearby.real) > 0.05))  # a root next to the border may fall on either side
    assert equation.count(0.0, 20.0) == len(nearby)


@pytest.mark.parametrize("equation", [hutchinson(4.0), neuron(3.0), with_signal_loop(-0.4, -4.0)])
def test_argument_principle_counts_the_listed_roots_of_a_strip(equation):
    listed = equation.roots_right_of(-1.25)
    inside = listed[np.abs(listed.imag) < 12.0]
    assert len(inside) >= 2
    assert equation.count(-1.25, 12.0) == len(inside)


def test_double_root_is_found_and_counted_twice():
    # lambda = -r exp(-lambda) has the double root -1 at r = 1/e.
    equation = hutchinson(np.exp(-1.0))
    assert equation.polish(-0.9) == pytest.approx(-1, abs=1e-6)
    assert equation.count(-1.5, 1.0) == 2


def test_guesses_that_lead_nowhere_are_dropped_and_equal_roots_merged():
    equation = CharacteristicEquation([[-1.0]], [[0.0]], [[0.0]], [[0.0]], [1.0])
    assert equation.roots([-0.9, -1.1, -1.0]) == pytest.approx([-1.0])


def test_a_neutral_equation_has_no_complete_list_left_of_its_chain():
    chain = np.log(0.5) / 0.7
    assert len(with_signal_loop().roots_right_of(chain / 2)) < 10
    with pytest.raises(ConvergenceError, match="infinitely many"):
        with_signal_loop().roots_right_of(chain - 0.5)


def test_newton_that_finds_nothing_says_where_it_looked():
    with pytest.raises(ConvergenceError, match=r"near 3\+40j.*after 2"):
        hutchinson(1.5).polish(3 + 40j, iterations=2)


def test_a_root_on_the_border_of_the_rectangle_is_reported():
    with pytest.raises(ConvergenceError, match="border"):
        neuron(2.25).count(0.0, 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tau": [-1.0]}, "positive"),
        ({"tau": [np.nan]}, "positive"),
        ({"f_u": [[1.0, 2.0]]}, "f_u"),
    ],
)
def test_equations_that_make_no_sense_are_refused(change, message):
    good = {"f_x": [[0.0]], "f_u": [[1.0]], "s_x": [[1.0]], "s_u": [[0.0]], "tau": [1.0]}
    with pytest.raises(ModelError, match=message):
        CharacteristicEquation(**{**good, **change})
