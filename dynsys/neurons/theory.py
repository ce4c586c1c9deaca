"""Rates, densities and moments of neurons with random input, without simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.special import erfcx

from dynsys.errors import ModelError
from dynsys.neurons.neuron import SpikingNeuron
from dynsys.neurons.noise import PoissonKicks

STEP_SHIFT = 0.5826  # -zeta(1/2)/sqrt(2 pi): how far a walk overshoots a border between its steps


def siegert_rate(neuron: SpikingNeuron, sigma: float, dt: float = 0.0) -> float:
    """Stationary rate (Hz) of a leaky integrate-and-fire neuron with white noise.

    Parameters
    ----------
    neuron : of ``lif_neuron``, without conductances.
    sigma : mV/sqrt(ms).
    dt : a step (ms) at whose ends only a simulation looks for spikes; threshold and reset then act
        0.583 sigma sqrt(dt) apart (Broadie, Glasserman & Kou 1997; here for the threshold).

    Raises
    ------
    ModelError for another neuron or noise that is not positive.

    Source: Siegert 1951, Phys Rev 81:617; Brunel 2000, J Comput Neurosci 8:183.

    Example
    -------
    >>> from dynsys.models import lif_neuron
    >>> siegert_rate(lif_neuron(I=30.0), sigma=0.884)
    6.75...
    """
    p = _lif(neuron)
    if not (math.isfinite(sigma) and sigma > 0):
        raise ModelError(f"sigma is {sigma} mV/sqrt(ms); the noise must be positive")
    tau, spread = p["C"] / p["gL"], sigma * math.sqrt(p["C"] / p["gL"])
    mean = p["EL"] + p["I"] / p["gL"]
    threshold = p["VT"] + STEP_SHIFT * sigma * math.sqrt(dt)
    low, high = (p["Vr"] - mean) / spread, (threshold - mean) / spread
    if high > 26:  # exp(x^2) overflows: less than one spike in 1e280 ms
        return 0.0
    area = quad(lambda x: erfcx(-x), low, high, limit=200, epsabs=0, epsrel=1e-11)[0]
    return 1000.0 / (p["Tref"] + tau * math.sqrt(math.pi) * area)


def lif_density(neuron: SpikingNeuron, sigma: float, voltages: np.ndarray) -> np.ndarray:
    """Stationary density (1/mV) of V outside the refractory time at ``voltages`` (k,).

    Arguments, errors and source as of ``siegert_rate``. Integrates to 1 - rate Tref.
    """
    p = _lif(neuron)
    rate = siegert_rate(neuron, sigma) / 1000.0
    tau, spread = p["C"] / p["gL"], sigma * math.sqrt(p["C"] / p["gL"])
    mean = p["EL"] + p["I"] / p["gL"]
    u = (np.asarray(voltages, dtype=float) - mean) / spread
    low, high = (p["Vr"] - mean) / spread, (p["VT"] - mean) / spread

    def at(x: float) -> float:
        if x >= high:
            return 0.0
        # exp(-x^2) times the integral of exp(y^2) from max(x, reset) to the threshold.
        return quad(lambda y: math.exp(y * y - x * x), max(x, low), high, epsrel=1e-10)[0]

    return 2.0 * rate * tau / spread * np.array([at(float(x)) for x in u])


def _lif(neuron: SpikingNeuron) -> dict[str, float]:
    if neuron.name != "lif_neuron":
        raise ModelError(
            f"this theory is of lif_neuron without conductances, not of {neuron.name}; for an "
            "exponential neuron use eif_rate"
        )
    return dict(neuron.parameters)


def eif_rate(neuron: SpikingNeuron, sigma: float) -> float:
    """Stationary rate (Hz) of an exponential neuron without adaptation (a = b = 0), white noise.

    ``sigma`` in mV/sqrt(ms). By the Fokker-Planck solver of ``dynsys.transfer``, relative error
    1e-6.

    Raises ModelError for a neuron with adaptation.

    Example
    -------
    >>> from dynsys.models import adex_neuron
    >>> eif_rate(adex_neuron("tonic", a=0.0, b=0.0, I=30.0), sigma=0.884)
    """
    from dynsys.transfer import steady_state  # compiles the solver

    eif, mu = _eif(neuron)
    return 1000.0 * steady_state(eif, mu, sigma)[0]


def _eif(neuron: SpikingNeuron) -> tuple[Any, float]:
    """The neuron of the Fokker-Planck solver, and its mean input in mV/ms."""
    # The Fokker-Planck solver compiles on its first import; simulations do not need it.
    from dynsys.transfer import EIFNeuron

    p = neuron.parameters
    if "DeltaT" not in p or p["a"] != 0 or p["b"] != 0:
        raise ModelError(
            f"{neuron.name} with a = {p.get('a', 0):g} nS, b = {p.get('b', 0):g} pA: the theory of "
            "the exponential neuron is without adaptation; set a=0 and b=0"
        )
    names = ("C", "gL", "EL", "DeltaT", "VT", "Vr", "Vs", "Tref")
    return EIFNeuron(**{k: p[k] for k in names}), p["I"] / p["C"]


def eif_density(neuron: SpikingNeuron, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """(voltages (k,), stationary density (k,) in 1/mV) of an exponential neuron without adaptation.

    Arguments and errors as of ``eif_rate``. Integrates to 1 - rate Tref; second order on the
    solver's graded grid.
    """
    # The Fokker-Planck solver compiles on its first import; simulations do not need it.
    from dynsys.transfer.fokker_planck import propagators, steady_state, voltage_grid

    eif, mu = _eif(neuron)
    rate = steady_state(eif, mu, sigma)[0]
    packed = eif.packed()
    grid = voltage_grid(packed, mu, float(sigma), 4)
    a, b = np.empty(len(grid) - 1), np.empty(len(grid) - 1)
    propagators(packed, mu, float(sigma), grid, a, b)
    density = np.zeros(len(grid))
    for k in range(len(grid) - 1):
        flux = rate if grid[k + 1] >= eif.Vr else 0.0
        density[k + 1] = a[k] * density[k] + b[k] * flux
    return grid[::-1], density[::-1]


@dataclass(frozen=True)
class HighConductance:
    """Moments of the voltage under conductance kicks, spikes left out.

    ``excitation``, ``inhibition``: (mean, SD) of the conductances in nS; ``total`` conductance
    (nS) and ``ratio`` to the leak; ``time_constant`` (ms); ``mean``, ``deviation`` of V in mV.
    """

    excitation: tuple[float, float]
    inhibition: tuple[float, float]
    total: float
    ratio: float
    time_constant: float
    mean: float
    deviation: float


def high_conductance_state(
    neuron: SpikingNeuron, excitation: PoissonKicks, inhibition: PoissonKicks
) -> HighConductance:
    """Shot-noise theory of the subthreshold voltage: effective time constant and Campbell's sums.

    The mean is that of the mean conductances. A kick g exp(-t/tau_s) acts on V, linearized there,
    as g (E - mean)/C (exp(-t/tau_s) - exp(-t/tau)) / (1/tau - 1/tau_s), and independent kicks add
    their squares.

    Raises ModelError for a neuron without conductances.

    Source: Kuhn, Aertsen & Rotter 2004, J Neurosci 24:2345; Richardson & Gerstner 2005, Neural
    Comput 17:923.

    Example
    -------
    >>> from dynsys.models import lif_neuron
    >>> from dynsys.neurons import PoissonKicks
    >>> high_conductance_state(lif_neuron(conductances=True), PoissonKicks(1.2, 1.0, 1000),
    ...                        PoissonKicks(3.0, 4.0, 1000)).mean
    -58.43...
    """
    p = neuron.parameters
    if "tau_e" not in p:
        raise ModelError(f"{neuron.name} has no conductances; use lif_neuron(conductances=True)")
    e, i = excitation.moments(p["tau_e"]), inhibition.moments(p["tau_i"])
    total = p["gL"] + e[0] + i[0]
    mean = (p["gL"] * p["EL"] + e[0] * p["Ee"] + i[0] * p["Ei"] + p["I"]) / total
    tau = p["C"] / total
    variance = sum(
        kicks.per_ms * (kicks.size * (reversal - mean) / p["C"]) ** 2 * _response(tau, decay)
        for kicks, reversal, decay in (
            (excitation, p["Ee"], p["tau_e"]), (inhibition, p["Ei"], p["tau_i"]),
        )
    )  # fmt: skip
    return HighConductance(e, i, total, total / p["gL"], tau, mean, math.sqrt(variance))


def _response(tau: float, decay: float) -> float:
    """Integral of the squared response to a unit kick of dV/dt that decays with ``decay``."""
    # With k = tau decay/(decay - tau): k^2 (tau/2 + decay/2 - 2 tau decay/(tau + decay)).
    return (tau * decay) ** 2 / (2 * (tau + decay))
