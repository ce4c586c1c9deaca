"""``SpikingOrbit``: a periodic orbit with n resets, and Newton's method for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dynsys.errors import ConvergenceError
from dynsys.neurons.flights import flights, segment
from dynsys.neurons.flow import apply_reset
from dynsys.neurons.phase_response import spiking_phase_response

if TYPE_CHECKING:
    import xarray as xr

    from dynsys.neurons.neuron import SpikingNeuron


@dataclass(frozen=True)
class SpikingOrbit:
    """A periodic orbit of ``len(orbit)`` spikes.

    ``w`` (n,): adaptation (pA) after each reset; ``intervals`` (n,) ms from each spike to the
    next, silence included; ``slopes`` (n,): derivatives of the adaptation map at ``w``;
    ``interval_slopes`` (n,): of the intervals, ms per pA.
    """

    neuron: SpikingNeuron
    w: np.ndarray
    intervals: np.ndarray
    slopes: np.ndarray
    interval_slopes: np.ndarray

    def __len__(self) -> int:
        return len(self.w)

    @property
    def period(self) -> float:
        """ms."""
        return float(np.sum(self.intervals))

    @property
    def rate(self) -> float:
        """Spikes per second."""
        return 1000.0 * len(self) / self.period

    @property
    def multiplier(self) -> float:
        """The Floquet multiplier besides the trivial one: the product of the slopes."""
        return float(np.prod(self.slopes))

    @property
    def stable(self) -> bool:
        return abs(self.multiplier) < 1.0

    def phase_response(self, input: str = "I", unit: str = "time") -> xr.DataArray:
        """Advance of all later spikes by a brief input, in ms ("time"), rad ("phase") or "cycles";
        see ``spiking_phase_response``."""
        return spiking_phase_response(self, input, unit=unit)

    def monodromy(self) -> np.ndarray:
        """Derivative (n, n) of one turn of the flow, from just after a reset to just after it.

        Between spikes the variational equation, at spikes the saltation matrix
        S = DR + (f+ - DR f-) n' / (n' f-) of the reset R with the cutoff's normal n. Its
        eigenvalues are 1 (along the flow) and ``multiplier``.
        """
        total = np.eye(len(self.neuron.field.states))
        for w in self.w:
            total = self._turn(float(w)) @ total
        return total

    def _turn(self, w: float) -> np.ndarray:
        """Saltation matrix times flow derivative of the segment that begins at (Vr, w)."""
        neuron = self.neuron
        _, record = segment(neuron, w)
        # Steps of stretched time: what they leave in the state is completed by their shift in time.
        flow, late = np.eye(2), np.zeros(2)
        for step in record[1:]:
            late = late + step[1:, 0] @ flow
            flow = step[1:, 1:].T @ flow
        flow[0] = 0.0  # the cutoff and the reset, DR
        after = record[-1].copy()
        apply_reset(neuron.field.parameter_array(), neuron.rule.packed(neuron.field),
                    np.zeros((2, len(neuron.parameters))), after)  # fmt: skip
        return flow - np.outer(neuron.field.rhs(after[0, 1:]), late)

    def __str__(self) -> str:
        kind = "stable" if self.stable else "unstable"
        return (
            f"{len(self)}-spike orbit, {self.rate:.4g} Hz, period {self.period:.6g} ms, {kind} "
            f"(multiplier {self.multiplier:.6g})"
        )

    __repr__ = __str__


def refine_orbit(neuron: SpikingNeuron, w: np.ndarray) -> SpikingOrbit | None:
    """Newton's method for P(w_i) = w_(i+1), cyclic, from w (n,); None where it fails."""
    guess = np.array(w, dtype=float)
    n, size = len(guess), float(neuron.field.scales[1])
    for _ in range(30):
        rows = flights(neuron, guess)
        if not np.all(np.isfinite(rows)):
            return None
        residual = rows[:, 0] - np.roll(guess, -1)
        change = np.linalg.solve(cyclic(rows[:, 2]), -residual)
        if not np.all(np.isfinite(change)) or np.max(np.abs(change)) > 10 * size:
            return None
        guess += change
        if np.max(np.abs(change)) < 1e-9 * size:
            return orbit_through(neuron, guess) if _prime(guess, size) else None
        if n > 200:
            break
    return None


def cyclic(slopes: np.ndarray) -> np.ndarray:
    """The Jacobian (n, n) of P(w_i) - w_(i+1)."""
    n = len(slopes)
    matrix = np.diag(slopes).astype(float)
    for i in range(n):
        matrix[i, (i + 1) % n] -= 1.0
    return matrix


def _prime(w: np.ndarray, size: float) -> bool:
    """Whether the n resets are not a shorter orbit run through several times."""
    n = len(w)
    return all(np.max(np.abs(w - np.roll(w, k))) > 1e-6 * size for k in range(1, n) if n % k == 0)


def orbit_through(neuron: SpikingNeuron, w: np.ndarray) -> SpikingOrbit | None:
    """The orbit with resets exactly at w (n,); None where one is followed by no spike."""
    rows = flights(neuron, w)
    if not np.all(np.isfinite(rows)):
        return None
    return SpikingOrbit(neuron, w, rows[:, 1], rows[:, 2], rows[:, 3])


def orbit_at(neuron: SpikingNeuron, w: Any) -> SpikingOrbit:
    """The orbit next to w (n,).

    Raises ConvergenceError where Newton's method finds none.
    """
    found = refine_orbit(neuron, np.atleast_1d(np.asarray(w, dtype=float)))
    if found is None:
        raise ConvergenceError(f"{neuron.name}: no spiking orbit next to w = {w}")
    return found
