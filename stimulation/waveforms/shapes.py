"""The shapes of stimulation: steps, pulses, ramps, decays, sines and chirps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynsys import checks
from dynsys.errors import ModelError
from stimulation.waveforms.units import Quantity
from stimulation.waveforms.waveform import MILLISECONDS, Shape, Waveform, positive


@dataclass(frozen=True)
class Step(Shape):
    """A constant amplitude from ``start`` to ``stop``.

    Example
    -------
    >>> Step("40 pA", start=1000, stop=2000)
    """

    def shape(self, since: np.ndarray, second: float) -> np.ndarray:
        return np.ones_like(since)


def Pulse(amplitude: str | float | Quantity, start: float, duration: float) -> Step:
    """A constant amplitude for ``duration``.

    Example
    -------
    >>> Pulse("100 pA", start=500, duration=50)
    """
    positive("the duration of a pulse", duration, "")
    checks.number("start", start)
    return Step(amplitude, start, start + duration)


@dataclass(frozen=True)
class PulseTrain(Shape):
    """Pulses of ``width`` time units, ``frequency`` times a second (``second``: see Waveform).

    Needs a finite ``stop``.

    Example
    -------
    >>> PulseTrain("50 pA", start=0, stop=1000, frequency=10, width=5)
    """

    _mistaken = "frequency"
    frequency: float = 10.0
    width: float = 1.0
    second: float = MILLISECONDS

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("the frequency of a pulse train", self.frequency, "Hz")
        positive("the width of a pulse", self.width, "")
        positive("the time units of a second", self.second, "")
        if not math.isfinite(self.stop):
            raise ModelError("a pulse train needs a time to stop; give stop=...")
        if self.width * self.frequency >= self.second:
            raise ModelError(
                f"pulses of {self.width:g} overlap at {self.frequency:g} Hz; "
                f"use a width below {self.second / self.frequency:g}"
            )

    def shape(self, since: np.ndarray, second: float) -> np.ndarray:
        period = self.second / self.frequency
        # The same floor as in edges(): the pulse at an edge begins exactly there.
        return (since - period * np.floor(since / period) < self.width).astype(float)

    def edges(self) -> Sequence[float]:
        starts = np.arange(self.start, self.stop, self.second / self.frequency)
        ends = starts + self.width
        return [*starts.tolist(), *ends[ends < self.stop].tolist(), self.stop]


@dataclass(frozen=True)
class Ramp(Shape):
    """From 0 at ``start`` linearly to the amplitude at ``stop``, and held there if ``hold``."""

    hold: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not math.isfinite(self.stop):
            raise ModelError("a ramp needs a time to stop; give stop=...")

    def shape(self, since: np.ndarray, second: float) -> np.ndarray:
        return np.minimum(since / (self.stop - self.start), 1.0)

    def values(self, times: np.ndarray, second: float = MILLISECONDS) -> np.ndarray:
        if not self.hold:
            return super().values(times, second)
        since = np.maximum(np.asarray(times, dtype=float) - self.start, 0.0)
        return self.peak.value * self.shape(since, second)


@dataclass(frozen=True)
class Decay(Shape):
    """The amplitude at ``start``, then an exponential decay with time constant ``tau``."""

    _mistaken = "tau"
    tau: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("the time constant of a decay", self.tau, "")

    def shape(self, since: np.ndarray, second: float) -> np.ndarray:
        return np.exp(-since / self.tau)


@dataclass(frozen=True)
class Sine(Shape):
    """amplitude * sin(2 pi frequency (t - start) + phase), zero-to-peak amplitude, phase in rad.

    Example
    -------
    >>> Sine("20 pA", frequency=22.0, start=1000)
    """

    _mistaken = "frequency"
    frequency: float = 10.0
    phase: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("the frequency of a sine", self.frequency, "Hz")
        checks.number("the phase of a sine (rad)", self.phase)

    def shape(self, since: np.ndarray, second: float) -> np.ndarray:
        return np.sin(2 * np.pi * self.frequency / second * since + self.phase)

    def highest_frequency(self) -> float:
        return self.frequency


@dataclass(frozen=True)
class Chirp(Shape):
    """A sine whose frequency goes linearly from ``first`` to ``last`` Hz."""

    _mistaken = "first"
    first: float = 1.0
    last: float = 100.0
    phase: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("the first frequency of a chirp", self.first, "Hz")
        positive("the last frequency of a chirp", self.last, "Hz")
        checks.number("the phase of a chirp (rad)", self.phase)
        if not math.isfinite(self.stop):
            raise ModelError("a chirp needs a time to stop; give stop=...")

    def shape(self, since: np.ndarray, second: float) -> np.ndarray:
        growth = (self.last - self.first) / (self.stop - self.start)
        cycles = (self.first + 0.5 * growth * since) * since / second
        return np.sin(2 * np.pi * cycles + self.phase)

    def highest_frequency(self) -> float:
        return max(self.first, self.last)


def bistability_detector(amplitude: str | float, start: float, duration: float) -> Waveform:
    """Down, slowly back, up, slowly back: shows whether two states coexist.

    In sixths of ``duration``: half a sixth -A, two and a half of decay from -A, half a sixth +A,
    one and a half of decay from +A, one of rest; time constant of the decay a fifth of a sixth.

    Source: Cakan & Obermayer 2020, PLOS Comput Biol 16(4):e1007822 (figure 2, stimulus "rect").
    """
    checks.number("start", start)
    sixth = positive("the duration of the detector", duration, "") / 6
    up = Step(amplitude, start + 3 * sixth, start + 3.5 * sixth)
    fall = Decay(amplitude, start=start + 3.5 * sixth, stop=start + 5 * sixth, tau=sixth / 5)
    down = Step(amplitude, start, start + 0.5 * sixth)
    rise = Decay(amplitude, start=start + 0.5 * sixth, stop=start + 3 * sixth, tau=sixth / 5)
    return up + fall - (down + rise)
