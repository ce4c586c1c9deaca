"""The ring: published arrays, the continuum, and the stability of its homogeneous state."""

from __future__ import annotations

import math
import re

import networkx as nx
import numpy as np
import pytest

from continuation import dispersion, find_equilibria, wave_equation
from continuation.steady_states.certificates import characteristic_equation
from dynsys import ModelError, UnknownNameError, couple, simulate_nodes
from dynsys.coupling.uniform import uniform_model
from dynsys.models import Blob, apparent_motion, master_equation, ring, wilson_cowan
from dynsys.simulation import onset_latency, plot_space_time
from dynsys.transfer import evaluate, find_transfer_function


@pytest.fixture(scope="module")
def published():
    return ring("zerlaut2018", discretisation="published", l_exc=1.0)


@pytest.fixture(scope="module")
def published_run(published):
    return published.simulate(Blob(width=4.0))


@pytest.fixture(scope="module")
def continuum():
    return ring("zerlaut2018")


# --- the published discretisation -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "highest", "time"),
    [("nu_e", 108.75190730, 158.0), ("nu_i", 124.08619621, None), ("dV_N", 0.14573273, 152.0)],
)
def test_the_published_arrays_have_their_maxima(published_run, variable, highest, time):
    """ModelDB 234992, example_data.npy: l_exc = 1 mm, stimulus of 4 mm, 300 mm/s."""
    values = published_run[variable]
    assert float(values.max()) == pytest.approx(highest, abs=1e-8)
    if time is not None:
        assert float(values.max("x").idxmax("time")) == time


def test_the_published_connectivity_is_that_of_its_program():
    model = ring("zerlaut2018", discretisation="published")
    excitatory, inhibitory = model.edge_tables
    sums = [t.weights(model.parameters).sum() / 30 for t in (excitatory, inhibitory)]
    assert sums == pytest.approx([0.98847, 0.99852], abs=5e-6)
    reach = [np.count_nonzero(t.weights(model.parameters)) / 30 for t in model.edge_tables]
    assert reach == [21, 5]
    delays = excitatory.delays(model.parameters)
    assert sorted(set(delays.tolist())) == [4.0 * k for k in range(11)]
    assert model.middle() == pytest.approx(18.6207, abs=5e-5)


def test_published_runs_start_where_the_master_equation_rests(published, published_run):
    rest = published.resting_state()
    assert rest["nu_e"] == pytest.approx(2.45719675, abs=1e-8)
    assert rest["nu_i"] == pytest.approx(9.64063894, abs=1e-8)
    np.testing.assert_allclose(published_run["nu_e"][0], rest["nu_e"], rtol=1e-14)
    # Its weights add up to less than 1: without stimulus it drifts to another state.
    still = published.simulate(Blob(amplitude=0.0), 300)
    assert float(still["nu_e"][-1, 0]) == pytest.approx(
        published.homogeneous_state()["nu_e"], abs=1e-6
    )
    assert abs(rest["nu_e"] - published.homogeneous_state()["nu_e"]) > 1e-4


def test_the_published_run_is_a_plain_loop_over_arrays(published, published_run):
    """The scheme once more, with indices and no graph."""
    functions = [find_transfer_function(f"{c}-zerlaut2018") for c in ("RS", "FS")]
    steps, n, dt, T = 400, 30, 0.5, 5.0
    spacing = 1.2
    x = np.linspace(0, 36, n)
    profile = np.exp(-((x - x[15]) ** 2) / (2 * 4.0**2))
    rates = np.zeros((2, steps + 1, n))
    rates[:, 0] = np.array([[2.45719675], [9.64063894]])
    sd = 1.0 / spacing
    reach = int(3 * sd / spacing)
    for step in range(steps):
        t = step * dt
        course = 15 * math.exp(-((t - 150) ** 2) / (2 * (50.0 if t < 150 else 150.0) ** 2))
        arriving = np.zeros((2, n))
        for k in range(-reach, reach + 1):
            weight = math.exp(-((k / sd) ** 2) / 2) / (sd * math.sqrt(2 * math.pi))
            late = max(step - int(abs(k) / (300 / spacing) / 0.0005), 0)
            arriving += weight * np.roll(rates[:, late], -k, axis=1)
        e = [arriving[0] + 4.0 + course * profile, arriving[0] + 4.0]
        for s, function in enumerate(functions):
            rate = evaluate(function, {"e": e[s], "i": arriving[1]})["rate"]
            rates[s, step + 1] = rates[s, step] + dt / T * (rate - rates[s, step])
    for s, name in enumerate(("nu_e", "nu_i")):
        np.testing.assert_allclose(published_run[name][: steps + 1], rates[s], atol=2e-6)


