"""``transition_threshold``: how strong a stimulus must be to switch the state.

Predicted by analysis first (the bifurcation a lasting step crosses, the separatrix a pulse
crosses), then found by simulation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from continuation.diagrams.names import (
    check_state,
    is_cycle,
    level_name,
    means_any_cycle,
    naming_observable,
)
from dynsys.errors import ConvergenceError, ModelError
from dynsys.journal import whole
from dynsys.simulation import simulate_ensemble
from dynsys.simulation.methods import default_step
from dynsys.typed import typed
from dynsys.vector_field import VectorField
from stimulation.transitions.attractors import (
    Start,
    chosen,
    equilibria_at,
    naming_value,
    rests,
    start_of,
)
from stimulation.transitions.predictions import (
    Prediction,
    across_separatrix,
    crossed_by_step,
    step_size,
)
from stimulation.transitions.rhythms import RhythmNames
from stimulation.waveforms.shapes import Pulse
from stimulation.waveforms.units import Quantity, factor_to_parameter
from stimulation.waveforms.waveform import Shape, Waveform

_TRIALS = 10  # amplitudes of one round of the search
_LARGEST = {"pA": 400.0, "mV/ms": 2.0}  # where the search ends by default


@dataclass(frozen=True)
class Transition:
    """The threshold of a transition.

    ``amplitude`` (with sign) in ``unit``, within ``resolution``; ``prediction`` in the same unit
    (nan where analysis finds none) and what it is the crossing of; ``scale``: the multiple of the
    given waveform.
    """

    from_state: str
    to_state: str
    waveform: Waveform
    unit: str
    amplitude: float
    resolution: float
    scale: float
    prediction: float
    predicted_by: str
    method: str

    @property
    def difference(self) -> float:
        """Simulated less predicted threshold."""
        return self.amplitude - self.prediction

    def __str__(self) -> str:
        text = (
            f"{self.from_state} to {self.to_state}: {self.amplitude:.5g} {self.unit} "
            f"(+- {self.resolution:.2g}, {self.method})"
        )
        if math.isnan(self.prediction):
            return f"{text}; no prediction: {self.predicted_by}"
        return (
            f"{text}; predicted {self.prediction:.5g} {self.unit} by {self.predicted_by}, "
            f"difference {self.difference:+.2g} {self.unit}"
        )

    __repr__ = __str__


@whole()
@typed
def transition_threshold(
    model: VectorField,
    waveform: Waveform,
    to_state: str,
    from_state: str | None = None,
    input: str | None = None,
    largest: float | None = None,
    resolution: float | None = None,
    observe: float | None = None,
    **options: Any,
) -> Transition:
    """Smallest multiple of a waveform that takes a model from one state to another.

    Parameters
    ----------
    waveform : its sign is kept; a step without ``stop`` asks for the state while it lasts, a pulse
        for the state after it.
    to_state, from_state : names as the model's diagrams have them: stable equilibria ("down",
        "up"), rhythms ("LC_EI", "LC_aE"), or "cycle" for a rhythm of any name. ``from_state`` may
        be left out where only one equilibrium is stable, or none.
    input : the parameter the waveform is added to; the model's first by default.
    largest : the largest amplitude tried, in the waveform's unit (400 pA).
    resolution : of the amplitude; a thousandth of the threshold by default.
    observe : how long the model is watched after the last edge, in its time unit (8 s); transitions
        near a bifurcation are slow.
    options : for ``simulate_ensemble``, such as ``discretisation="published"`` or ``dt``.

    Returns
    -------
    Transition with the simulated threshold, the prediction and their difference.

    Raises
    ------
    ConvergenceError
        where no amplitude up to ``largest`` makes the transition.
    ModelError, UnknownNameError
        for states the model does not have, or several where none is named; for a state that the
        model is in without the stimulus. A word that the model
        never uses is refused before any work.

    A rhythm's name is that of the cycle its last period is corrected to by collocation, at the
    parameters at which the run ends; later trials are known by their period and extrema. The
    threshold from a rhythm is that of one phase of it, where the run of its settling ended.

    Assumes that every amplitude above the threshold makes the transition too, up to the next trial.

    Example
    -------
    >>> transition_threshold(model, Step("1 pA"), to_state="LC_EI")
    """
    for name in (to_state,) if from_state is None else (to_state, from_state):
        check_state(model, name)
    input = input or model.parameter_names[0]
    factor = factor_to_parameter(waveform.unit, model, input)  # answers wrong units before any work
    finite = [e for e in waveform.edges() if math.isfinite(e)]
    end, lasting = max(finite, default=0.0), _lasts(waveform, model)
    if not lasting and not is_cycle(model, to_state):
        chosen(equilibria_at(model), to_state, model)  # after a pulse the model is its old self
    peak = waveform.peak.value if isinstance(waveform, Shape) else 1.0
    unit = waveform.unit
    limit = _LARGEST.get(unit, math.nan) if largest is None else float(largest)
    if not limit > 0:
        raise ModelError(f"say largest=..., the largest amplitude to try, in {unit or 'its unit'}")
    reach = abs(factor) * max(limit, _LARGEST.get(unit, limit))
    start = start_of(model, from_state, input, reach, options)
    most = limit / abs(peak)
    step = options.get("dt") or default_step(model)
    per_scale = step_size(waveform, model, input) if lasting else 0.0
    if lasting:
        prediction = crossed_by_step(
            model, input, per_scale, most, start.equilibrium, to_state
        )  # fmt: skip
    elif start.equilibrium is not None:
        prediction = across_separatrix(
            model, waveform, input, end, step, start.equilibrium, most, to_state
        )
    else:
        prediction = None
    watch = 8 * model.frequency_factor if observe is None else float(observe)
    trials = _Trials(model, waveform, input, start, to_state, end, watch, per_scale, options)
    fine = 1e-3 if resolution is None else float(resolution) / abs(peak)
    low, high = _search(trials, most, prediction, fine, resolution is None)
    scale = 0.5 * (low + high)
    return Transition(
        from_state=start.name,
        to_state=to_state,
        waveform=waveform,
        unit=unit,
        amplitude=scale * peak,
        resolution=0.5 * (high - low) * abs(peak),
        scale=scale,
        prediction=prediction.scale * peak if prediction else math.nan,
        predicted_by=prediction.reason if prediction else "no bifurcation or saddle in the way",
        method="bisection of simulations",
    )


@whole()
@typed
def dose_duration(
    model: VectorField,
    durations: Sequence[float],
    to_state: str,
    amplitude: str | float | Quantity = "1 pA",
    **arguments: Any,
) -> xr.Dataset:
    """Threshold amplitude of a rectangular pulse over its duration.

    Parameters
    ----------
    durations : of the pulses, in the model's time unit.
    amplitude : gives the unit and the sign, as in "-1 pA".
    arguments : for ``transition_threshold``.

    Returns
    -------
    Dataset over ``duration`` with ``threshold`` and ``prediction``; nan where no amplitude tried
    makes the transition (``reason`` says so).

    Example
    -------
    >>> dose_duration(model, [20, 50, 100, 200], from_state="down", to_state="up")
    """
    values, predictions, reasons, unit = [], [], [], ""
    for duration in durations:
        pulse = Pulse(amplitude, 0.0, float(duration))
        unit = pulse.unit
        try:
            found = transition_threshold(model, pulse, to_state, **arguments)
        except ConvergenceError as error:
            values.append(math.nan)
            predictions.append(math.nan)
            reasons.append(str(error))
            continue
        values.append(found.amplitude)
        predictions.append(found.prediction)
        reasons.append("")
    return xr.Dataset(
        {
            "threshold": ("duration", values, {"units": unit}),
            "prediction": ("duration", predictions, {"units": unit}),
            "reason": ("duration", reasons),
        },
        coords={"duration": ("duration", np.asarray(durations, float), {"units": model.time_unit})},
    )


def _lasts(waveform: Waveform, model: VectorField) -> bool:
    """Whether the waveform still acts, and is constant, long after its last edge."""
    last = max((e for e in waveform.edges() if math.isfinite(e)), default=0.0)
    late = waveform.values(last + np.array([1e8, 1.1e8, 1.37e8]), model.frequency_factor)
    return bool(np.all(late == late[0]) and late[0] != 0)


@dataclass(frozen=True)
class _Trials:
    """Runs that tell for many scales at once whether the transition is made.

    ``per_scale``: what a lasting waveform adds to the input in the end; 0 after a pulse.
    """

    model: VectorField
    waveform: Waveform
    input: str
    start: Start
    to_state: str
    end: float
    watch: float
    per_scale: float
    options: dict[str, Any]
    rhythms: RhythmNames = field(default_factory=RhythmNames)

    def reached(self, scales: np.ndarray) -> np.ndarray:
        """Whether each of the scales (P,) ends in ``to_state``."""
        model, name = self.model, naming_observable(self.model)
        dt = self.options.get("dt") or default_step(model)
        sample = dt * max(1, round(model.frequency_factor / 1000 / dt))
        duration = sample * math.ceil((max(self.end, 0.0) + self.watch) / sample)
        run = simulate_ensemble(
            model, duration, points={self.input: [model.parameters[self.input]] * len(scales)},
            initial=self.start.initial,
            inputs={self.input: [self.waveform.scaled(float(s)) for s in scales]},
            settle=self.start.settle, record=name, sample=sample, **self.options,
        )  # fmt: skip
        return np.array([self._is_there(run, k, float(s), sample) for k, s in enumerate(scales)])

    def _is_there(self, run: xr.Dataset, point: int, scale: float, sample: float) -> bool:
        values = run[naming_observable(self.model)].values[point]
        if not np.all(np.isfinite(values)) or rests(values) == is_cycle(self.model, self.to_state):
            return False
        if means_any_cycle(self.model, self.to_state):
            return True
        value = self.model.parameters[self.input] + scale * self.per_scale
        ended = self.model.with_parameters(**{self.input: value})
        if is_cycle(self.model, self.to_state):
            return self.rhythms.name(ended, run, point, values, sample) == self.to_state
        return _level(ended, float(values[-len(values) // 20 :].mean())) == self.to_state


def _level(model: VectorField, value: float) -> str:
    """The name of the stable equilibrium on which the naming observable has come to rest.

    Without names from its field, a model's equilibria are told apart by their values.
    """
    if model.attractors is not None:
        return level_name(model, value)
    stable = [e for e in equilibria_at(model) if e.stable]
    nearest = min(stable, key=lambda e: abs(naming_value(model, e.state) - value), default=None)
    return "" if nearest is None else nearest.name


def _search(
    trials: _Trials, most: float, prediction: Prediction | None, fine: float, relative: bool
) -> tuple[float, float]:
    """Scales (not enough, enough) around the smallest threshold."""
    low, high = 0.0, most
    if prediction is not None:  # look near it first; anywhere if it is wrong
        around = prediction.scale * np.array([0.5, 0.8, 0.9, 0.97, 1.03, 1.1, 1.3, 2.0])
        around = around[around < most]
        there = trials.reached(around) if len(around) else np.zeros(0, bool)
        if there.any() and not there.all():
            first = int(np.argmax(there))
            low, high = (around[first - 1] if first else 0.0), around[first]
    while high - low > (fine * high if relative else fine):
        scales = np.linspace(low, high, _TRIALS + 1)[1:]
        there = trials.reached(scales)
        if not there.any():
            if high >= most:
                unit = trials.waveform.unit
                raise ConvergenceError(
                    f"no amplitude up to {most:g} times the waveform ({unit}) leads to "
                    f"{trials.to_state!r}; raise largest or observe, or change its sign"
                )
            low, high = high, min(2 * high, most)
            continue
        first = int(np.argmax(there))
        if low == 0.0 and not first and trials.reached(np.zeros(1))[0]:
            raise ModelError(
                f"{trials.model.name} is or comes to {trials.to_state!r} without the stimulus too: "
                "there is no threshold; ask for another state"
            )
        low, high = (scales[first - 1] if first else low), scales[first]
    return low, high
