"""Models on graphs: against models written by hand, known spectra and characteristic roots."""

from __future__ import annotations

import pickle

import networkx as nx
import numpy as np
import pytest
from scipy.special import lambertw

from continuation import dispersion, equilibria
from continuation.steady_states.certificates import characteristic_equation
from dynsys import (
    Coupling,
    Diffusion,
    ModelError,
    Pattern,
    Tolerance,
    VectorField,
    couple,
    simulate,
    simulate_nodes,
)
from dynsys.coupling.uniform import uniform_model
from dynsys.models import aln, wilson_cowan

PAIR = nx.DiGraph([("a", "b"), ("b", "a")])


@pytest.fixture(scope="module")
def by_hand():
    """The same two nodes, every term written out."""
    nodes = {"a": "b", "b": "a"}
    equations = {}
    for here, there in nodes.items():
        equations[f"E_{here}"] = (
            f"-E_{here} + 1/(1 + exp(-(P + K*delay(E_{there}, tau) + a*E_{here} - b*I_{here})))"
        )
        equations[f"I_{here}"] = f"-I_{here} + 1/(1 + exp(-(Q + c*E_{here} - d*I_{here})))"
    return VectorField(
        "two_by_hand",
        {f"{k}_{n}": s for n in nodes for k, s in wilson_cowan().states.items()},
        {**wilson_cowan().declared_parameters, "K": 0.5, "tau": 2.0},
        equations,
        time_unit="",
    )


def stuart_landau() -> VectorField:
    """z' = (1/5 + 2 i) z - |z|^2 z + input."""
    return VectorField(
        "stuart_landau",
        {"x": 0.1, "y": 0.0},
        {"growth": 0.2, "omega": 2.0, "in_x": 0.0, "in_y": 0.0},
        {
            "x": "growth*x - omega*y - (x^2 + y^2)*x + in_x",
            "y": "omega*x + growth*y - (x^2 + y^2)*y + in_y",
        },
        time_unit="",
    )


def both(kind=Coupling, **arguments) -> list[Coupling]:
    """Coupling of z, its real and imaginary part."""
    return [kind(s, f"in_{s}", **arguments) for s in "xy"]


# --- the field ------------------------------------------------------------------------------------


