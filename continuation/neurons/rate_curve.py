"""The rate of a neuron over its input current: branches of spiking orbits instead of a scan."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from continuation.neurons.spiking_orbits import SpikingBranch, spiking_orbits
from dynsys.errors import ConvergenceError, ModelError
from dynsys.neurons import SpikingNeuron
from dynsys.neurons.adaptation_map import AdaptationMap, Attractor
from dynsys.neurons.spiking_orbit import SpikingOrbit

_MOST_PIECES = 80
_BESIDE = 2e-4  # of the span: how far past the end of an orbit the next one is looked for
_COARSE = 1 / 200  # of the span: between currents at which firing is irregular


def rate_curve(
    neuron: SpikingNeuron, span: tuple[float, float] = (0.0, 130.0), step: float = 0.02
) -> xr.Dataset:
    """Firing rate over the current, from the highest current down to silence.

    1. At the top of the span the adaptation map is iterated onto its attractor.
    2. A periodic orbit is followed in the current to both sides (``spiking_orbits``), through its
       folds and doublings; orbits of several spikes as long as they are stable.
    3. Below the end of its stability the next attractor is looked for: another number of spikes
       (period adding), a doubled period, an irregular one, or silence.

    Parameters
    ----------
    span : currents in pA.
    step : largest step of the continuation, see ``spiking_orbits``.

    Returns
    -------
    Dataset over ``point``: ``rate`` (Hz), ``period`` (ms), ``spikes`` (a period; 0: irregular),
    ``multiplier``, ``stable``, ``piece``, with the coordinate ``I`` (pA); and over ``special``:
    ``label`` (LPC, PD, GR; ADD where the number of spikes changes, IRR where firing turns
    irregular or regular, ON where it ends),
    ``special_I``, ``special_rate`` and ``meaning``. Attributes: ``onset`` (pA; lowest current with
    sustained firing) and ``ended``, why there is none below. Irregular points carry the mean rate.

    Raises
    ------
    ModelError for a reversed span.

    Example
    -------
    >>> from dynsys.models import adex_neuron
    >>> curve = adex_neuron("tonic").rate_curve(span=(0, 130))
    >>> curve.rate.where(curve.stable, drop=True)
    """
    low, high = (float(x) for x in span)
    if not low < high:
        raise ModelError(f"the span {span} of {neuron.rule.current} is empty or reversed")
    pieces, notes, ended = _pieces(neuron, (low, high), step)
    return _dataset(neuron, (low, high), pieces, notes, ended)


Note = tuple[str, float, float, str]  # label, current, rate, meaning


def _pieces(
    neuron: SpikingNeuron, span: tuple[float, float], step: float
) -> tuple[list[SpikingBranch | tuple[float, float]], list[Note], str]:
    """Branches and irregular points (current, rate), special points, and why it ended."""
    low, high = span
    width = high - low
    name = neuron.rule.current
    pieces: list[SpikingBranch | tuple[float, float]] = []
    notes: list[Note] = []
    start, current, before = None, high, None
    while current > low and len(pieces) < _MOST_PIECES:
        at = neuron.with_parameters(**{name: current})
        found = _attractor(at, start)
        if isinstance(found, str) and not pieces:
            return pieces, notes, found
        if isinstance(found, str) or found.silent:
            return pieces, notes, _end(notes, pieces, current)
        start = found.transient.states[-1]
        if found.orbit is None:
            notes += _changed(before, 0, current, found.rate)
            pieces.append((current, found.rate))
            before, current = 0, current - _COARSE * width
            continue
        branch = spiking_orbits(found.orbit, name, span, step, only_stable=len(found.orbit) > 1)
        pieces.append(branch)
        notes += _changed(before, len(found.orbit), current, found.rate)
        notes += [(p.label, p.value, p.orbit.rate, str(p)) for p in branch.special_points]
        before = len(found.orbit)
        end, orbit = _stable_end(branch, current)
        start = np.array([orbit.neuron.reset, orbit.w[0]])
        if end <= low + 1e-9 * width:
            return pieces, notes, "firing goes on to the end of the span"
        current = min(end, current) - _BESIDE * width
    return pieces, notes, f"{_MOST_PIECES} pieces: narrow the span to see more"


def _attractor(neuron: SpikingNeuron, start: np.ndarray | None) -> Attractor | str:
    """The attractor from the last orbit, or why none is reached."""
    try:
        return AdaptationMap(neuron).attractor(start, spikes=300)
    except ConvergenceError as error:
        return str(error)


def _stable_end(branch: SpikingBranch, current: float) -> tuple[float, SpikingOrbit]:
    """The lowest current to which the stable orbit at ``current`` goes on, and the orbit there."""
    stable = branch.stable
    k = int(np.argmin(np.abs(branch.values - current) + 1e9 * ~stable))
    first = last = k
    while first > 0 and stable[first - 1]:
        first -= 1
    while last < len(stable) - 1 and stable[last + 1]:
        last += 1
    lowest = first + int(np.argmin(branch.values[first : last + 1]))
    end, orbit = float(branch.values[lowest]), branch.orbits[lowest]
    # Stability is lost at a located point, a step beyond the last stable orbit.
    for point in branch.special_points:
        if point.label != "GR" and point.index in (first - 1, last) and point.value < end:
            end, orbit = point.value, point.orbit
    return end, orbit


def _changed(before: int | None, now: int, current: float, rate: float) -> list[Note]:
    """The note that the number of spikes a period changes going down through ``current``."""
    if before is None or before == now:
        return []
    words = [f"{k} spikes a period" if k else "irregular firing" for k in (before, now)]
    if now == 2 * before and before:
        return []  # the period doubling itself is noted
    label = "ADD" if before and now else "IRR"
    return [(label, current, rate, f"{words[0]} above, {words[1]} below")]


def _end(notes: list[Note], pieces: list[Any], current: float) -> str:
    if not pieces:
        return f"no sustained firing at {current:g} pA, the top of the span"
    last = pieces[-1]
    if isinstance(last, tuple):
        notes.append(("ON", last[0], last[1], "irregular firing ends"))
        return f"irregular firing ends between {current:g} and {last[0]:g} pA"
    end, orbit = _stable_end(last, float(last.values[np.flatnonzero(last.stable)[0]]))
    why = last.ended[0] if orbit is last.orbits[0] else "the orbit folds"
    notes.append(("ON", end, orbit.rate, f"firing ends: {why}"))
    return why


def _dataset(
    neuron: SpikingNeuron, span: tuple[float, float], pieces: list[Any], notes: list[Note],
    ended: str,
) -> xr.Dataset:  # fmt: skip
    name = neuron.rule.current
    parts = [
        (p.dataset() if isinstance(p, SpikingBranch) else _point(name, *p)).assign(
            piece=("point", np.full(len(p) if isinstance(p, SpikingBranch) else 1, k))
        )
        for k, p in enumerate(pieces)
    ]
    empty = _point(name, np.nan, np.nan).assign(piece=("point", [0])).isel(point=slice(0))
    data = xr.concat(parts, "point", combine_attrs="override") if parts else empty
    columns: list[tuple[Any, ...]] = list(zip(*notes, strict=True)) if notes else [()] * 4
    stable = data[name].values[data["stable"].values | (data["spikes"].values == 0)]
    return data.assign(
        label=("special", np.array(columns[0], dtype=str)),
        special_I=("special", np.array(columns[1], dtype=float), {"units": "pA"}),
        special_rate=("special", np.array(columns[2], dtype=float), {"units": "Hz"}),
        meaning=("special", np.array(columns[3], dtype=str)),
    ).assign_attrs(
        neuron=str(neuron), span=list(span), ended=ended,
        onset=float(np.min(stable)) if len(stable) else np.nan,
    )  # fmt: skip


def _point(name: str, current: float, rate: float) -> xr.Dataset:
    """One point of irregular firing."""
    columns = {
        "rate": (rate, "Hz"), "period": (np.nan, "ms"), "multiplier": (np.nan, ""),
        "stable": (False, ""), "spikes": (0, "per period"),
    }  # fmt: skip
    return xr.Dataset(
        {k: ("point", np.array([v]), {"units": u}) for k, (v, u) in columns.items()},
        coords={name: ("point", np.array([current]), {"units": "pA"})},
    )
