"""The feedback loop of the asynchronous state: u = G(lambda) u for perturbations of the rates.

A population's rate answers its input's mean and noise as the Fokker-Planck equation says, without
the mean field's filter; synapses and delays turn rates into inputs (``synapses``). The adaptation
current of E is a second loop inside that population: tau_A I' = a V - I + tau_A b r.

Sources: Brunel & Hakim 1999, Neural Comput 11:1621; Richardson 2007, Phys Rev E 76:021919; for the
adaptation current Augustin et al. 2017, PLOS Comput Biol 13(6):e1005545.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from continuation.asynchronous.synapses import Synapse, synapse
from dynsys.models.aln_network import PAIRS
from dynsys.transfer import EIFNeuron
from dynsys.transfer.fokker_planck import FINE, steady
from dynsys.transfer.threshold_integration import NeuronResponse, neuron_response

QUASI_STATIC, DYNAMIC = "quasi-static", "dynamic"
VOLTAGES = (QUASI_STATIC, DYNAMIC)
SLOW = 1e-6  # 1/ms: what counts as lambda = 0, where the response is a limit


@dataclass(frozen=True)
class Loop:
    """The loop at one set of rates (they need not be a fixed point).

    Parameters
    ----------
    values : parameters of the ``aln()`` model.
    degrees : pair -> names of in-degree and delay, as ``connection_of`` says.
    rates : of E and I, kHz.
    adaptation : the current I_A, pA.
    voltage : "quasi-static": the mean voltage that drives the adaptation current follows the input
        at once, as in the mean field; "dynamic": it has its own response.
    extrapolated : whether responses are those of two grids (1e-7) or of one (1e-4, faster).
    """

    neuron: EIFNeuron
    values: Mapping[str, float]
    degrees: Mapping[str, tuple[str, str]]
    rates: tuple[float, float]
    adaptation: float = 0.0
    voltage: str = QUASI_STATIC
    extrapolated: bool = True

    @cached_property
    def synapses(self) -> dict[str, Synapse]:
        """The connections by pair (target, source)."""
        tau_m = self.neuron.membrane_time_constant
        rates = dict(zip("EI", self.rates, strict=True))
        return {
            pair: synapse(self.values, pair, self.degrees[pair], rates[pair[1]], tau_m)
            for pair in PAIRS
        }

    @cached_property
    def _connections(self) -> Synapse:
        """All connections in one, each of whose values is a column (4, 1) in the order of
        ``PAIRS``."""
        several = [self.synapses[pair] for pair in PAIRS]
        columns: dict[str, Any] = {
            field.name: np.array([[getattr(each, field.name)] for each in several])
            for field in fields(Synapse)
        }
        return Synapse(**columns)

    @cached_property
    def inputs(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """(mu, sigma) of E and of I; the adaptation current is part of mu."""
        return self._input("E"), self._input("I")

    def _input(self, target: str) -> tuple[float, float]:
        letter = target.lower()
        several = [self.synapses[target + source] for source in "EI"]
        mu = self.values[f"mu_{letter}"] + sum(s.mean for s in several)
        mu -= self.adaptation / self.neuron.C if target == "E" else 0.0
        noise = self.values[f"sigma_{letter}_ext"] ** 2 + sum(s.variance for s in several)
        return float(mu), float(np.sqrt(noise))

    def mismatch(self) -> np.ndarray:
        """What is missing to a fixed point (3,): log rates of E and I, I_A / C in mV/ms."""
        packed, p = self.neuron.packed(), self.values
        (log_e, voltage), (log_i, _) = (steady(packed, *at, FINE) for at in self.inputs)
        current = p["a"] * (voltage - p["E_A"]) + p["tau_A"] * p["b"] * self.rates[0]
        missing = (current - self.adaptation) / self.neuron.C
        return np.array([log_e - np.log(self.rates[0]), log_i - np.log(self.rates[1]), missing])

    def gain(self, exponents: np.ndarray) -> np.ndarray:
        """G (k, 2, 2): target, source; ``exponents`` lambda (k,) in 1/ms."""
        return self._closed(exponents)[0]

    def determinant(self, exponents: np.ndarray) -> np.ndarray:
        """det(1 - G) (k,): zero at the roots; a perturbation grows with a root right of 0."""
        gain = self.gain(exponents)
        straight = (1 - gain[:, 0, 0]) * (1 - gain[:, 1, 1])
        return straight - gain[:, 0, 1] * gain[:, 1, 0]

    def fluctuations(self, exponents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """G (k, 2, 2), and the two-sided spectra (k, 2) in kHz of single neurons' spike trains.

        ``exponents`` on the imaginary axis, not 0. A neuron's intervals are those of a renewal
        process; the adaptation current that its own spikes call up regularizes them.
        """
        gain, shaping, responses = self._closed(exponents)
        noise = [r.noise(rate) for r, rate in zip(responses, self.rates, strict=True)]
        noise[0] = noise[0] * np.abs(shaping) ** 2
        return gain, np.stack(noise, axis=1)

    def _closed(
        self, exponents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, tuple[NeuronResponse, NeuronResponse]]:
        """G, how the adaptation shapes the noise of E, and the responses of the neurons."""
        gain = np.empty((len(exponents), 2, 2), complex)
        moved = (self._moving_voltage, False)  # only that of E drives anything
        responses = tuple(
            neuron_response(self.neuron, *at, exponents, self.extrapolated, voltages)
            for at, voltages in zip(self.inputs, moved, strict=True)
        )
        means, variances = self._connections.responses(exponents)
        feedback, by_noise, shaping = self._adaptation(responses[0], exponents)
        for row, target in enumerate("EI"):
            response, (_, sigma) = responses[row], self.inputs[row]
            by_mu = response.rate_mu / feedback if target == "E" else response.rate_mu
            by_sigma = response.rate_sigma - (by_mu * by_noise if target == "E" else 0.0)
            for column, source in enumerate("EI"):
                k = PAIRS.index(target + source)
                gain[:, row, column] = by_mu * means[k] + by_sigma * variances[k] / (2 * sigma)
        return gain, shaping, (responses[0], responses[1])

    def _adaptation(
        self, response: NeuronResponse, exponents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The inner loop I_A -> mu -> r, V -> I_A of E.

        With mu1 = m - I1 / C and I1 = (tau_A b r1 + a V1) / (1 + lambda tau_A): what divides m, the
        current per sigma1 in mV/ms, and the factor of the spike trains' own noise.
        """
        p, C = self.values, self.neuron.C
        filtered = 1 / (C * (1 + exponents * p["tau_A"]))
        spikes, subthreshold = p["tau_A"] * p["b"] * filtered, p["a"] * filtered
        v_mu, v_sigma = self._slow_voltage
        if self._moving_voltage:
            # Where they are lost the membrane integrates, and the current hears nothing of it.
            v_mu = np.where(np.isnan(response.voltage_mu), 1 / exponents, response.voltage_mu)
            v_sigma = np.nan_to_num(response.voltage_sigma)
        feedback = 1 + spikes * response.rate_mu + subthreshold * v_mu
        by_noise = spikes * response.rate_sigma + subthreshold * v_sigma
        return feedback, by_noise, (1 + subthreshold * v_mu) / feedback

    @property
    def _moving_voltage(self) -> bool:
        """Whether the voltage that drives the adaptation current has its own response."""
        return self.voltage == DYNAMIC and self.values["a"] != 0

    @cached_property
    def _slow_voltage(self) -> tuple[Any, Any]:
        """Slopes of the mean voltage of E by mu and sigma."""
        if self.values["a"] == 0:
            return 0.0, 0.0
        slow = neuron_response(self.neuron, *self.inputs[0], np.array([SLOW]))
        return float(slow.voltage_mu[0].real), float(slow.voltage_sigma[0].real)
