"""How long finite networks stay in a state that noise ends: measured, and by two theories, over N.

Next to the fold of a state its residence grows exponentially with the number of neurons. The slope
of its logarithm over N is compared between networks, the mean field with the noise of so many
trains, and Kramers' formula.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from continuation import find_equilibria
from continuation.asynchronous.escape import Escape, escape
from continuation.asynchronous.noisy import noisy_model
from continuation.diagrams.names import naming_observable
from dynsys import checks
from dynsys.drawing import DARK, canvas
from dynsys.errors import ModelError
from dynsys.models.aln_network import is_aln
from dynsys.simulation import simulate
from dynsys.styles import Style
from dynsys.vector_field import VectorField
from validation.measures.estimates import Estimate
from validation.measures.residence import residence_time
from validation.networks.network import Network, network_of
from validation.networks.testable import Work
from validation.trials.findings import Finding, Tolerances, compared, untested, written
from validation.trials.finite_size import seen_fold
from validation.trials.probing import KICKED
from validation.trials.sweeps import Steps

GROUP = "residence"
# Of each size; ms. What comes after an escape is lost: many runs about as long as a residence.
RUNS, DURATION = 26, 4_600.0
_NOISY = 4  # runs of the mean field with noise for one of the network
STATES = ("low", "high")
_SETTLED = 600.0  # ms after a kick of 300
_STEP = 0.1  # ms
_SPREAD = (1.0, 1.2, 1.4)  # sizes of a trial, over its smallest
_AWAITED = 1500.0  # ms: the smallest network's residence where it is measured, by Kramers' formula
NETWORK, NOISY, KRAMERS = "network", "mean field with noise", "Kramers' formula"


@dataclass(frozen=True)
class Residences:
    """Mean residence times (ms) in a state over the number of neurons per population.

    ``network`` and ``noisy`` (the mean field with the noise of so many trains) are measured,
    ``kramers`` is the formula's. Print it, or see ``slope`` and ``draw_residences``.
    """

    place: dict[str, float]
    state: str
    sizes: tuple[int, ...]
    network: tuple[Estimate, ...]
    noisy: tuple[Estimate, ...]
    kramers: tuple[Escape, ...]

    def slope(self, which: str = NETWORK) -> Estimate:
        """Slope of the logarithm of the residence time over N, by least squares.

        ``which``: "network", "mean field with noise" or "Kramers' formula" (whose error is none).
        NaN where fewer than two sizes have escapes.

        Example
        -------
        >>> residences(model, [1000, 1200, 1400]).slope("network")
        """
        checks.known("which", which, (NETWORK, NOISY, KRAMERS), "the slope of residence times")
        if len(self.sizes) < 2:
            return Estimate(math.nan, math.nan, math.nan, note="one size has no slope")
        if which == KRAMERS:
            logs = np.log([found.time for found in self.kramers])
            value = float(np.polyfit(self.sizes, logs, 1)[0])
            return Estimate(value, value, value)
        found = self.network if which == NETWORK else self.noisy
        return _slope(self.sizes, found)

    @property
    def end(self) -> str:
        """Where the theory ends, in words."""
        barriers = ", ".join(f"{found.barrier:.2g}" for found in self.kramers)
        ends: dict[str, list[str]] = {}
        for size, found in zip(self.sizes, self.kramers, strict=True):
            if not found.valid:
                ends.setdefault(found.end, []).append(str(size))
        words = [f"for N = {', '.join(several)} {end}" for end, several in ends.items()]
        word = f"Kramers' formula ends: {'; '.join(words)}" if words else "Kramers' formula holds"
        return f"barriers over the noise {barriers}; {word}"

    def __str__(self) -> str:
        lines = [f"residence in the {self.state} state at {written(self.place)}; {self.end}"]
        for row in zip(self.sizes, self.network, self.noisy, self.kramers, strict=True):
            size, network, noisy, kramers = row
            lines.append(
                f"  N = {size}: network {network}, mean field with noise {noisy}, "
                f"Kramers {kramers.time:.4g} ms"
            )
        slopes = ", ".join(f"{w} {_written(self.slope(w))}" for w in (NETWORK, NOISY, KRAMERS))
        return "\n".join([*lines, f"  slope of the log of the time over N: {slopes}"])

    __repr__ = __str__


def residences(
    model: VectorField,
    sizes: Sequence[int],
    state: str = "high",
    runs: int = RUNS,
    duration: float = DURATION,
    seed: int = 1,
) -> Residences:
    """Residence times of networks of several sizes in one of two coexisting states.

    Parameters
    ----------
    model : ``aln()`` where a state coexists with another, next to its fold.
    sizes : neurons per population, at least the in-degree.
    state : "high" or "low", which a kick of the network's strength chooses.
    runs : of each size, each of ``duration`` ms; the mean field's are four times as many.

    Returns
    -------
    Residences, which print themselves.

    Raises
    ------
    ModelError for another model, places without a saddle, runs none of which is in the state.

    Valid where states are left rarely: the formula needs a barrier above the noise and a parabola
    between state and saddle, which is so next to the fold only; far from it times are longer than
    any run.

    Source: Kramers 1940, Physica 7:284; Cox & Oakes 1984 (estimates from runs without escape).

    Example
    -------
    >>> residences(aln().with_parameters(mu_e=1.99, mu_i=2.277), [1000, 1200, 1400])
    """
    checks.instance("model", model, VectorField, "aln()")
    checks.known("state", state, STATES, "residences")
    if not is_aln(model):
        raise ModelError(f"no noise of the network behind {model.name} is known over time")
    network = network_of(model, checks.whole("neurons", min(sizes), least=2))
    steps = _measured(network, {}, sorted(sizes), state, runs, duration, checks.seed(seed))
    results: list[xr.Dataset] | None = None
    while True:
        try:
            jobs = steps.send(results)  # type: ignore[arg-type]
        except StopIteration as end:
            found: Residences = end.value
            return found
        results = [job.run() for job in jobs]


def _measured(
    network: Network, place: dict[str, float], sizes: Sequence[int], state: str, runs: int,
    duration: float, seed: int,
) -> Generator[list[Work], list[xr.Dataset], Residences]:  # fmt: skip
    at = network.model.with_parameters(**place)
    stable, border = _stable(at, state)
    kick = network.kick
    amount = kick.amount(1.0 if state == "high" else -1.0, at)
    kicks = {kick.parameter: kick.choosing(amount, at, KICKED)}
    jobs: list[Work] = [
        _of_size(network, size).job(duration, seed + k, kicks, **place)
        for size in sizes
        for k in range(runs)
    ]
    done = yield jobs
    rows, noisy, main = [], [], network.rates[0]
    for k, size in enumerate(sizes):
        rows.append(_time(done[k * runs : (k + 1) * runs], border, main, state))
        model = noisy_model(at, size, stable)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # noise may lead a run out of the transfer table
            found = [
                simulate(model, duration, inputs=kicks, sample=0.5, method="heun", dt=_STEP,
                         seed=seed + k, record=[main])
                for k in range(_NOISY * runs)
            ]  # fmt: skip
        whole = [run for run in found if np.all(np.isfinite(run[main]))]
        noisy.append(_time(whole, border, main, state))
    several = tuple(escape(at, size, stable) for size in sizes)
    shown = {name: at.parameters[name] for name in place or ("mu_e", "mu_i")}
    return Residences(shown, state, tuple(sizes), tuple(rows), tuple(noisy), several)


def _of_size(network: Network, size: int) -> Network:
    return replace(network, structure=replace(network.structure, neurons=size))


def _time(runs: Sequence[xr.Dataset], border: float, rate: str, state: str) -> Estimate:
    return residence_time(runs, border, rate, above=state == "high", after=_SETTLED)


def _stable(at: VectorField, state: str) -> tuple[np.ndarray, float]:
    """The state, and the border (Hz) beyond which a run has left it: halfway from the saddle to
    the other state."""
    main = naming_observable(at)
    found = sorted(find_equilibria(at), key=lambda x: at.observe(x)[main])
    if len(found) < 3:
        raise ModelError(f"{at.name} has no two states here, with a saddle between: no residence")
    rates = [float(at.observe(x)[main]) for x in found]
    if state == "high":
        return found[-1], 0.5 * (rates[-2] + rates[-3])
    return found[0], 0.5 * (rates[1] + rates[2])


def _slope(sizes: Sequence[int], times: Sequence[Estimate]) -> Estimate:
    known = [(n, t) for n, t in zip(sizes, times, strict=True) if math.isfinite(t.value)]
    if len(known) < 2:
        return Estimate(math.nan, math.nan, math.nan, note="fewer than two sizes have escapes")
    x = np.array([n for n, _ in known], float)
    y = np.log([t.value for _, t in known])
    errors = np.array([math.log(t.high / t.low) / (2 * 1.96) for _, t in known])
    weights = errors**-2
    centred = x - np.average(x, weights=weights)
    total = float(np.sum(weights * centred**2))
    value = float(np.sum(weights * centred * y)) / total
    half = 1.96 / math.sqrt(total)
    return Estimate(value, value - half, value + half)


def _written(slope: Estimate) -> str:
    if math.isnan(slope.value):
        return slope.note
    half = 0.5 * (slope.high - slope.low)
    return f"{slope.value:.4f}" + (f" ± {half:.4f}" if half > 0 else "")


@dataclass
class ResidenceTrial:
    """Residence times next to the fold of a state, at three sizes from the smallest possible on."""

    network: Network
    name: str
    parameter: str
    predicted: float
    fixed: dict[str, float]
    span: float  # of the plane along the parameter
    tolerances: Tolerances
    seed: int
    group: str = GROUP
    found: Residences | None = None

    @property
    def place(self) -> dict[str, float]:
        return {**self.fixed, self.parameter: self.predicted}

    @property
    def claim(self) -> str:
        return f"{self.name}: residence times next to {written(self.place)}"

    @property
    def sizes(self) -> list[int]:
        """Neurons per population."""
        least = max(self.network.structure.in_degrees)
        return [math.ceil(share * least * 1.25) for share in _SPREAD]

    def cost(self) -> float:
        """Simulated time in ms, as of networks of the plan's size."""
        return RUNS * DURATION * sum(self.sizes) / self.network.neurons

    def steps(self) -> Steps:
        """All runs of all sizes, where Kramers' formula says that the smallest leaves soon."""
        at = self.network.model.with_parameters(**self.fixed)
        smallest = _of_size(self.network, self.sizes[0])
        fold = seen_fold(at, self.parameter, self.predicted, smallest, _AWAITED, self.span)
        if fold is None:
            reason = "no theory knows a place here where networks leave a state within a run"
            return [untested(GROUP, self.claim, reason, self.place)]
        place = {**self.fixed, self.parameter: fold.seen}
        state = _leaving(self.network.model.with_parameters(**place))
        self.found = yield from _measured(
            self.network, place, self.sizes, state, RUNS, DURATION, self.seed
        )
        return [self._finding(self.found)]

    def _finding(self, found: Residences) -> Finding:
        network, noisy, kramers = (found.slope(w) for w in (NETWORK, NOISY, KRAMERS))
        finding = compared(
            GROUP, f"{self.name}: residence in the {found.state} state at {written(found.place)}",
            "slope of log time over N", noisy, network, math.nan, self.tolerances,
            found.place, (), 4,
        )  # fmt: skip
        reason = f"{finding.reason}; by Kramers' formula {kramers.value:.4f}; {found.end}"
        return replace(finding, network=_written(network), reason=reason)


