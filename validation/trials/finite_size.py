"""Boundaries as a finite network shows them: noise makes a rhythm beyond them, and ends states.

Next to a Hopf point a finite network has a quasi-cycle, whose power the published criterion of an
oscillation (more than 1 Hz^2 below 70 Hz) cannot tell from a cycle's. Its spectrum is known, and so
is where the criterion changes its answer at each N.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from continuation import RateSpectrum, asynchronous_state, find_equilibria, rate_spectrum
from continuation.asynchronous.densities import simulate_densities
from continuation.asynchronous.escape import escape
from continuation.diagrams.names import naming_observable
from continuation.engine.special_points import SpecialPoint
from dynsys.drawing import DARK, canvas
from dynsys.errors import DynsysError, ModelError
from dynsys.models.aln_network import is_aln
from dynsys.styles import Style
from dynsys.vector_field import VectorField
from validation.measures.estimates import Estimate
from validation.measures.rates import LEAST_POWER, oscillation
from validation.networks.testable import Testable
from validation.trials.causes import FILTER
from validation.trials.findings import AGREE, judge
from validation.trials.probing import CALM, QUIET, WINDOW
from validation.trials.spread import has_spectrum

_SEGMENT = 500.0  # ms, of the criterion's spectra
_HIGHEST = 70.0  # Hz
_INDEPENDENT = 2 / 3  # of neighbouring bins under a Hann window
_QUANTILES = (0.16, 0.5, 0.84)
_GROWN, _REFINED = 0.06, 1  # of the parameter: where a cycle is looked at first; looks between
_BESIDE_FOLD = np.array([0.0007, 0.0017, 0.004, 0.01, 0.025])  # of a span: places looked at
_FIRST, _LAST = 0.005, 1.0  # of the parameter: from and to how far off the Hopf point is looked
_REACH = 0.4  # about a predicted boundary in which the exact one is sought


@dataclass(frozen=True)
class RhythmBoundary:
    """Where a rhythm ends along ``parameter``: in the mean field, exactly, and seen at each N.

    ``seen``: neurons per population -> value, NaN where the criterion never changes its answer.
    """

    parameter: str
    mean_field: float
    exact: float
    frequency: float
    seen: dict[int, float]

    def __str__(self) -> str:
        seen = ", ".join(f"{value:.3f} at N = {n}" for n, value in self.seen.items())
        return (
            f"{self.parameter} of the rhythm's boundary: {self.mean_field:.3f} in the mean field, "
            f"{self.exact:.3f} in the network of infinitely many neurons ({self.frequency:.4g} Hz),"
            f" as the criterion sees it {seen}"
        )


def rhythm_power(
    spectrum: RateSpectrum, duration: float = WINDOW, rate: str = "r_E", quantile: float = 0.5
) -> float:
    """Power (Hz^2) below which ``oscillation`` stays in this share of runs of ``duration`` ms.

    The criterion takes the highest bin of Welch's spectrum with Hann segments of 500 ms. Each bin
    is the spectrum seen through the window, times a gamma variable of as many degrees as segments;
    the quantile of the highest follows from their product.
    """
    # scipy.stats takes half a second to load.
    from scipy.optimize import brentq
    from scipy.stats import gamma

    nodes, density = spectrum["node"].values, spectrum[f"{rate}_node"].values
    bins = np.arange(1, math.ceil(_HIGHEST * _SEGMENT / 1000)) * 1000 / _SEGMENT
    grid = np.arange(0.1, 2 * _HIGHEST, 0.1)
    power = np.interp(grid, nodes, density)
    offset = (grid[None, :] - bins[:, None]) * _SEGMENT / 1000
    offset = np.where(np.abs(np.abs(offset) - 1) < 1e-9, 1 + 1e-9, offset)
    window = (np.sinc(offset) / (1 - offset**2)) ** 2
    means = window @ power * 0.1
    shape = max(1.0, (2 * duration / _SEGMENT - 1) / (1 + 2 / 36))

    def excess(level: float) -> float:
        below = gamma.logcdf(np.exp(level) * shape / means, shape).sum()
        return float(_INDEPENDENT * below - math.log(quantile))

    top = math.log(float(means.max()))
    return float(np.exp(brentq(excess, top - 4, top + 4)))


def seen_boundaries(
    point: SpecialPoint, neurons: Sequence[int], towards: float, duration: float = WINDOW,
    quantile: float = 0.5,
) -> dict[int, float]:  # fmt: skip
    """The parameter at which the criterion changes its answer in networks of each size.

    On the stable side the power is that of the quasi-cycle. Where the rate itself is too low for
    it, or the quasi-cycle too weak, the cycles beyond the Hopf point are followed in the
    Fokker-Planck equation until they are large enough.

    Parameters
    ----------
    point : the exact Hopf point, of one free parameter.
    towards : 1 or -1, the side on which the state is stable.
    quantile : share of runs whose criterion says no there.

    Returns
    -------
    N -> the value; NaN farther off than ``_LAST``.
    """
    from scipy.optimize import brentq  # as above

    (name,), reference = point.free, max(neurons)
    start = point.parameters[name]

    @cache
    def level(distance: float) -> float:
        """Log of the power in the largest network; those of the others go as 1/N."""
        model = point.model.with_parameters(**{name: start + towards * distance})
        found = rate_spectrum(model, reference, [10.0], point.state)
        return math.log(rhythm_power(found, duration, quantile=quantile))

    result = {}
    for n in neurons:
        bound = LEAST_POWER * max(1.0, QUIET / n)
        wanted = math.log(bound * n / reference)
        near, far = _FIRST, 2 * _FIRST
        while far < _LAST and level(far) > wanted:
            near, far = far, 2 * far
        # A rate that is not negative cannot swing by more than itself about its mean.
        too_low = math.sqrt(2 * bound) > point.observables["r_E"]
        if too_low or level(near) < wanted:
            result[n] = start - towards * _grown(point, name, -towards, bound, duration)
        elif level(far) > wanted:
            result[n] = math.nan
        else:
            distance = brentq(lambda d, at=wanted: level(d) - at, near, far, xtol=1e-3)
            result[n] = start + towards * float(distance)
    return result


def _grown(point: SpecialPoint, name: str, towards: float, bound: float, duration: float) -> float:
    """How far beyond a Hopf point the cycle of the Fokker-Planck equation has a power."""

    def level(distance: float) -> float:
        value = point.parameters[name] + towards * distance
        model = point.model.with_parameters(**{name: value})
        run = simulate_densities(model, CALM + duration)
        return math.log(max(oscillation(run, "E", after=CALM)[1], 1e-9) / bound)

    near, far = _GROWN / 2, _GROWN
    low, high = level(near), level(far)
    while high < 0:
        near, low, far = far, high, 2 * far
        if far > _LAST:
            return math.nan
        high = level(far)
    # The power is nearly one of the distance.
    for _ in range(_REFINED):
        share = min(max(-low / (high - low), -1.0), 2.0)
        middle = math.exp(math.log(near) + share * math.log(far / near))
        found = level(middle)
        near, low, far, high = (
            (middle, found, far, high) if found < 0 else (near, low, middle, found)
        )
    share = -low / (high - low)
    return math.exp(math.log(near) + share * math.log(far / near))


def rhythm_boundary(
    model: VectorField,
    parameter: str,
    predicted: float,
    neurons: Sequence[int],
    duration: float = WINDOW,
) -> RhythmBoundary:
    """The boundary of a rhythm in the mean field, in theory, and as networks of each N show it.

    Parameters
    ----------
    model : ``aln()``.
    predicted : the mean field's Hopf point along ``parameter``.
    neurons : per population, at least the in-degree.
    duration : ms measured of each run.

    Raises
    ------
    ModelError where no exact Hopf point lies within 0.4 of the predicted one.

    Example
    -------
    >>> rhythm_boundary(aln().with_parameters(mu_i=0.552), "mu_e", 1.428, [1000, 4000])
    """
    point, towards = exact_point(model, parameter, predicted)
    seen = seen_boundaries(point, neurons, towards, duration)
    value = point.parameters[parameter]
    return RhythmBoundary(parameter, predicted, value, float(point.frequency or 0.0), seen)


def exact_point(model: VectorField, parameter: str, predicted: float) -> tuple[SpecialPoint, float]:
    """The exact Hopf point nearest to a predicted one, and the side (1 or -1) of stable states.

    Raises ModelError where none lies within 0.4.
    """
    span = (predicted - _REACH, predicted + _REACH)
    points = asynchronous_state.hopf_points(model, parameter, span)
    if not points:
        raise ModelError(
            f"the network has no Hopf point with {parameter} within {_REACH:g} of {predicted:g}"
        )
    point = min(points, key=lambda p: abs(p.parameters[parameter] - predicted))
    beside = point.model.with_parameters(**{parameter: point.parameters[parameter] + _FIRST})
    return point, 1.0 if asynchronous_state(beside, point.state).stable else -1.0


@dataclass(frozen=True)
class SeenBoundary:
    """A boundary as theory has it: in the network of infinitely many neurons, and as noise lets a
    test see it at N.

    ``deviation``: the standard deviation of what a test finds; ``words``: what noise does there.
    """

    exact: float
    seen: float
    deviation: float
    neurons: int
    words: str

    def cause(self, found: Estimate, deviation: float, allowed: float) -> str:
        """What explains a measured boundary: the nearest correction that agrees, or nothing."""
        several = [
            (self.exact, f"{FILTER}: without it the boundary lies at {self.exact:.3f}"),
            (self.seen, f"finite size: {self.words} at N = {self.neurons} as far as {self.seen:.3f}"
                        f" (without noise and filter {self.exact:.3f})"),
        ]  # fmt: skip
        near = [
            (abs(found.value - value), word)
            for value, word in several
            if judge(value, found, deviation, allowed)[0] == AGREE
        ]
        return min(near)[1] if near else ""

    def details(self) -> dict[str, float]:
        """The corrected predictions."""
        return {"exact": self.exact, "seen": self.seen}

    def __str__(self) -> str:
        return (
            f"{self.exact:.3f} without the mean field's filter, {self.seen:.3f} predicted at "
            f"N = {self.neurons} ({self.words})"
        )


def seen_rhythm(
    model: VectorField, parameter: str, predicted: float, neurons: int
) -> SeenBoundary | None:
    """The boundary of a rhythm at N; None where no theory knows it."""
    if not is_aln(model):
        return None
    try:
        point, towards = exact_point(model, parameter, predicted)
        exact = point.parameters[parameter]
        middle = seen_boundaries(point, [neurons], towards)[neurons]
        inside = (middle - exact) * towards < 0
        low, high = (
            middle if inside else seen_boundaries(point, [neurons], towards, quantile=q)[neurons]
            for q in (_QUANTILES[0], _QUANTILES[2])
        )
    except DynsysError:
        return None
    words = "cycles are too small to count" if inside else "noise makes a rhythm that counts"
    return SeenBoundary(exact, middle, abs(high - low) / 2, neurons, words)


def seen_fold(
    model: VectorField, parameter: str, predicted: float, network: Testable, duration: float,
    span: float,
) -> SeenBoundary | None:  # fmt: skip
    """The end of a bistable region at N: where noise ends a state within a run.

    By Kramers' formula, the mean residence is as long as the run; None without a theory.
    """
    if not has_spectrum(model):
        return None
    side, stable = _ending(model, parameter, predicted, _BESIDE_FOLD[2] * span)
    if not side:
        return None

    def level(distance: float) -> float:
        """Log of the mean residence over the run; -inf where noise leaves no state."""
        at = model.with_parameters(**{parameter: predicted + side * distance})
        states = find_equilibria(at)
        levels = [at.observe(x)[naming_observable(at)] for x in states]
        state = states[int(np.argmin(levels) if stable == "low" else np.argmax(levels))]
        try:
            return math.log(escape(at, network.sizes, state).time / duration)
        except DynsysError:
            return math.nan

    # The barrier grows as the distance to the power of 3/2.
    distances = _BESIDE_FOLD * span
    found = np.array([level(distance) for distance in distances])
    known = np.isfinite(found)
    wanted = [-math.log(-math.log(q)) for q in _QUANTILES]
    if known.sum() < 2 or found[known].max() < wanted[-1]:
        return None
    shifts = np.interp(wanted, found[known], distances[known] ** 1.5) ** (2 / 3)
    return SeenBoundary(
        predicted, predicted + side * float(shifts[1]), float(shifts[2] - shifts[0]) / 2,
        network.neurons,
        "noise ends the state within a run",
    )  # fmt: skip


def _ending(
    model: VectorField, parameter: str, predicted: float, beside: float
) -> tuple[float, str]:
    """On which side of a fold (1 or -1) a state coexists, and whether it is the "low" one."""
    main = naming_observable(model)
    rates = []
    for side in (1.0, -1.0):
        at = model.with_parameters(**{parameter: predicted + side * beside})
        rates.append(sorted(at.observe(x)[main] for x in find_equilibria(at)))
    if len(rates[0]) == len(rates[1]):
        return 0.0, ""
    side, found = (1.0, rates[0]) if len(rates[0]) > len(rates[1]) else (-1.0, rates[1])
    gaps = np.diff(found)
    return side, "low" if int(np.argmin(gaps)) == 0 else "high"


def draw_rhythm_boundary(
    boundary: RhythmBoundary, measured: dict[int, tuple[float, float]] | None = None,
    ax: Any = None, *, style: str = "default", **line: Any,
) -> Any:  # fmt: skip
    """The three boundaries over N, and the network's brackets (N -> low, high); the axes.

    ``line`` are matplotlib's keywords for what is predicted at N.
    """
    with canvas(ax, style, (5.6, 3.8)) as (ax, look):
        return _draw_boundary(boundary, measured, ax, look, line)


def _draw_boundary(
    boundary: RhythmBoundary, measured: dict[int, tuple[float, float]] | None, ax: Any,
    look: Style, line: dict[str, Any],
) -> Any:  # fmt: skip
    sizes = sorted({*boundary.seen, *(measured or {})})
    for height, color, dashes, word in (
        (boundary.mean_field, "#c8553d", (6, 1.5), "mean field"),
        (boundary.exact, DARK, (1.5, 1.5), "exact, N infinite"),
    ):
        ax.axhline(height, **look.line({}, color=color, ls=(0, dashes), lw=1.6, label=word))
    seen = [boundary.seen.get(n, math.nan) for n in sizes]
    own = {"color": "#2f5d9b", "marker": "o", "lw": 1.6, "ms": 5, "label": "predicted at N"}
    ax.plot(sizes, seen, **look.line(line, **own))
    for k, (n, (low, high)) in enumerate((measured or {}).items()):
        ax.errorbar(n, (low + high) / 2, (high - low) / 2, fmt="s", ms=5 * look.scale,
                    color="#b3372f", capsize=3 * look.scale,
                    label="network" if k == 0 else None)  # fmt: skip
    ax.set_xscale("log")
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.minorticks_off()
    ax.set_xlabel("neurons per population")
    ax.set_ylabel(f"boundary in {boundary.parameter} (mV/ms)")
    ax.legend(fontsize=look.legend, frameon=False)
    return ax
