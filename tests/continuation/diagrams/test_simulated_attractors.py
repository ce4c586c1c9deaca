"""What runs come to: rest, cycles, tori, chaos, bursts, infinity."""

from __future__ import annotations

import numpy as np
import pytest

from continuation.diagrams import outcomes
from continuation.diagrams.bursts import burst_words
from continuation.diagrams.exponents import largest_exponent, run_multipliers
from continuation.diagrams.named_outcomes import described_outcomes
from continuation.diagrams.names import EQUILIBRIUM, RUNS_AWAY
from continuation.diagrams.outcomes import UNSETTLED, Outcome, is_on_its_way, keeps_order
from continuation.diagrams.simulating import destinations
from continuation.diagrams.step_choice import needed_step
from dynsys import State, VectorField
from dynsys.models import wilson_cowan
from tests.continuation.diagrams.planes import delayed_qif, hindmarsh_rose


def found(model: VectorField, starts: list, **values: float) -> list[dict]:
    states = np.array(starts, float)
    ends = destinations(model, [values] * len(states), states)
    return described_outcomes(model.with_parameters(**values), ends, states)


def lorenz() -> VectorField:
    return VectorField(
        "lorenz",
        {"x": State(1.0, (-20, 20)), "y": State(1.0, (-30, 30)), "z": State(20.0, (0, 50))},
        {"r": 28.0}, {"x": "10*(y - x)", "y": "x*(r - z) - y", "z": "x*y - 8/3*z"}, time_unit="",
    )  # fmt: skip


def test_a_step_that_leads_below_the_lowest_value_of_a_state_is_too_long():
    rates = VectorField(
        "rates", {"r": State(0.3, lowest=0.0), "s": 0.3}, {"I": 1.0}, {"r": "I - r", "s": "-s"},
        time_unit="",
    )  # fmt: skip
    ends = [Outcome("cycle", np.array(state)) for state in ([0.1, -1.0], [0.0, 0.3], [-0.1, 0.3])]
    assert [needed_step(rates, end, 0.1) < 0.1 for end in ends] == [False, False, True]


def test_the_largest_exponent_of_the_lorenz_system():
    # 0.9056: Sprott 2003, Chaos and Time-Series Analysis, appendix A.
    exponent = largest_exponent(lorenz(), np.array([1.0, 1.0, 20.0]), 4000.0)
    assert exponent.value == pytest.approx(0.9056, abs=4 * exponent.error)
    assert exponent.error < 0.02
    assert exponent.positive


def test_chaos_rest_and_a_cycle_of_the_lorenz_system():
    (chaos,) = found(lorenz(), [[1, 1, 20]], r=28.0)
    assert (chaos["name"], chaos["kind"]) == ("chaos", "chaos")
    assert chaos["exponent"] == pytest.approx(0.9056, abs=0.1)
    assert chaos["detail"].startswith("largest exponent 0.")
    side = np.sqrt(8 / 3 * 9)
    rest = found(lorenz(), [[1, 1, 20], [-1, -1, 20], [3, 3, 3]], r=10.0)
    assert [item["state"][0] for item in rest] == pytest.approx([-side, side])


def test_a_symmetry_does_not_make_a_saddle_an_attractor():
    model = VectorField(
        "double_well", {"x": State(0.0, (-2, 2)), "y": State(0.0, (-1, 1))}, {"a": 1.0},
        {"x": "a*x - x^3", "y": "-y"}, time_unit="",
    )  # fmt: skip
    items = found(model, [[0.0, 0.5], [0.5, 0.5], [-0.5, 0.0]], a=1.0)
    assert [item["state"][0] for item in items] == pytest.approx([-1.0, 1.0])


