"""Published transfer functions against published values; what does not fit them is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dynsys import ModelError, UnknownNameError, VectorField
from dynsys.cells import find_cell
from dynsys.transfer import (
    NETWORKS,
    TRANSFER_FUNCTIONS,
    Circuit,
    evaluate,
    find_circuit,
    find_transfer_function,
)
from dynsys.transfer.membrane import SynapticInput
from dynsys.transfer.templates import effective_threshold

# Rates (Hz) of RS and FS cells at (nu_e, nu_i) = (5, 5), (8, 10), (12, 20) Hz.
POINTS = np.array([5.0, 8.0, 12.0]), np.array([5.0, 10.0, 20.0])
RATES = {
    "zerlaut2018": ((6.6335766, 6.2563732, 1.5236529), (27.538426, 25.53362, 7.0456106)),
    "zerlaut2018-package": ((6.3319181, 5.9997097, 1.9329467), (27.374119, 25.481287, 7.2318786)),
    "carlu2020-hh": ((4.2795932, 4.5997711, 1.4291754), (25.880477, 23.370612, 5.0567941)),
    "divolo2019": ((47.445237, 52.523399, 31.31311), (67.82468, 82.076644, 69.060678)),
}
# Coefficients published to 6 digits give rates to about as many.
REFIT = ((6.3274784, 6.0222119, 1.5506703), (27.173051, 24.881547, 7.2314722))


def rate(name: str):
    return evaluate(find_transfer_function(name), dict(zip("ei", POINTS, strict=True)))["rate"]


@pytest.mark.parametrize("circuit", RATES)
def test_rates_are_the_published_ones(circuit):
    for cell, expected in zip(("RS", "FS"), RATES[circuit], strict=True):
        assert rate(f"{cell}-{circuit}") == pytest.approx(np.array(expected), rel=1e-7)


def test_coefficients_fitted_with_the_correct_variance_give_their_rates():
    for cell, expected in zip(("RS", "FS"), REFIT, strict=True):
        assert rate(f"{cell}-zerlaut2018-refit") == pytest.approx(np.array(expected), rel=3e-6)


def test_adaptation_lowers_the_mean_potential():
    function = find_transfer_function("RS-divolo2019")
    found = evaluate(function, {"e": 5.0, "i": 10.0}, current=-50.0)
    published = {
        "mean": -54.0, "sd": 4.083980, "autocorrelation_time": 9.0, "threshold": -47.420389,
        "rate": 5.9534798,
    }  # fmt: skip
    for name, value in published.items():
        assert float(found[name]) == pytest.approx(value, rel=2e-7)


# (nu_e, nu_i, F_aff) -> mean, sd, skewness, tau_V, F_e, F_i of the network with 31 coefficients.
SPECTRUM = {
    (1, 1, 8): (-55.900621, 5.101805, 0.1065224, 17.422360, 8.5467686, 15.7063899),
    (2, 6, 8): (-62.091503, 4.897254, 0.0222595, 11.535948, 1.7534599, 5.2416660),
    (4, 11, 12): (-60.542797, 4.848366, -0.0325823, 9.175365, 3.7807919, 10.3453791),
}


@pytest.mark.parametrize("rates", SPECTRUM)
def test_31_coefficients_give_the_published_values(rates):
    network = find_circuit("spectrum2018").network
    inputs = dict(zip(("e", "i", "aff"), rates, strict=True))
    *moments, F_e, F_i = SPECTRUM[rates]
    exc = evaluate(find_transfer_function("exc-spectrum2018"), inputs, network, "e")
    inh = evaluate(find_transfer_function("inh-spectrum2018"), inputs, network, "i")
    names = ("mean", "sd", "skewness", "autocorrelation_time")
    for name, value in zip(names, moments, strict=True):
        assert float(exc[name]) == pytest.approx(value, abs=6e-7)
    assert float(exc["rate"]) == pytest.approx(F_e, rel=1e-7)
    assert float(inh["rate"]) == pytest.approx(F_i, rel=1e-7)


def derivatives(function: str, nu_e: float, nu_i: float) -> dict[str, float]:
    """Exact derivatives of a rate by both input rates, through the model language."""
    inputs = [
        SynapticInput("0.4*nu_e", 1.0, 5.0, 0.0), SynapticInput("0.1*nu_i", 5.0, 5.0, -80.0, True),
    ]  # fmt: skip
    from dynsys.definition import symbol

    inputs = [
        replace(inputs[0], rate=0.4 * symbol("nu_e")),
        replace(inputs[1], rate=0.1 * symbol("nu_i")),
    ]
    definitions, _ = find_transfer_function(function).definitions("x", inputs, -65.0)
    first = {f"F_{a}": f"partial(F_x, nu_{a})" for a in "ei"}
    second = {f"F_{a}{b}": f"partial(partial(F_x, nu_{a}), nu_{b})" for a, b in ("ee", "ei", "ii")}
    states = {"nu_e": nu_e, "nu_i": nu_i}
    model = VectorField(
        "slopes", states, {}, dict.fromkeys(states, "0"), definitions, first | second
    )
    return model.observe([nu_e, nu_i])


def test_derivatives_are_exact():
    # At the fixed point of the published coefficients, input 4 Hz higher than the rate.
    found = derivatives("RS-zerlaut2018", 6.45719675, 9.64063894)
    published = {
        "F_e": 2.18298, "F_i": -1.23604, "F_ee": 1.12117, "F_ei": -0.767793, "F_ii": 0.486895,
    }  # fmt: skip
    for name, value in published.items():
        assert found[name] == pytest.approx(value, rel=5e-6)
    function = find_transfer_function("RS-zerlaut2018")

    def F(e: float, i: float) -> float:
        return float(evaluate(function, {"e": 6.45719675 + e, "i": 9.64063894 + i})["rate"])

    h = 1e-3
    assert found["F_e"] == pytest.approx((F(h, 0) - F(-h, 0)) / (2 * h), rel=1e-6)
    mixed = (F(h, h) - F(h, -h) - F(-h, h) + F(-h, -h)) / (4 * h * h)
    assert found["F_ei"] == pytest.approx(mixed, rel=1e-5)


def test_the_rate_has_no_noise_far_below_threshold():
    quiet = evaluate(
        find_transfer_function("RS-zerlaut2018"), {"e": np.linspace(0.1, 1, 50), "i": 8}
    )
    assert np.all(np.diff(quiet["rate"]) > 0)
    assert quiet["rate"][0] < 1e-20


# --- what is refused --------------------------------------------------------------------------


def test_coefficients_of_another_variance_are_refused_with_the_reason():
    functions = {"e": "RS-zerlaut2018", "i": "FS-zerlaut2018"}
    with pytest.raises(ModelError, match="RS-zerlaut2018 were fitted with the published code's"):
        Circuit("mine", "CONFIG1", functions)
    with pytest.raises(ModelError, match="fitted with the correct variance"):
        find_circuit("divolo2019", legacy_sigma=True)


def test_coefficients_of_another_cell_are_refused_with_the_reason():
    functions = {"e": "RS-zerlaut2018-refit", "i": "FS-zerlaut2018-refit"}
    with pytest.raises(ModelError, match="RS with C_m = 200; LIF has 150"):
        Circuit("mine", "CONFIG1", functions, cells={"e": find_cell("LIF")})
    with pytest.raises(ModelError, match="another kind than HH-RS"):
        Circuit("mine", "CONFIG1", functions, cells={"e": find_cell("HH-RS")})


def test_an_adaptation_current_on_top_of_hidden_adaptation_is_refused():
    functions = {"e": "RS-zerlaut2018-refit", "i": "FS-zerlaut2018-refit"}
    with pytest.raises(ModelError, match="would count twice"):
        Circuit("mine", "CONFIG1", functions, adapting=("e",))


def test_numbers_of_coefficients_that_fit_no_template_are_refused():
    function = find_transfer_function("RS-divolo2019")
    with pytest.raises(ModelError, match="9 coefficients fit no template"):
        replace(function, coefficients=function.coefficients[:9])
    with pytest.raises(ModelError, match="looks like volts"):
        replace(function, coefficients=tuple(c / 1000 for c in function.coefficients))
    with pytest.raises(ModelError, match="needs the cell's V_thre"):
        effective_threshold(31 * (1.0,), None, 10.0, 200.0)


def test_input_that_makes_no_sense_is_refused():
    function = find_transfer_function("RS-zerlaut2018")
    with pytest.raises(ModelError, match="no rate for i"):
        evaluate(function, {"e": 5.0})
    with pytest.raises(ModelError, match="0 Hz or more"):
        evaluate(function, {"e": -5.0, "i": 1.0})
    with pytest.raises(UnknownNameError, match="has no source 'x'"):
        evaluate(function, {"e": 5.0, "i": 5.0, "x": 1.0})
    with pytest.raises(UnknownNameError, match="Did you mean 'RS-zerlaut2018'"):
        find_transfer_function("RS-zerlaut2081")


def test_every_published_function_names_its_cell_network_and_source():
    for name, function in TRANSFER_FUNCTIONS.items():
        assert function.name == name
        assert function.membrane.g_L == 10.0
        assert function.source
        assert function.network in NETWORKS
