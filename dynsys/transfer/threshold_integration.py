"""Linear response and interspike intervals of the EIF neuron at complex frequencies.

The Fokker-Planck equation of ``fokker_planck`` with exp(lambda t) for exp(i w t), integrated from
the spike voltage downwards (Richardson 2007, Phys Rev E 76:021919; intervals: Richardson 2008,
Biol Cybern 99:381). Four solutions are carried together: unit flux through the spike voltage, unit
flux into the reset voltage, and the responses of the density to mu and to sigma.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import complex128, float64, types

from dynsys.errors import ModelError
from dynsys.numba_cache import njit
from dynsys.transfer.fokker_planck import (
    FINE,
    HUGE,
    SERIES,
    TREF,
    VECTOR,
    VR,
    _check_noise,
    drift,
    propagators,
    steady,
    voltage_grid,
)
from dynsys.transfer.neuron import EIFNeuron
from dynsys.typed import typed

ROWS = types.Array(complex128, 2, "C")
_SPIKE, _RESET, _MU, _SIGMA = range(4)  # the solutions
_KEPT = 16  # steady densities remembered
_FINER = 2 * FINE  # of the grid: an input that grows by a step changes the result by 1e-8 at most


class NeuronResponse(NamedTuple):
    """First-order responses (k,) to exp(lambda t), complex.

    ``rate_mu``, ``rate_sigma``: of the rate, kHz per mV/ms and per mV/sqrt(ms);
    ``voltage_mu``, ``voltage_sigma``: of the mean voltage between refractory times, mV per the
    same; ``interval``: the mean of exp(-lambda T) over interspike intervals T.
    """

    rate_mu: np.ndarray
    rate_sigma: np.ndarray
    voltage_mu: np.ndarray
    voltage_sigma: np.ndarray
    interval: np.ndarray

    def noise(self, rate: float) -> np.ndarray:
        """Two-sided spectrum (k,) of one neuron's spike train, kHz, for imaginary lambda.

        Intervals are independent (a renewal process); ``rate`` in kHz.
        """
        f = self.interval
        return rate * (1.0 - np.abs(f) ** 2) / np.abs(1.0 - f) ** 2


@lru_cache(maxsize=_KEPT)
def _rate(neuron: EIFNeuron, mu: float, sigma: float) -> float:
    """The constant rate, kHz."""
    return math.exp(steady(neuron.packed(), mu, sigma, FINE)[0])


class Steady(NamedTuple):
    """What the steady density decides, for responses at any frequency: made once per input.

    ``grid`` (k,) from the spike voltage down and its propagators ``a``, ``b`` (k - 1,); ``means``
    of the density and ``forces`` of a change of sigma on the steps; ``turned`` where everything is
    divided by ``HUGE``; ``flux``, ``area`` and ``moment`` of the density at the end.
    """

    grid: np.ndarray
    a: np.ndarray
    b: np.ndarray
    means: np.ndarray
    forces: np.ndarray
    turned: np.ndarray
    flux: np.ndarray
    area: float
    moment: float


@njit(
    [types.UniTuple(float64, 2)(VECTOR, float64, float64, VECTOR, types.Array(float64, 2, "C"))],
    cache=True,
)  # fmt: skip
def _settle(neuron, mu, sigma, grid, rows):
    """Fill means, forces, turned and flux from a and b, all ``rows`` of ``Steady``; returns area
    and moment of the density."""
    a, b, means, forces, turned, fluxes = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
    p, flux, area, moment = 0.0, 1.0, 0.0, 0.0
    for k in range(grid.shape[0] - 1):
        h, middle = grid[k] - grid[k + 1], 0.5 * (grid[k] + grid[k + 1])
        q = flux if middle > neuron[VR] else 0.0
        following = a[k] * p + b[k] * q
        mean = 0.5 * (p + following)
        area += h * mean
        moment += 0.5 * h * (p * grid[k] + following * grid[k + 1])
        p = following
        means[k] = mean
        forces[k] = 2.0 / sigma * (q - drift(neuron, mu, middle) * mean)
        fluxes[k] = flux
        if p > HUGE:
            # One factor for everything: only ratios matter.
            turned[k] = 1.0
            p, flux, area, moment = p / HUGE, flux / HUGE, area / HUGE, moment / HUGE
    return area, moment


@lru_cache(maxsize=_KEPT)
def _steady(neuron: EIFNeuron, mu: float, sigma: float, refinement: int) -> Steady:
    """The steady density at an input; remembered, as roots are sought at one input many times."""
    packed = neuron.packed()
    grid = voltage_grid(packed, mu, sigma, refinement)
    rows = np.zeros((6, len(grid) - 1))
    propagators(packed, mu, sigma, grid, rows[0], rows[1])
    area, moment = _settle(packed, mu, sigma, grid, rows)
    a, b, means, forces, turned, flux = rows
    return Steady(grid, a, b, means, forces, turned, flux, area, moment)


@njit(
    [types.void(VECTOR, types.NamedTuple((*(VECTOR,) * 7, float64, float64), Steady), SERIES,
                ROWS)],
    cache=True,
)  # fmt: skip
def _integrate(neuron, steady, exponents, out):
    """The second-order scheme; rows of ``out`` as the fields of ``NeuronResponse``, relative to
    the rate where they are rates."""
    grid, a, b = steady.grid, steady.a, steady.b
    size, count = grid.shape[0], exponents.shape[0]
    # Density, flux, and integrals of the density and of the density times the voltage.
    p, q = np.zeros((4, count), complex128), np.zeros((4, count), complex128)
    area, moment = np.zeros((4, count), complex128), np.zeros((4, count), complex128)
    q[_SPIKE] = 1.0
    started = 0.0
    force = np.zeros(4)
    for k in range(size - 1):
        h = grid[k] - grid[k + 1]
        force[_MU], force[_SIGMA] = steady.means[k], steady.forces[k]
        for s in range(4):
            if s == _RESET and started == 0.0:
                continue
            for j in range(count):
                half = 0.5 * h * exponents[j]
                before = p[s, j]
                middle_q = q[s, j] + half * before
                after = a[k] * before + b[k] * (middle_q - force[s])
                p[s, j] = after
                q[s, j] = middle_q + half * after
                area[s, j] += 0.5 * h * (before + after)
                moment[s, j] += 0.5 * h * (before * grid[k] + after * grid[k + 1])
        if grid[k + 1] == neuron[VR]:
            started = 1.0
            q[_RESET] = steady.flux[k]
        if steady.turned[k] > 0.0:
            p /= HUGE
            q /= HUGE
            area /= HUGE
            moment /= HUGE
    voltage = steady.moment / steady.area
    for j in range(count):
        reinjected = np.exp(-exponents[j] * neuron[TREF])
        out[4, j] = reinjected * q[_RESET, j] / q[_SPIKE, j]
        whole = q[_SPIKE, j] - reinjected * q[_RESET, j]
        for s in (_MU, _SIGMA):
            ratio = -q[s, j] / whole
            out[s - _MU, j] = ratio
            own = area[s, j] + ratio * (area[_SPIKE, j] - reinjected * area[_RESET, j])
            turn = moment[s, j] + ratio * (moment[_SPIKE, j] - reinjected * moment[_RESET, j])
            out[s, j] = (turn - voltage * own) / steady.area


@typed
def neuron_response(
    neuron: EIFNeuron, mu: float, sigma: float, exponents: Sequence[complex] | np.ndarray,
    extrapolated: bool = True,
) -> NeuronResponse:  # fmt: skip
    """Responses of rate and voltage to exp(lambda t) in mu or sigma, and the intervals' transform.

    Parameters
    ----------
    mu, sigma : the constant input, mV/ms and mV/sqrt(ms).
    exponents : lambda (k,) in 1/ms, not 0; ``2j * pi * f / 1000`` for a frequency f in Hz. The
        static response is that to 1e-6.
    extrapolated : from two grids; else from the coarser one alone, in a third of the time.

    Returns
    -------
    NeuronResponse; relative error of the rates' responses about 1e-7 (fourth order, by Richardson
    extrapolation), about 1e-4 from one grid.

    Raises
    ------
    ModelError for noise that is not positive, exponents that are zero or not finite.

    Example
    -------
    >>> neuron_response(EIFNeuron(), 1.4, 1.8, [0.157j]).rate_mu
    """
    _check_noise(sigma)
    chosen = np.ascontiguousarray(exponents, dtype=complex)
    if chosen.ndim != 1 or not np.all(np.isfinite(chosen)):
        raise ModelError("exponents must be finite numbers in one dimension")
    if not np.all(chosen):
        raise ModelError("an exponent is 0, where the response is a limit; use 1e-6 (1/ms)")
    packed, mu, sigma = neuron.packed(), float(mu), float(sigma)
    rows, fine = np.empty((2, 5, len(chosen)), complex)
    _integrate(packed, _steady(neuron, mu, sigma, _FINER), chosen, rows)
    if extrapolated:
        _integrate(packed, _steady(neuron, mu, sigma, 2 * _FINER), chosen, fine)
        rows = (4.0 * fine - rows) / 3.0
    rows[:2] *= _rate(neuron, mu, sigma)
    return NeuronResponse(*rows)
