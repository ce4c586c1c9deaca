"""Predicted cycles on curves that are known, and extrema of observables between nodes."""

from __future__ import annotations

import numpy as np
import pytest

from continuation.cycles.collocation import Profile, Variation
from continuation.cycles.extrema import observed_extrema
from continuation.cycles.orbits import DEGREE, moved_times
from continuation.cycles.prediction import Bends, find_bends, node_velocities, predict, remove_shift
from dynsys import State, VectorField

MESH = np.linspace(0, 1, 21) + 0.01 * np.sin(2 * np.pi * np.linspace(0, 1, 21))
PHASE = 2 * np.pi * moved_times(MESH)
LINE = np.stack([np.cos(PHASE), np.sin(2 * PHASE) + 0.2 * np.sin(3 * PHASE)], axis=1)
BEND = np.stack([np.cos(3 * PHASE), np.cos(2 * PHASE)], axis=1)  # even: none moves the phase


def cycle(s):
    """(nodes, z) of a curve of fourth order in its length s, in the plane of LINE."""
    u = (1.0 + s) * LINE + (s**2 - 0.5 * s**3 + 0.3 * s**4) * BEND
    return u, np.array([5.0 + s**2 + s**4, 0.2 * s**3])


def predicted(before, step):
    """The prediction of ``cycle(step)`` from those at 0 and ``before``, and how many were used."""
    (u, z), shape = cycle(0.0), LINE.shape
    base, along = Profile(MESH, u, z), Variation(LINE, np.zeros(2))
    row, velocity = np.zeros(shape), np.ones(shape)
    row[:] = np.linalg.lstsq(
        np.stack([LINE.ravel(), BEND.ravel()]), np.array([1.0, 0.0]), rcond=None
    )[0].reshape(shape)  # <row, LINE> = 1, <row, BEND> = 0
    bends = Bends(np.empty((3, *shape)), np.empty((3, 2)), np.empty(3), np.empty(3))
    rows = [cycle(s) for s in before]
    found = find_bends(
        np.array([r[0] for r in rows]).reshape(-1, *shape), np.array([r[1] for r in rows]),
        np.array([MESH] * len(rows)), base, along, (row, np.zeros(2)), np.zeros(shape), velocity,
        bends,
    )  # fmt: skip
    profile = Profile(MESH, np.empty(shape), np.empty(2))
    plane = predict(base, along, bends, found, step, profile, (row, np.zeros(2)), np.ones(2))
    assert plane.level == pytest.approx(np.sum(row * cycle(step)[0]))
    return profile, found


def test_a_curve_of_fourth_order_is_met():
    profile, found = predicted([-0.4, -0.25, -0.1], 0.1)
    u, z = cycle(0.1)
    assert found == 3
    assert np.allclose(profile.u, u, atol=1e-12) and np.allclose(profile.z, z, atol=1e-12)


def test_cycles_that_do_not_lie_behind_are_not_used():
    assert predicted([-0.4, 0.25, -0.1], 0.1)[1] == 1


def test_shifts_along_the_cycle_are_removed():
    velocity = np.empty_like(LINE)
    node_velocities(LINE, MESH, DEGREE, velocity)
    exact = 2 * np.pi * np.stack(
        [-np.sin(PHASE), 2 * np.cos(2 * PHASE) + 0.6 * np.cos(3 * PHASE)], axis=1
    )  # fmt: skip
    assert np.allclose(velocity, exact, atol=0.02 * np.abs(exact).max())
    change = BEND + 0.3 * velocity
    remove_shift(velocity, velocity, change)
    assert abs(np.sum(velocity * change)) < 1e-10 * np.sum(velocity**2)


def test_extrema_lie_between_nodes():
    model = VectorField(
        "seen", {k: State(0.1, (-2.0, 2.0)) for k in "xy"}, {"a": 1.0}, {"x": "-y", "y": "a*x"},
        observables={"v": "x", "flat": "tanh(20*x)", "still": "a"}, time_unit="",
    )  # fmt: skip
    wave = np.ascontiguousarray(np.stack([np.cos(PHASE - 0.3), np.sin(PHASE - 0.3)], axis=1))
    out, names = np.empty((2, 3)), list(model.observables)
    observed_extrema(
        model.compiled.observables, model.compiled.tables, model.parameter_array(), np.ones(2),
        MESH, wave, DEGREE, out,
    )  # fmt: skip
    low, high = dict(zip(names, out[0], strict=True)), dict(zip(names, out[1], strict=True))
    assert (low["v"], high["v"]) == pytest.approx((-1.0, 1.0), abs=2e-6)
    assert (low["flat"], high["flat"]) == pytest.approx((-1.0, 1.0), abs=1e-12)
    assert low["still"] == high["still"] == 1.0
