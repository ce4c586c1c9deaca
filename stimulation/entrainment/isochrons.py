"""The asymptotic phase of a driven model: where on its own rhythm it would end up, left alone.

Source: Winfree 1974, J Math Biol 1:73; Guckenheimer 1975, J Math Biol 1:259. A state has the phase
of the point of the cycle that it approaches ever more closely; the states of one phase are an
isochron.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from dynsys.errors import ConvergenceError, ModelError
from dynsys.journal import whole
from dynsys.simulation import simulate
from dynsys.typed import typed
from stimulation.entrainment.phases import crossings
from stimulation.waveforms.waveform import Waveform

if TYPE_CHECKING:
    from continuation import Cycle

_SAMPLES = 4001  # of a profile in which its crossing is sought
_REST = 0.02  # of the cycle's range: what oscillates less has come to rest


def state_on_cycle(cycle: Cycle) -> np.ndarray:
    """The physical state (n,) of a cycle at its phase 0."""
    states = cycle.profile(2)
    return np.array([float(states[name][0]) for name in cycle.model.states])


def crossing_phase(cycle: Cycle) -> float:
    """Phase (0 to 1) at which the first observable of a cycle rises through its middle."""
    values = cycle.profile(_SAMPLES)[cycle.model.observable_names[0]].values[:-1]
    marks = crossings(np.tile(values, 3), 1 / (_SAMPLES - 1))
    return float(marks[0] % 1.0)


@whole()
@typed
def asymptotic_phase(cycle: Cycle, run: xr.Dataset, periods: int = 12) -> float:
    """Phase (0 to 1) of the state in which a run ended, its past included.

    Parameters
    ----------
    cycle : a stable ``Cycle``; its phase 0 is that of the continuation.
    run : a result of ``simulate`` by the adaptive method, of the cycle's model.
    periods : of free running before the phase is read.

    Raises
    ------
    ConvergenceError
        where the model comes to rest instead: the state belongs to another basin and has no phase.

    Example
    -------
    >>> asymptotic_phase(cycle, simulate(model, 200, inputs={"mu_e": Pulse("20 pA", 50, 5)}))
    """
    if not cycle.stable:
        raise ModelError(
            "the cycle is not stable: nothing approaches it, so no state has its phase"
        )
    name, period = cycle.model.observable_names[0], cycle.period
    sample = period / 400
    free = simulate(
        cycle.model, 800 * sample, initial=run, settle=periods * period, sample=sample, record=name
    )
    values = free[name].values
    low, high = cycle.extrema(name)
    marks = crossings(values, sample)
    if not len(marks) or np.ptp(values) < _REST * (high - low):
        raise ConvergenceError(
            f"left alone, {cycle.model.name} does not come back to its rhythm within {periods} "
            "periods: the state has no phase, or needs more periods"
        )
    elapsed = periods * period + marks[0]
    return float((crossing_phase(cycle) - elapsed / period) % 1.0)


@whole()
@typed
def asymptotic_phases(
    cycle: Cycle,
    inputs: Mapping[str, Waveform],
    duration: float,
    sample: float | None = None,
    initial: xr.Dataset | None = None,
    periods: int = 12,
) -> xr.DataArray:
    """Asymptotic phase over time of a model that is driven.

    Parameters
    ----------
    inputs : parameter -> waveform, acting from time 0.
    duration, sample : driven time and the time between phases (an eighth of the period), in the
        model's time unit.
    initial : an earlier run to start from; the free rhythm by default.

    Returns
    -------
    DataArray over ``time``, in cycles, growing from cycle to cycle; ``phase_locking`` takes it.

    Raises
    ------
    ConvergenceError
        where the stimulus moves the model out of the rhythm's basin.

    Example
    -------
    >>> phases = asymptotic_phases(cycle, {"mu_e": Sine("4 pA", frequency=22.3)}, 2000)
    """
    spacing = cycle.period / 8 if sample is None else float(sample)
    if not 0 < spacing < cycle.period / 2:
        raise ModelError(
            f"sample is {spacing:g}; phases are told apart only below half of the period, "
            f"{cycle.period / 2:g}"
        )
    count = int(np.floor(duration / spacing + 1e-9))
    if count < 1:
        raise ModelError(f"duration is {duration:g}; it must hold at least one sample {spacing:g}")
    model = cycle.model
    run = initial
    if run is None:
        period = cycle.period
        run = simulate(
            model, period, initial=state_on_cycle(cycle), settle=20 * period, sample=period
        )
    phases = [asymptotic_phase(cycle, run, periods)]
    for k in range(count):
        later = {name: wave.shifted(-k * spacing) for name, wave in inputs.items()}
        run = simulate(model, spacing, inputs=later, initial=run, sample=spacing)
        phases.append(asymptotic_phase(cycle, run, periods))
    times = spacing * np.arange(count + 1)
    # What the phase gains on the free rhythm changes little between samples.
    free = times / cycle.period
    gain = np.unwrap(np.array(phases) - free, period=1.0)
    return xr.DataArray(
        gain + free, dims="time", coords={"time": ("time", times, {"units": model.time_unit})},
        name="phase", attrs={"units": "cycles"},
    )  # fmt: skip
