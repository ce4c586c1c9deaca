"""Orbits as compiled loops see them: polynomials on a mesh, and the points where they are exact."""

from __future__ import annotations

from typing import NamedTuple

from dynsys.compiled.records import Matrix, Vector, record


@record
class Collocation(NamedTuple):
    """Node polynomials at the m Gauss points of an interval: values and slopes (m, m + 1), and the
    Gauss weights (m,)."""

    values: Matrix
    slopes: Matrix
    weights: Vector


@record
class Profile(NamedTuple):
    """An orbit: ``mesh`` (N + 1,), ``u`` (N m + 1, n) scaled nodes, ``z`` (K,) = (period, free
    parameters, extras)."""

    mesh: Vector
    u: Matrix
    z: Vector
