"""Graphs of mean fields: against eigenvectors of the graph, written-out models and known roots."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov
from scipy.special import lambertw

from continuation import (
    equilibria,
    graph_equilibria,
    graph_equilibrium,
    graph_hopf_curve,
)
from continuation.graphs.system import HopfSystem
from continuation.steady_states.characteristic_equation import CharacteristicEquation
from dynsys import Coupling, Diffusion, ModelError, UnknownNameError, VectorField, couple
from dynsys.models import montbrio_pazo_roxin, wilson_cowan


def near(found, expected) -> float:
    """The largest distance between two lists of roots, each paired once."""
    found, expected = (np.array(x, complex) for x in (found, expected))
    assert len(found) == len(expected)
    rest, worst = list(expected), 0.0
    for root in found:
        k = int(np.argmin(np.abs(np.array(rest) - root)))
        worst = max(worst, abs(rest.pop(k) - root))
    return worst


def linear_node() -> VectorField:
    """x' = -x + u, and y' = -y / 2, which nobody hears of."""
    return VectorField(
        "leak", {"x": 0.0, "y": 0.0}, {"u": 0.0, "a": 1.0}, {"x": "-a*x + u", "y": "-y/2"},
        time_unit="",
    )  # fmt: skip


def stuart_landau() -> VectorField:
    """z' = (growth + i omega) z - |z|^2 z + input."""
    return VectorField(
        "stuart_landau",
        {"x": 0.0, "y": 0.0},
        {"growth": -1.0, "omega": 2.0, "in_x": 0.0, "in_y": 0.0},
        {
            "x": "growth*x - omega*y - (x^2 + y^2)*x + in_x",
            "y": "omega*x + growth*y - (x^2 + y^2)*y + in_y",
        },
        time_unit="",
    )


def oscillators(tau: float = 0.4):
    """Two of them, each hearing the other's z late."""
    couplings = [Coupling(s, f"in_{s}", weight="K", delay="tau") for s in "xy"]
    return couple(
        stuart_landau(), nx.complete_graph(2), couplings, parameters={"K": 0.5, "tau": tau}
    )


@pytest.fixture(scope="module")
def pair():
    return couple(
        wilson_cowan().with_parameters(P=-2.2), nx.DiGraph([("a", "b"), ("b", "a")]),
        source="E", target="P", weight="K", delay="tau", parameters={"K": 0.5, "tau": 2.0},
    )  # fmt: skip


# --- symmetric graphs: master stability -----------------------------------------------------------


def test_roots_of_a_regular_graph_are_those_of_its_eigenvectors():
    """Each eigenvalue a of the adjacency matrix: det(l I - J - K a exp(-l tau) dP e') = 0."""
    graph, K, tau = nx.petersen_graph(), 0.4, 1.7
    node = wilson_cowan().with_parameters(P=-3.0)
    field = couple(node, graph, source="E", target="P", weight="K", delay="tau",
                   parameters={"K": K, "tau": tau})  # fmt: skip
    state = graph_equilibrium(field)
    assert np.ptp(state.states, axis=0).max() < 1e-14
    x = state.states[0]
    driven = node.with_parameters(P=-3.0 + 3 * K * x[0])
    J, push = driven.jacobian(x), driven.parameter_derivative(x, "P")[:, None]
    expected = []
    for a in np.linalg.eigvalsh(nx.to_numpy_array(graph)):
        equation = CharacteristicEquation(J, K * a * push, [[1.0, 0.0]], [[0.0]], [tau])
        expected += list(equation.roots_right_of(-1.03))
    assert len(expected) > 10
    assert near(state.roots_right_of(-1.03), expected) < 1e-10


def test_diffusion_keeps_the_nodes_roots_for_the_synchronous_mode():
    graph = nx.connected_watts_strogatz_graph(12, 4, 0.4, seed=2)
    node = wilson_cowan().with_parameters(P=-3.0)
    field = couple(node, graph, Diffusion("E", "P", weight=0.4, delay=0))
    state = graph_equilibrium(field)
    rest = node.equilibrium().state
    np.testing.assert_allclose(state.states, np.tile(rest, (12, 1)), atol=1e-12)
    J, push = node.jacobian(rest), node.parameter_derivative(rest, "P")[:, None]
    modes = np.linalg.eigvalsh(nx.laplacian_matrix(graph).toarray().astype(float))
    expected = np.concatenate(
        [np.linalg.eigvals(J - 0.4 * m * push @ np.array([[1.0, 0.0]])) for m in modes]
    )
    assert near(state.eigenvalues(), expected) < 1e-10
    assert near(state.roots(24), expected) < 1e-10


