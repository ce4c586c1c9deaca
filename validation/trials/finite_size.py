"""Boundaries of a rhythm as a finite network shows them: noise makes a rhythm beyond them, too.

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

from continuation import RateSpectrum, asynchronous_state, rate_spectrum
from continuation.drawing import DARK, new_axes
from continuation.engine.special_points import SpecialPoint
from dynsys.errors import DynsysError, ModelError
from dynsys.models.aln_network import is_aln
from dynsys.vector_field import VectorField
from validation.measures.rates import LEAST_POWER
from validation.trials.probing import QUIET, WINDOW

_SEGMENT = 500.0  # ms, of the criterion's spectra
_HIGHEST = 70.0  # Hz
_INDEPENDENT = 2 / 3  # of neighbouring bins under a Hann window
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


def rhythm_power(spectrum: RateSpectrum, duration: float = WINDOW, rate: str = "r_E") -> float:
    """Median power (Hz^2) that ``oscillation`` finds in a run of ``duration`` ms.

    The criterion takes the highest bin of Welch's spectrum with Hann segments of 500 ms. Each bin
    is the spectrum seen through the window, times a gamma variable of as many degrees as segments;
    the median of the highest follows from their product.
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
        return float(_INDEPENDENT * below + math.log(2))

    top = math.log(float(means.max()))
    return float(np.exp(brentq(excess, top - 3, top + 3)))


def seen_boundaries(
    point: SpecialPoint, neurons: Sequence[int], towards: float, duration: float = WINDOW
) -> dict[int, float]:
    """The parameter at which the criterion changes its answer in networks of each size.

    Parameters
    ----------
    point : the exact Hopf point, of one free parameter.
    towards : 1 or -1, the side on which the state is stable.

    Returns
    -------
    N -> the value. NaN where it lies on the other side, among cycles too small for the criterion,
    which are none of this theory's, or farther off than the state is followed.
    """
    from scipy.optimize import brentq  # as above

    (name,), reference = point.free, max(neurons)
    start = point.parameters[name]

    @cache
    def level(distance: float) -> float:
        """Log of the power in the largest network; those of the others go as 1/N."""
        model = point.model.with_parameters(**{name: start + towards * distance})
        found = rate_spectrum(model, reference, [10.0], point.state)
        return math.log(rhythm_power(found, duration))

    result = {}
    for n in neurons:
        wanted = math.log(LEAST_POWER * max(1.0, QUIET / n) * n / reference)
        near, far = _FIRST, 2 * _FIRST
        while far < _LAST and level(far) > wanted:
            near, far = far, 2 * far
        if level(near) < wanted or level(far) > wanted:
            result[n] = math.nan
        else:
            distance = brentq(lambda d, at=wanted: level(d) - at, near, far, xtol=1e-3)
            result[n] = start + towards * float(distance)
    return result


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
    span = (predicted - _REACH, predicted + _REACH)
    points = asynchronous_state.hopf_points(model, parameter, span)
    if not points:
        raise ModelError(
            f"the network has no Hopf point with {parameter} within {_REACH:g} of {predicted:g}"
        )
    point = min(points, key=lambda p: abs(p.parameters[parameter] - predicted))
    value = point.parameters[parameter]
    beside = point.model.with_parameters(**{parameter: value + _FIRST})
    towards = 1.0 if asynchronous_state(beside, point.state).stable else -1.0
    seen = seen_boundaries(point, neurons, towards, duration)
    return RhythmBoundary(parameter, predicted, value, float(point.frequency or 0.0), seen)


def explanation(
    model: VectorField, parameter: str, predicted: float, neurons: int, low: float, high: float
) -> tuple[str, bool, dict[str, Any]]:
    """Why a measured boundary (``low`` to ``high``) is off: words, and whether they explain it.

    The corrected predictions come as details; ("", False, {}) where there is no theory.
    """
    if not is_aln(model):
        return "", False, {}
    try:
        found = rhythm_boundary(model, parameter, predicted, [neurons])
    except DynsysError as error:
        return f"its theory fails here: {error}", False, {}
    seen = found.seen[neurons]
    details = {"exact": found.exact, "seen": seen}
    causes = [
        (found.exact, f"the cascade's filter: the exact boundary is {found.exact:.3f}"),
        (seen, f"finite size: exact {found.exact:.3f}, seen at N = {neurons} up to {seen:.3f}"),
    ]
    # Within a bracket's width of its middle, the nearest first.
    middle, width = (low + high) / 2, high - low
    near = [(abs(v - middle), word) for v, word in causes if abs(v - middle) <= width]
    if near:
        return f"explained by {min(near)[1]}", True, details
    text = f"unexplained: exact {found.exact:.3f}, at N = {neurons} predicted {seen:.3f}"
    return text, False, details


def draw_rhythm_boundary(
    boundary: RhythmBoundary, measured: dict[int, tuple[float, float]] | None = None, ax: Any = None
) -> Any:
    """The three boundaries over N, and the network's brackets (N -> low, high); the axes."""
    ax = new_axes((5.6, 3.8)) if ax is None else ax
    sizes = sorted({*boundary.seen, *(measured or {})})
    ax.axhline(boundary.mean_field, color="#c8553d", ls=(0, (6, 1.5)), lw=1.6, label="mean field")
    ax.axhline(boundary.exact, color=DARK, ls=(0, (1.5, 1.5)), lw=1.6, label="exact, N infinite")
    seen = [boundary.seen.get(n, math.nan) for n in sizes]
    ax.plot(sizes, seen, "o-", color="#2f5d9b", lw=1.6, ms=5, label="predicted at N")
    for k, (n, (low, high)) in enumerate((measured or {}).items()):
        ax.errorbar(n, (low + high) / 2, (high - low) / 2, fmt="s", ms=5, color="#b3372f",
                    capsize=3, label="network" if k == 0 else None)  # fmt: skip
    ax.set_xscale("log")
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.minorticks_off()
    ax.set_xlabel("neurons per population")
    ax.set_ylabel(f"boundary in {boundary.parameter} (mV/ms)")
    ax.legend(fontsize=8, frameon=False)
    return ax