def test_the_published_scheme_refuses_what_it_does_not_have(published):
    with pytest.raises(ModelError, match="forward Euler with steps of"):
        published.simulate(dt=0.1)
    with pytest.raises(ModelError, match="leave nodes and length out"):
        ring("zerlaut2018", discretisation="published", nodes=60)
    with pytest.raises(ModelError, match="would count neighbours twice"):
        ring("zerlaut2018", discretisation="published", l_exc=8.0)


# --- the continuum --------------------------------------------------------------------------------


def test_the_homogeneous_state_is_that_of_the_master_equation(continuum):
    rest = master_equation("zerlaut2018").equilibrium()
    uniform = continuum.homogeneous_state()
    for name in ("nu_e", "nu_i", "mu_V_i"):
        assert uniform[name] == pytest.approx(rest[name], rel=1e-11)
    still = continuum.simulate(Blob(amplitude=0.0), 100)
    np.testing.assert_allclose(still["nu_e"], rest["nu_e"], rtol=1e-11)
    assert float(abs(still["dV_N"]).max()) < 1e-12


def test_more_nodes_change_little(continuum):
    coarse = continuum.simulate(Blob(center=18.0), 250)
    fine = ring("zerlaut2018", nodes=60).simulate(Blob(center=18.0), 250)
    for name, most in (("nu_e", 0.05), ("dV_N", 3e-4)):
        same = fine[name].sel(x=coarse["x"])
        assert float(abs(same - coarse[name]).max()) < most


def test_smaller_steps_change_little(continuum):
    runs = [continuum.simulate(Blob(rise=20.0), 150, dt=dt, sample=0.5) for dt in (0.1, 0.05)]
    assert float(abs(runs[0]["nu_e"] - runs[1]["nu_e"]).max()) < 1e-5


def test_the_ring_has_no_beginning(continuum):
    """A moved stimulus moves the response; both are their own mirror images."""
    run = continuum.simulate(Blob(center=18.0), 200)
    moved = continuum.simulate(Blob(center=0.0), 200)
    np.testing.assert_allclose(np.roll(run["nu_e"], 15, axis=1), moved["nu_e"], atol=1e-10)
    values = run["dV_N"].values
    np.testing.assert_allclose(values[:, 15 - 14 : 15], values[:, 15 + 14 : 15 : -1], atol=1e-12)


def test_activity_arrives_later_farther_away_and_sooner_where_conduction_is_fast(continuum):
    slopes = []
    for speed in (150.0, 300.0, 600.0):
        run = continuum.with_parameters(v_c=speed).simulate(Blob(rise=20.0), 300)
        latency = onset_latency(run, "dV_N").values[15:27]
        assert np.all(np.diff(latency) > 0)
        slopes.append(1.2 / np.mean(np.diff(latency[4:])) * 1000)  # mm/s
    assert slopes == sorted(slopes)
    assert slopes[0] == pytest.approx(150.0, rel=0.25)


def test_results_say_what_they_are(continuum):
    run = continuum.simulate(Blob(), 50, record=["sigma_V_e"])
    assert run["x"].attrs["units"] == "mm"
    assert run["time"].attrs["units"] == "ms"
    assert run["nu_e"].attrs["units"] == run["afferent"].attrs["units"] == "Hz"
    assert run["sigma_V_e"].attrs["units"] == "mV"
    assert float(run["x"][-1]) == pytest.approx(36 - 1.2)
    assert run.attrs["discretisation"] == "continuum"
    expected = 15 * math.exp(-((50 - 150) ** 2) / (2 * 50**2))
    assert float(run["afferent"][-1, 15]) == pytest.approx(expected, rel=1e-9)
    assert float(run["afferent"][-1, 16]) == pytest.approx(
        expected * math.exp(-(1.2**2) / (2 * 1.5**2)), rel=1e-9
    )


def test_apparent_motion_is_two_blobs(continuum):
    first, second = apparent_motion(4.05, 30.0, amplitude=10.0)
    assert second.center - first.center == pytest.approx(4.05)
    assert second.peak - first.peak == 30.0
    assert second.amplitude == 10.0
    run = continuum.simulate([first, second], 100)
    single = [continuum.simulate(blob, 100)["afferent"] for blob in (first, second)]
    np.testing.assert_allclose(run["afferent"], single[0] + single[1], atol=1e-12)


def test_units_may_adapt():
    model = ring("divolo2019", nodes=6, length=12.0).with_parameters(drive=2.5, a=0, b=100)
    run = model.simulate(Blob(amplitude=5.0, width=1.0), 200, record=["W"])
    assert float(run["W"][0, 0]) == pytest.approx(72.917, abs=5e-3)
    assert float(run["W"][-1, 3]) > float(run["W"][0, 3]) + 1


