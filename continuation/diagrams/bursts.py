"""Bursting: several spikes of a cycle, and a pause."""

from __future__ import annotations

import numpy as np


def burst_words(states: np.ndarray, scale: np.ndarray) -> str:
    """ "bursting, 3 spikes" for the states (k, n) over a period of a cycle that bursts, else "".

    A spike is an upward crossing of the middle of the state that moves most in units of ``scale``
    (n,); a burst has several and a pause of more than twice their usual distance.
    """
    scaled = states / scale
    signal = scaled[:, int(np.argmax(np.ptp(scaled, axis=0)))]
    signal = signal - 0.5 * (signal.max() + signal.min())
    up = np.flatnonzero((signal < 0) & (np.roll(signal, -1) >= 0))
    if len(up) < 2:
        return ""
    gaps = np.sort(np.diff(np.append(up, up[0] + len(signal))))
    return f"bursting, {len(up)} spikes" if gaps[-1] > 2 * np.median(gaps[:-1]) else ""
