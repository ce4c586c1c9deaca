"""Runs end as soon as it is beyond doubt what they come to, and not before."""

from __future__ import annotations

import numpy as np
import pytest

from continuation.diagrams import simulating
from continuation.diagrams.audit import RESORT
from continuation.diagrams.named_outcomes import described_outcomes
from continuation.diagrams.names import EQUILIBRIUM, RUNS_AWAY
from continuation.diagrams.simulating import EARLY, FIRST, STRIDE, destinations
from dynsys import State, VectorField
from tests.continuation.diagrams.planes import hindmarsh_rose


def recorded(monkeypatch) -> list[tuple[int, float]]:
    """The runs to come: how many there are together, and the time of each in steps."""
    seen: list[tuple[int, float]] = []
    real = simulating._run

    def run(model, values, initial, dt, length, settling):
        seen.append((len(values), STRIDE * (length + settling)))
        return real(model, values, initial, dt, length, settling)

    monkeypatch.setattr(simulating, "_run", run)
    return seen


def relaxing(rate: float) -> VectorField:
    return VectorField(
        "relaxing", {"x": State(0.5, (-1, 1)), "w": State(0.5, (-1, 1))}, {"k": rate},
        {"x": "-x + w + 0.05*w^2", "w": "-k*w"}, time_unit="",
    )  # fmt: skip


def test_runs_that_are_at_rest_or_in_infinity_early_do_not_go_on(monkeypatch):
    model = VectorField("cubic", {"x": State(0.5, (-2, 2))}, {"a": 1.0}, {"x": "-x*(a - x^2)"},
                        time_unit="")  # fmt: skip
    seen = recorded(monkeypatch)
    ends = destinations(model, [{"a": 1.0}] * 2, np.array([[0.5], [1.5]]))
    assert [end.kind for end in ends] == [EQUILIBRIUM, RUNS_AWAY]
    assert seen[0] == (2, STRIDE * EARLY)
    assert max(steps for _, steps in seen) == STRIDE * EARLY


def test_a_slow_decay_is_foreseen_by_its_slowest_mode(monkeypatch):
    model = relaxing(2e-3)  # e-folding in a thousand steps
    seen = recorded(monkeypatch)
    (end,) = destinations(model, [{"k": 2e-3}], np.array([[0.9, 0.9]]))
    assert end.kind == EQUILIBRIUM and np.max(np.abs(end.state)) < 1e-12
    foreseen = sum(steps for _, steps in seen)
    monkeypatch.setattr("continuation.diagrams.outcomes._foreseen_rest", lambda *_: None)
    seen.clear()
    (waited,) = destinations(model, [{"k": 2.0001e-3}], np.array([[0.9, 0.9]]))
    assert waited.kind == EQUILIBRIUM
    assert foreseen < 0.6 * sum(steps for _, steps in seen)


@pytest.mark.parametrize("gap", [1e-4, 1e-6])
def test_nothing_is_foreseen_where_a_motion_passes_slowly(gap):
    """Beside a vanished saddle-node it slows down as if to rest, but not by a constant factor."""
    model = VectorField(
        "passage", {"x": State(0.0, (-2, 2))}, {"gap": gap}, {"x": "(x^2 + gap)*(1 - x)"},
        time_unit="",
    )  # fmt: skip
    (end,) = destinations(model, [{"gap": gap}], np.array([[-1.5]]))
    assert end.kind == EQUILIBRIUM
    assert end.state[0] == pytest.approx(1.0, abs=1e-9)


def test_nothing_is_foreseen_along_the_stable_direction_of_a_saddle():
    """A run decays towards the saddle at the rate of its slowest decaying mode, and then leaves."""
    model = VectorField(
        "leaving", {"x": State(0.0, (-2, 2)), "y": State(0.0, (-2, 2))}, {"k": 0.01},
        {"x": "-k*x", "y": "0.05*y*(1 - y^2)"}, time_unit="",
    )  # fmt: skip
    (end,) = destinations(model, [{"k": 0.01}], np.array([[1.5, 1e-5]]))
    assert end.kind == EQUILIBRIUM
    assert end.state == pytest.approx([0.0, 1.0], abs=1e-9)


def test_many_runs_are_recorded_in_parts_that_have_room(monkeypatch):
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    starts = np.column_stack([np.cos(angle), np.sin(angle)]) * 0.3
    model = VectorField(
        "ring", {"x": State(0.5, (-2, 2)), "y": State(0.0, (-2, 2))}, {"w": 0.05},
        {"x": "x*(1 - x^2 - y^2) - w*y", "y": "y*(1 - x^2 - y^2) + w*x"}, time_unit="",
    )  # fmt: skip
    whole = destinations(model, [{"w": 0.05}] * 12, starts)
    monkeypatch.setattr(simulating, "ROOM", 5 * len(model.states) * FIRST)
    seen = recorded(monkeypatch)
    parts = destinations(model, [{"w": 0.05}] * 12, starts)
    assert max(count for count, steps in seen if steps > STRIDE * EARLY) <= 5
    assert [end.kind for end in parts] == ["cycle"] * 12
    assert [end.period for end in parts] == pytest.approx([end.period for end in whole], rel=1e-9)


def test_runs_of_an_audit_go_on_until_they_are_on_their_cycle():
    """Beside a period doubling, at I = 3.0561, b = 3.1522, runs are long on their way to it: some
    of them seem to be on cycles of twice the period, each on another one."""
    model, values = hindmarsh_rose(), {"I": 3.0561, "b": 3.1522}
    low, high = model.state_box()
    random = np.random.default_rng(1).random((6, 3))
    starts = np.array([*(low + (high - low) * random), high - 0.05 * (high - low)])
    at = model.with_parameters(**values)
    ends = destinations(model, [values] * 7, starts, RESORT)
    (cycle,) = described_outcomes(at, ends, starts)
    # 41.070: the same by DOP853 at rtol 1e-10 from every start.
    assert cycle["period"] == pytest.approx(41.070, abs=0.02)
