"""Relaxation oscillations whose jumps are far faster than the rest, from simulation alone."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from continuation.diagrams.outcomes import UNSETTLED, Outcome
from continuation.diagrams.simulating import destinations
from continuation.diagrams.stiff_runs import settled
from dynsys import VectorField

BRUSSELATOR = VectorField(
    "brusselator",
    {"X": 1.0, "Y": 1.0},
    {"A": 0.2375, "B": 4.9175},
    {"X": "A - (B + 1)*X + X^2*Y", "Y": "B*X - X^2*Y"},
    time_unit="",
)


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


def test_what_takes_too_many_steps_stays_unsettled():
    # Steps of the size of 1e-6, for as long as the run lasts.
    stiff = VectorField(
        "stiff", {"x": 1.0, "y": 0.0}, {"k": 1e6}, {"x": "-k*(x - cos(y))", "y": "1 + 1e-9*x"},
        time_unit="",
    )  # fmt: skip
    start = Outcome(UNSETTLED, np.array([1.0, 0.0]))
    assert settled(stiff, start, 1000.0) is start
