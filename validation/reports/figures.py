"""Figures of a validation: computed data in, axes or figures out, no pyplot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import offset_copy

from continuation.drawing import DARK, new_axes
from validation.measures.rates import LEAST_POWER, rate_of, smoothed, spectrum
from validation.trials.boundary import GROUP as BOUNDARIES
from validation.trials.findings import AGREE, DIFFER, EXPLAINED, UNDECIDED, UNTESTED, Finding
from validation.trials.regime import GROUP as REGIMES

EXCITATORY, INHIBITORY = "#b3372f", "#2f5d9b"
POPULATIONS = (EXCITATORY, INHIBITORY, "#3d7a4a", DARK)
COLORS = {
    AGREE: "#2e7d4f",
    DIFFER: "#b3261e",
    EXPLAINED: "#6a4fa3",
    UNDECIDED: "#a66a00",
    UNTESTED: "#777777",
}
MARKS = {AGREE: "o", DIFFER: "X", EXPLAINED: "D", UNDECIDED: "s", UNTESTED: "."}
_WORDS = {
    AGREE: "agrees",
    DIFFER: "differs",
    EXPLAINED: EXPLAINED,
    UNDECIDED: UNDECIDED,
    UNTESTED: UNTESTED,
}
_SHOWN = 600.0  # ms of a trace
_ROWS = 40  # neurons of a raster


def new_figure(size: tuple[float, float]) -> Figure:
    """A figure that belongs to no graphical interface."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def draw_validated_diagram(diagram: Any, findings: Sequence[Finding], ax: Any = None) -> Any:
    """The bifurcation diagram with the network's boundary points and tested places on it."""
    ax = diagram.plot(ax=new_axes((8.0, 6.2)) if ax is None else ax)
    (x, *_), (y, *_) = diagram.x, diagram.y
    shown: set[str] = set()

    def word(text: str) -> str | None:
        first = text not in shown
        shown.add(text)
        return text if first else None

    for finding in findings:
        if finding.group == BOUNDARIES and np.isfinite(finding.value):
            sideways = finding.details["parameter"] == x
            at = dict(finding.place) | {finding.details["parameter"]: finding.value}
            error = (finding.high - finding.low) / 2
            ax.errorbar(
                at[x], at[y], xerr=error if sideways else None, yerr=None if sideways else error,
                fmt=MARKS[finding.verdict], ms=6, color=COLORS[finding.verdict], mec="white",
                mew=0.7, capsize=2.5, lw=1.4, zorder=8,
                label=word(f"network: boundary ({_WORDS[finding.verdict]})"),
            )  # fmt: skip
    # Below the names of the regions, which stand at the places tested.
    below = offset_copy(ax.transData, fig=ax.figure, y=-15, units="points")
    for finding in findings:
        if finding.group == REGIMES and finding.quantity.startswith("attractor"):
            ax.plot(
                finding.place[x], finding.place[y], MARKS[finding.verdict], ms=8, mfc="none",
                mec=COLORS[finding.verdict], mew=1.6, zorder=8, transform=below,
                label=word(f"network: attractor ({_WORDS[finding.verdict]})"),
            )  # fmt: skip
    below_axes = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.12)}  # where nothing is
    ax.legend(**below_axes, ncols=3, fontsize=7.5, frameon=False)
    return ax


def draw_comparison(
    runs: Sequence[tuple[str, xr.Dataset, xr.Dataset]], rates: Sequence[str] = ("r_E", "r_I"),
    end: float | None = None, bound: float = LEAST_POWER,
) -> Figure:  # fmt: skip
    """Mean field and network side by side: rates, spectrum of the first, spikes of a sample.

    ``runs``: (title, run of the mean field, run of the network), one row each; ``rates``: names;
    ``bound``: the power from which a rhythm counts, Hz^2. A run that does not stay finite says so.
    """
    figure = new_figure((10.5, 2.4 * len(runs)))
    axes = figure.subplots(len(runs), 4, squeeze=False, width_ratios=[1.25, 1.25, 0.8, 1.1])
    for row, (title, model, network) in zip(axes, runs, strict=True):
        top = 0.0
        for ax, run, name in ((row[0], model, "mean field"), (row[1], network, "network")):
            top = max(top, _traces(ax, run, end, rates))
            # Both of two lines, so that their axes are of one height; a long title has its own.
            first = title if ax is row[0] else ""
            ax.set_title(f"{first}\n{name}", fontsize=8.5, loc="left")
        for ax in row[:2]:
            ax.set_ylim(-0.03 * top, 1.06 * top)
        _spectra(row[2], model, network, rates[0], bound)
        _raster(row[3], network, end)
    axes[0][0].legend(fontsize=7, loc="upper right", framealpha=0.8)
    axes[0][2].legend(fontsize=7, loc="upper right", framealpha=0.8)
    for ax in (*axes[-1][:2], axes[-1][3]):
        ax.set_xlabel("time (ms)", fontsize=8)
    axes[-1][2].set_xlabel("frequency (Hz)", fontsize=8)
    for ax in axes.ravel():
        ax.tick_params(labelsize=7)
    return figure


