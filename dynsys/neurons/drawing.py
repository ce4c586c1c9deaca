"""Figures of single neurons: computed results in, axes out, no pyplot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dynsys.drawing import DARK, canvas, panels
from dynsys.styles import Style, merged

if TYPE_CHECKING:
    import xarray as xr

    from dynsys.neurons.adaptation_map import AdaptationMap
    from dynsys.neurons.neuron import SpikingNeuron

BLUE, ORANGE, GREY = "#1f4e79", "#c8553d", "#999999"


def draw_map(
    path: AdaptationMap, ax: Any = None, start: np.ndarray | None = None, *,
    style: str = "default", **line: Any,
) -> Any:  # fmt: skip
    """The map, the diagonal, fixed points (filled: stable), jumps, and a cobweb. Returns the axes.

    The cobweb begins at the reset that follows ``start`` (a state; by default w in balance at the
    reset) and shows the first 60 spikes, the settled ones dark. ``line`` are matplotlib's keywords
    for the map.
    """
    with canvas(ax, style, (5.6, 5.4)) as (ax, look):
        return _draw_map(path, ax, start, look, line)


def _draw_map(
    path: AdaptationMap, ax: Any, start: np.ndarray | None, look: Style, line: dict[str, Any]
) -> Any:
    low, high = path.range()
    w = np.linspace(low, high, 500)
    jumps = path.discontinuities()
    values = path(w)
    for jump in jumps:  # no line across a jump
        k = int(np.searchsorted(w, jump))
        w, values = np.insert(w, k, jump), np.insert(values, k, np.nan)
    ax.plot(w, values, **look.line(line, color=DARK, lw=2.0, zorder=3))
    ax.plot([low, high], [low, high], color=GREY, lw=0.8)
    ax.axvline(path.nullcline, color=GREY, lw=0.8, ls=(0, (4, 2)))
    ax.annotate(
        "V-nullcline", (path.nullcline, 0.02), xycoords=("data", "axes fraction"), rotation=90,
        fontsize=look.legend, color=GREY, ha="right", va="bottom",
    )  # fmt: skip
    train = path.neuron.spikes(path.start() if start is None else start, 60)
    _cobweb(ax, train.states[:, 1])
    for orbit in path.fixed_points((low, high)):
        face = DARK if orbit.stable else "white"
        ax.plot(orbit.w, orbit.w, "o", **look.line({}, mfc=face, mec=DARK, ms=7, zorder=5))
    silent = ~np.isfinite(path(w))
    if np.any(silent):
        ax.fill_between(w, 0, 1, where=silent, transform=ax.get_xaxis_transform(), color="#dce6f0",
                        lw=0, zorder=0)  # fmt: skip
        ax.annotate("no spike follows", (w[silent][0], 0.97), xycoords=("data", "axes fraction"),
                    fontsize=look.legend, va="top", xytext=(4, 0),
                    textcoords="offset points")  # fmt: skip
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
    axes: Any = None, *, style: str = "default", **line: Any,
) -> Any:  # fmt: skip
    """Voltage and adaptation at a step from rest at ``holding`` to ``current``; returns axes.

    ``axes``: the two to draw on. ``line`` are matplotlib's keywords.
    """
    before, lead = neuron.rest(holding), 0.1 * duration
    run = neuron.with_current(current).simulate(duration, start=before)
    with panels(axes, style, (7.0, 3.6), 2, sharex=True, height_ratios=[2, 1]) as (axes, look):
        for ax, name in zip(axes, neuron.field.states, strict=False):
            i = list(neuron.field.states).index(name)
            time = np.append([-lead, 0.0], run.time.values)
            values = np.append([before[i]] * 2, run[name].values)
            ax.plot(time, values, **look.line(line, color=(DARK, BLUE)[i], lw=1.0))
            ax.set_ylabel(f"{name} ({neuron.field.unit(name)})")
        axes[-1].set(xlabel="time after the step (ms)", xlim=(-lead, duration))
    return axes


def draw_rate_curve(
    curve: xr.Dataset, ax: Any = None, *, style: str = "default", **line: Any
) -> Any:
    """Rate over current: stable solid, unstable dashed, irregular dots. Returns the axes.

    ``line`` are matplotlib's keywords for the orbits' lines.
    """
    with canvas(ax, style) as (ax, look):
        return _draw_rate_curve(curve, ax, look, line)


def _draw_rate_curve(curve: xr.Dataset, ax: Any, look: Style, line: dict[str, Any]) -> Any:
    for number in np.unique(curve["piece"].values):
        part = curve.isel(point=np.flatnonzero(curve["piece"].values == number))
        x, y = part["I"].values, part["rate"].values
        if int(part["spikes"][0]) == 0:
            ax.plot(x, y, ".", **look.line({}, color=ORANGE, ms=4))
            continue
        stable = part["stable"].values
        for run in np.split(np.arange(len(x)), np.flatnonzero(np.diff(stable.astype(int))) + 1):
            ends = np.append(run, run[-1] + 1) if run[-1] + 1 < len(x) else run
            kind = look.stable if stable[run[0]] else look.unstable
            ax.plot(x[ends], y[ends], **merged({"color": DARK, **kind}, line))
    markers = {"LPC": "o", "PD": "s", "GR": "|", "ON": "^"}
    seen = set()
    rows = zip(curve["label"].values, curve["special_I"].values, curve["special_rate"].values,
               strict=True)  # fmt: skip
    for label, x, y in rows:
        if label in markers:
            edge = {"mec": BLUE, "mew": 1.5} if label == "GR" else {"mec": "white", "mew": 0.6}
            own = look.line({}, color=ORANGE if label == "PD" else BLUE, ms=6, zorder=5, **edge)
            ax.plot(x, y, markers[label], label=None if label in seen else str(label), **own)
            seen.add(label)
    if seen:
        ax.legend(frameon=False, fontsize=look.legend)
    low, high = curve.attrs["span"]
    ax.set(xlabel="injected current (pA)", ylabel="firing rate (Hz)", xlim=(low, high))
    ax.set_ylim(bottom=0)
    return ax


def draw_phase_plane(
    neuron: SpikingNeuron, ax: Any = None, spikes: int = 12, *, style: str = "default", **line: Any
) -> Any:
    """Nullclines, equilibria (filled: stable), reset line and the orbit it settles on.

    ``line`` are matplotlib's keywords for the orbit. Returns the axes.
    """
    with canvas(ax, style) as (ax, look):
        return _draw_phase_plane(neuron, ax, spikes, look, line)


def _draw_phase_plane(
    neuron: SpikingNeuron, ax: Any, spikes: int, look: Style, line: dict[str, Any]
) -> Any:
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
    thin = look.line({}, color=GREY, lw=1.2)
    ax.plot(v, nullclines[:, 0], label="V' = 0", **thin)
    ax.plot(v, nullclines[:, 1], ls=(0, (4, 2)), label="w' = 0", **thin)
    ax.axvline(neuron.reset, **look.line({}, color=ORANGE, lw=0.8, label="reset"))
    heights = [path.nullcline, *nullclines[:, 1][[0, -1]]]
    if orbit is not None:
        jumps = np.flatnonzero(np.diff(orbit["V"].values) < -20) + 1
        for run in np.split(np.arange(orbit.sizes["time"]), jumps):
            v_run, w_run = orbit["V"].values[run], orbit["w"].values[run]
            ax.plot(v_run, w_run, **look.line(line, color=BLUE, lw=1.2))
        heights += [float(orbit["w"].min()), float(orbit["w"].max())]
    for point in neuron.equilibria():
        face = DARK if point.stable else "white"
        ax.plot(*point.state, "o", **look.line({}, mfc=face, mec=DARK, ms=6, zorder=5))
    pad = 0.15 * (max(heights) - min(heights)) + 2
    ax.set(xlabel="V (mV)", ylabel="w (pA)", xlim=(v[0], v[-1]),
           ylim=(min(heights) - pad, max(heights) + pad))  # fmt: skip
    ax.legend(frameon=False, fontsize=look.legend)
    return ax
