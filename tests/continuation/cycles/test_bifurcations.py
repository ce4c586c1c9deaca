"""Bifurcations of cycles: normal forms, branch switching, continuation from files, delay models.

Normal-form coefficients are compared with exact ones, with MatCont's, or with the amplitude of the
branch they predict; parameters with published digits of multiple shooting (1e-7 relative).
"""

from __future__ import annotations

import numpy as np
import pytest

from continuation import CycleSettings, equilibria, limit_cycles, load
from dynsys import ConvergenceError, ModelError, State, VectorField
from dynsys.models import aln
from tests.oracles import system
from tests.oracles.delayed import MACKEY_GLASS, NEURON

STILL = 1e-7


@pytest.fixture(scope="module")
def controller():
    model = system("adaptive_control").model(al=1.2)
    branch = equilibria(model, "al", (-0.2, 1.5), start=[0, 0, 0])
    return limit_cycles(branch["H1"], "al", (-0.2, 1.5))


@pytest.fixture(scope="module")
def circuit():
    branch = equilibria(system("freire_circuit").model(), "nu", (-0.7, -0.5), start=[0, 0, 0])
    return limit_cycles(branch.points("H")[0], "nu", (-0.7, -0.5))


def test_the_doubled_branch_has_matconts_points(controller):
    doubled = limit_cycles(controller["PD1"], "al", (-0.2, 1.5))
    second, *_ = doubled.points("PD")
    assert second.orbit.value == pytest.approx(0.5796299, abs=2e-7)
    assert second.period == pytest.approx(12.73437, abs=1e-4)
    folds = [c.orbit.value for c in doubled.points("LPC")]
    assert min(abs(np.array(folds) + 0.04494912)) < 1e-6
    assert min(abs(c.orbit.value + 0.04471966) for c in doubled.points("PD")) < 1e-6
    assert doubled.ended[0].startswith("PD1")
    assert doubled.orbits[0].period == pytest.approx(2 * controller["PD1"].period, rel=1e-3)


def test_the_doubling_coefficient_predicts_the_amplitude_of_the_doubled_branch(controller):
    # xi^2 = -kappa (alpha - alpha0) / c with the multiplier -exp(kappa (alpha - alpha0) T); the odd
    # part of the doubled orbit is xi v with integral |v|^2 = 1. First order in xi^2: 0.1 %.
    doubling = controller["PD1"]
    near = CycleSettings(step=1e-4, step_max=1e-3, max_points=12)
    doubled = limit_cycles(doubling, "al", (-0.2, 1.5), settings=near)

    def critical(al: float) -> float:
        found = controller.at(al=al).multipliers.real
        return float(np.log(-found[np.argmin(np.abs(found + 1))]))

    at, h = doubling.orbit.value, 1e-4
    kappa = (critical(at + h) - critical(at - h)) / (2 * h) / doubling.period
    orbit = doubled.orbits[-1]
    times = np.arange(4000) / 8000
    odd = (orbit.at(times) - orbit.at(times + 0.5)) / 2 * doubled.solver.scale
    square = np.mean(np.sum(odd**2, axis=1)) * orbit.period / 2
    assert doubling.coefficients["c"] == pytest.approx(
        -kappa * (orbit.value - at) / square, rel=1e-3
    )
    assert doubling.coefficients["c"] < 0  # supercritical: the doubled cycles are stable
    assert doubled.data["stable"].values.all()


def test_the_fold_coefficient_is_matconts():
    branch = equilibria(system("morris_lecar_fast").model(), "y", (-0.05, 0.15))
    (fold,) = limit_cycles(branch.points("H")[0], "y", (-0.05, 0.15)).points("LPC")
    assert fold.coefficients["b"] == pytest.approx(-0.2334578, rel=1e-5)


def test_the_torus_coefficient_is_exact_on_a_normal_form():
    # Around the circle r = 1, zeta = (r - 1) + i z obeys zeta' = (m + i w) zeta + (s + i q)
    # |zeta|^2 zeta. With integral |v|^2 = 1 over a period T the coefficient is 2 (s + i q) / T.
    cubic = "((r - 1)^2 + z^2)"
    radial = f"(m*(r - 1) - w*z + (s*(r - 1) - q*z)*{cubic})"
    model = VectorField(
        "torus",
        {"x": State(1.0, (-1.5, 1.5)), "y": State(0.0, (-1.5, 1.5)), "z": State(0.01, (-1, 1))},
        {"m": -0.1, "w": 2.0, "s": -0.7, "q": 0.4, "k": 1.3},
        {"x": f"-k*y + x/r*{radial}", "y": f"k*x + y/r*{radial}",
         "z": f"w*(r - 1) + m*z + (s*z + q*(r - 1))*{cubic}"},
        definitions={"r": "sqrt(x^2 + y^2)"},
        time_unit="",
    )  # fmt: skip
    start = ([1.0, 0.0, 0.0], 2 * np.pi / 1.3)
    (torus,) = limit_cycles(model, "m", (-0.2, 0.2), start=start).special_points
    assert torus.label == "NS"
    assert torus.orbit.value == pytest.approx(0.0, abs=1e-9)
    assert torus.coefficients["re_d"] == pytest.approx(2 * -0.7 / torus.period, rel=1e-8)
    assert abs(torus.coefficients["im_d"]) == pytest.approx(2 * 0.4 / torus.period, rel=1e-8)
    turn = (2.0 * torus.period) % (2 * np.pi)
    assert torus.coefficients["angle"] == pytest.approx(min(turn, 2 * np.pi - turn), rel=1e-8)


