"""Branches of cycles are followed in chunks that the clock cuts: it decides nothing else."""

from __future__ import annotations

import pytest

from continuation import equilibria, limit_cycles
from continuation.cycles import tracing
from continuation.cycles.settings import CycleSettings
from dynsys import State, VectorField

MODEL = VectorField(
    "relaxation", {"v": State(-1.0, (-3, 3)), "w": State(0.0, (-3, 3))}, {"I": 0.0, "b": 0.8},
    {"v": "v - v^3/3 - w + I", "w": "0.5*(v + 0.7 - b*w)"}, time_unit="",
)  # fmt: skip
# Cycles are unstable up to a fold: with most_unstable the branch ends before.
ENDS = {"unstable": CycleSettings(most_unstable=3), "a Hopf point": CycleSettings()}


def followed(monkeypatch, start, settings, size):
    class Pace:
        def __init__(self, *_):
            self.made = lambda *_: None

        def room(self):
            return size

    with monkeypatch.context() as patch:
        patch.setattr(tracing, "Pace", Pace)
        return limit_cycles(start, "I", (0.0, 2.0), settings=settings)


@pytest.mark.parametrize("end", ENDS)
def test_a_branch_is_the_same_however_many_points_fit_between_two_looks_at_the_clock(
    monkeypatch, end
):
    start = equilibria(MODEL, "I", (0.0, 2.0))["H1"]
    branches = [followed(monkeypatch, start, ENDS[end], size) for size in (1, 5, 1000)]
    assert end in branches[0].ended[1]
    for branch in branches[1:]:
        assert branch.stored().identical(branches[0].stored())