def test_the_latency_of_a_known_rise_is_exact():
    import xarray as xr

    time = np.linspace(0, 10, 101)
    arrival = np.array([1.23, 2.5, 4.0])
    values = np.clip((time[:, None] - arrival) / 4, 0, 1) * [1.0, 2.0, 0.0]
    run = xr.Dataset({"v": (("time", "x"), values)}, coords={"time": time, "x": [0.0, 1.0, 2.0]})
    latency = onset_latency(run, "v", fraction=0.5)
    np.testing.assert_allclose(latency[:2], arrival[:2] + 2.0, atol=1e-12)
    assert np.isnan(latency[2])
    early = onset_latency(run, "v", fraction=0.5, before=3.0)
    assert float(early[0]) == pytest.approx(1.23 + (3.0 - 1.23) / 2)


def test_the_figure_shows_time_place_and_unit(published_run):
    ax = plot_space_time(published_run, "nu_e")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "x (mm)")
    assert ax.collections[0].get_array().max() == float(published_run["nu_e"].max())


# --- waves ----------------------------------------------------------------------------------------


def test_the_roots_are_those_of_the_determinant(continuum):
    """det[(1 + lambda T) I - A diag(w_e(k, lambda), w_i(k, lambda))] = 0, written out."""
    closed = continuum.closed
    gains = 5.0 * closed.jacobian(closed.equilibrium().state) + np.eye(2)
    offsets = np.arange(-14, 16)
    weights = np.exp(-((1.2 * offsets[:, None]) ** 2) / (2 * np.array([5.0, 1.0]) ** 2))
    weights /= weights.sum(axis=0)
    relation = dispersion(continuum, wave_numbers=[0, 3, 8, 15])
    for k in (0, 3, 8, 15):
        row = relation.data.sel(wave_number=k)
        for growth, frequency in zip(row["growth"].values, row["frequency"].values, strict=True):
            root = complex(growth, 2 * np.pi * frequency / 1000)
            phase = np.exp(2j * np.pi * k * offsets / 30 - root * 4.0 * abs(offsets))
            matrix = (1 + 5.0 * root) * np.eye(2) - gains * (phase @ weights)
            sizes = np.linalg.svd(matrix, compute_uv=False)
            assert sizes[-1] < 1e-7 * sizes[0]
        rightmost = float(row["growth"][0])
        equation = wave_equation(continuum, k)
        assert equation.count(rightmost + 1e-6, 12.0) == 0
        # The third in the list is the third there is, its mirror images apart.
        last = float(row["growth"][2])
        real = np.count_nonzero(row["frequency"] == 0)
        assert equation.count(last - 1e-6, 12.0) == 6 - real
    assert relation.stable
    assert relation.dominant == 0


def test_a_wave_on_the_ring_decays_as_its_roots_say(continuum):
    k, size = 6, 30
    rest, wave = continuum.resting_state(), np.cos(2 * np.pi * 6 * np.arange(30) / 30)
    start = {"nu_e": rest["nu_e"] + 1e-4 * wave, "nu_i": rest["nu_i"]}
    run = simulate_nodes(continuum, 160, initial=start, sample=1.0, record="states")
    amplitude = (run["nu_e"].values - rest["nu_e"]) @ wave * 2 / size
    times, late = run["time"].values[100:], amplitude[100:]
    row = dispersion(continuum, wave_numbers=[k], roots=1).data.isel(wave_number=0, root=0)
    growth, frequency = float(row["growth"]), float(row["frequency"])

    def misfit(growth: float, frequency: float) -> float:
        """Part of the late response that is not such a wave."""
        wave = np.exp((growth + 2j * np.pi * frequency / 1000) * (times - times[0]))
        matrix = np.stack([wave.real, wave.imag], axis=1)
        size = np.exp(growth * (times - times[0]))
        matrix, seen = matrix / size[:, None], late / size
        left = seen - matrix @ np.linalg.lstsq(matrix, seen, rcond=None)[0]
        return float(np.linalg.norm(left) / np.linalg.norm(seen))

    assert misfit(growth, frequency) < 2e-3
    for other in (0.98, 1.02):
        assert misfit(other * growth, frequency) > 2e-2
        assert misfit(growth, other * frequency) > 2e-2


