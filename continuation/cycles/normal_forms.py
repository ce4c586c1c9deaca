"""Normal-form coefficients of folds, period doublings and torus bifurcations of cycles.

Periodic normal forms by homological equations on the collocation mesh (Iooss 1988; Kuznetsov,
Govaerts, Doedel & Dhooge 2005). Null functions are normalized over one period, integral |v|^2 = 1
in the model's units, as MatCont does.
"""

from __future__ import annotations

import numpy as np

from continuation.cycles.linearization import Linearization
from continuation.cycles.orbits import Orbit, Solver
from continuation.engine.multilinear import MultilinearForms

_STILL = 1e-7  # change of the period at a fold, relative to that of the orbit, that is rounding


def coefficients(solver: Solver, orbit: Orbit, label: str, angle: float = 0.0) -> dict[str, float]:
    """Coefficients of a special cycle: ``b`` (LPC, CPC), ``c`` (PD, GPD), ``re_d``, ``im_d`` (NS,
    CH). Those of higher order that decide at CPC, GPD and CH are not computed.

    PD: dxi/dt = c xi^3: c < 0 gives stable cycles of doubled period beyond the bifurcation, c > 0
    unstable ones before it. NS: re d < 0 gives a stable torus, re d > 0 an unstable one.
    """
    if label in ("LPC", "CPC"):
        return {"b": fold_coefficient(solver, orbit)}
    if label in ("PD", "GPD"):
        return {"c": doubling_coefficient(solver, orbit)}
    if label in ("NS", "CH"):
        d = torus_coefficient(solver, orbit, angle)
        return {"re_d": d.real, "im_d": d.imag, "angle": angle}
    return {}


class _Forms:
    """Multilinear forms along a cycle, in scaled variables at the Gauss points."""

    def __init__(self, linear: Linearization) -> None:
        self._forms = [MultilinearForms.from_model(linear.model, x) for x in linear.states]
        self._scale = linear.solver.scale

    def __call__(self, *functions: np.ndarray) -> np.ndarray:
        rows = [
            form(*(f[k] * self._scale for f in functions)) for k, form in enumerate(self._forms)
        ]
        return np.array(rows) / self._scale


def fold_coefficient(solver: Solver, orbit: Orbit) -> float:
    """b of dxi/dt = b xi^2 at a fold of cycles, tau' = 1 - xi + ...

    Where the period stands still at the fold, as of forced oscillations, tau' = 1 + O(xi^2), and
    the null function is normalized.
    """
    linear = Linearization(solver, orbit)
    form, period = _Forms(linear), orbit.period
    nodes, sigma, left = linear.fold_vectors()
    v = linear.at_gauss(nodes)
    size = np.sqrt(linear.integral(v, v).real)
    if abs(sigma) / period > _STILL * size:
        factor = period / sigma
    else:
        physical = v[:, : len(linear.model.states)] * solver.scale[: len(linear.model.states)]
        factor, sigma = 1 / np.sqrt(period * linear.integral(physical, physical).real), 0.0
    v, sigma = factor * v, factor * sigma
    left = left / (period * linear.integral(left, v).real)
    drift = sigma / period * np.einsum("kij,kj->ki", linear.jacobians, v)
    return 0.5 * period * linear.integral(left, form(v, v) + 2 * drift).real


def doubling_coefficient(solver: Solver, orbit: Orbit) -> float:
    """c of dxi/dt = c xi^3 at a period doubling."""
    linear = Linearization(solver, orbit)
    form, period = _Forms(linear), orbit.period
    v, left = _normalized(linear, *linear.null_vectors(multiplier=-1.0))
    v, left = v.real, left.real
    null, trivial = _trivial(linear)
    square = form(v, v)
    a = 0.5 * period * linear.integral(trivial, square).real
    h2 = linear.at_gauss(linear.solve(period * (square - 2 * a * linear.field), null=null))
    h2 = h2 - period * linear.integral(trivial, h2).real * linear.field
    drift = np.einsum("kij,kj->ki", linear.jacobians, v)
    total = form(v, v, v) + 3 * form(v, h2) - 6 * a * drift
    return period * linear.integral(left, total).real / 6


def torus_coefficient(solver: Solver, orbit: Orbit, angle: float) -> complex:
    """d of dxi/dt = i theta / T xi + d xi |xi|^2 at a torus bifurcation."""
    linear = Linearization(solver, orbit)
    form, period = _Forms(linear), orbit.period
    v, left = _normalized(linear, *linear.null_vectors(shift=1j * angle))
    null, trivial = _trivial(linear)
    mixed = form(v, v.conj()).real
    a = period * linear.integral(trivial, mixed).real
    h20 = linear.at_gauss(linear.solve(period * form(v, v), shift=2j * angle))
    h11 = linear.at_gauss(linear.solve(period * (mixed - a * linear.field), null=null))
    h11 = h11 - period * linear.integral(trivial, h11).real * linear.field
    drift = np.einsum("kij,kj->ki", linear.jacobians, v)
    total = form(v, v, v.conj()) + 2 * form(v, h11) + form(v.conj(), h20) - 2 * a * drift
    return 0.5 * period * linear.integral(left, total) + 1j * a * angle / period


def _normalized(
    linear: Linearization, nodes: np.ndarray, left: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Null functions at the Gauss points: integral |v|^2 = 1 in the model's units, <left, v> = 1,
    both over one period."""
    period = linear.orbit.period
    v = linear.at_gauss(nodes)
    count = len(linear.model.states)  # delay lines repeat what the states did: they do not count
    physical = v[:, :count] * linear.solver.scale[:count]
    v = v / np.sqrt(period * linear.integral(physical, physical).real)
    return v, left / np.conj(period * linear.integral(left, v))


def _trivial(linear: Linearization) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Null functions of the multiplier 1, and the left one normalized to <left, F> = 1."""
    null = linear.null_vectors()
    left = null[1].real
    return null, left / (linear.orbit.period * linear.integral(left, linear.field).real)
