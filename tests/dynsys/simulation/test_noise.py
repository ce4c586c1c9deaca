"""Stochastic integration: strong orders on a linear equation, noise exact in distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dynsys import VectorField, simulate, simulate_ensemble
from dynsys.simulation.arguments import TABLEAUS
from dynsys.simulation.integration import Task
from dynsys.simulation.motion import motion

# dX = a X dt + b X dW: X = exp((a - b^2/2) t + b W) (Ito), exp(a t + b W) (Stratonovich).
GROWTH = VectorField("growth", {"x": 1.0}, {"a": -1.0, "b": 0.5}, {"x": "a*x"}, time_unit="")
FINE, PATHS = 512, 400


def end_states(method: str, increments: np.ndarray, monkeypatch) -> np.ndarray:
    """Final states (paths,) with given Brownian increments (paths, steps)."""
    steps = increments.shape[1]
    dt = 1.0 / steps
    task = Task(
        model=GROWTH, motion=motion(GROWTH, noise={"x": "b*x"}), tableau=TABLEAUS[method],
        p=np.tile(GROWTH.parameter_array(), (PATHS, 1)), x=np.ones((PATHS, 1)), dt=dt, settle=0,
        steps=steps, stride=steps, columns=np.array([0]), inputs={}, seeds=np.arange(PATHS),
        noisy=np.array([0]),
    )  # fmt: skip

    class Draws:
        def __init__(self, seed):
            self.seed = seed

        def normal(self, size):
            return (increments[self.seed] / math.sqrt(dt)).reshape(size)

    monkeypatch.setattr(np.random, "default_rng", Draws)
    task.run(workers=1)
    monkeypatch.undo()
    return task.x[:, 0]


@pytest.mark.parametrize(("method", "expected", "shift"), [("euler", 0.5, 0.125), ("heun", 1.0, 0)])
def test_strong_order_on_a_linear_equation(method, expected, shift, monkeypatch):
    fine = np.random.default_rng(3).normal(size=(PATHS, FINE)) / math.sqrt(FINE)
    exact = np.exp(-1.0 - shift + 0.5 * fine.sum(axis=1))
    errors = []
    for steps in (16, 32, 64, 128):
        increments = fine.reshape(PATHS, steps, -1).sum(axis=2)
        errors.append(np.abs(end_states(method, increments, monkeypatch) - exact).mean())
    slope = -np.polyfit(np.log([16, 32, 64, 128]), np.log(errors), 1)[0]
    assert slope == pytest.approx(expected, abs=0.15)


def test_additive_noise_has_the_stationary_variance():
    model = VectorField("leak", {"x": 0.0}, {"s": 0.8}, {"x": "-x"}, time_unit="")
    run = simulate_ensemble(
        model, 200, noise={"x": "s"}, seeds=range(40), method="heun", dt=0.02, settle=10, sample=0.1
    )
    assert run["x"].dims == ("seed", "time")
    # 40 x 200 correlation times: the variance s^2/2 to 2 % (one standard deviation 1.6 %).
    assert float(run["x"].var()) == pytest.approx(0.32, rel=0.05)


def test_the_same_seed_gives_the_same_run_whatever_runs_beside_it():
    model = VectorField("leak", {"x": 0.0}, {}, {"x": "-x"}, time_unit="")
    alone = simulate(model, 1, noise={"x": 1.0}, seed=7)
    among = simulate_ensemble(model, 1, noise={"x": 1.0}, seeds=range(20), method="heun")
    assert np.array_equal(alone["x"], among["x"].sel(seed=7))
    assert not np.array_equal(alone["x"], among["x"].sel(seed=8))
