"""Meshes of orbits: graded towards layers, and what is said where Newton fails at an end."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import CycleBranch, limit_cycles
from continuation.cycles import landing
from continuation.cycles.meshes import equidistribute
from continuation.cycles.orbits import Solver, moved_times
from dynsys import State, VectorField


def steps(width: float, mesh: np.ndarray) -> np.ndarray:
    """A step up and a step down of this width, at the nodes of a mesh."""
    times = moved_times(mesh)
    return (np.tanh((times - 0.3) / width) - np.tanh((times - 0.7) / width))[:, None]


@pytest.mark.parametrize("width", [0.3, 1e-2, 1e-4, 1e-6])
def test_neighbors_have_widths_of_one_order_and_layers_are_resolved(width):
    mesh, fresh = np.linspace(0, 1, 121), np.empty(121)
    for _ in range(30):
        equidistribute(np.ascontiguousarray(steps(width, mesh)), mesh, 4, fresh)
        mesh = fresh.copy()
    widths = np.diff(mesh)
    assert widths.min() > 0 and mesh[0] == 0.0 and mesh[-1] == 1.0
    assert np.max(np.abs(np.log(widths[1:] / widths[:-1]))) < np.log(12)
    inside = np.abs(mesh - 0.3) < width
    assert np.sum(inside) > 3


def test_a_smooth_orbit_has_a_mesh_that_hardly_changes():
    mesh, fresh = np.linspace(0, 1, 31), np.empty(31)
    nodes = np.sin(2 * np.pi * moved_times(mesh))[:, None]
    equidistribute(np.ascontiguousarray(nodes), mesh, 4, fresh)
    widths = np.diff(fresh)
    assert widths.max() / widths.min() < 1.6


def relaxing(mu: float) -> VectorField:
    states = {"x": State(2.0, (-3, 3)), "y": State(0.0, (-2, 2))}
    rates = {"x": "mu*(x - x^3/3 + y)", "y": "-x/mu"}
    return VectorField("van_der_pol", states, {"mu": mu}, rates, time_unit="")


@pytest.mark.parametrize("mid", [1000.0, 2000.0])
def test_a_relaxation_oscillation_with_layers_of_a_millionth_is_followed_by_default(mid):
    branch = limit_cycles(relaxing(mid), "mu", (0.5 * mid, 1.5 * mid))
    assert branch.ended == ("reached the end of the span",) * 2
    assert branch.data["mu"].values[[0, -1]] == pytest.approx([0.5 * mid, 1.5 * mid])
    mu = branch.data["mu"].values  # Dorodnitsyn's series, as corrected by Urabe (1960)
    series = (3 - 2 * np.log(2)) * mu + 7.01432 * np.cbrt(1 / mu)
    series -= 2 / 3 * np.log(mu) / mu + 1.3233 / mu
    assert branch.data["period"].values == pytest.approx(series, rel=1e-6)
    assert branch.at(mu=0.97 * mid).stable


@pytest.fixture
def ring() -> VectorField:
    states = {"x": State(1.0, (-2, 2)), "y": State(0.0, (-2, 2))}
    rates = {"x": "x - y - x*(x^2 + y^2)", "y": "x + k*y - y*(x^2 + y^2)"}
    return VectorField("ring", states, {"k": 1.0}, rates, time_unit="")


def followed_where_newton_fails(model, monkeypatch, fails) -> CycleBranch:
    """A branch where Newton fails at the end of the span, 1.2, as often as ``fails`` says."""
    real, asked = Solver.point_at, []

    def point_at(self, guess, value, *others):
        asked.append(value)
        if value == 1.2 and fails(asked.count(1.2)):
            return None
        return real(self, guess, value, *others)

    monkeypatch.setattr(Solver, "point_at", point_at)
    return limit_cycles(model, "k", (0.8, 1.2), start=([1.0, 0.0], 2 * np.pi))


def test_the_end_of_the_span_is_reached_in_small_steps_where_one_does_not(ring, monkeypatch):
    branch = followed_where_newton_fails(ring, monkeypatch, lambda asked: asked == 1)
    assert branch.ended[1] == "reached the end of the span"
    assert branch.data["k"].values[-1] == 1.2


def test_the_end_of_the_span_is_interpolated_where_newton_is_singular(ring, monkeypatch):
    branch = followed_where_newton_fails(ring, monkeypatch, lambda asked: True)
    assert branch.ended[1] == "reached the end of the span"
    assert branch.data["k"].values[-1] == pytest.approx(1.2, abs=1e-12)
    exact = followed_where_newton_fails(ring, monkeypatch, lambda asked: False)
    assert branch.data["period"].values[-1] == pytest.approx(exact.data["period"].values[-1])


def test_a_branch_that_does_not_reach_the_end_of_its_span_says_so(ring, monkeypatch):
    monkeypatch.setattr(landing, "residual", lambda solver, orbit: 1e-3)  # nothing good between
    branch = followed_where_newton_fails(ring, monkeypatch, lambda asked: True)
    assert branch.ended[1] == "Newton fails between the last cycle and the end of the span"
    assert branch.data["k"].values[-1] < 1.2
