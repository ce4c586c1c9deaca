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
from numba import float64, types

from dynsys.compiled.kernels import MATRIX
from dynsys.compiled.records import Cube, Matrix, Vector, record, signature
from dynsys.errors import ModelError
from dynsys.numba_cache import njit
from dynsys.transfer.fokker_planck import (
    FINE,
    HUGE,
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

_SPIKE, _RESET, _MU, _SIGMA = range(4)  # the solutions
_EPSILON, _LOST = np.finfo(float).eps, 1e-5  # of a voltage's response, relative to 1/lambda
_KEPT = 16  # steady densities remembered
_FINER = 2 * FINE  # of the grid: an input that grows by a step changes the result by 1e-8 at most


class NeuronResponse(NamedTuple):
    """First-order responses (k,) to exp(lambda t), complex.

    ``rate_mu``, ``rate_sigma``: of the rate, kHz per mV/ms and per mV/sqrt(ms);
    ``voltage_mu``, ``voltage_sigma``: of the mean voltage between refractory times, mV per the
    same, NaN at frequencies (from hundreds of Hz on) at which rounding errors exceed 1e-5 of the
    membrane's own 1/lambda; ``interval``: the mean of exp(-lambda T) over interspike intervals T.
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


@record
class Steady(NamedTuple):
    """What the steady density decides, for responses at any frequency: made once per input.

    ``grid`` (k,) from the spike voltage down and its propagators ``a``, ``b`` (k - 1,); ``means``
    of the density and ``forces`` of a change of sigma on the steps; ``turned`` where everything is
    divided by ``HUGE``; ``flux``, ``area`` and ``moment`` of the density at the end.
    """

    grid: Vector
    a: Vector
    b: Vector
    means: Vector
    forces: Vector
    turned: Vector
    flux: Vector
    area: float
    moment: float


@njit([types.UniTuple(float64, 2)(VECTOR, float64, float64, VECTOR, MATRIX)], cache=True)
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


@record
class Sweep(NamedTuple):
    """What is carried down the voltages: real and imaginary parts (2, 4, k) of the four solutions
    at all exponents.

    ``density``, ``flux``, and where ``voltages`` are asked for the integrals ``area`` of the
    density and ``moment`` of the density times the voltage.
    """

    density: Cube
    flux: Cube
    area: Cube
    moment: Cube
    voltages: bool


@njit([signature(types.void, Sweep, float, float)], cache=True, error_model="numpy")
def _add(sweep, half, voltage):
    """One end of a step of the integrals, by the trapezoidal rule."""
    density, area, moment = sweep.density, sweep.area, sweep.moment
    for part in range(2):
        for s in range(4):
            for j in range(density.shape[2]):
                share = half * density[part, s, j]
                area[part, s, j] += share
                moment[part, s, j] += voltage * share


@njit([signature(types.void, Cube)], cache=True)
def _shrink(several):
    several /= HUGE


@njit([signature(types.void, Vector, Steady, Matrix, Sweep)], cache=True, error_model="numpy")
def _integrate(neuron, steady, exponents, sweep):
    """The second-order scheme at ``exponents`` (2, k), their real and imaginary parts.

    Real numbers in long rows: the innermost loop runs over several exponents at once.
    """
    grid, count = steady.grid, exponents.shape[1]
    lambda_r, lambda_i = exponents[0], exponents[1]
    p_r, p_i, q_r, q_i = sweep.density[0], sweep.density[1], sweep.flux[0], sweep.flux[1]
    started = False
    for k in range(grid.shape[0] - 1):
        half, a, b = 0.5 * (grid[k] - grid[k + 1]), steady.a[k], steady.b[k]
        if sweep.voltages:
            _add(sweep, half, grid[k])
        for s in range(4):
            if s == _RESET and not started:
                continue
            force = steady.means[k] if s == _MU else steady.forces[k] if s == _SIGMA else 0.0
            for j in range(count):
                x, y = half * lambda_r[j], half * lambda_i[j]
                u, v = p_r[s, j], p_i[s, j]
                middle_r, middle_i = q_r[s, j] + (x * u - y * v), q_i[s, j] + (x * v + y * u)
                u, v = a * u + b * (middle_r - force), a * v + b * middle_i
                p_r[s, j], p_i[s, j] = u, v
                q_r[s, j], q_i[s, j] = middle_r + (x * u - y * v), middle_i + (x * v + y * u)
        if sweep.voltages:
            _add(sweep, half, grid[k + 1])
        if grid[k + 1] == neuron[VR]:
            started = True
            q_r[_RESET] = steady.flux[k]
        if steady.turned[k] > 0.0:
            _shrink(sweep.density)
            _shrink(sweep.flux)
            _shrink(sweep.area)
            _shrink(sweep.moment)


def _responses(
    neuron: EIFNeuron, steady: Steady, exponents: np.ndarray, voltages: bool
) -> np.ndarray:
    """Rows (5, k) as the fields of ``NeuronResponse``, relative to the rate where they are rates;
    those of the voltage 0 where they are not asked for."""
    parts = np.stack([exponents.real, exponents.imag])
    p, flux, areas, moments = np.zeros((4, 2, 4, len(exponents)))
    flux[0, _SPIKE] = 1.0
    _integrate(neuron.packed(), steady, parts, Sweep(p, flux, areas, moments, voltages))
    q, area, moment = (each[0] + 1j * each[1] for each in (flux, areas, moments))
    reinjected = np.exp(-exponents * neuron.Tref)
    ratios = -q[_MU:] / (q[_SPIKE] - reinjected * q[_RESET])
    rows = np.zeros((5, len(exponents)), complex)
    rows[:2], rows[4] = ratios, reinjected * q[_RESET] / q[_SPIKE]
    if voltages:
        leading = steady.moment / steady.area  # the mean voltage, from which moments are counted
        turn = moment[_MU:] - leading * area[_MU:]
        spike, reset = moment[:_MU] - leading * area[:_MU]
        answer = ratios * (spike - reinjected * reset)
        rows[2:4] = (turn + answer) / steady.area
        # Downwards all solutions grow, the faster the higher the frequency, and their sum does not.
        lost = _EPSILON * np.abs(exponents) * np.abs(turn) > _LOST * np.abs(steady.area)
        rows[2:4][lost] = np.nan
    return rows


@typed
def neuron_response(
    neuron: EIFNeuron, mu: float, sigma: float, exponents: Sequence[complex] | np.ndarray,
    extrapolated: bool = True, voltages: bool = True,
) -> NeuronResponse:  # fmt: skip
    """Responses of rate and voltage to exp(lambda t) in mu or sigma, and the intervals' transform.

    Parameters
    ----------
    mu, sigma : the constant input, mV/ms and mV/sqrt(ms).
    exponents : lambda (k,) in 1/ms, not 0; ``2j * pi * f / 1000`` for a frequency f in Hz. The
        static response is that to 1e-6.
    extrapolated : from two grids; else from the coarser one alone, in a third of the time.
    voltages : whether the mean voltage's responses are asked for; without them, in two thirds of
        the time, they are NaN.

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
    mu, sigma = float(mu), float(sigma)
    rows = _responses(neuron, _steady(neuron, mu, sigma, _FINER), chosen, voltages)
    if extrapolated:
        fine = _responses(neuron, _steady(neuron, mu, sigma, 2 * _FINER), chosen, voltages)
        rows = (4.0 * fine - rows) / 3.0
    rows[:2] *= _rate(neuron, mu, sigma)
    if not voltages:
        rows[2:4] = np.nan
    return NeuronResponse(*rows)
