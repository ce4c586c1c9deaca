"""The AdEx mean field (aLN): an adaptive linear-nonlinear cascade of two populations.

Source: Augustin, Ladenbauer, Baumann & Obermayer 2017, PLOS Comput Biol 13(6):e1005545 (cascade);
Cakan & Obermayer 2020, PLOS Comput Biol 16(4):e1007822 (coupled populations, parameters).
"""

from __future__ import annotations

from collections.abc import Mapping

from dynsys import checks
from dynsys.definition import Attractors, Observable, Parameter, State
from dynsys.models.aln_noise import TrainNoise, train_noise
from dynsys.models.library_model import library_model
from dynsys.transfer import EIFNeuron, transfer_function
from dynsys.typed import typed
from dynsys.vector_field import VectorField

WIRINGS = ("stated", "published")


@library_model
@typed
def aln(
    wiring: str = "stated", neuron: EIFNeuron | None = None, neurons: int | None = None
) -> VectorField:
    """Mean field of an excitatory and an inhibitory population of AdEx neurons.

    The figure parameters of Cakan & Obermayer 2020 are the defaults; adaptation is off
    (``a = b = 0``) and is switched on with ``with_parameters(a=15, b=40)``.

    Parameters
    ----------
    wiring : "stated" attaches in-degree and delay to the source population, as the paper says;
        "published" attaches them to the target, as the published network code does.
    neuron : the exponential integrate-and-fire neuron behind the transfer functions.
    neurons : per population: the noise of so many spike trains is added to the rates that reach
        synapses and observables (parameter ``N``), see ``aln_noise``; ``simulate`` then needs a
        seed. Without it N is infinite.

    Returns
    -------
    VectorField with 11 states (and delay lines), 17 with noise; observables ``r_E``, ``r_I`` in Hz,
    ``I_A`` in pA.

    Not to be confused with the published time stepper (Euler, bilinear tables, delays d + dt):
    this is the continuous-time model on smooth tables.

    Example
    -------
    >>> model = aln().with_parameters(mu_e=1.3, mu_i=0.5)
    """
    checks.known("wiring", wiring, WIRINGS, "aln")
    neuron = neuron or EIFNeuron()
    added = TrainNoise() if neurons is None else train_noise(neurons)
    return VectorField(
        name="aln",
        meaning="AdEx mean field of excitatory and inhibitory populations (aLN cascade)",
        states=_STATES | added.states,
        parameters=_inputs(neuron) | _PARAMETERS | added.parameters,
        definitions=_definitions(wiring, neuron, added.rates),
        equations=_EQUATIONS | added.equations,
        observables={
            "r_E": Observable(f"1000*{added.rates['e']}", "Hz", "excitatory population rate"),
            "r_I": Observable(f"1000*{added.rates['i']}", "Hz", "inhibitory population rate"),
            "I_A": Observable("I_A", "pA", "mean adaptation current"),
        },
        noise=added.noise,
        tables={"eif": transfer_function(neuron)},
        # Between the down states (r_E < 3 Hz at their folds) and the up states of the figures.
        attractors=Attractors("r_E", (4.0,), ("down", "up"), "I_A", ("LC_EI", "LC_aE")),
        time_unit="ms",
        source="Augustin et al. 2017, PLOS Comput Biol 13(6):e1005545; Cakan & Obermayer 2020, "
        f"PLOS Comput Biol 16(4):e1007822; wiring {wiring!r}",
    )


_STATES = {
    "mu_fE": State(0.5, (-0.5, 5.0), "mV/ms", "filtered mean input of E"),
    "mu_fI": State(0.5, (-0.5, 5.0), "mV/ms", "filtered mean input of I"),
    "I_A": State(0.0, (0.0, 600.0), "pA", "mean adaptation current of E"),
    "s_EE": State(0.1, (0.0, 1.0), "", "mean synaptic activation of E by E"),
    "s_EI": State(0.1, (0.0, 1.0), "", "mean synaptic activation of E by I"),
    "s_IE": State(0.1, (0.0, 1.0), "", "mean synaptic activation of I by E"),
    "s_II": State(0.1, (0.0, 1.0), "", "mean synaptic activation of I by I"),
    "v_EE": State(1e-3, (0.0, 0.01), "", "variance of the synaptic activation of E by E"),
    "v_EI": State(1e-3, (0.0, 0.03), "", "variance of the synaptic activation of E by I"),
    "v_IE": State(1e-3, (0.0, 0.01), "", "variance of the synaptic activation of I by E"),
    "v_II": State(1e-3, (0.0, 0.03), "", "variance of the synaptic activation of I by I"),
}


