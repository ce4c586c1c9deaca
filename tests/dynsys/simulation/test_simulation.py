"""Time integration: orders of convergence, delays with known solutions, failures that speak."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest

from dynsys import ModelError, Tolerance, UnknownNameError, VectorField, simulate, simulate_ensemble
from dynsys.models import LIBRARY, aln, fitzhugh_nagumo, jansen_rit
from dynsys.simulation.motion import motion

# x'(t) = -(pi/2) x(t - 1) has the solution sin(pi t / 2).
SINE = VectorField(
    "delayed_sine", {"x": 0.0}, {"k": math.pi / 2}, {"x": "-k*delay(x, 1)"}, time_unit=""
)
# x'(t) = -x(t - 1) with x = 1 before 0: a polynomial between integers, with kinks at them.
KINKS = VectorField(
    "delayed_decay", {"x": 1.0}, {"tau": 1.0}, {"x": "-delay(x, tau)"}, time_unit=""
)


ORDERS = [("euler", 1), ("heun", 2), ("exponential", 2), ("rk4", 4)]


def sine(t):
    return np.sin(np.pi / 2 * np.asarray(t))


def method_of_steps(t: float) -> float:
    terms = range(math.floor(t) + 2)
    return sum((-1) ** k * max(t - k + 1, 0) ** k / math.factorial(k) for k in terms)


def order(errors: list[float]) -> float:
    return math.log2(errors[-2] / errors[-1])


@pytest.mark.parametrize(
    ("method", "expected"), [("euler", 1), ("heun", 2), ("exponential", 2), ("rk4", 4)]
)
def test_fixed_steps_have_their_order_on_a_smooth_delay_equation(method, expected):
    errors = []
    for dt in (0.1, 0.05, 0.025):
        run = simulate(SINE, 10, initial=lambda t: [float(sine(t))], method=method, dt=dt)
        errors.append(float(np.abs(run["x"] - sine(run["time"])).max()))
    assert order(errors) == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize(
    ("method", "expected"), [("euler", 1), ("heun", 2), ("exponential", 2), ("rk4", 4)]
)
def test_fixed_steps_keep_their_order_across_kinks(method, expected):
    errors = []
    for dt in (0.1, 0.05, 0.025):
        run = simulate(KINKS, 5, method=method, dt=dt)
        exact = [method_of_steps(t) for t in run["time"].values]
        errors.append(float(np.abs(run["x"].values - exact).max()))
    assert order(errors) == pytest.approx(expected, abs=0.2)


def test_a_delay_between_grid_points_is_interpolated_to_the_order():
    tau = 0.7317
    # x' = -(pi/(2 tau)) x(t - tau) has the solution sin(pi t / (2 tau)).
    model = VectorField(
        "odd", {"x": 0.0}, {"tau": tau}, {"x": f"-{math.pi / 2 / tau}*delay(x, tau)"}, time_unit=""
    )
    errors = []
    for dt in (0.05, 0.025, 0.0125):
        run = simulate(
            model, 5, initial=lambda t: [math.sin(math.pi * t / 2 / tau)], method="rk4", dt=dt
        )
        exact = np.sin(np.pi * run["time"] / 2 / tau)
        errors.append(float(np.abs(run["x"] - exact).max()))
    assert order(errors) > 3.7  # the place between grid points, and with it the constant, varies
    assert errors[-1] < 2e-7


def test_the_adaptive_method_is_of_fifth_order_in_its_steps():
    errors, steps = [], []
    for tolerance in (1e-5, 1e-7, 1e-9, 1e-11):
        run = simulate(
            SINE, 40, initial=lambda t: [float(sine(t))], sample=0.05,
            tolerance=Tolerance(tolerance, tolerance),
        )  # fmt: skip
        errors.append(float(np.abs(run["x"] - sine(run["time"])).max()))
        steps.append(run.attrs["steps"])
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(-5, abs=0.5)
    assert errors[-1] < 1e-8


def test_the_adaptive_method_ends_its_steps_at_kinks():
    run = simulate(KINKS, 5, tolerance=Tolerance(1e-9, 1e-9), sample=0.05)
    exact = [method_of_steps(t) for t in run["time"].values]
    assert np.abs(run["x"].values - exact).max() < 1e-8
    assert run.attrs["steps"] < 40


def test_an_ordinary_equation_agrees_with_scipy():
    from scipy.integrate import solve_ivp

    model = fitzhugh_nagumo().with_parameters(I=0.5)
    start = [-1.0, 1.0]
    reference = solve_ivp(
        lambda _, x: model.rhs(x), (0, 100), start, method="DOP853", rtol=1e-12, atol=1e-13
    ).y[:, -1]
    adaptive = simulate(model, 100, initial=start, tolerance=Tolerance(1e-10, 1e-11))
    assert adaptive["final_state"].values == pytest.approx(reference, abs=1e-7)
    fixed = simulate(model, 100, initial=start, method="rk4", dt=0.01)
    assert fixed["final_state"].values == pytest.approx(reference, abs=1e-7)


def test_a_signal_that_depends_on_a_delayed_signal():
    # y(t) = y(t - 1) / 2 + x(t): every echo half as strong; x' = 0 gives 2 x in the end.
    model = VectorField(
        "echo", {"x": 3.0, "z": 0.0}, {}, {"x": "0", "z": "s - z"},
        definitions={"s": "x + delay(x + delay(x, 1)/2, 1)/2"}, time_unit="",
    )  # fmt: skip
    run = simulate(model, 40, method="rk4", dt=0.05)
    assert float(run["z"][-1]) == pytest.approx(3 + 1.5 + 0.75, abs=1e-9)


def test_fixed_and_adaptive_steps_agree_on_the_mean_field():
    model = aln().with_parameters(mu_e=1.3, mu_i=0.5)
    fixed = simulate(model, 300, method="rk4")
    adaptive = simulate(model, 300, tolerance=Tolerance(1e-9, 1e-10))
    assert np.abs(fixed["r_E"] - adaptive["r_E"]).max() < 1e-3  # of 37 Hz
    with_lines = model.with_delay_order(12)
    assert float(fixed["r_E"][-1]) == pytest.approx(
        float(simulate(with_lines, 300, method="rk4")["r_E"][-1]), abs=1e-12
    )


@pytest.mark.parametrize("method", ["rk4", None])
def test_a_run_can_be_continued(method):
    model = aln().with_parameters(mu_e=1.3, mu_i=0.5)
    whole = simulate(model, 100, method=method)
    second = simulate(model, 50, method=method, initial=simulate(model, 50, method=method))
    half = whole["r_E"].values[-len(second["time"]) :]
    assert np.abs(second["r_E"].values - half).max() < 1e-4  # of 37 Hz


def test_settling_is_not_recorded_and_inputs_wait_for_it():
    model = VectorField("leak", {"x": 1.0}, {"I": 0.0}, {"x": "I - x"}, time_unit="")
    for method in ("rk4", None):
        run = simulate(
            model, 2, settle=3, method=method, sample=0.1, inputs={"I": lambda t: 0 * t + 1}
        )
        exact = 1 + (math.exp(-3) - 1) * np.exp(-run["time"])
        assert np.abs(run["x"] - exact).max() < 1e-6


def test_results_carry_units_and_every_parameter(tmp_path):
    model = jansen_rit().with_parameters(p=200)
    run = simulate(model, 50)
    assert run["time"].attrs["units"] == "ms"
    assert run[model.observable_names[0]].attrs["units"] == model.unit(model.observable_names[0])
    assert json.loads(run.attrs["parameters"])["p"] == 200
    run.to_netcdf(tmp_path / "run.nc")


def test_recordings_are_what_was_asked_for():
    model = aln()
    assert set(simulate(model, 10)) >= {"r_E", "r_I", "I_A"}
    assert "mu_fE" not in simulate(model, 10)
    states = simulate(model, 10, record="states", method="rk4", sample=5)
    assert states["mu_fE"].sizes == {"time": 3}
    with pytest.raises(UnknownNameError, match="Did you mean 'r_E'"):
        simulate(model, 10, record="r_e")


def test_a_run_that_explodes_says_where_and_keeps_what_it_has():
    model = VectorField("blow_up", {"x": 1.0}, {}, {"x": "x^2"}, time_unit="")
    with pytest.warns(UserWarning, match="stopped at"):
        run = simulate(model, 2, sample=0.1)
    assert str(run["status"].values) == "stopped"
    assert float(run["reached"]) == pytest.approx(1.0, abs=1e-3)
    assert float(run["x"].sel(time=0.5, method="nearest")) == pytest.approx(2.0, rel=1e-5)
    with pytest.warns(UserWarning, match="no longer finite"):
        fixed = simulate(model, 2, method="rk4", dt=0.01)
    assert str(fixed["status"].values) == "stopped"


def test_leaving_a_table_is_reported():
    # More input than the transfer function knows.
    model = aln().with_parameters(mu_e=7.0)
    for method in ("rk4", None):
        with pytest.warns(UserWarning, match="left the domain"):
            run = simulate(model, 5, method=method)
        assert 0 < float(run["left_table"]) < 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration": -5}, "must be positive"),
        ({"duration": 100, "dt": 0.3}, "not a whole number of steps"),
        ({"duration": 100, "dt": 2.5}, "longer than the shortest delay 2"),
        ({"duration": 100, "method": "rk5"}, "Did you mean 'rk4'"),
        ({"duration": 100, "inputs": {"mu": lambda t: t}}, "aln has no input 'mu'"),
        ({"duration": 100, "inputs": {"mu_e": 3.0}}, "give a waveform"),
        ({"duration": 100, "discretisation": "publishd"}, "Did you mean 'published'"),
        ({"duration": 100, "initial": {"mu_f": 0.1}}, "Did you mean 'mu_f"),
        ({"duration": 100, "initial": [1.0, 2.0]}, "give 11 numbers"),
        ({"duration": 100, "noise": {"I_A": 1.0}}, "noise needs seeds"),
        ({"duration": 100, "method": "adaptive", "dt": 0.1}, "takes no dt"),
    ],
)
def test_wrong_calls_are_answered(arguments, message):
    with pytest.raises(ModelError.__mro__[1], match=message):
        simulate(aln(), **arguments)


def test_a_run_whose_last_step_overflows_is_not_complete():
    model = VectorField("cube", {"x": 1.0}, {"p": 1.0}, {"x": "p*x^3"}, time_unit="")
    with pytest.warns(UserWarning, match="stopped"):
        run = simulate(model, 3.0, method="rk4", dt=1.0)
    assert run["status"].item() == "stopped"
    assert run["reached"].item() == 2.0


@pytest.mark.parametrize("equation", ["1/(1 - x)", "1/(1 - x)^2", "tan(3*x)"])
@pytest.mark.parametrize("method, dt", [("euler", 0.1), ("rk4", 0.01), ("heun", 0.001)])
def test_steps_over_a_pole_are_noticed(equation, method, dt):
    model = VectorField("pole", {"x": 0.4}, {"p": 1.0}, {"x": f"p*{equation}"}, time_unit="")
    with pytest.warns(UserWarning, match="pole"):
        run = simulate(model, 4.0, method=method, dt=dt)
    # Where the solutions end: (1 - x)^2/2, (1 - x)^3/3 and -log(sin(3 x))/3 at x = 0.4.
    end = {"1/(1 - x)": 0.18, "1/(1 - x)^2": 0.072, "tan(3*x)": -np.log(np.sin(1.2)) / 3}
    assert run["overstepped"].item() < end[equation] + 0.3


@pytest.mark.parametrize(
    "equation, poles",
    [("p/(1 - x)", True), ("p/(1 + x^2)", False), ("x/p", False), ("tan(x)", True),
     ("log(1 + x)", True), ("log(1 + exp(x))", False), ("1/(1 + exp(-x))", False),
     ("1/(p + exp(x))", True), ("x^(-0.5)", True), ("1/(2 + abs(x)*x^2 + sqrt(x))", False),
     ("1/delay(x, p)", False), ("1/cosh(x) + sin(x)", False), ("1/(1 + x^3)", True)],
)  # fmt: skip
def test_where_a_field_can_be_infinite_within_a_step_is_known(equation, poles):
    model = VectorField("infinite", {"x": 0.4}, {"p": 1.0}, {"x": equation}, time_unit="")
    assert motion(model).poles == poles


def test_a_step_over_what_is_no_pole_but_large_is_noticed():
    equation = "p*tanh(20*(1 - x)) + 30*exp(-50*(x - 1)^2)"
    model = VectorField("peak", {"x": 0.5}, {"p": 1.0}, {"x": equation}, time_unit="")
    assert not motion(model).poles
    with pytest.warns(UserWarning, match="far too long"):
        simulate(model, 4.0, method="euler", dt=0.8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulate(model, 4.0, method="euler", dt=0.005)


# Solutions from 0 that end where they are infinite: at 1, at pi/2, at 1.
ENDING = {"p*(1 + x)^2": 1.0, "p + x^2": np.pi / 2, "p*exp(x)": 1.0}


@pytest.mark.parametrize("equation", ENDING)
@pytest.mark.parametrize("method, dt", [("euler", 0.4), ("heun", 0.4), ("rk4", 0.2)])
def test_steps_past_the_end_of_a_solution_are_noticed(equation, method, dt):
    model = VectorField("ending", {"x": 0.0}, {"p": 1.0}, {"x": equation}, time_unit="")
    with pytest.warns(UserWarning, match="past the end of a solution|no longer finite"):
        run = simulate(model, 3.2, method=method, dt=dt)
    ended = min(run["reached"].item(), run.get("overstepped", np.array(np.inf)).item())
    assert ended < ENDING[equation] + 1.2  # Euler's steps are late
    noisy = {} if method == "rk4" else {"noise": {"x": 1e-3}, "seeds": [1]}
    with pytest.warns(UserWarning, match="past the end of a solution|no longer finite"):
        runs = simulate_ensemble(model, 3.2, {"p": [0.01, 1.0]}, method=method, dt=dt, **noisy)
    stopped = runs["status"].values.ravel() == "stopped"
    left = stopped | np.isfinite(runs.get("overstepped", runs["reached"] * np.nan).values.ravel())
    assert list(left) == [False, True]


def test_steps_that_grow_where_the_solution_rests_are_noticed():
    model = VectorField("stiff", {"x": 0.0}, {"p": 1.0}, {"x": "30*(p - x)"}, time_unit="")
    with pytest.warns(UserWarning, match="dt is far too long"):
        simulate(model, 2.0, method="euler", dt=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # short enough, if barely
        simulate(model, 2.0, method="euler", dt=0.0625)
        simulate(model, 2.0, method="rk4", dt=0.08, inputs={"p": lambda t: 3.0 * (t > 1.0)})


# A rate k of decay, in steps: the factors by which they grow are 1.05 (to the other side), 4 and
# 1000; of Heun's method 1.05 and 1.28 (to the same side, away from rest) and 481.
@pytest.mark.parametrize("method", ["euler", "heun"])
def test_unstable_steps_are_noticed_however_fast_or_slowly_they_grow(method):
    model = VectorField("decay", {"x": 0.0}, {"k": 1.0}, {"x": "k*(1 - x)"}, time_unit="")
    steps = [1.9, 2.05, 2.25, 5.0, 30.0] if method == "heun" else [1.9, 2.05, 5.0, 100.0]
    with pytest.warns(UserWarning, match="dt is far too long"):
        runs = simulate_ensemble(model, 10.0, {"k": 20.0 * np.array(steps)}, method=method, dt=0.05)
    assert list(np.isfinite(runs["overstepped"].values)) == [False] + [True] * (len(steps) - 1)


# Steps from 1 that end at 0.0077, -0.0039 and alike: beside the pole, where no slope is larger.
@pytest.mark.parametrize(
    ("method", "dt", "p"),
    [("rk4", 0.06, 2.0), ("rk4", 0.1, 1.2), ("heun", 0.06, 3.95), ("euler", 0.1, 3.1)],
)
def test_a_pole_is_noticed_beside_which_a_step_ends(method, dt, p):
    model = VectorField("root", {"x": 1.0}, {"p": 1.0}, {"x": "-p/x"}, time_unit="")
    with pytest.warns(UserWarning, match="pole"):
        run = simulate(model.with_parameters(p=p), 3.0, method=method, dt=dt)
    assert run["overstepped"].item() < 1.0 / (2.0 * p) + 3.0 * dt


@pytest.mark.parametrize("method", ["euler", "heun"])
def test_chains_that_begin_to_move_from_rest_are_no_suspects(method):
    chain = {"a": "1", "b": "a", "c": "b", "d": "c", "e": "d - e", "f": "e*d"}
    model = VectorField("chain", dict.fromkeys(chain, 0.0), {}, chain, time_unit="")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs = [
            simulate(model, 2.0, method=method, dt=0.01),
            simulate(LIBRARY["ball_and_stick"](), 50.0, method=method),
        ]
    assert not any("overstepped" in run for run in runs)
    assert all(run["status"].item() == "complete" for run in runs)


@pytest.mark.parametrize("method", ["euler", "heun", "rk4"])
def test_an_input_that_ends_while_a_state_passes_zero_leaves_no_suspect(method):
    model = VectorField("leak", {"x": 1.0}, {"I": 1.0}, {"x": "I - x"}, time_unit="")
    ends = np.linspace(0.5, 1.0, 400)  # x falls from 1 toward -1 and passes 0 at log(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs = simulate_ensemble(
            model, 2.0, points={"I": [1.0] * len(ends)}, method=method, dt=0.01, initial=[1.0],
            inputs={"I": [lambda t, end=end: -2.0 * (t < end) for end in ends]},
        )  # fmt: skip
    assert "overstepped" not in runs


def test_a_state_where_the_field_has_no_value_ends_a_run():
    model = VectorField("root", {"x": 1.0}, {"p": 1.0}, {"x": "-p - sqrt(x)"}, time_unit="")
    with pytest.warns(UserWarning, match="no value there"):
        run = simulate(model, 1.0, method="euler", dt=0.5)  # its last step leads to -0.5
    assert run["status"].item() == "stopped"


@pytest.mark.parametrize("equation", ["if(x<1)then(1)else(-2)", "p*x*(1 - x)", "sin(10*x)", "-5*x"])
def test_jumps_of_the_field_and_turns_are_no_poles(equation):
    model = VectorField("plain", {"x": 0.5}, {"p": 1.0}, {"x": equation}, time_unit="")
    for method in ("euler", "rk4"):
        assert "overstepped" not in simulate(model, 4.0, method=method, dt=0.01)


@pytest.mark.parametrize("method", ["rk4", "heun", "adaptive"])
def test_the_published_stepper_has_a_method_of_its_own(method):
    with pytest.raises(ModelError, match="method"):
        simulate(aln(), 1.0, discretisation="published", method=method)
