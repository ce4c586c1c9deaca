"""Measures of single neurons' spikes: irregularity and synchrony.

The mean field has no single spikes; these describe the network alone.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from dynsys.errors import ModelError
from validation.measures.estimates import Estimate, bootstrap, unmeasured

LEAST_SPIKES = 5  # of a neuron that counts
_SKIP = 500.0  # ms left out by default


def intervals(
    run: xr.Dataset, population: str = "E", after: float | None = None
) -> list[np.ndarray]:
    """Interspike intervals in ms of every sampled neuron with at least five spikes.

    Raises ModelError where the run holds no spikes of the population.
    """
    if f"spike_time_{population}" not in run:
        raise ModelError(f"the run holds no spikes of {population}; populations are 'E' and 'I'")
    times = np.asarray(run[f"spike_time_{population}"], dtype=float)
    neurons = np.asarray(run[f"spike_neuron_{population}"])
    start = min(_SKIP, float(run["time"][-1]) / 6) if after is None else after
    times, neurons = times[times >= start], neurons[times >= start]
    found = []
    for neuron in np.unique(neurons):
        own = np.sort(times[neurons == neuron])
        if len(own) >= LEAST_SPIKES:
            found.append(np.diff(own))
    return found


def irregularity(run: xr.Dataset, population: str = "E", after: float | None = None) -> Estimate:
    """Mean coefficient of variation of interspike intervals; bootstrap over neurons.

    0 for a clock, 1 for a Poisson process.
    """
    found = intervals(run, population, after)
    if not found:
        return unmeasured(f"no sampled neuron of {population} spikes {LEAST_SPIKES} times")
    each = np.array([isi.std(ddof=1) / isi.mean() for isi in found])
    return bootstrap(each, lambda values: float(values.mean()), "")


def synchrony(
    run: xr.Dataset, population: str = "E", after: float | None = None, width: float = 3.0
) -> Estimate:
    """Synchrony chi of the sampled neurons: 0 for independent ones, 1 for identical ones.

    The standard deviation over time of the mean of the neurons' traces (spikes in bins of ``width``
    ms) over the root mean square of their own, corrected for the number of neurons; bootstrap over
    blocks of 250 ms.

    Source: Golomb & Rinzel 1994, Physica D 72:259 (eq. 9).
    """
    if f"spike_time_{population}" not in run:
        raise ModelError(f"the run holds no spikes of {population}; populations are 'E' and 'I'")
    times = np.asarray(run[f"spike_time_{population}"], dtype=float)
    neurons = np.asarray(run[f"spike_neuron_{population}"])
    end = float(run["time"][-1])
    start = min(_SKIP, end / 6) if after is None else after
    count = int((end - start) // width)
    per_block = max(2, round(250.0 / width))
    if count < 2 * per_block or not len(neurons):
        return unmeasured("too few spikes or too short a run")
    size = int(neurons.max()) + 1
    traces = np.zeros((size, count))
    bins = ((times - start) // width).astype(int)
    chosen = (bins >= 0) & (bins < count)
    np.add.at(traces, (neurons[chosen], bins[chosen]), 1.0)
    blocks = traces[:, : count // per_block * per_block].reshape(size, -1, per_block)

    def chi(several: np.ndarray) -> float:
        whole = several.transpose(1, 0, 2).reshape(size, -1)
        own = float(whole.var(axis=1).mean())
        if not own > 0:
            return 0.0
        # Independent neurons leave 1/size of their own variance in the mean.
        common = (float(whole.mean(axis=0).var()) - own / size) / (1 - 1 / size)
        return float(np.sqrt(max(common, 0.0) / own))

    return bootstrap(blocks.transpose(1, 0, 2), chi, "")
