"""Delay lines get as many nodes as the exact equations ask for, and say what they miss."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from continuation import CycleSettings, Settings, equilibria, hopf_curve, limit_cycles, load
from continuation.cycles.delay_errors import delay_error, with_more_nodes
from continuation.steady_states.characteristic_equation import CharacteristicEquation
from continuation.steady_states.delay_orders import is_resolved, line_roots
from dynsys import State, VectorField
from dynsys.delays import DEFAULT_ORDER

FEW = CycleSettings(max_points=3)
AS_GIVEN = CycleSettings(max_points=3, delay_error=1.0)


def negative_feedback() -> VectorField:
    """x' = -x - 2 sin(x(t - tau)): at 0 Hopf points where tau sqrt(3) = 2 pi / 3 + 2 pi k."""
    return VectorField(
        "feedback", {"x": State(0.1, (-2, 2))}, {"tau": 1.0, "a": 2.0},
        {"x": "-x - a*sin(delay(x, tau))"}, time_unit="",
    )  # fmt: skip


@pytest.fixture(scope="module")
def branch():
    return equilibria(negative_feedback(), "tau", (0.5, 9.0), start=[0.0])


def test_all_hopf_points_of_a_long_delay_are_found_to_eight_digits(branch):
    exact = (2 * np.pi / 3 + 2 * np.pi * np.arange(3)) / np.sqrt(3)
    assert [p.parameters["tau"] for p in branch.points("H")] == pytest.approx(exact, abs=1e-8)
    assert branch.model.delay_order > DEFAULT_ORDER
    assert f"delay lines of {branch.model.delay_order} nodes" in str(branch)
    assert max(p.certificate["delay_residual"] for p in branch.points("H")) < 3e-8
    unstable = branch.data["unstable"].values
    assert unstable[0] == 0
    assert unstable[-1] == 6


def test_what_few_nodes_miss_is_printed_where_more_are_not_allowed():
    few = equilibria(
        negative_feedback(), "tau", (0.5, 3.0), start=[0.0],
        settings=Settings(most_delay_order=DEFAULT_ORDER),
    )  # fmt: skip
    assert few.model.delay_order == DEFAULT_ORDER
    assert "from the exact root" in str(few["H1"])


def test_the_order_is_judged_by_exact_roots():
    equation = CharacteristicEquation.from_delays([[-1.0]], [[[-2.0]]], [2 * np.pi / 3 / 3**0.5])
    assert not is_resolved(equation, 6, critical=True)
    assert is_resolved(equation, 12, critical=True)
    assert np.min(np.abs(line_roots(equation, 12) - 1j * 3**0.5)) < 1e-8


def test_a_hopf_curve_gets_the_nodes_it_needs(branch):
    # a = sqrt(1 + w^2), tau = (pi - arctan w) / w.
    curve = hopf_curve(branch["H1"], ("tau", "a"), {"tau": (0.4, 6.0), "a": (1.01, 6.0)})
    w = np.sqrt(curve.data["a"].values ** 2 - 1)
    assert curve.data["tau"].values == pytest.approx((np.pi - np.arctan(w)) / w, rel=2e-8)


def rotation() -> VectorField:
    """z' = (1 + i w) z - |z|^2 z + K (z(t - tau) - z), whose cycles are rotations."""
    radius, states = "(x^2 + y^2)", {"x": State(1.0, (-2, 2)), "y": State(0.0, (-2, 2))}
    return VectorField(
        "rotation", states, {"K": 0.5, "w": 2.0, "tau": 4.0},
        {
            "x": f"x - w*y - {radius}*x + K*(delay(x, tau) - x)",
            "y": f"y + w*x - {radius}*y + K*(delay(y, tau) - y)",
        },
        time_unit="",
    )  # fmt: skip


@pytest.fixture(scope="module")
def turning():
    return limit_cycles(rotation(), "w", (1.9, 2.1), ([1.0, 0.0], 3.0), FEW)


@pytest.fixture(scope="module")
def coarse():
    return limit_cycles(rotation(), "w", (1.9, 2.1), ([1.0, 0.0], 3.0), AS_GIVEN)


def off(cycle) -> float:
    """How far a rotation's frequency s is from s = w - K sin(s tau)."""
    s = 2 * np.pi / cycle.period
    return abs(s - 2.0 + 0.5 * np.sin(4.0 * s))


def test_a_rotation_behind_a_long_delay_has_the_exact_period(turning):
    assert off(turning.at(w=2.0)) < 1e-8
    assert turning.model.delay_order > DEFAULT_ORDER
    assert turning.data["delay_error"].max() < 2e-6


def test_errors_of_delayed_signals_are_told_and_kept(coarse, tmp_path):
    assert coarse.model.delay_order == DEFAULT_ORDER
    worst = float(coarse.data["delay_error"].max())
    assert 10 * worst > off(coarse.at(w=2.0)) > 1e-5
    assert "delay lines of 6 nodes: delayed signals to" in str(coarse)
    again = load(coarse.save(tmp_path / "coarse.nc"))
    assert again.data["delay_error"].values == pytest.approx(coarse.data["delay_error"].values)


