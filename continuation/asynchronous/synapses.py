"""Synapses at rest and their exact linear response: from presynaptic rate to input moments.

The equations of ``aln()`` (Augustin et al. 2017, PLOS Comput Biol 13(6):e1005545; Cakan &
Obermayer 2020, PLOS Comput Biol 16(4):e1007822) for one connection, without any filter of the
neuron: tau s' = (1 - s) z - s, tau^2 v' = (1 - s)^2 c z + (c z - 2 tau (1 + z)) v with
z = c K r(t - d), and its shares J s of the mean and 2 J^2 v tau tau_m / ((1 + z) tau_m + tau) of
the variance of the input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Synapse:
    """One connection at a constant presynaptic rate, or several, whose values are columns (m, 1).

    ``J`` in mV/ms, ``c`` (ms) opens at one spike per second and time constant, ``K`` inputs,
    ``tau``, ``tau_m``, ``delay`` in ms, ``rate`` in kHz.
    """

    J: float
    c: float
    K: float
    tau: float
    tau_m: float
    delay: float
    rate: float

    @property
    def z(self) -> float:
        """Opening per closing rate, c K r."""
        return self.c * self.K * self.rate

    @property
    def s(self) -> float:
        """Mean activation."""
        return self.z / (1 + self.z)

    @property
    def v(self) -> float:
        """Variance of the activation."""
        opened = (1 - self.s) ** 2 * self.c * self.z
        return opened / (2 * self.tau * (1 + self.z) - self.c * self.z)

    @property
    def mean(self) -> float:
        """Share of the mean input, mV/ms."""
        return self.J * self.s

    @property
    def variance(self) -> float:
        """Share of the squared noise, mV^2/ms."""
        return 2 * self.J**2 * self.v * self.tau * self.tau_m / self._width

    @property
    def _width(self) -> float:
        return (1 + self.z) * self.tau_m + self.tau

    def responses(self, exponents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First-order change (k,) of ``mean`` and ``variance`` per exp(lambda t) of the rate; of
        several connections (m, k).

        ``exponents``: lambda in 1/ms; the delay is included.
        """
        tau, z, s, v, c = self.tau, self.z, self.s, self.v, self.c
        z1 = c * self.K * np.exp(-exponents * self.delay)
        s1 = (1 - s) * z1 / (exponents * tau + 1 + z)
        driven = ((1 - s) ** 2 * c + (c - 2 * tau) * v) * z1 - 2 * (1 - s) * c * z * s1
        v1 = driven / (exponents * tau**2 + 2 * tau * (1 + z) - c * z)
        scale = 2 * self.J**2 * tau * self.tau_m / self._width
        return self.J * s1, scale * (v1 - v * self.tau_m / self._width * z1)


def synapse(
    values: Mapping[str, float], pair: str, names: tuple[str, str], rate: float, tau_m: float
) -> Synapse:
    """A connection ("EI": from I to E) of an ``aln()`` model at a presynaptic rate in kHz.

    ``values`` of its parameters; ``names`` of in-degree and delay.
    """
    source, (degree, delay) = pair[1].lower(), names
    J, tau = values[f"J_{pair.lower()}"], values[f"tau_s{source}"]
    c = values[f"c_{source}"] * tau / abs(J)
    return Synapse(J, c, values[degree], tau, tau_m, values[delay], rate)
