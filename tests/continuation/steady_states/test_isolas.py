"""Closed curves of equilibria that touch neither end nor middle of the span are found."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import Settings, equilibria, load
from continuation.engine.field import field_of
from continuation.steady_states.deflation import deflated
from dynsys import State, VectorField

# Equilibria: x = -1.5 for all p, and the circle (p - 0.27)^2 + (x - 0.5)^2 = 0.1^2.
RATE = "(x + 1.5)*(0.01 - (p - 0.27)^2 - (x - 0.5)^2)"


def circle() -> VectorField:
    states = {"x": State(0.0, (-2, 2))}
    return VectorField("circle", states, {"p": 0.0}, {"x": RATE}, time_unit="")


def chain() -> VectorField:
    """Twelve states: the circle, and eleven that follow one another."""
    states = {"x": State(0.0, (-2, 2))} | {f"y{k}": State(0.0, (-2, 2)) for k in range(11)}
    before = ["x", *(f"y{k}" for k in range(10))]
    equations = {"x": RATE} | {f"y{k}": f"-y{k} + tanh({u})" for k, u in enumerate(before)}
    return VectorField("chain", states, {"p": 0.0}, equations, time_unit="")


@pytest.mark.parametrize("model", [circle(), chain()], ids=lambda model: model.name)
def test_a_circle_of_equilibria_in_between_is_found_with_its_folds(model):
    branch = equilibria(model, "p", (0.0, 1.0))
    folds = sorted(p.parameters["p"] for p in branch.points("LP"))
    assert folds == pytest.approx([0.17, 0.37], abs=1e-9)
    assert ("closed curve: returned to its start",) * 2 in branch.ended
    assert len(branch.pieces()) == 2
    assert "12 x 24 searches at 12 values in between" in str(branch)


def test_without_further_places_it_is_not_and_nothing_is_claimed(tmp_path):
    branch = equilibria(circle(), "p", (0.0, 1.0), settings=Settings(places=0))
    assert branch.points("LP") == []
    assert "searches" not in str(branch)
    whole = equilibria(circle(), "p", (0.0, 1.0))
    assert load(whole.save(tmp_path / "circle.nc")).sought == 12


def test_deflated_newton_ends_at_no_known_solution():
    model = VectorField("cubic", {"x": State(0.0, (-2, 2))}, {"p": 0.0}, {"x": "x - x^3 + p"},
                        time_unit="")  # fmt: skip
    field = field_of(model, model.parameter_array(), np.empty(0, np.int64), model.scales, False)
    known = np.array([[1.0], [0.0]])
    starts = np.linspace(-1.9, 1.9, 20)[:, None].copy()
    done = deflated(field, model.compiled.domain, starts, known, 1e-10, 100)
    assert done.sum() >= 10
    assert starts[done == 1] == pytest.approx(-1.0, abs=1e-9)
