"""``SpikeTrain``: what a neuron does from a start, spike by spike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SpikeTrain:
    """Spikes after a start, and what came after the last of them.

    ``intervals`` (k,) ms: to the first spike from the start, then between spikes; all end where
    the neuron is released again, after its refractory time. ``states`` (k, n) after the resets.
    ``derivatives`` (k, n-1, n-1): of each reset state (without V) with respect to the one before.
    ``end``: "more" (spikes follow), "rest" (a stable equilibrium is reached) or "waiting" (neither
    within the patience).
    """

    intervals: np.ndarray
    states: np.ndarray
    derivatives: np.ndarray
    end: str

    def __len__(self) -> int:
        return len(self.intervals)
