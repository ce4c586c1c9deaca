"""Conserved quantities: families of cycles at fixed parameters, level sets, centres."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import ellipk

from continuation import (
    CycleSettings,
    bifurcation_diagram,
    conservative_cycles,
    equilibria,
    find_equilibria,
    limit_cycles,
    load,
    user_points,
)
from dynsys import State, VectorField
from dynsys.errors import ConvergenceError, ModelError


@pytest.fixture(scope="module")
def pendulum() -> VectorField:
    states = {"q": State(0.5, (-3, 3)), "p": State(0.0, (-2, 2))}
    return VectorField(
        "pendulum", states, {"k": 2.0, "mu": 0.0}, {"q": "p", "p": "-k*sin(q) - mu*p"},
        time_unit="",
    )  # fmt: skip


@pytest.fixture(scope="module")
def family(pendulum):
    return conservative_cycles(pendulum, ([1.0, 0.0], None))


def test_the_family_of_the_pendulum_has_the_periods_of_elliptic_integrals(family):
    # T = 4 K(m) / sqrt(k) with m = sin^2(q_max / 2).
    inside = family.data["period"].values < 12
    widest = np.maximum(family.data["max_q"].values, -family.data["min_q"].values)[inside]
    exact = 4 * ellipk(np.sin(widest / 2) ** 2) / np.sqrt(2.0)
    assert np.sum(inside) > 20
    assert family.data["period"].values[inside] == pytest.approx(exact, rel=2e-6)
    drift = (family.data["max_conserved"] - family.data["min_conserved"]).values[inside]
    assert np.max(np.abs(drift)) < 1e-5 * np.ptp(family.data["max_conserved"].values)
    assert np.max(np.abs(family.data["unfolding"].values)) < 1e-9


def test_the_family_begins_at_the_centre_and_is_neutral(family):
    assert "shrank to a centre" in family.ended[0] + family.ended[1]
    assert family.persistent == 1
    assert "1 more multiplier is 1 at every cycle" in str(family)
    assert not family.data["stable"].values.any()
    assert family.data["neutral"].values.all()
    assert family.special_points == ()


def test_a_family_whose_meshes_come_to_their_end_has_no_folds():
    """Lotka and Volterra: x falls to 1e-11 of its range, which rounding leaves few digits of."""
    model = VectorField(
        "predation", {"x": State(1.5, (0, 6)), "y": State(1.0, (0, 6))}, {"a": 1.0},
        {"x": "a*x - x*y", "y": "x*y - y"}, time_unit="",
    )  # fmt: skip
    settings = CycleSettings(max_points=70, mesh_error=1e-8)
    family = conservative_cycles(model, ([1.5, 1.0], 6.5), settings=settings)
    assert family.data["max_conserved"].values.max() > 27 and family.special_points == ()


def test_single_cycles_of_a_family_are_found_by_period_or_energy(family, tmp_path):
    (cycle,) = user_points(family, "period", 6.0)
    assert cycle.period == pytest.approx(6.0, abs=1e-9)
    level = load(family.save(tmp_path / "family.nc"))
    assert level.kind == family.kind
    assert level.persistent == 1
    (at_zero,) = user_points(level, "max_conserved", 0.0)
    assert at_zero.extrema("conserved") == pytest.approx((0.0, 0.0), abs=1e-6)


def test_what_is_not_conserved_is_refused_and_a_missing_one_asked_for(pendulum):
    with pytest.raises(ModelError, match="is not conserved"):
        conservative_cycles(pendulum, conserved="p^2 + q^2")
    with pytest.raises(ModelError, match="no conserved quantity"):
        conservative_cycles(pendulum.with_parameters(mu=0.1))


def test_a_given_quantity_serves_where_none_would_be_found():
    # The planar Kepler problem: T = 2 pi a^(3/2), H = -1 / (2 a); circular at r = 1.
    states = {"x": State(1.0, (-2, 2)), "u": State(0.0, (-2, 2))}
    kepler = VectorField(
        "radial", states, {"l": 1.0}, {"x": "u", "u": "l^2/x^3 - 1/x^2"}, time_unit=""
    )
    family = conservative_cycles(kepler, ([1.3, 0.0], None), conserved="u^2/2 + l^2/(2*x^2) - 1/x")
    energy = family.data["max_conserved"].values
    chosen = energy < -0.25
    exact = 2 * np.pi * (-2 * energy[chosen]) ** -1.5
    assert np.sum(chosen) > 5
    assert family.data["period"].values[chosen] == pytest.approx(exact, rel=1e-5)


def test_cycles_in_a_parameter_of_a_conservative_model_name_what_is_conserved(pendulum):
    with pytest.raises(ConvergenceError, match=r"conserves .*cos\(q\).*conservative_cycles"):
        limit_cycles(pendulum, "k", (1.0, 3.0), start=([1.0, 0.0], 5.0))


def test_a_centre_is_degenerate_and_its_vertical_family_has_no_folds(pendulum):
    branch = equilibria(pendulum, "mu", (-1, 1), start=[0.0, 0.0])
    hopf = branch["H1"]
    assert hopf.criticality == "degenerate"
    assert "l1 is zero within its error (conservative?)" in str(hopf)
    cycles = limit_cycles(hopf, "mu", (-1, 1))
    assert cycles.persistent == 1
    assert cycles.special_points == ()
    # beside a centre that stays one, nothing crosses the axis
    along = equilibria(pendulum, "k", (1.0, 3.0), start=[0.0, 0.0])
    assert along.special_points == ()
    assert along.data["neutral"].values.all()


@pytest.mark.parametrize("free", ["unfolding", "k"])
def test_names_of_a_users_own_make_no_conserved_family(free):
    model = VectorField(
        "van_der_pol", {"x": 2.0, "y": 0.0}, {"unfolding": 1.0, "k": 1.0},
        {"x": "y", "y": "unfolding*(1 - x^2)*y - k*x"}, {"conserved": "x^2 + y^2"}, time_unit="",
    )  # fmt: skip
    branch = limit_cycles(model, free, (0.5, 2.0), start=([2.0, 0.0], 6.66))
    assert branch.persistent == 0 and branch.data["stable"].all()
    assert not branch.data["neutral"].any() and not branch.special_points
    told = str(branch.at(**{free: 1.0}))
    assert told.startswith(f"{free} = 1;") and "; stable;" in told


def test_ordinary_cycles_have_no_persistent_multiplier():
    states = {"x": State(1.0, (-2, 2)), "y": State(0.0, (-2, 2))}
    model = VectorField(
        "sl", states, {"a": 1e-3},
        {"x": "a*x - y - x*(x^2+y^2)", "y": "x + a*y - y*(x^2+y^2)"}, time_unit="",
    )  # fmt: skip
    hopf = equilibria(model, "a", (-1e-3, 1e-3))["H1"]
    assert hopf.criticality == "supercritical"
    cycles = limit_cycles(hopf, "a", (-1e-3, 1e-3))
    assert cycles.persistent == 0
    assert cycles.data["stable"].values[2:].all()


RATE = "y*(s + x^2/(1 + x^2)) - (k + 0.4)*x"


@pytest.fixture
def closed() -> VectorField:
    states = {"x": State(0.5, (0, 5)), "y": State(1.5, (0, 5))}
    return VectorField(
        "closed", states, {"k": 0.1, "s": 0.05}, {"x": RATE, "y": f"-({RATE})"}, time_unit=""
    )


def test_a_conserved_sum_is_named_and_its_level_set_followed(closed):
    with pytest.warns(UserWarning, match=r"x \+ y is conserved"):
        branch = equilibria(closed, "k", (0.0, 1.5))
    assert sorted(p.parameters["k"] for p in branch.points("LP")) == pytest.approx(
        [0.35, 0.35234201], abs=1e-8
    )
    assert branch.data["x"].values + branch.data["y"].values == pytest.approx(2.0)
    with pytest.warns(UserWarning, match="x \\+ y = 3"):
        other = equilibria(closed, "k", (0.0, 1.5), start=[0.5, 2.5])
    assert other.data["x"].values + other.data["y"].values == pytest.approx(3.0)


def test_equilibria_on_a_level_set_are_whole_states(closed):
    with pytest.warns(UserWarning, match="conserved"):
        found = find_equilibria(closed)
    assert found.sum(axis=1) == pytest.approx(2.0)
    assert np.abs([closed.rhs(x) for x in found]).max() < 1e-12
    with pytest.warns(UserWarning, match="conserved"):
        given = find_equilibria(closed, searches=0, starts=np.array([[1.0, 3.0], [0.1, 0.2]]))
    assert sorted(given.sum(axis=1)) == pytest.approx([0.3, 4.0])


def test_a_diagram_is_one_of_the_level_set(closed):
    with pytest.warns(UserWarning, match="x \\+ y is conserved"):
        diagram = bifurcation_diagram(closed, x=("k", 0.0, 1.0))
    folds = [p.parameters["k"] for p in diagram.points("LP")]
    assert sorted(folds) == pytest.approx([0.35, 0.35234201], abs=1e-8)


def test_a_rhythm_on_a_level_set_has_one_multiplier_less():
    # The Brusselator's rhythm, with a third state that takes back what x gives.
    states = {"x": State(1.0, (0, 5)), "y": State(3.2, (0, 6)), "z": State(0.0, (-9, 9))}
    rates = {"x": "1 - (b+1)*x + x^2*y", "y": "b*x - x^2*y"}
    rates["z"] = f"-({rates['x']})"
    model = VectorField("fed", states, {"b": 2.5}, rates, time_unit="")
    with pytest.warns(UserWarning, match=r"x \+ z is conserved"):
        cycles = limit_cycles(model, "b", (2.2, 2.6), start=([1.2, 3.2, 0.0], 7.0))
    assert cycles.persistent == 0
    assert cycles.data["stable"].values.all()


@pytest.fixture(scope="module")
def straight_motions():
    """Henon & Heiles (1964): motions along the y axis, up to the saddle at y = 1."""
    states = {"x": State(0.0, (-1, 1)), "y": State(0.1, (-1, 1)), "p": State(0.0, (-1, 1)),
              "q": State(0.0, (-1, 1))}  # fmt: skip
    rates = {"x": "p", "y": "q", "p": "-x - 2*x*y", "q": "-y - x^2 + y^2"}
    model = VectorField("henon_heiles", states, {"l": 1.0}, rates, time_unit="")
    return conservative_cycles(model, ([0.0, 0.3, 0.0, 0.0], 6.3))


def half_trace_across(y: float) -> float:
    """Half the trace of x'' = -(1 + 2 y) x over a period of y'' = -y + y^2 from rest at y."""

    def field(_, s):
        x, p, u, v = s[2:]
        return [s[1], -s[0] + s[0] ** 2, p, -(1 + 2 * s[0]) * x, v, -(1 + 2 * s[0]) * u]

    def rests(_, s):
        return s[1]

    rests.direction = -1.0  # from below to its highest place, where the motion began
    run = solve_ivp(field, (0, 60), [y, 0, 1, 0, 0, 1], events=rests, rtol=1e-11, atol=1e-13)
    end = next(s for t, s in zip(run.t_events[0], run.y_events[0], strict=True) if t > 1.0)
    return 0.5 * (end[2] + end[5])


def test_pairs_of_multipliers_leave_the_circle_where_those_of_hills_equation_do(straight_motions):
    told = [c for c in straight_motions.special_points if c.period < 14]
    assert [c.label for c in told] == ["PD", "PD", "BPC", "BPC", "PD", "PD", "BPC"]
    for cycle in told:
        place = -1.0 if cycle.label == "PD" else 1.0
        assert half_trace_across(cycle.extrema("y")[1]) == pytest.approx(place, abs=2e-5)
        assert cycle.certificate["multiplier_distance"] < 1e-8
        assert str(cycle).split("  ")[1].startswith("conserved = 0.")
    # Brack (2001), Found. Phys. 31:209: e = 6 E = 0.969309, 0.986709 where families branch off.
    (column,) = {"max_conserved"} & set(straight_motions.data)
    size = 1 / straight_motions.data[column].values.max()  # of what is called conserved
    branching = [c.extrema("conserved")[1] * size for c in told if c.label == "BPC"][:2]
    assert branching == pytest.approx([0.969309, 0.986709], abs=2e-6)


def test_counts_of_pairs_change_at_special_cycles_alone(straight_motions):
    unstable = straight_motions.data["unstable"].values
    steps = set(np.flatnonzero(np.diff(unstable)).tolist())
    assert steps <= {c.index for c in straight_motions.special_points}
    assert set(unstable.tolist()) == {0, 1}
    small = straight_motions.data["period"].values < 7.5
    assert not unstable[small].any()


def test_where_rounding_hides_other_multipliers_of_a_family_nothing_is_neutral():
    """A double well coupled to a spring: towards the separatrix rounding moves the two multipliers
    1 from their places, and the spring's pair is no longer known."""
    model = VectorField(
        "well", {"q": State(1.2, (-3, 3)), "p": State(0.0, (-3, 3)), "u": State(0.0, (-1, 1)),
                 "v": State(0.0, (-1, 1))},
        {"k": 0.3}, {"q": "p", "p": "q - q^3 - k*u^2/2", "u": "v", "v": "-2*u - k*q*u"},
        time_unit="",
    )  # fmt: skip
    energy = "p^2/2 - q^2/2 + q^4/4 + v^2/2 + u^2 + k*q*u^2/2"
    cycles = conservative_cycles(
        model, ([1.2, 0.0, 0.0, 0.0], 4.6), energy, CycleSettings(max_points=60)
    )
    lost = cycles.data["trivial_error"].values > 1.0
    assert cycles.persistent == 1 and 5 < lost.sum() < len(cycles) - 5
    for name, told in (("undetermined", True), ("neutral", False), ("stable", False)):
        assert (cycles.data[name].values[lost] == told).all(), name
    near = cycles.data["trivial_error"].values < 1e-3
    assert not cycles.data["undetermined"].values[near].any()
    assert f"on {lost.sum()} of them" in str(cycles)
