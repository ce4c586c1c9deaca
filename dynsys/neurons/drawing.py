"""Figures of single neurons: computed results in, axes out, no pyplot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    import xarray as xr

    from dynsys.neurons.adaptation_map import AdaptationMap
    from dynsys.neurons.neuron import SpikingNeuron

DARK, BLUE, ORANGE, GREY = "#222222", "#1f4e79", "#c8553d", "#999999"


def new_axes(size: tuple[float, float] = (6.4, 4.8), rows: int = 1, **options: Any) -> Any:
    """Axes of a new figure that belongs to no graphical interface."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots(rows, **options)


def draw_map(path: AdaptationMap, ax: Any = None, start: np.ndarray | None = None) -> Any:
    """The map, the diagonal, fixed points (filled: stable), jumps, and a cobweb. Returns the axes.

    The cobweb begins at the reset that follows ``start`` (a state; by default w in balance at the
    reset) and shows the first 60 spikes, the settled ones dark.
    """
    ax = new_axes((5.6, 5.4)) if ax is None else ax
    low, high = path.range()
    w = np.linspace(low, high, 500)
    jumps = path.discontinuities()
    values = path(w)
    for jump in jumps:  # no line across a jump
        k = int(np.searchsorted(w, jump))
        w, values = np.insert(w, k, jump), np.insert(values, k, np.nan)
    ax.plot(w, values, color=DARK, lw=2.0, zorder=3)
    ax.plot([low, high], [low, high], color=GREY, lw=0.8)
    ax.axvline(path.nullcline, color=GREY, lw=0.8, ls=(0, (4, 2)))
    ax.annotate(
        "V-nullcline", (path.nullcline, 0.02), xycoords=("data", "axes fraction"), rotation=90,
        fontsize=8, color=GREY, ha="right", va="bottom",
    )  # fmt: skip
    train = path.neuron.spikes(path.start() if start is None else start, 60)
    _cobweb(ax, train.states[:, 1])
    for orbit in path.fixed_points((low, high)):
        face = DARK if orbit.stable else "white"
        ax.plot(orbit.w, orbit.w, "o", mfc=face, mec=DARK, ms=7, zorder=5)
    silent = ~np.isfinite(path(w))
    if np.any(silent):
        ax.fill_between(w, 0, 1, where=silent, transform=ax.get_xaxis_transform(), color="#dce6f0",
                        lw=0, zorder=0)  # fmt: skip
        ax.annotate("no spike follows", (w[silent][0], 0.97), xycoords=("data", "axes fraction"),
                    fontsize=8, va="top", xytext=(4, 0), textcoords="offset points")  # fmt: skip
    limits = values[np.isfinite(values)]
    pad = 0.05 * (np.max(limits) - np.min(limits))
    ax.set(
        xlabel="w after a spike (pA)", ylabel="w after the next spike (pA)", xlim=(low, high),
        ylim=(np.min(limits) - pad, np.max(limits) + pad),
    )  # fmt: skip
    return ax


def _cobweb(ax: Any, w: np.ndarray) -> None:
    half = len(w) // 2
    for part, color, width in ((w[: half + 1], ORANGE, 0.7), (w[half:], BLUE, 1.4)):
        x = np.repeat(part, 2)
        ax.plot(x[:-1], x[1:], color=color, lw=width, alpha=0.8, zorder=2)


def draw_response(
    neuron: SpikingNeuron, current: float, duration: float = 300.0, holding: float = 5.0,
    axes: Any = None,
) -> Any:  # fmt: skip
    """Voltage and adaptation at a step from rest at ``holding`` to ``current``; returns axes."""
    axes = new_axes((7.0, 3.6), 2, sharex=True, height_ratios=[2, 1]) if axes is None else axes
    before, lead = neuron.rest(holding), 0.1 * duration
    run = neuron.with_current(current).simulate(duration, start=before)
    for ax, name in zip(axes, neuron.field.states, strict=False):
        i = list(neuron.field.states).index(name)
        time = np.append([-lead, 0.0], run.time.values)
        ax.plot(time, np.append([before[i]] * 2, run[name].values), color=(DARK, BLUE)[i], lw=1.0)
        ax.set_ylabel(f"{name} ({neuron.field.unit(name)})")
    axes[-1].set(xlabel="time after the step (ms)", xlim=(-lead, duration))
    return axes


