"""The exponential method: long steps over fast relaxations, and what it says of too long ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dynsys import ModelError, State, VectorField, simulate, simulate_ensemble
from dynsys.models import aln
from dynsys.simulation import side_by_side
from dynsys.simulation.motion import motion
from stimulation import Step
from stimulation.entrainment.phases import crossings

FAST = VectorField(
    "fast", {"x": 0.0, "y": 0.0}, {"tau": 0.01, "I": 1.0}, {"x": "(I - x)/tau", "y": "x - y"},
    time_unit="",
)  # fmt: skip
NEURON = VectorField(
    "neuron", {"v": -1.0, "w": 0.0, "s": 0.0}, {"eps": 0.08, "b": 0.8, "I": 0.5},
    {"v": "v - v**3/3 - w + I", "w": "eps*(v + 0.7 - b*w)", "s": "(1 - s)*exp(v) - s*exp(-v)"},
    time_unit="",
)  # fmt: skip


def test_what_relaxes_faster_than_the_step_comes_to_rest():
    run = simulate(FAST, 50, method="exponential", dt=0.5, record="states")
    assert float(run["x"][-1]) == pytest.approx(1.0, abs=1e-12)
    assert np.abs(run["x"][1:] - 1.0).max() < 0.2  # no swing beyond, as 1 - 0.5/tau = -49 has
    assert float(run["y"][-1]) == pytest.approx(1.0, abs=1e-9)
    assert "overstepped" not in run


def test_the_factor_of_a_state_is_that_of_an_equation_linear_in_it():
    moving = motion(NEURON)
    x, p = np.array([0.3, 0.2, 0.1]), moving.prepared(NEURON.parameter_array())
    out = np.empty(moving.out)
    moving.relaxation(x, p, moving.tables, out)
    assert out[:3] == pytest.approx([0.0, -0.08 * 0.8, -math.exp(0.3) - math.exp(-0.3)])


@pytest.mark.parametrize("at", [0.0, 1.0])
def test_a_jump_of_an_input_leaves_the_order(at):
    model = VectorField("leak", {"x": 0.0}, {"I": 0.0}, {"x": "I - x + sin(x)"}, time_unit="")
    inputs = {"I": Step(1.0, start=at)}
    fine = simulate(model, 3, inputs=inputs, method="rk4", dt=1e-3, record="states")
    errors = []
    for dt in (0.1, 0.05, 0.025):
        run = simulate(model, 3, inputs=inputs, method="exponential", dt=dt, record="states")
        errors.append(abs(float(run["x"][-1] - fine["x"][-1])))
    assert math.log2(errors[-2] / errors[-1]) == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize(("dt", "bound"), [(0.5, 7e-4), (1.0, 3e-3)])
def test_steps_of_a_millisecond_keep_the_rhythm_of_the_adex_mean_field(dt, bound):
    model = aln().with_parameters(mu_e=1.3, mu_i=0.5)
    run = simulate(model, 6000, settle=2000, record="r_E", method="exponential", dt=dt)
    marks = crossings(run["r_E"].values, dt)
    frequency = 1000 * (len(marks) - 1) / (marks[-1] - marks[0])
    # Of the adaptive method with rtol 1e-9; Euler's steps are not stable beyond 0.32 ms.
    assert frequency == pytest.approx(22.544451, rel=bound)
    assert "overstepped" not in run


@pytest.mark.parametrize("worth", [0, math.inf])  # side by side, and one by one
def test_steps_too_long_for_what_does_not_relax_are_said(monkeypatch, worth):
    monkeypatch.setattr(side_by_side, "_WORTH", worth)
    model = VectorField("stiff", {"x": State(0.5)}, {"k": 1.0}, {"x": "-k*tanh(x)"}, time_unit="")
    with pytest.warns(UserWarning, match="far too long"):
        run = simulate_ensemble(
            model, 60, points={"k": np.linspace(0.2, 20, 12)}, method="exponential", dt=1.0,
            record="states",
        )  # fmt: skip
    swings = np.abs(np.diff(run["x"].values[:, -10:], axis=1)).max(axis=1) > 1e-3
    assert swings.any() and not swings.all()
    np.testing.assert_array_equal(np.isfinite(run["overstepped"].values), swings)


def test_a_pole_is_noticed():
    model = VectorField("pole", {"x": 0.4}, {"p": 1.0}, {"x": "p/(1 - x)"}, time_unit="")
    with pytest.warns(UserWarning, match="pole"):
        simulate(model, 1, method="exponential", dt=0.01, record="states")


def test_noise_and_the_published_discretisation_are_refused():
    with pytest.raises(ModelError, match="exponential has no higher order for white noise"):
        simulate(NEURON, 1, method="exponential", dt=0.1, noise={"v": 0.1}, seed=1)
    with pytest.raises(ModelError, match="forward Euler"):
        simulate_ensemble(aln(), 10, {"mu_e": [0.5]}, method="exponential",
                          discretisation="published")  # fmt: skip
