"""Figures of stimuli."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynsys.drawing import DARK, axis_label, canvas

STIMULUS = "#7a5195"


def draw_waveform(
    times: np.ndarray, values: np.ndarray, unit: str, ax: Any = None, *, style: str = "default",
    **line: Any,
) -> Any:  # fmt: skip
    """Draw a waveform's values (k,) at times (k,) in ms; returns the axes.

    ``line`` are matplotlib's keywords.
    """
    with canvas(ax, style, (6.4, 2.4)) as (ax, look):
        ax.plot(times, values, **look.line(line, color=STIMULUS, lw=1.2))
        ax.axhline(0, **look.line({}, color=DARK, lw=0.5, zorder=0))
        ax.set(xlabel="time (ms)", ylabel=axis_label("input", unit), xlim=(times[0], times[-1]))
    return ax
