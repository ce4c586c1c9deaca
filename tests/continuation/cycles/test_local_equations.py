"""Elimination of mesh intervals side by side, against dense solutions one by one."""

from __future__ import annotations

import numpy as np
import pytest

from continuation.cycles.chord_steps import condense_residual
from continuation.cycles.collocation import Profile, condense, condensed_system
from continuation.cycles.local_equations import eliminate_lanes, factors_of, make_lanes
from continuation.cycles.orbits import DEGREE, Solver, moved_times
from continuation.engine.linear_algebra import lu_solve
from dynsys import State, VectorField
from dynsys.compiled.kernels import WIDTH

TWO, THREE = ("x", "y"), ("x", "y", "z")


def model_of(names, rate):
    """A rotation with states that follow it at a rate, as stiff as that."""
    equations = {"x": "x - y - x*(x^2 + y^2)", "y": "a*x + y - y*(x^2 + y^2)"}
    if "z" in names:
        equations["z"] = "rate*(x*y - z) + rate*(x - y)^3"
    else:
        equations["y"] += " - rate*(y - x^3 + x)"
    states = {k: State(0.1, (-2.0, 2.0)) for k in names}
    parameters = {"a": 1.0, "rate": rate}
    return VectorField(f"stiff_{len(names)}", states, parameters, equations, time_unit="")


def condensed(names, rate, intervals):
    """(solver, profile, the equations condensed) of a wavy orbit."""
    solver = Solver(model_of(names, rate), {"a": (0.5, 2.0)})
    mesh = np.linspace(0, 1, intervals + 1) ** 1.2
    phase = 2 * np.pi * moved_times(mesh)
    waves = [np.cos(phase), np.sin(phase), 0.3 * np.cos(2 * phase)][: len(names)]
    profile = Profile(mesh, np.ascontiguousarray(np.transpose(waves)), np.array([6.3, 1.0]))
    system = condensed_system(intervals, DEGREE, len(names), 2)
    equations = solver.equations
    assert condense(equations.field, equations.collocation, profile, system)
    return equations, profile, system


def dense(equations, profile, system, j):
    """Matrix and right sides of one interval."""
    size, width = system.local.shape[1:]
    block, rates = np.empty((size, size + width, WIDTH)), np.empty((3, WIDTH))
    make_lanes(equations.field, equations.collocation, profile, j, block, rates)
    return block[:, :size, 0], block[:, size:, 0]


@pytest.mark.parametrize(
    ("names", "rate", "intervals", "pivoted"),
    [(TWO, 1.0, 50, False), (THREE, 2.0, 129, False), (TWO, 1e5, 7, True), (THREE, 1e4, 70, True)],
)  # fmt: skip
def test_intervals_are_solved_as_one_by_one(names, rate, intervals, pivoted):
    equations, profile, system = condensed(names, rate, intervals)
    order = np.arange(system.pivots.shape[1])
    assert np.any(system.pivots != order) == pivoted
    for j in range(intervals):
        matrix, right = dense(equations, profile, system, j)
        assert np.allclose(matrix @ system.local[j], right, rtol=0, atol=1e-9 * np.abs(right).max())


@pytest.mark.parametrize(("names", "rate"), [(TWO, 1.0), (THREE, 1e4)])
def test_other_residuals_use_the_same_factorization(names, rate):
    equations, profile, system = condensed(names, rate, 70)
    matrices = [dense(equations, profile, system, j)[0].copy() for j in range(70)]
    other = Profile(profile.mesh, 1.01 * profile.u, profile.z)
    condense_residual(equations.field, equations.collocation, other, system)
    factors = np.empty(matrices[0].shape)
    for j in range(70):
        right = dense(equations, other, system, j)[1][:, -1].copy()
        size = np.abs(right).max()
        assert np.allclose(matrices[j] @ system.local[j, :, -1], right, rtol=0, atol=1e-9 * size)
        factors_of(system.lanes, j, factors)
        lu_solve(factors, system.pivots[j], right)
        assert np.allclose(right, system.local[j, :, -1], rtol=1e-9, atol=1e-12 * size)


@pytest.mark.parametrize("matrix", [[[1.0, 2.0], [0.5, 1.0]], [[0.0, 1.0], [0.0, 1.0]]])
def test_singular_matrices_are_not_taken_for_solved(matrix):
    block = np.zeros((2, 3, 2))
    block[:, :, 0] = [[2.0, 1.0, 3.0], [1.0, 3.0, 4.0]]
    block[:, :2, 1], block[:, 2, 1] = matrix, 1.0
    largest = np.empty(2)
    eliminate_lanes(block, largest)
    assert np.allclose(block[:, 2, 0], [1.0, 1.0]) and largest[0] == 0.5
    assert not largest[1] <= 4.0
