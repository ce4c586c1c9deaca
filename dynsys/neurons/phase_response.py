"""The phase response of a spiking orbit: the adjoint carried back through flow and reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.interpolate import CubicHermiteSpline

from dynsys import checks
from dynsys.errors import ModelError, unknown_name
from dynsys.inputs import impulse_unit
from dynsys.neurons.flights import segment

if TYPE_CHECKING:
    from dynsys.neurons.spiking_orbit import SpikingOrbit

TYPE_TWO = 0.02  # size of the negative lobe against the positive one from which on it is type II


def spiking_phase_response(
    orbit: SpikingOrbit, input: str = "I", points: int = 400, unit: str = "time"
) -> xr.DataArray:
    """Advance of all later spikes by a brief input, over the phase of the input since a spike.

    1. What a change of w just after a reset delays all later spikes by is z_i = T'(w_i) +
       P'(w_i) z_(i+1), a cyclic linear system.
    2. From the cutoff, where the delay is that of the crossing itself plus z, the adjoint is
       carried back over the derivatives of the integrator's own steps, so that it is their exact
       transpose. Along the orbit (delay gradient) . x' = -1.

    Parameters
    ----------
    input : a state (response to displacing it) or a parameter (to a brief change of it).
    points : phases in [0, 1), equally spaced; phase 0 is a spike.
    unit : "time" (ms), "phase" (rad) or "cycles" of the period.

    Returns
    -------
    DataArray over ``phase``, per unit of the input (times its duration in ms for a parameter);
    positive: advance. Attributes: ``units``, ``input_units``, ``event`` (what phase 0 is), ``type``
    ("I": advances only; "II": also delays), ``constancy`` (largest deviation of the adjoint from
    its invariant), ``period`` (ms). While refractory the neuron responds to nothing.

    Valid for small inputs.

    Raises
    ------
    UnknownNameError for an input there is not; ModelError at a fold of orbits, where the response
    diverges.

    Source: Ermentrout & Kopell 1991, J Math Biol 29:195, for the adjoint; saltation at resets as
    in Ladenbauer, Augustin, Shiau & Obermayer 2012, PLOS Comput Biol 8:e1002478.

    Example
    -------
    >>> from dynsys.models import adex_neuron
    >>> orbit = adex_neuron("tonic").adaptation_map().attractor().orbit
    >>> spiking_phase_response(orbit, "I").type
    'I'
    """
    field = orbit.neuron.field
    checks.known("unit", unit, ["time", "phase", "cycles"], "phase_response")
    if input not in field.parameters and input not in field.states:
        raise unknown_name("parameter or state", input, [*field.parameters, *field.states],
                           field.name)  # fmt: skip
    later = _delay_of_resets(orbit)
    phases = np.arange(points) / points
    values, worst, begin = np.zeros(points), 0.0, 0.0
    silence = orbit.neuron.refractory
    for i, w in enumerate(orbit.w):
        record = segment(orbit.neuron, float(w))[1]
        states = np.ascontiguousarray(record[:, 0, 1:])
        delays = _carried_back(record, later[(i + 1) % len(orbit)])
        speeds = np.array([field.rhs(x) for x in states])
        before = np.abs(speeds[:, 0]) < 100.0  # in the upstroke the product is 0 times infinity
        worst = max(worst, float(np.max(np.abs(np.sum(delays * speeds, axis=1) + 1)[before])))
        # Phase 0 is the spike, and the silence after it comes first.
        now = phases * orbit.period - begin
        inside = (now >= silence) & (now < orbit.intervals[i])
        at = now[inside] - silence
        values[inside] = _response(orbit, input, record[:, 0, 0], states, speeds, delays, at)
        begin += float(orbit.intervals[i])
    lobe = -float(np.min(values)) / max(float(np.max(values)), 1e-300)
    period = orbit.period
    factor, word = {
        "time": (1.0, "ms"), "phase": (2 * np.pi / period, "rad"), "cycles": (1 / period, "cycles")
    }[unit]  # fmt: skip
    return xr.DataArray(
        factor * values, dims="phase", coords={"phase": phases}, name=f"advance per {input}",
        attrs={
            "input": input, "units": word, "input_units": impulse_unit(field, input),
            "event": "a spike",
            "type": "II" if lobe > TYPE_TWO else "I", "negative_lobe": max(lobe, 0.0),
            "constancy": worst, "period": period, "neuron": str(orbit.neuron),
        },
    )  # fmt: skip


def _delay_of_resets(orbit: SpikingOrbit) -> np.ndarray:
    """z (n,): delay (ms) of all later spikes per pA of w after each reset."""
    if abs(orbit.multiplier - 1.0) < 1e-8:
        raise ModelError(
            "the orbit is at a fold: its multiplier is 1, so that a disturbance shifts all later "
            "spikes more and more and no phase response exists"
        )
    n = len(orbit)
    matrix = np.eye(n)
    for i in range(n):
        matrix[i, (i + 1) % n] -= orbit.slopes[i]
    return np.linalg.solve(matrix, orbit.interval_slopes)


def _carried_back(record: np.ndarray, later: float) -> np.ndarray:
    """Delay (k, 2) of all later spikes per unit of V and w at every step of a segment."""
    delays = np.zeros((len(record), 2))
    ahead = np.array([1.0, 0.0, later])  # of (t, V, w) at the cutoff
    for k in range(len(record) - 1, 0, -1):
        back = record[k, 1:] @ ahead
        ahead = np.array([1.0, back[0], back[1]])
        delays[k - 1] = back
    delays[-1] = 0.0  # at the cutoff itself V is no longer free
    return delays


def _response(
    orbit: SpikingOrbit, input: str, times: np.ndarray, states: np.ndarray, speeds: np.ndarray,
    delays: np.ndarray, at: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Advance at times ``at`` of a segment, between steps by cubics with the adjoint's slopes."""
    field = orbit.neuron.field
    change = np.array([-field.jacobian(x).T @ z for x, z in zip(states, delays, strict=True)])
    # The last record is the cutoff, where the upstroke has no more time left.
    keep = np.append(np.diff(times) > 1e-12, False)
    adjoint = CubicHermiteSpline(times[keep], delays[keep], change[keep])(at)
    if input in field.states:
        return -adjoint[:, list(field.states).index(input)]
    path = CubicHermiteSpline(times[keep], states[keep], speeds[keep])(at)
    forcing = np.array([field.parameter_derivative(x, input) for x in path]).reshape(-1, 2)
    return -np.sum(adjoint * forcing, axis=1)
