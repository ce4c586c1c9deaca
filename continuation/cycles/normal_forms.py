"""Normal-form coefficients of folds, period doublings and torus bifurcations of cycles.

Periodic normal forms by homological equations on the collocation mesh (Iooss 1988; Kuznetsov,
Govaerts, Doedel & Dhooge 2005; at CPC, GPD and CH: De Witte, Della Rossa, Govaerts & Kuznetsov
2013, SIAM J. Appl. Dyn. Syst. 12(2):722-788). Null functions are normalized over one period,
integral |v|^2 = 1 in the model's units, as MatCont does. Coefficients are per time unit; those of
order k change with the norm by its power k - 1, their signs do not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from continuation.cycles.amplitude_expansions import Expansion, Power
from continuation.cycles.linearization import Linearization
from continuation.cycles.orbits import Orbit, Solver

_STILL = 1e-7  # change of the period at a fold, relative to that of the orbit, that is rounding
_RESONANT = 1e-6  # distance of exp(3 i theta) or exp(4 i theta) from 1 that is a strong resonance

Pair = tuple[np.ndarray, np.ndarray]
Places = Callable[[int, int], tuple[int, complex, float]]


def coefficients(solver: Solver, orbit: Orbit, label: str, angle: float = 0.0) -> dict[str, float]:
    """Coefficients of a special cycle: ``b`` (LPC, CPC), ``c`` (PD, GPD), ``re_d``, ``im_d`` (NS,
    CH), and those that decide where these vanish: ``c`` (CPC), ``e`` (GPD), ``re_e`` (CH, but for
    pairs that turn by a third or a quarter in a period, where other terms decide as well).

    What their signs mean is told by the functions below.
    """
    if label in ("LPC", "CPC"):
        found = fold_coefficients(solver, orbit, 2 if label == "LPC" else 3)
        return dict(zip("bc", found, strict=False))
    if label in ("PD", "GPD"):
        found = doubling_coefficients(solver, orbit, 3 if label == "PD" else 5)
        return dict(zip("ce", found, strict=False))
    if label in ("NS", "CH"):
        apart = min(abs(np.exp(1j * k * angle) - 1) for k in (3, 4)) > _RESONANT
        d, *e = torus_coefficients(solver, orbit, angle, 5 if label == "CH" and apart else 3)
        known = {"re_d": d.real, "im_d": d.imag, "angle": angle}
        return known | ({"re_e": e[0].real} if e else {})
    return {}


def fold_coefficients(solver: Solver, orbit: Orbit, order: int = 2) -> list[float]:
    """b of dxi/dt = b xi^2 at a fold of cycles, tau' = 1 - xi + ...; with ``order`` 3, at a cusp
    where b = 0, also c of dxi/dt = b xi^2 + c xi^3.

    Where the period stands still at the fold, as of forced oscillations, tau' = 1 + O(xi^2), and
    the null function is normalized. At a cusp three cycles share the wedge between two folds.
    c < 0: the outer two are stable, as far as the other multipliers let them, and the middle one
    is not; c > 0: the other way round.
    """
    linear, period = Linearization(solver, orbit), orbit.period
    v, sigma, left = null = _fold_vectors(linear)
    expansion = Expansion(linear, v, a=-sigma / period)
    right = expansion.rest(2, 0)
    b = period * linear.integral(left, right).real
    if order == 2:
        return [b]
    h2, change = linear.fold_solve(period * (right - b * linear.at_gauss(v)), null)
    expansion.set((2, 0), h2, a=-change / period, b=b)
    return [b, period * linear.integral(left, expansion.rest(3, 0)).real]


def doubling_coefficients(solver: Solver, orbit: Orbit, order: int = 3) -> list[float]:
    """c of dxi/dt = c xi^3 at a period doubling; with ``order`` 5, at a generalized one where
    c = 0, also e of dxi/dt = c xi^3 + e xi^5.

    c < 0 gives stable cycles of doubled period beyond the bifurcation, c > 0 unstable ones before
    it (where the multiplier is inside the unit circle). Beside a generalized period doubling two
    doubled cycles share a wedge between it and their fold. e < 0: the wedge lies before the
    doubling, where c > 0, and of the two the larger is stable; e > 0: it lies beyond, where c < 0,
    and the smaller is stable. Stable is meant as far as the other multipliers let them.
    """
    linear = Linearization(solver, orbit)
    critical = _normalized(linear, *linear.null_vectors(multiplier=-1.0))
    powers = [(j, 0) for j in range(2, order + 1)]
    found = _growths(linear, critical, powers, lambda j, _: (j % 2, 0.0, (-1.0) ** j))
    return [growth.real for growth in found]


def torus_coefficients(solver: Solver, orbit: Orbit, angle: float, order: int = 3) -> list[complex]:
    """d of dxi/dt = i theta / T xi + d xi |xi|^2 at a torus bifurcation; with ``order`` 5, at a
    Chenciner point where re d = 0, also e of i theta / T xi + d xi |xi|^2 + e xi |xi|^4.

    re d < 0 gives a stable torus, re d > 0 an unstable one. Beside a Chenciner point two tori
    share a wedge between the torus bifurcation and their fold, near which they lock and break up
    (Chenciner 1985). re e, the second Lyapunov coefficient, decides: re e < 0: the wedge lies
    before the bifurcation (the pair inside the unit circle), where re d > 0, and of the two the
    outer torus is stable; re e > 0: it lies beyond, where re d < 0, and the inner one is stable.
    Stable is meant as far as the other multipliers let them. Of e the real part alone is invariant.
    """
    linear = Linearization(solver, orbit)
    critical = _normalized(linear, *linear.null_vectors(shift=1j * angle))
    powers = [(2, 0), (1, 1), (2, 1)]
    if order == 5:
        powers = [(2, 0), (1, 1), (3, 0), (2, 1), (3, 1), (2, 2), (3, 2)]
    places: Places = lambda j, k: (j - k, 1j * (j - k) * angle, 1.0)  # noqa: E731
    return _growths(linear, critical, powers, places)


def _growths(
    linear: Linearization, critical: Pair, powers: list[Power], places: Places
) -> list[complex]:
    """The coefficients in dxi/dt, up to the last of ``powers``, all those below it in their order.

    ``places`` tells of a power which equation it obeys: 0 that of the multiplier 1, 1 that of the
    critical one, else a regular one, with its shift and its multiplier.
    """
    nodes, left = critical
    expansion, period = Expansion(linear, nodes), linear.orbit.period
    v, (null, trivial), found = linear.at_gauss(nodes), _trivial(linear), list[complex]()
    for j, k in powers:
        turns, shift, multiplier = places(j, k)
        right, speed, growth, border = expansion.rest(j, k), 0.0, 0.0j, None
        if turns == 0:
            speed = period * linear.integral(trivial, right).real
            right, border = right - speed * linear.field, null
        elif turns == 1:
            growth = period * linear.integral(left, right)
            right, border = right - growth * v, critical
            found.append(growth)
        if (j, k) != powers[-1]:
            h = linear.solve(period * right, shift, multiplier, border)
            expansion.set((j, k), h, speed, growth)
    return found


def _normalized(linear: Linearization, nodes: np.ndarray, left: np.ndarray) -> Pair:
    """Null functions, right on the nodes and left at the Gauss points: integral |v|^2 = 1 in the
    model's units, <left, v> = 1, both over one period."""
    period = linear.orbit.period
    nodes = nodes / _norm(linear, linear.at_gauss(nodes))
    return nodes, left / np.conj(period * linear.integral(left, linear.at_gauss(nodes)))