def draw_rate_curve(curve: xr.Dataset, ax: Any = None) -> Any:
    """Rate over current: stable solid, unstable dashed, irregular dots. Returns the axes."""
    ax = new_axes() if ax is None else ax
    for number in np.unique(curve["piece"].values):
        part = curve.isel(point=np.flatnonzero(curve["piece"].values == number))
        x, y = part["I"].values, part["rate"].values
        if int(part["spikes"][0]) == 0:
            ax.plot(x, y, ".", color=ORANGE, ms=4)
            continue
        stable = part["stable"].values
        for run in np.split(np.arange(len(x)), np.flatnonzero(np.diff(stable.astype(int))) + 1):
            ends = np.append(run, run[-1] + 1) if run[-1] + 1 < len(x) else run
            style = {"ls": "-", "lw": 2.0} if stable[run[0]] else {"ls": (0, (4, 2)), "lw": 1.0}
            ax.plot(x[ends], y[ends], color=DARK, **style)
    markers = {"LPC": "o", "PD": "s", "GR": "|", "ON": "^"}
    seen = set()
    rows = zip(curve["label"].values, curve["special_I"].values, curve["special_rate"].values,
               strict=True)  # fmt: skip
    for label, x, y in rows:
        if label in markers:
            ax.plot(x, y, markers[label], color=BLUE if label != "PD" else ORANGE, ms=6,
                    mec="white" if label != "GR" else BLUE, mew=0.6 if label != "GR" else 1.5,
                    zorder=5, label=None if label in seen else str(label), ls="none")  # fmt: skip
            seen.add(label)
    if seen:
        ax.legend(frameon=False, fontsize=8)
    low, high = curve.attrs["span"]
    ax.set(xlabel="injected current (pA)", ylabel="firing rate (Hz)", xlim=(low, high))
    ax.set_ylim(bottom=0)
    return ax


def draw_phase_plane(neuron: SpikingNeuron, ax: Any = None, spikes: int = 12) -> Any:
    """Nullclines, equilibria (filled: stable), reset line and the orbit it settles on."""
    ax = new_axes() if ax is None else ax
    p, path = neuron.parameters, neuron.adaptation_map()
    train = neuron.spikes(path.start(), 60)
    orbit = None
    if train.end == "more":
        duration = 0.999 * float(np.sum(train.intervals[-spikes:]))
        orbit = neuron.simulate(duration, start=train.states[-1 - spikes])
    v = np.linspace(p["EL"] - 15, p["VT"] + 12, 400)
    at = np.zeros(2)
    nullclines = np.empty((400, 2))
    for k, value in enumerate(v):
        at[0] = value
        rate, slope = neuron.field.rhs(at), neuron.field.jacobian(at)
        nullclines[k] = -rate[0] / slope[0, 1], -rate[1] / slope[1, 1]
    ax.plot(v, nullclines[:, 0], color=GREY, lw=1.2, label="V' = 0")
    ax.plot(v, nullclines[:, 1], color=GREY, lw=1.2, ls=(0, (4, 2)), label="w' = 0")
    ax.axvline(neuron.reset, color=ORANGE, lw=0.8, label="reset")
    heights = [path.nullcline, *nullclines[:, 1][[0, -1]]]
    if orbit is not None:
        jumps = np.flatnonzero(np.diff(orbit["V"].values) < -20) + 1
        for run in np.split(np.arange(orbit.sizes["time"]), jumps):
            ax.plot(orbit["V"].values[run], orbit["w"].values[run], color=BLUE, lw=1.2)
        heights += [float(orbit["w"].min()), float(orbit["w"].max())]
    for point in neuron.equilibria():
        ax.plot(*point.state, "o", mfc=DARK if point.stable else "white", mec=DARK, ms=6, zorder=5)
    pad = 0.15 * (max(heights) - min(heights)) + 2
    ax.set(xlabel="V (mV)", ylabel="w (pA)", xlim=(v[0], v[-1]),
           ylim=(min(heights) - pad, max(heights) + pad))  # fmt: skip
    ax.legend(frameon=False, fontsize=8)
    return ax


def draw_phase_response(reply: xr.DataArray, ax: Any = None) -> Any:
    """Advance over the phase since a spike; positive values advance. Returns the axes."""
    ax = new_axes((6.0, 3.4)) if ax is None else ax
    ax.axhline(0, color=GREY, lw=0.8)
    ax.plot(reply["phase"].values, reply.values, color=DARK, lw=1.8)
    units = f"{reply.attrs['units']} per {reply.attrs['input_units']}"
    ax.set(xlabel="phase since a spike (positive: advance)", xlim=(0, 1),
           ylabel=f"advance ({units}{' ms' if reply.attrs['input'] == 'I' else ''})",
           title=f"type {reply.attrs['type']}")  # fmt: skip
    return ax
