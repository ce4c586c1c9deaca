"""The exact mean field of QIF neurons: published fixed points, folds and Hopf points."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import equilibria, find_equilibria, fold_curve
from continuation.steady_states.certificates import characteristic_equation
from dynsys.models import montbrio_pazo_roxin
from tests.oracles.qif_mean_field import SYSTEM

PLAIN = montbrio_pazo_roxin(delay=False, kinetics=False).with_parameters(tau=1.0)


@pytest.mark.parametrize("kinetics", [True, False])
@pytest.mark.parametrize("delay", [True, False])
def test_the_fold_lies_where_it_was_published(delay, kinetics):
    # Synapses move no fixed point. Montbrió et al. 2015, figure 2: J = 15, Delta = 1.
    known = SYSTEM.points[0]
    model = montbrio_pazo_roxin(delay, kinetics).with_parameters(tau=1.0)
    fold = equilibria(model, "eta", (-3.5, -2.5)).points("LP")[0]
    assert fold.parameters["eta"] == pytest.approx(known["p"], abs=1e-9)
    assert fold.state[:2] == pytest.approx(known["x"], abs=1e-8)


def test_three_states_coexist_at_the_published_point():
    # Figure 4: eta = -5, J = 15; the roots of Delta^2/(2 pi r)^2 + eta + J r = (pi r)^2.
    polynomial = np.polynomial.Polynomial([1 / (4 * np.pi**2), 0.0, -5.0, 15.0, -(np.pi**2)])
    expected = [z.real for z in polynomial.roots() if abs(z.imag) < 1e-9 and z.real > 0]
    found = [x for x in find_equilibria(PLAIN) if x[0] > 0]
    assert [x[0] for x in found] == pytest.approx(sorted(expected), rel=1e-9)
    assert [x[0] * x[1] for x in found] == pytest.approx([-1 / (2 * np.pi)] * 3)


def test_the_cusp_is_at_minus_the_root_of_three():
    # d eta/d r = d^2 eta/d r^2 = 0 on the fixed points: pi r = (3/4)^(1/4) and eta = -3^(1/2).
    fold = equilibria(PLAIN, "eta", (-3.5, -2.5)).points("LP")[0]
    curve = fold_curve(fold, ("eta", "J"), {"eta": (-6.0, 0.0), "J": (1.0, 20.0)})
    (cusp,) = curve.points("CP")
    r = 0.75**0.25 / np.pi
    assert cusp.parameters["eta"] == pytest.approx(-np.sqrt(3), abs=1e-6)
    assert cusp.parameters["J"] == pytest.approx(2 * np.pi**2 * r + 1 / (2 * np.pi**2 * r**3))


def test_without_spread_the_delays_hopf_point_is_the_published_one():
    # Pazo & Montbrió 2016: J = pi (W^2 - 4) / (6 W^2 + 12)^(1/2) with W = n pi / D, n odd, at
    # eta = 1; Delta -> 0 by extrapolation from two widths.
    expected = np.pi * (np.pi**2 - 4) / np.sqrt(6 * np.pi**2 + 12)
    found = []
    for width in (0.02, 0.01):
        model = montbrio_pazo_roxin(kinetics=False).with_parameters(
            tau=1.0, D=1.0, eta=1.0, Delta=width
        )
        point = min(
            equilibria(model, "J", (1.5, 4.0)).points("H"),
            key=lambda p: abs(p.parameters["J"] - expected),
        )
        root = characteristic_equation(point.model, point.state).polish(1j * point.omega)
        assert abs(root.real) < 1e-3  # six Chebyshev nodes of the delay
        found.append(point.parameters["J"])
    assert 2 * found[1] - found[0] == pytest.approx(expected, abs=0.01)


def test_hopf_points_solve_the_characteristic_equation_of_delay_and_kinetics():
    # (i w + Delta/(pi r))^2 + 4 pi^2 r^2 = 2 r J exp(-i w D) / (1 + i w tau_d), tau = 1.
    model = montbrio_pazo_roxin().with_parameters(
        tau=1.0, D=0.5, tau_d=0.5, eta=4.0, Delta=0.05, J=-10.0
    )  # fmt: skip
    points = equilibria(model, "J", (-30.0, -1.0)).points("H")
    assert points
    for point in points:
        p, r = point.parameters, point.state[0]
        w = characteristic_equation(point.model, point.state).polish(1j * point.omega)
        assert abs(w.real) < 1e-3 * abs(w)
        left = (w + p["Delta"] / (np.pi * r)) ** 2 + 4 * np.pi**2 * r**2
        right = 2 * r * p["J"] * np.exp(-w * p["D"]) / (1 + w * p["tau_d"])
        assert left == pytest.approx(right, rel=1e-9)


def test_rates_scale_with_the_time_constant():
    slow = montbrio_pazo_roxin().equilibrium()
    fast = montbrio_pazo_roxin().with_parameters(tau=5.0, tau_d=1.0, D=0.5).equilibrium()
    assert fast["rate"] == pytest.approx(2 * slow["rate"], rel=1e-9)
