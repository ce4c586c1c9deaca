"""What the square of an input's size adds to the advance of a cycle's phase."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from continuation import CycleSettings, limit_cycles, phase_response, second_order_phase_response
from continuation.cycles.phase_response import adjoint_of
from dynsys import ModelError, State, VectorField

FEW = CycleSettings(max_points=6)


@pytest.fixture(scope="module")
def clock():
    """r' = r (1 - r^2), theta' = 1 + q (1 - r^2): the phase is theta - q log r everywhere."""
    model = VectorField(
        "clock", {"x": State(1.0, (-2, 2)), "y": State(0.0, (-2, 2))}, {"q": 0.7, "I": 0.0},
        {"x": "x*(1 - R) - y*w + I*(1 + y)", "y": "y*(1 - R) + x*w + I^2"},
        definitions={"R": "x^2 + y^2", "w": "1 + q*(1 - R)"}, time_unit="",
    )  # fmt: skip
    cycles = limit_cycles(model, "q", (0.2, 1.2), start=([1.0, 0.0], 2 * np.pi), settings=FEW)
    return cycles.at(q=0.7)


def angles(cycle, response):
    return np.arctan2(*(cycle.values(name, response["phase"].values) for name in "yx"))


def test_a_clock_with_known_isochrons_has_its_exact_second_order_response(clock):
    response = second_order_phase_response(clock, "x")
    angle = angles(clock, response)
    expected = 0.5 * (np.sin(2 * angle) + 0.7 * np.cos(2 * angle))
    assert response.values == pytest.approx(expected, abs=1e-6)
    assert response.attrs["constancy"] < 1e-10
    turns = second_order_phase_response(clock, "x", unit="cycles")
    assert turns.values == pytest.approx(response.values / (2 * np.pi), rel=1e-9)


def crossing(start: np.ndarray) -> float:
    """When van der Pol's oscillator passes y = 0 downwards for the last time in 70 time units."""

    def passed(_: float, state: np.ndarray) -> float:
        return state[1]

    passed.direction = -1.0
    run = solve_ivp(
        lambda _, s: [s[1], (1 - s[0] ** 2) * s[1] - s[0]], (0.0, 70.0), start, method="DOP853",
        rtol=1e-12, atol=1e-13, events=passed,
    )  # fmt: skip
    return float(run.t_events[0][-1])


def test_the_second_order_response_is_what_simulation_adds_to_the_first():
    model = VectorField(
        "van_der_pol", {"x": State(2.0, (-3, 3)), "y": State(0.0, (-4, 4))}, {"mu": 1.0},
        {"x": "y", "y": "mu*(1 - x^2)*y - x"}, time_unit="",
    )  # fmt: skip
    cycle = limit_cycles(model, "mu", (0.5, 2.0), start=([2.0, 0.0], 6.66), settings=FEW).at(mu=1.0)
    second, first = second_order_phase_response(cycle, "x"), phase_response(cycle, "x")
    fine = adjoint_of(cycle.solver, cycle.orbit)
    for k in (15, 70, 130, 180):
        state, size = fine.states[k], np.array([2e-3, 0.0])
        ahead, still, back = (crossing(state + shift) for shift in (size, 0 * size, -size))
        half = cycle.period / 2
        gains = [(still - t + half) % cycle.period - half for t in (ahead, back)]
        assert (gains[0] - gains[1]) / 4e-3 == pytest.approx(float(first[k]), abs=1e-4)
        assert (gains[0] + gains[1]) / 8e-6 == pytest.approx(float(second[k]), rel=1e-3, abs=1e-3)


def test_what_has_no_second_order_response_says_why(clock):
    with pytest.raises(ModelError, match="does not enter the equations of clock linearly"):
        second_order_phase_response(clock, "I")
    model = VectorField(
        "saddle", {"x": State(1.0, (-2, 2)), "y": State(0.0, (-2, 2)), "z": State(0.0, (-1, 1))},
        {"q": 0.7}, {"x": "x*(1 - R)*q - y", "y": "y*(1 - R)*q + x", "z": "0.1*z"},
        definitions={"R": "x^2 + y^2"}, time_unit="",
    )  # fmt: skip
    start = ([1.0, 0.0, 0.0], 2 * np.pi)
    cycles = limit_cycles(model, "q", (0.2, 1.2), start=start, settings=FEW)
    with pytest.raises(ModelError, match="where the cycle is stable"):
        second_order_phase_response(cycles.at(q=0.7), "x")


def test_an_input_that_depends_on_the_state_carries_it_along():
    linear = VectorField(
        "linear", {"x": State(1.0, (-2, 2)), "y": State(0.0, (-2, 2))}, {"q": 0.7, "I": 0.0},
        {"x": "x*(1 - R) - y*w + I*(1 + x)", "y": "y*(1 - R) + x*w"},
        definitions={"R": "x^2 + y^2", "w": "1 + q*(1 - R)"}, time_unit="",
    )  # fmt: skip
    cycles = limit_cycles(linear, "q", (0.2, 1.2), start=([1.0, 0.0], 2 * np.pi), settings=FEW)
    cycle = cycles.at(q=0.7)
    response = second_order_phase_response(cycle, "I")
    angle = angles(cycle, response)
    push = 1 + np.cos(angle)  # b = (1 + x, 0), of which b_x b = (1 + x, 0)
    curved = np.sin(2 * angle) + 0.7 * np.cos(2 * angle)
    along = -np.sin(angle) - 0.7 * np.cos(angle)
    assert response.values == pytest.approx(0.5 * (push**2 * curved + push * along), abs=1e-6)
