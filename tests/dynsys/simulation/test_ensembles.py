"""Ensembles: the same as single runs, resumable, and what the published stepper gives."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import ModelError, UnknownNameError, simulate, simulate_ensemble
from dynsys.models import aln
from dynsys.simulation.integration import Task

# Euler, dt = 0.1 ms, mu_i = 0.5: mu_e -> frequency (Hz), lowest and highest r_E (Hz).
FAST_CYCLES = {
    0.55: (15.68, 0.075, 3.39), 0.6: (16.01, 0.016, 6.03), 0.7: (17.06, 0.006, 14.97),
    0.8: (18.35, 0.012, 26.80), 0.9: (19.46, 0.032, 38.30), 1.0: (20.41, 0.099, 48.07),
    1.1: (21.28, 0.307, 54.06), 1.2: (22.05, 0.906, 52.71), 1.3: (22.31, 2.539, 39.135),
    1.35: (22.11, 4.30, 26.55), 1.39: (21.93, 7.35, 14.98),
}  # fmt: skip
# a = 15, b = 40, mu_i = 1.8: mu_e -> frequency, highest r_E.
SLOW_CYCLES = {3.9: (2.11, 31.16), 4.0: (2.73, 33.21), 4.1: (2.97, 34.23), 4.2: (2.86, 35.53)}


def frequency(values: np.ndarray, dt: float) -> float:
    middle = (values.min() + values.max()) / 2
    at = np.flatnonzero((values[:-1] < middle) & (values[1:] >= middle))
    times = (at + (middle - values[at]) / (values[at + 1] - values[at])) * dt
    return 1000 * (len(times) - 1) / (times[-1] - times[0])


def shown(value: float) -> float:
    """Half a unit of the last digit of a published value."""
    text = f"{value}"
    return 0.5 * 10.0 ** -len(text.split(".")[1]) * 1.01


def test_the_published_stepper_gives_the_published_fast_cycles():
    model = aln().with_parameters(mu_i=0.5)
    run = simulate_ensemble(
        model, 4000, {"mu_e": list(FAST_CYCLES)}, settle=4000, record="r_E",
        discretisation="published",
    )  # fmt: skip
    for values, (f, low, high) in zip(run["r_E"].values, FAST_CYCLES.values(), strict=True):
        assert frequency(values, 0.1) == pytest.approx(f, abs=0.006)
        assert values.min() == pytest.approx(low, abs=6e-4 if low < 3 else 6e-3)
        assert values.max() == pytest.approx(high, abs=6e-3)


def test_the_published_frequency_to_its_third_decimal():
    run = simulate(
        aln().with_parameters(mu_e=1.3, mu_i=0.5), 5000, settle=4000, discretisation="published"
    )
    assert frequency(run["r_E"].values, 0.1) == pytest.approx(22.307, abs=6e-4)
    assert float(run["r_E"].min()) == pytest.approx(2.5386, abs=6e-5)
    assert float(run["r_E"].max()) == pytest.approx(39.1350, abs=6e-5)
    assert float(run["r_I"].min()) == pytest.approx(3.715, abs=6e-4)
    assert float(run["r_I"].max()) == pytest.approx(35.173, abs=6e-4)


def test_the_published_stepper_gives_the_published_slow_cycles():
    model = aln().with_parameters(mu_i=1.8, a=15, b=40)
    run = simulate_ensemble(
        model, 12_000, {"mu_e": list(SLOW_CYCLES)}, settle=8000, record="r_E",
        discretisation="published",
    )  # fmt: skip
    for values, (f, high) in zip(run["r_E"].values, SLOW_CYCLES.values(), strict=True):
        assert frequency(values, 0.1) == pytest.approx(f, abs=0.006)
        assert values.max() == pytest.approx(high, abs=6e-3)


def test_the_published_bias_vanishes_with_its_step():
    # Their frequencies at dt = 0.2, 0.1, 0.05 ms; the step is the difference to continuous time.
    model = aln().with_parameters(mu_e=1.3, mu_i=0.5)
    for dt, expected in ((0.2, 22.06), (0.1, 22.31), (0.05, 22.44)):
        run = simulate(model, 4000, settle=3000, discretisation="published", dt=dt, record="r_E")
        assert frequency(run["r_E"].values, dt) == pytest.approx(expected, abs=0.006)


def test_published_fixed_points():
    model = aln()
    points = {"mu_e": [1.2, 1.5], "mu_i": [1.2, 0.5]}
    run = simulate_ensemble(
        model, 1, points=points, settle=8000, record=["r_E", "r_I"], discretisation="published"
    )
    assert run["r_E"].values[:, -1] == pytest.approx([0.312540, 14.484797], abs=2e-5)
    assert run["r_I"].values[:, -1] == pytest.approx([4.184442, 22.875542], abs=2e-5)


def test_the_frequency_of_the_simulated_and_the_continued_cycle_agree(aln_branch):
    from continuation import limit_cycles

    cycle = limit_cycles(aln_branch["H2"], "mu_e", (1.2, 1.45)).at(mu_e=1.3)
    run = simulate(cycle.model, 4000, settle=3000, record="r_E", method="rk4")
    # The transport lines' order 6 is the difference.
    assert frequency(run["r_E"].values, 0.1) == pytest.approx(cycle.frequency, rel=2e-4)


def test_an_ensemble_is_its_single_runs():
    model = aln().with_parameters(a=5.0)
    grid = {"mu_e": [0.5, 1.3], "mu_i": [0.2, 0.5, 1.0], "d_e": [3.0, 4.05]}
    run = simulate_ensemble(model, 100, grid, record=["r_E", "mu_fE"], sample=1.0)
    assert run["r_E"].sizes == {"mu_e": 2, "mu_i": 3, "d_e": 2, "time": 101}
    assert run["mu_e"].attrs["units"] == "mV/ms"
    one = simulate(
        model.with_parameters(mu_e=1.3, mu_i=1.0, d_e=4.05), 100, method="rk4",
        record=["r_E", "mu_fE"], sample=1.0,
    )  # fmt: skip
    chosen = run.sel(mu_e=1.3, mu_i=1.0, d_e=4.05)
    assert np.array_equal(chosen["r_E"], one["r_E"])
    assert np.array_equal(chosen["mu_fE"], one["mu_fE"])


def test_points_have_their_own_inputs_and_initial_states():
    model = aln()
    kicks = [lambda t: 0.1 + 0 * t, lambda t: 0.3 + 0 * t]
    starts = np.tile(model.initial_state()[:11], (2, 1))
    starts[1, 0] = 1.0
    run = simulate_ensemble(
        model, 50, points={"mu_e": [1.0, 1.0]}, inputs={"mu_e": kicks}, initial=starts
    )
    alone = simulate(model, 50, inputs={"mu_e": kicks[1]}, initial={"mu_fE": 1.0}, method="rk4")
    assert np.array_equal(run["r_E"].values[1], alone["r_E"].values)


def test_an_interrupted_ensemble_keeps_what_it_has_and_resumes(monkeypatch):
    model = aln()
    grid = {"mu_e": np.linspace(0.2, 1.4, 40)}
    arguments = {"record": "r_E", "sample": 1.0, "workers": 1}
    whole = simulate_ensemble(model, 20, grid, **arguments)
    chunk, calls = Task.chunk, []

    def stopping(self, first, last):
        calls.append(first)
        if len(calls) == 4:
            raise KeyboardInterrupt
        chunk(self, first, last)

    monkeypatch.setattr(Task, "chunk", stopping)
    with pytest.warns(UserWarning, match="interrupted with .* of 40"):
        part = simulate_ensemble(model, 20, grid, **arguments)
    monkeypatch.undo()
    pending = part["status"].values == "pending"
    assert 0 < pending.sum() < 40
    assert np.all(np.isnan(part["r_E"].values[pending]))
    resumed = simulate_ensemble(model, 20, grid, resume=part, **arguments)
    assert np.array_equal(resumed["r_E"], whole["r_E"])
    assert np.all(resumed["status"] == "complete")
    with pytest.raises(ModelError, match="another call"):
        simulate_ensemble(model, 20, {"mu_e": [1.0]}, resume=part, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"parameters": {"mu": [1.0]}}, "Did you mean 'mu_i'|Did you mean 'mu_e'"),
        ({"parameters": {"mu_e": [np.nan]}}, "finite number"),
        ({"parameters": {"mu_e": []}}, "give a list"),
        ({"points": {"mu_e": [1.0], "mu_i": [1.0, 2.0]}}, "as many values"),
        ({"parameters": {"mu_e": [1.0]}, "points": {"mu_i": [1.0]}}, "not both"),
        ({"parameters": {"d_e": [-1.0]}}, "must be positive"),
        ({"sample": 3.0}, "no whole number of samples"),
    ],
)
def test_wrong_ensembles_are_answered(arguments, message):
    with pytest.raises((ModelError, UnknownNameError), match=message):
        simulate_ensemble(aln(), 10, **arguments)
