"""A diagram that is stopped while its plane is cut or audited goes on from there."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import equilibria
from continuation.diagrams import audit, finished, regimes, simulating, survey
from continuation.diagrams.diagram import bifurcation_diagram
from continuation.diagrams.probing import Prober
from continuation.steady_states.branch import Branch
from dynsys import State, VectorField
from dynsys.journal import whole
from dynsys.packing import packed, unpacked

BISTABLE = VectorField(
    "bistable", {"x": State(0.5, (-3, 3))}, {"a": 0.0, "b": 1.0}, {"x": "a + b*x - x^3"},
    time_unit="",
)  # fmt: skip
PLANE = {"x": ("a", -1.0, 1.0), "y": ("b", -0.5, 1.5)}


class Stopped(Exception):
    pass


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("dynsys.journal.LEAST", 0.0)  # everything is worth keeping here


def counted(monkeypatch, owner, name):
    """The calls of a function from now on."""
    calls = []
    real = getattr(owner, name)

    def call(*arguments, **options):
        calls.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr(owner, name, call)
    return calls


def test_faces_and_simulations_that_are_finished_are_not_asked_again(monkeypatch):
    expected = bifurcation_diagram(BISTABLE, **PLANE, audit=6)

    def stop(*_, **__):
        raise Stopped

    real = audit._settled
    with monkeypatch.context() as patch, pytest.raises(Stopped), whole():
        patch.setattr(audit, "_settled", stop)  # the audit's runs are done, nothing is made of them
        bifurcation_diagram(BISTABLE, **PLANE, audit=6)
    assert audit._settled is real
    faces = counted(monkeypatch, Prober, "face")
    runs = counted(monkeypatch, simulating, "_destinations")
    lines = counted(monkeypatch, survey, "followed_line")
    again = bifurcation_diagram(BISTABLE, **PLANE, audit=6)
    assert not faces and not runs and not lines
    assert str(again) == str(expected)
    assert again.stored().identical(expected.stored())
    bifurcation_diagram(BISTABLE, **PLANE, audit=6)  # the whole was done, nothing is kept
    assert faces and runs and lines


def test_answers_are_kept_digit_by_digit_with_their_cycles():
    model = VectorField(
        "ring", {"x": State(0.5, (-2, 2)), "y": State(0.0, (-2, 2))}, {"m": 1.0, "w": 2.0},
        {"x": "x*(m - x^2 - y^2) - w*y", "y": "y*(m - x^2 - y^2) + w*x"}, time_unit="",
    )  # fmt: skip
    found = bifurcation_diagram(model, x=("m", -1.0, 1.0), y=("w", 1.0, 3.0), audit=0)
    prober = found._prober
    kept = regimes.finished_answers.faces(prober, [], [])
    answer = prober.ask(np.array([0.8, 0.5]))
    assert answer.kinds == (0, 1, 0, 0)
    other, dispute = kept.form.again(kept.form.plain((answer, None)))
    assert dispute is None and other.kinds == answer.kinds
    (one,), (two,) = answer.cycles, other.cycles
    assert two.period == one.period and two.extrema("x") == one.extrema("x")
    assert np.array_equal(two.multipliers, one.multipliers)
    assert kept.form.plain((other, None))[0][1:2] == kept.form.plain((answer, None))[0][1:2]


def test_a_line_that_comes_back_from_the_disk_leads_to_the_same_curves():
    spans = {name: (low, high) for name, low, high in PLANE.values()}
    line = equilibria(BISTABLE, "a", spans["a"])
    again = Branch.from_stored(unpacked(packed(line.stored())))
    name = finished.curves(BISTABLE, line.settings).key
    points = [[p for p in branch.special_points if p.label == "LP"] for branch in (line, again)]
    assert len(points[0]) == 2
    for one, other in zip(*points, strict=True):
        assert name((one, ("a", "b"), spans, None)) == name((other, ("a", "b"), spans, None))
