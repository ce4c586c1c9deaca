"""The adaptation map: from w after one spike to w after the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from dynsys.errors import ConvergenceError, ModelError
from dynsys.neurons.drawing import draw_map
from dynsys.neurons.separatrix import reset_line_crossings
from dynsys.neurons.spike_train import SpikeTrain
from dynsys.neurons.spiking_orbit import SpikingOrbit, flights, orbit_through, refine_orbit

if TYPE_CHECKING:
    from dynsys.neurons.neuron import SpikingNeuron

MOST_SPIKES = 128  # in an orbit that is looked for by simulation
_FEW = 40  # spikes, within which most orbits are reached


@dataclass(frozen=True)
class Attractor:
    """What the iterated map settles on.

    ``orbit`` where it is periodic; else ``lyapunov`` (per spike) with its standard error and the
    mean ``rate`` in Hz; ``transient``: the spikes on the way, the last of them on the attractor.
    ``silent`` where the neuron comes to rest.
    """

    transient: SpikeTrain
    orbit: SpikingOrbit | None = None
    lyapunov: float | None = None
    lyapunov_error: float | None = None
    rate: float = 0.0
    silent: bool = False

    @property
    def kind(self) -> str:
        """ "silent", "periodic" or "aperiodic"."""
        return "silent" if self.silent else "periodic" if self.orbit else "aperiodic"


@dataclass(frozen=True)
class AdaptationMap:
    """w -> w' at the reset, of a neuron with one adaptation variable.

    Smooth where every reset is followed by a spike; where the reset line crosses the stable
    manifold of a saddle it jumps or is undefined (``discontinuities``).

    Source: Touboul & Brette 2009, SIAM J Appl Dyn Syst 8:1462.

    Example
    -------
    >>> from dynsys.models import adex_neuron
    >>> adex_neuron("bursting").adaptation_map().attractor().orbit
    4-spike orbit, 59.54 Hz, ...
    """

    neuron: SpikingNeuron

    def __call__(self, w: float | Sequence[float] | np.ndarray) -> np.ndarray:
        """The next w (k,) after w (k,), in pA; nan where no spike follows."""
        return flights(self.neuron, np.atleast_1d(np.asarray(w, dtype=float)))[:, 0]

    def derivative(self, w: float | Sequence[float] | np.ndarray) -> np.ndarray:
        """dw'/dw (k,), exact: the variational equation through the saltation at the spike."""
        return flights(self.neuron, np.atleast_1d(np.asarray(w, dtype=float)))[:, 2]

    def interval(self, w: float | Sequence[float] | np.ndarray) -> np.ndarray:
        """Time (k,) in ms from the spike to the next, its silence included."""
        return flights(self.neuron, np.atleast_1d(np.asarray(w, dtype=float)))[:, 1]

    def curve(self, w: np.ndarray) -> xr.Dataset:
        """``next``, ``derivative`` and ``interval`` over w (k,)."""
        rows = flights(self.neuron, w)
        units = {"next": "pA", "derivative": "", "interval": "ms"}
        columns = zip(units, (0, 2, 1), strict=True)
        return xr.Dataset(
            {k: ("w", rows[:, c], {"units": units[k]}) for k, c in columns},
            coords={"w": ("w", np.asarray(w, dtype=float), {"units": "pA"})},
            attrs={"neuron": str(self.neuron)},
        )

    @property
    def nullcline(self) -> float:
        """w at which V' = 0 at the reset (pA).

        Resets below it rise at once (sharp), resets above it first fall (broad); the map turns
        there from growing to falling.
        """
        at = np.array([self.neuron.reset, 0.0])
        speed, change = self.neuron.field.rhs(at)[0], self.neuron.field.jacobian(at)[0, 1]
        return float(-speed / change)

    def broad(self, w: np.ndarray) -> np.ndarray:
        """Which resets (k,) lie above the V-nullcline, so that V falls before it rises."""
        return np.asarray(w) > self.nullcline

    def discontinuities(self) -> np.ndarray:
        """All w (k,) at which the reset line crosses the stable manifold of a saddle, ascending.

        On one side of each the neuron spikes, on the other it rests or makes another turn first.
        Empty: the map is smooth everywhere.
        """
        return reset_line_crossings(self.neuron)

    def __str__(self) -> str:
        p, jumps = self.neuron.parameters, self.discontinuities()
        head = (
            f"adaptation map of {self.neuron.name} at {p[self.neuron.rule.current]:g} pA, turning "
            f"at w = {self.nullcline:.5g} pA"
        )
        if not len(jumps):
            return f"{head}; smooth: every reset on the line V = Vr leads smoothly to a spike"
        where = ", ".join(f"{w:.6g}" for w in jumps)
        rests = [e.state[0] for e in self.neuron.equilibria() if e.stable]
        other = (
            f"the resting state at {rests[0]:.4g} mV and no spike" if rests
            else "another turn around the unstable focus before the spike"
        )  # fmt: skip
        return (
            f"{head}; discontinuous at w = {where} pA: there the reset line crosses the stable "
            f"manifold of the saddle: on one side a spike follows, on the other {other}"
        )

    def fixed_points(self, span: tuple[float, float] | None = None) -> list[SpikingOrbit]:
        """All 1-spike orbits with w in ``span`` (pA), stable or not."""
        low, high = span or self.range()
        grid = np.linspace(low, high, 400)
        excess = self(grid) - grid
        jumps = self.discontinuities()
        found: list[SpikingOrbit] = []
        for k in np.flatnonzero(excess[:-1] * excess[1:] <= 0):
            if np.any((jumps >= grid[k]) & (jumps <= grid[k + 1])):
                continue
            root = brentq(lambda w: float(self(w)[0] - w), grid[k], grid[k + 1], xtol=1e-9)
            orbit = refine_orbit(self.neuron, np.array([root]))
            if orbit is not None and all(abs(orbit.w[0] - o.w[0]) > 1e-6 for o in found):
                found.append(orbit)
        return sorted(found, key=lambda o: o.w[0])

    def range(self) -> tuple[float, float]:
        """An interval of w (pA) that holds the map's turn and what it settles on."""
        turn = self.nullcline
        after = flights(self.neuron, np.array([turn - 1e-3]))[0, 0]
        p = self.neuron.parameters
        leap = sum(abs(p[str(name)]) for name in self.neuron.rule.at_spike().values()) + 1.0
        values = [turn, *self._first()] + ([float(after)] if np.isfinite(after) else [])
        return min(values) - 2 * leap, max(values) + 2 * leap

    def _first(self) -> list[float]:
        train = self.neuron.spikes(self.start(), 60)
        return [float(w) for w in train.states[:, 1]]

    def start(self) -> np.ndarray:
        """(Vr, w) with w in balance at the reset: where iterations begin without another start."""
        at = np.array([self.neuron.reset, 0.0])
        drift, change = self.neuron.field.rhs(at)[1], self.neuron.field.jacobian(at)[1, 1]
        return np.array([at[0], -drift / change])

    def attractor(
        self, start: np.ndarray | None = None, spikes: int = 400, most: int = 4000
    ) -> Attractor:
        """Iterate from a state (2,) until rest, a periodic orbit, or the end of patience.

        A candidate orbit is refined by Newton's method and accepted when its multiplier is inside
        the unit circle. Without one after ``spikes`` the map is iterated over ``most`` more, and
        the Lyapunov exponent is the mean of log|dw'/dw| over them.

        Raises ConvergenceError where a spike neither follows nor fails to follow in time, and where
        the adaptation runs away or nothing has settled though nothing stretches.
        """
        x = self.start() if start is None else np.asarray(start, dtype=float)
        past: SpikeTrain | None = None
        for count in (min(_FEW, spikes), spikes, most):
            train = self.neuron.spikes(x if past is None else past.states[-1], count)
            past = train if past is None else _joined(past, train)
            if train.end == "rest":
                return Attractor(past, silent=True)
            if train.end == "waiting":
                raise ConvergenceError(
                    f"{self.neuron.name}: {self.neuron.patience:g} ms passed after spike "
                    f"{len(past)} without another and without rest: the current is within "
                    "rounding of an onset, or rest is not a stable equilibrium"
                )
            orbit = self._periodic(train)
            if orbit is not None:
                return Attractor(past, orbit=orbit, rate=orbit.rate)
        assert past is not None
        found = _aperiodic(past, train)
        assert found.lyapunov is not None and found.lyapunov_error is not None
        if found.lyapunov > 2 * found.lyapunov_error:
            return found
        orbit = self._nearest(train)
        if orbit is None:
            raise ConvergenceError(self._unsettled(train, found.lyapunov))
        return Attractor(past, orbit=orbit, rate=orbit.rate)

    def _nearest(self, train: SpikeTrain) -> SpikingOrbit | None:
        """The stable orbit next to the end of a train, slow to settle or of long period."""
        w = train.states[:, 1]
        returns = np.abs(w[-1] - w[-2 : -(len(w) // 2) : -1])
        # Many spikes in a burst: the train itself has converged to rounding.
        for n in np.flatnonzero(returns < 1e-6)[:3] + 1:
            if np.max(np.abs(w[-n:] - w[-2 * n : -n])) < 1e-5:
                return orbit_through(self.neuron, w[-n:])
        for n in np.argsort(returns[:MOST_SPIKES])[:8] + 1:
            orbit = refine_orbit(self.neuron, w[-n:])
            if orbit is not None and orbit.stable:
                return orbit
        return None

    def _unsettled(self, train: SpikeTrain, exponent: float) -> str:
        """Why a train with no positive exponent has reached no orbit."""
        w, last = train.states[:, 1], float(train.intervals[-1])
        start = f"{self.neuron.name} does not settle within {len(train)} spikes (exponent "
        start += f"{exponent:.2g} per spike): "
        if np.all(np.diff(w) < 0):
            return (
                f"{start}every spike lowers the adaptation, from {w[0]:.4g} to {w[-1]:.4g} pA, "
                f"faster than it recovers in ever shorter intervals (now {last:.3g} ms): the rate "
                "grows without bound, or to 1/Tref. A negative increment b does this; raise it"
            )
        return (
            f"{start}a burst has more spikes than that, or the orbit is at a bifurcation. The "
            "reset may lie far in the upstroke of the spike; lower it"
        )

    def _periodic(self, train: SpikeTrain) -> SpikingOrbit | None:
        """The attracting orbit that the end of a train is on, refined."""
        w = train.states[:, 1]
        size = max(np.ptp(w[len(w) // 2 :]), 1e-3)  # pA; well above the integration's error
        # Before it has converged: near its bifurcations an orbit attracts slowly.
        for n in range(1, min(MOST_SPIKES, len(w) // 3) + 1):
            if np.max(np.abs(w[-3:] - w[-3 - n : -n])) > 1e-3 * size:
                continue
            orbit = refine_orbit(self.neuron, w[-n:])
            if orbit is None or not orbit.stable:
                continue
            if np.max(np.abs(orbit.w - w[-n:])) <= 2e-3 * size + 1e-6:
                return orbit
        return None

    def lyapunov_exponent(self, spikes: int = 4000) -> float:
        """Mean of log|dw'/dw| per spike on the attractor (negative: periodic).

        Raises ModelError where the neuron is silent.
        """
        found = self.attractor()
        if found.silent:
            raise ModelError(f"{self.neuron.name} comes to rest: its map has no attractor")
        last = self.neuron.spikes(found.transient.states[-1], spikes)
        return float(np.mean(np.log(np.abs(last.derivatives[:, 0, 0]))))

    def plot(
        self, ax: Any = None, start: np.ndarray | None = None, *, style: str = "default",
        **line: Any,
    ) -> Any:  # fmt: skip
        """Draw the map, the diagonal, its 1-spike orbits and a cobweb. Returns the axes.

        ``style`` is "default" or "publication"; ``line`` are matplotlib's keywords for the map.
        """
        return draw_map(self, ax, start, style=style, **line)


def _joined(one: SpikeTrain, two: SpikeTrain) -> SpikeTrain:
    """One train after the other."""
    return SpikeTrain(
        np.concatenate([one.intervals, two.intervals]), np.concatenate([one.states, two.states]),
        np.concatenate([one.derivatives, two.derivatives]), two.end,
    )  # fmt: skip


def _aperiodic(first: SpikeTrain, train: SpikeTrain) -> Attractor:
    stretching = np.log(np.abs(train.derivatives[:, 0, 0]))
    batches = stretching[: len(stretching) // 20 * 20].reshape(20, -1).mean(axis=1)
    return Attractor(
        first, lyapunov=float(np.mean(stretching)),
        lyapunov_error=float(np.std(batches, ddof=1) / np.sqrt(20)),
        rate=1000.0 * len(train) / float(np.sum(train.intervals)),
    )  # fmt: skip