def test_the_branch_point_of_the_symmetric_circuit_leads_to_the_other_branch(circuit):
    (point,) = circuit.points("BPC")
    assert point.orbit.value == pytest.approx(-0.587028974367, abs=1e-6)
    other = limit_cycles(point, "nu", (-0.7, -0.5))
    (first, *_), (doubling, *_) = other.points("NS"), other.points("PD")
    assert first.orbit.value == pytest.approx(-0.591650195032, abs=STILL)
    assert first.period == pytest.approx(8.7941517464, rel=1e-6)
    assert doubling.orbit.value == pytest.approx(-0.614955221138, abs=STILL)
    doubled = limit_cycles(doubling, "nu", (-0.7, -0.5))
    assert min(abs(c.orbit.value + 0.617354318544) for c in doubled.points("PD")) < STILL


def test_lorenz_cycles_double_where_published():
    model = system("lorenz_63").model(rho=240.0)
    cycles = limit_cycles(model, "rho", (212.0, 240.0), start=([20, 20, 240], 0.47))
    (first,) = cycles.points("PD")
    assert first.orbit.value == pytest.approx(229.4067085615, rel=1e-8)
    assert first.period == pytest.approx(0.480866820311, rel=1e-8)
    (second, *_) = limit_cycles(first, "rho", (212.0, 240.0)).points("PD")
    assert second.orbit.value == pytest.approx(218.2101277778, rel=STILL)
    assert second.period == pytest.approx(0.987948936383, rel=STILL)


@pytest.mark.parametrize(("q", "expected"), [(0.0, 1 / np.sqrt(np.pi)), (0.7, 1 / 0.7)])
def test_a_fold_of_cycles_has_its_exact_coefficient(q, expected):
    # r' = f(r) = r (m + R - R^2), R = r^2, theta' = 1 + q (R - 1/2), with a fold at m = -1/4,
    # r^2 = 1/2, where f'' = -4 r. With a period that changes, xi = -2 q r dr and b = 1 / q; without
    # one, dr = xi / sqrt(T) and b = f'' / (2 sqrt(T)), up to the sign of xi.
    turn, growth = f"(1 + {q}*(R - 0.5))", "(m + R - R^2)"
    model = VectorField(
        "fold", {"x": State(0.9, (-2, 2)), "y": State(0.0, (-2, 2))}, {"m": -0.1},
        {"x": f"x*{growth} - y*{turn}", "y": f"y*{growth} + x*{turn}"},
        definitions={"R": "x^2 + y^2"}, time_unit="",
    )  # fmt: skip
    (fold,) = limit_cycles(model, "m", (-0.4, 0.3), start=([0.9, 0.0], 2 * np.pi)).points("LPC")
    assert abs(fold.coefficients["b"]) == pytest.approx(expected, rel=1e-6)


def test_the_branch_that_breaks_a_symmetry_has_no_fold_of_its_own_where_it_is_born():
    # The symmetric cycle of the Lorenz system loses its symmetry at rho = 154.4: the two halves of
    # the other branch mirror each other, each with the same period doubling.
    model = system("lorenz_63").model(rho=160.0)
    cycles = limit_cycles(model, "rho", (140.0, 165.0), start=([1, 1, 150], 1.17))
    other = limit_cycles(cycles["BPC1"], "rho", (147.0, 165.0))
    assert sorted(c.label for c in other.special_points) == ["BPC", "PD", "PD"]
    first, second = (c.orbit.value for c in other.points("PD"))
    assert first == pytest.approx(second, rel=1e-8)
    born = other["BPC1"].orbit.value  # known as well as a mesh keeps the symmetry
    assert born == pytest.approx(cycles["BPC1"].orbit.value, rel=1e-5)


def test_cycles_of_mackey_glass_have_the_digits_of_dde_biftool():
    # Delay lines of order 16 carry the cycle to 1e-8; DDE-BIFTOOL's meshes agree to 1e-9.
    model = MACKEY_GLASS.model().with_delay_order(16)
    hopf = equilibria(model, "tau", (0.3, 1.6)).points("H")[0]
    cycles = limit_cycles(hopf, "tau", (0.3, 1.45))
    (doubling,) = cycles.points("PD")
    assert doubling.orbit.value == pytest.approx(1.3249215258, abs=5e-8)
    for tau, period, multiplier in [
        (0.6, 2.00765187316, 0.2613258505), (1.0, 3.11654441288, -0.5342798427),
        (1.2, 3.62373009992, -0.8112295535),
    ]:  # fmt: skip
        cycle = cycles.at(tau=tau)
        assert cycle.period == pytest.approx(period, rel=1e-8)
        assert np.min(np.abs(cycle.multipliers - multiplier)) < 1e-7
    assert doubling.coefficients["c"] < 0
    assert limit_cycles(doubling, "tau", (0.3, 1.45)).at(tau=1.4).stable


