"""The network behind an ``aln()`` model as unknowns and equations: fixed points, Hopf points.

Unknowns ``y``: log rates of E and I (kHz), I_A / C (mV/ms), then the free parameters; ``z`` adds
the angular frequency (rad/ms) of a critical pair. Rates are those of the Fokker-Planck equation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from continuation.asynchronous.loop import QUASI_STATIC, VOLTAGES, Loop
from continuation.steady_states.search import refine_equilibrium
from dynsys import checks
from dynsys.errors import ModelError
from dynsys.models.aln_network import PAIRS, connection_of, is_aln, neuron_of
from dynsys.transfer import EIFNeuron
from dynsys.vector_field import VectorField

FIXED = 3  # unknowns of a fixed point
_DIFFERENCE = 1e-6  # of the Jacobian; Newton's result does not depend on it
_ITERATIONS = 20
_STEP = 1e-11  # Newton's last
_LONGEST = 0.3
_SHRINKING = 0.2


@dataclass(frozen=True)
class AsynchronousNetwork:
    """The network of spiking neurons behind a mean field, with ``free`` parameters."""

    model: VectorField
    neuron: EIFNeuron
    free: tuple[str, ...] = ()
    voltage: str = QUASI_STATIC

    @cached_property
    def degrees(self) -> dict[str, tuple[str, str]]:
        """Names of in-degree and delay of every connection."""
        return {pair: connection_of(self.model, pair) for pair in PAIRS}

    def loop(self, y: np.ndarray) -> Loop:
        """The loop at these unknowns, a fixed point or not."""
        given = dict(zip(self.free, y[FIXED:].tolist(), strict=False))
        rates = (float(np.exp(y[0])), float(np.exp(y[1])))
        values = {**self.model.parameters, **given}
        return Loop(
            self.neuron, values, self.degrees, rates, float(y[2]) * self.neuron.C, self.voltage
        )

    def unknowns(self, observables: Any, parameters: Any) -> np.ndarray:
        """``y`` of rates in Hz and I_A in pA by name, and parameter values."""
        logs = [float(np.log(observables[name] / 1000)) for name in ("r_E", "r_I")]
        current = float(observables["I_A"]) / self.neuron.C
        return np.array([*logs, current, *(float(parameters[name]) for name in self.free)])

    def fixed(self, y: np.ndarray) -> np.ndarray:
        """Zero (3,) at a fixed point."""
        return self.loop(y).mismatch()

    def critical(self, z: np.ndarray) -> np.ndarray:
        """Zero (5,) at a fixed point with a pair of roots at +- i z[-1]."""
        loop = self.loop(z[:-1])
        value = loop.determinant(np.array([1j * z[-1]]))[0]
        return np.array([*loop.mismatch(), value.real, value.imag])

    def model_at(self, y: np.ndarray) -> VectorField:
        """The mean field with the free parameters' values."""
        return self.model.with_parameters(
            **dict(zip(self.free, y[FIXED : FIXED + len(self.free)].tolist(), strict=True))
        )

    def state(self, y: np.ndarray) -> np.ndarray:
        """The mean field's equilibrium (n,) at these rates: the two have the same."""
        loop, model = self.loop(y), self.model_at(y)
        (mu_e, _), (mu_i, _) = loop.inputs
        several = [loop.synapses[pair] for pair in PAIRS]
        rest = [s.s for s in several] + [s.v for s in several]
        start = [mu_e + loop.adaptation / self.neuron.C, mu_i, loop.adaptation, *rest]
        return refine_equilibrium(model, start)


def network_behind(
    model: VectorField,
    free: Sequence[str] = (),
    neuron: EIFNeuron | None = None,
    voltage: str = QUASI_STATIC,
) -> AsynchronousNetwork:
    """The network of an ``aln()`` model. Raises ModelError, UnknownNameError for other things."""
    checks.instance("model", model, VectorField, "aln()")
    checks.known("voltage", voltage, VOLTAGES, "asynchronous_state")
    if neuron is not None:
        checks.instance("neuron", neuron, EIFNeuron, "EIFNeuron(...)")
    if not is_aln(model):
        raise ModelError(
            f"no theory of the network behind {model.name} is known here; the asynchronous state "
            "is that of current-based neurons behind aln()"
        )
    for name in free:
        model.parameter_index(name)
    return AsynchronousNetwork(model, neuron_of(model, neuron), tuple(free), voltage)


def slopes(function: Callable[[np.ndarray], np.ndarray], z: np.ndarray) -> np.ndarray:
    """The Jacobian of a function at z, by differences."""
    value, columns = function(z), []
    for k in range(len(z)):
        step = np.zeros(len(z))
        step[k] = _DIFFERENCE * max(1.0, abs(z[k]))
        columns.append((function(z + step) - value) / step[k])
    return np.stack(columns, axis=1)


def solved(
    function: Callable[[np.ndarray], np.ndarray],
    z: np.ndarray,
    row: np.ndarray | None = None,
    matrix: np.ndarray | None = None,
) -> np.ndarray | None:
    """The zero next to z by Newton's method, in the plane through z across ``row`` if given.

    The Jacobian (``matrix``, where one from nearby is known) is kept as long as the steps shrink
    well with it. None where Newton does not converge.
    """
    start, before = z, np.inf
    for _ in range(_ITERATIONS):
        value = function(z)
        if matrix is None:
            matrix = slopes(function, z)
        whole, right = matrix, value
        if row is not None:
            whole, right = np.vstack([matrix, row]), np.append(value, row @ (z - start))
        if not (np.all(np.isfinite(right)) and np.all(np.isfinite(whole))):
            return None
        try:
            step = np.linalg.solve(whole, right)
        except np.linalg.LinAlgError:
            return None
        longest = float(np.max(np.abs(step)))
        if longest > _SHRINKING * before:
            matrix = None  # from too far away
        before = longest
        z = z - step * min(1.0, _LONGEST / max(longest, _STEP))
        if longest < _STEP * (1 + float(np.max(np.abs(z)))):
            return z
    return None
