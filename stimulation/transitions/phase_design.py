"""Pulses that move or stop a rhythm, designed from its phase response and checked by simulation.

First order: a pulse of area Q (amplitude times duration) at phase p advances the rhythm by Q Z(p),
the phase response averaged over the pulse. A rhythm beside a resting state is stopped by pulses
that end inside that state's basin: ``stopping_pulses`` finds them on a grid of phases and
amplitudes, ``stimulation.transitions.phaseless`` the pulse in their middle by continuation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from dynsys.errors import ModelError
from dynsys.journal import whole
from dynsys.simulation import simulate, simulate_ensemble
from dynsys.simulation.methods import default_step
from dynsys.typed import typed
from stimulation.entrainment.isochrons import crossing_phase, state_on_cycle
from stimulation.entrainment.phases import crossings
from stimulation.transitions.attractors import equilibria_at
from stimulation.waveforms.shapes import Pulse
from stimulation.waveforms.units import Quantity, factor_to_parameter, quantity

if TYPE_CHECKING:
    from continuation.cycles.cycle import Cycle

_PERIODS = 20  # after which the shifted rhythm is compared


@dataclass(frozen=True)
class PulseDesign:
    """Phases at which a pulse shifts a rhythm as wanted.

    ``phases`` (k,) in cycles of the ``Cycle``'s own phase; ``predicted`` and ``simulated`` advances
    (k,) in the model's time unit; ``wanted`` the one asked for.
    """

    wanted: float
    phases: np.ndarray
    predicted: np.ndarray
    simulated: np.ndarray
    unit: str

    def __str__(self) -> str:
        if not len(self.phases):
            return f"no phase at which the pulse advances the rhythm by {self.wanted:g} {self.unit}"
        rows = [
            f"  phase {p:.4f}: {a:+.4g} {self.unit} predicted, {b:+.4g} {self.unit} simulated"
            for p, a, b in zip(self.phases, self.predicted, self.simulated, strict=True)
        ]
        return "\n".join([f"advance by {self.wanted:g} {self.unit} at", *rows])

    __repr__ = __str__


@typed
def predicted_advance(
    cycle: Cycle, input: str, amplitude: str | float | Quantity, duration: float
) -> xr.DataArray:
    """First-order advance (time units) by a rectangular pulse over the phase of its start.

    Raises ModelError for a pulse that is longer than the period or has the wrong unit.

    Example
    -------
    >>> predicted_advance(cycle, "mu_e", "20 pA", duration=5).max()
    """
    # The cycle engine compiles on its first import; designs by simulation do not need it.
    from continuation import phase_response

    peak = quantity(amplitude)
    strength = peak.value * factor_to_parameter(peak.unit, cycle.model, input)
    if not 0 < duration < cycle.period:
        raise ModelError(
            f"the pulse lasts {duration:g}; it must be shorter than the period {cycle.period:g}"
        )
    response = phase_response(cycle, input)
    phase = np.concatenate([response["phase"].values, 1 + response["phase"].values, [2.0]])
    values = np.concatenate([response.values, response.values, response.values[:1]])
    steps = np.diff(phase) * 0.5 * (values[1:] + values[:-1])
    integral = np.concatenate([[0.0], np.cumsum(steps)])
    starts = response["phase"].values
    ends = np.interp(starts + duration / cycle.period, phase, integral)
    advance = strength * cycle.period * (ends - np.interp(starts, phase, integral))
    unit = cycle.model.time_unit
    return xr.DataArray(
        advance, dims="phase", coords={"phase": starts}, name="advance", attrs={"units": unit}
    )


@whole()
@typed
def shifting_pulse(
    cycle: Cycle, input: str, amplitude: str | float | Quantity, duration: float, advance: float
) -> PulseDesign:
    """When to give a pulse so that a rhythm comes ``advance`` earlier (later, if negative).

    Parameters
    ----------
    cycle : a stable ``Cycle``.
    amplitude, duration : of the rectangular pulse, in units of a waveform and of time.
    advance : wanted, in the model's time unit.

    Returns
    -------
    PulseDesign with every phase that first order finds, and what simulations give there.

    Example
    -------
    >>> shifting_pulse(cycle, "mu_e", "10 pA", duration=5, advance=0.5)
    """
    if not cycle.stable:
        raise ModelError("the cycle is not stable: it does not come back after a pulse")
    curve = predicted_advance(cycle, input, amplitude, duration)
    phase = np.append(curve["phase"].values, 1.0)
    difference = np.append(curve.values, curve.values[0]) - advance
    at = np.flatnonzero(np.sign(difference[:-1]) * np.sign(difference[1:]) < 0)
    part = difference[at] / (difference[at] - difference[at + 1])
    phases = phase[at] + part * (phase[at + 1] - phase[at])
    predicted = np.full(len(phases), float(advance))
    simulated = simulated_advances(cycle, input, amplitude, duration, phases)
    return PulseDesign(float(advance), phases, predicted, simulated, cycle.model.time_unit)


def simulated_advances(
    cycle: Cycle, input: str, amplitude: str | float | Quantity, duration: float, phases: np.ndarray
) -> np.ndarray:
    """Advances (k,) in time units after pulses that start at the given phases of the cycle."""
    model, period = cycle.model, cycle.period
    dt = default_step(model) / 2
    name = model.observable_names[0]
    marks, start = _phase_of_simulation(cycle, dt)
    # The pulse of phase p comes that much after the cycle's phase 0.
    times = [start + float(p) * period for p in phases]
    waves = [Pulse(amplitude, t, duration) for t in times]
    if not waves:
        return np.zeros(0)
    run = simulate_ensemble(
        model, dt * round((_PERIODS + 4) * period / dt), initial=state_on_cycle(cycle),
        points={input: [model.parameters[input]] * len(waves)}, inputs={input: waves},
        record=name, dt=dt, settle=_settling(cycle, dt),
    )  # fmt: skip
    advances = []
    for values in run[name].values:
        late = crossings(values, dt)[-3:]
        shift = np.mean([marks[np.argmin(np.abs(marks - t))] - t for t in late])
        advances.append((shift + period / 2) % period - period / 2)
    return np.array(advances)


@whole()
@typed
def stopping_pulses(
    cycle: Cycle,
    input: str,
    amplitudes: Sequence[str | float | Quantity],
    duration: float,
    phases: int = 24,
    observe: float | None = None,
) -> xr.DataArray:
    """Which pulses stop a rhythm that coexists with a resting state.

    Returns
    -------
    DataArray of bool (amplitude, phase): whether the model rests after the pulse.

    Raises
    ------
    ModelError
        where no equilibrium is stable at the parameters: then no pulse stops the rhythm.

    Example
    -------
    >>> stopping_pulses(cycle, "mu_e", ["-100 pA", "100 pA"], duration=20).any()
    """
    model, period = cycle.model, cycle.period
    if not any(e.stable for e in equilibria_at(model)):
        raise ModelError(
            f"{model.name} has no stable equilibrium at these parameters, so that no pulse stops "
            "its rhythm for good; look for parameters where both are stable"
        )
    peaks = [quantity(a) for a in amplitudes]
    dt = default_step(model)
    _, start = _phase_of_simulation(cycle, dt)
    grid = np.arange(phases) / phases
    waves = [
        Pulse(Quantity(p.value, p.unit), start + f * period, duration) for p in peaks for f in grid
    ]
    watch = 60 * period if observe is None else float(observe)
    name = model.observable_names[0]
    run = simulate_ensemble(
        model, dt * round((start + 2 * period + duration + watch) / dt),
        points={input: [model.parameters[input]] * len(waves)}, inputs={input: waves},
        initial=state_on_cycle(cycle), record=name, dt=dt, settle=_settling(cycle, dt),
    )  # fmt: skip
    low, high = cycle.extrema(name)
    late = run[name].values[:, -round(3 * period / dt) :]
    rests = np.ptp(late, axis=1) < 0.05 * (high - low)
    return xr.DataArray(
        rests.reshape(len(peaks), phases), dims=("amplitude", "phase"),
        coords={"amplitude": [p.value for p in peaks], "phase": grid}, name="stops",
        attrs={"amplitude_units": peaks[0].unit, "duration": duration},
    )  # fmt: skip


def _settling(cycle: Cycle, dt: float) -> float:
    return dt * round(20 * cycle.period / dt)


def _phase_of_simulation(cycle: Cycle, dt: float) -> tuple[np.ndarray, float]:
    """Crossings of the undisturbed run, and the first time its phase is the cycle's phase 0."""
    name, period = cycle.model.observable_names[0], cycle.period
    run = simulate(
        cycle.model, dt * round((_PERIODS + 4) * period / dt), initial=state_on_cycle(cycle),
        settle=_settling(cycle, dt), record=name, method="rk4", dt=dt,
    )  # fmt: skip
    marks = crossings(run[name].values, dt)
    own = crossing_phase(cycle) * period
    return marks, float(marks[0] + period - own) % period + period
