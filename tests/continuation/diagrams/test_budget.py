"""A diagram's time is bounded, and what there was no time for is said."""

from __future__ import annotations

import time

import pytest

from continuation import bifurcation_diagram, limit_cycles, load
from continuation.diagrams.doubts import UnresolvedWarning
from continuation.diagrams.names import agree
from continuation.diagrams.scan import each
from continuation.engine import budget
from dynsys import ModelError
from dynsys.interruption import uninterrupted
from dynsys.models import fitzhugh_nagumo

PLANE = {"x": ("I", 0.0, 1.6), "y": ("b", 0.2, 0.95)}


@pytest.fixture
def clock(monkeypatch):
    """The processor time, in the hands of a test."""
    now = [0.0]
    monkeypatch.setattr(budget.time, "process_time", lambda: now[0])
    return now


def test_a_budget_is_spent_when_its_part_is(clock):
    assert not budget.spent()  # without a budget never
    with budget.limited(10.0):
        clock[0] = 5.0
        assert not budget.spent()
        with budget.until(0.5):
            assert budget.spent()
        assert not budget.spent()
        clock[0] = 10.0
        assert budget.spent()
    assert not budget.spent()


def test_an_empty_cache_costs_nothing_of_it():
    def work() -> None:
        end = time.process_time() + 0.4
        while time.process_time() < end:
            pass

    with budget.limited(1.0) as mine:
        uninterrupted(work)  # as a compiler does
        assert mine.used() < 0.2
        work()
        assert mine.used() > 0.35


def test_a_bound_that_was_met_is_said_once():
    with budget.limited(10.0) as mine:
        budget.met("eighty curves were followed")
        budget.met("eighty curves were followed")
    assert mine.met == ["eighty curves were followed"]


def test_tasks_for_which_there_is_no_time_are_left_out_and_named(clock):
    def work(task: int) -> int:
        clock[0] += 4.0
        return task

    with budget.limited(10.0) as mine:
        results = each(work, range(8), "curves of folds")
    assert None in results
    assert all(result in (None, k) for k, result in enumerate(results))
    assert mine.met == ["the budget was spent: curves of folds were left out"]


def test_a_branch_of_cycles_ends_where_the_budget_does(clock):
    model = fitzhugh_nagumo().with_parameters(I=0.8)
    with budget.limited(1.0):
        clock[0] = 2.0
        branch = limit_cycles(model, "I", (0.0, 1.6))
    assert any("the time for it was spent" in words for words in branch.ended)


def test_a_diagram_without_time_is_complete_and_unresolved(tmp_path):
    with pytest.warns(UnresolvedWarning) as said:
        diagram = bifurcation_diagram(fitzhugh_nagumo(), **PLANE, budget=1e-6)
    words = " ".join(str(warning.message) for warning in said)
    assert "the budget was spent" in words
    assert "give a larger budget" in words
    assert sum(r["area"] for _, r in diagram.regimes.nodes(data=True)) == pytest.approx(1, abs=1e-6)
    assert sum(r["area"] for r in diagram.unresolved()) == pytest.approx(1, abs=1e-6)
    assert "not looked at, the budget was spent" in str(diagram)
    assert load(diagram.save(tmp_path / "diagram.nc")).limits == diagram.limits


@pytest.mark.parametrize("budget", [0, -3.0, "long"])
def test_a_budget_is_a_positive_number(budget):
    with pytest.raises(ModelError, match="budget"):
        bifurcation_diagram(fitzhugh_nagumo(), **PLANE, budget=budget)


def test_chaos_with_windows_holds_chaos_and_rhythms_and_nothing_else():
    said = ("low", "chaos with periodic windows")
    low, chaos, torus, cycle = (
        {"name": name, "kind": kind}
        for name, kind in (("low", "equilibrium"), ("chaos", "chaos"), ("torus", "torus"),
                           ("limit cycle", "cycle"))
    )  # fmt: skip
    assert agree([low, chaos], said)
    assert agree([low, cycle], said)
    assert not agree([low, chaos, cycle], said)
    assert not agree([low], said)
    assert not agree([cycle], said)
    assert not agree([low, torus], said)
    assert not agree([chaos], ("limit cycle",))
    assert not agree([cycle, cycle], ("limit cycle",))
