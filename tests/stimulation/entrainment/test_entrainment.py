"""Arnold tongues and entrainment of the fast rhythm: figure 5 of Cakan & Obermayer 2020."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import ModelError, UnknownNameError, VectorField, simulate
from dynsys.models import aln
from stimulation import Sine, arnold_tongue, entrainment_map, phase_locking

A2 = aln().with_parameters(mu_e=1.3, mu_i=0.5)

# Euler, dt = 0.1 ms, natural frequency 22.307: zero-to-peak pA -> lowest, highest locked Hz.
EDGES = {"0.5 pA": (22.232, 22.383), "1 pA": (22.161, 22.451), "2 pA": (22.012, 22.595),
         "4 pA": (21.707, 22.876), "6 pA": (21.389, 23.154), "20 pA": (17.78, 25.54)}  # fmt: skip


@pytest.fixture(scope="module")
def published_tongue():
    return arnold_tongue(
        A2, "mu_e", amplitudes=list(EDGES), method="simulation", discretisation="published"
    )


@pytest.fixture(scope="module")
def first_order():
    return arnold_tongue(A2, "mu_e", amplitudes=["1 pA", "4 pA"])


@pytest.mark.parametrize("amplitude", EDGES)
def test_the_published_edges(published_tongue, amplitude):
    assert published_tongue.natural == pytest.approx(22.307, abs=1e-3)
    assert published_tongue.edges(amplitude) == pytest.approx(EDGES[amplitude], abs=0.02)


def test_the_width_from_the_phase_response_alone(first_order):
    assert first_order.width_per_unit == pytest.approx(0.29, rel=0.05)
    low, high = first_order.edges("4 pA")
    assert low + high == pytest.approx(2 * first_order.natural)
    assert first_order.edges("0.02 mV/ms") == pytest.approx((low, high))  # 4 pA
    with pytest.raises(ModelError, match="it has 1, 4 pA"):
        first_order.edges("5 pA")


def test_the_simulated_tongue_tends_to_that_of_the_phase_response(first_order):
    simulated = arnold_tongue(A2, "mu_e", amplitudes=["1 pA"], method="simulation")
    assert simulated.natural == pytest.approx(first_order.natural, abs=2e-3)
    assert simulated.edges("1 pA") == pytest.approx(first_order.edges("1 pA"), abs=0.015)
    assert "1 pA" in str(simulated)


def test_continuation_phase_response_and_simulation_agree(first_order):
    exact = arnold_tongue(A2, "mu_e", amplitudes=["1 pA", "4 pA", "20 pA"], method="continuation")
    assert exact.data["lowest_by"].values.tolist() == ["LPC", "LPC", "NS"]
    assert exact.edges("1 pA") == pytest.approx(first_order.edges("1 pA"), abs=2e-3)
    simulated = arnold_tongue(
        A2, "mu_e", amplitudes=["4 pA", "20 pA"], method="simulation", criterion="period"
    )
    for amplitude in ("4 pA", "20 pA"):
        width = [np.diff(tongue.edges(amplitude))[0] for tongue in (exact, simulated)]
        assert width[0] == pytest.approx(width[1], rel=0.005)
    # One curve of folds around the tip; where it turns back, at 1:1 resonances, tori take over.
    fold, *tori = exact.curves
    assert fold.kind == "cycle fold curve"
    assert [len(fold.points(label)) for label in ("CPC", "R1")] == [2, 2]
    assert [curve.kind for curve in tori] == ["torus curve"] * 2
    resonances = sorted(p.parameters["stimulus_frequency"] for p in fold.points("R1"))
    ends = sorted(f[np.argmin(a)] for f, a in (
        (c.data["stimulus_frequency"].values, c.data["stimulus_amplitude"].values) for c in tori
    ))  # fmt: skip
    assert ends == pytest.approx(resonances, abs=1e-3)


@pytest.mark.parametrize(
    ("ratio", "inside", "outside"), [((1, 2), 45.0, 47.5), ((2, 1), 11.2, 11.7)]
)
def test_other_ratios_by_continuation_agree_with_simulation(ratio, inside, outside):
    low, high = arnold_tongue(
        A2, "mu_e", ratio=ratio, amplitudes=["20 pA"], method="continuation"
    ).edges("20 pA")
    assert low < inside < high < outside
    found = entrainment_map(A2, "mu_e", "20 pA", [inside, outside], ratios=[ratio])
    assert found.data["locked"].values[:, 0].tolist() == [True, False]


def test_a_weakly_driven_oscillator_follows_adlers_equation():
    # The normal form x' = x (1 - r^2) - w y + I, y' = y (1 - r^2) + w x has the phase response
    # -sin(phase) / (2 pi f0) on the unit circle, hence the edges f0 +- A / (4 pi) to first order.
    model = VectorField(
        "normal_form", {"x": 1.0, "y": 0.0}, {"I": 0.0, "w": 2 * np.pi},
        {"x": "x*(1 - x^2 - y^2) - w*y + I", "y": "y*(1 - x^2 - y^2) + w*x"}, time_unit="",
    )  # fmt: skip
    exact = arnold_tongue(model, "I", amplitudes=[0.05, 0.4], method="continuation")
    assert exact.natural == pytest.approx(1.0, abs=1e-5)
    expected = 0.05 / (4 * np.pi)
    assert exact.edges(0.05) == pytest.approx((1 - expected, 1 + expected), abs=5e-5)
    simulated = arnold_tongue(
        model, "I", amplitudes=[0.4], method="simulation", dt=0.02, resolution=5e-4
    )
    assert simulated.edges(0.4) == pytest.approx(exact.edges(0.4), abs=1e-3)


def test_the_published_bands_at_20_pa():
    found = entrainment_map(A2, "mu_e", "20 pA", range(14, 50), discretisation="published")
    assert found.bands((1, 1)) == [(18, 25)]
    assert any(a <= 44 <= b or a <= 45 <= b for a, b in found.bands((1, 2)))
    response = found.data["response"].sel(stimulation=20)
    assert float(response) == pytest.approx(20, abs=0.01)
    spectrum = found.data["power"].sel(stimulation=20)
    assert float(spectrum["frequency"][int(spectrum.argmax("frequency"))]) == pytest.approx(20)


def test_the_published_bands_at_100_pa():
    frequencies = [1, 4, 10, 20, 34, 35, 43, 51, 52]
    found = entrainment_map(A2, "mu_e", "100 pA", frequencies, discretisation="published")
    # Published as 1:1 up to 34 and 1:2 up to 51 Hz: the response's period in stimulus cycles.
    assert found.data["period"].values.tolist() == [1] * 5 + [2] * 3 + [0]
    assert found.repeating(2) == [(35, 51)]


def test_phase_locking_inside_and_outside_the_tongue():
    for frequency, locked in ((22.3, True), (24.5, False)):
        wave = Sine("4 pA", frequency=frequency)
        run = simulate(
            A2, 15_000, settle=3000, inputs={"mu_e": wave}, discretisation="published",
            record="r_E", sample=1.0,
        ).isel(time=slice(5000, None))  # fmt: skip
        found = phase_locking(run["r_E"], wave.values(run["time"].values))
        assert found.locked == locked
        assert found.deviation == pytest.approx(0.0 if locked else 0.308, abs=0.02)


def test_what_has_no_tongue_is_answered():
    with pytest.raises(ModelError, match="comes to rest"):
        arnold_tongue(
            A2.with_parameters(mu_e=0.2), "mu_e", amplitudes=["1 pA"], method="simulation"
        )
    with pytest.raises(ModelError, match="higher than first order"):
        arnold_tongue(A2, "mu_e", ratio=(2, 1), amplitudes=["1 pA"])
    with pytest.raises(ModelError, match="in one unit"):
        arnold_tongue(A2, "mu_e", amplitudes=["1 pA", "1 mV/ms"])
    with pytest.raises(ModelError, match="is an electric field"):
        arnold_tongue(A2, "mu_e", amplitudes=["1 V/m"])


def test_tongues_are_drawn_in_a_style_and_with_matplotlibs_keywords(first_order):
    wide, narrow = first_order.plot(), first_order.plot(style="publication", color="0.2")
    assert narrow.lines[0].get_linewidth() < wide.lines[0].get_linewidth()
    assert narrow.figure.get_figwidth() == pytest.approx(3.4)
    assert narrow.lines[0].get_color() == "0.2"
    with pytest.raises(UnknownNameError, match="publication"):
        first_order.plot(style="publicaton")
