"""What is told of branches of cycles: coinciding events, closed families, returns to a parent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from continuation import (
    CycleSettings,
    cycle_fold_curve,
    equilibria,
    limit_cycles,
    load,
    period_doubling_curve,
    until,
    user_points,
)
from continuation.cycles import doubling
from continuation.cycles.curves import free_in_first
from continuation.cycles.location import floquet_of, residual
from continuation.cycles.multipliers import Multipliers
from continuation.cycles.normal_forms import doubling_coefficients
from continuation.cycles.orbits import Orbit
from dynsys import ModelError, State, UnknownNameError, VectorField
from tests.continuation.diagrams.planes import hindmarsh_rose
from tests.oracles import system


@pytest.fixture(scope="module")
def ring():
    """Three identical oscillators in phase: r = 1, period 2 pi / (w - b), coupled diffusively."""
    states, equations = {}, {}
    for j in range(3):
        left, right = (j - 1) % 3, (j + 1) % 3
        states |= {f"x{j}": State(1.0, (-2, 2)), f"y{j}": State(0.0, (-2, 2))}
        square = f"(x{j}^2 + y{j}^2)"
        dx, dy = f"(x{left} + x{right} - 2*x{j})", f"(y{left} + y{right} - 2*y{j})"
        equations[f"x{j}"] = f"x{j} - w*y{j} - {square}*(x{j} - b*y{j}) + K*({dx} - g*{dy})"
        equations[f"y{j}"] = f"y{j} + w*x{j} - {square}*(y{j} + b*x{j}) + K*({dy} + g*{dx})"
    model = VectorField(
        "ring", states, {"w": 5.0, "b": 2.0, "K": 0.6, "g": -1.0}, equations, time_unit=""
    )
    return limit_cycles(model, "K", (0.05, 0.8), start=([1, 0] * 3, 2 * np.pi / 3))


def test_two_multipliers_that_pass_together_are_one_point_with_its_multiplicity(ring, tmp_path):
    # Exact: K = -2 (1 + g b) / (3 (1 + g^2)) = 1/3, two real multipliers at once.
    (point,) = ring.special_points
    assert (point.label, point.multiplicity) == ("BPC", 2)
    assert point.orbit.value == pytest.approx(1 / 3, abs=1e-10)
    assert point.certificate["multiplier_distance"] < 1e-9
    assert "BPC1, double" in str(ring)
    assert sorted(set(ring.data["unstable"].values)) == [0, 2]
    copy = load(ring.save(tmp_path / "ring.nc"))
    assert str(copy) == str(ring)


@pytest.mark.parametrize("span", [(1 / 3, 0.8), (0.05, 1 / 3)])
def test_a_span_may_end_at_a_branch_point(ring, span):
    model = ring.model.with_parameters(K=0.6 if span[1] > 0.6 else 0.2)
    cycles = limit_cycles(model, "K", span, start=([1, 0] * 3, 2 * np.pi / 3))
    assert cycles.ended == ("reached the end of the span",) * 2
    ends = [cycles.data["K"].values.min(), cycles.data["K"].values.max()]
    assert ends == pytest.approx(span, abs=1e-12)
    at_point = cycles.orbits[int(np.argmin(np.abs(cycles.data["K"].values - 1 / 3)))]
    assert residual(cycles.solver, at_point) < 1e-8
    assert at_point.period == pytest.approx(2 * np.pi / 3, rel=1e-9)


def test_a_model_outside_of_the_span_is_refused_with_its_value(ring):
    with pytest.raises(ModelError, match=r"K = 0.6, outside the span \(0.05, 0.3\)"):
        limit_cycles(ring.model.with_parameters(K=0.6), "K", (0.05, 0.3), ([1, 0] * 3, 2.0))


def test_a_double_branch_point_leads_to_cycles_of_less_symmetry(ring):
    other = limit_cycles(ring["BPC1"], "K", (0.05, 0.8))
    largest = np.array([other.data[f"max_x{j}"].values for j in range(3)])
    apart = np.ptp(largest, axis=0)
    assert apart.max() > 0.1  # no longer in phase,
    pairs = np.abs(largest - np.roll(largest, 1, axis=0)).min(axis=0)
    assert pairs.max() < 1e-6  # but two of the three still are
    assert np.min(np.abs(other.data["K"].values - 1 / 3)) < 1e-3  # the first cycles


def test_period_doublings_that_are_double_by_symmetry_are_told_once():
    # Three FitzHugh-Nagumo units that repel each other, in phase: all but two multipliers are
    # double. Beside I = 0.37361 they change from 1 to 30 while the current changes by 1e-7.
    states, equations = {}, {}
    for j in range(3):
        left, right = (j - 1) % 3, (j + 1) % 3
        states |= {f"v{j}": State(0.1, (-3, 3)), f"w{j}": State(0.0, (-2, 2))}
        pull = f"0.1*(v{left} + v{right} - 2*v{j})"
        equations[f"v{j}"] = f"v{j} - v{j}^3/3 - w{j} + I - {pull}"
        equations[f"w{j}"] = f"0.2*(v{j} + 0.7 - 0.8*w{j})"
    model = VectorField("repelling", states, {"I": 0.5}, equations, time_unit="")
    hopf = equilibria(model, "I", (0.3, 0.5), start=[-1.0, -0.4] * 3).points("H")[0]
    cycles = limit_cycles(hopf, "I", (0.0, 2.0))
    doublings = cycles.points("PD")
    assert [c.multiplicity for c in doublings] == [2, 2, 2, 2]
    values = np.array([c.orbit.value for c in doublings])
    assert values + values[::-1] == pytest.approx(1.75, abs=1e-8)  # v, w, I -> -v, 1.75 - w, ...
    # In between two double multipliers become a double pair, equal to all digits, and real again.
    vertical = int(np.argmin(np.abs(cycles.data["I"].values - 0.37361)))
    nearest = cycles.orbits[vertical]
    chord = [cycles.solver.at_value(nearest, 0.3736102 + k * 1e-9) for k in range(0, 160, 8)]
    found = [floquet_of(cycles.solver, orbit) for orbit in chord if orbit is not None]
    assert found and all(np.all(np.isfinite(f.log10)) for f in found)


def test_a_closed_family_of_forced_oscillations_ends_closed_with_its_folds_once():
    # Forced van der Pol, mu = 0.5, F = 0.3, 1:1: folds by shooting at 0.90519826956, 1.06058280323.
    model = VectorField(
        "forced",
        {"x": State(1.0, (-3, 3)), "y": State(0.5, (-3, 3)), "c": State(1.0, (-1, 1)),
         "s": State(0.0, (-1, 1))},
        {"mu": 0.5, "F": 0.3, "om": 1.0},
        {"x": "y", "y": "mu*(1 - x^2)*y - x + F*c", "c": "c*(1 - c^2 - s^2) - om*s",
         "s": "s*(1 - c^2 - s^2) + om*c"},
        time_unit="",
    )  # fmt: skip
    cycles = limit_cycles(model, "om", (0.8, 1.2))
    assert cycles.ended == ("closed curve: returned to its start",) * 2
    assert [c.label for c in cycles.special_points] == ["LPC", "LPC"]
    folds = sorted(c.orbit.value for c in cycles.special_points)
    assert folds == pytest.approx([0.90519826956, 1.06058280323], abs=1e-9)
    assert cycles.orbits[0].period == pytest.approx(cycles.orbits[-1].period, rel=1e-9)


def test_a_closed_curve_of_folds_ends_closed():
    # r' = r (R - R^2 - c) has a fold of cycles at c = 1/4: on the ellipse k^2 + m^2 / 4 = 0.09.
    growth = "(R - R^2 - k^2 - m^2/4 - 0.16)"
    model = VectorField(
        "closed", {"x": State(0.9, (-2, 2)), "y": State(0.0, (-2, 2))}, {"k": 0.0, "m": 0.0},
        {"x": f"x*{growth} - y", "y": f"y*{growth} + x"},
        definitions={"R": "x^2 + y^2"}, time_unit="",
    )  # fmt: skip
    cycles = limit_cycles(model, "k", (-1.0, 1.0), start=([0.9, 0.0], 2 * np.pi))
    assert cycles.ended == ("closed curve: returned to its start",) * 2
    assert sorted(c.orbit.value for c in cycles.points("LPC")) == pytest.approx([-0.3, 0.3])
    curve = cycle_fold_curve(cycles["LPC1"], ("k", "m"), {"k": (-1, 1), "m": (-2, 2)})
    assert curve.ended == (("closed curve: returned to its start",) * 2,)
    k, m = curve.data["k"].values, curve.data["m"].values
    assert np.max(np.abs(k**2 + m**2 / 4 - 0.09)) < 1e-7  # what a followed point is corrected to
    assert (k.min(), k.max()) == pytest.approx((-0.3, 0.3), rel=0.02)
    assert (m.min(), m.max()) == pytest.approx((-0.6, 0.6), rel=0.02)
    assert not curve.special_points


def moebius(growth: str, cubic: str, parameters: dict[str, float]) -> VectorField:
    """The unit circle with (r - 1, z) in a frame that turns half as fast as the cycle: there
    a' = growth a + cubic a^3 - a^5 along one axis, and decay at unit rate along the other."""
    c, s = "(x/r)", "(y/r)"
    along = f"(0.5*({growth})*(1 + {c}) - 0.5*(1 - {c}))"
    mixed = f"(0.5*(({growth}) + 1)*{s})"
    across = f"(0.5*({growth})*(1 - {c}) - 0.5*(1 + {c}))"
    power = f"(({cubic})*q2 - q2^2)"
    radial = f"({along}*(r - 1) + ({mixed} - 0.5)*z + {power}*(r - 1))"
    return VectorField(
        "moebius",
        {"x": State(1.0, (-1.5, 1.5)), "y": State(0.0, (-1.5, 1.5)), "z": State(0.0, (-1, 1))},
        parameters,
        {"x": f"-y + x/r*{radial}", "y": f"x + y/r*{radial}",
         "z": f"({mixed} + 0.5)*(r - 1) + {across}*z + {power}*z"},
        definitions={"r": "sqrt(x^2 + y^2)", "q2": "((sqrt(x^2 + y^2) - 1)^2 + z^2)"},
        time_unit="",
    )  # fmt: skip