def test_planes_that_no_motion_leaves_hold_no_run_on_a_cycle_that_repels():
    # The normal form of a Hopf-Hopf point: where both amplitudes are not zero there is a torus that
    # attracts; each cycle, in its plane, repels into the other.
    first, second = "(x^2 + y^2)", "(u^2 + v^2)"
    gain, other = f"(a - {first} - 0.5*{second})", f"(0.7 - 0.6*{first} - {second})"
    model = VectorField(
        "hopf_hopf", {name: State(0.1, (-1, 1)) for name in "xyuv"}, {"a": 0.7},
        {"x": f"x*{gain} - y", "y": f"y*{gain} + x",
         "u": f"u*{other} - sqrt(2)*v", "v": f"v*{other} + sqrt(2)*u"}, time_unit="",
    )  # fmt: skip
    items = found(model, [[0.5, 0, 0, 0], [0, 0, 0.5, 0], [0.3, 0.1, 0.2, 0]], a=0.7)
    assert [item["name"] for item in items] == ["torus"]


def test_an_equilibrium_at_which_runs_end_is_looked_for_once(monkeypatch):
    model = VectorField(
        "double_well", {"x": State(0.0, (-2, 2))}, {"a": 1.0}, {"x": "a*x - x^3"}, time_unit=""
    )
    looked = []
    real = outcomes._rest
    monkeypatch.setattr(outcomes, "_rest", lambda *at: looked.append(at) or real(*at))
    items = found(model, [[-1.5], [-1.2], [-0.9], [0.9], [1.2], [1.9]], a=1.0)
    assert [item["state"][0] for item in items] == pytest.approx([-1.0, 1.0])
    assert len(looked) == 2


def test_fixed_points_of_too_long_a_step_are_none_of_the_field():
    # Rates are below 0.1 at the slowest of these starts and 2 at rest: rk4 with a step of 5 stands
    # still at x = 0.539.
    model = VectorField(
        "double_well", {"x": State(0.0, (-2, 2))}, {"a": 1.0}, {"x": "a*x - x^3"}, time_unit=""
    )
    starts = np.array([[-1.5], [-0.7], [-0.3], [0.2], [0.6], [1.9]])
    ends = destinations(model, [{"a": 1.0}] * len(starts), starts)
    assert {outcome.kind for outcome in ends} == {EQUILIBRIUM}
    assert [outcome.state[0] for outcome in ends] == pytest.approx(np.sign(starts[:, 0]))


def _oscillator(x: str, y: str, w: str) -> dict[str, str]:
    radius = f"({x}^2 + {y}^2)"
    return {x: f"{x}*(1 - {radius}) - {w}*{y}", y: f"{y}*(1 - {radius}) + {w}*{x}"}


def test_two_incommensurate_rhythms_are_a_torus():
    states = {name: State(0.5, (-1.5, 1.5)) for name in "abcd"}
    model = VectorField(
        "two_rhythms", states, {"w": 1.0, "v": (1 + 5**0.5) / 2},
        {**_oscillator("a", "b", "w"), **_oscillator("c", "d", "v")}, time_unit="",
    )  # fmt: skip
    (torus,) = found(model, [[0.5, 0.1, 0.3, 0.9]], w=1.0)
    assert torus["name"] == "torus"
    (cycle,) = found(model, [[0.5, 0.1, 0.3, 0.9]], w=1.0, v=2.0)
    assert cycle["name"] == "limit cycle"
    assert cycle["period"] == pytest.approx(2 * np.pi, rel=1e-3)


def test_a_return_map_that_folds_is_no_torus():
    angle = 2 * np.pi * 0.382 * np.arange(120)
    torus = np.column_stack([np.cos(angle), 0.3 * np.sin(angle + 0.4), 0.1 * np.sin(angle)])
    assert keeps_order(torus)
    points = [0.3]
    for _ in range(120):
        points.append(3.7 * points[-1] * (1 - points[-1]))
    folded = np.column_stack([points[:-1], points[1:]])
    assert not keeps_order(folded)
    assert is_on_its_way(np.column_stack([0.99 ** np.arange(40.0), np.zeros(40)]))
    assert not is_on_its_way(torus)