def test_two_coupled_nodes_are_the_model_written_by_hand(pair, by_hand):
    assert pair.state_names == by_hand.state_names
    rng = np.random.default_rng(3)
    for _ in range(3):
        x = rng.random(len(pair.state_names))
        np.testing.assert_allclose(pair.rhs(x), by_hand.rhs(x), rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(pair.jacobian(x), by_hand.jacobian(x), rtol=1e-12, atol=1e-12)


def test_its_hopf_points_are_those_of_the_model_written_by_hand(pair, by_hand):
    found = [equilibria(m, parameter="P", span=(-2.2, -1.2)) for m in (pair, by_hand)]
    for label in ("H1", "H2"):
        ours, theirs = (branch[label] for branch in found)
        assert ours.parameters["P"] == pytest.approx(theirs.parameters["P"], abs=1e-9)
        assert ours.frequency == pytest.approx(theirs.frequency, abs=1e-9)


def test_it_is_a_model_like_any_other(pair, by_hand):
    run = simulate(pair, 10, initial={"E_a": 0.9}, tolerance=Tolerance(1e-10, 1e-12))
    other = simulate(by_hand, 10, initial={"E_a": 0.9}, tolerance=Tolerance(1e-10, 1e-12))
    np.testing.assert_allclose(run["E_b"], other["E_b"], atol=1e-9)
    stored = pickle.loads(pickle.dumps(pair.with_parameters(K=0.7)))
    assert stored.parameters["K"] == 0.7
    assert "received_P_a" in pair.describe()
    assert type(pair.with_parameters(K=1.0)) is type(pair)


def test_weights_and_delays_are_expressions_in_edge_attributes_and_parameters():
    graph = nx.DiGraph()
    graph.add_edge(0, 1, strength=2.0, length=30.0)
    graph.add_edge(1, 0, strength=4.0, length=60.0)
    model = couple(
        wilson_cowan(), graph, source="E", target="P", weight="K*strength", delay="length/speed",
        parameters={"K": 0.1, "speed": 10.0},
    )  # fmt: skip
    table = model.with_parameters(K=0.5, speed=20.0).edge_tables[0]
    values = {"K": 0.5, "speed": 20.0}
    assert table.weights(values).tolist() == [1.0, 2.0]
    assert table.delays(values).tolist() == [1.5, 3.0]
    assert str(model.definitions["received_P_0"]) == "4.0*K*Delay(E_1, 60.0/speed) + P"


def test_directed_undirected_parallel_edges_and_self_loops():
    def arriving(graph, weight="weight"):
        model = couple(wilson_cowan(), graph, source="E", target="P", weight=weight)
        return [str(model.definitions[f"received_P_{label}"]) for label in model.labels]

    assert arriving(nx.DiGraph([(0, 1)]), 3.0) == ["P", "3.0*E_0 + P"]
    assert arriving(nx.Graph([(0, 1)]), 3.0) == ["3.0*E_1 + P", "3.0*E_0 + P"]
    assert arriving(nx.Graph([(0, 1), (1, 1)]), 3.0)[1] == "3.0*E_0 + 3.0*E_1 + P"
    double = nx.MultiDiGraph()
    double.add_edge(0, 1, weight=1.0)
    double.add_edge(0, 1, weight=0.5)
    assert arriving(double)[1] == "1.5*E_0 + P"


def test_nodes_have_parameters_of_their_own():
    graph = nx.Graph([("left", "right")])
    graph.nodes["left"]["P"] = 1.5
    model = couple(wilson_cowan(), graph, source="E", target="P", weight=1.0, per_node=["Q"])
    assert "P" not in model.parameters
    assert model.parameters["P_left"] == 1.5
    assert model.parameters["P_right"] == wilson_cowan().parameters["P"]
    assert model.node_parameters(0)["Q"] == model.parameters["Q_left"] == -4.0
    assert model.with_parameters(Q_right=-3.0).node_parameters(1)["Q"] == -3.0


# --- spectra --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def circulant():
    """Five oscillators, all connected; parameters choose the weights by distance."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(5))
    for j in range(5):
        for offset in range(1, 5):
            marks = {"next": offset == 1, "last": offset == 4, "far": offset in (2, 3)}
            graph.add_edge((j + offset) % 5, j, **marks)
    return couple(
        stuart_landau(), graph, both(weight="K*next + L*last + M*far"),
        parameters={"K": 0.3, "L": 0.3, "M": 0.3},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("K", "L", "M"),
    [(0.3, 0.3, 0.0), (0.3, 0.3, 0.3), (0.3, 0.0, 0.0), (0.3, -0.4, 0.1)],
    ids=["ring", "all to all", "directed ring", "any"],
)
def test_the_spectrum_of_circulant_graphs_is_that_of_their_wave_numbers(circulant, K, L, M):
    model = circulant.with_parameters(K=K, L=L, M=M)
    k = np.arange(5)
    weights = sum(w * np.exp(2j * np.pi * k * o / 5) for o, w in enumerate((K, M, M, L), 1))
    exact = 0.2 + weights[:, None] + np.array([2j, -2j])
    found = np.linalg.eigvals(model.jacobian(np.zeros(10)))
    distance = np.abs(found[:, None] - exact.ravel()[None, :])
    assert distance.min(axis=0).max() < 1e-12
    assert distance.min(axis=1).max() < 1e-12
    relation = dispersion(model, state=[0.0, 0.0], roots=1).data
    np.testing.assert_allclose(relation["growth"][:, 0], exact.real[:3, 0], atol=1e-12)


def test_diffusion_leaves_equal_nodes_alone_and_decays_with_the_laplacian():
    graph = nx.path_graph(3)
    model = couple(stuart_landau(), graph, both(Diffusion, weight=0.7))
    same = np.tile([0.3, -0.2], 3)
    np.testing.assert_allclose(
        model.rhs(same), np.tile(stuart_landau().rhs([0.3, -0.2]), 3), atol=1e-15
    )
    found = np.sort(np.linalg.eigvals(model.jacobian(np.zeros(6))).real)
    laplacian = np.array([0.0, 1.0, 3.0])  # of a path of three
    np.testing.assert_allclose(found, np.sort(np.repeat(0.2 - 0.7 * laplacian, 2)), atol=1e-12)


@pytest.fixture(scope="module")
def delayed():
    """Two oscillators that receive each other late."""
    return couple(
        stuart_landau(), nx.Graph([(0, 1)]), both(weight="K", delay="tau"),
        parameters={"K": 0.5, "tau": 1.3},
    )  # fmt: skip


def test_delay_coupled_oscillators_have_the_roots_of_their_characteristic_equation(delayed):
    """mu = growth + i omega +- K exp(-mu tau), whose roots are branches of Lambert's W."""
    K, tau, own = 0.5, 1.3, 0.2 + 2j
    equation = characteristic_equation(delayed, delayed.fill_lines(np.zeros(4)))
    found = equation.roots_right_of(-1.5)
    exact = np.array(
        [
            own + lambertw(sign * K * tau * np.exp(-own * tau), branch) / tau
            for sign in (1, -1)
            for branch in range(-6, 7)
        ]
    )
    exact = np.concatenate([exact, exact.conj()])
    exact = exact[exact.real > -1.5]
    assert len(found) == len(exact)
    assert np.abs(found[:, None] - exact[None, :]).min(axis=0).max() < 1e-10


def test_the_hopf_point_of_delay_coupled_oscillators_is_where_theory_has_it(delayed):
    """In phase, mu = i w: growth = -K cos(w tau), w = omega - K sin(w tau)."""
    K, tau, w = 0.5, 0.4, 2.0
    for _ in range(200):
        w = 2.0 - K * np.sin(w * tau)
    branch = equilibria(
        delayed.with_parameters(growth=-1.0, tau=tau), parameter="growth", span=(-1.0, -0.2),
        start=np.zeros(4),
    )  # fmt: skip
    first = branch["H1"]
    assert first.parameters["growth"] == pytest.approx(-K * np.cos(w * tau), abs=1e-7)
    assert 2 * np.pi * first.frequency == pytest.approx(w, abs=1e-6)


# --- simulation on arrays -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "couplings",
    [
        [Coupling("tanh(E)*I", "P", weight=0.5, delay=0)],
        [
            Diffusion("E", "P", weight="weight", delay=1.234567),
            Coupling("E + I", "Q", weight=0.1, delay=0.5),
        ],
    ],
    ids=["instantaneous expression", "diffusive and mixed"],
)
def test_a_run_over_nodes_is_the_run_of_the_written_equations(couplings):
    graph = nx.DiGraph([("a", "b"), ("b", "a"), ("a", "a")])
    nx.set_edge_attributes(graph, 0.4, "weight")
    model = couple(wilson_cowan(), graph, couplings).with_parameters(P=-1.0)
    start = [0.1, 0.2, 0.6, 0.4]
    run = simulate_nodes(model, 12, initial=start)
    steps = simulate(model, 12, initial=start, method="rk4")
    exact = simulate(model, 12, initial=start, sample=0.01, tolerance=Tolerance(1e-10, 1e-12))
    for node in "ab":
        ours = run["E"].sel(node=node)
        np.testing.assert_allclose(ours, steps[f"E_{node}"], rtol=1e-11)
        np.testing.assert_allclose(ours, exact[f"E_{node}"], atol=1e-7)


