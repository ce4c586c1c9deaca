"""``arnold_tongue``: which frequencies and amplitudes of a sine lock a rhythm.

First order (phase reduction, Ermentrout & Kopell 1991; Pikovsky, Rosenblum & Kurths 2001, chapter
7): with Z the phase response, z_m its m-th Fourier coefficient and f0 the natural frequency, a sine
of amplitude A locks 1:m between m f0 (1 - A |z_m|) and m f0 (1 + A |z_m|). By simulation: the edges
are bracketed and halved until the bracket is as narrow as asked. By continuation: the locked rhythm
is a limit cycle of the driven model, and the edges are its folds or torus points. Beyond a torus
point the phase may stay bounded for a little: there the simulated edge lies further out, unless the
response has to repeat with the stimulus (``criterion="period"``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.errors import ConvergenceError, ModelError
from dynsys.journal import whole
from dynsys.simulation import simulate
from dynsys.simulation.methods import default_step
from dynsys.vector_field import VectorField
from stimulation.entrainment.drawing import draw_tongue
from stimulation.entrainment.driven import DrivenRuns
from stimulation.entrainment.locking import _check_ratio
from stimulation.entrainment.phases import crossings
from stimulation.waveforms.units import Quantity, factor_to_parameter, quantity

if TYPE_CHECKING:
    from continuation import Cycle, CycleCurve

CRITERIA = ("phase", "period")
METHODS = ("phase response", "continuation", "simulation")
_SCAN = 17  # runs of a scan for the tongue
_PER_EDGE = 6  # runs that divide the bracket of an edge in one round


@dataclass(frozen=True)
class Tongue:
    """An Arnold tongue.

    ``data`` over ``amplitude`` (in its unit): ``lowest`` and ``highest`` locked frequency in Hz;
    ``resolution`` (Hz) of the edges; by continuation ``lowest_by`` and ``highest_by`` name what the
    edges are (LPC: fold, NS: torus, PD: period doubling). ``natural`` is the frequency of the
    undriven rhythm. ``curves``, by continuation: all curves of folds, tori and period doublings
    through the edges, in (Hz, unit of the input), with their codimension-two points.
    """

    model: VectorField
    input: str
    ratio: tuple[int, int]
    method: str
    natural: float
    data: xr.Dataset
    curves: tuple[CycleCurve, ...] = ()

    @property
    def unit(self) -> str:
        """Unit of the amplitudes."""
        return self.data["amplitude"].attrs["units"]

    def edges(self, amplitude: str | float | Quantity) -> tuple[float, float]:
        """Lowest and highest locked frequency (Hz) at one of the amplitudes.

        Raises ModelError for an amplitude that was not computed.
        """
        wanted = quantity(amplitude)
        if wanted.unit != self.unit:
            factor = factor_to_parameter(wanted.unit, self.model, self.input)
            factor /= factor_to_parameter(self.unit, self.model, self.input)
            wanted = Quantity(wanted.value * factor, self.unit)
        known = self.data["amplitude"].values
        at = int(np.argmin(np.abs(known - wanted.value)))
        if abs(known[at] - wanted.value) > 1e-9 * max(abs(wanted.value), 1e-12):
            raise ModelError(
                f"the tongue has no amplitude {wanted}; it has "
                f"{', '.join(f'{v:g}' for v in known)} {self.unit}"
            )
        return float(self.data["lowest"][at]), float(self.data["highest"][at])

    @property
    def width_per_unit(self) -> float:
        """Width in Hz per unit of the smallest amplitude."""
        first = int(np.argmin(self.data["amplitude"].values))
        width = self.data["highest"][first] - self.data["lowest"][first]
        return float(width / self.data["amplitude"][first])

    def plot(self, ax: Any = None, *, style: str = "default", **line: Any) -> Any:
        """Draw the edges over frequency; returns the axes.

        ``style`` is "default" or "publication"; ``line`` are matplotlib's keywords for the edges.
        """
        return draw_tongue(self, ax, style, **line)

    def __str__(self) -> str:
        n, m = self.ratio
        cycles = str(self.data["lowest"].attrs["units"])
        head = (
            f"{n}:{m} Arnold tongue of {self.model.name}, sine on {self.input}, by {self.method}; "
            f"natural frequency {self.natural:.4f} {cycles}"
        )
        rows = [
            f"  {float(a):g} {self.unit}: {float(lo):.3f} to {float(hi):.3f} {cycles}"
            for a, lo, hi in zip(
                self.data["amplitude"], self.data["lowest"], self.data["highest"], strict=True
            )
        ]
        return "\n".join([head, *rows])

    __repr__ = __str__


@whole()
def arnold_tongue(
    model: VectorField | Cycle,
    input: str,
    ratio: tuple[int, int] = (1, 1),
    amplitudes: Sequence[str | float | Quantity] = ("1 pA", "4 pA", "20 pA"),
    method: str = "phase response",
    observable: str | None = None,
    resolution: float = 0.01,
    criterion: str = "phase",
    **options: Any,
) -> Tongue:
    """Frequencies at which a sine on one input locks a rhythm, for each amplitude.

    Parameters
    ----------
    model : a model at parameters where it oscillates by itself, or a ``Cycle`` of it.
    input : the parameter the sine is added to.
    ratio : (response cycles, stimulus cycles).
    amplitudes : zero to peak, in one unit.
    method : "phase response" (first order, of the undriven cycle, for ratios 1:m), "continuation"
        (exact, of the delay-line model) or "simulation".
    observable : whose cycles are counted; the model's first by default.
    resolution : of the edges in Hz, by simulation; shortest runs are 20 over it in periods.
    criterion : by simulation: "phase", the phase difference stays bounded, or "period", the
        response also repeats with the stimulus, as between the edges found by continuation. They
        differ only beyond torus points.
    options : for ``simulate_ensemble``, such as ``discretisation="published"`` or ``dt`` (0.2 ms by
        default).

    Raises
    ------
    ModelError
        where the model does not oscillate, for amplitudes in several units, a ratio n:m with n > 1
        at first order.

    Example
    -------
    >>> tongue = arnold_tongue(model, input="mu_e", amplitudes=["1 pA"], method="simulation")
    >>> tongue.edges("1 pA")
    """
    _check_ratio(ratio)
    if not isinstance(model, VectorField) and not hasattr(model, "orbit"):
        raise ModelError(f"{model!r} does not oscillate; give a model or a Cycle of one")
    checks.known("method", method, METHODS, "arnold_tongue")
    checks.known("criterion", criterion, CRITERIA, "arnold_tongue")
    checks.number("resolution", resolution, above=0)
    if isinstance(amplitudes, (str, bytes)) or not isinstance(amplitudes, Iterable):
        raise ModelError(f"amplitudes is {amplitudes!r}; give a list, as ['1 pA', '4 pA']")
    peaks = [quantity(a) for a in amplitudes]
    units = {p.unit for p in peaks}
    if len(units) != 1 or any(p.value <= 0 for p in peaks):
        raise ModelError("amplitudes must be positive and in one unit, as in ['1 pA', '4 pA']")
    unit = units.pop()
    cycle = None if isinstance(model, VectorField) else model
    field = model if isinstance(model, VectorField) else model.model
    factor = factor_to_parameter(unit, field, input)
    values = np.array([p.value for p in peaks])
    observable = observable or field.observable_names[0]
    labels: list[list[str]] | None = None
    curves: tuple[CycleCurve, ...] = ()
    if "discretisation" not in options and "dt" not in options:
        options["dt"] = 2 * default_step(field)
    if method == "phase response":
        cycle = cycle or stable_cycle(field, input)
        natural = cycle.frequency
        half = ratio[1] * natural * values * factor * abs(fourier_coefficient(cycle, input, ratio))
        edges = np.stack([ratio[1] * natural - half, ratio[1] * natural + half])
        reached = 0.0
    elif method == "continuation":
        cycle = cycle or stable_cycle(field, input)
        natural, reached = cycle.frequency, 0.0
        edges, labels, curves = _continued(field, input, ratio, values * factor, natural)
    else:
        natural = natural_frequency(field, observable, **options)
        edges = _simulated(
            field, input, ratio, values, unit, observable, natural, resolution, criterion, options
        )
        reached = resolution
    data = xr.Dataset(
        {
            "lowest": ("amplitude", edges[0], {"units": field.frequency_unit}),
            "highest": ("amplitude", edges[1], {"units": field.frequency_unit}),
        },
        coords={"amplitude": ("amplitude", values, {"units": unit})},
        attrs={"method": method, "natural": natural, "resolution": reached, "input": input},
    )
    if labels is not None:
        data = data.assign(lowest_by=("amplitude", labels[0]), highest_by=("amplitude", labels[1]))
    return Tongue(field, input, ratio, method, natural, data, curves)


def _continued(
    model: VectorField, input: str, ratio: tuple[int, int], values: np.ndarray, natural: float
) -> tuple[np.ndarray, list[list[str]], tuple[CycleCurve, ...]]:
    """Edges (2, amplitudes), what they are, and all curves through them."""
    # The cycle engine compiles on its first import; tongues by simulation do not need it.
    from stimulation.entrainment.driven_cycles import boundary_curves, locked_cycles, locked_range

    center = natural * ratio[1] / ratio[0]
    edges, labels = np.empty((2, len(values))), [[""] * len(values) for _ in range(2)]
    span = (0.4 * center, 1.6 * center)
    branches = []
    for k, amplitude in enumerate(values):
        branch = locked_cycles(model, input, float(amplitude), center, span, cycles=ratio[1])
        for side, (frequency, label) in enumerate(locked_range(branch, center)):
            edges[side, k], labels[side][k] = frequency, label
        branches.append(branch)
    return edges, labels, boundary_curves(branches, span, (0.0, 1.2 * float(values.max())))


def fourier_coefficient(cycle: Cycle, input: str, ratio: tuple[int, int] = (1, 1)) -> complex:
    """z_m, the integral of Z(phase) exp(2 pi i m phase) over a cycle, per unit of the input."""
    # The cycle engine compiles on its first import; tongues by simulation do not need it.
    from continuation import phase_response

    if ratio[0] != 1:
        raise ModelError(
            f"{ratio[0]}:{ratio[1]} locking is of higher than first order in the amplitude; use "
            "method='simulation'"
        )
    response = phase_response(cycle, input)
    phase = np.append(response["phase"].values, 1.0)
    values = np.append(response.values, response.values[0])
    return complex(np.trapezoid(values * np.exp(2j * np.pi * ratio[1] * phase), phase))


def stable_cycle(model: VectorField, parameter: str) -> Cycle:
    """The stable cycle of a model at its parameters, from a Hopf point or its own simulation.

    Raises ModelError where the Hopf points near lead to none.
    """
    # The cycle engine compiles on its first import; tongues by simulation do not need it.
    from continuation import equilibria, limit_cycles

    value = model.parameters[parameter]
    scale = max(abs(value), 1.0)
    near = (value - 0.02 * scale, value + 0.02 * scale)
    branch = equilibria(model, parameter=parameter, span=(value - scale, value + scale))
    for point in sorted(branch.points("H"), key=lambda h: abs(h.parameters[parameter] - value)):
        at = point.parameters[parameter]
        low, high = min(at, value) - 0.1 * scale, max(at, value) + 0.1 * scale
        try:
            cycles = limit_cycles(point, parameter=parameter, span=(low, high))
            cycle = cycles.at(**{parameter: value})
        except (ConvergenceError, ModelError):
            continue
        if cycle.stable:
            return cycle
    try:  # no Hopf point leads there: from where the model goes by itself
        cycle = limit_cycles(model, parameter=parameter, span=near).at(**{parameter: value})
    except (ConvergenceError, ModelError) as error:
        raise ModelError(
            f"no stable cycle of {model.name} at {parameter} = {value:g} was found from the Hopf "
            f"points between {value - scale:g} and {value + scale:g}, nor by simulation ({error}); "
            "give a Cycle of limit_cycles"
        ) from error
    return cycle


def natural_frequency(model: VectorField, observable: str, **options: Any) -> float:
    """Frequency in Hz of the undriven rhythm, by simulation.

    Raises ModelError where the model comes to rest.
    """
    second = model.frequency_factor
    run = simulate(model, 8 * second, settle=4 * second, record=observable, **options)
    values = run[observable].values
    marks = crossings(values, float(run["time"][1] - run["time"][0]))
    if len(marks) < 3 or np.ptp(values) < 1e-6 * max(1.0, np.abs(values).max()):
        raise ModelError(
            f"{model.name} comes to rest at these parameters: there is no rhythm to lock; choose "
            "parameters with a stable cycle, or another initial state"
        )
    return second * (len(marks) - 1) / (marks[-1] - marks[0])


def _simulated(
    model: VectorField, input: str, ratio: tuple[int, int], values: np.ndarray, unit: str,
    observable: str, natural: float, resolution: float, criterion: str, options: dict[str, Any],
) -> np.ndarray:  # fmt: skip
    """Lowest and highest locked frequencies (2, amplitudes)."""
    center = natural * ratio[1] / ratio[0]
    second = model.frequency_factor
    # Next to an edge, phases settle as slowly as 1 / sqrt(width * resolution).
    long = second * max(1 / resolution**0.5, 40 / natural)
    runs = DrivenRuns(model, input, observable, long, 1.6 * long, options, criterion)
    edges = np.empty((2, len(values)))
    reach = 0.03 * center
    for k in np.argsort(values):
        peak = values[k]
        brackets = _brackets(runs, center, reach, peak, unit, ratio)
        for side, (outside, inside) in enumerate(brackets):
            edges[side, k] = _halved(runs, outside, inside, peak, unit, ratio, resolution)
        reach = max(edges[1, k] - edges[0, k], 10 * resolution)
        larger = values[values > peak]
        if larger.size:  # a tongue grows in proportion, first
            reach *= 0.6 * larger.min() / peak
    return edges


def _brackets(
    runs: DrivenRuns, center: float, reach: float, peak: float, unit: str, ratio: tuple[int, int]
) -> list[tuple[float, float]]:
    """(not locked, locked) frequencies around the lower and the upper edge."""
    cycles = runs.model.frequency_unit
    for _ in range(12):
        offsets = np.linspace(-1, 1, _SCAN) * min(reach, 0.95 * center)
        frequencies = center + offsets
        locked = runs.locked(frequencies, np.full(_SCAN, peak), unit, ratio)
        if not locked.any():
            reach /= 6
            continue
        at = np.flatnonzero(locked)
        middle = int(at[np.argmin(np.abs(at - _SCAN // 2))])
        low, high = middle, middle
        while low > 0 and locked[low - 1]:
            low -= 1
        while high < _SCAN - 1 and locked[high + 1]:
            high += 1
        if low == 0 or high == _SCAN - 1:
            if reach >= 0.95 * center:  # all of the frequencies above zero
                raise ConvergenceError(
                    f"{peak:g} {unit} locks every frequency up to {frequencies[-1]:g} {cycles}; "
                    "the tongue has no edge there"
                )
            reach *= 2
            continue
        return [
            (frequencies[low - 1], frequencies[low]),
            (frequencies[high + 1], frequencies[high]),
        ]
    raise ConvergenceError(
        f"no locking at {peak:g} {unit} near {center:g} {cycles}: the tongue is narrower than "
        f"{2 * reach / _SCAN:.2g} {cycles}; try a larger amplitude or a smaller resolution"
    )


def _halved(
    runs: DrivenRuns, outside: float, inside: float, peak: float, unit: str,
    ratio: tuple[int, int], resolution: float,
) -> float:  # fmt: skip
    """The edge between a frequency that does not lock and one that does."""
    while abs(outside - inside) > resolution:
        trial = outside + (inside - outside) * np.arange(1, _PER_EDGE + 1) / (_PER_EDGE + 1)
        locked = runs.locked(trial, np.full(len(trial), peak), unit, ratio)
        first = int(np.argmax(locked)) if locked.any() else len(trial)
        steps = np.concatenate([[outside], trial, [inside]])
        outside, inside = float(steps[first]), float(steps[first + 1])
    return 0.5 * (outside + inside)
