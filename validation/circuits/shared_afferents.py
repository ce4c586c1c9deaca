"""A recurrent network driven by two small layers of afferents that many neurons share (Brian2)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from dynsys.errors import ModelError
from validation.brian import brian

# tau_m = 20 ms, R = 0.1 GOhm: gL = 10 nS, C = 200 pF.
_EQUATIONS = """
dV/dt = (10*nS*(-70*mV - V) + ge*(0*mV - V) + gi*(-80*mV - V))/(200*pF) : volt (unless refractory)
dge/dt = -ge/(5*ms) : siemens
dgi/dt = -gi/(5*ms) : siemens
threshold : volt (constant)
own : Hz (constant)
"""


@dataclass(frozen=True)
class SharedNetwork:
    """The tutorial's network: LIF cells, conductance synapses, 5 ms; nS, Hz.

    ``cells`` (excitatory, inhibitory) connect with ``probability`` and weights ``w_e``, ``w_i``;
    two layers of ``afferents`` Poisson cells, one for each population, connect with
    ``afferent_probability`` and ``w_afferent``.

    With ``shared=False`` every cell has its own afferents, of the same number and rates: what
    theories of independent input assume.

    Example
    -------
    >>> SharedNetwork(afferent_rate=10.0).run(2000, seed=1)
    """

    afferent_rate: float = 4.0
    cells: tuple[int, int] = (8000, 2000)
    probability: float = 0.05
    w_e: float = 2.0
    w_i: float = 10.0
    afferents: int = 100
    afferent_probability: float = 0.1
    w_afferent: float = 4.0
    shared: bool = True

    def __post_init__(self) -> None:
        if not (self.afferent_rate >= 0 and min(self.cells) >= 1 and self.afferents >= 1):
            raise ModelError(f"{self} is no network: rates are not negative, counts at least 1")
        for name in ("probability", "afferent_probability"):
            if not 0 <= getattr(self, name) <= 1:
                raise ModelError(f"{name} is {getattr(self, name)}; it must be between 0 and 1")

    def run(self, duration: float, dt: float = 0.05, seed: int = 0) -> xr.Dataset:
        """Simulate ``duration`` ms in Brian2, forward Euler.

        With the tutorial's step of 0.125 ms some seeds end in a saturated state at 4 Hz (3 of 11
        here, none of 6 at 0.05 ms), which is warned about: in it every cell fires at 500 Hz.

        Returns
        -------
        Dataset: ``spike_time`` (ms) and ``spike_neuron`` (excitatory cells first) over ``spike``.
        """
        b2 = brian()

        if not duration > 0 or not dt > 0:
            raise ModelError(f"{duration} ms with dt = {dt} ms: both must be positive")
        b2.start_scope()
        b2.seed(seed)
        total, first = sum(self.cells), self.cells[0]
        clock = b2.Clock(dt=dt * b2.ms)
        group = b2.NeuronGroup(
            total, _EQUATIONS, threshold="V > threshold", reset="V = -70*mV",
            refractory=2 * b2.ms, method="euler", clock=clock,
        )  # fmt: skip
        group.V = "(-70 + 17*rand())*mV"
        group.threshold[:first] = -50 * b2.mV
        group.threshold[first:] = -53 * b2.mV
        parts: list[Any] = [group]
        for source, target, weight in (
            (group[:first], "ge", self.w_e), (group[first:], "gi", self.w_i),
        ):  # fmt: skip
            synapses = b2.Synapses(
                source, group, on_pre=f"{target}_post += {weight!r}*nS", clock=clock
            )
            rows, columns = _pairs(len(source), total, self.probability, seed + len(parts))
            # No cell synapses on itself; the source's own numbers start at its offset.
            apart = rows + (0 if target == "ge" else first) != columns
            synapses.connect(i=rows[apart], j=columns[apart])
            parts.append(synapses)
        parts += self._afferents(b2, group, clock, seed)
        spikes = b2.SpikeMonitor(group)
        b2.Network(*parts, spikes).run(duration * b2.ms, namespace={})
        times = np.asarray(spikes.t / b2.ms)
        self._check_saturation(times, duration)
        return xr.Dataset(
            {
                "spike_time": ("spike", times, {"units": "ms"}),
                "spike_neuron": ("spike", np.asarray(spikes.i)),
            },
            attrs={
                "cells": list(self.cells), "duration": duration, "dt": dt, "seed": seed,
                "afferent_rate": self.afferent_rate, "shared": int(self.shared),
            },
        )  # fmt: skip

    def _check_saturation(self, times: np.ndarray, duration: float) -> None:
        """Warn where a burst of the whole network went over into firing without pause."""
        bins = np.histogram(times, np.arange(0.0, duration + 10.0, 10.0))[0]
        high = np.flatnonzero(bins > 2.0 * sum(self.cells))  # 200 Hz of every cell
        if len(high):
            warnings.warn(
                f"from {10 * high[0]} ms on every cell fires at the limit of its refractory time: "
                "a burst of all cells re-excites itself before inhibition acts. The irregular "
                "state has ended; another seed, or a larger w_i, may keep it",
                stacklevel=3,
            )

    def _afferents(self, b2: Any, group: Any, clock: Any, seed: int) -> list[Any]:
        """The afferent layers and their synapses; nothing where each cell draws its own events."""
        if not self.shared:
            # Each cell keeps its own number of afferents: only the sharing differs.
            counts = np.random.default_rng(seed + 77).binomial(
                self.afferents, self.afferent_probability, len(group)
            )
            group.own = counts * self.afferent_rate * b2.Hz
            group.run_regularly(f"ge += poisson(own*dt)*{self.w_afferent!r}*nS", clock=clock)
            return list(group.contained_objects)
        parts: list[Any] = []
        begin = 0
        for k, count in enumerate(self.cells):
            layer = b2.PoissonGroup(self.afferents, self.afferent_rate * b2.Hz, clock=clock)
            target = group[begin : begin + count]
            synapses = b2.Synapses(
                layer, target, on_pre=f"ge_post += {self.w_afferent!r}*nS", clock=clock
            )
            rows, columns = _pairs(self.afferents, count, self.afferent_probability, seed + 10 + k)
            synapses.connect(i=rows, j=columns)
            parts += [layer, synapses]
            begin += count
        return parts


def _pairs(
    sources: int, targets: int, probability: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sources and targets (k,) of Bernoulli connections."""
    random = np.random.default_rng(seed)
    rows, columns = [], []
    for begin in range(0, sources, 500):  # all at once would need 4 bytes for every pair
        chosen = random.random((min(500, sources - begin), targets), dtype=np.float32)
        i, j = np.nonzero(chosen < probability)
        rows.append(i + begin)
        columns.append(j)
    return np.concatenate(rows), np.concatenate(columns)
