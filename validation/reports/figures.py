"""Figures of a validation: computed data in, axes or figures out, no pyplot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.transforms import offset_copy

from continuation.drawing import draw_legend_below
from dynsys.drawing import DARK, axis_label, canvas, new_figure, panels
from dynsys.styles import Style, style_of
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
WORDS = {
    AGREE: "agrees",
    DIFFER: "differs",
    EXPLAINED: EXPLAINED,
    UNDECIDED: UNDECIDED,
    UNTESTED: UNTESTED,
}
_SHOWN = 600.0  # ms of a trace
_ROWS = 40  # neurons of a raster


def draw_validated_diagram(
    diagram: Any, findings: Sequence[Finding], ax: Any = None, *, style: str = "default",
    **line: Any,
) -> Any:  # fmt: skip
    """The bifurcation diagram with the network's boundary points and tested places on it.

    ``line`` are matplotlib's keywords for the diagram's curves. Returns the axes.
    """
    with canvas(ax, style, (8.0, 6.2)) as (ax, look):
        return _on_diagram(diagram.plot(ax=ax, style=style, **line), diagram, findings, look)


def _on_diagram(ax: Any, diagram: Any, findings: Sequence[Finding], look: Style) -> Any:
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
                fmt=MARKS[finding.verdict], ms=6 * look.scale, color=COLORS[finding.verdict],
                mec="white", mew=0.7, capsize=2.5, lw=1.4 * look.scale, zorder=8,
                label=word(f"network: boundary ({WORDS[finding.verdict]})"),
            )  # fmt: skip
    # Below the names of the regions, which stand at the places tested.
    below = offset_copy(ax.transData, fig=ax.figure, y=-15, units="points")
    for finding in findings:
        if finding.group == REGIMES and finding.quantity.startswith("attractor"):
            ax.plot(
                finding.place[x], finding.place[y], MARKS[finding.verdict], ms=8 * look.scale,
                mfc="none", mec=COLORS[finding.verdict], mew=1.6, zorder=8, transform=below,
                label=word(f"network: attractor ({WORDS[finding.verdict]})"),
            )  # fmt: skip
    draw_legend_below(ax, look)
    return ax


def draw_comparison(
    runs: Sequence[tuple[str, xr.Dataset, xr.Dataset]], rates: Sequence[str] = ("r_E", "r_I"),
    end: float | None = None, axes: Any = None, *, bound: float = LEAST_POWER,
    style: str = "default", **line: Any,
) -> Figure:  # fmt: skip
    """Mean field and network side by side: rates, spectrum of the first, spikes of a sample.

    ``runs``: (title, run of the mean field, run of the network), one row each; ``rates``: names;
    ``bound``: the power from which a rhythm counts, Hz^2; ``axes`` (runs, 4) to draw on; ``line``:
    matplotlib's keywords for the rates. A run that does not stay finite says so.
    """
    size, widths = (10.5, 2.4 * len(runs)), {"width_ratios": [1.25, 1.25, 0.8, 1.1]}
    with panels(axes, style, size, len(runs), 4, **widths) as (axes, look):
        return _draw_comparison(runs, rates, end, bound, axes, look, line)


def _draw_comparison(
    runs: Sequence[tuple[str, xr.Dataset, xr.Dataset]], rates: Sequence[str], end: float | None,
    bound: float, axes: Any, look: Style, line: dict[str, Any],
) -> Figure:  # fmt: skip
    small, tiny = 0.95 * look.names, 0.8 * look.names
    for row, (title, model, network) in zip(axes, runs, strict=True):
        top = 0.0
        for ax, run, name in ((row[0], model, "mean field"), (row[1], network, "network")):
            top = max(top, _traces(ax, run, end, rates, look, line))
            # Both of two lines, so that their axes are of one height; a long title has its own.
            first = title if ax is row[0] else ""
            ax.set_title(f"{first}\n{name}", fontsize=small, loc="left")
        for ax in row[:2]:
            ax.set_ylim(-0.03 * top, 1.06 * top)
        _spectra(row[2], model, network, rates[0], bound, look)
        _raster(row[3], network, end, look)
    for ax in (axes[0][0], axes[0][2]):
        ax.legend(fontsize=tiny, loc="upper right", framealpha=0.8)
    for ax in (*axes[-1][:2], axes[-1][3]):
        ax.set_xlabel("time (ms)", fontsize=small)
    axes[-1][2].set_xlabel("frequency (Hz)", fontsize=small)
    for ax in np.ravel(axes):
        ax.tick_params(labelsize=tiny)
    return axes[0][0].figure


def _traces(
    ax: Any, run: xr.Dataset, end: float | None, rates: Sequence[str], look: Style,
    line: dict[str, Any],
) -> float:  # fmt: skip
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
        ax.plot(time[shown], rate[shown], **look.line(line, color=color, lw=1.1, label=name))
        highest = max(highest, float(rate[shown].max()))
    ax.set_ylabel("rate (Hz)", fontsize=0.95 * look.names)
    if math.isfinite(last):
        words = f"not finite from {last:.0f} ms on:\nit predicts nothing here"
        ax.text(0.5, 0.5, words, ha="center", va="center", fontsize=0.95 * look.names,
                transform=ax.transAxes)  # fmt: skip
    return highest


def _spectra(
    ax: Any, model: xr.Dataset, network: xr.Dataset, name_of: str, bound: float, look: Style
) -> None:
    for run, dashes, name in ((model, (0, (3, 1.5)), "mean field"), (network, "-", "network")):
        rate, dt = rate_of(run, name_of, after=1000.0)
        if not np.isfinite(rate).all():
            continue
        found = spectrum(rate, dt)
        wanted = (found.frequency > 0) & (found.frequency <= 70)
        power = np.maximum(found.power[wanted], 1e-6)
        own = look.line({}, color=DARK, ls=dashes, lw=1.1, label=name)
        ax.semilogy(found.frequency[wanted], power, **own)
    ax.axhline(bound, color="#999999", lw=0.8)
    ax.set_ylim(1e-4, None)
    ax.set_ylabel(f"power of {name_of} (Hz$^2$)", fontsize=0.95 * look.names)


def _raster(ax: Any, run: xr.Dataset, end: float | None, look: Style) -> None:
    stop = float(run["time"][-1]) if end is None else end
    names = [str(k).removeprefix("spike_time_") for k in run if str(k).startswith("spike_time_")]
    if not names:
        ax.text(0.5, 0.5, "no single spikes\nare recorded", ha="center", va="center",
                fontsize=0.95 * look.names, transform=ax.transAxes)  # fmt: skip
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
    ax.set_title(f"spikes of {' + '.join([str(_ROWS)] * len(names))} neurons",
                 fontsize=0.95 * look.names, loc="left")  # fmt: skip


def draw_searches(
    findings: Sequence[Finding], columns: int = 4, axes: Any = None, *, style: str = "default",
    **line: Any,
) -> Figure:  # fmt: skip
    """What was asked on each path across a boundary, the border, the prediction, the bracket.

    ``axes``: one for each search, or more; ``line``: matplotlib's keywords for the answers.
    """
    shown = [f for f in findings if f.group == BOUNDARIES and f.details.get("asked")]
    rows = -(-len(shown) // columns)
    with panels(axes, style, (10.5, 2.1 * rows), rows, columns) as (axes, look):
        grid = np.ravel(axes)
        for ax in grid[len(shown) :]:
            ax.set_axis_off()
        for ax, finding in zip(grid, shown, strict=False):
            _draw_search(ax, finding, look, line)
    return grid[0].figure


def _draw_search(ax: Any, finding: Finding, look: Style, line: dict[str, Any]) -> None:
    details, small = finding.details, 0.8 * look.names
    asked, answers = np.array(details["asked"]), np.array(details["answers"])
    log = "power" in details["feature"]
    answers = np.maximum(answers, 1e-3) if log else answers
    ax.plot(asked, answers, **look.line(line, marker="o", ms=3.5, lw=0.8, color=DARK))
    if log:
        ax.set_yscale("log")
    ax.axhline(details["border"], color="#999999", lw=0.8)
    ax.axvline(finding.expected, **look.line({}, color=INHIBITORY, ls=(0, (4, 2)), lw=1.2))
    if np.isfinite(finding.value):
        ax.axvspan(finding.low, finding.high, color=COLORS[finding.verdict], alpha=0.3, lw=0)
    ax.set_title(finding.claim.replace(" at ", "\n"), fontsize=small)
    ax.set_xlabel(axis_label(details["parameter"], details.get("unit", "")), fontsize=small)
    ax.set_ylabel("power (Hz$^2$)" if log else "Hz", fontsize=small)
    ax.tick_params(labelsize=small)


def draw_scatter(
    findings: Sequence[Finding], ax: Any = None, *, style: str = "default", **bars: Any
) -> Any:
    """Predicted against measured rates and frequencies with the identity line.

    ``bars`` are matplotlib's keywords for ``errorbar``. Returns the axes.
    """
    with canvas(ax, style, (4.6, 4.2)) as (ax, look):
        return _draw_scatter(findings, ax, look, bars)


def _draw_scatter(findings: Sequence[Finding], ax: Any, look: Style, bars: dict[str, Any]) -> Any:
    shown = [f for f in findings if f.group == REGIMES and np.isfinite([f.expected, f.value]).all()]
    for verdict in (AGREE, UNDECIDED, EXPLAINED, DIFFER):
        several = [f for f in shown if f.verdict == verdict]
        if several:
            ax.errorbar(
                [f.expected for f in several], [f.value for f in several],
                yerr=[[max(f.value - f.low, 0) for f in several],
                      [max(f.high - f.value, 0) for f in several]],
                **look.line(bars, fmt=MARKS[verdict], color=COLORS[verdict], ms=5, lw=1,
                            label=verdict),
            )  # fmt: skip
    top = 1.05 * max((max(f.expected, f.value) for f in shown), default=1.0)
    ax.plot([0, top], [0, top], color="#999999", lw=0.8, zorder=0)
    ax.set(xlabel="mean field (Hz)", ylabel="network (Hz)", xlim=(-1, top), ylim=(-1, top))
    ax.legend(fontsize=look.legend, loc="upper left")
    return ax


def draw_driven(
    runs: Sequence[tuple[str, xr.Dataset, xr.Dataset, np.ndarray, np.ndarray, float, float]],
    rate_name: str = "r_E", unit: str = "mV/ms", axes: Any = None, *, style: str = "default",
    **line: Any,
) -> Figure:  # fmt: skip
    """Driven runs: a rate of mean field and network over the stimulus, which shares the time axis.

    ``runs``: (title, mean field, network, times, stimulus, first and last time shown);
    ``rate_name``; ``unit`` of the stimulus; ``axes`` (runs, 2) to draw on; ``line``: matplotlib's
    keywords for the rates.
    """
    look = style_of(style)
    with look.drawing():
        pairs = _pairs(len(runs), look) if axes is None else axes
        for (upper, lower), run in zip(pairs, runs, strict=False):
            _draw_driven(upper, lower, run, rate_name, unit, look, line)
    return pairs[0][0].figure


def _pairs(count: int, look: Style) -> list[Any]:
    """Two axes above each other for every run, two runs a row."""
    rows = -(-count // 2)
    parts = new_figure(look.sized((10.5, 2.5 * rows))).subfigures(rows, 2, squeeze=False).ravel()
    return [part.subplots(2, 1, sharex=True, height_ratios=[3, 1]) for part in parts[:count]]


def _draw_driven(
    upper: Any, lower: Any, told: tuple[Any, ...], rate_name: str, unit: str, look: Style,
    line: dict[str, Any],
) -> None:  # fmt: skip
    title, model, network, times, stimulus, first, last = told
    small, tiny = 0.9 * look.names, 0.8 * look.names
    for run, dashes, name in ((network, "-", "network"), (model, (0, (3, 1.5)), "mean field")):
        rate, dt = rate_of(run, rate_name, after=0.0)
        time = np.asarray(run["time"])
        shown = (time >= first) & (time <= last)
        opaque = 1.0 if name == "mean field" else 0.65
        own = {"color": EXCITATORY, "lw": 1.1, "ls": dashes, "alpha": opaque, "label": name}
        upper.plot(time[shown], smoothed(rate, dt)[shown], **look.line(line, **own))
    seen = (times >= first) & (times <= last)
    lower.plot(times[seen], stimulus[seen], **look.line({}, color="#7a5195", lw=1.1))
    upper.set_title(title, fontsize=small, loc="left")
    upper.set_ylabel(f"{rate_name} (Hz)", fontsize=small)
    lower.set_ylabel(unit, fontsize=tiny)
    lower.set_xlabel("time (ms)", fontsize=small)
    lower.set_xlim(first, last)
    upper.set_ylim(bottom=min(0.0, upper.get_ylim()[0]), top=max(5.0, upper.get_ylim()[1]))
    upper.legend(fontsize=tiny, loc="upper right", framealpha=0.8)
    for ax in (upper, lower):
        ax.tick_params(labelsize=tiny)


def draw_run(
    run: xr.Dataset, names: Sequence[str] = ("r_E", "r_I"), axes: Any = None, *,
    style: str = "default", **line: Any,
) -> Figure:  # fmt: skip
    """One run of a network: rates, spectrum of the first, spikes, adaptation current if any.

    ``axes`` (2, 2) to draw on; ``line``: matplotlib's keywords for the rates.
    """
    with panels(axes, style, (9.0, 5.4), 2, 2, width_ratios=[1.7, 1]) as (axes, look):
        (rates, power), (spikes, slow) = axes
        _traces(rates, run, None, names, look, line)
        rates.legend(fontsize=look.legend, loc="upper right")
        rate, dt = rate_of(run, names[0])
        found = spectrum(rate, dt)
        wanted = (found.frequency > 0) & (found.frequency <= 70)
        strength = np.maximum(found.power[wanted], 1e-6)
        power.semilogy(found.frequency[wanted], strength, **look.line({}, color=DARK, lw=1.5))
        power.set(xlabel="frequency (Hz)", ylabel=f"power of {names[0]} (Hz$^2$)")
        power.set_ylim(1e-4, None)
        _raster(spikes, run, None, look)
        spikes.set_xlabel("time (ms)")
        _draw_adaptation(slow, run, look)
    return rates.figure


def _draw_adaptation(ax: Any, run: xr.Dataset, look: Style) -> None:
    currents = {"w": run["w"].mean("neuron")} if "w" in run else {}
    currents |= {str(k): run[k] for k in run if str(k).startswith("W_")}
    if not currents:
        ax.set_axis_off()
        return
    for (name, current), color in zip(currents.items(), (DARK, *POPULATIONS), strict=False):
        ax.plot(current[current.dims[0]], current, **look.line({}, color=color, lw=1, label=name))
    if len(currents) > 1:
        ax.legend(fontsize=look.legend)
    ax.set(xlabel="time (ms)", ylabel="adaptation current (pA)")
