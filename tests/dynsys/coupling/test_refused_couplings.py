"""Graphs, couplings and runs over nodes that cannot be meant."""

from __future__ import annotations

import re

import networkx as nx
import numpy as np
import pytest

from dynsys import Coupling, ModelError, Pattern, UnknownNameError, couple, simulate_nodes
from dynsys.coupling.uniform import uniform_model
from dynsys.models import wilson_cowan

PAIR = nx.DiGraph([("a", "b"), ("b", "a")])


def weighted(**attributes) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_edge("a", "b", **attributes)
    graph.add_edge("b", "a", weight=1.0, delay=1.0)
    return graph


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (PAIR, "no edge of the graph has a weight"),
        (weighted(delay=1.0), "the edge ('a', 'b') has no 'weight', which other edges have"),
        (weighted(weight=1.0), "the edge ('a', 'b') has no 'delay'"),
        (weighted(weight="strong", delay=1.0), "weight of the edge ('a', 'b') is 'strong'"),
        (weighted(weight=float("nan"), delay=1.0), "the weight weight of the edge ('a', 'b')"),
        (weighted(weight=1.0, delay=-2.0), "is -2; a signal cannot arrive before it was sent"),
        (nx.Graph(), "the graph has no nodes"),
        (nx.empty_graph(3), "the nodes 0, 1, 2 of the graph have no edges"),
        (nx.Graph([(1, -1)]), "the node -1 gives no name of its own ('1')"),
        ("graph", "the graph is a str"),
    ],
)
def test_graphs_that_cannot_be_meant_are_refused(graph, message):
    with pytest.raises(ModelError, match=re.escape(message)):
        couple(wilson_cowan(), graph, source="E", target="P")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "F", "target": "P"}, "F"),
        ({"source": "E", "target": "p"}, "wilson_cowan has no parameter 'p'. Did you mean 'P'?"),
        ({"source": "E", "target": "P", "weight": "k*2"}, "'k'"),
        ({"source": "E", "target": "P", "per_node": ["R"]}, "no parameter 'R'"),
    ],
)
def test_unknown_names_are_answered_with_the_known_ones(arguments, message):
    with pytest.raises(UnknownNameError, match=re.escape(message)):
        couple(wilson_cowan(), PAIR, **{"weight": 1.0, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "E"}, "needs a source and a target"),
        (
            {"source": "E", "target": "P", "parameters": {"a": 1.0}},
            "is a parameter of wilson_cowan",
        ),
        ({"couplings": ["E"]}, "give Coupling or Diffusion"),
        ({"couplings": Coupling("E", "P"), "source": "E"}, "not both"),
        ({"source": "E + P", "target": "P"}, "depends on P, which the coupling feeds"),
        (
            {"source": "E", "target": "P", "delay": "tau", "parameters": {"tau": 0.0}},
            "the delay tau of the edge ('a', 'b') is 0",
        ),
    ],
)
def test_couplings_that_cannot_be_meant_are_refused(arguments, message):
    weight = {} if "couplings" in arguments else {"weight": 1.0}
    with pytest.raises(ModelError, match=re.escape(message)):
        couple(wilson_cowan(), PAIR, **weight, **arguments)


def test_a_parameter_that_makes_a_delay_negative_is_refused(pair):
    with pytest.raises(ModelError, match="cannot arrive before it was sent"):
        pair.with_parameters(tau=-1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration": 1.0, "dt": 3.0}, "dt = 3 is longer than the shortest delay 2"),
        ({"duration": 1.0, "dt": -1.0}, "dt is -1"),
        ({"duration": 1.005}, "not a whole number of steps"),
        ({"duration": 1.0, "initial": [1.0]}, "initial states have shape (1,)"),
        ({"duration": 1.0, "initial": {"E": [1.0, 2.0, 3.0]}}, "give one number or 2"),
        ({"duration": 1.0, "inputs": {"P": Pattern([1.0], np.sin)}}, "profile of shape (1,)"),
        ({"duration": 1.0, "inputs": {"P": 3.0}}, "the input 3.0 for P is a float"),
        ({"duration": 1.0, "inputs": {"P": {"c": np.sin}}}, "has no node 'c'"),
        ({"duration": 1.0, "inputs": {"R": np.sin}}, "no input 'R'"),
        ({"duration": 1.0, "method": "rk5"}, "Did you mean 'rk4'"),
        ({"duration": 1.0, "record": "G"}, "no observable or state 'G'"),
    ],
)
def test_runs_that_cannot_be_meant_are_refused(pair, arguments, message):
    if arguments.get("dt") == 3.0:
        arguments = {**arguments, "duration": 3.0}
    with pytest.raises((ModelError, UnknownNameError), match=re.escape(message)):
        simulate_nodes(pair, **arguments)


def test_only_coupled_models_run_over_nodes():
    with pytest.raises(ModelError, match="takes the result of couple"):
        simulate_nodes(wilson_cowan(), 1.0)


def test_nodes_that_differ_have_no_homogeneous_state():
    star = couple(wilson_cowan(), nx.star_graph(3), source="E", target="P", weight=1.0)
    with pytest.raises(ModelError, match="add up to 1 at node 1 and to 3 at node 0"):
        uniform_model(star)
    own = couple(wilson_cowan(), PAIR, source="E", target="P", weight=1.0, per_node="Q")
    with pytest.raises(ModelError, match="its nodes differ in Q"):
        uniform_model(own.with_parameters(Q_a=1.0))
