"""Field, Jacobian and derivative along parameters in one function are those of three."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import State, VectorField
from dynsys.models import aln, morris_lecar


def delayed() -> VectorField:
    """A delayed mean field, whose delay itself is a parameter."""
    return VectorField(
        "delayed_rates", {"r": State(0.3, lowest=0.0), "v": -0.5},
        {"eta": 1.0, "J": -8.0, "Delta": 0.1, "D": 1.0},
        {"r": "Delta/pi + 2*r*v", "v": "v^2 + eta + J*delay(r, D) - pi^2*r^2"}, time_unit="",
    )  # fmt: skip


@pytest.mark.parametrize("make", [morris_lecar, aln, delayed])
def test_the_linearization_is_what_its_parts_are(make):
    model = make()
    compiled, p = model.compiled, model.parameter_array()
    n, rng = compiled.n, np.random.default_rng(0)
    x = model.initial_state() * (1 + 0.05 * rng.random(n)) + 0.01 * rng.random(n)
    along = rng.standard_normal(compiled.m)
    f, a, fp = np.empty(n), np.empty((n, n)), np.empty(n)
    compiled.linearize(x, p, compiled.tables, along, f, a, fp)
    field, jacobian, tangent = np.empty(n), np.empty((n, n)), np.empty(n)
    compiled.field(x, p, compiled.tables, field)
    compiled.jacobian(x, p, compiled.tables, jacobian)
    compiled.tangent(x, p, compiled.tables, np.zeros(n), along, tangent)
    for ours, part in ((f, field), (a, jacobian), (fp, tangent)):
        assert np.max(np.abs(part)) > 0
        assert ours == pytest.approx(part, rel=1e-12, abs=1e-12 * np.max(np.abs(part)))
