"""Runs side by side: the digits of single runs, whatever is asked of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

import dynsys.simulation.side_by_side as side_by_side
from dynsys import VectorField, simulate, simulate_ensemble
from dynsys.compiled.arithmetic import exp, log
from dynsys.models import aln, wilson_cowan
from dynsys.simulation.motion import motion

QIF = VectorField(
    "qif_mean_field", {"r": 0.1, "v": -1.0}, {"eta": 1.0, "J": 15.0, "Delta": 1.0, "tau": 1.0},
    {"r": "(Delta/(pi*tau) + 2*r*v)/tau", "v": "(v**2 + eta + J*tau*r - (pi*tau*r)**2)/tau"},
    time_unit="",
)  # fmt: skip
# Every kind of operation: called functions inside one another, choices, constants of a run.
MIXED = VectorField(
    "mixed_operations", {"x": 0.3, "y": 0.2}, {"p": 1.5, "q": 2.0},
    {"x": "sin(p*y)*tanh(sin(x) + cos(q)) - x/q + if(x < y, p*x, sqrt(abs(y)))",
     "y": "exp(-x**2)*log(1 + y**2)/(p + q) - y + floor(2*x)*q**(0.3)*sign(x - 1)"},
    observables={"both": "x*y", "constant": "p*q + sin(p)", "given": "p", "x_again": "x"},
    time_unit="",
)  # fmt: skip


@pytest.fixture
def alike(monkeypatch):
    """Compare a call whose runs go side by side with the same call one run at a time."""

    def compare(*arguments, **options) -> xr.Dataset:
        monkeypatch.setattr(side_by_side, "_WORTH", 0)
        together = simulate_ensemble(*arguments, warn=False, **options)
        monkeypatch.setattr(side_by_side, "_WORTH", math.inf)
        single = simulate_ensemble(*arguments, warn=False, **options)
        xr.testing.assert_equal(together, single)
        return together

    return compare


@pytest.mark.parametrize("method", ["euler", "heun", "exponential", "rk4"])
def test_runs_side_by_side_have_the_digits_of_single_runs(alike, method):
    values = np.linspace(-5, 1, 300)  # more than a block, and no multiple of one
    run = alike(QIF, 20, points={"eta": values}, method=method, dt=0.01, record=["states"])
    alone = simulate(QIF.with_parameters(eta=values[7]), 20, method=method, dt=0.01)
    assert np.array_equal(run["r"][7], alone["r"])


@pytest.mark.parametrize(
    "options",
    [{"dt": 0.25}, {"discretisation": "published"}, {"method": "heun", "sample": 1.0},
     {"method": "exponential", "dt": 0.5}],
)  # fmt: skip
def test_tables_and_delays_side_by_side(alike, options):
    grid = {"mu_e": np.linspace(0.5, 1.4, 9), "d_e": [4.0, 3.3]}
    run = alike(aln().with_parameters(mu_i=0.5), 60, grid, settle=20, record="r_E", **options)
    assert np.ptp(run["r_E"].values) > 1


def test_every_operation_side_by_side(alike):
    run = alike(MIXED, 5, points={"p": np.linspace(1, 3, 40)}, record=None, dt=0.01)
    assert run["constant"][3, 0] == pytest.approx(
        run["given"][3, 0] * 2 + np.sin(run["given"][3, 0])
    )


@pytest.mark.parametrize("method", ["rk4", "exponential"])
def test_inputs_side_by_side(alike, method):
    common = alike(
        MIXED, 2, points={"q": np.linspace(1, 3, 20)}, inputs={"p": np.sin}, dt=0.01, settle=0.5,
        method=method,
    )  # fmt: skip
    own = [lambda t, k=k: k * np.cos(t) for k in range(20)]
    several = alike(MIXED, 2, points={"q": np.linspace(1, 3, 20)}, inputs={"p": own}, dt=0.01,
                    method=method)  # fmt: skip
    assert not np.array_equal(common["both"], several["both"])


def test_a_seed_gives_the_same_noise_in_a_block_and_alone(alike, monkeypatch):
    monkeypatch.setattr(side_by_side, "_VALUES", 5000)  # drawn in many pieces
    options = {"noise": {"x": "0.3*x", "y": 0.2}, "method": "heun", "dt": 0.01, "record": "states"}
    run = alike(MIXED, 3, points={"p": [1.0, 2.0]}, seeds=range(12), **options)
    alone = simulate(MIXED.with_parameters(p=2.0), 3, seed=5, **options)
    assert np.array_equal(run["x"].isel(point=1).sel(seed=5), alone["x"])


def test_runs_that_end_in_infinity_leave_their_block(alike):
    model = VectorField("escape", {"x": 1.0}, {"k": 1.0}, {"x": "k*x**2"}, time_unit="")
    run = alike(model, 3, points={"k": np.linspace(-1, 1, 33)}, dt=0.01, method="euler")
    status = run["status"].values
    assert status[0] == "complete" and status[-1] == "stopped"
    assert 1.0 < float(run["reached"][-1]) < 1.3  # the solution ends at 1


def test_a_pole_is_noticed_side_by_side(alike):
    model = VectorField("pole", {"x": 0.4}, {"p": 1.0}, {"x": "p/(1 - x)"}, time_unit="")
    run = alike(model, 1, points={"p": np.linspace(0.01, 1, 20)}, dt=0.01)
    assert np.isnan(run["overstepped"][0]) and np.isfinite(run["overstepped"][-1])


def test_an_earlier_run_is_continued_side_by_side(alike):
    model, points = aln(), {"mu_e": np.linspace(0.5, 1.4, 12)}
    whole = simulate_ensemble(model, 60, points=points, dt=0.25, record="r_E")
    first = simulate_ensemble(model, 30, points=points, dt=0.25, record="r_E")
    second = alike(model, 30, points=points, dt=0.25, record="r_E", initial=first)
    # A run's start counts as a kink, across which the past is not interpolated.
    np.testing.assert_allclose(whole["r_E"][:, 120:], second["r_E"], rtol=1e-4)


def test_constants_of_a_run_are_computed_once():
    lanes = (motion(QIF).folder / "lanes.py").read_text()
    field = lanes[lanes.index("def field") : lanes.index("def watch")]
    assert " / " not in field and "/ " in lanes[lanes.index("def prepare") :]


def test_models_of_arithmetic_alone_take_whole_steps():
    assert set(motion(QIF).lanes.steps) == {"euler", "heun", "rk4"}
    assert not motion(MIXED).lanes.steps  # library functions
    assert not motion(aln()).lanes.steps  # tables and delays


def test_exponential_and_logarithm_are_those_of_the_library():
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(-745, 709.7, 500), rng.normal(size=500), [0.0, -0.0, 1e-300]])
    ours = np.array([exp(v) for v in x])
    assert np.all(np.abs(ours - np.exp(x)) <= 2 * np.spacing(np.exp(x)))
    assert [exp(v) for v in (math.inf, -math.inf, 710.0, -746.0)] == [math.inf, 0, math.inf, 0]
    y = np.concatenate([np.exp(rng.uniform(-740, 709, 500)), rng.uniform(0.5, 2, 500), [5e-324]])
    ours = np.array([log(v) for v in y])
    assert np.all(np.abs(ours - np.log(y)) <= 2 * np.spacing(np.abs(np.log(y))))
    assert log(1.0) == 0 and log(0.0) == -math.inf and log(math.inf) == math.inf
    assert math.isnan(log(-1.0)) and math.isnan(exp(math.nan)) and math.isnan(log(math.nan))


def test_a_model_without_its_own_functions_in_the_library(alike):
    run = alike(wilson_cowan(), 20, points={"P": np.linspace(0, 2, 8)}, dt=0.1)
    assert run.sizes["point"] == 8
