"""How long a noisy state lasts: residence times from runs that may end before it does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.errors import ModelError
from validation.measures.estimates import CONFIDENCE, Estimate
from validation.measures.rates import rate_of, smoothed

SMOOTH = 20.0  # ms: of the Gaussian, longer than a cycle
_GAP = 100.0  # ms: how long a rate must be beyond the border to have left


def residence_time(
    runs: Sequence[xr.Dataset],
    border: float,
    rate: str = "r_E",
    above: bool = True,
    after: float = 500.0,
    least: float = _GAP,
) -> Estimate:
    """Mean residence in a state, ms, from the first escape of every run.

    Parameters
    ----------
    runs : of a network or of a mean field with noise, each in the state at ``after`` ms.
    border : Hz, between the states; the state is ``above`` it or not.
    least : ms that the smoothed rate must stay beyond the border to count as an escape.

    Returns
    -------
    Estimate: all time spent in the state over the number of escapes, the likeliest mean where
    escapes have no memory; runs without escape count in full. The interval is that of the chi
    squared distribution. Without any escape the value is NaN and ``low`` the bound.

    Raises
    ------
    ModelError where no run is in the state at ``after``, or a run does not stay finite.

    Source: Cox & Oakes 1984, Analysis of Survival Data, ch. 3.

    Example
    -------
    >>> residence_time([network.run(20_000, seed=s) for s in range(20)], border=10.0)
    """
    from scipy.stats import chi2  # scipy.stats takes half a second to load

    checks.number("border", border)
    total, escapes, gone = 0.0, 0, 0
    for run in runs:
        values, dt = rate_of(run, rate, after=after)
        if not np.isfinite(values).all():
            raise ModelError("a run does not stay finite: it resides nowhere")
        inside = (smoothed(values, dt, SMOOTH) > border) == above
        if not inside[0]:
            gone += 1
            continue
        left = _first_stay(~inside, max(1, round(least / dt)))
        escapes += left < len(inside)
        total += left * dt
    if total == 0.0:
        raise ModelError(f"no run is in the state {'above' if above else 'below'} {border:g} Hz")
    word = f"; {gone} of {len(runs)} runs had left before {after:g} ms" if gone else ""
    tail = (1 - CONFIDENCE) / 2
    low = 2 * total / float(chi2.ppf(1 - tail, 2 * escapes + 2))
    if not escapes:
        note = f"no escape in {total / 1000:.3g} s"
        return Estimate(float("nan"), low, float("inf"), "ms", note + word)
    high = 2 * total / float(chi2.ppf(tail, 2 * escapes))
    return Estimate(
        total / escapes, low, high, "ms", f"{escapes} escape{'s' * (escapes != 1)}{word}"
    )


def _first_stay(outside: np.ndarray, least: int) -> int:
    """Index from which on a signal is true for ``least`` samples; its length if never."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], outside.astype(int), [0]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start >= least:
            return int(start)
    return len(outside)