def test_steps_that_fit_the_corners_of_a_field_do_not_bring_a_fast_rotation_to_rest():
    # Rates are 1 where tanh is flat and 4 at the origin, where all motions leave slowly.
    model = VectorField(
        "saturating", {"u": State(0.1, (-1, 1)), "v": State(0.1, (-1, 1))}, {"a": 2.1, "b": 4.0},
        {"u": "-u + tanh(a*u - b*v)", "v": "-v + tanh(b*u)"}, time_unit="",
    )  # fmt: skip
    starts = [[-0.9, -0.9], [0.9, 0.9], [0.3, -0.2], [0.05, 0.01]]
    for a in (2.1, 2.01):  # growing by 0.05 and by 0.005, with a frequency of 4
        (cycle,) = found(model, starts, a=a, b=4.0)
        assert cycle["name"] == "limit cycle"
        assert cycle["period"] == pytest.approx(2 * np.pi / np.sqrt(16 - (a / 2) ** 2), rel=0.1)


def test_running_away_is_told_only_where_nothing_stays():
    model = VectorField(
        "quadratic", {"x": State(0.0, (-2, 2))}, {"a": 1.0}, {"x": "a + x^2"}, time_unit=""
    )
    assert [item["name"] for item in found(model, [[0.0], [-1.0]], a=1.0)] == ["runs away"]
    (rest,) = found(model, [[0.0], [2.0]], a=-1.0)
    assert rest["state"] == pytest.approx([-1.0])


def test_a_run_that_is_still_on_its_way_does_not_hide_that_the_others_leave():
    model, starts = wilson_cowan(), np.array([[0.1, 0.1], [0.9, 0.9]])
    slow, gone = Outcome(UNSETTLED, starts[0]), Outcome(RUNS_AWAY, starts[1])
    names = [item["name"] for item in described_outcomes(model, [slow, gone], starts)]
    assert names == [UNSETTLED, RUNS_AWAY]
    rest = Outcome(EQUILIBRIUM, starts[0])
    (only,) = described_outcomes(model, [rest, gone], starts)
    assert only["kind"] == EQUILIBRIUM


def test_spikes_of_a_burst_are_counted_and_an_even_rhythm_is_no_burst():
    t = np.linspace(0, 1, 400, endpoint=False)
    even = np.column_stack([np.sin(2 * np.pi * 3 * t), t])
    assert burst_words(even, np.ones(2)) == ""
    burst = np.where(t < 0.5, np.sin(2 * np.pi * 8 * t), -1.0)
    assert burst_words(np.column_stack([burst, 0 * t]), np.ones(2)) == "bursting, 4 spikes"


def test_spikes_are_counted_whichever_state_moves_most():
    # The recovery y of Hindmarsh & Rose stays low as long as a burst lasts; in units of its range
    # it moves more than x here, and less than x with one spike fewer.
    model, values = hindmarsh_rose(), {"I": 2.885181, "b": 2.855839}
    starts = np.array([[-1.77338, -14.204488, 0.250564], [0.0, -5.0, 2.0], [2.0, 0.0, 3.0]])
    items = described_outcomes(
        model.with_parameters(**values), destinations(model, [values] * 3, starts), starts
    )
    told = {item["detail"] for item in items}
    assert told <= {"bursting, 6 spikes", "bursting, 7 spikes"}
    assert len(told) == len(items)


def test_a_state_that_wavers_about_its_middle_does_not_spike():
    t = np.linspace(0, 1, 400, endpoint=False)
    plateau = np.where(t < 0.5, 1.0, 0.0) + np.where((t > 0.5) & (t < 0.6), 0.5, 0.0)
    wavers = plateau + 0.04 * np.sin(2 * np.pi * 60 * t)
    assert burst_words(np.column_stack([wavers, t]), np.ones(2)) == ""


