"""neurolib's parameter dictionary of its aLN model, as parameters of ours.

Source: Cakan, Jajcay & Obermayer 2023, Cogn Comput 15:1132-1152 (neurolib); names as of its
``ALNModel().params``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynsys.errors import ModelError, unknown_name
from dynsys.models.aln import aln
from dynsys.transfer import EIFNeuron
from dynsys.typed import typed
from dynsys.vector_field import VectorField

# neurolib's name -> ours
_SAME = {
    "a": "a", "b": "b", "EA": "E_A", "tauA": "tau_A", "Ke": "K_e", "Ki": "K_i", "de": "d_e",
    "di": "d_i", "tau_se": "tau_se", "tau_si": "tau_si", "sigmae_ext": "sigma_e_ext",
    "sigmai_ext": "sigma_i_ext", "Jee_max": "J_ee", "Jei_max": "J_ei", "Jie_max": "J_ie",
    "Jii_max": "J_ii",
}  # fmt: skip
_INPUTS = {"mu_e": ("mue_ext_mean", "ext_exc_current"), "mu_i": ("mui_ext_mean", "ext_inh_current")}
# Amplitudes of a population's output, which neurolib has for each target.
_AMPLITUDES = {"c_e": ("cee", "cie"), "c_i": ("cei", "cii")}
_NEURON = ("C", "gL", "EL", "DeltaT", "VT", "Vr", "Vs", "Tref")
# Must be zero, as they are by default: what else they would do.
_ABSENT = {
    "ext_exc_rate": "external rates act through a coupling between areas",
    "ext_inh_rate": "external rates act through a coupling between areas",
    "distr_delay": "distributed delays make another model",
    "filter_sigma": "a filtered input variance makes another model",
    "dosc_version": "the damped oscillator makes another model",
}
# Of many areas, of neurolib's run, or computed from the others; without effect on one area.
_WITHOUT_EFFECT = (
    "model", "name", "description", "warn", "fast_interp", "seed", "Cmat", "lengthMat", "signalV",
    "c_gl", "Ke_gl", "tau_de", "tau_di", "tau_ou", "mue_ou", "mui_ou", "Irange", "sigmarange", "dI",
    "ds", "precalc_r", "precalc_V", "precalc_tau_mu", "precalc_tau_sigma", "mufe_init", "mufi_init",
    "IA_init", "seem_init", "seim_init", "seev_init", "seiv_init", "siim_init", "siem_init",
    "siiv_init", "siev_init", "rates_exc_init", "rates_inh_init",
)  # fmt: skip
_OTHERS = ("N", "dt", "duration", "sigma_ou")


@typed
def aln_of_neurolib(params: Mapping[str, Any]) -> VectorField:
    """The model ``aln`` with the values of neurolib's parameter dictionary ``ALNModel().params``.

    Names that are left out have neurolib's defaults. Inputs are added to their means. A neuron of
    other values gets its own transfer functions (neurolib would go on with its stored ones).
    ``duration`` becomes the default of ``simulate``. ``model.notes`` says what was left out: the
    noise of the input, neurolib's step, its random initial states. neurolib delays by one more step
    ``dt`` than ``de`` and ``di`` say; here delays are exact.

    Raises
    ------
    UnknownNameError
        for a name that neurolib does not have (it accepts any, without effect).
    ModelError
        for more than one area, inputs that change over time, amplitudes that differ between
        targets (``cee`` and ``cie``), and variants of the model that are other equations.

    Example
    -------
    >>> model = aln_of_neurolib({"mue_ext_mean": 2.0, "mui_ext_mean": 0.5, "b": 20.0})
    >>> model.parameters["mu_e"]
    2.0
    """
    owner = "neurolib's aLN model"
    amplitudes = [k for pair in _AMPLITUDES.values() for k in pair]
    means = [k for pair in _INPUTS.values() for k in pair]
    known = [*_SAME, *means, *amplitudes, *_NEURON, *_ABSENT, *_OTHERS, *_WITHOUT_EFFECT]
    for name in params:
        if name not in known:
            raise unknown_name("parameter", name, known, owner)
    if int(params.get("N", 1)) != 1:
        raise ModelError(
            f"{owner} has {params['N']} areas here and aln is one; put it on the nodes of a graph "
            "with dynsys.couple"
        )
    for name, why in _ABSENT.items():
        if np.any(np.asarray(params.get(name, 0)) != 0):
            raise ModelError(f"{owner}: {name} is not zero: {why}, which is not read")
    numbers = {k: _number(owner, k, params[k]) for k in (*_SAME, *amplitudes) if k in params}
    values = {_SAME[k]: v for k, v in numbers.items() if k in _SAME}
    values |= {k: _amplitude(owner, pair, numbers) for k, pair in _AMPLITUDES.items()}
    defaults = {"mue_ext_mean": 0.4, "mui_ext_mean": 0.3}
    values |= {
        k: sum(_number(owner, name, params.get(name, defaults.get(name, 0.0))) for name in pair)
        for k, pair in _INPUTS.items()
    }
    neuron = EIFNeuron(**{k: _number(owner, k, params[k]) for k in _NEURON if k in params})
    run = {"duration": float(params["duration"])} if "duration" in params else {}
    model = aln(neuron=neuron).with_parameters(**values)
    return model.with_words(run=run, notes=_notes(params))


def _number(owner: str, name: str, value: Any) -> float:
    """A number, or an array of equal ones, which is how neurolib keeps constant inputs."""
    array = np.asarray(value, dtype=float).ravel()
    if not array.size or not np.all(array == array[0]):
        raise ModelError(
            f"{owner}: {name} changes over time or between areas; give its constant part here and "
            "the rest to simulate(inputs={'mu_e': ...})"
        )
    return float(array[0])


def _amplitude(owner: str, pair: tuple[str, str], numbers: Mapping[str, float]) -> float:
    default = {"cee": 0.3, "cie": 0.3, "cei": 0.5, "cii": 0.5}
    first, second = (numbers.get(k, default[k]) for k in pair)
    if first != second:
        raise ModelError(
            f"{owner}: {pair[0]} = {first:g} and {pair[1]} = {second:g} differ; aln has one "
            "amplitude for both targets of a population"
        )
    return first


def _notes(params: Mapping[str, Any]) -> list[str]:
    notes = []
    if np.any(np.asarray(params.get("sigma_ou", 0)) != 0):
        notes.append(
            f"neurolib's noise of the input (sigma_ou = {params['sigma_ou']:g}) is left out; give "
            "stimulation.OrnsteinUhlenbeck as an input of simulate"
        )
    left = [k for k in (*_WITHOUT_EFFECT, "dt") if k in params]
    if left:
        notes.append(f"left out, as without effect on these equations: {', '.join(left)}")
    return notes