def test_roots_of_a_ring_with_delays_are_branches_of_the_lambert_function():
    K, tau, n = 0.9, 1.3, 6
    ring = nx.DiGraph([(k, (k + 1) % n) for k in range(n)])
    field = couple(linear_node(), ring, source="x", target="u", weight=K, delay=tau)
    state = graph_equilibrium(field)
    angles = np.exp(-2j * np.pi * np.arange(n) / n)
    exact = np.concatenate(
        [
            -1 + lambertw(K * tau * np.exp(tau) * angle, branch) / tau
            for branch in range(-8, 9)
            for angle in [angles]
        ]
    )
    expected = [*exact[exact.real > -1.7], *[-0.5] * n]  # and the states nobody hears of
    assert near(state.roots_right_of(-1.7), expected) < 1e-10


def test_modes_without_a_way_back_are_those_of_the_nodes():
    chain = nx.DiGraph([(0, 1), (1, 2)])
    state = graph_equilibrium(couple(linear_node(), chain, source="x", target="u", weight=2.0))
    assert near(state.roots_right_of(-1.5), [-0.5] * 3 + [-1.0] * 3) < 1e-9


# --- small graphs: the model written out ----------------------------------------------------------


def test_hopf_points_are_those_of_the_written_out_model(pair):
    branch = graph_equilibria(pair, "P", (-2.2, -1.2), locate="all")
    start = graph_equilibrium(pair).states.ravel()
    written = equilibria(pair, parameter="P", span=(-2.2, -1.2), start=start)
    assert len(branch.points("H")) == len(written.points("H")) == 2
    for ours, theirs in zip(branch.points("H"), written.points("H"), strict=True):
        assert ours.parameters["P"] == pytest.approx(theirs.parameters["P"], abs=1e-8)
        assert ours.frequency == pytest.approx(theirs.frequency, abs=1e-8)
        assert ours.certificate["axis"] < 1e-10
        np.testing.assert_allclose(ours.state.states.ravel(), theirs.state[:4], atol=1e-7)
    assert not branch.lost
    halfway = branch.state(len(branch) // 2)
    np.testing.assert_allclose(halfway.states[:, 0], branch.data["E"][len(branch) // 2], atol=1e-12)
    assert "P" in str(branch)
    assert "H1" in str(branch)


def test_folds_and_branch_points_are_those_of_the_written_out_model():
    field = couple(
        montbrio_pazo_roxin(delay=False, kinetics=False).with_parameters(eta=-9.0),
        nx.DiGraph([("a", "b"), ("b", "a")]), source="r", target="I", weight="K",
        parameters={"K": 2.0},
    )  # fmt: skip
    branch = graph_equilibria(field, "eta", (-9.0, -2.0), locate="all")
    start = graph_equilibrium(field).states.ravel()
    written = equilibria(field, parameter="eta", span=(-9.0, -2.0), start=start)
    for label in ("LP", "BP"):
        # The written-out branch switches at branch points; its symmetric states are compared.
        known = [p for p in written.points(label) if np.ptp(p.state.reshape(2, 2)[:, 0]) < 1e-9]
        known = sorted({round(p.parameters["eta"], 8) for p in known})
        found = sorted(p.parameters["eta"] for p in branch.points(label))
        assert found
        assert found == pytest.approx(known, abs=1e-7)
    assert branch.ended == ("edge of the span", "edge of the span")


def test_a_hopf_curve_is_where_theory_has_it():
    """In phase: growth = -K cos(w tau), w = omega - K sin(w tau)."""
    branch = graph_equilibria(oscillators(), "growth", (-1.0, 1.0), start=np.zeros(2))
    first = branch["H1"]
    w = 2 * np.pi * first.frequency
    assert w == pytest.approx(2.0 - 0.5 * np.sin(0.4 * w), abs=1e-10)
    assert first.parameters["growth"] == pytest.approx(-0.5 * np.cos(0.4 * w), abs=1e-10)
    assert first.participation == pytest.approx(2.0)
    curve = graph_hopf_curve(first, ("growth", "tau"), {"growth": (-1, 1), "tau": (0.1, 1.5)})
    growth, tau = curve.data["growth"].values, curve.data["tau"].values
    w = 2 * np.pi * curve.data["frequency"].values
    np.testing.assert_allclose(growth, -0.5 * np.cos(w * tau), atol=1e-9)
    np.testing.assert_allclose(w, 2.0 - 0.5 * np.sin(w * tau), atol=1e-9)
    assert tau.min() == pytest.approx(0.1)
    assert tau.max() == pytest.approx(1.5)
    # Out of phase the other pair crosses first where cos(w tau) < 0.
    assert set(curve.data["unstable"].values[tau < 0.7]) == {0}
    assert curve.data["unstable"].values[-1 if tau[-1] > 1 else 0] == 2


@pytest.mark.parametrize("names", [("D", "K"), ("tau_d", "speed"), ("tau", "eta")])
def test_derivatives_are_exact(names):
    graph = nx.DiGraph()
    edges = [(0, 1, 1.0, 3.0), (1, 0, 0.7, 5.0), (1, 2, 0.7, 5.0), (2, 1, 0.4, 2.0)]
    for u, v, weight, length in edges:
        graph.add_edge(u, v, weight=weight, length=length)
    field = couple(
        montbrio_pazo_roxin(), graph, source="r", target="eta", weight="K*weight",
        delay="length/speed", parameters={"K": 2.0, "speed": 2.0},
    )  # fmt: skip
    point = graph_equilibrium(field).point
    rng = np.random.default_rng(1)
    mode = rng.standard_normal(point.z.size) + 1j * rng.standard_normal(point.z.size)
    system = HopfSystem(point.nodes, names, [(0, 1), (0, 1)], mode)
    values = [field.parameters[k] for k in names]
    y = np.concatenate([point.z.ravel(), mode.real, mode.imag, [0.2], values])
    y += 1e-2 * rng.standard_normal(len(y))
    step = 1e-6 * np.eye(len(y))
    slopes = [(system.evaluate(y + e)[0] - system.evaluate(y - e)[0]) / 2e-6 for e in step]
    assert np.abs(system.evaluate(y)[1].toarray() - np.array(slopes).T).max() < 1e-7


# --- fluctuations ---------------------------------------------------------------------------------


def test_correlations_without_delays_solve_the_lyapunov_equation():
    graph = nx.DiGraph([(0, 1), (1, 2), (2, 0), (0, 2)])
    field = couple(linear_node(), graph, source="x", target="u", weight=0.4)
    state = graph_equilibrium(field)
    amplitudes = np.array([0.1, 0.2, 0.3])
    found = state.functional_connectivity("x", noise={"x": amplitudes})
    A = -np.eye(3) + 0.4 * nx.to_numpy_array(graph).T
    exact = solve_continuous_lyapunov(A, -np.diag(amplitudes**2))
    np.testing.assert_allclose(found["covariance"], exact, rtol=1e-5)
    np.testing.assert_allclose(np.diag(found), 1.0)
    spectrum = state.spectra([0.3], "x", {"x": amplitudes})[0].values
    answer = np.linalg.inv(2j * np.pi * 0.3 * np.eye(3) - A)
    np.testing.assert_allclose(
        spectrum, 2 * answer @ np.diag(amplitudes**2) @ answer.conj().T, rtol=1e-12
    )


def test_the_variance_with_a_delay_is_that_of_kuechler_and_mensch():
    """x' = -a x - b x(t - tau) + s noise (1992, Stochastics 40:23), b > a."""
    a, b, tau, s = 1.0, 1.5, 0.8, 0.3
    loop = nx.DiGraph([(0, 0)])
    field = couple(linear_node(), loop, source="x", target="u", weight=-b, delay=tau)
    found = graph_equilibrium(field).functional_connectivity("x", {"x": s})
    size = np.sqrt(b**2 - a**2)
    exact = s**2 / (2 * size) * (size + b * np.sin(size * tau)) / (a + b * np.cos(size * tau))
    assert float(found["covariance"].item()) == pytest.approx(exact, rel=1e-5)


# --- words ----------------------------------------------------------------------------------------


def test_what_cannot_be_is_said(pair):
    with pytest.raises(ModelError, match="CoupledField"):
        graph_equilibrium(wilson_cowan())
    with pytest.raises(UnknownNameError, match="Did you mean 'K'"):
        graph_equilibria(pair, "k", (0, 1))
    with pytest.raises(ModelError, match="outside of the span"):
        graph_equilibria(pair, "K", (1, 2))
    with pytest.raises(ModelError, match="shape"):
        graph_equilibrium(pair, np.zeros(3))
    state = graph_equilibrium(pair)
    with pytest.raises(ModelError, match="infinitely many"):
        state.eigenvalues()
    with pytest.raises(ModelError, match="no noise of its own"):
        state.spectra([1.0])
    with pytest.raises(UnknownNameError, match="observable"):
        state.spectra([1.0], "rate", {"E": 0.1})
    unstable = graph_equilibrium(pair.with_parameters(P=-1.6), start=state)
    assert unstable.unstable == 2
    with pytest.raises(ModelError, match="unstable"):
        unstable.functional_connectivity("E", {"E": 0.1})
    with pytest.raises(ModelError, match="GraphPoint"):
        graph_hopf_curve(state, ("P", "K"), {})  # type: ignore[arg-type]
