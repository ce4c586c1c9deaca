"""Bifurcations of cycles whose places follow from symmetry or from a rotating frame."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import CycleBranch, limit_cycles
from dynsys import State, VectorField


def oscillator(u: str, v: str) -> dict[str, str]:
    """A cycle of radius 1 and period 2 pi in two states."""
    square = f"({u}^2 + {v}^2)"
    return {u: f"{u} - {v} - {u}*{square}", v: f"{u} + {v} - {v}*{square}"}


def states(names: str, first: float = 1.0) -> dict[str, State]:
    """States in (-2, 2), the first one at ``first``, the others at rest."""
    return {k: State(first if k == names[0] else 0.0, (-2, 2)) for k in names}


def explained(branch: CycleBranch) -> bool:
    """Whether the number of unstable multipliers only changes at special points."""
    steps = np.flatnonzero(np.diff(branch.data["unstable"].values))
    return set(steps.tolist()) <= {c.index for c in branch.special_points}


def test_an_in_phase_ring_of_five_leaves_through_double_branch_points():
    """Of five coupled oscillators the modes k and 5 - k grow alike: two multipliers pass 1 at
    K = 1 / (2 - 2 cos(2 pi k / 5)), with the twist b = 2 and the coupling's g = -1."""
    cells, equations = {}, {}
    for j in range(5):
        before, after = (j - 1) % 5, (j + 1) % 5
        cells |= {f"x{j}": State(1.0, (-2, 2)), f"y{j}": State(0.0, (-2, 2))}
        square = f"(x{j}^2 + y{j}^2)"
        dx, dy = (f"({u}{before} + {u}{after} - 2*{u}{j})" for u in "xy")
        equations[f"x{j}"] = f"x{j} - 5*y{j} - {square}*(x{j} - 2*y{j}) + K*({dx} + {dy})"
        equations[f"y{j}"] = f"y{j} + 5*x{j} - {square}*(y{j} + 2*x{j}) + K*({dy} - {dx})"
    ring = VectorField("ring_of_five", cells, {"K": 0.6}, equations, time_unit="")
    branch = limit_cycles(ring, "K", (0.05, 1.2), start=([1, 0] * 5, 2 * np.pi / 3))
    growth = 2 - 2 * np.cos(2 * np.pi * np.array([2, 1]) / 5)
    found = branch.points("BPC")
    assert [c.orbit.value for c in found] == pytest.approx(1 / growth, abs=1e-8)
    assert [c.multiplicity for c in found] == [2, 2]
    assert len(branch.special_points) == 2 and explained(branch)
    assert found[1].neutral and found[1].stable is False and "; neutral;" in str(found[1])


def test_a_doubled_branch_leads_from_one_doubling_of_its_parent_to_the_next():
    """In a frame that turns by half with every period, u grows with 0.1 - m^2 and v decays: the
    doubled branch exists between m = -sqrt(0.1) and m = sqrt(0.1)."""
    turning = {
        "u": "-v/2 + s*u + c*(x*u + y*v) - u*(u^2 + v^2)",
        "v": "u/2 + s*v + c*(y*u - x*v) - v*(u^2 + v^2)",
    }
    strip = VectorField(
        "strip", states("xyuv"), {"m": -0.3}, {**oscillator("x", "y"), **turning},
        definitions={"c": "(0.5 + q)/2", "s": "(q - 0.5)/2", "q": "0.1 - m^2"}, time_unit="",
    )  # fmt: skip
    parent = limit_cycles(strip, "m", (-0.5, 0.5), start=([1.0, 0, 0, 0], 2 * np.pi))
    doublings = parent.points("PD")
    edges = np.sqrt(0.1) * np.array([-1, 1])
    assert [c.orbit.value for c in doublings] == pytest.approx(edges, abs=1e-9)
    assert len(parent.special_points) == 2 and explained(parent)
    doubled = limit_cycles(doublings[0], "m", (-0.5, 0.5))
    assert not doubled.special_points
    assert "returned to the branch of half its period" in doubled.ended[1]
    assert doubled.orbits[-1].value == pytest.approx(edges[1], abs=1e-9)
