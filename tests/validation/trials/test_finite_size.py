"""Boundaries of a rhythm as finite networks show them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from continuation import rate_spectrum
from dynsys.errors import ModelError
from dynsys.models import aln, wilson_cowan
from validation import network_of
from validation.measures.estimates import Estimate
from validation.measures.rates import LEAST_POWER, oscillation
from validation.trials.boundary import BoundaryTrial
from validation.trials.findings import Tolerances
from validation.trials.finite_size import (
    draw_rhythm_boundary,
    rhythm_boundary,
    rhythm_power,
    seen_fold,
    seen_rhythm,
)
from validation.trials.probing import Feature
from validation.trials.spread import spreads

MODEL = aln().with_parameters(mu_i=0.552)


@pytest.fixture(scope="module")
def boundary():
    return rhythm_boundary(MODEL, "mu_e", 1.4278, [1_000, 4_000, 16_000])


def test_noise_moves_the_boundary_seen_and_larger_networks_see_the_exact_one(boundary):
    assert boundary.exact == pytest.approx(1.48098, abs=1e-4)
    assert boundary.seen[4_000] > boundary.seen[16_000] > boundary.exact
    # The bound of an oscillation grows as 1/N below 4000 neurons, as the noise does.
    assert boundary.seen[1_000] == pytest.approx(boundary.seen[4_000], abs=1e-3)
    assert boundary.seen[4_000] == pytest.approx(1.511, abs=0.004)
    assert "1.481 in the network of infinitely many" in str(boundary)


def test_the_predicted_power_is_the_median_of_what_is_measured():
    # Gaussian noise of the predicted spectrum, measured as runs are.
    spectrum = rate_spectrum(aln().with_parameters(mu_e=1.6, mu_i=0.5), 2_000, [10.0])
    dt, count = 0.5, 4_000
    frequency = np.fft.rfftfreq(count * 4, dt / 1000)
    density = np.interp(frequency, spectrum["node"].values, spectrum["r_E_node"].values)
    generator, found = np.random.default_rng(4), []
    for _ in range(300):
        size = (2, len(frequency))
        noise = generator.standard_normal(size)
        amplitude = np.sqrt(density * count * 4 * 1000 / dt / 4)
        signal = np.fft.irfft((noise[0] + 1j * noise[1]) * amplitude)[:count]
        run = xr.Dataset({"r_E": ("time", 20 + signal)}, {"time": dt * np.arange(count)})
        found.append(oscillation(run, "E", after=0.0)[1])
    assert rhythm_power(spectrum) == pytest.approx(float(np.median(found)), rel=0.1)


def test_cycles_too_small_to_count_move_the_boundary_inwards():
    # Networks of 4000 neurons: power 0.51, 0.70 Hz^2 at 0.97, 1.02, 1.10 at 0.99, 1.78 at 1.01.
    left = seen_rhythm(aln().with_parameters(mu_i=0.864), "mu_e", 0.9053, 4_000)
    assert left.exact == pytest.approx(0.92420, abs=1e-4)
    assert 0.97 < left.seen < 1.01
    assert "too small" in left.words


def test_explanations_name_the_cause_or_fail():
    theory = seen_rhythm(MODEL, "mu_e", 1.4278, 4_000)
    assert theory.exact == pytest.approx(1.48098, abs=1e-4)

    def asked(low: float, high: float):
        found = Estimate((low + high) / 2, low, high)
        return theory.cause(found, math.hypot(0.0144, theory.deviation), 3.0)

    assert "cascade's filter" in asked(1.46, 1.48)
    assert "finite size" in asked(1.52, 1.55)
    assert asked(1.70, 1.72) == ""
    assert seen_rhythm(wilson_cowan(), "P", 0.0, 4_000) is None


def test_noise_ends_a_state_before_its_fold():
    # The up state of the figure's bistable region ends at mu_e = 1.98039 at mu_i = 2.27726.
    model = aln().with_parameters(mu_i=2.27726)
    small, large = (
        seen_fold(model, "mu_e", 1.98039, network_of(model, n), 3000.0, 3.0)
        for n in (1_000, 16_000)
    )
    assert small.exact == 1.98039
    # The barrier grows as N d^1.5.
    ratio = (small.seen - small.exact) / (large.seen - large.exact)
    assert ratio == pytest.approx(16 ** (2 / 3), rel=0.25)


def test_the_figure_shows_all_boundaries(boundary):
    ax = draw_rhythm_boundary(boundary, {4_000: (1.528, 1.578)})
    labels = ax.get_legend_handles_labels()[1]
    assert labels == ["mean field", "exact, N infinite", "predicted at N", "network"]


def test_no_hopf_point_nearby_is_said():
    with pytest.raises(ModelError, match=r"no Hopf point with mu_e within 0\.4 of 3"):
        rhythm_boundary(MODEL, "mu_e", 3.0, [4_000])


def test_the_spread_of_mean_rates_is_the_spectrum_at_zero_frequency():
    model = aln().with_parameters(mu_e=1.6, mu_i=0.5)
    found = spreads(model, 19.0, 2_000, 20_000.0)
    # 0.0106 Hz^2/Hz over 20 s: the standard error that a run of the network shows, 0.02 Hz.
    assert found["r_E"] == pytest.approx(np.sqrt(0.0106 / 40), rel=0.02)
    assert spreads(model, 19.0, 8_000, 20_000.0)["r_E"] == pytest.approx(found["r_E"] / 2)
    assert spreads(model.with_parameters(mu_e=1.3), 8.0, 2_000, 1000.0) == {}
    assert spreads(wilson_cowan(), 0.0, 2_000, 1000.0) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mu_i", "cascade", "exact", "seen"),
    [(0.5, 3.5358, 3.72079, 3.849), (1.8, 4.2443, 4.27668, 4.308)],  # LC_EI, LC_aE
)
def test_networks_with_adaptation_end_their_rhythms_where_theory_says(mu_i, cascade, exact, seen):
    """a = 15 nS, b = 40 pA, 4000 neurons: measured 3.786 and 4.294 +- 0.03 mV/ms."""
    model = aln().with_parameters(a=15.0, b=40.0)
    theory = seen_rhythm(model.with_parameters(mu_i=mu_i), "mu_e", cascade, 4_000)
    assert (theory.exact, theory.seen) == (
        pytest.approx(exact, abs=1e-4), pytest.approx(seen, abs=2e-3)
    )  # fmt: skip
    trial = BoundaryTrial(
        network_of(model, 4_000), "a | b", "mu_e", cascade, {"mu_i": mu_i},
        Feature("oscillates", LEAST_POWER), False, (0.0, 6.0), Tolerances(), 1,
    )  # fmt: skip
    steps = trial.search()
    jobs = next(steps)
    with pytest.raises(StopIteration) as end:
        while True:
            jobs = steps.send([job.run() for job in jobs])
    low, high = end.value.value
    deviation = math.hypot(theory.deviation, (high - low) / math.sqrt(12))
    assert abs((low + high) / 2 - theory.seen) < 3 * deviation
    assert low > cascade - 1e-3