def _traces(
    ax: Any, run: xr.Dataset, end: float | None, rates: Sequence[str] = ("r_E", "r_I")
) -> float:
    """Draw the last part of the smoothed rates; returns the highest value."""
    time = np.asarray(run["time"], dtype=float)
    stop = time[-1] if end is None else end
    highest, last = 1.0, math.inf
    for name, color in zip(rates, POPULATIONS, strict=False):
        rate, dt = rate_of(run, name, after=0.0)
        finite = np.isfinite(rate)
        if not finite.all():
            last = min(last, float(time[int(np.argmin(finite))]))
            continue
        rate = smoothed(rate, dt)
        shown = (time >= stop - _SHOWN) & (time <= stop)
        ax.plot(time[shown], rate[shown], color=color, lw=1.1, label=name)
        highest = max(highest, float(rate[shown].max()))
    ax.set_ylabel("rate (Hz)", fontsize=8)
    if math.isfinite(last):
        ax.text(0.5, 0.5, f"not finite from {last:.0f} ms on:\nit predicts nothing here",
                ha="center", va="center", fontsize=8, transform=ax.transAxes)  # fmt: skip
    return highest


def _spectra(ax: Any, model: xr.Dataset, network: xr.Dataset, name_of: str, bound: float) -> None:
    for run, style, name in ((model, (0, (3, 1.5)), "mean field"), (network, "-", "network")):
        rate, dt = rate_of(run, name_of, after=1000.0)
        if not np.isfinite(rate).all():
            continue
        found = spectrum(rate, dt)
        wanted = (found.frequency > 0) & (found.frequency <= 70)
        power = np.maximum(found.power[wanted], 1e-6)
        ax.semilogy(found.frequency[wanted], power, color=DARK, ls=style, lw=1.1, label=name)
    ax.axhline(bound, color="#999999", lw=0.8)
    ax.set_ylim(1e-4, None)
    ax.set_ylabel(f"power of {name_of} (Hz$^2$)", fontsize=8)


def _raster(ax: Any, run: xr.Dataset, end: float | None) -> None:
    stop = float(run["time"][-1]) if end is None else end
    names = [str(k).removeprefix("spike_time_") for k in run if str(k).startswith("spike_time_")]
    if not names:
        ax.text(0.5, 0.5, "no single spikes\nare recorded", ha="center", va="center", fontsize=8,
                transform=ax.transAxes)  # fmt: skip
        ax.set_axis_off()
        return
    for row, (name, color) in enumerate(zip(names, POPULATIONS, strict=False)):
        times = np.asarray(run[f"spike_time_{name}"])
        neurons = np.asarray(run[f"spike_neuron_{name}"])
        shown = (times >= stop - _SHOWN) & (times <= stop) & (neurons < _ROWS)
        base = (len(names) - 1 - row) * _ROWS
        ax.plot(times[shown], neurons[shown] + base, "|", ms=2.6, mew=0.7, color=color)
    ax.set(xlim=(stop - _SHOWN, stop), ylim=(-1, len(names) * _ROWS))
    middles = [(len(names) - 0.5 - row) * _ROWS for row in range(len(names))]
    ax.set_yticks(middles, names)
    ax.set_title(f"spikes of {' + '.join([str(_ROWS)] * len(names))} neurons", fontsize=8.5,
                 loc="left")  # fmt: skip


