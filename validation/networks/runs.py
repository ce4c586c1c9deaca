"""What a run of a network leaves: an xarray Dataset that measures itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from validation.measures.estimates import Estimate
from validation.measures.rates import dominant_frequency, mean_rate, peak_rate
from validation.measures.spike import irregularity


class NetworkRun(xr.Dataset):
    """A run of a network, which ``network.run`` returns: a Dataset of xarray with its measures.

    ``r_E``, ``r_I`` (time, ms): population rates in Hz in bins of the time step. ``spike_time_E``,
    ``spike_neuron_E`` (spike_E) and the same for I: spikes of a sample of neurons. ``w`` (pA),
    ``s_EE``, ``s_EI``, ``s_IE``, ``s_II`` (slow_time, neuron): adaptation current and synaptic
    variables of a few neurons each ms. The attributes tell how it was made.
    """

    __slots__ = ()

    def mean_rate(self, population: str = "E", **options: Any) -> Estimate:
        """Mean rate in Hz; see ``validation.measures.rates.mean_rate``."""
        return mean_rate(self, population, **options)

    def peak_rate(self, population: str = "E", **options: Any) -> Estimate:
        """Mean height of the smoothed rate's maxima (``validation.measures.rates``)."""
        return peak_rate(self, population, **options)

    def dominant_frequency(self, population: str = "E", **options: Any) -> Estimate:
        """Frequency of the rate's strongest rhythm in Hz; see ``validation.measures.rates``."""
        return dominant_frequency(self, population, **options)

    def irregularity(self, population: str = "E", **options: Any) -> Estimate:
        """Coefficient of variation of interspike intervals; see ``validation.measures.rates``."""
        return irregularity(self, population, **options)


_SLOW = {"E": ("w", "s_EE", "s_EI"), "I": ("s_IE", "s_II")}
_PICOAMPERE, _MILLISECOND = 1e-12, 1e-3


def network_run(
    arrays: Mapping[str, np.ndarray],
    dt: float,
    settle: float,
    attributes: Mapping[str, Any],
) -> NetworkRun:
    """Arrange recorded arrays (SI units) by name, without the first ``settle`` ms."""
    first = round(settle / dt)
    count = len(arrays["rate_E.rate"]) - first
    data: dict[str, Any] = {}
    for name in "EI":
        rate = np.asarray(arrays[f"rate_{name}.rate"][first:], dtype=np.float32)
        word = "excitatory" if name == "E" else "inhibitory"
        meaning = {"units": "Hz", "long_name": f"{word} population rate"}
        data[f"r_{name}"] = ("time", rate, meaning)
        times = arrays[f"spikes_{name}.t"] / _MILLISECOND - settle
        later = times >= -1e-6
        data[f"spike_time_{name}"] = (f"spike_{name}", times[later], {"units": "ms"})
        neurons = arrays[f"spikes_{name}.i"][later].astype(np.int32)
        data[f"spike_neuron_{name}"] = (f"spike_{name}", neurons)
    slow = arrays["traces_E.t"] / _MILLISECOND - settle
    kept = slow >= -1e-6
    for name, variables in _SLOW.items():
        for variable in variables:
            values = np.asarray(arrays[f"traces_{name}.{variable}"]).reshape(len(slow), -1)[kept]
            unit = "pA" if variable == "w" else ""
            scaled = values / _PICOAMPERE if variable == "w" else values
            data[variable] = (("slow_time", "neuron"), scaled.astype(np.float32), {"units": unit})
    return NetworkRun(
        data,
        coords={
            "time": ("time", dt * np.arange(count), {"units": "ms"}),
            "slow_time": ("slow_time", np.round(slow[kept], 6), {"units": "ms"}),
        },
        attrs=dict(attributes),
    )
