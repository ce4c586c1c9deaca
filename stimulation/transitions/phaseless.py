"""The pulse that leaves a rhythm without a phase.

Around a rhythm that was born from an equilibrium, phases wind once: somewhere inside they have no
value. There lies the stable manifold of the unstable equilibrium (Winfree 2001, The Geometry of
Biological Time, chapter 6). A pulse that puts the state on it stops the rhythm for as long as noise
lets it; where that equilibrium is stable, all pulses near it stop the rhythm for good. The pulse is
found by continuation: two equations say that both unstable coordinates of the equilibrium vanish a
time T after the pulse, two unknowns are the phase and the amplitude of the pulse, and T grows until
the manifold is as good as its tangent space.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.interpolate import CubicSpline
from scipy.optimize import root

from dynsys.delays import chebyshev_nodes
from dynsys.errors import ConvergenceError, ModelError
from dynsys.journal import whole
from dynsys.simulation import Tolerance, simulate
from dynsys.typed import typed
from dynsys.vector_field import VectorField
from stimulation.entrainment.isochrons import asymptotic_phase, crossing_phase, state_on_cycle
from stimulation.entrainment.phases import crossings
from stimulation.transitions.attractors import Equilibrium, equilibria_at
from stimulation.waveforms.shapes import Pulse
from stimulation.waveforms.units import Quantity, quantity

if TYPE_CHECKING:
    from continuation import Cycle

_FINE = Tolerance(1e-9, 1e-11)
_PHASES, _AMPLITUDES = 12, 16  # of the grid on which the search starts
_GROWTHS = 8  # growth times after which the manifold is its tangent space, at most
_SAME = 1e-5  # change of phase and relative amplitude that ends the search
_AROUND = 12  # pulses around the phaseless one


@dataclass(frozen=True)
class PhaselessPulse:
    """A rectangular pulse after which a rhythm has no phase.

    ``phase`` (cycles of the ``Cycle``'s own phase) of its start, ``amplitude`` with its unit,
    ``duration``; ``winding``: how often the phases of pulses around it wind, +1 or -1, by
    simulation; ``radius``: how far around it they were (cycles and relative amplitude).
    """

    phase: float
    amplitude: Quantity
    duration: float
    winding: int
    radius: float

    def __str__(self) -> str:
        return (
            f"a pulse of {self.amplitude} for {self.duration:g} from phase {self.phase:.5f} on "
            f"leaves no phase; around it phases wind {self.winding:+d} time"
        )

    __repr__ = __str__


@whole()
@typed
def phaseless_pulse(
    cycle: Cycle, input: str, duration: float, largest: str | float | Quantity, radius: float = 0.02
) -> PhaselessPulse:
    """The pulse on one input that puts a rhythm on its phaseless set.

    Parameters
    ----------
    cycle : a stable ``Cycle`` around an equilibrium with two unstable directions.
    duration : of the rectangular pulse, in the model's time unit.
    largest : the largest amplitude tried, of either sign.
    radius : of the circle of pulses, in cycles and relative amplitude, whose phases are simulated.

    Raises
    ------
    ModelError
        where no equilibrium has two unstable directions.
    ConvergenceError
        where no pulse up to ``largest`` reaches the manifold.

    Example
    -------
    >>> phaseless_pulse(cycle, "mu_e", duration=5, largest="200 pA")
    """
    peak = quantity(largest)
    trial = _Trial(cycle, input, float(duration), peak)
    solution, rate = _first_guess(trial), trial.growth
    before = np.full(2, np.inf)
    for free in np.arange(_GROWTHS + 1) / rate:
        found = root(trial.residual, solution, args=(free,), method="hybr", tol=1e-10)
        solved = found.success or np.abs(found.fun).max() < 1e-7
        if not solved or abs(found.x[1]) > abs(peak.value):
            raise ConvergenceError(
                f"no pulse of {duration:g} {cycle.model.time_unit} on {input} up to {peak} puts "
                f"the rhythm on the stable manifold of its equilibrium; last tried: {found.x[1]:g} "
                f"{peak.unit} at phase {found.x[0]:.4f}. Try another duration or input, or a "
                "larger amplitude"
            )
        before, solution = solution, found.x
        if np.abs((solution - before) / [1.0, solution[1]]).max() < _SAME:
            break
    phase, amplitude = float(solution[0] % 1.0), float(solution[1])
    winding = _winding(trial, solution, radius)
    return PhaselessPulse(phase, Quantity(amplitude, peak.unit), float(duration), winding, radius)


class _Trial:
    """Runs from the cycle's phase 0 with a pulse, seen from the equilibrium inside."""

    def __init__(self, cycle: Cycle, input: str, duration: float, peak: Quantity) -> None:
        model = cycle.model
        inside = [e for e in equilibria_at(model) if e.unstable_directions == 2]
        if not inside:
            raise ModelError(
                f"{model.name} has no equilibrium with two unstable directions at these "
                "parameters; the phaseless set of its rhythm is not that of an equilibrium inside"
            )
        mean = np.array([float(cycle.profile()[name].mean()) for name in model.states])
        scale = model.scales[: len(mean)]
        nearest = min(inside, key=lambda e: float(np.linalg.norm((e.state - mean) / scale)))
        self.cycle, self.input, self.duration, self.peak = cycle, input, duration, peak
        self.coordinates, self.growth = unstable_coordinates(model, nearest)
        self.start = _at_phase_zero(cycle)

    def run(self, phase: float, amplitude: float, free: float) -> xr.Dataset:
        begin = phase % 1.0 * self.cycle.period
        end = begin + self.duration + free
        wave = Pulse(Quantity(amplitude, self.peak.unit), begin, self.duration)
        return simulate(
            self.cycle.model, end, inputs={self.input: wave}, initial=self.start, sample=end,
            tolerance=_FINE,
        )  # fmt: skip

    def residual(self, unknowns: np.ndarray, free: float) -> np.ndarray:
        """Both unstable coordinates, as they were at the end of the pulse by linear growth."""
        found = self.coordinates(self.run(float(unknowns[0]), float(unknowns[1]), free))
        return found * np.exp(-self.growth * free)


def _first_guess(trial: _Trial) -> np.ndarray:
    phases = np.arange(_PHASES) / _PHASES
    levels = np.linspace(-1, 1, _AMPLITUDES + 1) * trial.peak.value
    grid = [np.array([p, a]) for p in phases for a in levels if a]
    size = [np.linalg.norm(trial.residual(point, 0.0)) for point in grid]
    return grid[int(np.argmin(size))]


def _winding(trial: _Trial, center: np.ndarray, radius: float) -> int:
    """How often asymptotic phases wind along a circle of pulses."""
    angles = 2 * np.pi * np.arange(_AROUND + 1) / _AROUND
    phases = []
    for angle in angles[:-1]:
        phase = float(center[0] + radius * np.cos(angle))
        amplitude = float(center[1] * (1 + radius * np.sin(angle)))
        run = trial.run(phase, amplitude, 0.0)
        # Less the time since phase 0, so that only the pulse counts.
        since = (phase % 1.0) + trial.duration / trial.cycle.period
        periods = 12 + int(8 / (trial.growth * trial.cycle.period))
        phases.append(asymptotic_phase(trial.cycle, run, periods) - since)
    turned = np.unwrap([*phases, phases[0]], period=1.0)
    return int(np.rint(turned[-1] - turned[0]))


def unstable_coordinates(
    model: VectorField, equilibrium: Equilibrium
) -> tuple[Callable[[xr.Dataset], np.ndarray], float]:
    """Where a run has ended along the unstable directions of an equilibrium, and their growth rate.

    The coordinates (real and imaginary parts of a pair's; one per real eigenvalue) are products
    with the left eigenvectors of the lifted model, in units of the states' scales.
    """
    full = model.fill_lines(equilibrium.state)
    eigenvalues, left = np.linalg.eig(model.jacobian(full).T)
    chosen = np.flatnonzero((eigenvalues.real > 0) & (eigenvalues.imag >= 0))
    rows = []
    for k in chosen:
        vector = left[:, k] / np.linalg.norm(left[:, k] * model.scales)
        rows += [vector.real] if eigenvalues[k].imag == 0 else [vector.real, vector.imag]
    p = model.parameter_array()
    values = np.empty(2 * len(model.lines))
    if model.lines:
        model.compiled.signals(full, p, model.compiled.tables, values)
    lags = values[len(model.lines) :]
    nodes = chebyshev_nodes(model.delay_order)[1:]

    def coordinates(run: xr.Dataset) -> np.ndarray:
        parts = [run["final_state"].values]
        if model.lines:
            past = _signals(run)
            parts += [past(nodes * lag)[:, k] for k, lag in enumerate(lags)]
        return np.array(rows) @ (np.concatenate(parts) - full)

    return coordinates, float(eigenvalues[chosen].real.max())


def _signals(run: xr.Dataset) -> CubicSpline:
    """The delayed signals of a run over time <= 0, from its record of steps."""
    edges, values = run["history_times"].values, run["history_values"].values
    inner = np.linspace(0, 1, values.shape[1])[:-1]
    times = np.append((edges[:-1, None] + np.diff(edges)[:, None] * inner).ravel(), edges[-1])
    signals = np.concatenate([values[:, :-1].reshape(-1, values.shape[2]), values[-1:, -1]])
    return CubicSpline(times, signals)


def _at_phase_zero(cycle: Cycle) -> xr.Dataset:
    """A settled run that ends at phase 0 of the cycle."""
    model, period = cycle.model, cycle.period
    name, sample = model.observable_names[0], cycle.period / 400
    settled = simulate(
        model, 800 * sample, initial=state_on_cycle(cycle), settle=40 * period, sample=sample,
        record=name, tolerance=_FINE,
    )  # fmt: skip
    mark = crossings(settled[name].values, sample)[0]
    ended = (crossing_phase(cycle) + (800 * sample - mark) / period) % 1.0
    rest = (1.0 - ended) * period
    return simulate(model, rest, initial=settled, sample=rest, tolerance=_FINE)