def test_a_node_keeps_the_delays_it_has_itself():
    """aLN nodes, whose delays are whole steps: the same Runge-Kutta steps either way."""
    graph = nx.path_graph(2)
    model = couple(
        aln(), graph, source="r_e", target="mu_e", weight=2.0, delay=7.0, per_node="mu_i"
    ).with_parameters(mu_e=1.3, mu_i_0=0.5, mu_i_1=0.7)
    run = simulate_nodes(model, 60)
    exact = simulate(model, 60, method="rk4")
    for node in (0, 1):
        np.testing.assert_allclose(
            run["r_E"].sel(node=node), exact[f"r_E_{node}"], rtol=1e-9, atol=1e-9
        )
    assert float(run["r_E"].max()) > 10


def test_a_run_that_is_continued_is_the_longer_run():
    graph = nx.cycle_graph(4)
    model = couple(wilson_cowan(), graph, source="E", target="P", weight=0.5, delay=1.5)
    start = {"E": [0.1, 0.5, 0.2, 0.9]}
    whole = simulate_nodes(model, 8, initial=start)
    first = simulate_nodes(model, 4, initial=start)
    second = simulate_nodes(model, 4, initial=first)
    np.testing.assert_allclose(second["E"], whole["E"][400:], atol=1e-9)
    with pytest.raises(ModelError, match="cannot be continued with dt"):
        simulate_nodes(model, 4, initial=first, dt=0.02)