def test_an_unstable_wave_grows_as_its_root_says():
    graph = nx.cycle_graph(8)
    model = couple(
        wilson_cowan(), graph, source="E", target="P", weight=2.0, delay=0.7
    ).with_parameters(P=-2.0)
    relation = dispersion(model)
    assert not relation.stable
    assert relation.dominant == 4
    rest = uniform_model(model)
    state = find_equilibria(rest)[0]
    wave = np.cos(np.pi * np.arange(8))
    start = state[None, :] + 1e-8 * wave[:, None]
    run = simulate_nodes(model, 50, initial=start, dt=0.02)
    amplitude = (run["E"].values - state[0]) @ wave / 8
    # A growing oscillation obeys a(t + h) = p a(t) - q a(t - h) with q = exp(2 h growth).
    h, window = 20, slice(1000, 2400)
    a = amplitude[window]
    p, q = np.linalg.lstsq(np.stack([a[h:-h], -a[: -2 * h]], 1), a[2 * h :], rcond=None)[0]
    root = np.log(complex(p / 2, math.sqrt(q - p**2 / 4))) / (0.02 * h)
    row = relation.data.sel(wave_number=4, root=1)
    assert root.real == pytest.approx(float(row["growth"]), rel=1e-3)
    assert root.imag / (2 * np.pi) == pytest.approx(float(row["frequency"]), rel=1e-3)


@pytest.fixture(scope="module")
def small_ring():
    """Four nodes with delays, coupled to the next and, more or less, to the last."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(4))
    for j in range(4):
        graph.add_edge((j + 1) % 4, j, next=1.0, last=0.0)
        graph.add_edge((j - 1) % 4, j, next=0.0, last=1.0)
    return couple(
        wilson_cowan(), graph, source="E", target="P", weight="K*next + L*last", delay=0.7,
        parameters={"K": 0.8, "L": 0.8},
    ).with_parameters(P=-3.0)  # fmt: skip


@pytest.mark.parametrize("back", [0.8, 0.0], ids=["both ways", "one way"])
def test_waves_of_a_small_ring_are_the_roots_of_its_field(small_ring, back):
    model = small_ring.with_parameters(L=back)
    state = np.tile(uniform_model(model).equilibrium().state, 4)
    whole = characteristic_equation(model, model.fill_lines(state))
    limit = -0.75
    roots = whole.roots_right_of(limit)
    by_wave = np.concatenate([wave_equation(model, k).roots_right_of(limit) for k in range(3)])
    assert np.abs(roots[:, None] - by_wave[None, :]).min(axis=1).max() < 1e-9
    assert np.abs(roots[:, None] - by_wave[None, :]).min(axis=0).max() < 1e-9
    # With multiplicity: the wave 1 comes as 1 and -1, which one way round its equation has both.
    times = {0: 1, 1: 2 if back else 1, 2: 1}
    assert whole.count(limit, 2.0) == sum(
        times[k] * wave_equation(model, k).count(limit, 2.0) for k in times
    )


def test_graphs_without_wave_numbers_are_refused():
    path = nx.path_graph(4)
    nx.set_edge_attributes(path, {(0, 1): 1.0, (1, 2): 0.0, (2, 3): 1.0}, "weight")
    model = couple(wilson_cowan(), path, source="E", target="P")
    with pytest.raises(ModelError, match="is not connected like node 0"):
        dispersion(model.with_parameters(P=-3.0))


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"l_exc": 0.0}, "l_exc is 0 mm; it must be positive"),
        ({"v_c": -300.0}, "v_c is -300 mm/s; it must be positive"),
        ({"nodes": 2}, "2 nodes; a ring has 3 or more"),
        ({"length": float("inf")}, "length is inf mm"),
    ],
)
def test_rings_that_cannot_be_meant_are_refused(arguments, message):
    with pytest.raises(ModelError, match=re.escape(message)):
        ring("zerlaut2018", **arguments)


def test_unknown_names_are_answered_with_the_known_ones(continuum, published_run):
    with pytest.raises(UnknownNameError, match="Did you mean 'published'"):
        ring("zerlaut2018", discretisation="publishd")
    with pytest.raises(UnknownNameError, match="zerlaut2018"):
        ring("zerlaut2019")
    with pytest.raises(UnknownNameError, match="no variable 'dVN'"):
        onset_latency(published_run, "dVN")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0.0}, "the width of a blob is 0 mm"),
        ({"decay": -1.0}, "the decay of a blob is -1 ms"),
        ({"amplitude": float("nan")}, "amplitude of a blob is nan"),
    ],
)
def test_blobs_that_cannot_be_meant_are_refused(arguments, message):
    with pytest.raises(ModelError, match=re.escape(message)):
        Blob(**arguments)


def test_what_is_no_stimulus_is_refused(continuum, published_run):
    with pytest.raises(ModelError, match="give Blobs"):
        continuum.simulate([15.0])
    with pytest.raises(ModelError, match="it must lie between 0 and 1"):
        onset_latency(published_run, fraction=25)
    with pytest.raises(ModelError, match="final_state is over x, state"):
        plot_space_time(published_run, "final_state")
