"""Planes of published models with the areas of their regions, confirmed by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import bifurcation_diagram
from dynsys import State, VectorField
from dynsys.models import fitzhugh_nagumo, wilson_cowan

POINTS = 40  # simulated in each plane


def areas_by_count(diagram) -> dict[tuple[int, int], float]:
    """Area of the plane with so many stable equilibria and cycles."""
    result: dict[tuple[int, int], float] = {}
    for _, region in diagram.regimes.nodes(data=True):
        kinds = [item["kind"] for item in region["stable"]]
        key = kinds.count("equilibrium"), kinds.count("cycle")
        result[key] = result.get(key, 0.0) + region["area"]
    return result


def test_bees_decide_right_of_the_exact_pitchfork():
    # Value-sensitive decision of honeybees, equal alternatives (Pais et al. 2013, PLoS ONE 8): the
    # pitchfork lies at sigma = 4 mu^3 / (mu^2 - 1)^2; two equilibria are stable right of it.
    model = VectorField(
        "pais", {"A": State(0.1, (0, 1)), "B": State(0.1, (0, 1))}, {"mu": 3.0, "sigma": 1.0},
        {"A": "mu*U - A/mu + mu*A*U - sigma*A*B", "B": "mu*U - B/mu + mu*B*U - sigma*A*B"},
        definitions={"U": "1 - A - B"}, time_unit="",
    )  # fmt: skip
    diagram = bifurcation_diagram(model, x=("sigma", 0.1, 8), y=("mu", 1.2, 5), audit=POINTS)
    mu = np.linspace(1.2, 5, 20001)
    decided = np.mean(np.clip(8 - 4 * mu**3 / (mu**2 - 1) ** 2, 0, 7.9)) / 7.9
    assert areas_by_count(diagram) == pytest.approx(
        {(2, 0): decided, (1, 0): 1 - decided}, abs=1e-3
    )
    assert not diagram.doubts()
    assert (diagram.checked.agree, diagram.checked.tested) == (POINTS, POINTS)


def test_two_populations_that_inhibit_each_other_break_their_symmetry():
    # u' = -u + S(I - w v / 8) and the same with u, v exchanged; S(s) = 1 / (1 + exp(-8 s)). At the
    # symmetric state u = S(I - w u / 8) the slope of S is 8 u (1 - u): the pitchfork lies where
    # w u (1 - u) = 1.
    model = VectorField(
        "pair", {"u": State(0.1, (0, 1)), "v": State(0.2, (0, 1))}, {"I": 0.5, "w": 6.0},
        {"u": "-u + 1/(1 + exp(-8*(I - w*v/8)))", "v": "-v + 1/(1 + exp(-8*(I - w*u/8)))"},
        time_unit="",
    )  # fmt: skip
    diagram = bifurcation_diagram(model, x=("I", 0, 1.5), y=("w", 2, 10), audit=POINTS)
    w = np.linspace(4, 10, 20001)
    low, high = (0.5 * (1 + side * np.sqrt(1 - 4 / w)) for side in (-1, 1))
    edges = [np.log(u / (1 - u)) / 8 + w * u / 8 for u in (low, high)]
    width = np.clip(edges[1], 0, 1.5) - np.clip(edges[0], 0, 1.5)
    broken = np.mean(width) / 1.5 * 6 / 8
    assert areas_by_count(diagram) == pytest.approx({(2, 0): broken, (1, 0): 1 - broken}, abs=1e-3)
    assert not diagram.doubts()
    assert diagram.checked.passed


@pytest.mark.parametrize(
    ("model", "x", "y"),
    [
        (fitzhugh_nagumo(), ("I", -0.5, 2.0), ("b", 0.2, 2.0)),
        (wilson_cowan(), ("P", -2.0, 4.0), ("Q", -10.0, 2.0)),
    ],
    ids=["FitzHugh-Nagumo", "Wilson-Cowan"],
)
def test_simulations_agree_with_every_label(model, x, y):
    diagram = bifurcation_diagram(model, x=x, y=y, audit=POINTS)
    assert not diagram.doubts()
    assert (diagram.checked.agree, diagram.checked.tested) == (POINTS, POINTS)
    assert diagram.checked.bound < 0.08
