"""What scan lines know of a face is not lacking in its answer."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import box

from continuation import equilibria
from continuation.diagrams.answers import Answer
from continuation.diagrams.probing import Findings, Prober
from continuation.diagrams.scanned_lines import line_positions, most_at_rest
from dynsys import State, VectorField
from tests.continuation.diagrams.textbook_planes import cusp

AXES = (("h", -1.0, 1.0), ("r", -1.0, 2.0))


def test_the_most_stable_stretches_of_a_line_lie_where_its_folds_overlap():
    line = equilibria(cusp().with_parameters(r=1.0), "h", (-1.0, 1.0))
    at = line_positions(line, AXES)
    count, place = most_at_rest([line], [at], box(0, 0, 1, 1))
    assert count == 2
    assert place == pytest.approx([0.5, 2 / 3], abs=0.05)
    assert most_at_rest([line], [at], box(0.8, 0, 1, 1))[0] == 1
    assert most_at_rest([line], [at], box(0, 0, 1, 0.5))[0] == 0


def test_a_state_that_scan_lines_know_is_missed_in_the_answer_of_a_face():
    # Cells whose rates grow as the square of their input: inhibition holds a high state up to
    # wEE = 1.56, where it goes to infinity; below that nothing but the scan line tells of it.
    drive = "0.04*max(0, c + {0}*E - {1}*I)^2"
    model = VectorField(
        "supralinear", {"E": State(1.0, (0, 700)), "I": State(1.0, (0, 1300))},
        {"c": 0.0, "wEE": 1.4},
        {"E": f"(-E + {drive.format('wEE', 0.65)})/20", "I": f"(-I + {drive.format(1.2, 0.5)})/10"},
    )  # fmt: skip
    axes = (("c", -5.0, 12.0), ("wEE", 1.35, 2.5))
    line = equilibria(model, "c", (-5.0, 12.0))
    prober = Prober(model, axes, Findings((), (), (line,), ()))
    answer = prober.ask(np.array([0.2, 0.6]), searches=0)
    assert answer.kinds == (1, 0, 0, 0)
    dispute = prober.disputes(box(0, 0, 0.4, 1), answer, [])
    assert dispute is not None and dispute.other.kinds == (2, 0, 0, 0)
    assert dispute.other.values["wEE"] == pytest.approx(1.4)


def test_a_search_carries_states_that_newtons_method_loses():
    # The stable state p^4 lies far from where it is a little lower in p.
    model = VectorField(
        "steep", {"x": State(1.0, (0, 10))}, {"p": 2.0, "q": 1.0},
        {"x": "q*x*(x - 1)*(p^4 - x)/(1 + x^2)"}, time_unit="",
    )  # fmt: skip
    prober = Prober(model, (("p", 1.5, 4.0), ("q", 0.5, 1.0)), Findings((), (), (), ()))
    low = {"name": "low", "kind": "equilibrium", "state": np.array([0.0])}
    high = {"name": "high", "kind": "equilibrium", "state": np.array([1.5**4])}
    near = Answer(np.zeros(2), {"p": 1.5, "q": 0.5}, [low, high], np.array([[0.0]]))
    (found,) = prober.ask_all([np.array([0.8, 0.5])], [[near]], everywhere=False)
    assert [item["state"][0] for item in found.stable] == pytest.approx([0.0, 3.5**4], abs=1e-6)


@pytest.mark.parametrize(("kind", "seen"), [("chaos", True), ("equilibrium", False)])
def test_a_face_with_chaos_is_asked_all_over(monkeypatch, kind, seen):
    # No curve bounds chaos: here it has passed in a part of a long face.
    def ask_all(self, places, near, everywhere):
        return [_lasting(place, kind) for place in places]

    monkeypatch.setattr(Prober, "ask_all", ask_all)
    monkeypatch.setattr(Prober, "ask", lambda self, place, *_, **__: _lasting(place, kind))
    prober = Prober(cusp(), AXES, Findings((), (), (), ()))
    dispute = prober.disputes(box(0, 0, 1, 0.02), _lasting(np.array([0.5, 0.01]), kind), [])
    assert bool(dispute) is seen


def _lasting(place: np.ndarray, kind: str) -> Answer:
    """Motion of a kind, but for a part of the plane."""
    stable = [] if 0.7 < place[0] < 0.9 else [{"name": kind, "kind": kind}]
    return Answer(place, {"h": 0.0, "r": 0.0}, stable, np.empty((0, 1)))
