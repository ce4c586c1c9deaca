"""Conductance-based mean fields: the master equation of populations with transfer functions.

Source: El Boustani & Destexhe 2009, Neural Comput 21:46-100 (master equation); Zerlaut et al. 2018,
J Comput Neurosci 44:45-61; di Volo et al. 2019, Neural Comput 31:653-680 (adaptation); Carlu et al.
2020, J Neurophysiol 123:1042-1051 (Hodgkin-Huxley cells).
"""

from __future__ import annotations

import math
from itertools import combinations_with_replacement

import sympy

from dynsys.cells import AdExCell
from dynsys.definition import Observable, Parameter, State, symbol
from dynsys.errors import ModelError
from dynsys.expressions.partials import Partial
from dynsys.models.library_model import library_model
from dynsys.transfer.circuits import Circuit, find_circuit
from dynsys.transfer.functions import KILOHERTZ, TransferFunction
from dynsys.transfer.membrane import SynapticInput
from dynsys.typed import typed
from dynsys.vector_field import VectorField

ORDERS = (1, 2)
_HIGHEST = 120.0  # Hz, of the ranges in which equilibria are looked for; saturated ones lie near


@library_model
@typed
def master_equation(
    circuit: str | Circuit = "zerlaut2018", order: int = 1, legacy_sigma: bool = False
) -> VectorField:
    """Mean field of conductance-based populations, from the transfer functions of their cells.

    Rates relax to the transfer function within the bin ``T``; at second order their covariances in
    bins of ``T``, which finite numbers of cells cause, act back on them. Derivatives of the
    transfer functions are exact.

    Parameters
    ----------
    circuit : "zerlaut2018" (AdEx; RS and FS cells), "divolo2019" (the same with an adaptation
        current), "carlu2020-hh" (Hodgkin-Huxley cells), "zerlaut2018-package", "spectrum2018"
        (leaky cells with 31 coefficients), "spectrum2018-disinhibited" (with a third population),
        or a ``Circuit`` of your own, of any populations.
    order : 1 for rates, 2 for rates and covariances.
    legacy_sigma : reproduces the publication of 2018, whose code leaves inhibition out of the
        variance. Its coefficients need it; without it, zerlaut2018 has coefficients fitted anew.

    Returns
    -------
    VectorField with states ``nu_<population>`` in Hz, ``c_<pair>`` in Hz^2 at second order and
    ``W`` in pA where cells adapt; time in ms, external drives in Hz per synapse.

    Assumptions: Poisson input, bins ``T`` longer than the memory of the network. Not to be confused
    with the published programs' discrete time stepping.

    Raises
    ------
    UnknownNameError, ModelError for an unknown circuit or order, and for coefficients that do not
    fit the convention.

    Example
    -------
    >>> model = master_equation("zerlaut2018", legacy_sigma=True).with_parameters(drive=4.0)
    >>> model.equilibrium()
    """
    if not isinstance(order, int) or order not in ORDERS:
        raise ModelError(f"order {order!r}: the master equation is written to order 1 or 2")
    if not isinstance(circuit, Circuit):
        circuit = find_circuit(circuit, legacy_sigma)
    elif legacy_sigma != circuit.legacy_sigma and legacy_sigma:
        raise ModelError(f"{circuit.name} says legacy_sigma=False; say it in one place")
    return _Writer(circuit, order).model()


