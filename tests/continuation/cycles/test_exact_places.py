"""Bifurcations of cycles whose places follow from symmetry or from a rotating frame."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import CycleBranch, cycle_fold_curve, equilibria, limit_cycles, torus_curve
from dynsys import State, VectorField


def oscillator(u: str, v: str) -> dict[str, str]:
    """A cycle of radius 1 and period 2 pi in two states."""
    square = f"({u}^2 + {v}^2)"
    return {u: f"{u} - {v} - {u}*{square}", v: f"{u} + {v} - {v}*{square}"}


def states(names: str, first: float = 1.0) -> dict[str, State]:
    """States in (-2, 2), the first one at ``first``, the others at rest."""
    return {k: State(first if k == names[0] else 0.0, (-2, 2)) for k in names}


def explained(branch: CycleBranch) -> bool:
    """Whether the number of unstable multipliers only changes at special points."""
    steps = np.flatnonzero(np.diff(branch.data["unstable"].values))
    return set(steps.tolist()) <= {c.index for c in branch.special_points}


def ring_of(count: int) -> VectorField:
    """Oscillators of radius 1 and period 2 pi / 3 in a ring, with the twist b = 2 and g = -1."""
    cells, equations = {}, {}
    for j in range(count):
        before, after = (j - 1) % count, (j + 1) % count
        cells |= {f"x{j}": State(1.0, (-2, 2)), f"y{j}": State(0.0, (-2, 2))}
        square = f"(x{j}^2 + y{j}^2)"
        dx, dy = (f"({u}{before} + {u}{after} - 2*{u}{j})" for u in "xy")
        equations[f"x{j}"] = f"x{j} - 5*y{j} - {square}*(x{j} - 2*y{j}) + K*({dx} + {dy})"
        equations[f"y{j}"] = f"y{j} + 5*x{j} - {square}*(y{j} + 2*x{j}) + K*({dy} - {dx})"
    return VectorField(f"ring_of_{count}", cells, {"K": 0.6}, equations, time_unit="")


def test_an_in_phase_ring_of_five_leaves_through_double_branch_points():
    """Of five coupled oscillators the modes k and 5 - k grow alike: two multipliers pass 1 at
    K = 1 / (2 - 2 cos(2 pi k / 5))."""
    branch = limit_cycles(ring_of(5), "K", (0.05, 1.2), start=([1, 0] * 5, 2 * np.pi / 3))
    growth = 2 - 2 * np.cos(2 * np.pi * np.array([2, 1]) / 5)
    found = branch.points("BPC")
    assert [c.orbit.value for c in found] == pytest.approx(1 / growth, abs=1e-8)
    assert [c.multiplicity for c in found] == [2, 2]
    assert len(branch.special_points) == 2 and explained(branch)
    assert found[1].neutral and found[1].stable is False and "; neutral;" in str(found[1])


@pytest.mark.parametrize("beyond", [1e-6, 1e-7, 1e-8])
def test_a_span_that_ends_next_to_a_double_branch_point_holds_it(beyond):
    """Newton is singular between the end and the point: it is located from the other side."""
    span = (1 / 3 - beyond, 0.8)
    branch = limit_cycles(ring_of(3), "K", span, start=([1, 0] * 3, 2 * np.pi / 3))
    (point,) = branch.special_points
    assert (point.label, point.multiplicity) == ("BPC", 2) and explained(branch)
    assert point.orbit.value == pytest.approx(1 / 3, abs=1e-9)


@pytest.fixture(scope="module")
def ring_of_six() -> CycleBranch:
    return limit_cycles(ring_of(6), "K", (0.05, 1.5), start=([1, 0] * 6, 2 * np.pi / 3))


def test_double_branch_points_are_found_where_the_branch_is_nearly_vertical(ring_of_six):
    """Every other one of six oscillators alike: of a motion that turns rigidly, the multipliers are
    those of an equilibrium in the turning frame. A third one is 0.003 beyond 1 where two pass."""
    clusters = limit_cycles(ring_of_six["BPC1"], "K", (0.05, 1.5))
    doubles = [c for c in clusters.points("BPC") if c.multiplicity == 2]
    assert not clusters.points("unresolved") and explained(clusters)
    values = np.array([c.orbit.value for c in doubles])
    assert values == pytest.approx([0.2305341, 0.2503201, 0.2503201, 0.2305341], abs=1e-7)
    for cycle in doubles:
        turn = np.kron(np.eye(6), [[0, -1], [1, 0]]) * 2 * np.pi / cycle.period
        rates = np.linalg.eigvals(cycle.model.jacobian(cycle.solver.states(cycle.orbit)[0]) - turn)
        assert np.sort(np.abs(rates))[2] < 1e-6  # the phase, and the two that pass


def test_branches_that_only_high_orders_tell_apart_are_found(ring_of_six):
    """Where the long wave of six oscillators begins to grow, its direction counts in the fifth
    order: at K = 1 exactly. What is not located on the branch is no fold."""
    wave = limit_cycles(ring_of_six["BPC3"], "K", (0.05, 1.5))
    assert explained(wave) and not wave.points("LPC")
    apart = np.ptp([wave.data[f"max_x{j}"].values for j in range(6)], axis=0)
    assert 0.999 < wave.data["K"].values.max() < 1.0 and apart.max() > 0.1


def test_multipliers_that_meet_in_the_step_of_a_double_branch_point_hide_nothing():
    """A ring of six excitable cells in antiphase: in one step a pair outside the unit circle comes
    to the real axis, while two multipliers pass 1."""
    cells, equations = {}, {}
    for j in range(6):
        before, after = (j - 1) % 6, (j + 1) % 6
        cells |= {f"v{j}": State(0.0, (-3, 3)), f"w{j}": State(0.0, (-2, 2))}
        pull = f"0.2*(v{before} + v{after} - 2*v{j})"
        equations |= {f"v{j}": f"m*v{j} - v{j}^3 - w{j} + {pull}", f"w{j}": f"v{j} - 0.5*w{j}"}
    ring = VectorField("cells", cells, {"m": -0.5}, equations, time_unit="")
    hopf = equilibria(ring, "m", (1.2, 1.6), start=np.zeros(12))["H1"]
    branch = limit_cycles(hopf, "m", (1.2, 2.0))
    told = [(c.label, c.multiplicity) for c in branch.special_points]
    assert told == [("BPC", 2), ("BPC", 2), ("BPC", 1)] and explained(branch)


def test_a_doubled_branch_leads_from_one_doubling_of_its_parent_to_the_next():
    """In a frame that turns by half with every period, u grows with 0.1 - m^2 and v decays: the
    doubled branch exists between m = -sqrt(0.1) and m = sqrt(0.1)."""
    turning = {
        "u": "-v/2 + s*u + c*(x*u + y*v) - u*(u^2 + v^2)",
        "v": "u/2 + s*v + c*(y*u - x*v) - v*(u^2 + v^2)",
    }
    strip = VectorField(
        "strip", states("xyuv"), {"m": -0.3}, {**oscillator("x", "y"), **turning},
        definitions={"c": "(0.5 + q)/2", "s": "(q - 0.5)/2", "q": "0.1 - m^2"}, time_unit="",
    )  # fmt: skip
    parent = limit_cycles(strip, "m", (-0.5, 0.5), start=([1.0, 0, 0, 0], 2 * np.pi))
    doublings = parent.points("PD")
    edges = np.sqrt(0.1) * np.array([-1, 1])
    assert [c.orbit.value for c in doublings] == pytest.approx(edges, abs=1e-9)
    assert len(parent.special_points) == 2 and explained(parent)
    doubled = limit_cycles(doublings[0], "m", (-0.5, 0.5))
    assert not doubled.special_points
    assert "returned to the branch of half its period" in doubled.ended[1]
    assert doubled.orbits[-1].value == pytest.approx(edges[1], abs=1e-9)


def beside(q: str, turn: str) -> dict[str, str]:
    """A pair of multipliers exp(2 pi (q +- i turn)) beside the cycle in x and y."""
    cubic = "(u^2 + v^2)*(1 + x/3)"
    return {
        "u": f"{q}*u - {turn}*v - u*{cubic}", "v": f"{turn}*u + {q}*v - v*{cubic}",
    }  # fmt: skip


def test_a_torus_curve_meets_its_strong_resonances_at_their_angles():
    model = VectorField(
        "turning", states("xyuv"), {"m": -0.3, "w": 0.2},
        {**oscillator("x", "y"), **beside("m", "w")}, time_unit="",
    )  # fmt: skip
    branch = limit_cycles(model, "m", (-0.5, 0.5), start=([1.0, 0, 0, 0], 2 * np.pi))
    spans = {"m": (-0.5, 0.5), "w": (0.05, 0.45)}
    curve = torus_curve(branch["NS1"], ("m", "w"), spans)
    assert [c.label for c in curve.special_points] == ["R4", "R3"]
    for cycle, share in zip(curve.special_points, (1 / 4, 1 / 3), strict=True):
        assert cycle.parameters["w"] == pytest.approx(share, abs=1e-9)
        assert cycle.certificate["multiplier_distance"] < 1e-9


def folding(others: dict[str, str], more: dict[str, str] | None = None) -> VectorField:
    """Two cycles of radii with (r^2 - 1)^2 = mu, which fold at mu = 0, and two more states."""
    growth = "(mu - (x^2 + y^2 - 1)^2)"
    return VectorField(
        "folding", states("xyuv", 1.1), {"mu": 0.04, "q": -0.3},
        {"x": f"x*{growth} - y", "y": f"y*{growth} + x", **others}, definitions=more or {},
        time_unit="",
    )  # fmt: skip


@pytest.mark.parametrize("label", ["LPNS", "LPPD"])
def test_a_fold_curve_meets_a_pair_or_a_multiplier_that_passes_beside_it(label):
    if label == "LPNS":
        model = folding(beside("q", "0.3"))
    else:  # in a frame that turns by half, as above
        turning = {
            "u": "-v/2 + s*u + c*(x*u + y*v) - u*(u^2 + v^2)",
            "v": "u/2 + s*v + c*(y*u - x*v) - v*(u^2 + v^2)",
        }
        model = folding(turning, {"c": "(0.5 + q)/2", "s": "(q - 0.5)/2"})
    branch = limit_cycles(model, "mu", (-0.1, 0.2), start=([1.1, 0, 0, 0], 2 * np.pi))
    assert branch["LPC1"].orbit.value == pytest.approx(0.0, abs=1e-10)
    assert "unresolved" not in str(branch["LPC1"])  # the period is the same all along
    curve = cycle_fold_curve(branch["LPC1"], ("mu", "q"), {"mu": (-0.1, 0.2), "q": (-0.45, 0.5)})
    (cycle,) = curve.special_points
    assert cycle.label == label and cycle.parameters["q"] == pytest.approx(0.0, abs=1e-9)
    assert cycle.certificate["multiplier_distance"] < 1e-9


def test_a_fold_curve_beside_a_bogdanov_takens_flow_meets_1_1():
    """u' = v, v' = b1 + b2 v + u^2 + u v beside a cycle: both multipliers are 1 at b1 = b2 = 0."""
    model = VectorField(
        "beside", states("xyuv"), {"b1": -0.04, "b2": -0.3},
        {**oscillator("x", "y"), "u": "v", "v": "b1 + b2*v + u^2 + u*v"}, time_unit="",
    )  # fmt: skip
    branch = limit_cycles(model, "b1", (-0.3, 0.1), start=([1.0, 0, -0.2, 0], 2 * np.pi))
    spans = {"b1": (-0.3, 0.1), "b2": (-0.5, 0.5)}
    curve = cycle_fold_curve(branch["LPC1"], ("b1", "b2"), spans)
    (cycle,) = curve.special_points
    assert cycle.label == "R1" and cycle.parameters["b2"] == pytest.approx(0.0, abs=1e-8)