def test_inputs_reach_the_nodes_they_are_meant_for():
    model = couple(wilson_cowan(), nx.path_graph(3), source="E", target="P", weight=0.0)

    def pulse(t):
        return 2.0 * np.exp(-((t - 3.0) ** 2))

    alone = simulate(wilson_cowan(), 6, inputs={"P": pulse}, method="rk4")["E"].values
    still = simulate(wilson_cowan(), 6, method="rk4")["E"].values
    for given in ({1: pulse}, Pattern([0.0, 1.0, 0.0], pulse), [{1: pulse}]):
        run = simulate_nodes(model, 6, inputs={"P": given})["E"]
        np.testing.assert_allclose(run.sel(node=1), alone, atol=1e-9)
        np.testing.assert_allclose(run.sel(node=2), still, atol=1e-9)
    twice = simulate_nodes(model, 6, inputs={"P": [pulse, Pattern([1.0, 0.0, 0.0], pulse)]})["E"]
    double = simulate(wilson_cowan(), 6, inputs={"P": lambda t: 2 * pulse(t)}, method="rk4")["E"]
    np.testing.assert_allclose(twice.sel(node=0), double, atol=1e-9)
    np.testing.assert_allclose(twice.sel(node=1), alone, atol=1e-9)


def test_a_hundred_nodes_with_delays_of_their_own_run_at_once():
    """Equal nodes that receive equal sums do what one node with a self loop does."""
    graph = nx.random_regular_graph(12, 100, seed=5)
    model = couple(wilson_cowan(), graph, source="E", target="P", weight=1 / 12, delay=0.8)
    loop = nx.DiGraph([(0, 0)])
    one = couple(wilson_cowan(), loop, source="E", target="P", weight=1.0, delay=0.8)
    run, single = simulate_nodes(model, 10), simulate_nodes(one, 10)
    np.testing.assert_allclose(run["E"], np.repeat(single["E"].values, 100, axis=1), atol=1e-12)
    assert run.sizes == {"time": 1001, "node": 100, "state": 2} | {
        k: run.sizes[k] for k in ("signal", "lag")
    }
    assert "equations" not in model.__dict__  # they were never written out
    quiet = one.with_parameters(P=-3.0)
    assert uniform_model(model.with_parameters(P=-3.0)).equilibrium()["E"] == pytest.approx(
        float(simulate_nodes(quiet, 60)["E"][-1, 0]), abs=1e-9
    )


def test_a_run_that_explodes_says_where():
    grows = VectorField("grows", {"x": 1.0}, {"input_x": 0.0}, {"x": "x^2 + input_x"}, time_unit="")
    model = couple(grows, nx.path_graph(2), source="x", target="input_x", weight=1.0)
    with pytest.warns(UserWarning, match="no longer finite"):
        run = simulate_nodes(model, 5, dt=0.01)
    assert str(run["status"].values) == "stopped"
    assert 0.5 < float(run["reached"]) < 2.0


def test_a_node_that_leaves_a_table_is_warned_of():
    model = couple(aln(), nx.path_graph(2), source="r_e", target="mu_e", weight=0.0, delay=7.0)
    with pytest.warns(UserWarning, match="a node left the domain of a table at"):
        run = simulate_nodes(model, 2, inputs={"mu_e": {1: lambda t: 7.0 + 0 * t}})
    alone = aln().with_parameters(mu_e=8.0)
    with pytest.warns(UserWarning, match="left the domain of a table"):
        single = simulate(alone, 2, method="rk4")
    assert run.attrs["left_table"] == pytest.approx(float(single["left_table"]))
