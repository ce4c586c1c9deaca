"""Stimuli in space and time: blobs of afferent activity on a ring.

Source: Zerlaut et al. 2018, J Comput Neurosci 44:45-61, eq. 13 and section 2.6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynsys.errors import ModelError
from dynsys.typed import check_fields, typed
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class Blob:
    """A Gaussian in space that rises and decays as two half Gaussians in time.

    amplitude exp(-(x - center)^2 / (2 width^2)) exp(-(t - peak)^2 / (2 rise^2)) before the peak,
    with ``decay`` in place of ``rise`` after it.

    Parameters
    ----------
    amplitude : Hz per synapse. center : mm, the middle of the ring by default. width : mm.
    rise, decay : ms. peak : ms, max(150, 3 rise) by default.

    Raises
    ------
    ModelError for widths and times that are not positive.

    Example
    -------
    >>> Blob(amplitude=15.0, width=1.5, rise=50, decay=150)
    """

    amplitude: float = 15.0
    center: float | None = None
    width: float = 1.5
    rise: float = 50.0
    decay: float = 150.0
    peak: float | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        for name, unit in (("width", "mm"), ("rise", "ms"), ("decay", "ms")):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ModelError(f"the {name} of a blob is {value:g} {unit}; it must be positive")
        if not math.isfinite(self.amplitude):
            raise ModelError(f"the amplitude of a blob is {self.amplitude:g} Hz; give a number")
        if self.peak is None:
            object.__setattr__(self, "peak", max(150.0, 3 * self.rise))

    @property
    def end(self) -> float:
        """When the blob is over (ms): three decay times after the peak."""
        assert self.peak is not None
        return self.peak + 3 * self.decay

    def course(self) -> Course:
        """The waveform in time, in Hz."""
        assert self.peak is not None
        return Course(self.amplitude, self.rise, self.decay, self.peak)

    def profile(self, distance: np.ndarray) -> np.ndarray:
        """Factor at distances (mm) from the center."""
        return np.exp(-(distance**2) / (2 * self.width**2))


@dataclass(frozen=True)
class Course:
    """Two half Gaussians in time (ms), as an input of a simulation."""

    amplitude: float
    rise: float
    decay: float
    peak: float

    def drive(self, times: np.ndarray, model: VectorField, parameter: str) -> np.ndarray:
        """Values in Hz."""
        since = np.asarray(times, dtype=float) - self.peak
        width = np.where(since < 0, self.rise, self.decay)
        return self.amplitude * np.exp(-(since**2) / (2 * width**2))

    def edges(self) -> Sequence[float]:
        """None: the slope is continuous at the peak."""
        return []


@typed
def apparent_motion(
    separation: float = 8.1, interval: float = 50.0, center: float = 18.0, **blob: float
) -> list[Blob]:
    """Two blobs, ``separation`` mm and ``interval`` ms apart, that look like one that moves.

    Defaults: 2 degrees of the visual field, 50 ms (Zerlaut et al. 2018, figure 8). Further
    arguments are those of ``Blob``.

    Example
    -------
    >>> run = ring("zerlaut2018").simulate(apparent_motion(4.05))
    """
    first = Blob(center=center - separation / 2, **blob)
    assert first.peak is not None
    later = {**blob, "peak": first.peak + interval}
    return [first, Blob(center=center + separation / 2, **later)]
