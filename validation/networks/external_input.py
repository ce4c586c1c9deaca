"""What reaches a network of cells from outside: drives, shared afferent cells, clamps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynsys import checks
from dynsys.errors import ModelError, unknown_name
from dynsys.transfer import Network

Waveform = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ConductanceClamp:
    """A conductance opened from outside, as light does.

    Parameters
    ----------
    conductance : nS, a number or a function of time (ms).
    E : mV, its reversal potential: 0 for channelrhodopsin, about -70 for a chloride pump.

    Example
    -------
    >>> light = ConductanceClamp(lambda t: 5.0 * ((t > 500) & (t < 600)), E=0.0)
    >>> network.run(1000.0, seed=1, clamps={"e": light})
    """

    conductance: float | Waveform
    E: float = 0.0


def drives_over_time(
    network: Network, rates: Mapping[str, Any], steps: int, dt: float, ramp: float
) -> dict[str, np.ndarray]:
    """Every drive over time, Hz per synapse (steps,)."""
    for name in rates:
        if name not in network.drives:
            raise unknown_name("drive", name, network.drives, network.name)
    time = dt * np.arange(steps)
    rise = np.minimum(time / ramp, 1.0) if ramp > 0 else np.ones(steps)
    result = {}
    for name, drive in network.drives.items():
        given = rates.get(name, drive.rate)
        values = np.asarray(given(time), float) if callable(given) else float(given) * rise
        result[name] = np.broadcast_to(values, (steps,)).copy()
        if not np.all(result[name] >= 0):
            raise ModelError(f"{name} falls below 0 Hz; rates of spikes are 0 or more")
    return result


def check_shared(network: Network, shared: Mapping[str, int]) -> None:
    """Afferent cells send along sources of external spikes, the same to every population."""
    for source, count in shared.items():
        drives = {k: d for k, d in network.drives.items() if d.along == source}
        if not drives or source in network.neurons:
            external = {d.along for d in network.drives.values()} - set(network.neurons)
            raise unknown_name("source of external spikes", source, external, network.name)
        checks.whole(f"the number of cells of {source}", count, least=1)
        for name, drive in drives.items():
            if drive.shares is not None:
                raise ModelError(
                    f"{name} reaches populations at different rates; afferent cells that are "
                    "shared have one"
                )
        for p in network.projections:
            if p.source == source and count < p.K:
                raise ModelError(
                    f"{p.target} has {p.K:g} synapses from {source}, of only {count} cells"
                )


def clamps_over_time(
    network: Network, clamps: Mapping[str, ConductanceClamp], steps: int, dt: float
) -> dict[str, tuple[np.ndarray, float]]:
    """Conductance over time (nS) and reversal potential (mV) of each clamped population."""
    time = dt * np.arange(steps)
    opened = {}
    for label, clamp in clamps.items():
        checks.known("population", label, network.neurons, network.name)
        checks.instance("a clamp", clamp, ConductanceClamp, "ConductanceClamp(5.0, E=0.0)")
        given = clamp.conductance
        values = checks.numbers(
            f"the clamp of {label} (nS)", given(time) if callable(given) else given
        )
        if np.any(values < 0):
            raise ModelError(f"the clamp of {label} falls below 0 nS; conductances are 0 or more")
        reversal = checks.number(f"E of the clamp of {label} (mV)", clamp.E)
        opened[label] = np.broadcast_to(values, (steps,)).copy(), reversal
    return opened


def afferent_cells(
    b2: Any, network: Network, source: str, count: int, drives: dict[str, np.ndarray], dt: float
) -> Any:
    """The cells of a source of external spikes, at the sum of the rates of its drives."""
    rate = sum(drives[k] for k, d in network.drives.items() if d.along == source)
    over_time = b2.TimedArray(np.asarray(rate) * b2.Hz, dt * b2.ms)
    return b2.PoissonGroup(
        count, rates="rate_over_time(t)", name=f"afferent_{source}",
        namespace={"rate_over_time": over_time},
    )  # fmt: skip
