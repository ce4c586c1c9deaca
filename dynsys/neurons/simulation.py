"""A neuron over time: with located spikes, or in the fixed steps of published tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from dynsys.compiled.clock import Clock
from dynsys.errors import ConvergenceError, ModelError, unknown_name
from dynsys.neurons.flow import SPIKED, TIMED_OUT, TOLERANCE, apply_reset, fly
from dynsys.neurons.noise import CurrentPerStep, PoissonKicks, WhiteNoise, packed_kicks
from dynsys.neurons.stepping import Inputs, Recording, SteppedNeuron, step_neurons

if TYPE_CHECKING:
    from dynsys.neurons.neuron import SpikingNeuron


def simulate_exactly(
    neuron: SpikingNeuron, duration: float, start: Sequence[float] | np.ndarray | None = None
) -> xr.Dataset:
    """Integrate with located spikes; states at the integrator's own steps.

    Returns
    -------
    Dataset with the states over ``time`` (ms), ``spike_time`` over ``spike``, ``final_state``.
    """
    _check_duration(duration)
    n = len(neuron.field.states)
    x = neuron.field.initial_state() if start is None else np.asarray(start, dtype=float)
    engine = neuron.engine()._replace(rests=np.empty((0, n)))  # no rest ends it: time has to pass
    none = np.zeros((0, len(engine.p)))
    y = np.zeros((1, n + 1))
    y[0, 1:] = x
    parts, spikes = [y.copy()], []
    while y[0, 0] < duration:
        room = np.empty((20_000, 1, n + 1))
        status, steps = fly(engine, none, TOLERANCE, duration, y, room, False)
        parts.append(room[:steps, 0])
        if status == SPIKED:
            if y[0, 0] <= duration:
                spikes.append(float(y[0, 0]))
            apply_reset(engine.p, engine.rule, none, y)
            parts.append(y.copy())
        elif status != TIMED_OUT:
            raise ConvergenceError(f"{neuron.name}: the integration failed at t = {y[0, 0]:g} ms")
    rows = np.concatenate(parts)
    inside = rows[:, 0] <= duration
    # The step across the end is kept to close the picture; times are cut to the duration.
    inside[min(int(np.sum(inside)), len(rows) - 1)] = True
    rows = rows[inside]
    columns = {
        name: ("time", rows[:, i + 1], {"units": neuron.field.unit(name)})
        for i, name in enumerate(neuron.field.states)
    }
    return xr.Dataset(
        {**columns, "spike_time": ("spike", np.array(spikes), {"units": "ms"})},
        coords={"time": ("time", rows[:, 0], {"units": "ms"})},
        attrs={"neuron": str(neuron), "method": "located spikes", "duration": duration},
    ).assign(final_state=("state", y[0, 1:].copy()))


Current = Any  # a Waveform, an array (steps,) or (neurons, steps), or a function of time in ms


def simulate_steps(
    neuron: SpikingNeuron,
    duration: float,
    dt: float,
    start: Sequence[float] | np.ndarray | None = None,
    neurons: int = 1,
    current: Current | Sequence[Current] | None = None,
    noise: WhiteNoise | CurrentPerStep | None = None,
    kicks: Mapping[str, PoissonKicks] | None = None,
    threshold: bool = True,
    record: int = 1,
    stride: int = 1,
    seed: int = 0,
) -> xr.Dataset:
    """Forward Euler steps of ``dt`` ms; arguments and result as of ``SpikingNeuron.simulate``."""
    _check_duration(duration)
    if not (math.isfinite(dt) and 0 < dt <= duration):
        raise ModelError(f"the step dt is {dt} ms; it must be positive and at most the duration")
    field, steps = neuron.field, round(duration / dt)
    n, rule = len(field.states), neuron.rule
    x = _starts(neuron, start, neurons)
    deviations = np.zeros(n)
    if noise is not None:
        deviations[0] = noise.per_step(field, dt)
    p = field.parameter_array()
    if not threshold:
        p[field.parameter_index(str(rule.threshold))] = np.inf
    names = list(field.states)
    running = rule.goes_on(names, names[0])
    room = int(1000 + neurons * duration * 5)
    which, times = np.empty(room, np.int64), np.empty(room)
    trace = np.empty((min(record, neurons), -(-steps // stride), n))
    silence = round(neuron.refractory / dt)
    stepped = SteppedNeuron(
        field.compiled.field, p, field.compiled.tables, rule.packed(field), running, silence
    )
    inputs = Inputs(
        field.parameter_index(rule.current), _sampled(neuron, current, dt, steps, neurons),
        deviations, packed_kicks(field, dict(kicks or {}), dt), int(seed),
    )  # fmt: skip
    clock, recording = Clock(dt, 0, steps, stride), Recording(which, times, trace)
    count, bad = step_neurons(stepped, x, clock, inputs, recording)
    if bad >= 0:
        raise ConvergenceError(
            f"{neuron.name}: a state left the finite numbers at t = {bad * dt:g} ms; dt = {dt:g} "
            "ms is too coarse, or the input too strong"
        )
    if count > room:
        raise ConvergenceError(
            f"{neuron.name}: {count} spikes in {duration:g} ms of {neurons} neurons, more than 5 "
            "per ms each: spikes follow each other at every step, lower the reset"
        )
    axis = np.arange(trace.shape[1]) * dt * stride
    data = {
        name: (("neuron", "time"), trace[:, :, i], {"units": field.unit(name)})
        for i, name in enumerate(field.states)
    }
    return xr.Dataset(
        {
            **data,
            "spike_time": ("spike", times[:count], {"units": "ms"}),
            "spike_neuron": ("spike", which[:count]),
            "final_state": (("all_neurons", "state"), x),
        },
        coords={"time": ("time", axis, {"units": "ms"})},
        attrs={
            "neuron": str(neuron), "method": "forward Euler", "dt": dt, "duration": duration,
            "neurons": neurons, "seed": seed,
        },
    )  # fmt: skip


def _check_duration(duration: float) -> None:
    if not (math.isfinite(duration) and duration > 0):
        raise ModelError(f"the duration is {duration} ms; it must be positive")


def _starts(neuron: SpikingNeuron, start: Any, neurons: int) -> np.ndarray:
    n = len(neuron.field.states)
    given = neuron.field.initial_state() if start is None else np.asarray(start, dtype=float)
    if given.shape not in ((n,), (neurons, n)):
        raise ModelError(
            f"the start has shape {given.shape}; give ({n},) or ({neurons}, {n}): "
            f"{', '.join(neuron.field.states)}"
        )
    return np.ascontiguousarray(np.broadcast_to(given, (neurons, n))).copy()


def _sampled(
    neuron: SpikingNeuron, current: Any, dt: float, steps: int, neurons: int
) -> np.ndarray:
    """The current (1 or neurons, steps) at the start of every step, in pA."""
    if current is None:
        return np.zeros((1, 1))
    times = np.arange(steps) * dt
    several = current if isinstance(current, (list, tuple)) else [current]
    if len(several) not in (1, neurons):
        raise ModelError(f"{len(several)} currents for {neurons} neurons; give one, or one each")
    rows = [_values(neuron, item, times) for item in several]
    result = np.ascontiguousarray(np.vstack(rows), dtype=float)
    if result.shape not in ((1, steps), (neurons, steps)):
        raise ModelError(f"the current has shape {result.shape}; {steps} steps are needed")
    if not np.all(np.isfinite(result)):
        raise ModelError("the current is not finite at all times")
    return result


def _values(neuron: SpikingNeuron, item: Any, times: np.ndarray) -> np.ndarray:
    if hasattr(item, "drive"):
        return item.drive(times, neuron.field, neuron.rule.current)
    if isinstance(item, np.ndarray):
        return item
    if isinstance(item, Callable):  # type: ignore[arg-type]
        return np.array([float(item(t)) for t in times])
    raise unknown_name(
        "kind of current", type(item).__name__, ["Waveform", "ndarray", "function of time"],
        neuron.name,
    )  # fmt: skip