def draw_searches(findings: Sequence[Finding], columns: int = 4) -> Figure:
    """What was asked on each path across a boundary, the border, the prediction, the bracket."""
    shown = [f for f in findings if f.group == BOUNDARIES and f.details.get("asked")]
    rows = -(-len(shown) // columns)
    figure = new_figure((10.5, 2.1 * rows))
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax in axes.ravel()[len(shown) :]:
        ax.set_axis_off()
    for ax, finding in zip(axes.ravel(), shown, strict=False):
        details = finding.details
        asked, answers = np.array(details["asked"]), np.array(details["answers"])
        log = "power" in details["feature"]
        answers = np.maximum(answers, 1e-3) if log else answers
        ax.plot(asked, answers, "o-", ms=3.5, lw=0.8, color=DARK)
        if log:
            ax.set_yscale("log")
        ax.axhline(details["border"], color="#999999", lw=0.8)
        ax.axvline(finding.expected, color=INHIBITORY, ls=(0, (4, 2)), lw=1.2)
        if np.isfinite(finding.value):
            ax.axvspan(finding.low, finding.high, color=COLORS[finding.verdict], alpha=0.3, lw=0)
        ax.set_title(finding.claim.replace(" at ", "\n"), fontsize=7)
        unit = details.get("unit", "")
        ax.set_xlabel(f"{details['parameter']} ({unit})" if unit else details["parameter"],
                      fontsize=7)  # fmt: skip
        ax.set_ylabel("power (Hz$^2$)" if log else "Hz", fontsize=7)
        ax.tick_params(labelsize=6.5)
    return figure


def draw_scatter(findings: Sequence[Finding], ax: Any = None) -> Any:
    """Predicted against measured rates and frequencies with the identity line."""
    ax = new_axes((4.6, 4.2)) if ax is None else ax
    shown = [f for f in findings if f.group == REGIMES and np.isfinite([f.expected, f.value]).all()]
    for verdict in (AGREE, UNDECIDED, EXPLAINED, DIFFER):
        several = [f for f in shown if f.verdict == verdict]
        if several:
            ax.errorbar(
                [f.expected for f in several], [f.value for f in several],
                yerr=[[max(f.value - f.low, 0) for f in several],
                      [max(f.high - f.value, 0) for f in several]],
                fmt=MARKS[verdict], color=COLORS[verdict], ms=5, lw=1, label=verdict,
            )  # fmt: skip
    top = 1.05 * max((max(f.expected, f.value) for f in shown), default=1.0)
    ax.plot([0, top], [0, top], color="#999999", lw=0.8, zorder=0)
    ax.set(xlabel="mean field (Hz)", ylabel="network (Hz)", xlim=(-1, top), ylim=(-1, top))
    ax.legend(fontsize=8, loc="upper left")
    return ax


def draw_driven(
    runs: Sequence[tuple[str, xr.Dataset, xr.Dataset, np.ndarray, np.ndarray, float, float]],
    rate_name: str = "r_E", unit: str = "mV/ms",
) -> Figure:  # fmt: skip
    """Driven runs: a rate of mean field and network over the stimulus, which shares the time axis.

    ``runs``: (title, mean field, network, times, stimulus, first and last time shown);
    ``rate_name``; ``unit`` of the stimulus.
    """
    figure = new_figure((10.5, 2.5 * -(-len(runs) // 2)))
    grid = figure.subfigures(-(-len(runs) // 2), 2, squeeze=False).ravel()
    for part, (title, model, network, times, stimulus, first, last) in zip(
        grid, runs, strict=False
    ):
        upper, lower = part.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        for run, style, name in ((network, "-", "network"), (model, (0, (3, 1.5)), "mean field")):
            rate, dt = rate_of(run, rate_name, after=0.0)
            time = np.asarray(run["time"])
            shown = (time >= first) & (time <= last)
            upper.plot(time[shown], smoothed(rate, dt)[shown], color=EXCITATORY, lw=1.1, ls=style,
                       alpha=1.0 if name == "mean field" else 0.65, label=name)  # fmt: skip
        seen = (times >= first) & (times <= last)
        lower.plot(times[seen], stimulus[seen], color="#7a5195", lw=1.1)
        upper.set_title(title, fontsize=8, loc="left")
        upper.set_ylabel(f"{rate_name} (Hz)", fontsize=8)
        lower.set_ylabel(unit, fontsize=7)
        lower.set_xlabel("time (ms)", fontsize=8)
        lower.set_xlim(first, last)
        upper.set_ylim(bottom=min(0.0, upper.get_ylim()[0]), top=max(5.0, upper.get_ylim()[1]))
        upper.legend(fontsize=7, loc="upper right", framealpha=0.8)
        for ax in (upper, lower):
            ax.tick_params(labelsize=7)
    return figure


def draw_run(run: xr.Dataset, names: Sequence[str] = ("r_E", "r_I")) -> Figure:
    """One run of a network: rates, spectrum of the first, spikes, adaptation current if any."""
    figure = new_figure((9.0, 5.4))
    (rates, power), (spikes, slow) = figure.subplots(2, 2, width_ratios=[1.7, 1])
    _traces(rates, run, None, names)
    rates.legend(fontsize=8, loc="upper right")
    rate, dt = rate_of(run, names[0])
    found = spectrum(rate, dt)
    wanted = (found.frequency > 0) & (found.frequency <= 70)
    power.semilogy(found.frequency[wanted], np.maximum(found.power[wanted], 1e-6), color=DARK)
    power.set(xlabel="frequency (Hz)", ylabel=f"power of {names[0]} (Hz$^2$)", ylim=(1e-4, None))
    _raster(spikes, run, None)
    spikes.set_xlabel("time (ms)")
    currents = {"w": run["w"].mean("neuron")} if "w" in run else {}
    currents |= {str(k): run[k] for k in run if str(k).startswith("W_")}
    if not currents:
        slow.set_axis_off()
        return figure
    for (name, current), color in zip(currents.items(), (DARK, *POPULATIONS), strict=False):
        slow.plot(current[current.dims[0]], current, color=color, lw=1, label=name)
    if len(currents) > 1:
        slow.legend(fontsize=7)
    slow.set(xlabel="time (ms)", ylabel="adaptation current (pA)")
    return figure
