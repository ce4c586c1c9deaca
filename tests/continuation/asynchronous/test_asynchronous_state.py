"""Exact stability of the asynchronous state of the AdEx network.

The Hopf points asked for were computed by a separate program with other formulas for the loop and
the adaptation current, on the same Fokker-Planck response.
"""

from __future__ import annotations

import numpy as np
import pytest

from continuation import asynchronous_state, bifurcation_diagram, find_equilibria, load
from continuation.asynchronous import loop as loops
from continuation.asynchronous.loop import SLOW
from continuation.asynchronous.roots import count, polished
from continuation.asynchronous.synapses import Synapse
from continuation.steady_states.certificates import characteristic_equation
from dynsys.errors import DynsysError, ModelError, UnknownNameError
from dynsys.models import aln, wilson_cowan
from dynsys.transfer.threshold_integration import NeuronResponse


@pytest.mark.parametrize(
    ("mu_i", "span", "mu_e", "frequency", "r_e", "r_i"),
    [
        (0.5, (1.3, 1.6), 1.45802, 24.3019, 12.5626, 20.6860),
        (0.552, (1.3, 1.6), 1.48098, 23.8682, 11.6870, 21.0277),
        (1.0, (1.6, 1.8), 1.71883, 20.3173, 5.8796, 21.7715),
        (0.864, (0.8, 1.0), 0.92420, 18.9640, 0.8392, 3.3892),
    ],
)
def test_hopf_points_without_adaptation(mu_i, span, mu_e, frequency, r_e, r_i):
    (point,) = asynchronous_state.hopf_points(aln().with_parameters(mu_i=mu_i), "mu_e", span)
    assert point.name == "H1"
    assert point.parameters["mu_e"] == pytest.approx(mu_e, abs=1e-5)
    assert point.frequency == pytest.approx(frequency, abs=1e-4)
    assert point.observables["r_E"] == pytest.approx(r_e, abs=1e-4)
    assert point.observables["r_I"] == pytest.approx(r_i, abs=1e-4)
    assert point.certificate["residual"] < 1e-8
    assert point.certificate["test_function"] < 1e-8


@pytest.mark.parametrize(
    ("mu_i", "expected"),
    [
        (0.5, [(1.91745, 16.3850), (3.72079, 24.6924)]),
        (1.8, [(3.87836, 3.8173), (4.27668, 5.7150)]),
    ],
)
def test_hopf_points_with_adaptation(mu_i, expected):
    model = aln().with_parameters(mu_i=mu_i, a=15, b=40)
    points = asynchronous_state.hopf_points(model, "mu_e", (1.5, 4.5))
    found = [(p.parameters["mu_e"], p.frequency) for p in points]
    assert np.array(found) == pytest.approx(np.array(expected), abs=2e-4)


def test_the_voltages_own_response_moves_a_hopf_point():
    model = aln().with_parameters(mu_i=0.5, a=15, b=40)
    (point,) = asynchronous_state.hopf_points(model, "mu_e", (1.8, 2.0), voltage="dynamic")
    assert point.parameters["mu_e"] == pytest.approx(1.91745 - 0.0138, abs=2e-4)


def test_growth_changes_sign_at_the_hopf_point_and_nowhere_between():
    model = aln().with_parameters(mu_i=0.5)
    growth = [
        asynchronous_state(model.with_parameters(mu_e=mu_e)).growth_rate
        for mu_e in (1.40, 1.4579, 1.4581, 1.60)
    ]
    assert growth == sorted(growth, reverse=True)
    assert growth[1] > 0 > growth[2]
    assert growth[1] - growth[2] == pytest.approx(0.057, abs=0.01)


def test_with_the_cascades_filter_the_roots_are_those_of_the_mean_field(monkeypatch):
    model = aln().with_parameters(mu_e=1.3, mu_i=0.5)
    (x,) = find_equilibria(model)
    table = model.tables["eif"]

    def filtered(neuron, mu, sigma, exponents, extrapolated, voltages=True):
        rate = np.exp(table.evaluate("log_rate", mu, sigma))
        tau = np.exp(table.evaluate("log_tau_mu", mu, sigma))
        by_mu, by_sigma = (
            rate * table.evaluate("log_rate", mu, sigma, d) for d in ((1, 0), (0, 1))
        )
        flat = np.ones(len(exponents))
        return NeuronResponse(
            by_mu / (1 + exponents * tau), by_sigma * flat, 0 * flat, 0 * flat, 0 * flat
        )

    monkeypatch.setattr(loops, "neuron_response", filtered)
    state = asynchronous_state(model)
    root = (state.growth_rate + 2j * np.pi * state.frequency) / 1000
    assert characteristic_equation(model, x).polish(root) == pytest.approx(root, abs=1e-8)
    assert root.real == pytest.approx(0.0268, abs=1e-4)


