"""``asynchronous_state``: exact linear stability of a network of spiking neurons, at a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from continuation.asynchronous.hopf_curves import hopf_curve
from continuation.asynchronous.hopf_points import hopf_points
from continuation.asynchronous.loop import QUASI_STATIC, Loop
from continuation.asynchronous.network import network_behind, solved
from continuation.asynchronous.roots import leading_root
from continuation.steady_states.search import find_equilibria
from dynsys import checks
from dynsys.errors import ConvergenceError, ModelError
from dynsys.transfer import EIFNeuron
from dynsys.vector_field import VectorField

_SEARCHES = 32  # and twice as many: there are three equilibria at most


@dataclass(frozen=True)
class AsynchronousState:
    """A constant state of the network of infinitely many neurons, and its leading perturbation.

    Parameters
    ----------
    rates : "r_E", "r_I" in Hz.
    growth_rate : of the leading perturbation, 1/s; negative: the state is stable.
    frequency : of the same, Hz; 0 where it does not oscillate.
    state : the mean field's equilibrium (n,) with these rates.
    loop : the linear response behind it.
    """

    model: VectorField
    rates: Mapping[str, float]
    growth_rate: float
    frequency: float
    state: np.ndarray
    loop: Loop

    @property
    def stable(self) -> bool:
        """Whether every perturbation decays."""
        return self.growth_rate < 0

    def __str__(self) -> str:
        rates = ", ".join(f"{name} = {value:.6g} Hz" for name, value in self.rates.items())
        word = "stable" if self.stable else "unstable"
        kind = f"at {self.frequency:.5g} Hz" if self.frequency else "without oscillation"
        return (
            f"asynchronous state of the network behind {self.model.name}, {word}: {rates}; the "
            f"leading perturbation {'decays' if self.stable else 'grows'} {kind}, "
            f"{self.growth_rate:.5g} 1/s"
        )

    __repr__ = __str__


class AsynchronousStates:
    """``asynchronous_state``: the function, and what else is known of such states.

    ``hopf_points`` along one parameter, ``hopf_curve`` in two.
    """

    hopf_points = staticmethod(hopf_points)
    hopf_curve = staticmethod(hopf_curve)

    def __call__(
        self,
        model: VectorField,
        state: Sequence[float] | np.ndarray | None = None,
        neuron: EIFNeuron | None = None,
        voltage: str = QUASI_STATIC,
    ) -> AsynchronousState:
        """Exact linear stability of the network of spiking neurons behind ``aln()``.

        The fixed point is the mean field's; around it the neurons' rates answer as the
        Fokker-Planck equation says, not as the cascade's exponential filter. Delays, synapses (mean
        and noise) and the adaptation current are included; N is infinite.

        Parameters
        ----------
        model : ``aln()``; its parameter values are the network's.
        state : near the equilibrium (n_physical,) or (n,); needed where there are several.
        neuron : the one the model was made with, if it is not the default.
        voltage : "quasi-static": the mean voltage that drives the adaptation current follows the
            input at once, as in the mean field; "dynamic": with its own Fokker-Planck response
            (which moves Hopf points by up to 0.014 mV/ms and 0.7 Hz at a = 15 nS, b = 40 pA).

        Raises
        ------
        ModelError for another model, or where there are several equilibria and no ``state``;
        ConvergenceError where there is none.

        Assumes Gaussian inputs (many small jumps) and one adaptation current for all neurons of E;
        neurons differ in neither. Not to be confused with the stability of ``aln()`` itself, whose
        boundaries lie up to 0.06 mV/ms from these with the figure parameters.

        Source: Brunel & Hakim 1999, Neural Comput 11:1621; Richardson 2007, Phys Rev E 76:021919.

        Example
        -------
        >>> asynchronous_state(aln().with_parameters(mu_e=1.6, mu_i=0.5)).growth_rate
        -33.88...
        """
        network = network_behind(model, (), neuron, voltage)
        at = network.unknowns(model.observe(_equilibrium(model, state)), {})
        y = solved(network.fixed, at)
        if y is None or np.max(np.abs(y - at)) > 1e-3:
            raise ConvergenceError(
                f"the equilibrium of {model.name} is no fixed point of its network: the transfer "
                "table and the Fokker-Planck equation disagree there (its edge?)"
            )
        loop = network.loop(y)
        root = leading_root(loop)
        rates = {f"r_{k}": 1000 * rate for k, rate in zip("EI", loop.rates, strict=True)}
        return AsynchronousState(
            model, MappingProxyType(rates), 1000 * root.real,
            root.imag / (2 * np.pi) * model.frequency_factor if root.imag > 1e-9 else 0.0,
            network.state(y), loop,
        )  # fmt: skip

    def __repr__(self) -> str:
        return "<function asynchronous_state(model, state=None, neuron=None, voltage=...)>"


asynchronous_state = AsynchronousStates()


def _equilibrium(model: VectorField, state: Sequence[float] | np.ndarray | None) -> np.ndarray:
    """The equilibrium near a state, or the only one."""
    if state is not None:
        given = checks.numbers("state", state)
        found = find_equilibria(model, searches=0, starts=given[None, : model.physical_dimension])
        if not len(found):
            raise ConvergenceError(f"{model.name} has no equilibrium next to the state given")
        return np.asarray(found[0])
    found = find_equilibria(model, searches=_SEARCHES)
    if not len(found):
        raise ConvergenceError(f"no equilibrium of {model.name} was found in the states' ranges")
    if len(found) > 1:
        rates = ", ".join(f"{model.observe(x)['r_E']:.4g}" for x in found)
        raise ModelError(
            f"{model.name} has {len(found)} equilibria here (r_E {rates} Hz); give the state of "
            "one of find_equilibria(model)"
        )
    return np.asarray(found[0])