def _norm(linear: Linearization, v: np.ndarray) -> float:
    """Root of the integral of |v|^2 over one period, in the model's units."""
    count = len(linear.model.states)  # delay lines repeat what the states did: they do not count
    physical = v[:, :count] * linear.solver.scale[:count]
    return float(np.sqrt(linear.orbit.period * linear.integral(physical, physical).real))


def _fold_vectors(linear: Linearization) -> tuple[np.ndarray, float, np.ndarray]:
    """v on the nodes, sigma and left null function of a fold: sigma is the period or, where the
    period stands still, 0 and v normalized."""
    period = linear.orbit.period
    nodes, sigma, left = linear.fold_vectors()
    v = linear.at_gauss(nodes)
    if abs(sigma) / period > _STILL * np.sqrt(linear.integral(v, v).real):
        factor, sigma = period / sigma, period
    else:
        factor, sigma = 1 / _norm(linear, v), 0.0
    return factor * nodes, sigma, left / (factor * period * linear.integral(left, v).real)


def _trivial(linear: Linearization) -> tuple[Pair, np.ndarray]:
    """Null functions of the multiplier 1, and the left one normalized to <left, F> = 1."""
    null = linear.null_vectors()
    left = null[1].real
    return null, left / (linear.orbit.period * linear.integral(left, linear.field).real)
