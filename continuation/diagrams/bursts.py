"""Bursting: several spikes of a cycle, and a pause."""

from __future__ import annotations

import numpy as np

LOW, HIGH = 0.4, 0.6  # parts of a state's range between which it rises in a spike
TAKES_PART = 0.01  # of the widest scaled range: states that move less tell nothing


def burst_words(states: np.ndarray, scale: np.ndarray) -> str:
    """ "bursting, 3 spikes" for the states (k, n) at even times over a period of a cycle that
    bursts, else "".

    A spike is a rise of a state through the middle of its range. That state tells which spikes most
    often: others may stay on one side as long as a burst lasts, however far they move in units of
    ``scale`` (n,). A burst has several and a pause of more than twice their usual distance.
    """
    width = np.ptp(states, axis=0) / scale
    moving = np.flatnonzero(width > TAKES_PART * width.max())
    spikes = max((_spikes(states[:, k]) for k in moving), key=len, default=np.empty(0))
    if len(spikes) < 2:
        return ""
    gaps = np.sort(np.diff(np.append(spikes, spikes[0] + len(states))))
    return f"bursting, {len(spikes)} spikes" if gaps[-1] > 2 * np.median(gaps[:-1]) else ""


def _spikes(signal: np.ndarray) -> np.ndarray:
    """The records at which a periodic signal has risen from its low part to its high part."""
    level = (signal - signal.min()) / np.ptp(signal)
    told = np.flatnonzero((level < LOW) | (level > HIGH))
    high = level[told] > HIGH
    return told[high & ~np.roll(high, 1)]
