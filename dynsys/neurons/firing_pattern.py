"""The firing pattern of a current step, read off the adaptation map, with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dynsys.errors import ModelError
from dynsys.neurons.adaptation_map import AdaptationMap, Attractor
from dynsys.neurons.spiking_orbit import SpikingOrbit

if TYPE_CHECKING:
    from dynsys.neurons.neuron import SpikingNeuron

PATTERNS = (
    "silent", "transient", "tonic", "adapting", "initial burst", "delayed", "bursting", "irregular",
)  # fmt: skip
ADAPTING = 1.25  # last interval over first, from which on a neuron counts as adapting
DELAYED = 0.5  # latency over the period, from which on waiting for the adaptation counts
_SHOWN = 64


@dataclass(frozen=True)
class FiringPattern:
    """What a neuron does at a current step.

    Parameters
    ----------
    pattern : one of ``PATTERNS``.
    reason : why, with the numbers of the adaptation map.
    rate : Hz, of what the neuron settles on (0 where it falls silent).
    spikes_per_period : of the periodic orbit; 0 where there is none.
    latency : ms from the step to the first spike; nan without spikes.
    intervals : (k,) ms between the first spikes of the response; spikes, not releases, are
        counted, so that they are what an electrode sees.
    orbit : the periodic orbit, with its multiplier; None where there is none.
    lyapunov : Lyapunov exponent per spike of the map (log|multiplier|/n on an orbit).
    """

    pattern: str
    reason: str
    rate: float
    spikes_per_period: int
    latency: float
    intervals: np.ndarray = field(repr=False)
    current: float
    orbit: SpikingOrbit | None = None
    lyapunov: float | None = None

    def __str__(self) -> str:
        numbers = f"{self.pattern} at {self.current:g} pA: {self.rate:.4g} Hz"
        if self.spikes_per_period > 1:
            numbers += f", {self.spikes_per_period} spikes a period"
        return f"{numbers}. {self.reason}"


def firing_pattern(
    neuron: SpikingNeuron,
    current: float | None = None,
    holding: float = 5.0,
    spikes: int = 400,
    most: int = 4000,
) -> FiringPattern:
    """The response to a step from rest at ``holding`` to ``current`` (pA); see SpikingNeuron.

    1. Rest at the holding current is the start; the flow gives the latency and the first reset.
    2. The adaptation map is iterated until rest, a periodic orbit (refined by Newton's method and
       accepted by its multiplier) or neither (Lyapunov exponent).
    3. Resets above the V-nullcline are broad (V falls before it rises), those below sharp: orbits
       that have both are bursts, transients of sharp resets before a broad orbit initial bursts
       (Naud et al. 2008).

    Raises
    ------
    ModelError where the neuron cannot rest at the holding current, or has no adaptation variable.
    """
    stepped = neuron.with_current(current)
    if len(neuron.field.states) != 2:
        raise ModelError(f"{neuron.name} has no adaptation variable and so no adaptation map")
    start = neuron.rest(holding)
    value = stepped.parameters[neuron.rule.current]
    train = stepped.spikes(start, 1)
    if not len(train):
        return _silent(stepped, value, holding)
    found = AdaptationMap(stepped).attractor(start, spikes, most)
    silence = stepped.refractory
    releases = found.transient.intervals
    common = {
        "latency": float(releases[0] - silence),
        "intervals": releases[1 : _SHOWN + 1].copy(),
        "current": value,
    }
    if found.silent:
        return _transient(stepped, found, common)
    if found.orbit is None:
        return _irregular(found, common)
    return _periodic(stepped, start, found, found.orbit, common)


def _silent(neuron: SpikingNeuron, value: float, holding: float) -> FiringPattern:
    stable = [e for e in neuron.equilibria() if e.stable]
    at = f" at V = {stable[0].state[0]:.4g} mV" if stable else ""
    reason = f"From rest at {holding:g} pA the neuron reaches rest{at} without crossing threshold."
    return FiringPattern("silent", reason, 0.0, 0, np.nan, np.empty(0), value)


def _transient(neuron: SpikingNeuron, found: Attractor, common: dict) -> FiringPattern:
    count = len(found.transient)
    rest = next(e for e in neuron.equilibria() if e.stable)
    last = found.transient.states[-1, 1]
    reason = (
        f"After {count} spike{'s' if count > 1 else ''} the reset (w = {last:.4g} pA) falls into "
        f"the basin of the resting state at V = {rest.state[0]:.4g} mV."
    )
    return FiringPattern("transient", reason, 0.0, 0, **common)


def _irregular(found: Attractor, common: dict) -> FiringPattern:
    error = found.lyapunov_error
    reason = (
        f"The adaptation map settles on no orbit: its Lyapunov exponent is {found.lyapunov:.3f} "
        f"+- {error:.3f} per spike, so that resets that are close separate."
    )
    return FiringPattern("irregular", reason, found.rate, 0, lyapunov=found.lyapunov, **common)


def _periodic(
    neuron: SpikingNeuron, start: np.ndarray, found: Attractor, orbit: SpikingOrbit, common: dict
) -> FiringPattern:
    turn, n = AdaptationMap(neuron), len(orbit)
    broad = int(np.sum(turn.broad(orbit.w)))
    size = abs(orbit.multiplier)
    rest = {
        "rate": orbit.rate,
        "spikes_per_period": n,
        "orbit": orbit,
        "lyapunov": float(np.log(max(size, 1e-300)) / n),
        **common,
    }
    certain = f"multiplier {orbit.multiplier:.3g}"
    if n > 1:
        kind = "bursting" if 0 < broad < n else "tonic"
        meets = (
            f"{n - broad} sharp resets (w below the V-nullcline at {turn.nullcline:.4g} pA) and "
            f"{broad} broad"
            if kind == "bursting"
            else f"all resets {'broad' if broad else 'sharp'}, intervals alternate"
        )
        reason = f"The map has a stable orbit of period {n} ({certain}): {meets}."
        return FiringPattern(kind, reason, **rest)
    fixed = f"the stable fixed point w = {orbit.w[0]:.4g} pA ({certain})"
    late = _lateness(neuron, start, common["latency"], orbit)
    if late:
        return FiringPattern("delayed", f"{late} Then {fixed}.", **rest)
    sharp = ~turn.broad(found.transient.states[:, 1])
    if broad and sharp[0]:
        count = int(np.argmin(sharp))
        reason = (
            f"The first {count} reset{'s are' if count > 1 else ' is'} sharp (w below the "
            f"V-nullcline at {turn.nullcline:.4g} pA), then the neuron settles on broad resets: "
            f"{fixed}."
        )
        return FiringPattern("initial burst", reason, **rest)
    return _tonic(found, orbit, fixed, rest)


def _tonic(found: Attractor, orbit: SpikingOrbit, fixed: str, rest: dict) -> FiringPattern:
    growth = orbit.period / float(found.transient.intervals[1])
    pattern = "adapting" if growth >= ADAPTING else "tonic"
    verb = "approaches" if orbit.multiplier > 0 else "alternates towards"
    reason = (
        f"The map {verb} {fixed}; the intervals change by a factor {growth:.3g} on the way "
        f"(adapting from {ADAPTING:g} on)."
    )
    return FiringPattern(pattern, reason, **rest)


def _lateness(neuron: SpikingNeuron, start: np.ndarray, latency: float, orbit: SpikingOrbit) -> str:
    """Why the first spike is late; empty where it is not."""
    if _rises_with_frozen_adaptation(neuron, start) or latency < DELAYED * orbit.period:
        return ""
    return (
        f"With the adaptation of rest (w = {start[1]:.4g} pA) the current alone reaches no spike: "
        f"the first one waits {latency:.4g} ms for w to fall."
    )


def _rises_with_frozen_adaptation(neuron: SpikingNeuron, start: np.ndarray) -> bool:
    """Whether V' > 0 from the start up to the cutoff with w held at its starting value."""
    top = neuron.threshold
    grid = np.linspace(start[0] + 1e-6, top, 400)
    rates = [neuron.field.rhs(np.array([v, start[1]]))[0] for v in grid]
    return bool(np.min(rates) > 0)
