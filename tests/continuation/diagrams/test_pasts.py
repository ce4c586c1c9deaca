"""A motion of delayed signals is held with its past, and carried with it to other parameters."""

from __future__ import annotations

import numpy as np
import pytest

from continuation.diagrams.pasts import Past, Start, after_pasts
from continuation.diagrams.simulating import destinations
from dynsys import State, VectorField
from dynsys.simulation.ensembles import simulate_ensemble
from tests.continuation.diagrams.planes import delayed_qif


@pytest.fixture(scope="module")
def circle():
    # x' = -x(t - D) at D = pi / 2 turns forever, x = cos t: any past of it goes on.
    return VectorField(
        "circle", {"x": State(1.0, (-2, 2))}, {"D": np.pi / 2}, {"x": "-delay(x, D)"}, time_unit=""
    )


def test_a_run_goes_on_from_the_past_of_its_motion(circle):
    turn = np.cos(2 * np.pi * np.arange(400) / 400)[:, None]
    dt = 0.02
    earlier = after_pasts(circle, [circle], [Past(2 * np.pi, turn)], dt)
    run = simulate_ensemble(
        circle, 40.0, points={"D": [np.pi / 2]}, dt=dt, initial=earlier, record="states"
    )
    assert run["x"].values[0] == pytest.approx(np.cos(run["time"].values), abs=1e-4)
    at_rest = simulate_ensemble(circle, 40.0, points={"D": [np.pi / 2]}, dt=dt, record="states")
    assert np.max(np.abs(at_rest["x"].values[0] - np.cos(run["time"].values))) > 0.1


def test_signals_of_delayed_signals_have_their_past_too():
    model = VectorField(
        "echoes", {"x": State(1.0, (-2, 2))}, {"a": 0.0, "D": 0.5},
        {"x": "-a*delay(s, D)"}, definitions={"s": "x + 0.5*delay(x, D)"}, time_unit="",
    )  # fmt: skip
    phases = np.arange(200) / 200
    earlier = after_pasts(model, [model], [Past(4.0, np.cos(2 * np.pi * phases)[:, None])], 0.05)
    times = 0.05 * np.arange(1 - earlier.sizes["lag"], 1)
    x, before = np.cos(np.pi * times / 2), np.cos(np.pi * (times - 0.5) / 2)
    history = earlier["final_history"].values[0].T
    for signal in (x, x + 0.5 * before):
        assert np.min(np.max(np.abs(history - signal), axis=1)) < 1e-5


def test_coexisting_cycles_of_delayed_spikes_are_carried_each_to_itself():
    model, here = delayed_qif(), {"eta": 1.46, "J": 12.6}
    starts = np.array([[0.15, -3.65], [2.85, 2.65]])
    slow, fast = destinations(model, [here] * 2, starts)
    assert (slow.period, fast.period) == pytest.approx((1.087, 0.550), abs=2e-3)
    begin = [slow.onward, fast.onward]
    assert all(isinstance(start, Start) and start.past is not None for start in begin)
    there = {"eta": 1.5, "J": 12.7}
    carried = destinations(
        model, [there] * 2, np.array([s.state for s in begin]), pasts=[s.past for s in begin]
    )
    assert [run.period for run in carried] == pytest.approx([1.086, 0.5495], abs=2e-3)


def test_runs_of_longer_delays_may_end_before_those_of_shorter_ones(circle):
    def run(initial, delays):
        return simulate_ensemble(
            circle, 5.0, points={"D": delays}, dt=0.05, initial=initial, record="states"
        )

    both = run(np.array([[1.0], [1.0]]), [0.5, 3.0])
    assert (
        both["final_history"].sizes["lag"]
        > run(np.array([[1.0]]), [0.5])["final_history"].sizes["lag"]
    )
    further, alone = run(both.isel(point=[0]), [0.5]), run(run(np.array([[1.0]]), [0.5]), [0.5])
    assert further["x"].values == pytest.approx(alone["x"].values, abs=1e-12)
