"""The AdEx neuron: equilibria, the pattern table, the adaptation map and what follows from it."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynsys.drawing import draw_phase_response
from dynsys.errors import ConvergenceError, ModelError, UnknownNameError
from dynsys.models import adex_neuron
from dynsys.models.adex_neuron import PATTERNS, andronov_hopf_current, saddle_node_current
from dynsys.neurons.atlas import draw_atlas, pattern_atlas
from dynsys.neurons.drawing import (
    draw_map,
    draw_phase_plane,
    draw_response,
)

# Spikes in 300 ms, latency (ms), first intervals (ms) at dt = 0.125 ms, V(0) = EL, and the rate in
# Hz they end with: shared table of the tutorial's patterns.
TABLE = {
    "tonic": (5, 24.9, [55.1, 60.8, 60.5, 60.5], 16.6),
    "adapting": (11, 24.9, [17.0], 33.9),
    "initial_burst": (11, 6.4, [4.1, 5.0, 7.3, 16.9], 26.6),
    "bursting": (23, 6.1, [], 58.9),
    "irregular": (21, 17.5, [], 59.1),
    "transient": (6, 12.8, [15.8, 28.4, 64.8, 83.9, 84.6], 11.9),
    "delayed": (2, 142.5, [116.9], 8.5),
}


def response(row: str, dt: float, start: float = -70.0) -> np.ndarray:
    """Spike times (ms) after the tutorial's step: 30 ms at 5 pA, 300 ms at the row's current."""
    neuron = adex_neuron(row)
    current = neuron.parameters["I"]
    steps = np.full(round(330 / dt), 0.0)
    steps[: round(30 / dt)] = 5.0 - current
    run = neuron.simulate(330, dt=dt, start=[start, 0.0], current=steps, record=0)
    return run.spike_time.values - 30.0


@pytest.mark.parametrize("row", TABLE)
def test_fixed_steps_give_the_published_counts_latencies_and_intervals(row):
    count, latency, intervals, _ = TABLE[row]
    times = response(row, 0.125)
    assert len(times) == count or (row == "bursting" and len(times) == 24)
    # The table stamps a spike with the start of its step.
    assert times[0] - 0.125 == pytest.approx(latency, abs=0.06)
    assert np.diff(times)[: len(intervals)] == pytest.approx(intervals, abs=0.126)
    assert len(response(row, 0.01)) in (count, count + (row == "bursting"))


def test_bursts_of_the_table_repeat():
    assert np.diff(response("bursting", 0.125))[8:12] == pytest.approx(
        [2.4, 2.6, 3.1, 60.1], abs=0.1
    )
    intervals = np.diff(response("irregular", 0.125))
    assert intervals[9:15] == pytest.approx([3.9, 4.3, 4.9, 5.9, 8.6, 74.8], abs=0.15)


def test_steps_converge_to_the_located_spikes_with_first_order():
    exact = adex_neuron("adapting").simulate(200.0, start=[-60.0, 0.0]).spike_time.values
    errors = []
    for dt in (0.02, 0.01, 0.005):
        run = adex_neuron("adapting").simulate(200.0, dt=dt, start=[-60.0, 0.0], record=0)
        times = run.spike_time.values[: len(exact)]
        errors.append(np.mean(np.abs(times - exact[: len(times)])))
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.3)
    assert errors[1] / errors[2] == pytest.approx(2, abs=0.3)


# --- rest --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    current=st.floats(-500, 100), a=st.floats(-4, 4), reversal=st.floats(-80, -60),
    delta=st.floats(0.3, 4),
)  # fmt: skip
def test_resting_states_in_closed_form_are_all_equilibria(current, a, reversal, delta):
    neuron = adex_neuron(I=current, a=a, EL=reversal, DeltaT=delta)
    found = neuron.equilibria()
    for point in found:
        scale = max(1.0, abs(point.state[1]) + abs(current))
        assert np.max(np.abs(neuron.field.rhs(point.state))) < 1e-9 * scale
    limit = saddle_node_current(neuron.parameters)
    if limit is not None and abs(current - limit) > 1e-6:
        assert len(found) == (2 if current < limit else 0)


@pytest.mark.parametrize("row", PATTERNS)
def test_onsets_by_continuation_are_those_of_the_closed_forms(row):
    neuron = adex_neuron(row)
    onset = neuron.onset()
    fold = saddle_node_current(neuron.parameters)
    assert onset.saddle_node.parameters["I"] == pytest.approx(fold, abs=1e-8)
    hopf = andronov_hopf_current(neuron.parameters)
    if hopf is None:
        assert onset.andronov_hopf is None and onset.kind == "saddle-node"
    else:
        assert onset.andronov_hopf.parameters["I"] == pytest.approx(hopf, abs=1e-8)
        assert onset.kind == "Andronov-Hopf" and onset.current == pytest.approx(hopf, abs=1e-8)


def test_the_onset_of_the_transient_row_is_the_published_one():
    onset = adex_neuron("transient").onset()
    assert onset.andronov_hopf.parameters["I"] == pytest.approx(56.172, abs=5e-4)
    assert onset.saddle_node.parameters["I"] == pytest.approx(56.433, abs=5e-4)
    assert onset.andronov_hopf.frequency == pytest.approx(3.183, abs=1e-3)
    point = onset.bogdanov_takens()
    assert (point.parameters["I"], point.parameters["a"]) == pytest.approx(
        onset.closed_forms["BT"], abs=1e-8
    )
    assert "56.171861 pA" in str(onset)


def test_a_neuron_without_rest_has_no_onset_and_says_why():
    onset = adex_neuron("tonic", a=-2.5).onset()
    assert onset.kind == "none"
    assert "a <= -gL" in str(onset)
    with pytest.raises(ModelError, match="no stable resting state"):
        adex_neuron("tonic", a=-2.5).firing_pattern()


# (first spike on a step from 5 pA, lowest sustained), pA, found by simulation.
@pytest.mark.parametrize(
    ("row", "first"),
    [("tonic", 36.004), ("adapting", 36.004), ("initial_burst", 39.48), ("bursting", 26.15)],
)
def test_rheobases_agree_with_simulations(row, first):
    assert adex_neuron(row).rheobase() == pytest.approx(first, abs=0.3)


# --- the adaptation map ------------------------------------------------------------------------


@pytest.mark.parametrize("row", ["tonic", "bursting", "transient", "irregular"])
def test_the_maps_derivative_is_that_of_the_simulated_return_map(row):
    neuron = adex_neuron(row)
    path = neuron.adaptation_map()
    w = np.linspace(*path.range(), 7)
    h = 1e-3
    differences = (path(w + h) - path(w - h)) / (2 * h)
    assert path.derivative(w) == pytest.approx(differences, abs=1e-5, rel=1e-5)


@pytest.mark.parametrize("parameter", ["I", "b", "Vr", "Vs", "tau_w", "a", "Tref", "C"])
def test_the_maps_derivatives_in_parameters_are_exact(parameter):
    from dynsys.neurons.flights import flights

    neuron = adex_neuron("bursting")
    value, w, h = neuron.parameters[parameter], np.array([35.0, 49.0]), 1e-4
    up = flights(neuron.with_parameters(**{parameter: value + h}), w)
    down = flights(neuron.with_parameters(**{parameter: value - h}), w)
    exact = flights(neuron, w, parameter)
    differences = (up[:, :2] - down[:, :2]) / (2 * h)
    assert exact[:, 4:] == pytest.approx(differences, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("row", ["adapting", "bursting", "irregular", "transient"])
def test_saltation_matrices_give_the_multipliers_of_the_map(row):
    orbit = adex_neuron(row).adaptation_map().attractor().orbit
    found = np.linalg.eigvals(orbit.monodromy())
    trivial = int(np.argmin(np.abs(found - 1)))
    assert abs(found[trivial] - 1) < 1e-6
    assert found[1 - trivial].real == pytest.approx(orbit.multiplier, abs=1e-7, rel=1e-6)


@pytest.mark.parametrize("row", TABLE)
def test_the_map_settles_on_the_published_rates(row):
    pattern = adex_neuron(row).firing_pattern()
    # Steps of 0.125 ms stretch the short intervals of bursts.
    assert pattern.rate == pytest.approx(TABLE[row][3], abs=0.3)
    assert pattern.orbit.stable


@pytest.mark.parametrize(
    ("row", "name", "spikes"),
    [
        ("tonic", "tonic", 1), ("adapting", "adapting", 1), ("initial_burst", "initial burst", 1),
        ("bursting", "bursting", 4), ("irregular", "bursting", 6), ("delayed", "delayed", 1),
    ],
)  # fmt: skip
def test_patterns_follow_from_the_map(row, name, spikes):
    pattern = adex_neuron(row).firing_pattern()
    assert (pattern.pattern, pattern.spikes_per_period) == (name, spikes)
    assert pattern.lyapunov < 0
    assert f"{pattern.orbit.multiplier:.3g}" in pattern.reason


def test_the_irregular_row_is_periodic_and_becomes_irregular_at_a_lower_reset():
    periodic = adex_neuron("irregular").firing_pattern()
    assert periodic.orbit is not None and periodic.lyapunov < 0
    for reset in (-47.0, -46.5):
        found = adex_neuron("irregular", Vr=reset).firing_pattern()
        assert (found.pattern, found.orbit) == ("irregular", None)
        assert 0.25 < found.lyapunov < 0.45
        assert "Lyapunov exponent" in found.reason


def test_two_close_starts_separate_at_the_lyapunov_exponent():
    neuron = adex_neuron("irregular", Vr=-47.0)
    path = neuron.adaptation_map()
    exponent = path.lyapunov_exponent()
    rates = []
    for w in np.linspace(22, 40, 60):
        one = neuron.spikes([-47.0, w], 30).states[:, 1]
        two = neuron.spikes([-47.0, w + 1e-7], 30).states[:, 1]
        rates.append(math.log(abs(one[20] - two[20]) / abs(one[0] - two[0])) / 20)
    assert np.mean(rates) == pytest.approx(exponent, abs=0.08)


def test_the_map_jumps_where_the_reset_line_meets_the_stable_manifold():
    path = adex_neuron("transient", I=50.0).adaptation_map()
    (jump,) = path.discontinuities()
    below, above = path([jump - 1e-3, jump + 1e-3])
    assert np.isfinite(below) and np.isnan(above)
    assert f"discontinuous at w = {jump:.6g} pA" in str(path)
    assert "resting state" in str(path)
    smooth = adex_neuron("transient", I=65.0).adaptation_map()
    assert len(smooth.discontinuities()) == 0 and "smooth" in str(smooth)


def test_the_map_jumps_again_and_again_next_to_an_unstable_focus():
    path = adex_neuron("initial_burst", I=46.08, Vr=-49.799).adaptation_map()
    jumps = path.discontinuities()
    assert len(jumps) >= 4 and "another turn around the unstable focus" in str(path)
    for jump in jumps[:4]:
        one, two = path.interval([jump - 1e-5, jump + 1e-5])
        assert abs(one - two) > 200  # ms, of a turn


def test_fixed_points_are_found_stable_and_unstable():
    (only,) = adex_neuron("bursting").adaptation_map().fixed_points()
    assert not only.stable and only.multiplier < -1
    assert only.neuron.adaptation_map()(only.w) == pytest.approx(only.w, abs=1e-8)


# --- transients --------------------------------------------------------------------------------


def test_the_true_transient_window_of_the_transient_row():
    neuron = adex_neuron("transient")
    window = neuron.transient_window()
    assert window.low == pytest.approx(43.598, abs=1e-3)
    assert window.high == pytest.approx(56.0464, abs=1e-3)
    assert window.high < neuron.onset().current
    low, high, count = window.counts[0]
    assert count == 1
    start = neuron.rest(5.0)
    for current, spikes in ((low - 0.01, 0), (low + 0.01, 1), (high - 0.01, 1), (high + 0.01, 2)):
        train = neuron.with_current(current).spikes(start, 50)
        assert (len(train), train.end) == (spikes, "rest")
    assert neuron.firing_pattern(I=50.0).pattern == "transient"
    assert neuron.firing_pattern(I=65.0).rate == pytest.approx(11.89, abs=0.01)


def test_a_saddle_node_neuron_has_no_transient_window_and_says_why():
    window = adex_neuron("tonic").transient_window()
    assert window.empty and "no longer exists" in str(window)


# --- phase response ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "current", "kind"),
    [("tonic", 36.5, "I"), ("adapting", 37.0, "I"), ("transient", 56.5, "II"),
     ("initial_burst", 46.5, "II")],
)  # fmt: skip
def test_the_onset_decides_the_type_of_the_phase_response(row, current, kind):
    neuron = adex_neuron(row, I=current)
    reply = neuron.adaptation_map().attractor(neuron.rest(5.0)).orbit.phase_response("I")
    assert reply.type == kind
    assert reply.constancy < 1e-4


@pytest.mark.parametrize("row", ["tonic", "transient"])
def test_the_adjoint_is_what_displaced_neurons_do(row):
    from dynsys.neurons.flights import segment

    neuron = adex_neuron(row)
    orbit = neuron.adaptation_map().attractor(neuron.rest(5.0)).orbit
    replies = {name: orbit.phase_response(name) for name in ("V", "w")}
    steps = segment(neuron, float(orbit.w[0]))[1][:, 0]
    size, silence = 1e-4, neuron.parameters["Tref"]
    for k in np.searchsorted(steps[:, 0], [0.2 * orbit.period, 0.5 * orbit.period]):
        phase = (steps[k, 0] + silence) / orbit.period
        for i, name in enumerate(("V", "w")):
            shift = np.zeros(2)
            shift[i] = size
            late = neuron.spikes(steps[k, 1:] - shift, 20).intervals.sum()
            early = neuron.spikes(steps[k, 1:] + shift, 20).intervals.sum()
            expected = (late - early) / (2 * size)
            assert float(replies[name].interp(phase=phase)) == pytest.approx(expected, rel=2e-3)


# --- pictures ----------------------------------------------------------------------------------


def test_an_atlas_has_the_patterns_of_its_points_and_borders_between_them():
    neuron = adex_neuron("bursting")
    atlas = pattern_atlas(neuron, ("b", 5.0, 45.0), ("Vr", -58.0, -45.0), resolution=3)
    for reset in atlas.Vr.values:
        for b in atlas.b.values:
            found = neuron.with_parameters(b=float(b), Vr=float(reset)).firing_pattern()
            assert str(atlas.pattern.sel(b=b, Vr=reset).values) == found.pattern
    assert atlas.sizes["border"] > 2
    x, y = float(atlas.border_x[0]), float(atlas.border_y[0])
    step = {"b": 0.7} if y in atlas.Vr.values else {"Vr": 0.25}
    sides = []
    for sign in (-1, 1):
        values = {"b": x, "Vr": y}
        for name, size in step.items():
            values[name] += sign * size
        found = neuron.with_parameters(**values).firing_pattern()
        count = f" {found.spikes_per_period}" if found.pattern == "bursting" else ""
        sides.append(found.pattern + count)
    assert sides[0] != sides[1] and sides[0] in str(atlas.between.values[0])
    assert draw_atlas(atlas).get_xlabel() == "b (pA)"


def test_pictures_are_drawn_without_pyplot():
    neuron = adex_neuron("bursting")
    for ax in (
        draw_map(neuron.adaptation_map()),
        draw_map(adex_neuron("transient", I=50.0).adaptation_map()),
        draw_response(neuron, 65.0)[1],
        draw_phase_plane(adex_neuron("transient", I=40.0)),
        draw_phase_response(neuron.adaptation_map().attractor().orbit.phase_response()),
    ):
        ax.figure.canvas.draw()
        assert ax.get_xlabel() and ax.get_ylabel()


# --- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Vr": 20.0}, "not below the cutoff"),
        ({"Vr": 25.0}, "infinitely many in no time"),
        ({"Vs": -55.0}, "not above the threshold"),
        ({"DeltaT": 0.1}, "overflows"),
        ({"Tref": -1.0}, "not negative"),
        ({"C": 0.0}, "must be positive"),
        ({"I": math.nan}, "finite"),
    ],
)
def test_values_that_make_no_neuron_are_refused(values, message):
    with pytest.raises(ModelError, match=message):
        adex_neuron("tonic", **values)


def test_names_there_are_not_are_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'tonic'"):
        adex_neuron("tonics")
    with pytest.raises(UnknownNameError, match="Did you mean 'tau_w'"):
        adex_neuron("tonic", tauw=1.0)
    orbit = adex_neuron("tonic").adaptation_map().attractor().orbit
    with pytest.raises(UnknownNameError, match="parameter or state"):
        orbit.phase_response("J")


def test_spikes_that_accumulate_are_named():
    with pytest.raises(ConvergenceError, match="infinitely many in finite time"):
        adex_neuron("tonic", Vr=19.0, Tref=0.0, b=0.0).firing_pattern()


def test_an_adaptation_that_runs_away_is_named():
    neuron = adex_neuron("tonic", b=-12.0, tau_w=335.0, C=118.0, gL=15.0, Vr=-52.0, I=466.0)
    with pytest.raises(ConvergenceError, match="every spike lowers the adaptation"):
        neuron.firing_pattern()


def test_bursts_of_hundreds_of_spikes_are_periodic_not_irregular():
    values = {"C": 264.543, "gL": 17.092, "DeltaT": 0.814, "a": 1.196, "b": 77.049, "Tref": 0.0}
    found = adex_neuron("tonic", tau_w=164.764, Vr=-43.986, I=465.98, **values).firing_pattern()
    assert found.pattern == "bursting" and found.spikes_per_period > 200
    assert found.orbit.stable


def test_a_threshold_that_is_never_reached_is_named():
    with pytest.raises(ConvergenceError, match="reaches the threshold"):
        adex_neuron("tonic", a=1e6, tau_w=0.1).rheobase()


def test_a_start_that_is_no_state_is_refused():
    neuron = adex_neuron("tonic")
    with pytest.raises(ModelError, match="not below the cutoff"):
        neuron.spikes([30.0, 0.0], 1)
    with pytest.raises(ModelError, match="finite"):
        neuron.spikes([math.inf, 0.0], 1)
    with pytest.raises(ModelError, match="give dt"):
        neuron.simulate(100.0, current=np.zeros(10))


def test_a_silent_neuron_is_silent_not_broken():
    pattern = adex_neuron("tonic").firing_pattern(I=20.0)
    assert (pattern.pattern, pattern.rate, len(pattern.intervals)) == ("silent", 0.0, 0)


def test_nothing_here_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        adex_neuron("adapting").firing_pattern()
