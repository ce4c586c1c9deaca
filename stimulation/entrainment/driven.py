"""Many sine-driven runs at once, and whether each of them locks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynsys.errors import ConvergenceError
from dynsys.simulation import simulate_ensemble
from dynsys.simulation.methods import default_step
from dynsys.vector_field import VectorField
from stimulation.entrainment.phases import crossings, repeats_after
from stimulation.waveforms.shapes import Sine
from stimulation.waveforms.units import Quantity

_SLIP, _DRIFT = 0.5, 0.01  # cycles


@dataclass(frozen=True)
class DrivenRuns:
    """A model, the input a sine acts on, and how it is integrated.

    ``settle`` and ``duration`` are in time units; the sine acts during both. ``criterion`` of
    locking: the "phase" difference stays bounded, or the response also repeats with the "period" of
    the stimulus.
    """

    model: VectorField
    input: str
    observable: str
    settle: float
    duration: float
    options: Mapping[str, Any]
    criterion: str = "phase"

    def rates(self, frequencies: np.ndarray, peaks: np.ndarray, unit: str) -> np.ndarray:
        """The observable (P, samples) after settling, sampled every time unit of 1 ms."""
        waves = [
            Sine(Quantity(float(a), unit), frequency=float(f))
            for f, a in zip(frequencies, peaks, strict=True)
        ]
        value = self.model.parameters[self.input]
        start, samples = (round(t / self.sample) for t in (self.settle, self.duration))
        run = simulate_ensemble(
            self.model, (start + samples) * self.sample, points={self.input: [value] * len(waves)},
            inputs={self.input: waves}, record=self.observable, sample=self.sample, **self.options,
        )  # fmt: skip
        if np.any(run["status"] != "complete"):
            raise ConvergenceError(
                f"{int((run['status'] != 'complete').sum())} of {len(waves)} driven runs of "
                f"{self.model.name} did not stay finite with dt = {run.attrs['dt']:g}; give a "
                "smaller dt"
            )
        return run[self.observable].values[:, start:]

    @property
    def sample(self) -> float:
        """About a millisecond, in time units: a whole number of steps."""
        dt = self.options.get("dt") or default_step(self.model)
        return dt * max(1, round(self.model.frequency_factor / 1000 / dt))

    def locks(self, rates: np.ndarray, frequency: float, ratio: tuple[int, int]) -> bool:
        """Whether the phase difference of a response to its stimulus stays where it is.

        It may swing, as on a torus, but neither slip nor drift over the second half of the record;
        with the criterion "period" it may not swing.
        """
        if self.criterion == "period":
            cycle = self.model.frequency_factor / frequency / self.sample
            if repeats_after(rates, cycle) not in range(1, ratio[1] + 1):
                return False
        marks = crossings(rates, self.sample)
        marks = marks[marks > self.duration / 2]
        n, m = ratio
        if len(marks) < 4 * n:
            return False
        stimulus = (self.settle + marks) * frequency / self.model.frequency_factor
        # Over n response cycles the stimulus runs through m.
        difference = n * stimulus - m * np.arange(len(marks))
        if n > 1:  # between the cycles of one pattern the difference may vary
            difference = np.convolve(difference, np.ones(n) / n, mode="valid")
        middle = len(difference) // 2
        drift = difference[middle:].mean() - difference[:middle].mean()
        return bool(np.ptp(difference) < _SLIP and abs(drift) < _DRIFT)

    def locked(
        self, frequencies: np.ndarray, peaks: np.ndarray, unit: str, ratio: tuple[int, int]
    ) -> np.ndarray:
        """Whether each of the runs (P,) locks."""
        rates = self.rates(frequencies, peaks, unit)
        pairs = zip(rates, frequencies, strict=True)
        return np.array([self.locks(r, float(f), ratio) for r, f in pairs])
