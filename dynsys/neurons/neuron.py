"""``SpikingNeuron``: a vector field between spikes and a rule for what a spike does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from dynsys.errors import ConvergenceError, ModelError
from dynsys.neurons.analyses import analysis
from dynsys.neurons.excitability import TransientWindow, rheobase, transient_window
from dynsys.neurons.spike_train import SpikeTrain
from dynsys.spike_rule import SpikeRule
from dynsys.typed import check_fields
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    import xarray as xr

    from dynsys.neurons.adaptation_map import AdaptationMap
    from dynsys.neurons.firing_pattern import FiringPattern
    from dynsys.neurons.flow import Hybrid


@dataclass(frozen=True)
class Equilibrium:
    """A resting state: ``state`` (n,), ``eigenvalues`` (n,) in 1/ms, and whether it is stable."""

    state: np.ndarray
    eigenvalues: np.ndarray

    @property
    def stable(self) -> bool:
        return bool(np.all(self.eigenvalues.real < 0))


@dataclass(frozen=True)
class SpikingNeuron:
    """A neuron with spikes that are cut and reset.

    Parameters
    ----------
    field : the ``VectorField`` between spikes, V first; it holds all parameters.
    rule : the ``SpikeRule``, its values names of parameters of ``field``.
    resting : all equilibria (k, n) for a set of parameter values.
    row : where its values come from.
    closed_forms : "LP", "H", "BT" -> formula of the values (I, ...) of that point, where known.
    check : raises ModelError for parameter values that make no neuron, at every change of them.

    Example
    -------
    >>> from dynsys.models import adex_neuron
    >>> print(adex_neuron("transient").onset())
    """

    field: VectorField
    rule: SpikeRule
    resting: Callable[[Mapping[str, float]], np.ndarray] = dataclasses.field(repr=False)
    row: str = ""
    closed_forms: Mapping[str, Callable[[Mapping[str, float]], tuple[float, ...] | None]] = (
        dataclasses.field(default_factory=dict, repr=False)
    )
    check: Callable[[Mapping[str, float]], None] | None = dataclasses.field(
        default=None, repr=False
    )

    def __post_init__(self) -> None:
        check_fields(self)
        if self.check is not None:  # first, since a model knows better words
            self.check(self.field.parameters)
        self.rule.check(self.field, next(iter(self.field.states)))
        self.rule.packed(self.field)  # raises where its values are no parameters

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def parameters(self) -> Mapping[str, float]:
        return self.field.parameters

    @property
    def threshold(self) -> float:
        """mV at which a spike is cut."""
        return self.parameters[str(self.rule.threshold)]

    @property
    def reset(self) -> float:
        """mV to which a spike sets V."""
        return self.parameters[str(self.rule.reset)]

    @property
    def refractory(self) -> float:
        """ms of silence after a spike."""
        return self.parameters[str(self.rule.refractory)]

    def with_parameters(self, **values: float) -> SpikingNeuron:
        """The same neuron with other parameter values; errors as of ``VectorField``."""
        return replace(self, field=self.field.with_parameters(**values))

    def with_current(self, current: float | None) -> SpikingNeuron:
        """The same neuron with another injected current in pA (None: its own)."""
        return self if current is None else self.with_parameters(**{self.rule.current: current})

    def __str__(self) -> str:
        values = ", ".join(f"{k} = {v:g}" for k, v in self.parameters.items())
        return f"{self.name}{f' ({self.row})' if self.row else ''}: {values}"

    # --- rest ---------------------------------------------------------------------------------

    def equilibria(self, I: float | None = None) -> list[Equilibrium]:  # noqa: E741
        """All equilibria at the current ``I`` (pA; the neuron's own without), V ascending."""
        neuron = self.with_current(I)
        return [
            Equilibrium(x, np.linalg.eigvals(neuron.field.jacobian(x)))
            for x in neuron.resting(neuron.parameters)
        ]

    def rest(self, I: float | None = None) -> np.ndarray:  # noqa: E741
        """The stable equilibrium (n,) at the current ``I``.

        Raises ModelError where there is none.
        """
        for point in self.equilibria(I):
            if point.stable:
                return point.state
        value = self.parameters[self.rule.current] if I is None else I
        raise ModelError(
            f"{self.name} has no stable resting state at {self.rule.current} = {value:g} pA; give "
            "a current below its onset (neuron.onset())"
        )

    def to_auto(self, *_: object, **__: object) -> NoReturn:
        """Refused: AUTO-07p follows smooth flows, and a spike resets the state."""
        raise self._no_export("AUTO-07p", "to_auto")

    def to_xppaut(self, *_: object, **__: object) -> NoReturn:
        """Refused: the reset is not written; the flow between spikes can be."""
        raise self._no_export("XPPAUT", "to_xppaut")

    def _no_export(self, tool: str, method: str) -> ModelError:
        return ModelError(
            f"{self.name} resets at its spikes, which is not written for {tool}; the flow between "
            f"spikes is: neuron.field.{method}(...)"
        )

    # --- spikes -------------------------------------------------------------------------------

    def spikes(
        self, start: Sequence[float] | np.ndarray, count: int, patience: float | None = None
    ) -> SpikeTrain:
        """Integrate from a state (n,) through at most ``count`` spikes, each located exactly.

        Parameters
        ----------
        patience : longest wait for a spike in ms; by default 1000 of the slowest time constants.

        Raises
        ------
        ConvergenceError
            where spikes accumulate: infinitely many in finite time.
        """
        from dynsys.neurons import flow  # compiles

        spike_train: Any = flow.spike_train  # compiled functions carry numba signatures instead
        self._check_frozen()
        n = len(self.field.states)
        x = np.ascontiguousarray(start, dtype=float)
        if x.shape != (n,) or not np.all(np.isfinite(x)):
            raise ModelError(f"the start {start} is not a state of {n} finite numbers")
        if not x[0] < self.threshold:
            raise ModelError(
                f"the start V = {x[0]:g} mV is not below the cutoff {self.threshold:g} mV"
            )
        intervals, after = np.empty(count), np.empty((count, n))
        derivatives = np.empty((count, n - 1, n - 1))
        patience = self.patience if patience is None else patience
        status, done = spike_train(
            self.engine(), flow.TOLERANCE, patience, x, intervals, after, derivatives
        )
        self._check_intervals(intervals[:done])
        return SpikeTrain(intervals[:done], after[:done], derivatives[:done], self._end(status))

    def engine(self) -> Hybrid:
        """What the compiled functions of ``dynsys.neurons.flow`` need of this neuron."""
        from dynsys.neurons.flow import Hybrid  # compiles

        compiled = self.field.compiled
        stable = [e.state for e in self.equilibria() if e.stable]
        rests = np.array(stable, dtype=float).reshape(-1, compiled.n)
        return Hybrid(
            field=compiled.field,
            tangent=compiled.tangent,
            p=self.field.parameter_array(),
            tables=compiled.tables,
            rule=self.rule.packed(self.field),
            scale=self.field.scales,
            rests=rests,
        )

    @property
    def patience(self) -> float:
        """Longest wait for a spike in ms: 1000 of the slowest time constants at rest."""
        slowest = max(
            (1 / np.min(np.abs(e.eigenvalues.real)) for e in self.equilibria() if e.stable),
            default=0.0,
        )
        return 1000.0 * max(100.0, min(float(slowest), 1e5))

    def _end(self, status: int) -> str:
        from dynsys.neurons import flow  # compiles

        if status in (flow.FAILED, flow.TOO_MANY):
            raise ConvergenceError(
                f"{self.name}: no step of the integration was small enough; the parameters are "
                f"out of proportion: {self}"
            )
        return {flow.SPIKED: "more", flow.RESTED: "rest", flow.TIMED_OUT: "waiting"}[status]

    def _check_intervals(self, intervals: np.ndarray) -> None:
        """Refuse spikes that follow each other faster than time can be resolved."""
        if len(intervals) > 2 and float(np.min(intervals[1:])) < 1e-6:
            at = 1 + int(np.argmin(intervals[1:]))
            raise ConvergenceError(
                f"{self.name}: spikes accumulate, {intervals[at]:.1e} ms between spikes {at} and "
                f"{at + 1}: infinitely many in finite time. The reset {self.rule.reset} = "
                f"{self.reset:g} mV lies in the upstroke and nothing stops "
                f"it: lower it, or give a refractory time {self.rule.refractory} > 0"
            )

    def simulate(self, duration: float, dt: float | None = None, **options: Any) -> xr.Dataset:
        """The neuron over time, from ``start`` on.

        Parameters
        ----------
        duration : ms.
        dt : None: adaptive, every spike located to the integrator's accuracy, constant current.
            A number of ms: forward Euler steps, as published tables are made, with these options.
        start : state (n,), or (neurons, n).
        neurons : independent neurons.
        current : added to the injected current: a Waveform, an array (steps,), a function of time
            in ms, or one of these for each neuron.
        noise : ``WhiteNoise`` (mV/sqrt(ms)), or ``CurrentPerStep``, which depends on the step.
        kicks : state -> ``PoissonKicks``.
        threshold : False: no spikes, V moves freely.
        record, stride : how many neurons' states are kept, every how many steps.
        seed : of the noise; the same seed gives the same result.

        Returns
        -------
        Dataset: states over ``time`` (and ``neuron``), ``spike_time`` (and ``spike_neuron``) over
        ``spike``, the final states.

        Raises
        ------
        ModelError for a step, start or current that makes no sense; ConvergenceError where a
        state leaves the finite numbers.

        Example
        -------
        >>> from dynsys.models import adex_neuron
        >>> adex_neuron("tonic").simulate(300.0).spike_time
        """
        from dynsys.neurons.simulation import simulate_exactly, simulate_steps  # compiles

        if dt is not None:
            return simulate_steps(self, duration, dt, **options)
        if set(options) - {"start"}:
            raise ModelError(
                f"{', '.join(sorted(set(options) - {'start'}))} need fixed steps; give dt, for "
                "instance dt=0.05"
            )
        self._check_frozen()
        return simulate_exactly(self, duration, **options)

    def _check_frozen(self) -> None:
        """Refuse what assumes that all states are frozen while refractory."""
        states = list(self.field.states)
        going = self.rule.goes_on(states, states[0])
        if going.any():
            words = ", ".join(name for name, on in zip(states, going, strict=True) if on)
            raise ModelError(
                f"{self.name}: {words} run on while the neuron is "
                "refractory; simulate it with fixed steps (dt=...)"
            )

    # --- analyses -----------------------------------------------------------------------------

    def adaptation_map(self, I: float | None = None) -> AdaptationMap:  # noqa: E741
        """The map from the adaptation after one spike to that after the next, at a current (pA)."""
        from dynsys.neurons.adaptation_map import AdaptationMap  # compiles

        return AdaptationMap(self.with_current(I))

    def firing_pattern(self, I: float | None = None, holding: float = 5.0) -> FiringPattern:  # noqa: E741
        """What the neuron does at a current step from ``holding`` to ``I`` (pA), and why.

        Example
        -------
        >>> from dynsys.models import adex_neuron
        >>> print(adex_neuron("tonic").firing_pattern(I=65.0))
        """
        from dynsys.neurons.firing_pattern import firing_pattern  # compiles

        return firing_pattern(self, I, holding)

    def onset(self) -> Any:
        """Where rest ends as the current grows, by continuation beside the closed forms."""
        return analysis("onset")(self)

    def rate_curve(self, span: tuple[float, float] = (0.0, 130.0), **options: Any) -> xr.Dataset:
        """Firing rate (Hz) over the injected current (pA), by continuation of spiking orbits."""
        return analysis("rate_curve")(self, span, **options)

    def rheobase(self, holding: float = 5.0) -> float:
        """The lowest current (pA) whose step from rest at ``holding`` gives a spike."""
        return rheobase(self, holding)

    def transient_window(self, holding: float = 5.0) -> TransientWindow:
        """The currents whose step from rest at ``holding`` (pA) gives spikes and then silence.

        Example
        -------
        >>> from dynsys.models import adex_neuron
        >>> print(adex_neuron("transient").transient_window())
        """
        return transient_window(self, holding)
