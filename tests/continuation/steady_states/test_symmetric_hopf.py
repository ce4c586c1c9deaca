"""Rings of identical units: pairs that cross the axis together are named as what they are."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import equilibria
from dynsys import State, VectorField


def ring(count: int) -> VectorField:
    """z_j' = (mu + i) z_j - |z_j|^2 z_j + (z_(j-1) + z_(j+1) - 2 z_j) / 2."""
    states: dict[str, State] = {}
    equations: dict[str, str] = {}
    for j in range(count):
        left, right = (j - 1) % count, (j + 1) % count
        states |= {f"x{j}": State(0.0, (-2, 2)), f"y{j}": State(0.0, (-2, 2))}
        radius = f"(x{j}^2 + y{j}^2)"
        for u, turn in (("x", f"- y{j}"), ("y", f"+ x{j}")):
            flow = f"(u{left} + u{right} - 2*u{j})/2".replace("u", u)
            equations[f"{u}{j}"] = f"mu*{u}{j} {turn} - {radius}*{u}{j} + {flow}"
    return VectorField(f"ring{count}", states, {"mu": -0.5}, equations, time_unit="")


@pytest.mark.parametrize("count", [3, 4])
def test_double_pairs_of_a_ring_are_hopf_hopf_points(count):
    branch = equilibria(ring(count), "mu", (-1.0, 3.0), start=np.zeros(2 * count))
    # Mode k grows with mu - 1 + cos(2 pi k / count); all but k = 0 and count / 2 are double.
    growth = 1 - np.cos(2 * np.pi * np.arange(count) / count)
    expected = sorted({round(g, 9) for g in growth})
    found = {p.parameters["mu"]: p for p in branch.special_points}
    assert sorted(found) == pytest.approx(expected, abs=1e-8)
    for value, point in found.items():
        double = np.sum(np.abs(growth - value) < 1e-6) == 2
        assert point.label == ("HH" if double else "H")
        assert point.frequency == pytest.approx(1 / (2 * np.pi), rel=1e-8)
        assert ("2 pairs cross together" in str(point)) == double