def test_a_cycle_of_few_records_is_followed_with_a_shorter_step():
    # Runs of one step: the fast cycles of this plane fill it with few records at first.
    model = wilson_cowan()
    random = np.random.default_rng(7)
    low, high = model.state_box()
    values = [
        {"P": random.uniform(-2, 4), "Q": random.uniform(-10, 2)} for _ in range(12) for _ in "xy"
    ]
    starts = low + (high - low) * random.random((len(values), 2))
    kinds = {outcome.kind for outcome in destinations(model, values, starts)}
    assert kinds == {"equilibrium", "cycle"}  # a plane holds no chaos and no torus


def test_departures_from_a_cycle_grow_by_its_multipliers():
    # r' = r (1 - r^2), theta' = 2, z' = b z around the unit circle: exp(-2 T) and exp(b T), T = pi.
    model = VectorField(
        "circle", {"x": State(1.0, (-2, 2)), "y": State(0.0, (-2, 2)), "z": State(0.0, (-1, 1))},
        {"b": 0.1},
        {"x": "x*(1 - R) - 2*y", "y": "y*(1 - R) + 2*x", "z": "b*z"},
        definitions={"R": "x^2 + y^2"}, time_unit="",
    )  # fmt: skip
    trivial, *others = run_multipliers(model, np.array([1.0, 0.0, 0.0]), np.pi, 0.01)
    assert trivial == pytest.approx(1, abs=1e-8)
    assert sorted(np.real(others)) == pytest.approx(
        [np.exp(-2 * np.pi), np.exp(0.1 * np.pi)], rel=1e-6
    )


def test_chaos_that_passes_an_unstable_cycle_is_still_chaos():
    # Runs of a burster come within 0.05 % of where they were, and leave again.
    model, values = hindmarsh_rose(), {"I": 3.453, "b": 2.933}
    low, high = model.state_box()
    starts = low + (high - low) * np.random.default_rng(1).random((5, 3))
    assert {item["name"] for item in found(model, list(starts), **values)} == {"chaos"}


def test_a_run_that_begins_on_spikes_has_steps_for_spikes():
    """Its first state, and the runs beside it, are at rest: with their step it missed the cycle."""
    model, slow = delayed_qif(), np.array([0.0554, -2.8718])
    spiking, rest = destinations(
        model, [{"eta": -3.146, "J": 8.874}] * 2, np.array([[5.0, 5.0], [0.05, -3.5]])
    )
    assert (spiking.kind, rest.kind) == ("cycle", EQUILIBRIUM)
    start = spiking.onward
    found = destinations(
        model, [{"eta": -8.777, "J": 10.109}] * 3, np.array([slow, 1.2 * slow, start.state]),
        pasts=[None, None, start.past],
    )  # fmt: skip
    assert [outcome.kind for outcome in found] == [EQUILIBRIUM, EQUILIBRIUM, "cycle"]
    assert found[2].period == pytest.approx(1.1925, abs=1e-3)


@pytest.mark.parametrize(("miss", "kinds"), [(0.01, ["chaos"]), (1e-5, ["cycle", "chaos"])])
def test_chaos_that_almost_repeats_in_some_runs_is_one_attractor(miss, kinds):
    model = lorenz()
    ends = np.array([[-9.0, 0, 0], [0, -9.0, 0], [0, 0, 5.0], [9.0, 0, 0], [0, 9.0, 0], [0, 0, 30]])
    turn = np.column_stack([np.sin(np.linspace(0, 6, 400))] * 3)
    cycle = Outcome("cycle", ends[0], period=2.0, states=turn, extremes=ends, miss=miss)
    chaos = Outcome("chaos", ends[1], exponent=0.3, extremes=1.02 * ends)
    items = described_outcomes(model, [cycle, chaos], np.zeros((2, 3)))
    assert [item["kind"] for item in items] == kinds
