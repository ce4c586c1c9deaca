"""States that stay zero where they are, and how small they may become."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from dynsys import Tolerance, VectorField, simulate
from dynsys.invariant_axes import stays_zero
from dynsys.models import aln

PREY = VectorField(
    "prey", {"n": 0.5, "p": 0.2}, {"K": 2.3018, "m": 0.12833},
    {"n": "n*(1 - n/K) - eaten", "p": "eaten - m*p"}, {"share": "n/(0.3 + n)", "eaten": "share*p"},
    time_unit="",
)  # fmt: skip


def prey_in_logarithms(times: np.ndarray) -> np.ndarray:
    """The same motion, the logarithm of the prey by an implicit method."""
    k, m = PREY.parameters["K"], PREY.parameters["m"]

    def rates(t: float, x: np.ndarray) -> list[float]:
        n, p = np.exp(x)
        return [1 - n / k - p / (0.3 + n), n / (0.3 + n) - m]

    run = solve_ivp(
        rates, (0, times[-1]), np.log([0.5, 0.2]), method="LSODA", t_eval=times, rtol=1e-11,
        atol=1e-11,
    )  # fmt: skip
    return run.y[0]


def test_a_population_stays_zero_a_rate_does_not():
    assert stays_zero(PREY) == (True, True)
    assert stays_zero(PREY.with_parameters(m=0.2)) == (True, True)
    growing = VectorField(
        "growing", {"x": 1.0, "y": 1.0, "z": 1.0}, {"a": 1.0},
        {"x": "a*x - x*y", "y": "x - y", "z": "z^2*cos(x) - z/(1 + z)"},
    )  # fmt: skip
    assert stays_zero(growing) == (True, False, True)
    assert not any(stays_zero(aln()))


def test_a_tiny_population_comes_back_when_its_logarithm_says():
    times = np.linspace(0, 400, 4001)
    run = simulate(PREY, 400.0, sample=0.1, tolerance=Tolerance(1e-9, 1e-11))
    n = run["n"].values
    expected = prey_in_logarithms(times)
    assert expected.min() < -50  # e^-50 is 2e-22
    assert np.log(n) == pytest.approx(expected[: len(n)], abs=1e-4)
