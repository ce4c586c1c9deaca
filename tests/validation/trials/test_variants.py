"""Other networks that explain a difference: their limits, and what they leave of a network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dynsys.models import aln, master_equation, montbrio_pazo_roxin
from validation import network_of
from validation.measures.estimates import Estimate
from validation.networks.cells_stepping import Cells, Shifts, Synapses, arrive, send
from validation.trials.causes import Correction, _by_variants
from validation.trials.findings import DIFFER, EXPLAINED, Tolerances, compared
from validation.trials.probing import State
from validation.trials.variants import (
    DEGREES,
    EQUAL,
    RESPONSE,
    SIZE,
    STEP,
    TRAINS,
    Variant,
    limits,
    shifted,
    stages,
    variants,
)

UP = aln().with_parameters(mu_e=2.4, mu_i=2.0)


def estimate(value, half=0.02):
    return Estimate(value, value - half, value + half, "Hz")


def test_errors_of_first_order_are_extrapolated_away():
    finer, larger = Variant(STEP, "", None, 1 / 3), Variant(SIZE, "", None, 1.0)
    # Exact 20, 0.4 for a step of 0.1 (0.1 for a quarter of it) and 1.0 for N (0.5 for 2 N).
    found = [(finer, estimate(21.1)), (larger, estimate(20.9))]
    one, two, both = limits(estimate(21.4), 0.01, found)
    assert one.value.value == pytest.approx(21.0)
    assert two.value.value == pytest.approx(20.4)
    assert both.value.value == pytest.approx(20.0)
    assert both.causes == (STEP, SIZE)
    assert one.deviation == pytest.approx(0.01 * np.hypot(1 / 3, 4 / 3))


def test_equal_inputs_are_a_limit_of_their_own():
    """20.8 with equally many inputs, 20.4 with twice the neurons: both together 19.8."""
    equal, larger = Variant(EQUAL, "", None, 0.0), Variant(SIZE, "", None, 1.0)
    found = [(equal, estimate(20.8)), (larger, estimate(20.9))]
    one, two, both = limits(estimate(21.4), 0.01, found)
    assert [each.value.value for each in (one, two, both)] == pytest.approx([20.8, 20.4, 19.8])
    assert one.deviation == pytest.approx(0.01)


def finding(value):
    exactly = Estimate(20.0, 20.0, 20.0, "Hz")
    measured = estimate(value)
    return compared("regimes", "claim", "mean r_E", exactly, measured, 0.1, Tolerances(), {}, ())


def with_variants(value, *values, corrected=None):
    kinds = [Variant(STEP, "", None, 1 / 3), Variant(RESPONSE, "", None)]
    states = [State({"r_E": estimate(v)}, 0.0, estimate(np.nan)) for v in values]
    several = [] if corrected is None else [Correction("trains", "up", {"r_E": corrected})]
    measured = list(zip(kinds, states, strict=False))
    differs = finding(value)
    tried = replace(differs, reason=f"{differs.reason}; not explained by trains")
    result = _by_variants(differs, tried, several, measured, lambda state: "up")
    assert ("not explained by trains" in result.reason) == (result.verdict == DIFFER)
    return result


@pytest.mark.parametrize(
    ("value", "others", "corrected", "verdict", "cause"),
    [
        (20.6, [20.15], None, EXPLAINED, STEP),  # to 20.0 without steps
        (20.6, [20.45], None, DIFFER, ""),  # 0.15 is chance in runs of this spread
        (21.6, [21.2], None, DIFFER, ""),  # most is left
        (21.4, [20.95], 20.8, EXPLAINED, f"trains, and {STEP}"),
        (21.4, [21.4, 21.3], None, EXPLAINED, RESPONSE),
        (21.4, [21.4, 20.3], None, DIFFER, ""),
        # Without steps 22.2, as without wiring: both move it, one up, one down.
        (21.0, [21.9, 22.2], None, EXPLAINED, f"{RESPONSE}, and {STEP}"),
    ],
)
def test_another_network_explains_only_what_it_takes_away(value, others, corrected, verdict, cause):
    result = with_variants(value, *others, corrected=corrected)
    assert result.verdict == verdict
    if cause:
        assert result.reason.startswith(f"explained by {cause}:")
    else:
        assert "nor by other networks" in result.reason


def test_a_network_without_wiring_keeps_the_rates_of_neurons_that_hear_many():
    network = network_of(UP, 1_000)
    own = network.run(1500.0, seed=1)
    unwired = replace(network, redrawn=True)
    again = unwired.run(1500.0, seed=1)
    assert not np.array_equal(own["r_E"], again["r_E"])
    assert network.job(100.0).key != unwired.job(100.0).key
    for name in "EI":
        assert again.mean_rate(name).value == pytest.approx(own.mean_rate(name).value, rel=0.01)


def test_cells_without_wiring_correlate_less_than_wired_ones():
    model = master_equation("divolo2019", order=1).with_parameters(E_L_e=-63, a=0, drive=4.0)
    network = network_of(model, 1_000)
    unwired = replace(network, redrawn=True)
    runs = [n.run(600.0, seed=1) for n in (network, unwired)]
    rates = [float(run["nu_i"].sel(time=slice(200, None)).mean()) for run in runs]
    assert rates[1] == pytest.approx(rates[0], rel=0.25)
    assert rates[0] != rates[1]
    assert network.job(100.0).key != unwired.job(100.0).key


def test_shifted_spikes_arrive_after_their_synapses_delays():
    # One source; its second synapse meets cell 12 five steps later than cell 11.
    targets = np.array([11, 12], np.int32)
    synapses = Synapses(3, 0, 2.0, 1.0, False, np.array([0, 2]), targets)
    shifts = Shifts(10, np.array([1, 6], np.int16), np.zeros((8, 4), np.int16))
    cells = Cells(np.zeros(14), np.zeros(14), np.zeros((1, 14)), np.zeros(14, np.int32))
    arrived = []
    for t in range(20):
        send(synapses, shifts, np.array([3], np.int32), int(t in (4, 5, 9)), t)
        arrive(cells, synapses, shifts, t)
        arrived.append(cells.G[0, 10:].copy())
    steps = np.diff(np.array(arrived), axis=0, prepend=0)
    for cell, delay in ((1, 1), (2, 6)):
        assert np.flatnonzero(steps[:, cell]).tolist() == [t + delay for t in (4, 5, 9)]
    assert steps.max() == 2.0
    assert not steps[:, [0, 3]].any()


def test_shifted_trains_keep_the_rates_and_lose_the_fast_correlations():
    model = master_equation("divolo2019", order=1).with_parameters(E_L_e=-63, a=0, drive=1.251)
    wired = replace(network_of(model.with_parameters(b=19.17), 1_000), connectivity="fixed")
    rates, shared = [], []
    for network in (wired, replace(wired, shifted=True)):
        run = network.run(2500.0, seed=1)["nu_e"].values[1000:]
        counts = run.reshape(-1, 10).mean(axis=1) * 1_000 * 0.005  # in 5 ms
        rates.append(run.mean())
        shared.append(counts.var() / counts.mean() - 1)  # 0 where trains are independent
    assert rates[1] == pytest.approx(rates[0], rel=0.3)
    assert shared[0] > 3
    assert shared[1] < 0.6 * shared[0]


def test_every_known_network_has_variants_and_a_network_without_wiring_none():
    network = network_of(UP, 1_000)
    assert [v.cause for v in variants(network)] == [STEP, SIZE, RESPONSE]
    assert next(variants(network)).network.structure.dt == 0.025
    assert not list(variants(replace(network, redrawn=True)))
    assert not list(variants(replace(network, engine="numpy")))
    cells = network_of(master_equation("divolo2019", order=1), 1_000)
    assert [v.cause for v in variants(cells)] == [STEP, SIZE, RESPONSE, EQUAL, DEGREES]
    equal = replace(cells, connectivity="fixed")
    order = [[v.cause for v in several] for several in stages(cells, rests=True)]
    assert order == [[DEGREES], [RESPONSE, EQUAL, TRAINS], [STEP, SIZE]]
    order = [[v.cause for v in several] for several in stages(equal, rests=False)]
    assert order == [[RESPONSE], [STEP, SIZE]]
    assert [len(several) for several in stages(network, rests=True)] == [3]
    assert not list(stages(replace(network, redrawn=True), rests=True))
    assert [v.network for v in shifted(equal)] == [replace(equal, shifted=True)]
    assert equal.job(10.0).key != replace(equal, shifted=True).job(10.0).key
    for other in (network, replace(cells, redrawn=True), replace(cells, shifted=True)):
        assert not list(shifted(other))
    assert [v.cause for v in variants(equal)] == [STEP, SIZE, RESPONSE]
    assert [v.network for v in variants(cells) if v.beyond == 0] == [equal]
    assert [v.cause for v in variants(network_of(montbrio_pazo_roxin(), 100))] == [STEP, SIZE]
