"""Periodic orbits from one recorded turn of a motion."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import limit_cycles
from continuation.cycles.cycle import make_cycle
from continuation.cycles.orbits import Solver
from continuation.cycles.recorded_orbits import orbit_from_turn
from continuation.diagrams.simulating import destinations
from dynsys import VectorField
from dynsys.models import fitzhugh_nagumo
from tests.continuation.diagrams.planes import delayed_qif, hindmarsh_rose


def recorded(model: VectorField, parameter: str, span: tuple[float, float]):
    start = model.initial_state()[None, : len(model.states)]
    (run,) = destinations(model, [{parameter: model.parameters[parameter]}], start)
    solver = Solver(model, {parameter: span})
    return run, solver, orbit_from_turn(solver, run.period, run.states)


def test_a_turn_leads_to_the_cycle_of_the_branch():
    model = fitzhugh_nagumo().with_parameters(I=0.8)
    run, _, orbit = recorded(model, "I", (0.0, 1.6))
    exact = limit_cycles(model, "I", (0.7, 0.9)).at(I=0.8)
    assert orbit is not None
    assert orbit.period == pytest.approx(exact.period, rel=1e-6)
    assert run.period == pytest.approx(exact.period, rel=1e-4)


def test_a_burst_is_carried_by_a_mesh_that_follows_its_spikes():
    model = hindmarsh_rose().with_parameters(I=3.0, b=2.93)
    run, solver, orbit = recorded(model, "I", (0.0, 4.0))
    assert orbit is not None
    assert make_cycle(solver, orbit).stable
    assert orbit.period == pytest.approx(run.period, rel=1e-3)
    assert orbit.mesh_error() < 1e-4
    steps = np.diff(orbit.mesh)
    assert steps.max() > 10 * steps.min()


def test_delay_lines_hold_the_signals_own_past():
    model = delayed_qif().with_parameters(eta=4.0, J=-10.0)
    run, solver, orbit = recorded(model, "eta", (-10.0, 5.0))
    assert orbit is not None
    cycle = make_cycle(solver, orbit)
    assert cycle.stable
    assert cycle.period == pytest.approx(run.period, rel=1e-3)


def test_what_is_no_cycle_leads_to_none():
    model = fitzhugh_nagumo().with_parameters(I=0.8)
    turn = np.random.default_rng(1).standard_normal((400, 2))
    assert orbit_from_turn(Solver(model, {"I": (0.0, 1.6)}), 1.0, turn) is None