class _Writer:
    """Collects parameters, definitions and equations of one circuit."""

    def __init__(self, circuit: Circuit, order: int) -> None:
        self.circuit, self.order = circuit, order
        self.network = circuit.network
        self.populations = list(self.network.neurons)
        self.parameters: dict[str, Parameter] = {}
        self.definitions: dict[str, sympy.Expr] = {}
        self.observables: dict[str, Observable] = {}

    def model(self) -> VectorField:
        for label in self.populations:
            self._population(label)
        states, equations = self._rates()
        if self.order == 2:
            more, covariances = self._covariances()
            states, equations = states | more, equations | covariances
        more, currents = self._adaptation()
        shown = {k: self._shown(k, s) for k, s in (states | more).items()}
        return VectorField(
            name="master_equation",
            meaning="mean field of conductance-based populations (master equation of order "
            f"{self.order}): {self.circuit.name}",
            states=states | more,
            parameters=self.parameters,
            definitions=self.definitions,
            equations=equations | currents,
            observables=shown | self._positivity() | self.observables,
            time_unit="ms",
            source="El Boustani & Destexhe 2009, Neural Comput 21:46-100; "
            + "; ".join(dict.fromkeys(f.source for f in self.circuit.functions.values()))
            + (" (legacy_sigma)" if self.circuit.legacy_sigma else ""),
        )

    # --- parameters ---------------------------------------------------------------------------

    def _parameter(
        self, name: str, value: float, unit: str, meaning: str, positive: bool = False
    ) -> sympy.Symbol:
        self.parameters.setdefault(name, Parameter(float(value), unit, meaning, positive))
        return symbol(name)

    def _synapse(self, source: str, target: str, K: float, Q: float) -> tuple:
        """Symbols of K and Q: one for all targets of a source where these are equal."""
        same = self.network.from_source(source)
        K_name = f"K_{source}" if len({p.active for p in same}) == 1 else f"K_{source}_{target}"
        Q_name = f"Q_{source}" if len({p.Q for p in same}) == 1 else f"Q_{source}_{target}"
        return (
            self._parameter(K_name, K, "", f"synapses from {source} on a cell"),
            self._parameter(Q_name, Q, "nS", f"conductance of one spike from {source}"),
        )

    def _presynaptic(self, source: str, target: str) -> sympy.Expr:
        """Rate (Hz) of each synapse: the population's own and what is added from outside."""
        rate = symbol(f"nu_{source}") if source in self.populations else sympy.S.Zero
        for name, drive in self.network.drives.items():
            if drive.along != source:
                continue
            added = self._parameter(name, drive.rate, "Hz", drive.meaning)
            if drive.shares is not None:
                share = drive.shares.get(target, 0.0)
                added *= self._parameter(
                    f"{name}_to_{target}", share, "", f"share of {name} that reaches {target}"
                )
            rate += added
        return rate

    # --- populations --------------------------------------------------------------------------

    def _population(self, label: str) -> None:
        inputs = []
        for projection in self.network.into(label):
            source = projection.source
            receptor = self.network.receptors[source]
            K, Q = self._synapse(source, label, projection.active, projection.Q)
            tau = self._parameter(f"tau_{source}", receptor.tau, "ms", f"decay of {source}", True)
            E = self._parameter(f"E_{source}", receptor.E, "mV", f"reversal potential of {source}")
            name = f"nu_{source}_to_{label}"
            self.definitions[name] = self._presynaptic(source, label)
            rate = K * symbol(name) / KILOHERTZ
            inputs.append(SynapticInput(rate, Q, tau, E, receptor.inhibitory))
        cell = self.circuit.cells[label]
        E_L = self._parameter(f"E_L_{label}", cell.E_L, "mV", f"leak reversal potential of {label}")
        current = -symbol(self._current(label)) if label in self.circuit.adapting else 0
        function = self.circuit.functions[label]
        definitions, moments = function.definitions(label, inputs, E_L, current)
        self.definitions |= definitions
        rate = symbol(f"F_{label}")
        self.observables |= {
            f"mu_V_{label}": Observable(moments.mean, "mV", f"mean potential of {label}"),
            f"sigma_V_{label}": Observable(moments.sd, "mV", f"fluctuations of {label}"),
            f"tau_V_{label}": Observable(
                moments.autocorrelation_time, "ms", f"autocorrelation time of {label}"
            ),
            f"saturation_{label}": Observable(
                2 * moments.autocorrelation_time * rate / KILOHERTZ, "",
                f"rate of {label} times 2 tau_V", (0.0, 1.0),
                "the rate passed 1 / (2 tau_V): the mean potential is above threshold and the "
                "template saturates, as no cell does: not physical",
            ),
        }  # fmt: skip
        self._inputs_within(label, function)

    def _inputs_within(self, label: str, function: TransferFunction) -> None:
        """Observe the inputs whose rates the function was fitted to up to a highest one."""
        for source, highest in function.highest_input:
            if any(drive.along == source for drive in self.network.drives.values()):
                name = f"nu_{source}_to_{label}"
                self.observables[name] = Observable(
                    symbol(name), "Hz", f"input of {label} from {source}, per synapse",
                    (-1e-9, highest),
                    f"{function.name} was fitted to inputs up to {highest:g} Hz: extrapolated",
                )  # fmt: skip

    def _shown(self, name: str, state: State) -> Observable:
        label = name.removeprefix("nu_")
        if label not in self.populations:
            return Observable(symbol(name), state.unit, state.meaning)
        function = self.circuit.functions[label]
        reached = {function.name: function.highest_output}
        for other in self.circuit.functions.values():
            reached[other.name] = min(
                reached.get(other.name, math.inf), dict(other.highest_input).get(label, math.inf)
            )
        name_of, highest = min(reached.items(), key=lambda item: item[1])
        return Observable(
            symbol(name), state.unit, state.meaning, (-1e-9, highest),
            f"{name_of} was fitted to rates up to {highest:g} Hz: extrapolated",
        )  # fmt: skip

    def _positivity(self) -> dict[str, Observable]:
        """Leading minors of the covariance matrix, which must not be negative."""
        if self.order == 1:
            return {}
        entries = [[self._covariance(a, b) for b in self.populations] for a in self.populations]
        reason = (
            "the covariances are those of no random variables: the second order's closure ends here"
        )
        minors = {}
        for size in range(1, len(entries) + 1):
            minor = sympy.Matrix([row[:size] for row in entries[:size]]).det()
            minors[f"covariance_minor_{size}"] = Observable(
                minor, f"Hz^{2 * size}", f"leading minor {size} of the covariances",
                (0.0, float("inf")), reason,
            )  # fmt: skip
        return minors

    def _current(self, label: str) -> str:
        return "W" if len(self.circuit.adapting) == 1 else f"W_{label}"

    # --- equations ----------------------------------------------------------------------------

    def _rates(self) -> tuple[dict[str, State], dict[str, sympy.Expr]]:
        T = self._parameter("T", 5.0, "ms", "bin of the master equation", True)
        states, equations = {}, {}
        for label in self.populations:
            inhibitory = (
                label in self.network.receptors and self.network.receptors[label].inhibitory
            )
            states[f"nu_{label}"] = State(
                10.0 if inhibitory else 1.0, (0.0, _HIGHEST), "Hz", f"rate of {label}", 0.0
            )
            right = symbol(f"F_{label}") - symbol(f"nu_{label}")
            if self.order == 2:
                right += self._curvature(label)
            equations[f"nu_{label}"] = right / T
        return states, equations

    def _covariance(self, a: str, b: str) -> sympy.Symbol:
        first, second = sorted((a, b), key=self.populations.index)
        return symbol(f"c_{first}{second}" if len(a + b) == 2 else f"c_{first}_{second}")

    def _slope(self, of: str, *by: str) -> sympy.Expr:
        result = symbol(f"F_{of}")
        for label in by:
            result = Partial(result, symbol(f"nu_{label}"))
        return result

    def _curvature(self, label: str) -> sympy.Expr:
        total = sympy.S.Zero
        for a, b in combinations_with_replacement(self.populations, 2):
            weight = sympy.Rational(1, 2) if a == b else 1
            total += weight * self._covariance(a, b) * self._slope(label, a, b)
        return total

    def _covariances(self) -> tuple[dict[str, State], dict[str, sympy.Expr]]:
        T = symbol("T")
        states, equations = {}, {}
        for a, b in combinations_with_replacement(self.populations, 2):
            name = self._covariance(a, b)
            error = {k: symbol(f"F_{k}") - symbol(f"nu_{k}") for k in (a, b)}
            right = error[a] * error[b] - 2 * name
            for k in self.populations:
                right += self._covariance(a, k) * self._slope(b, k)
                right += self._covariance(b, k) * self._slope(a, k)
            if a == b:
                count = self._parameter(
                    f"N_{a}", self.network.neurons[a], "", f"cells of {a}", True
                )
                right += symbol(f"F_{a}") * (KILOHERTZ / T - symbol(f"F_{a}")) / count
            start, low = (0.1, 0.0) if a == b else (0.1, -1.0)
            states[name.name] = State(
                start, (low, 4.0), "Hz^2", f"covariance of the rates of {a} and {b} in bins of T"
            )
            equations[name.name] = right / T
        return states, equations

    def _adaptation(self) -> tuple[dict[str, State], dict[str, sympy.Expr]]:
        states, equations = {}, {}
        for label in self.circuit.adapting:
            cell = self.circuit.cells[label]
            assert isinstance(cell, AdExCell)
            name = self._current(label)
            tail = name[1:]
            a = self._parameter(f"a{tail}", cell.a, "nS", "subthreshold adaptation")
            b = self._parameter(f"b{tail}", cell.b, "pA", "spike-triggered adaptation")
            tau = self._parameter(f"tau_w{tail}", cell.tau_w, "ms", "adaptation time", True)
            states[name] = State(0.0, (0.0, 100.0), "pA", f"mean adaptation current of {label}")
            pull = a * (symbol(f"mu_V_{label}") - symbol(f"E_L_{label}"))
            equations[name] = (pull - symbol(name)) / tau + b * symbol(f"nu_{label}") / KILOHERTZ
        return states, equations
