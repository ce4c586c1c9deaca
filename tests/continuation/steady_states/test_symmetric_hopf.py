"""Rings of identical units: what passes zero or the axis together is named as what it is."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import equilibria, hopf_curve
from continuation.engine.multilinear import MultilinearForms
from continuation.steady_states.normal_forms import hopf
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


def test_double_branch_points_of_a_ring_are_located_and_left():
    """x_j' = w (x_j - x_j^3 / 3 - y_j + I) + K (...), y_j' = e (x_j + .7 - .8 y_j): two eigenvalues
    of the homogeneous state are zero where 1 - v^2 - 3 K = 1 / 0.8, here v^2 = 0.05."""
    states, equations = {}, {}
    for j in range(3):
        left, right = (j - 1) % 3, (j + 1) % 3
        states |= {f"v{j}": State(0.1 * (j + 1), (-3, 3)), f"w{j}": State(0.0, (-2, 2))}
        coupling = f"K*(v{left} + v{right} - 2*v{j})"
        equations[f"v{j}"] = f"v{j} - v{j}^3/3 - w{j} + I + {coupling}"
        equations[f"w{j}"] = f"0.2*(v{j} + 0.7 - 0.8*w{j})"
    parameters = {"I": 0.5, "K": -0.1}
    model = VectorField("excitable_ring", states, parameters, equations, time_unit="")
    branch = equilibria(model, "I", (0.0, 2.0), start=[-1.2, -0.6] * 3)
    v = np.array([-1.0, 1.0]) * np.sqrt(0.05)
    expected = (v + 0.7) / 0.8 - v + v**3 / 3
    together = [p for p in branch.points("BP") if p.certificate.get("zeros") == 2]
    assert [p.parameters["I"] for p in together] == pytest.approx(expected, abs=1e-10)
    assert all("2 eigenvalues pass 0 together" in str(p) for p in together)
    assert not branch.points("suspect")
    assert len(branch.pieces()) >= 4  # with the branches that leave from there


@pytest.mark.parametrize("count", [4, 5, 6])
def test_a_double_zero_that_rounding_makes_a_pair_is_no_hopf_point(count):
    """Cells in a ring that repel each other: modes k and N - k have an eigenvalue zero at
    m = 2 - 0.2 (2 - 2 cos(2 pi k / N))."""
    states, rates = {}, {}
    for j in range(count):
        before, after = (j - 1) % count, (j + 1) % count
        states |= {f"v{j}": State(0.0, (-3, 3)), f"w{j}": State(0.0, (-2, 2))}
        push = f"0.2*(v{before} + v{after} - 2*v{j})"
        rates |= {f"v{j}": f"m*v{j} - v{j}^3 - w{j} - {push}", f"w{j}": f"v{j} - 0.5*w{j}"}
    ring = VectorField("repelling", states, {"m": 1.5}, rates, time_unit="")
    growth = 2 - 2 * np.cos(2 * np.pi / count)
    span = (2 - 0.2 * growth - 0.03, 2 - 0.2 * growth + 0.02)
    branch = equilibria(ring, "m", span, start=np.zeros(2 * count))
    (point,) = [p for p in branch.special_points if np.max(np.abs(p.state)) < 1e-6]
    assert "2 eigenvalues pass 0 together" in str(point)
    assert point.parameters["m"] == pytest.approx(2 - 0.2 * growth, abs=1e-12)


def pair(third: str) -> VectorField:
    """Two of the ring's units with a state beside them."""
    states = {name: State(0.0, (-2, 2)) for name in ("x0", "y0", "x1", "y1", "c")}
    equations = {"c": third}
    for j, k in ((0, 1), (1, 0)):
        radius = f"(x{j}^2 + y{j}^2)"
        equations[f"x{j}"] = f"mu*x{j} - y{j} - {radius}*x{j} + g*(x{k} - x{j})"
        equations[f"y{j}"] = f"mu*y{j} + x{j} - {radius}*y{j} + g*(y{k} - y{j})"
    return VectorField("pair", states, {"mu": -0.5, "g": -0.25}, equations, time_unit="")


@pytest.mark.parametrize(("third", "label"), [("-c", "HH"), ("g*c - c^3", "suspect")])
@pytest.mark.parametrize("name", ["H1", "H2"])
def test_curves_of_pairs_of_one_frequency_cross(third, label, name):
    """One pair crosses at mu = 0, the other at mu = 2 g, both with frequency 1; where an eigenvalue
    of zero comes to the same place what it is is left open."""
    branch = equilibria(pair(third), "mu", (-1.0, 1.0), start=np.zeros(5))
    curve = hopf_curve(branch[name], ("mu", "g"), spans={"mu": (-1, 1), "g": (-0.5, 0.5)})
    (point,) = curve.special_points
    assert point.label == label
    assert point.frequency == pytest.approx(1 / (2 * np.pi))
    assert list(point.parameters.values()) == pytest.approx([0.0, 0.0], abs=1e-8)
    assert not point.coefficients


@pytest.mark.parametrize(("driving", "expected"), [("0", -2.0), ("x^2 + y^2", np.nan)])
def test_the_lyapunov_coefficient_beside_an_eigenvalue_of_zero(driving, expected):
    """z' = (i + c - |z|^2) z: it keeps its value where nothing drives c, and has none elsewhere."""
    growth = "(c - x^2 - y^2)"
    equations = {"x": f"{growth}*x - y", "y": f"{growth}*y + x", "c": f"-c^3 + k*({driving})"}
    model = VectorField("unit", dict.fromkeys(equations, 0.0), {"k": 1.0}, equations)
    x = np.zeros(3)
    found = hopf(model.jacobian(x), MultilinearForms.from_model(model, x), 1.0)
    # By ||q|| = 1, z = sqrt(2) w.
    assert found["l1"] == pytest.approx(expected, nan_ok=True)