def test_a_doubled_branch_that_comes_back_to_its_parent_ends_there():
    # Doubled cycles live on a^2 (1 + a^2) = 0.16 - q^2, between the doublings at q = -0.4 and 0.4.
    model = moebius("0.16 - q^2", "-1", {"q": -0.6})
    parent = limit_cycles(model, "q", (-0.8, 0.8), start=([1.0, 0, 0], 2 * np.pi))
    assert [c.orbit.value for c in parent.points("PD")] == pytest.approx([-0.4, 0.4], abs=1e-9)
    doubled = limit_cycles(parent["PD1"], "q", (-0.8, 0.8))
    assert doubled.ended[1] == (
        "returned to the branch of half its period, at a period doubling: 0.4"
    )
    assert not doubled.special_points
    assert doubled.data["q"].values[-1] == pytest.approx(0.4, abs=1e-9)
    assert doubled.data["stable"].values.all()


@pytest.fixture(scope="module")
def doublings():
    model = moebius("m", "k", {"m": -0.3, "k": -0.7})
    cycles = limit_cycles(model, "m", (-0.5, 0.5), start=([1.0, 0, 0], 2 * np.pi))
    return period_doubling_curve(cycles["PD1"], ("m", "k"), {"m": (-1, 1), "k": (-1, 1)})