@pytest.mark.slow(chosen=True)
def test_cycles_with_three_delays_have_the_digits_of_dde_biftool():
    model = NEURON.model(ts=1.5).with_delay_order(12)
    hopf = equilibria(model, "a21", (0.0, 2.2), start=[0, 0]).points("H")[-1]
    cycles = limit_cycles(hopf, "a21", (0.5, 2.2))
    for a21, period, multiplier in [
        (1.0, 8.76826216414, 0.73721205), (1.5, 11.3486160952, 0.29363348),
        (2.0, 16.8253582661, 0.07180484),
    ]:  # fmt: skip
        cycle = cycles.at(a21=a21)
        assert cycle.period == pytest.approx(period, rel=1e-9)
        assert np.min(np.abs(cycle.multipliers - multiplier)) < 1e-7


def test_the_spike_wave_cycle_ends_in_a_saddle_node_on_a_circle():
    model = system("jansen_rit").model(p=125.0)
    cycles = limit_cycles(model, "p", (100.0, 140.0), start=([0.0] * 6, 25.0))
    assert cycles.ended[0].endswith("saddle-node on an invariant circle (SNIC)")
    (fold,) = cycles.points("LPC")
    assert fold.orbit.value == pytest.approx(137.379267202, rel=1e-6)
    # Published: the fold of equilibria at 113.5862732128; T^2 (p - p0) tends to a constant.
    long = cycles.data["period"].values[:8]
    offset = cycles.data["p"].values[:8] - 113.5862732128
    assert np.ptp(long**2 * offset) < 0.02 * np.mean(long**2 * offset)


def test_a_branch_from_a_file_goes_on_as_if_it_had_not_stopped(circuit, tmp_path):
    point = circuit["BPC1"]
    whole = limit_cycles(point, "nu", (-0.7, -0.5), settings=CycleSettings(max_points=40))
    short = limit_cycles(point, "nu", (-0.7, -0.5), settings=CycleSettings(max_points=15))
    longer = load(short.save(tmp_path / "cycles.nc")).extended(max_points=25)
    reference = whole.data["nu"].values
    first = int(np.flatnonzero(reference == short.data["nu"].values[0])[0])
    count = min(len(longer), len(whole) - first)
    assert count > len(short) + 5
    found = longer.data["nu"].values[:count]
    assert np.array_equal(found, reference[first : first + count])
    assert np.array_equal(longer.orbits[count - 1].u, whole.orbits[first + count - 1].u)
    names = {c.name for c in longer.special_points}
    assert names <= {c.name for c in whole.special_points} and "NS1" in names


def test_a_branch_that_ended_for_a_reason_says_so_when_asked_to_go_on(controller):
    with pytest.raises(ModelError, match="reached the end of the span"):
        controller.extended()


def test_an_orbit_that_is_no_cycle_is_refused():
    model = aln().with_parameters(mu_e=2.8, mu_i=1.0)  # at rest in the up state
    with pytest.raises(ConvergenceError, match="rest"):
        limit_cycles(model, "mu_e", (2.7, 2.9))


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ModelError, match="step_max"):
        CycleSettings(step_max=-1.0)
    with pytest.raises(ModelError, match="intervals is 2"):
        CycleSettings(intervals=2)


def test_a_canard_is_passed_and_its_fold_found():
    # At mu_i = 3 the cycles of the right Hopf point explode at one value of mu_e to all digits.
    model = aln().with_parameters(a=15, b=40, mu_i=3.0)
    hopf = equilibria(model, "mu_e", (1.0, 5.0)).points("H")[-1]
    coarse = CycleSettings(
        intervals=20, tolerance=1e-5, trivial_error=1e-4, mesh_error=1e-5, step_max=0.12, longest=8,
    )  # fmt: skip
    cycles = limit_cycles(hopf, "mu_e", (1.0, 5.0), settings=coarse)
    assert hopf.criticality == "subcritical"
    (fold,) = cycles.points("LPC")
    assert fold.orbit.value == pytest.approx(4.3935517, abs=5e-6)
    stable = cycles.data["stable"].values & (cycles.data["trivial_error"].values < 1e-3)
    assert cycles.data["mu_e"].values[stable].min() < 4.24 < 4.39 < fold.orbit.value
    assert cycles.data["max_r_E"].values.max() > 50  # Hz
    assert cycles.ended[1].startswith("the period diverges")