def test_the_count_of_roots_agrees_with_newtons_method():
    state = asynchronous_state(aln().with_parameters(mu_e=1.3, mu_i=0.5))
    root = complex(state.growth_rate, 2 * np.pi * state.frequency) / 1000
    assert count(state.loop) == 2
    assert count(state.loop, root.real + 1e-3) == 0
    assert count(state.loop, root.real - 1e-3) == 2
    assert polished(state.loop, root + 0.002) == pytest.approx(root, abs=1e-10)


def test_far_from_every_boundary_the_leading_root_moves_little_with_a_parameter():
    # Roots farther left (at -147, -553 and -600 1/s) have deeper dips on the imaginary axis.
    rates, frequencies = [], []
    for mu_e in (2.3735, 2.3745, 2.375):
        model = aln().with_parameters(mu_e=mu_e, mu_i=2.633110886144349)
        state = asynchronous_state(model, find_equilibria(model)[-1])
        rates.append(state.growth_rate)
        frequencies.append(state.frequency)
    assert rates == pytest.approx([-63.59] * 3, abs=0.03)
    assert frequencies == pytest.approx([39.05] * 3, abs=0.06)


def test_a_saddle_has_one_real_root():
    model = aln().with_parameters(mu_e=2.05, mu_i=1.7)
    saddle = find_equilibria(model)[1]
    state = asynchronous_state(model, saddle)
    assert (count(state.loop), state.frequency) == (1, 0.0)
    assert state.growth_rate == pytest.approx(71.387, abs=0.01)


def test_slow_synapses_answer_by_their_slopes():
    def at(rate: float) -> Synapse:
        return Synapse(J=-3.3, c=0.76, K=200.0, tau=5.0, tau_m=20.0, delay=2.0, rate=rate)

    mean, variance = at(0.02).responses(np.array([SLOW]))
    h = 1e-6
    assert mean[0].real == pytest.approx(
        (at(0.02 + h).mean - at(0.02 - h).mean) / (2 * h), rel=1e-4
    )
    slope = (at(0.02 + h).variance - at(0.02 - h).variance) / (2 * h)
    assert variance[0].real == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("wiring", ["stated", "published"])
def test_on_a_curve_the_leading_pair_is_neutral(wiring):
    model = aln(wiring=wiring).with_parameters(mu_i=0.5)
    point = asynchronous_state.hopf_points(model, "mu_e", (1.3, 3.0))[-1]
    mu_e = point.parameters["mu_e"]
    spans = {"mu_e": (mu_e - 0.15, mu_e + 0.15), "mu_i": (0.4, 0.6)}
    curve = asynchronous_state.hopf_curve(point, ("mu_e", "mu_i"), spans)
    assert curve.kind == "asynchronous Hopf curve"
    assert curve.ended[0] == ("reached the end of the span",) * 2
    assert sorted(curve.data["mu_i"].values[[0, -1]]) == pytest.approx([0.4, 0.6])
    assert not curve.data["unstable"].any()
    one = curve.data.isel(point=2)
    values = {"mu_e": float(one["mu_e"]), "mu_i": float(one["mu_i"])}
    state = asynchronous_state(model.with_parameters(**values))
    assert abs(state.growth_rate) < 1e-5
    assert state.frequency == pytest.approx(float(one["frequency"]), abs=1e-6)


@pytest.mark.slow
def test_a_diagram_draws_the_curves_and_keeps_them(tmp_path):
    diagram = bifurcation_diagram(
        aln(), x=("mu_e", 1.35, 1.55), y=("mu_i", 0.45, 0.55), audit=0, asynchronous=True
    )
    (curve,) = diagram.asynchronous
    assert "Hopf of the network (exact)" in diagram.plot().get_legend_handles_labels()[1]
    again = load(diagram.save(tmp_path / "diagram.nc"))
    assert np.array_equal(again.asynchronous[0].data["mu_e"], curve.data["mu_e"])
    assert "asynchronous Hopf curve" in str(again)


def test_what_has_no_such_state_is_refused():
    with pytest.raises(ModelError, match="no theory of the network behind wilson_cowan"):
        asynchronous_state(wilson_cowan())
    with pytest.raises(ModelError, match="3 equilibria"):
        asynchronous_state(aln().with_parameters(mu_e=2.05, mu_i=1.7))
    with pytest.raises(UnknownNameError, match="mu_x"):
        asynchronous_state.hopf_points(aln(), "mu_x", (0, 1))
    with pytest.raises(DynsysError, match="voltage"):
        asynchronous_state(aln(), voltage="slow")
    with pytest.raises(ModelError, match="in a plane"):
        bifurcation_diagram(aln(), x=("mu_e", 0, 1), asynchronous=True)
