"""Elimination of mesh intervals side by side, against dense solutions one by one."""

from __future__ import annotations

import numpy as np
import pytest

from continuation.cycles.chord_steps import condense_residual
from continuation.cycles.collocation import Profile, condense, condensed_system
from continuation.cycles.local_equations import make_lanes, solve_intervals
from continuation.cycles.orbits import DEGREE, Solver, moved_times
from continuation.engine.elimination import eliminate_lanes, solve_lanes, solve_lanes_transposed
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
    """Matrix and right sides of one interval, both with equations and unknowns point by point."""
    size, width = system.local.shape[1:]
    block, rates = np.empty((size, size + width, WIDTH)), np.empty((3, WIDTH))
    make_lanes(equations.field, equations.collocation, profile, j, block, rates)
    by_point = np.arange(size).reshape(-1, DEGREE).T.ravel()
    return block[by_point][:, by_point, 0], block[by_point, size:, 0]


@pytest.mark.parametrize(
    ("names", "rate", "intervals", "pivoted"),
    [(TWO, 1.0, 50, False), (THREE, 2.0, 129, False), (TWO, 1e5, 7, True), (THREE, 1e4, 70, True)],
)  # fmt: skip
def test_intervals_are_solved_as_one_by_one(names, rate, intervals, pivoted):
    equations, profile, system = condensed(names, rate, intervals)
    order = np.arange(system.pivots.shape[1])
    assert np.any(system.pivots[:intervals] != order) == pivoted
    for j in range(intervals):
        matrix, right = dense(equations, profile, system, j)
        assert np.allclose(matrix @ system.local[j], right, rtol=0, atol=1e-9 * np.abs(right).max())


@pytest.mark.parametrize(("names", "rate"), [(TWO, 1.0), (THREE, 1e4)])
def test_other_residuals_use_the_same_factorization(names, rate):
    equations, profile, system = condensed(names, rate, 70)
    matrices = [dense(equations, profile, system, j)[0].copy() for j in range(70)]
    other = Profile(profile.mesh, 1.01 * profile.u, profile.z)
    condense_residual(equations.field, equations.collocation, other, system)
    sides = np.array([dense(equations, other, system, j)[1][:, -1] for j in range(70)])
    straight, transposed = sides.copy(), sides.copy()
    solve_intervals(system.lanes, system.pivots, len(names), straight, False)
    solve_intervals(system.lanes, system.pivots, len(names), transposed, True)
    for j in range(70):
        size = np.abs(sides[j]).max()
        assert np.allclose(matrices[j] @ straight[j], sides[j], rtol=0, atol=1e-9 * size)
        assert np.allclose(matrices[j].T @ transposed[j], sides[j], rtol=0, atol=1e-9 * size)
        assert np.allclose(straight[j], system.local[j, :, -1], rtol=1e-9, atol=1e-12 * size)


@pytest.mark.parametrize(("size", "width", "filled"), [(5, 3, 1.0), (24, 7, 1.0), (40, 9, 0.1)])
def test_matrices_side_by_side_full_or_mostly_zero(size, width, filled):
    random, lanes = np.random.default_rng(size), 16
    matrices = random.standard_normal((lanes, size, size))
    matrices *= random.random((size, size)) < filled
    matrices += np.eye(size) * random.choice([0.0, 1e-3, 1.0], (lanes, size, 1))
    matrices += np.eye(size)[random.permutation(size)]
    rights = random.standard_normal((lanes, size, width))
    block = np.concatenate([matrices, rights], axis=2).transpose(1, 2, 0).copy()
    pivots = np.empty((lanes, size), np.int64)
    assert eliminate_lanes(block, pivots)
    exact = np.linalg.solve(matrices, rights)
    assert np.any(pivots != np.arange(size))
    assert np.allclose(block[:, size:].transpose(2, 0, 1), exact, rtol=0, atol=1e-9)
    for solve, each in ((solve_lanes, matrices), (solve_lanes_transposed, matrices.swapaxes(1, 2))):
        right = rights[:, :, 0].T.copy()
        solve(block, pivots, right)
        assert np.allclose(right.T, np.linalg.solve(each, rights[:, :, :1])[:, :, 0], atol=1e-9)


@pytest.mark.parametrize("matrix", [[[1.0, 2.0], [0.5, 1.0]], [[0.0, 1.0], [0.0, 1.0]]])
def test_singular_matrices_are_not_taken_for_solved(matrix):
    block = np.zeros((2, 3, 2))
    block[:, :, 0] = block[:, :, 1] = [[2.0, 1.0, 3.0], [1.0, 3.0, 4.0]]
    pivots, singular = np.empty((2, 2), np.int64), block.copy()
    assert eliminate_lanes(block, pivots) and np.allclose(block[:, 2, 0], [1.0, 1.0])
    singular[:, :2, 1] = matrix
    assert not eliminate_lanes(singular, pivots)
    singular[:, :2, 1] = np.nan
    assert not eliminate_lanes(singular, pivots)
