"""First orbits from simulations: relaxation oscillations and passages by a saddle-node ghost."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import limit_cycles
from dynsys import ConvergenceError, State, VectorField


@pytest.mark.parametrize(("a", "period"), [(1e-3, 1871.6085), (1e-4, 18203.41396)])
def test_a_relaxation_oscillation_starts_by_itself_with_its_smallest_period(a, period):
    # FitzHugh-Nagumo; periods by LSODA at relative tolerance 1e-12.
    model = VectorField(
        "fhn", {"x": 0.1, "y": 0.1}, {"I": 0.0, "a": a, "b": 1.0, "c": 0.8},
        {"x": "x - x^3/3 - y + I", "y": "a*(b*x - c*y)"}, time_unit="",
    )  # fmt: skip
    cycle = limit_cycles(model, "I", (-0.001, 0.001)).at(I=0.0)
    assert cycle.period == pytest.approx(period, rel=1e-7)
    assert cycle.stable
    assert cycle.trivial_error < 1e-5


def test_a_cycle_far_shorter_than_the_slowest_time_scale_beside_it_is_reached():
    """Larter & Steinmetz (1991), the peroxidase reaction; the period by multiple shooting."""
    states = {"A": 6.0, "B": 58.0, "X": 0.01, "Y": 0.01}
    rates = {
        "k1": 0.1631021, "k2": 1250.0, "k3": 0.046875, "k4": 20.0, "k5": 1.104, "k6": 0.001,
        "k7": 4.235, "km7": 0.1175, "k8": 0.5,
    }  # fmt: skip
    model = VectorField(
        "peroxidase", states, rates,
        {
            "A": "-k1*A*B*X - k3*A*B*Y + k7 - km7*A",
            "B": "-k1*A*B*X - k3*A*B*Y + k8",
            "X": "k1*A*B*X - 2*k2*X^2 + 2*k3*A*B*Y - k4*X + k6",
            "Y": "-k3*A*B*Y + 2*k2*X^2 - k5*Y",
        },
        time_unit="",
    )  # fmt: skip
    cycle = limit_cycles(model, "k8", (0.49, 0.51)).at(k8=0.5)
    assert cycle.period == pytest.approx(11.8435078, abs=2e-7)
    assert cycle.multipliers[0] == pytest.approx(0.266503, abs=1e-6)


@pytest.mark.parametrize("guess", [6.0, 13.5, 20.5, 33.0])
def test_a_guess_of_several_periods_leads_to_the_cycle_run_once(guess):
    model = VectorField(
        "van_der_pol", {"x": 2.0, "y": 0.0}, {"mu": 1.0}, {"x": "y", "y": "mu*(1 - x^2)*y - x"},
        time_unit="",
    )  # fmt: skip
    cycle = limit_cycles(model, "mu", (0.9, 1.1), ([2.0, 0.0], guess)).at(mu=1.0)
    assert cycle.period == pytest.approx(6.6632868593, rel=5e-8)
    assert cycle.multipliers[0] == pytest.approx(8.5955e-4, rel=1e-3)


def test_where_rounding_ends_a_branch_the_multiplier_that_makes_it_tells():
    """Two repelling units on a cycle that stays beside an unstable equilibrium, longer and longer
    towards its end."""
    model = VectorField(
        "repelling", {"u": 1.0, "v": 0.0, "p": -1.0, "q": 0.0}, {"g": -0.45},
        {
            "u": "u - u^3/3 - v + g*(p - u)", "v": "0.08*(u + 0.3 - 0.8*v)",
            "p": "p - p^3/3 - q + g*(u - p)", "q": "0.08*(p + 0.3 - 0.8*q)",
        },
        time_unit="",
    )  # fmt: skip
    branch = limit_cycles(model, "g", (-0.5, -0.4), ([1.0, 0.0, -1.0, 0.3], 60.0))
    largest = branch.data["multiplier_log10"].values[0].max()
    assert largest > 200
    assert f"with a multiplier of 10^{largest:.0f}, others are too near" in branch.ended[0]


@pytest.fixture(scope="module")
def morris_lecar():
    """Type I excitability (Ermentrout & Terman 2010): a saddle-node on a circle at I = 39.963."""
    return VectorField(
        "type_one", {"V": State(-40.0, (-80, 60)), "w": State(0.1, (0, 1))}, {"I": 40.0},
        {"V": "(I - 4*m*(V - 120) - 8*w*(V + 84) - 2*(V + 60))/20", "w": "(s - w)/(15*tau)"},
        definitions={
            "m": "0.5*(1 + tanh((V + 1.2)/18))", "s": "0.5*(1 + tanh((V - 12)/17.4))",
            "tau": "1/cosh((V - 12)/34.8)",
        },
        time_unit="ms",
    )  # fmt: skip


def test_an_oscillator_of_class_one_starts_from_its_own_initial_state(morris_lecar):
    cycles = limit_cycles(morris_lecar, "I", (39.0, 45.0))
    assert cycles.ended[0].endswith("saddle-node on an invariant circle (SNIC)")
    # T^2 (I - I0) tends to a constant on the way there.
    near = cycles.data["period"].values < 5000
    current, period = cycles.data["I"].values[near], cycles.data["period"].values[near]
    assert cycles.data["stable"].values[near].all()
    order = np.argsort(period)[-6:]
    slope = np.polyfit(period[order] ** -2.0, current[order], 1)
    assert slope[1] == pytest.approx(39.963, abs=1e-3)
    assert np.abs(np.polyval(slope, period[order] ** -2.0) - current[order]).max() < 1e-6


def test_below_the_saddle_node_there_is_no_cycle_to_start_from(morris_lecar):
    with pytest.raises(ConvergenceError, match="came to rest"):
        limit_cycles(morris_lecar.with_parameters(I=30.0), "I", (29.0, 31.0))


def test_an_unstable_cycle_is_found_beside_the_start_that_the_simulation_leaves():
    """The unit circle with two driven states: exact multipliers exp(-3 pi), exp(1.5 pi) and
    exp(-4 pi)."""
    model = VectorField(
        "driven", {k: State(float(k == "x"), (-2, 2)) for k in "xyzw"}, {"k": -1.5},
        {"x": "x - y - x*(x^2 + y^2)", "y": "x + y - y*(x^2 + y^2)", "z": "k*z + x",
         "w": "-0.5*k*w + y*z"},
        time_unit="",
    )  # fmt: skip
    cycles = limit_cycles(model, "k", (-1.6, -1.0), start=([1, 0, 0, 0], 2 * np.pi))
    cycle = cycles.at(k=-1.5)
    assert cycle.period == pytest.approx(2 * np.pi, rel=1e-9)
    logs = np.array([1.5, -3.0, -4.0]) * np.pi / np.log(10)
    np.testing.assert_allclose(cycle.log10_multipliers, logs, rtol=1e-8)
    assert cycle.unstable == 1 and cycles.data["unstable"].values.tolist() == [1] * len(cycles)


def test_a_phase_that_moves_on_without_end_is_named():
    model = VectorField(
        "phases", {"x": State(0.5, (-3, 3)), "y": State(0.0, (-3, 3)), "p": 0.0},
        {"F": 0.3, "w": 0.7}, {"x": "y", "y": "(1 - x^2)*y - x + F*cos(p)", "p": "w"},
        time_unit="",
    )  # fmt: skip
    with pytest.raises(ConvergenceError, match=r"p moves on without end, at the rate 0\.7"):
        limit_cycles(model, "F", (0.1, 2.0))
