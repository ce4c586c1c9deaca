"""Waveforms: shapes, units, combinations, edges, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynsys import ModelError, UnknownNameError, VectorField, simulate
from dynsys.models import aln, fitzhugh_nagumo, jansen_rit
from stimulation import (
    Chirp,
    Constant,
    Decay,
    ElectricField,
    OrnsteinUhlenbeck,
    Pulse,
    PulseTrain,
    Ramp,
    Recorded,
    Sine,
    Step,
    bistability_detector,
)
from stimulation.waveforms.units import parameter_value, quantity

TIMES = np.linspace(0, 100, 10_001)
ALN = aln()


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("40 pA", 40, "pA"), ("0.2nA", 200, "pA"), ("-1e-1 mV/ms", -0.1, "mV/ms"),
        ("2 V/s", 2, "mV/ms"), ("1 V/m", 1, "V/m"), ("3 mV/mm", 3, "V/m"), ("5", 5, ""),
    ],
)  # fmt: skip
def test_amplitudes_are_read_with_their_units(text, value, unit):
    read = quantity(text)
    assert (read.value, read.unit) == (pytest.approx(value), unit)


@given(st.floats(-1e3, 1e3))
def test_a_current_and_its_drive_are_the_same_input(current):
    # 1 mV/ms is 200 pA with C = 200 pF.
    drive = parameter_value(f"{current / 200!r} mV/ms", ALN, "mu_e")
    assert parameter_value(f"{current!r} pA", ALN, "mu_e") == pytest.approx(drive, rel=1e-12)


def test_the_capacitance_is_that_of_the_models_neuron():
    assert ALN.declared_parameters["mu_e"].capacitance == 200.0
    assert ALN.declared_parameters["a"].capacitance is None


@pytest.mark.parametrize(
    ("waveform", "model", "parameter", "message"),
    [
        (Step(60), ALN, "mu_e", "has no unit: a current or a drive"),
        (Step("1 V/m"), ALN, "mu_e", "ElectricField"),
        (Step("1 pA"), jansen_rit(), "p", "is in pA; this input takes '... Hz'"),
        (Step("1 pA"), fitzhugh_nagumo(), "I", "give a plain number"),
        (Step("1 pA"), ALN, "mu_x", "Did you mean"),
    ],
)
def test_wrong_units_are_answered_with_the_right_ones(waveform, model, parameter, message):
    with pytest.raises((ModelError, UnknownNameError), match=message):
        waveform.drive(TIMES, model, parameter)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Step("60 pAA"), "Did you mean 'pA'"),
        (lambda: Step("lots"), "no amplitude"),
        (lambda: Step("nan pA"), "no amplitude"),
        (lambda: Pulse("1 pA", 0, -5), "must be positive"),
        (lambda: Step("1 pA", start=5, stop=5), "must stop later"),
        (lambda: Sine("1 pA", frequency=-1), "must be positive"),
        (lambda: Decay("1 pA", tau=0), "must be positive"),
        (lambda: Ramp("1 pA"), "time to stop"),
        (lambda: PulseTrain("1 pA", stop=100, frequency=100, width=20), "overlap"),
        (lambda: Recorded([1.0], 1.0, "pA"), "two or more"),
        (lambda: Step("1 pA") + Step("1 mV/ms"), "cannot be added"),
        (lambda: Step("1 pA") * Sine("1 pA"), "no meaning"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_is_made(make, message):
    with pytest.raises((ModelError, UnknownNameError), match=message):
        make()


def test_shapes():
    step = Step("2 pA", start=10, stop=20).values(TIMES)
    assert step[TIMES < 9.999].max() == 0 and step[TIMES > 20.001].max() == 0
    assert np.all(step[(TIMES > 10.001) & (TIMES < 19.999)] == 2)
    ramp = Ramp("2 pA", start=10, stop=20, hold=True).values(np.array([5.0, 15.0, 20.0, 90.0]))
    assert ramp == pytest.approx([0, 1, 2, 2])
    decay = Decay("2 pA", start=10, tau=5).values(np.array([9.0, 10.0, 15.0]))
    assert decay == pytest.approx([0, 2, 2 * np.exp(-1)])
    sine = Sine("2 pA", frequency=10, start=10).values(np.array([9.0, 10.0, 35.0, 85.0]))
    assert sine == pytest.approx([0, 0, 2, -2])
    train = PulseTrain("2 pA", stop=100, frequency=50, width=5)
    assert train.values(TIMES + 1e-6).mean() == pytest.approx(0.5, abs=1e-3)
    assert sorted(train.edges())[:3] == [0, 5, 20]
    recorded = Recorded([0, 1, 0], dt=10, recorded_unit="nA")
    assert recorded.values(np.array([5.0, 10.0, 30.0])) == pytest.approx([500, 1000, 0])


def test_a_chirp_has_the_frequency_it_should_have():
    chirp = Chirp("1 pA", stop=1000, first=10, last=30)
    times = np.linspace(0, 1000, 1_000_001)
    values = chirp.values(times)
    rises = times[1:][(values[:-1] < 0) & (values[1:] >= 0)]
    # 10 t + 10 t^2 cycles after t seconds.
    k = np.arange(1, 20)
    assert rises[:19] == pytest.approx(1000 * (np.sqrt(100 + 40 * k) - 10) / 20, abs=0.002)


def test_combinations():
    sine, step = Sine("2 pA", frequency=50), Step("1 pA", start=30)
    envelope = Ramp(1.0, stop=100)
    assert (sine + step).values(TIMES) == pytest.approx(sine.values(TIMES) + step.values(TIMES))
    assert (sine - step).values(TIMES) == pytest.approx(sine.values(TIMES) - step.values(TIMES))
    assert (3 * sine).values(TIMES) == pytest.approx(3 * sine.values(TIMES))
    product = envelope * sine
    assert product.unit == "pA"
    assert product.values(TIMES) == pytest.approx(envelope.values(TIMES) * sine.values(TIMES))
    assert step.shifted(5).values(TIMES + 5) == pytest.approx(step.values(TIMES))
    assert set((step + Step("1 pA", stop=7)).edges()) == {0, 7, 30}
    assert Constant("3 pA").values(TIMES).tolist() == [3.0] * len(TIMES)


def test_the_published_detector():
    # T/6 each: -A half, decay with a fifth of an epoch; the same up; rest.
    detector = bistability_detector("200 pA", start=0, duration=6000)
    values = detector.values(np.array([100.0, 600.0, 2999.0, 3100.0, 3600.0, 5500.0]))
    expected = [-200, -200 * np.exp(-0.5), 0, 200, 200 * np.exp(-0.5), 0]
    assert values == pytest.approx(expected, abs=0.01)


def test_sampling_too_coarse_for_a_frequency_is_refused():
    with pytest.raises(ModelError, match=r"too coarse for 5000 Hz; use dt <= 0\.025"):
        simulate(ALN, 10, inputs={"mu_e": Sine("1 pA", frequency=5000)}, method="rk4")
    simulate(ALN, 10, inputs={"mu_e": Sine("1 pA", frequency=1000)}, method="rk4")


LEAK = VectorField("leak", {"x": 0.0}, {"I": 0.0}, {"x": "I - x"}, time_unit="")


@pytest.mark.parametrize("method", [None, "rk4"])
def test_edges_cost_no_accuracy(method):
    run = simulate(
        LEAK, 4, inputs={"I": Step(1.0, start=1.0, stop=2.5)}, method=method, sample=0.05
    )
    t = run["time"].values
    up = np.where(t > 1, 1 - np.exp(-np.maximum(t - 1, 0)), 0)
    exact = np.where(t > 2.5, (1 - np.exp(-1.5)) * np.exp(-np.maximum(t - 2.5, 0)), up)
    assert np.abs(run["x"].values - exact).max() < 5e-7


@pytest.mark.parametrize("method", [None, "rk4"])
def test_a_driven_leak_has_its_closed_form(method):
    sine = Sine(1.0, frequency=0.5)  # a dimensionless time counts as seconds
    run = simulate(LEAK, 10, inputs={"I": sine}, method=method, sample=0.05)
    t, w = run["time"].values, np.pi
    exact = (np.sin(w * t) - w * np.cos(w * t) + w * np.exp(-t)) / (1 + w**2)
    assert np.abs(run["x"].values - exact).max() < 2e-6


@pytest.mark.parametrize("dt", [0.05, 0.5, 20.0])
def test_the_variance_of_the_noise_does_not_depend_on_the_step(dt):
    noise = OrnsteinUhlenbeck("2 pA", tau=5.0, seed=4)
    times = dt * np.arange(400_000)
    values = noise.values(times)
    correlated = max(1.0, 2 * 5.0 / dt)  # samples that tell as much as one
    tolerance = 4 * np.sqrt(2 * correlated / len(times))
    assert values.var() == pytest.approx(4.0, rel=tolerance)
    lag = max(1, round(5.0 / dt))
    correlation = np.mean(values[lag:] * values[:-lag]) / values.var()
    assert correlation == pytest.approx(np.exp(-lag * dt / 5.0), abs=2 * tolerance)


def test_noise_needs_fixed_steps_and_gets_them():
    run = simulate(ALN, 20, inputs={"mu_e": OrnsteinUhlenbeck("10 pA", seed=3)})
    again = simulate(ALN, 20, inputs={"mu_e": OrnsteinUhlenbeck("10 pA", seed=3)})
    assert run.attrs["method"] == "rk4"
    assert np.array_equal(run["r_E"], again["r_E"])
    with pytest.raises(ModelError, match="takes no dt, no noise"):
        simulate(ALN, 20, inputs={"mu_e": OrnsteinUhlenbeck("10 pA")}, method="adaptive")


# Frequency (Hz) -> pA per V/m, for a dendrite of 1200 um.
CONVERSIONS = {
    0: 5.02396, 1: 5.0619, 2: 5.1738, 3: 5.3541, 4: 5.5952, 5: 5.8878, 8: 6.9863, 10: 7.8289,
    15: 10.0433, 20: 12.1714, 22: 12.9656, 25: 14.0844, 30: 15.7509, 40: 18.4084, 50: 20.3732,
    60: 21.8791, 80: 24.1249, 100: 25.8826,
}  # fmt: skip


@pytest.mark.parametrize(("frequency", "current"), CONVERSIONS.items())
def test_published_field_conversions(frequency, current):
    field = ElectricField(dendrite_length=1200)
    assert field.current("1 V/m", frequency) == pytest.approx(current, abs=1e-4)
    assert field.in_volts_per_metre(f"{current} pA", frequency) == pytest.approx(1, abs=1e-4)


def test_published_conversions_of_other_dendrites():
    assert ElectricField(1200).current("1 V/m", 30) == pytest.approx(15.7509474, abs=1e-7)
    assert ElectricField(1200, rest=-70).current("1 V/m", 30) == pytest.approx(15.7509927, abs=1e-7)
    assert ElectricField(1200).current("1 V/m") == pytest.approx(5.0239554, abs=1e-7)
    long = ElectricField(5000)
    assert [long.current("1 V/m", f) for f in (0, 3, 4)] == pytest.approx(
        [9.0818, 9.1944, 9.2831], abs=1e-4
    )
    assert ElectricField(700, 1.2).current("1 V/m") == pytest.approx(2.8346, abs=1e-4)
    assert abs(ElectricField(1200).polarisation(30)) == pytest.approx(0.40384, abs=1e-5)


def test_a_field_through_the_neuron_is_a_current():
    field = ElectricField(1200)
    sine = field.through(Sine("2 V/m", frequency=30, start=5))
    assert (sine.unit, sine.peak.value) == ("pA", pytest.approx(2 * 15.7509474))
    both = field.through(Step("1 V/m") + Sine("1 V/m", frequency=10))
    assert both.values(np.array([25.0]))[0] == pytest.approx(5.0239554 + 7.8288844)
    with pytest.raises(ModelError, match="no single frequency"):
        field.through(Chirp("1 V/m", stop=10))
    with pytest.raises(ModelError, match="not in V/m"):
        field.through(Step("1 pA"))
    with pytest.raises(ModelError, match="no electric field"):
        field.current("1 pA")
    with pytest.raises(ModelError, match="give ElectricField its dendrite_length"):
        ElectricField()  # the dendrite is always stated


def test_any_field_is_filtered_by_the_complex_gain():
    field = ElectricField(1200)
    slow = field.through(Chirp("1 V/m", first=4, last=40, stop=2000), duration=2500)
    assert slow.unit == "pA"
    assert np.abs(slow.values(np.arange(2400.0, 2490.0))).max() < 0.05
    times = np.arange(1000.0, 2000.0)
    current = field.through(Sine("2 V/m", frequency=30), duration=3000).values(times)
    # The phase that the published convention leaves out: that of -admittance * polarisation.
    gain = -field.admittance(30) * field.polarisation(30)
    expected = 2 * abs(gain) * np.sin(2 * np.pi * 0.030 * times + np.angle(gain))
    assert current == pytest.approx(expected, abs=0.02)
    step = field.through(Step("1 V/m", start=200, stop=900), duration=1200)
    # Charged, the dendrite passes what a constant field gives.
    assert step.values(np.array([850.0]))[0] == pytest.approx(5.02396, rel=2e-3)
    # A jump rings at the highest frequency sampled: 2 % of the current 5 ms before it.
    assert step.values(np.array([195.0]))[0] == pytest.approx(0, abs=0.1)


def test_waveforms_plot_themselves(tmp_path):
    ax = (Step("40 pA", start=20, stop=60) + Sine("5 pA", frequency=100)).plot(100)
    assert ax.get_ylabel() == "input (pA)"
    ax.figure.savefig(tmp_path / "w.png")
