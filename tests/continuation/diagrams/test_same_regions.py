"""The graph of regimes does not depend on how the plane is looked at."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import continuation.diagrams.scan as scan
from continuation import Settings, bifurcation_diagram
from continuation.diagrams import paths
from dynsys import VectorField
from dynsys.expressions.symbols import symbol
from dynsys.models import fitzhugh_nagumo, morris_lecar, wilson_cowan
from dynsys.variants import substituted
from tests.continuation.diagrams.planes import honeybees

PLANES = {
    "FitzHugh-Nagumo": (fitzhugh_nagumo(), ("I", 0.0, 1.6), ("b", 0.2, 0.95)),
    "Wilson-Cowan": (wilson_cowan(), ("P", -6.0, 6.0), ("Q", -12.0, 0.0)),
    "honeybees": (honeybees(), ("sigma", 0.1, 8.0), ("mu", 1.2, 5.0)),
    "Morris-Lecar": (morris_lecar(), ("I", 20.0, 120.0), ("v3", 2.0, 14.0)),
}
SLOW = ("honeybees", "Morris-Lecar")
LEAST = 2e-3  # of the plane: regions compared


def regimes(model: VectorField, x, y, **options) -> nx.Graph:
    graph = bifurcation_diagram(model, x=x, y=y, **options).regimes
    large = [k for k, region in graph.nodes(data=True) if region["area"] > LEAST]
    return graph.subgraph(large)


def alike(a: nx.Graph, b: nx.Graph) -> bool:
    """Same regions by attractors and, to a part in 200, areas; the same ones are neighbors."""

    def same(one, other) -> bool:
        return one["attractors"] == other["attractors"] and np.isclose(
            one["area"], other["area"], rtol=5e-3, atol=2e-4
        )

    return nx.is_isomorphic(a, b, node_match=same)


@pytest.fixture(
    scope="module",
    params=[pytest.param(k, marks=[pytest.mark.slow] if k in SLOW else []) for k in PLANES],
    ids=str,
)
def plane(request):
    model, x, y = PLANES[request.param]
    return model, x, y, regimes(model, x, y)


def test_another_seed_gives_the_same_graph(plane):
    model, x, y, graph = plane
    assert alike(graph, regimes(model, x, y, seed=12345))


@pytest.mark.parametrize("step_max", [0.02, 0.08])
def test_other_steps_give_the_same_graph(plane, step_max):
    model, x, y, graph = plane
    assert alike(graph, regimes(model, x, y, settings=Settings(step_max=step_max)))


def test_a_mirrored_axis_gives_the_same_graph(plane):
    model, x, y, graph = plane
    name, low, high = x
    mirrored = VectorField(
        f"{model.name}_mirrored", model.states,
        {**model.parameters, name: -model.parameters[name]},
        **substituted(model, {symbol(name): -symbol(name)}),
    )  # fmt: skip
    assert alike(graph, regimes(mirrored, (name, -high, -low), y))


def test_exchanged_axes_give_the_same_graph(plane):
    model, x, y, graph = plane
    assert alike(graph, regimes(model, y, x))


def test_one_thread_gives_the_same_graph(plane, monkeypatch):
    model, x, y, graph = plane
    monkeypatch.setattr(scan, "WORKERS", 1)
    assert alike(graph, regimes(model, x, y))


def test_jitter_of_rounding_size_gives_the_same_graph(plane, monkeypatch):
    model, x, y, graph = plane
    random, points = np.random.default_rng(3), paths._points

    def shaken(*arguments) -> np.ndarray:
        rows = points(*arguments)
        if len(rows) > 2:
            rows[1:-1] += 1e-12 * random.standard_normal(rows[1:-1].shape)
        return rows

    monkeypatch.setattr(paths, "_points", shaken)
    assert alike(graph, regimes(model, x, y))


def test_a_point_symmetric_model_has_a_point_symmetric_diagram():
    # Wilson-Cowan is mirrored by (E, I, P, Q) -> (1 - E, 1 - I, -P, -12 - Q).
    model, x, y = PLANES["Wilson-Cowan"]
    graph = regimes(model, x, y)
    for _, region in graph.nodes(data=True):
        center = region["polygon"].representative_point()
        mirrored = [
            other for _, other in graph.nodes(data=True)
            if other["polygon"].distance(type(center)(-center.x, -12 - center.y)) < 1e-9
        ]  # fmt: skip
        assert [len(other["attractors"]) for other in mirrored] == [len(region["attractors"])]
        assert mirrored[0]["area"] == pytest.approx(region["area"], rel=2e-3, abs=2e-4)
