"""Residence times against jumps at known times, and against escapes without memory."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from dynsys.errors import ModelError
from validation.measures.residence import residence_time

DT = 5.0
HIGH, LOW, BORDER = 20.0, 1.0, 10.5


def run(rate):
    rate = np.asarray(rate, dtype=float)
    return xr.Dataset({"r_E": ("time", rate)}, {"time": DT * np.arange(len(rate))})


def leaving(time, duration=8000.0, inside=HIGH, outside=LOW):
    """A run in one state until a time, in the other from then on."""
    return run(np.where(DT * np.arange(round(duration / DT)) < time, inside, outside))


def test_all_time_spent_counts_over_the_escapes_that_were_seen():
    found = residence_time([leaving(1500), leaving(2500), leaving(9999)], BORDER, after=500)
    # 1000 and 2000 ms until the escapes, 7500 ms without one.
    assert found.value == pytest.approx(10_500 / 2, abs=DT)
    # Exact 95 % interval of a count of two (Garwood 1936): 0.2422 .. 7.2247.
    assert found.low == pytest.approx(10_500 / 7.2247, rel=2e-3)
    assert found.high == pytest.approx(10_500 / 0.2422, rel=2e-3)
    assert "2 escapes" in str(found)


def test_the_lower_state_is_left_upwards():
    runs = [leaving(t, inside=LOW, outside=HIGH) for t in (1500, 3500)]
    assert residence_time(runs, BORDER, above=False).value == pytest.approx(2000, abs=DT)


def test_what_returns_at_once_has_not_left():
    rate = leaving(4000)["r_E"].values.copy()
    rate[400:410] = LOW  # 50 ms
    assert residence_time([run(rate)], BORDER).value == pytest.approx(3500, abs=DT)
    assert residence_time([run(rate)], BORDER, least=40).value == pytest.approx(1500, abs=DT)


def test_without_escape_there_is_a_bound_and_no_number():
    found = residence_time([leaving(9999)] * 2, BORDER, after=500)
    assert np.isnan(found.value)
    assert found.low == pytest.approx(15_000 / 3.6889, rel=1e-3)  # Garwood 1936, none counted
    assert "no escape in 15 s" in str(found)


def test_runs_that_start_elsewhere_are_left_out():
    found = residence_time([leaving(1500), leaving(100)], BORDER)
    assert found.value == pytest.approx(1000, abs=DT)
    with pytest.raises(ModelError, match=r"no run is in the state above 10\.5 Hz"):
        residence_time([leaving(100)], BORDER)


@pytest.mark.parametrize("above", [True, False])
def test_a_run_that_does_not_stay_finite_resides_nowhere(above):
    with pytest.raises(ModelError, match="does not stay finite"):
        residence_time([leaving(1500), leaving(3000, outside=np.nan)], BORDER, above=above)


def test_the_interval_holds_the_mean_of_escapes_without_memory():
    generator, mean, repeats, inside = np.random.default_rng(1), 5000.0, 200, 0
    for _ in range(repeats):
        runs = [leaving(500 + t) for t in generator.exponential(mean, 10)]
        found = residence_time(runs, BORDER, after=500)
        inside += found.low <= mean <= found.high
    # 95 % of 200 within three standard deviations of the binomial.
    assert 0.95 - 0.047 <= inside / repeats <= 1


def test_runs_that_had_left_before_are_counted():
    found = residence_time([leaving(t) for t in (100, 200, 2500)], BORDER, after=500)
    assert found.note == "1 escape; 2 of 3 runs had left before 500 ms"