def _inputs(neuron: EIFNeuron) -> dict[str, Parameter]:
    """The external inputs; a current in pA is the input in mV/ms times the capacitance."""
    return {
        "mu_e": Parameter(1.0, "mV/ms", "mean external input to E", capacitance=neuron.C),
        "mu_i": Parameter(0.5, "mV/ms", "mean external input to I", capacitance=neuron.C),
    }


_PARAMETERS = {
    "a": Parameter(0.0, "nS", "subthreshold adaptation"),
    "b": Parameter(0.0, "pA", "spike-triggered adaptation increment"),
    "tau_A": Parameter(200.0, "ms", "adaptation time constant", positive=True),
    "E_A": Parameter(-80.0, "mV", "reversal potential of the adaptation current"),
    "sigma_e_ext": Parameter(1.5, "mV/sqrt(ms)", "external noise to E", positive=True),
    "sigma_i_ext": Parameter(1.5, "mV/sqrt(ms)", "external noise to I", positive=True),
    "J_ee": Parameter(2.43, "mV/ms", "maximal coupling, E to E"),
    "J_ei": Parameter(-3.3, "mV/ms", "maximal coupling, I to E"),
    "J_ie": Parameter(2.60, "mV/ms", "maximal coupling, E to I"),
    "J_ii": Parameter(-1.64, "mV/ms", "maximal coupling, I to I"),
    "c_e": Parameter(0.3, "mV/ms", "amplitude of one excitatory input"),
    "c_i": Parameter(0.5, "mV/ms", "amplitude of one inhibitory input"),
    "K_e": Parameter(
        800.0, "", "in-degree attached to E (wiring: source or target)", positive=True
    ),
    "K_i": Parameter(
        200.0, "", "in-degree attached to I (wiring: source or target)", positive=True
    ),
    "d_e": Parameter(4.0, "ms", "delay attached to E (wiring: source or target)", positive=True),
    "d_i": Parameter(2.0, "ms", "delay attached to I (wiring: source or target)", positive=True),
    "tau_se": Parameter(2.0, "ms", "excitatory synaptic time constant", positive=True),
    "tau_si": Parameter(5.0, "ms", "inhibitory synaptic time constant", positive=True),
}

_EQUATIONS = {
    "mu_fE": "(J_ee*s_EE + J_ei*s_EI + mu_e - mu_fE)/exp(eif.log_tau_mu(x_E, sigma_E))",
    "mu_fI": "(J_ie*s_IE + J_ii*s_II + mu_i - mu_fI)/exp(eif.log_tau_mu(mu_fI, sigma_I))",
    "I_A": "(a*(eif.mean_voltage(x_E, sigma_E) - E_A) - I_A)/tau_A + b*r_e",
} | {
    f"s_{ab}": f"((1 - s_{ab})*z1_{ab} - s_{ab})/tau_s{ab[1].lower()}"
    for ab in ("EE", "EI", "IE", "II")
} | {
    f"v_{ab}": f"((1 - s_{ab})**2*z2_{ab} + (z2_{ab} - 2*tau_s{ab[1].lower()}*(1 + z1_{ab}))"
    f"*v_{ab})/tau_s{ab[1].lower()}**2"
    for ab in ("EE", "EI", "IE", "II")
}  # fmt: skip


def _definitions(wiring: str, neuron: EIFNeuron, rates: Mapping[str, str]) -> dict[str, str]:
    """Rates, couplings, input statistics; the first index of a pair is the target."""
    definitions = {
        "x_E": f"mu_fE - I_A/{neuron.C!r}",
        "r_e": "exp(eif.log_rate(x_E, sigma_E))",
        "r_i": "exp(eif.log_rate(mu_fI, sigma_I))",
        "tau_m": f"{neuron.C!r}/{neuron.gL!r}",
    }
    for target in "EI":
        for source in "EI":
            pair, letter = target + source, source.lower()
            owner = letter if wiring == "stated" else target.lower()
            chat = f"c_{letter}*tau_s{letter}/abs(J_{pair.lower()})"
            definitions[f"z1_{pair}"] = f"{chat}*K_{owner}*delay({rates[letter]}, d_{owner})"
            definitions[f"z2_{pair}"] = f"{chat}*z1_{pair}"
        definitions[f"sigma_{target}"] = _sigma(target)
    return definitions


def _sigma(target: str) -> str:
    """Input noise of a population (Augustin et al. 2017, eq. for sigma; colored synaptic noise)."""
    terms = [
        f"2*J_{pair.lower()}**2*v_{pair}*tau_s{pair[1].lower()}*tau_m"
        f"/((1 + z1_{pair})*tau_m + tau_s{pair[1].lower()})"
        for pair in (target + "E", target + "I")
    ]
    return f"sqrt({' + '.join(terms)} + sigma_{target.lower()}_ext**2)"
