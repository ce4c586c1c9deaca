"""Bifurcations of conductance-based mean fields, by continuation, against known points."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from continuation import equilibria, find_equilibria, fold_curve, hopf_curve, limit_cycles
from dynsys.models import master_equation
from dynsys.validity import flags

SPAN = (0.05, 1.5)


@cache
def adapting(E_L: float, a: float, b: float, T: float = 5.0):
    """Equilibria of the adapting circuit over its drive."""
    model = master_equation("divolo2019").with_parameters(E_L_e=E_L, a=a, b=b, T=T)
    return equilibria(model, "drive", SPAN)


# (E_L, a, b) -> drive (Hz), frequency (Hz), nu_e, nu_i, W at the upper end of the rhythm.
UPPER = {
    (-65, 0, 0): (0.427542, 27.41, 2.41903, 6.52454, 0.0),
    (-65, 0, 20): (0.588447, 5.212, 0.85465, 3.02991, 8.5465),
    (-65, 0, 40): (0.582376, 3.5915, 0.40501, 1.79992, 8.1002),
    (-63, 0, 0): (0.096507, 45.729, 4.34453, 10.18679, 0.0),
    (-63, 0, 20): (0.465983, 24.957, 2.19393, 6.07771, 21.9393),
    (-63, 0, 40): (0.557735, 13.5065, 1.34760, 4.21945, 26.9520),
    (-63, 0, 60): (0.598571, 9.5464, 0.96454, 3.34336, 28.9362),
    (-63, 0, 100): (0.604591, 7.5351, 0.58839, 2.36394, 29.4195),
    (-63, 4, 60): (0.550164, 3.0513, 0.23063, 1.21015, 25.3451),
}


@pytest.mark.parametrize("case", UPPER)
def test_hopf_points_of_the_adapting_circuit_are_the_known_ones(case):
    drive, frequency, *state = UPPER[case]
    point = adapting(*case).points("H")[-1]
    assert point.parameters["drive"] == pytest.approx(drive, abs=6e-7)
    assert point.frequency == pytest.approx(frequency, rel=1e-4)
    found = [point.observables[name] for name in ("nu_e", "nu_i", "W")]
    assert found == pytest.approx(state, abs=6e-5)
    # The rhythm of adaptation begins softly; the fast one between E and I, without it at -63 mV,
    # does not.
    assert point.criticality == ("subcritical" if case == (-63, 0, 0) else "supercritical")


@pytest.mark.parametrize("case", [(-65, 0, 60), (-65, 0, 100), (-65, 4, 60)])
def test_strong_adaptation_at_minus_65_millivolts_never_oscillates(case):
    assert not adapting(*case).points("H")


def test_the_lower_instability_is_a_hopf_point_just_before_the_fold():
    for b, drive in ((40, 0.45097), (100, 0.453259)):
        lower, fold = adapting(-63, 0, b).points("H")[0], adapting(-63, 0, b).points("LP")[0]
        assert lower.parameters["drive"] == pytest.approx(drive, abs=6e-6)
        assert 0 < fold.parameters["drive"] - lower.parameters["drive"] < 5e-4


def test_the_place_of_the_hopf_point_without_adaptation_is_that_of_any_bin():
    quick, slow = adapting(-63, 0, 0).points("H")[-1], adapting(-63, 0, 0, 20.0).points("H")[-1]
    assert slow.parameters["drive"] == pytest.approx(quick.parameters["drive"], abs=1e-9)
    assert 1000 * quick.omega == pytest.approx(287.3218, rel=1e-5)
    assert slow.omega == pytest.approx(quick.omega / 4, rel=1e-8)


def test_the_hopf_curve_closes_a_bubble_at_minus_65_millivolts():
    start = adapting(-65, 0, 40).points("H")[-1]
    curve = hopf_curve(start, ("b", "drive"), {"b": (0, 150), "drive": (0.0, 1.5)})
    b, drive = curve.data["b"].values, curve.data["drive"].values
    assert 45 < b.max() < 50
    known = {20: (0.519221, 0.588447), 40: (0.534025, 0.582376)}
    turn = int(np.argmax(b))
    for value, ends in known.items():
        crossed = [
            np.interp(value, *_rising(part_b, part_drive))
            for part_b, part_drive in ((b[:turn], drive[:turn]), (b[turn:], drive[turn:]))
        ]
        assert sorted(crossed) == pytest.approx(ends, abs=4e-4)  # of straight lines between points
    (point,) = curve.points("BT")
    assert point.parameters["b"] == pytest.approx(1.96, abs=0.01)


def _rising(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(x)
    return x[order], y[order]


def test_hopf_and_fold_curves_meet_at_one_bogdanov_takens_point():
    branch = adapting(-63, 0, 40)
    spans = {"b": (0, 150), "drive": (0.0, 1.5)}
    hopf = hopf_curve(branch["H1"], ("b", "drive"), spans)
    fold = fold_curve(branch["LP1"], ("b", "drive"), spans)
    (one,), (other,) = hopf.points("BT"), fold.points("BT")
    assert one.parameters["b"] == pytest.approx(other.parameters["b"], rel=1e-6)
    assert one.parameters["drive"] == pytest.approx(other.parameters["drive"], rel=1e-8)
    eigenvalues = np.sort(np.abs(other.eigenvalues))
    assert eigenvalues[1] < 1e-4 * eigenvalues[2]
    upper = hopf_curve(branch.points("H")[-1], ("b", "drive"), spans)
    drive = upper.data["drive"].values
    assert 0 < np.argmax(drive) < len(drive) - 1, "not monotonic in b"


# --- cycles -----------------------------------------------------------------------------------


def test_the_program_of_up_and_down_states_runs_as_written():
    updown = master_equation("divolo2019", order=1).with_parameters(E_L_e=-63, a=0, b=60)
    branch = equilibria(updown, parameter="drive", span=(0.46, 1.5))
    assert branch["H1"].parameters["drive"] == pytest.approx(0.598571, abs=6e-7)
    assert branch["H1"].frequency == pytest.approx(9.5464, abs=6e-5)
    cycles = limit_cycles(branch["H1"], parameter="drive", span=(0.5, 0.6))
    # Published ranges come from simulations; next to the Hopf point these had not settled.
    known = {
        0.597: (0.745, 1.254),
        0.595: (0.655, 1.436),
        0.59: (0.531, 1.798),
        0.58: (0.401, 2.446),
    }
    for drive, ends in known.items():
        cycle = cycles.at(drive=drive)
        assert cycle.stable
        assert cycle.extrema("nu_e") == pytest.approx(ends, abs=6e-4)
    assert cycles.at(drive=0.58).period == pytest.approx(110.7, abs=0.05)
    (doubling,) = cycles.points("PD")
    assert 0.53 < doubling.parameters["drive"] < 0.56
    half = np.diff(cycles.at(drive=0.5985).extrema("nu_e"))[0] / 2
    assert half**2 / (0.59857133 - 0.5985) == pytest.approx(41, rel=0.03)


# (E_L, b), drive -> period (ms) and range of nu_e.
CYCLES = {
    (-63, 100): {0.6045: (132.84, None), 0.55: (187.94, (0.0839, 4.471))},
    (-65, 40): {0.582: (281.06, None), 0.57: (400.35, None)},
    (-63, 40): {0.557: (74.28, (1.158, 1.571))},
}


@pytest.mark.parametrize("case", CYCLES)
def test_cycles_have_the_known_periods(case):
    E_L, b = case
    point = adapting(E_L, 0, b).points("H")[-1]
    cycles = limit_cycles(point, "drive", (0.54, 0.61))
    for drive, (period, ends) in CYCLES[case].items():
        cycle = cycles.at(drive=drive)
        assert cycle.stable
        assert cycle.period == pytest.approx(period, rel=1e-4)
        if ends is not None:
            assert cycle.extrema("nu_e") == pytest.approx(ends, abs=6e-4)


def test_cycles_of_minus_65_millivolts_turn_in_a_canard_next_to_the_lower_hopf_point():
    branch = adapting(-65, 0, 40)
    cycles = limit_cycles(branch.points("H")[-1], "drive", (0.52, 0.6))
    lower = branch["H1"].parameters["drive"]
    turns = cycles.points("LPC")
    assert turns
    assert all(abs(turn.parameters["drive"] - lower) < 1e-4 for turn in turns)
    assert "Hopf point" in cycles.ended[1]


# --- Hodgkin-Huxley cells ---------------------------------------------------------------------


@cache
def hodgkin_huxley():
    return equilibria(master_equation("carlu2020-hh"), "drive", (0.5, 14))


# Drive -> node | saddle, nu_e in Hz.
NODES = {1: (0.05349, 61.05), 2: (0.3669, 57.81), 4: (1.22316, 51.21), 6: (2.467, 44.30),
         8: (4.454, 36.73)}  # fmt: skip


@pytest.mark.parametrize("drive", NODES)
def test_node_and_saddle_of_the_hodgkin_huxley_circuit(drive):
    model = master_equation("carlu2020-hh").with_parameters(drive=drive)
    found = [x for x in find_equilibria(model) if x[0] < 100]
    assert [x[0] for x in found] == pytest.approx(NODES[drive], rel=2e-4)
    unstable = [np.sum(np.linalg.eigvals(model.jacobian(x)).real > 0) for x in found]
    assert unstable == [0, 1]


def test_a_fold_ends_the_asynchronous_state_and_saturation_is_flagged():
    (fold,) = hodgkin_huxley().points("LP")
    assert 10 < fold.parameters["drive"] < 13
    text = str(hodgkin_huxley())
    assert "not physical" in text
    assert {"saturation_e", "nu_e"} <= {
        flag.observable for flag in flags(hodgkin_huxley().model, hodgkin_huxley().data)
    }


def test_the_fold_curve_separates_the_known_states_of_weak_inhibition():
    spans = {"drive": (0.0, 20.0), "Q_i": (2.0, 9.0)}
    curve = fold_curve(hodgkin_huxley()["LP1"], ("drive", "Q_i"), spans)
    drive = np.interp(3.0, curve.data["Q_i"].values, curve.data["drive"].values)
    assert 2.0 < drive < 4.0
    model = master_equation("carlu2020-hh").with_parameters(Q_i=3.0)
    node, saddle = (x for x in find_equilibria(model.with_parameters(drive=2)) if x[0] < 100)
    assert node == pytest.approx([0.9034, 5.285], rel=1e-4)
    assert saddle == pytest.approx([12.07, 27.53], rel=1e-3)
    assert all(x[0] > 100 for x in find_equilibria(model.with_parameters(drive=4)))