def _leaving(at: VectorField) -> str:
    """Which of two states is nearer to the saddle between them."""
    main = naming_observable(at)
    rates = sorted(float(at.observe(x)[main]) for x in find_equilibria(at))
    if len(rates) < 3:
        raise ModelError(f"{at.name} has no two states here, with a saddle between")
    return "low" if rates[1] - rates[0] < rates[2] - rates[1] else "high"


def draw_residences(
    found: Residences, ax: Any = None, *, style: str = "default", **line: Any
) -> Any:
    """Residence times over N, logarithmic, with their intervals; the axes.

    ``line`` are matplotlib's keywords for Kramers' formula.
    """
    with canvas(ax, style, (5.6, 3.8)) as (ax, look):
        return _draw_times(found, ax, look, line)


def _draw_times(found: Residences, ax: Any, look: Style, line: dict[str, Any]) -> Any:
    rows = ((NETWORK, found.network, "#b3372f", "s"), (NOISY, found.noisy, "#2f5d9b", "o"))
    for word, times, color, mark in rows:
        known = [(n, t) for n, t in zip(found.sizes, times, strict=True) if t.value > 0]
        if not known:
            continue
        values, low, high = np.array([(t.value, t.low, t.high) for _, t in known]).T / 1000
        ax.errorbar([n for n, _ in known], values, [values - low, high - values], fmt=f"{mark}-",
                    color=color, capsize=3 * look.scale, lw=1.2 * look.scale, ms=5 * look.scale,
                    label=f"{word}: slope {_written(found.slope(word))}")  # fmt: skip
    predicted = [each.time / 1000 for each in found.kramers]
    label = f"{KRAMERS}: slope {_written(found.slope(KRAMERS))}"
    own = {"color": DARK, "ls": (0, (4, 2)), "lw": 1.4, "label": label}
    ax.plot(found.sizes, predicted, **look.line(line, **own))
    ax.set_yscale("log")
    ax.set_xticks(found.sizes, [str(n) for n in found.sizes])
    ax.set_xlabel("neurons per population")
    ax.set_ylabel("mean residence (s)")
    ax.legend(fontsize=look.legend, frameon=False)
    return ax
