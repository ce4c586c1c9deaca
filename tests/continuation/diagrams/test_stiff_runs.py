"""Relaxation oscillations whose jumps are far faster than the rest, from simulation alone."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from continuation.diagrams.outcomes import UNSETTLED, Outcome
from continuation.diagrams.simulating import destinations
from continuation.diagrams.stiff_runs import settled
from dynsys import State, VectorField

BRUSSELATOR = VectorField(
    "brusselator",
    {"X": 1.0, "Y": 1.0},
    {"A": 0.2375, "B": 4.9175},
    {"X": "A - (B + 1)*X + X^2*Y", "Y": "B*X - X^2*Y"},
    time_unit="",
)


PREY = VectorField(
    "prey", {"n": State(0.5, (0, 3)), "p": State(0.2, (0, 3))}, {"K": 2.3018, "m": 0.12833},
    {"n": "n*(1 - n/K) - n*p/(0.3 + n)", "p": "p*(n/(0.3 + n) - m)"}, time_unit="",
)  # fmt: skip


def period_of_prey(**at: float) -> float:
    """Between passages of the prey through its equilibrium upwards, from its logarithm."""
    rest = np.log(0.3 * at["m"] / (1 - at["m"]))

    def rates(t, x):
        n, p = np.exp(x)
        return [1 - n / at["K"] - p / (0.3 + n), n / (0.3 + n) - at["m"]]

    def passage(t, x):
        return x[0] - rest

    passage.direction = 1
    run = solve_ivp(
        rates, (0, 1500), [rest + 0.2, -0.7], method="LSODA", rtol=1e-10, atol=1e-10,
        events=passage,
    )  # fmt: skip
    return float(np.diff(run.t_events[0])[-1])


def period_by_an_implicit_method(a, b):
    """Between passages of X = 1 upwards, on the cycle."""

    def field(t, z):
        x, y = z
        return [a - (b + 1) * x + x * x * y, b * x - x * x * y]

    def passage(t, z):
        return z[0] - 1

    passage.direction = 1
    run = solve_ivp(
        field, (0, 700), [0.1, 0.1], method="LSODA", rtol=1e-10, atol=1e-12, events=passage
    )
    times = run.t_events[0]
    return times[-1] - times[-2]


def test_periods_are_those_of_an_implicit_method():
    found = settled(BRUSSELATOR, Outcome(UNSETTLED, np.array([0.1, 0.1])), 100.0)
    assert found.kind == "cycle" and found.resolved
    assert found.period == pytest.approx(period_by_an_implicit_method(0.2375, 4.9175), rel=1e-6)


def test_runs_come_to_cycles_that_equal_steps_cannot_follow():
    values = [{"A": 0.2375, "B": 4.9175}, {"A": 0.209, "B": 4.1955}, {"A": 2.0, "B": 3.0}]
    found = destinations(BRUSSELATOR, values, np.array([[0.1, 0.1], [3.0, 3.0], [1.0, 1.0]]))
    assert [outcome.kind for outcome in found] == ["cycle", "cycle", "equilibrium"]
    for outcome, known in zip(found, values, strict=True):
        if outcome.kind == "cycle":
            expected = period_by_an_implicit_method(known["A"], known["B"])
            assert outcome.period == pytest.approx(expected, rel=1e-4)


def test_a_tiny_state_is_followed_as_far_as_it_goes():
    at = {"K": 2.9451, "m": 0.11496}
    # The prey falls to 1e-38 of its range between two outbreaks, and doubles at a rate of its own.
    found = destinations(PREY, [at] * 8, 3 * np.random.default_rng(1).random((8, 2)))
    expected = period_of_prey(**at)
    assert [outcome.kind for outcome in found] == ["cycle"] * 8
    assert [outcome.period for outcome in found] == pytest.approx([expected] * 8, rel=2e-3)
    assert min(outcome.states.min() for outcome in found) > 0


def test_steps_fit_between_the_extremes_of_a_motion_too():
    # The prey decays fastest between its extremes and those of the predators.
    at = {"K": 2.7276, "m": 0.32611}
    found = destinations(PREY, [at] * 6, np.random.default_rng(1).random((6, 2)))
    assert [outcome.period for outcome in found] == pytest.approx([period_of_prey(**at)] * 6, 2e-3)


def test_what_leaves_ever_faster_runs_away_although_no_step_fits():
    # x grows as t^3, and the rate at which y relaxes as t^4.
    cubic = VectorField(
        "cubic", {"x": State(0.0, (-3, 3)), "y": State(0.0, (-3, 3))}, {"a": 0.2},
        {"x": "y", "y": "a + x^2 - x*y - 0.2*y^3"}, time_unit="",
    )  # fmt: skip
    found = settled(cubic, Outcome(UNSETTLED, np.array([1.0, 1.0])), 20.0, leaves=True)
    assert (found.kind, found.resolved) == ("runs away", True)
    (run,) = destinations(cubic, [{"a": 0.2}], np.array([[1.0, 1.0]]))
    assert (run.kind, run.resolved) == ("runs away", True)


def test_a_state_far_outside_the_ranges_is_come_to():
    # Steps that fit the start are too long there: rk4 ends in infinity.
    high = VectorField(
        "high", {"x": State(0.0, (-1, 1))}, {"a": 1.0}, {"x": "a + x^2 - x^3/500"}, time_unit=""
    )
    (run,) = destinations(high, [{"a": 1.0}], np.array([[0.5]]))
    assert run.kind == "equilibrium"
    assert run.state[0] == pytest.approx(500.0, rel=1e-4)


def test_what_takes_too_many_steps_stays_unsettled():
    # Steps of the size of 1e-6, for as long as the run lasts.
    stiff = VectorField(
        "stiff", {"x": 1.0, "y": 0.0}, {"k": 1e6}, {"x": "-k*(x - cos(y))", "y": "1 + 1e-9*x"},
        time_unit="",
    )  # fmt: skip
    start = Outcome(UNSETTLED, np.array([1.0, 0.0]))
    assert settled(stiff, start, 1000.0) is start
