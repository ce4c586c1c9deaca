"""Limit cycles against published digits, the AdEx mean field's tables and direct simulation.

Published cycles are good to 10 digits (multiple shooting). Periods are asked to 1e-8 relative,
folds of cycles to 1e-6 and period doublings to 1e-8 in the parameter, multipliers to 1e-6.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from continuation import (
    CycleSettings,
    cycle_sensitivity,
    direct_phase_response,
    equilibria,
    limit_cycles,
    load,
    phase_response,
)
from continuation.cycles.orbits import SLOPES, VALUES, WEIGHT, adapted_mesh, begun_at, remeshed
from dynsys import (
    ConvergenceError,
    DynsysError,
    ModelError,
    State,
    StorageError,
    UnknownNameError,
    VectorField,
    simulate_ensemble,
)
from dynsys.inputs import impulse_unit
from dynsys.models import aln
from tests.oracles import system

BRANCHES = {
    "morris_lecar": ("I", (60.0, 260.0)),
    "morris_lecar_fast": ("y", (-0.05, 0.15)),
    "morris_lecar_homoclinic": ("I", (20.0, 60.0)),
    "hodgkin_huxley": ("I", (0.0, 200.0)),
    "jansen_rit": ("p", (-100.0, 400.0)),
    "enzyme_plp": ("rho", (2.0, 6.0)),
    "reaction_abc": ("D", (0.15, 0.4)),
    "co_oxidation": ("q2", (0.9, 1.2)),
    "freire_circuit": ("nu", (-0.7, -0.5)),
}
START = {"freire_circuit": [0.0, 0.0, 0.0]}


@pytest.mark.parametrize("name", BRANCHES)
def test_folds_of_cycles_have_the_published_digits(name):
    parameter, span = BRANCHES[name]
    branch = equilibria(system(name).model(), parameter, span, start=START.get(name))
    found = [
        cycle
        for point in branch.points("H")
        for cycle in limit_cycles(point, parameter, span).points("LPC")
    ]
    records = [p for p in system(name).points if p["type"] == "LPC" and "fixed" not in p]
    assert records
    for record in records:
        near = min(found, key=lambda c: abs(c.orbit.value - record["p"]))
        assert near.orbit.value == pytest.approx(record["p"], rel=1e-6)
        assert near.period == pytest.approx(record["T"], rel=2e-3)  # steep along the branch


def test_the_period_doubling_of_the_adaptive_controller():
    branch = equilibria(system("adaptive_control").model(al=1.2), "al", (0.3, 1.5), start=[0, 0, 0])
    cycles = limit_cycles(branch["H1"], "al", (0.3, 1.5))
    doubling = cycles["PD1"]
    assert doubling.orbit.value == pytest.approx(0.63030200616, rel=1e-8)
    assert doubling.period == pytest.approx(6.36407133944, rel=1e-8)
    critical, other = sorted(doubling.multipliers.real)
    assert critical == pytest.approx(-1.0, abs=1e-8)
    assert other == pytest.approx(-0.01811007379, abs=1e-7)
    assert cycles.at(al=0.8).period == pytest.approx(6.32862720646, rel=1e-9)


ORBITS = [
    ("morris_lecar", "I", 100.0, 85.290641043, []),
    ("jansen_rit", "p", 200.0, 9.20599405052, [0.860119578, 0.0004858242234]),
    ("jansen_rit", "p", 150.0, 9.41342531626, [0.8921759069, 0.000509561485]),
    ("hodgkin_huxley", "I", 10.0, 14.6362099898, [0.07406025967]),
    ("hodgkin_huxley", "I", 100.0, 6.79027071727, [0.3176070065, 0.001393179985]),
    ("van_der_pol", "mu", 1.0, 6.6632868593, []),
    ("qif_adaptation", "eta", -0.5, 4.77454515913, []),
    ("tsodyks_markram", "E0", -1.2, 0.380666041226, [0.4034523363, 0.2541135305]),
]
BESIDE = {
    "morris_lecar": [0.0, 0.1], "jansen_rit": [0.12, 25, 18, 0.01, 0, 0],
    "hodgkin_huxley": [-30, 0.1, 0.4, 0.4], "van_der_pol": [2.0, 0.0],
    "qif_adaptation": [1.2235, -0.26, 10.93], "tsodyks_markram": [9.0, 0.4, 0.85],
}  # fmt: skip


@pytest.mark.parametrize(("name", "parameter", "value", "period", "known"), ORBITS)
def test_orbits_from_simulation_have_published_periods_and_multipliers(
    name, parameter, value, period, known
):
    model = system(name).model(**{parameter: value})
    reach = 0.01 * abs(value)
    branch = limit_cycles(
        model, parameter, (value - reach, value + reach), start=(BESIDE[name], period),
        settings=CycleSettings(intervals=80),
    )  # fmt: skip
    cycle = branch.at(**{parameter: value})
    assert cycle.period == pytest.approx(period, rel=1e-8)
    assert cycle.stable
    assert cycle.trivial_error < 1e-6
    for multiplier in known:
        assert np.min(np.abs(cycle.multipliers - multiplier)) < 1e-6


def test_homoclinic_ends_lie_at_the_published_parameter():
    for name, parameter, span, value in (
        ("qif_adaptation", "eta", (-3.0, 1.0), -1.879197059),
        ("morris_lecar_fast", "y", (-0.05, 0.15), 0.072930696245),
    ):
        branch = equilibria(system(name).model(), parameter, span)
        point = max(branch.points("H"), key=lambda p: p.parameters[parameter])
        cycles = limit_cycles(point, parameter, span)
        assert "period diverges" in cycles.ended[1]
        assert cycles.orbits[-1].value == pytest.approx(value, abs=1e-7)


def test_collocation_converges_with_order_eight_at_mesh_points():
    # van der Pol, uniform meshes: the period is superconvergent, h^(2 m) with m = 4.
    model = system("van_der_pol").model()
    coarse = limit_cycles(model, "mu", (0.9, 1.1), start=([2.0, 0.0], 6.66)).at(mu=1.0)
    errors = []
    for count in (10, 20):
        orbit = remeshed(coarse.orbit, np.linspace(0, 1, count + 1))
        errors.append(abs(coarse.solver.at_value(orbit, 1.0).period - 6.663286859323))
    assert np.log2(errors[0] / errors[1]) > 7


def test_gauss_collocation_integrates_polynomials_exactly():
    nodes = np.arange(5) / 4
    for power in range(5):
        exact = power * (VALUES @ nodes) ** (power - 1) if power else np.zeros(4)
        assert SLOPES @ nodes**power == pytest.approx(exact, abs=1e-12)
        assert WEIGHT @ (VALUES @ nodes**power) == pytest.approx(1 / (power + 1))


def test_stuart_landau_has_its_exact_cycle_multiplier_and_phase_response():
    # z' = (m + i w) z - (1 + i b) |z|^2 z: r = sqrt(m), Omega = w - b m, multiplier exp(-2 m T).
    m, w, b = 0.4, 2.0, 0.7
    model = VectorField(
        "stuart_landau", {"x": State(0.6, (-1, 1)), "y": State(0.0, (-1, 1))},
        {"m": m, "w": w, "b": b},
        {"x": "m*x - w*y - (x^2 + y^2)*(x - b*y)", "y": "w*x + m*y - (x^2 + y^2)*(b*x + y)"},
        time_unit="",
    )  # fmt: skip
    cycle = limit_cycles(model, "m", (0.3, 0.5)).at(m=m)
    omega = w - b * m
    assert cycle.period == pytest.approx(2 * np.pi / omega, rel=1e-9)
    assert cycle.multipliers[0].real == pytest.approx(np.exp(-2 * m * cycle.period), rel=1e-6)
    assert cycle.extrema("x") == pytest.approx((-np.sqrt(m), np.sqrt(m)), rel=1e-5)
    response = phase_response(cycle, "x")
    phases = response["phase"].values
    angle = np.arctan2(cycle.values("y", phases), cycle.values("x", phases))
    exact = (-np.sin(angle) - b * np.cos(angle)) / (np.sqrt(m) * omega)
    assert response.values == pytest.approx(exact, rel=1e-6, abs=1e-7)
    turns = phase_response(cycle, "x", unit="cycles")
    assert turns.values * cycle.period == pytest.approx(response.values, rel=1e-12)
    assert turns.attrs["units"] == "cycles"
    radians = phase_response(cycle, "x", unit="phase")
    assert radians.values == pytest.approx(2 * np.pi * turns.values, rel=1e-12)
    assert radians.attrs["units"] == "rad"


def test_phases_begin_at_the_peak_of_the_first_observable(fast_cycles):
    cycle = fast_cycles.at(mu_e=1.3)
    phases = np.linspace(0, 1, 2001)
    rate = cycle.values("r_E", phases)
    assert rate[0] == pytest.approx(cycle.extrema("r_E")[1], rel=1e-6)
    assert rate[0] == rate[-1]
    assert np.argmax(rate[:-1]) == 0
    assert cycle.profile(2001)["r_E"].values == pytest.approx(rate)
    response = phase_response(cycle, "mu_e")
    assert response["phase"].values[0] == 0.0
    assert np.all(np.diff(response["phase"].values) > 0)
    assert response["r_E"].values == pytest.approx(
        cycle.values("r_E", response["phase"].values), rel=1e-5, abs=1e-4
    )
    assert response.attrs["event"] == "the peak of r_E"
    # The same cycle, told from another place of the orbit: phases, and so responses, do not change.
    turned = replace(
        cycle, orbit=begun_at(cycle.orbit, 0.37, adapted_mesh(cycle.orbit, cycle.orbit.intervals))
    )
    assert turned.origin != pytest.approx(cycle.origin, abs=0.1)
    again = phase_response(turned, "mu_e")
    wanted = np.interp(response["phase"], again["phase"], again)
    assert wanted == pytest.approx(response.values, abs=2e-3 * np.abs(response).max().item())


def test_a_parameters_phase_response_is_per_unit_and_duration():
    assert impulse_unit(aln(), "mu_e") == "(mV/ms) ms"
    assert impulse_unit(aln(), "I_A") == "pA"  # a jump of a state


@pytest.mark.parametrize("name", ["morris_lecar", "hodgkin_huxley", "adaptive_control"])
def test_phase_responses_have_the_published_digits(name):
    # The sample phases are found from the published states, which limits the agreement to 1e-4.
    oracle = system(name)
    known = oracle.phase_response
    parameter = next(k for k in known if k in oracle.parameters)
    value = known[parameter]
    model, reach = oracle.model(**{parameter: value}), 0.01 * abs(value)
    start = (known["samples"][0][1], known["T"])
    cycle = limit_cycles(model, parameter, (value - reach, value + reach), start=start).at(
        **{parameter: value}
    )
    times = np.linspace(0, 1, 200_001)
    states = np.stack([cycle.values(k, times) for k in model.states], axis=1)
    curves = [phase_response(cycle, k) for k in model.states]
    for _, state, adjoint in known["samples"]:
        offset = (states - np.array(state)) / np.ptp(states, axis=0)
        at = times[np.argmin(np.sum(offset**2, axis=1))]
        found = [
            float(CubicSpline(np.append(c.phase, 1.0), np.append(c, c[0]), bc_type="periodic")(at))
            for c in curves
        ]
        assert found == pytest.approx(adjoint, rel=1e-4, abs=1e-4 * np.max(np.abs(adjoint)))


def test_a_one_parameter_diagram_follows_the_cycles_of_every_hopf_point_once():
    from continuation import bifurcation_diagram
    from dynsys.models import jansen_rit

    diagram = bifurcation_diagram(jansen_rit(), x=("p", -60, 400))
    assert len(diagram.cycles) == 2  # from H1, and one family that connects H2 and H3
    assert not diagram.missed
    (fold,) = diagram.points("LPC")
    assert fold.orbit.value == pytest.approx(137.379267202, rel=1e-7)
    # The spike-wave cycle ends on the saddle-node at LP1 (SNIC), its amplitude finite.
    spikes = diagram.cycles[0]
    assert "period diverges" in spikes.ended[1]
    # ... where the distance to it falls as the square of the frequency.
    tails = [(o.value - 113.5862732128) * o.period**2 for o in spikes.orbits[-8:]]
    assert spikes.orbits[-1].value == pytest.approx(113.5862732, abs=1e-3)
    assert max(tails) / min(tails) < 1.1
    tail = spikes.data["max_EEG"].values[-10:]
    assert np.ptp(tail) < 0.01 * np.mean(tail)
    upper, lower = diagram.plot()
    assert upper.get_ylabel() == "EEG (mV)"
    assert lower.get_ylabel() == "frequency (Hz)"


# --- the AdEx mean field ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def fast_cycles(aln_branch):
    return limit_cycles(aln_branch["H2"], parameter="mu_e", span=(0.3, 1.6))


def test_the_fast_rhythm_at_a2_is_the_published_one(fast_cycles):
    cycle = fast_cycles.at(mu_e=1.3)
    assert cycle.stable
    assert cycle.frequency == pytest.approx(22.57, abs=0.1)
    assert cycle.extrema("r_E") == pytest.approx((2.65, 37.0), rel=0.03)
    assert cycle.trivial_error < 1e-6


def test_the_fast_rhythm_connects_both_hopf_points_without_period_doubling(fast_cycles):
    assert not fast_cycles.special_points
    values = fast_cycles.data["mu_e"].values
    assert values.min() == pytest.approx(0.5004, abs=0.005)
    assert values.max() == pytest.approx(1.3951, abs=0.005)
    assert bool(fast_cycles.data["stable"].all())
    assert "Hopf point" in fast_cycles.ended[1]
    # Published (Euler, dt 0.1): frequency and largest r_E; the continuous-time limit lies up to
    # 1.3 % above in frequency.
    for mu_e, frequency, largest in [(0.7, 17.06, 14.97), (0.9, 19.46, 38.30), (1.1, 21.28, 54.06)]:
        cycle = fast_cycles.at(mu_e=mu_e)
        assert cycle.frequency == pytest.approx(frequency, rel=0.02)
        assert cycle.extrema("r_E")[1] == pytest.approx(largest, rel=0.06)


def test_the_slow_rhythm_of_adaptation_is_the_published_one():
    model = aln().with_parameters(a=15, b=40, mu_e=4.0, mu_i=1.8)
    cycle = limit_cycles(model, "mu_e", (3.98, 4.02)).at(mu_e=4.0)
    assert cycle.frequency == pytest.approx(2.73, abs=0.03)
    assert cycle.extrema("r_E") == pytest.approx((0.060, 33.2), rel=0.03)
    assert cycle.extrema("r_I") == pytest.approx((9.46, 73.57), rel=0.01)
    assert cycle.extrema("I_A") == pytest.approx((343, 425), abs=1)
    assert cycle.stable


def test_the_adjoint_response_of_the_delay_model_is_what_small_pulses_do(fast_cycles):
    cycle = fast_cycles.at(mu_e=1.3)
    curve = phase_response(cycle, "mu_fE")
    assert curve.attrs["constancy"] < 1e-8
    phases = np.array([0.1, 0.4, 0.7])
    direct = direct_phase_response(cycle, "mu_fE", 1e-3, phases, periods=60)
    expected = np.interp(phases, curve["phase"], curve)
    assert direct.values == pytest.approx(expected, rel=0.01, abs=0.01 * np.abs(curve).max().item())


def test_the_period_ignores_the_order_of_the_delay_lines(fast_cycles):
    model = aln().with_parameters(mu_i=0.5).with_delay_order(9)
    branch = equilibria(model, "mu_e", (1.2, 1.6))
    fine = limit_cycles(branch["H1"], "mu_e", (1.2, 1.6)).at(mu_e=1.3)
    assert fine.period == pytest.approx(fast_cycles.at(mu_e=1.3).period, rel=2e-5)


def test_cycles_survive_the_file_and_continue_from_it(fast_cycles, tmp_path):
    copy = load(fast_cycles.save(tmp_path / "cycles.nc"))
    assert str(copy) == str(fast_cycles)
    assert np.array_equal(copy.orbits[5].u, fast_cycles.orbits[5].u)
    cycle = copy.at(mu_e=1.2)
    again = limit_cycles(cycle, "mu_i", (0.4, 0.6)).at(mu_i=0.5)
    assert again.period == pytest.approx(cycle.period, rel=1e-8)
    path = tmp_path / "cycles.nc"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(StorageError, match=r"cycles\.nc"):
        load(path)


def test_meshes_concentrate_where_the_orbit_is_steep():
    model = system("van_der_pol").model(mu=10.0)
    cycle = limit_cycles(model, "mu", (9.9, 10.1), start=([2.0, 0.0], 19.0)).at(mu=10.0)
    mesh = adapted_mesh(cycle.orbit)
    assert np.all(np.diff(mesh) > 0)
    assert np.diff(mesh).max() / np.diff(mesh).min() > 5
    assert cycle.period == pytest.approx(19.0783, rel=1e-4)  # van der Pol, mu = 10 (literature)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda b: limit_cycles(b["LP1"], "P", (-3, 6)), "cycles start at Hopf points"),
        (lambda b: limit_cycles(b["H1"], "Z", (-3, 6)), "no parameter 'Z'"),
        (lambda b: limit_cycles(b["H1"], "P", (6, -3)), "reversed"),
        (lambda b: limit_cycles(b.model, "P", (6, -3)), "reversed"),
        (lambda b: limit_cycles(b.model, "P", (-3, np.inf)), "must be finite"),
        (lambda b: limit_cycles(b.model.with_parameters(P=-2.9), "P", (-3, 6)), "came to rest"),
        (lambda b: limit_cycles(b.model, "P", (-3, 6), start=([0, 0], -1.0)), "period guess"),
        (lambda b: limit_cycles(b.model, "P", (-3, 6), start=([np.nan, 0], 1.0)), "not finite"),
        (lambda b: limit_cycles("H1", "P", (-3, 6)), "not a str"),
    ],
)
def test_starts_that_are_no_cycle_are_refused_with_their_reason(call, message):
    from dynsys.models import wilson_cowan

    branch = equilibria(wilson_cowan(), "P", (-3.0, 6.0))
    with pytest.raises(DynsysError, match=message):
        call(branch)


def test_questions_a_branch_cannot_answer_name_what_it_can(fast_cycles):
    with pytest.raises(ConvergenceError, match="it runs from"):
        fast_cycles.at(mu_e=3.0)
    with pytest.raises(UnknownNameError, match="mu_e"):
        fast_cycles.at(mu_i=0.5)
    with pytest.raises(ModelError, match="it must be a finite number"):
        fast_cycles.at(mu_e="1.3")
    with pytest.raises(UnknownNameError, match="Did you mean 'r_E'"):
        fast_cycles.at(mu_e=1.3).extrema("r_e")
    with pytest.raises(UnknownNameError, match="PD1"):
        fast_cycles["PD1"]
    with pytest.raises(UnknownNameError, match="Did you mean 'mu_e'"):
        phase_response(fast_cycles.at(mu_e=1.3), "mu_ee")
    with pytest.raises(ModelError, match="span"):
        limit_cycles(fast_cycles.at(mu_e=1.3), "mu_e", (1.0, 1.0))


def test_the_sensitivity_of_a_cycle_is_the_slope_of_its_branch():
    # Against differences of corrected cycles; in a parameter other than the branch's own.
    model = aln().with_parameters(mu_e=1.3, mu_i=0.5)
    cycle = limit_cycles(model, "mu_e", (1.29, 1.31)).at(mu_e=1.3)
    found = cycle_sensitivity(cycle, "mu_i")
    across = limit_cycles(model, "mu_i", (0.48, 0.52))
    low, high = across.at(mu_i=0.499), across.at(mu_i=0.501)
    assert found["period"] == pytest.approx((high.period - low.period) / 0.002, rel=1e-3)
    assert found["frequency"] == pytest.approx((high.frequency - low.frequency) / 0.002, rel=1e-3)
    largest = (high.extrema("r_E")[1] - low.extrema("r_E")[1]) / 0.002
    assert found["max_r_E"] == pytest.approx(largest, rel=1e-2)


def test_the_cycle_table_is_the_limit_of_the_published_one(fast_cycles):
    # The published Euler steps of 0.1 ms lie 1 % below in frequency (and are reproduced digit by
    # digit by simulate's "published" discretisation). Their limit of small steps, integrated
    # with exact delays, is the collocation solution: frequency to 1e-4, extrema to 1e-3.
    values = [0.6, 0.8, 1.0, 1.2, 1.3, 1.35]
    run = simulate_ensemble(
        aln().with_parameters(mu_i=0.5),
        1000,
        {"mu_e": values},
        record="r_E",
        settle=2000,
        sample=0.1,
    )
    for value in values:
        cycle = fast_cycles.at(mu_e=value)
        rate = run["r_E"].sel(mu_e=value)
        spline = CubicSpline(run["time"].values, rate.values)
        level = float(rate.mean())
        crossings = [t for t in spline.solve(level, extrapolate=False) if spline(t, 1) > 0]
        frequency = 1000 * (len(crossings) - 1) / (crossings[-1] - crossings[0])
        assert cycle.frequency == pytest.approx(frequency, rel=1e-4)
        extrema = (float(rate.min()), float(rate.max()))
        assert cycle.extrema("r_E") == pytest.approx(extrema, rel=1e-3)
