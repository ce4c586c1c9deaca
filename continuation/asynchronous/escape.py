"""How long a finite network stays in a state that a fold is about to take away: Kramers' formula.

Next to a fold the slow direction obeys x' = k (x - s)(x - u) plus noise, with a stable state s and
a saddle u: from the relaxation rate l = k (u - s) and the variance of x about s follow the barrier
over the noise, (u - s)^2 / (6 var), and the mean time of escape 2 pi / l exp(barrier).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from continuation.asynchronous.spectrum import rate_spectrum
from continuation.asynchronous.state import asynchronous_state
from continuation.steady_states.search import find_equilibria
from dynsys.errors import ModelError
from dynsys.models.aln_network import is_aln
from dynsys.vector_field import VectorField

LEAST_BARRIER = 1.0  # below it the state is no state: noise does not notice the saddle
MOST_UNLIKE = 1.5  # ratio of rates, and of slopes, at state and saddle
_TURNING = 1e-6  # Hz, from which a mode oscillates


@dataclass(frozen=True)
class Escape:
    """A state of a finite network and the saddle through which noise leads out of it.

    Parameters
    ----------
    stable, saddle : the first rate there, Hz.
    relaxation : 1/s, of the slow direction.
    variance : Hz^2, of the rate's slow fluctuations.
    frequency : Hz, of the slowest mode; 0 where it does not oscillate.
    departure : 1/s, growth rate at the saddle; nan where it is not known.
    """

    stable: float
    saddle: float
    relaxation: float
    variance: float
    frequency: float = 0.0
    departure: float = math.nan

    @property
    def barrier(self) -> float:
        """Height of the barrier over the noise; it grows as N."""
        return (self.saddle - self.stable) ** 2 / (6 * self.variance)

    @property
    def time(self) -> float:
        """Mean time of residence, ms."""
        return 2000 * np.pi / self.relaxation * float(np.exp(min(self.barrier, 600.0)))

    @property
    def end(self) -> str:
        """Why the formula does not hold here; empty where it does."""
        if self.frequency > 0:
            return (
                f"the slowest mode oscillates ({self.frequency:.3g} Hz): more than one direction "
                "is slow, the formula knows one"
            )
        if not self.barrier > LEAST_BARRIER:
            return "the barrier is below 1, about the noise"
        if _unlike(self.saddle, self.stable):
            return (
                f"the saddle's rate is {self.saddle / self.stable:.2g} times the state's, and so "
                "is its noise, which the formula takes for the same"
            )
        if _unlike(self.departure, self.relaxation):
            return (
                f"the saddle is left at {self.departure:.3g} 1/s, the state approached at "
                f"{self.relaxation:.3g}: the field between is no parabola"
            )
        return ""

    @property
    def valid(self) -> bool:
        """Whether the formula holds: one slow direction, a barrier to speak of, a parabola, one
        noise."""
        return not self.end

    def __str__(self) -> str:
        word = f"; Kramers' formula ends: {self.end}" if self.end else ""
        return (
            f"residence at {self.stable:.4g} Hz, saddle at {self.saddle:.4g} Hz: barrier "
            f"{self.barrier:.3g}, {self.time / 1000:.4g} s on average{word}"
        )

    __repr__ = __str__


def escape(
    model: VectorField,
    neurons: int | Mapping[str, int],
    state: Sequence[float] | np.ndarray,
) -> Escape:
    """Residence of a finite network in a stable state, by Kramers' formula next to a fold.

    Parameters
    ----------
    model : ``aln()`` or ``master_equation(...)``.
    neurons : as of ``rate_spectrum``.
    state : the stable equilibrium.

    Raises
    ------
    ModelError where no other equilibrium is there, or the state has no spectrum.

    Valid where the next equilibrium is a saddle, so near that the vector field between is a
    parabola, and the slowest mode does not oscillate; fluctuations are those of the linear theory,
    which ends where the barrier is below 1 and where N is not well above the in-degree, since
    neurons then share inputs. ``end`` of the result says of modes, barriers, noise and parabola
    where it does not hold. The mean field with noise (``aln(neurons=N)``) relaxes by its own slow
    mode: its barrier is that of the formula times the ratio of both relaxations.

    Measured at (1.99, 2.277) mV/ms for 1000 to 1500 neurons of 800 inputs, where the slowest mode
    oscillates at 6.9 Hz and the formula does not hold: 0.6 to 1.5 s predicted, 2.0 to 6.9 s found
    in the network (98 escapes), 0.7 to 7.6 s in the mean field with noise. Slopes of the logarithm
    over N, with standard errors: 0.0019 predicted, 0.0024 +- 0.0006 in the network, 0.0048 +-
    0.0003 in the mean field with noise, whose own slowest mode does not oscillate (-34 1/s).
    Nearer to the fold, where the formula holds, the mean field with noise follows it: at (1.9824,
    2.277) from 4000 to 8000 neurons 0.00046 by the formula with its own relaxation (15 against 26
    1/s), 0.00055 +- 0.00008 found. Networks know another fold there, 0.002 mV/ms away: 43 of 48 of
    4000 to 6000 neurons had left within 0.6 s, trains being more regular than Poisson's.

    Source: Kramers 1940, Physica 7:284; Gardiner 2009, Stochastic Methods, ch. 14.

    Example
    -------
    >>> model = aln().with_parameters(mu_e=1.99, mu_i=2.277)
    >>> escape(model, 2_000, max(find_equilibria(model), key=lambda x: model.observe(x)["r_E"]))
    """
    sizes = neurons if isinstance(neurons, int) else dict(neurons)
    spectrum = rate_spectrum(model, sizes, [1.0], state)
    main = spectrum.names[0]
    own = float(model.observe(np.asarray(state))[main])
    others = [(float(model.observe(x)[main]), x) for x in find_equilibria(model)]
    saddles = [(r, x) for r, x in others if abs(r - own) > 1e-6 * max(own, 1e-6)]
    if not saddles:
        raise ModelError(f"{model.name} has no saddle here: nothing leads out of {own:.4g} Hz")
    nearest, saddle = min(saddles, key=lambda each: abs(each[0] - own))
    relaxation = -float(spectrum.attrs["growth_rate"])
    slow = float(spectrum[f"{main}_node"][0])  # one-sided, at 0 Hz
    frequency = float(spectrum.attrs["mode_frequency"])
    turning = frequency if frequency > _TURNING else 0.0
    departure = _departure(model, saddle)
    return Escape(own, nearest, relaxation, slow * relaxation / 4, turning, departure)


def _departure(model: VectorField, saddle: np.ndarray) -> float:
    """The growth rate (1/s) at a saddle, by the theory whose spectrum is that of the state."""
    if is_aln(model):
        return asynchronous_state(model, saddle).growth_rate
    return model.frequency_factor * float(np.max(np.linalg.eigvals(model.jacobian(saddle)).real))


def _unlike(one: float, other: float) -> bool:
    return not math.isnan(one) and not 1 / MOST_UNLIKE < one / other < MOST_UNLIKE
