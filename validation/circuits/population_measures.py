"""Rates, synchrony and irregularity of a run's spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from dynsys.errors import ModelError

BIN = 50.0  # ms


@dataclass(frozen=True)
class PopulationMeasures:
    """Of one population: ``rate`` (Hz), ``rate_deviation`` (Hz; SD over bins of 50 ms), ``silent``
    fraction of cells, ``correlation`` of two cells' counts in 50 ms (mean over pairs), ``cv`` of
    the intervals (mean over cells of at least 6 spikes; nan without any).
    """

    rate: float
    rate_deviation: float
    silent: float
    correlation: float
    cv: float


def population_measures(run: xr.Dataset, cells: range, after: float = 0.0) -> PopulationMeasures:
    """Measures of the neurons ``cells`` from ``after`` ms to the run's end.

    The mean correlation of pairs follows from the variance of the population's count: with N
    cells of count variances v it is (Var(sum) - sum v) / ((sum sqrt v)^2 - sum v).

    Raises ModelError for a time span shorter than two bins.

    Example
    -------
    >>> population_measures(run, range(8000), after=500.0).rate
    """
    bins = int((run.attrs["duration"] - after) // BIN)
    if bins < 2:
        raise ModelError(
            f"{run.attrs['duration'] - after:g} ms after {after:g} ms are less than two bins of "
            f"{BIN:g} ms"
        )
    who, when = run["spike_neuron"].values, run["spike_time"].values
    chosen = (who >= cells.start) & (who < cells.stop) & (when >= after)
    who, when = who[chosen] - cells.start, when[chosen]
    inside = when < after + bins * BIN
    counts = np.zeros((len(cells), bins))
    np.add.at(counts, (who[inside], ((when[inside] - after) // BIN).astype(int)), 1)
    variances = counts.var(axis=1)
    pairs = np.sum(np.sqrt(variances)) ** 2 - np.sum(variances)
    together = counts.sum(axis=0)
    rates = together / len(cells) / BIN * 1000
    return PopulationMeasures(
        rate=float(np.mean(rates)),
        rate_deviation=float(np.std(rates)),
        silent=float(np.mean(counts.sum(axis=1) == 0)),
        correlation=float((together.var() - variances.sum()) / pairs) if pairs > 0 else np.nan,
        cv=_irregularity(who, when),
    )


def _irregularity(who: np.ndarray, when: np.ndarray) -> float:
    order = np.lexsort((when, who))
    trains = np.split(when[order], np.flatnonzero(np.diff(who[order])) + 1)
    intervals = [np.diff(t) for t in trains if len(t) >= 6]
    return float(np.mean([np.std(i) / np.mean(i) for i in intervals])) if intervals else np.nan
