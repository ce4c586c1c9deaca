"""Figures of stimuli."""

from __future__ import annotations

from typing import Any

import numpy as np

from continuation.drawing import DARK, new_axes

STIMULUS = "#7a5195"


def draw_waveform(times: np.ndarray, values: np.ndarray, unit: str, ax: Any = None) -> Any:
    """Draw a waveform's values (k,) at times (k,) in ms; returns the axes."""
    ax = new_axes((6.4, 2.4)) if ax is None else ax
    ax.plot(times, values, color=STIMULUS, lw=1.2)
    ax.axhline(0, color=DARK, lw=0.5, zorder=0)
    ax.set(xlabel="time (ms)", ylabel=f"input ({unit})" if unit else "input")
    ax.set_xlim(times[0], times[-1])
    return ax