def test_the_generalized_period_doubling_is_where_the_cubic_term_vanishes(doublings):
    assert np.max(np.abs(doublings.data["m"].values)) < 1e-9
    (point,) = doublings.special_points
    assert point.label == "GPD"
    assert point.parameters["k"] == pytest.approx(0.0, abs=1e-8)
    assert point.certificate["multiplier_distance"] < 1e-8
    assert "multipliers at their places to" in str(point) and "; c = " in str(point)
    c, k = doublings.data["normal_form_c"].values, doublings.data["k"].values
    assert np.all(c * k > 0)  # the sign of the cubic term


def test_the_compiled_doubling_coefficient_is_that_of_the_normal_form():
    model = system("adaptive_control").model(al=1.2)
    branch = equilibria(model, "al", (0.0, 1.5), start=[0, 0, 0])
    cycles = limit_cycles(branch["H1"], "al", (0.0, 1.5))
    spans = {"al": (0.2, 1.2), "be": (0.8, 1.4)}
    curve = period_doubling_curve(cycles["PD1"], ("al", "be"), spans)
    for orbit in curve.orbits[:: len(curve) // 3]:
        plain = Orbit(orbit.mesh, orbit.u, orbit.z[:2].copy())
        (known,) = doubling_coefficients(free_in_first(curve.solver, orbit), plain)
        assert doubling.cubic_coefficient(curve.solver, orbit) == pytest.approx(known, rel=1e-8)


def test_curves_of_cycles_answer_where_a_quantity_has_a_value(doublings):
    (point,) = user_points(doublings, "k", 0.5)
    assert point.label == "UZ" and point.parameters["k"] == pytest.approx(0.5, abs=1e-10)
    assert user_points(doublings, lambda cycle: cycle.parameters["k"], 0.5)[0].index == point.index
    assert point.neutral and not point.stable
    between = doublings.at(k=-0.2)
    assert between.parameters["m"] == pytest.approx(0.0, abs=1e-9)
    assert between.label == "PD" and between.neutral
    assert between.coefficients["c"] < 0 < doublings.at(k=0.2).coefficients["c"]
    start = doublings.data["k"].values[0]
    short = until(doublings, "k", 0.5 * start)
    assert len(short) < len(doublings)
    assert short.ended[0][1].startswith("the stop condition k =")
    with pytest.raises(UnknownNameError, match="this period doubling curve"):
        user_points(doublings, "kk", 0.5)


def test_at_a_fold_the_other_multiplier_is_had_from_the_sum_of_the_split_pair():
    near = Multipliers.of(np.array([1 + 1e-5j, 1 - 1e-5j, 0.3]))
    assert near.without_trivial().values == pytest.approx([1.0, 0.3], abs=1e-9)
    apart = Multipliers.of(np.array([1.0 + 2e-5, 1.0 - 1e-5, 0.3]))
    assert apart.without_trivial().values == pytest.approx([1.0 + 1e-5, 0.3], abs=1e-9)


@pytest.mark.parametrize("span, most, folds", [((5.3, 5.5), 90, 12), ((0.0, 6.0), 36, 13)])
def test_where_spikes_are_added_to_bursts_every_turn_is_a_fold_beside_a_doubling(span, most, folds):
    """Hindmarsh and Rose towards a homoclinic orbit: between the two multipliers are resolved ever
    less, of one cycle or at the fold itself; its turn of the parameter is what is left."""
    hopf = equilibria(hindmarsh_rose(), "I", span).points("H")[-1]
    cycles = limit_cycles(hopf, "I", span, settings=CycleSettings(max_points=most))
    found = cycles.special_points
    assert "".join(c.label[0] for c in found) == ("PPLL" * folds)[: len(found)]
    assert len(cycles.points("LPC")) >= folds
    assert np.all(np.diff([c.period for c in found]) > 0)
    for cycle in cycles.points("LPC"):  # "neutral", by the turn alone or by its multipliers
        assert abs(cycle.certificate["test_value"]) < 1e-9 and cycle.neutral
        assert abs(cycle.multipliers[0] - 1) < 3 * cycle.multiplier_errors[0] + 1e-6
    lost = replace(cycle, trivial_error=50.0)  # as in a canard
    assert not lost.neutral and lost.stable is None


def test_doubled_branches_have_the_same_special_cycles_from_both_of_their_ends():
    """Two coupled Brusselators: from one end a fold and a branch point lie in one step and undo
    each other; the end at the parent is no special cycle."""
    equations = {}
    for k, other in ((1, 2), (2, 1)):
        equations[f"x{k}"] = f"2 - (B + 1)*x{k} + x{k}^2*y{k} + 0.05*(x{other} - x{k})"
        equations[f"y{k}"] = f"B*x{k} - x{k}^2*y{k} + 0.5*(y{other} - y{k})"
    states = {name: State(2.0, (0, 8)) for name in equations}
    model = VectorField("pair", states, {"B": 5.5}, equations, time_unit="")
    found = equilibria(model, "B", (3.0, 7.0))
    cycles = limit_cycles(found["H1"], "B", (3.0, 7.0))
    ends = [p.orbit.value for p in cycles.points("PD")]
    for start, end in ((0, 1), (1, 0)):
        doubled = limit_cycles(cycles.points("PD")[start], "B", (3.0, 7.0))
        assert doubled.ended[1].endswith(f"at a period doubling: {ends[end]:.8g}")
        points = sorted((c.orbit.value, c.label) for c in doubled.special_points)
        assert [label for _, label in points] == ["NS", "BPC", "BPC", "LPC"]
        places = [5.34661755, 6.07637517, 6.34188444, 6.34192401]  # shooting, to all these digits
        assert [value for value, _ in points] == pytest.approx(places, abs=2e-8)
    apart = limit_cycles(found["H2"], "B", (3.0, 7.0))
    doubled = limit_cycles(apart["PD1"], "B", (3.0, 7.0))
    assert doubled.ended[1].startswith("returned to the branch of half its period")
    assert not doubled.special_points


def test_along_a_canard_a_coarse_mesh_makes_no_folds():
    """Chay's burster (1985) at gkc = 27.253454: meshes of 30 intervals move cycles by 7e-5."""
    model = VectorField(
        "chay",
        {"V": State(-50.0, (-80, 0)), "n": State(0.1, (0, 1)), "C": State(0.3, (0, 2))},
        {"gkc": 11.0},
        {"V": "1800*m^3*h*(100 - V) + (1700*n^4 + gkc*C/(1 + C))*(-75 - V) + 7*(-40 - V)",
         "n": "230*(an*(1 - n) - bn*n)", "C": "0.27*(m^3*h*(100 - V) - 3.3/18*C)"},
        definitions={
            "am": "0.1*(25 + V)/(1 - exp(-0.1*V - 2.5))", "bm": "4*exp(-(V + 50)/18)",
            "ah": "0.07*exp(-0.05*V - 2.5)", "bh": "1/(1 + exp(-0.1*V - 2))",
            "an": "0.01*(20 + V)/(1 - exp(-0.1*V - 2))", "bn": "0.125*exp(-(V + 30)/80)",
            "m": "am/(am + bm)", "h": "ah/(ah + bh)",
        },
        time_unit="",
    )  # fmt: skip
    hopf = equilibria(model, "gkc", (25.0, 30.0))["H1"]
    cycles = limit_cycles(hopf, "gkc", (5.0, 30.0), settings=CycleSettings(max_points=90))
    (fold,) = cycles.points("LPC")
    assert fold.orbit.value == pytest.approx(27.25345405, abs=1e-7)
    assert fold.certificate["moved"] < 1e-7 and "known to" not in str(fold).split("; a fold")[1]
    low, high = fold.certificate["bracket"]
    assert low - 1e-9 <= fold.orbit.value <= high + 1e-9