def test_an_orbit_takes_its_lines_from_its_own_past(coarse, turning):
    finer = with_more_nodes(coarse.solver, coarse.orbits[0], turning.model)
    assert finer.u.shape[1] == turning.model.compiled.n
    assert delay_error(turning.solver, finer) < 2e-6
    again = limit_cycles(coarse.at(w=2.0), "w", (1.9, 2.1), settings=FEW)
    assert off(again.at(w=2.0)) < 1e-8


def on_its_own_past(tau: float, x: np.ndarray, period: float) -> tuple[np.ndarray, float]:
    """(cycle, period) of Mackey and Glass's equation at equidistant phases, by Fourier series."""
    waves = 2j * np.pi * np.fft.fftfreq(len(x), 1 / len(x))
    transform = np.fft.fft(np.eye(len(x)), axis=0)
    derivative = np.fft.ifft(waves[:, None] * transform, axis=0).real
    phase = derivative @ x
    for _ in range(20):
        shift = np.fft.ifft(np.exp(-waves * tau / period)[:, None] * transform, axis=0).real
        late = shift @ x
        off = derivative @ x - period * production(late) + period * x
        along = x - production(late) - slope(late) * (shift @ derivative @ x) * tau / period
        matrix = derivative + period * np.eye(len(x)) - period * slope(late)[:, None] * shift
        bordered = np.block([[matrix, along[:, None]], [phase[None], np.zeros((1, 1))]])
        change = np.linalg.solve(bordered, np.append(off, 0.0))
        x, period = x - change[:-1], period - change[-1]
    assert np.max(np.abs(change)) < 1e-10
    return x, period


def exact_multiplier(tau: float, x: np.ndarray, period: float, guess: complex) -> complex:
    """That of exp(s t) p(t), p of the cycle's period, by Newton on s from a guess."""
    waves = 2j * np.pi * np.fft.fftfreq(len(x), 1 / len(x))
    transform = np.fft.fft(np.eye(len(x)), axis=0)
    derivative = np.fft.ifft(waves[:, None] * transform, axis=0).real
    shift = np.fft.ifft(np.exp(-waves * tau / period)[:, None] * transform, axis=0).real
    late = period * slope(shift @ x)[:, None] * shift
    s = np.log(complex(guess))
    for _ in range(30):
        factor = np.exp(-s * tau / period)
        matrix = derivative + (s + period) * np.eye(len(x)) - factor * late
        there = np.eye(len(x)) + factor * tau / period * late
        moves = scipy.linalg.eigvals(matrix, there)
        s -= moves[np.argmin(np.abs(moves))]
    return np.exp(s)


def production(late: np.ndarray) -> np.ndarray:
    return 2 * late / (1 + late**7)


def slope(late: np.ndarray) -> np.ndarray:
    return 2 * (1 - 6 * late**7) / (1 + late**7) ** 2


@pytest.mark.parametrize(("tau", "settings"), [(1.6, FEW), (1.0, AS_GIVEN), (1.6, AS_GIVEN)])
def test_errors_of_multipliers_cover_what_delay_lines_leave(tau, settings):
    model = VectorField(
        "mackey_glass", {"x": State(0.9, (0, 2))}, {"tau": tau},
        {"x": "2*delay(x, tau)/(1 + delay(x, tau)**7) - x"}, time_unit="",
    )  # fmt: skip
    branch = limit_cycles(model, "tau", (0.9, 2.0), ([0.9], 5.0), settings)
    cycle = branch.at(tau=tau)
    x, period = on_its_own_past(tau, cycle.values("x", np.arange(151) / 151), cycle.period)
    assert np.isnan(branch.data["multiplier_error"].values).all()
    for given, told in zip(cycle.multipliers[:4], cycle.multiplier_errors, strict=False):
        true = abs(given / exact_multiplier(tau, x, period, given) - 1)
        assert true < 2 * told + 1e-8
        assert told < 2 * true + 1e-8 or told > 0.5


def test_at_a_fold_of_delayed_cycles_the_multiplier_1_is_known():
    model = VectorField(
        "late", {"x": State(0.5, (-2, 2)), "y": State(0.0, (-2, 2))}, {"k": 1.5, "tau": 0.5},
        {
            "x": "y",
            "y": "-x - 0.1*y - k*delay(x, tau) + 0.2*x*(1 - x^2) - 0.3*delay(y, tau)^3",
        },
        time_unit="",
    )  # fmt: skip
    branch = limit_cycles(model, "k", (1.0, 3.0), ([0.5, 0.0], 4.0))
    assert branch["LPC1"].multiplier_errors[0] < 1e-4
    assert "unresolved" not in str(branch)
