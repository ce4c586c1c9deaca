"""Cycles too sharp for delay lines are those of simulations, with exact delays, and stay so."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import equilibria, limit_cycles
from continuation.cycles.delay_errors import CARRIED, delay_error, line_gain, turn_error
from continuation.cycles.orbits import Orbit, Solver, remeshed
from continuation.cycles.recorded_orbits import is_carried
from continuation.diagrams.attractors import attractors_met, same_attractor
from continuation.diagrams.cycle_boundaries import cycle_boundaries
from continuation.diagrams.named_outcomes import described_outcomes
from continuation.diagrams.probing import Findings, Prober
from continuation.diagrams.scan import SCAN
from continuation.diagrams.simulating import Effort, destinations
from tests.continuation.diagrams.planes import delayed_qif

AXES = ("eta", -10.0, 5.0), ("J", -20.0, 20.0)
SHARP = {"eta": 1.46, "J": 12.6}  # bursts of synchrony: 0.55 and 1.09 apart, 1/100 wide
FINE = Effort(finer=1.7)
STARTS = np.array([[0.15, -3.65], [2.85, 2.65], [1.9, -0.2], [0.1, 2.7], [2.4, -3.8]])


@pytest.fixture(scope="module")
def model():
    return delayed_qif().with_delay_order(10)


def met(model, values):
    outcomes = destinations(model, [values] * len(STARTS), STARTS)
    at = model.with_parameters(**values)
    described = described_outcomes(at, outcomes, STARTS)
    return at, described, attractors_met(at, described)


def test_a_line_delays_slow_harmonics_exactly_and_fast_ones_not_at_all():
    rates = 1j * np.array([0.0, 1.0, 5.0, 300.0])
    off = np.abs(line_gain(12, rates) - np.exp(-rates))
    assert off[:3].max() < 1e-6
    assert off[3] > 0.5


def test_the_error_told_of_a_recorded_turn_is_that_of_the_cycle(model):
    at, (described,), (held,) = met(model, {"eta": 5.0, "J": -20.0})
    solver = Solver(at, {"eta": (0.0, 10.0)})
    orbit = remeshed(held["cycle"].orbit, np.linspace(0, 1, 101))
    assert turn_error(solver, orbit) == pytest.approx(delay_error(solver, orbit), rel=0.2)
    assert turn_error(solver, orbit) < CARRIED
    assert is_carried(solver, described["period"], described["turn"])


def test_sharp_cycles_are_what_their_runs_say_of_them(model):
    at, described, kept = met(model, SHARP)
    assert [item["period"] for item in kept] == pytest.approx([0.550, 1.087], abs=2e-3)
    assert not any("cycle" in item for item in kept)
    solver = Solver(at, {"eta": (0.0, 10.0)})
    assert not any(is_carried(solver, i["period"], i["turn"]) for i in described)
    assert not same_attractor(at, *kept)


def test_a_sharp_cycle_is_the_same_in_every_run_of_it(model):
    # Records of other steps meet the peak at other heights.
    at, _, kept = met(model, SHARP)
    for item in kept:
        start = item["start"][None]  # what led to it: a state on it says nothing of the past
        (other,) = described_outcomes(at, destinations(model, [SHARP], start, FINE), start)
        assert [same_attractor(at, other, one) for one in kept] == [one is item for one in kept]


def test_sharp_cycles_are_carried_by_simulation_from_place_to_place(model):
    prober = Prober(model, AXES, Findings((), (), (), ()))
    here, beside = (np.array([(eta + 10) / 15, (12.6 + 20) / 40]) for eta in (1.46, 1.7))
    answer = prober.with_simulated(prober.ask(here, [], searches=16))
    there = prober.ask(beside, [], searches=16, near=[answer])
    assert answer.kinds == there.kinds == (0, 2, 0, 0)


def test_a_curve_of_folds_is_followed_with_as_many_nodes_as_its_spikes_need(model):
    # By simulation with exact delays, J lowered step by step: at eta = -2 cycles end at 6.481.
    line = equilibria(model.with_parameters(eta=0.0), "J", (-20.0, 20.0))
    born = min(line.points("H"), key=lambda point: abs(point.parameters["J"] - 5.34))
    branch = limit_cycles(born, "J", (-20.0, 20.0), settings=SCAN)
    curves = cycle_boundaries(model, *AXES, [branch])
    (fold,) = [curve for curve in curves if curve.kind == "cycle fold curve"]
    assert fold.ended[0] == (
        "the cycle shrank to a generalized Hopf point", "reached the end of the span"
    )  # fmt: skip
    assert fold.model.delay_order > model.delay_order
    eta, edge = fold.data["eta"].values, fold.data["J"].values
    assert np.interp(2.0, -eta, edge) == pytest.approx(6.481, abs=0.02)
    assert eta.min() == -10.0


def test_a_spike_that_lines_lose_is_missed_on_no_mesh(model):
    # Nothing of it arrives one delay later, where the mesh of the spike has no nodes.
    solver = Solver(model, {"eta": (-10.0, 5.0)})
    mesh = np.unique([*np.linspace(0, 1, 4), *np.linspace(0.498, 0.502, 41)])
    u = np.zeros((4 * (len(mesh) - 1) + 1, model.compiled.n))
    orbit = Orbit(mesh, u, np.array([1.3, 0.0]))
    u[:, 0] = np.exp(-(((orbit.node_times() - 0.5) / 5e-4) ** 2))
    assert delay_error(solver, orbit) > 0.9
