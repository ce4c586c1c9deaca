"""Node-steps per second of models on graphs, beside a plain numpy loop over arrays in the same run.

The loop is written for the ring of Zerlaut et al. 2018 as its published programs are: one pass over
the neighbours per step, all places at once in numpy, transfer functions as array expressions. Both
do the same forward Euler steps of 0.5 ms; their largest difference is printed too.
"""

from __future__ import annotations

import math
import time

import networkx as nx
import numpy as np
from scipy.special import erfc
from timing import best

from dynsys import VectorField, couple, simulate, simulate_nodes
from dynsys.models import Blob, aln, ring, wilson_cowan
from dynsys.simulation.motion import motion
from dynsys.transfer import find_transfer_function

STEPS, NODES, SPACING, DT, T = 1200, 30, 1.2, 0.5, 5.0


def rate(coefficients: np.ndarray, e: np.ndarray, i: np.ndarray) -> np.ndarray:
    """The transfer function of the publication (Hz), in mV, ms, nS and pF."""
    f_e, f_i = 0.4 * e + 1e-12, 0.1 * i + 1e-12
    g_e, g_i = 5.0 * f_e, 25.0 * f_i
    g = 10.0 + g_e + g_i
    mean, tau = (-80.0 * g_i - 650.0) / g, 200.0 / g
    a_e, a_i = (-mean / g * 5.0) ** 2, (5.0 * (-80.0 - mean) / g * 5.0) ** 2
    sd = np.sqrt(f_e * a_e / (2 * (tau + 5.0))) + 1e-9
    time_v = (f_e * a_e + f_i * a_i) / ((f_e * a_e + f_i * a_i) / (tau + 5.0))
    x, y, z = (mean + 60.0) / 10.0, (sd - 4.0) / 6.0, time_v / 20.0 - 0.5
    p = coefficients
    threshold = (
        p[0] + p[1] * x + p[2] * y + p[3] * z + p[4] * np.log(g / 10.0)
        + p[5] * x**2 + p[6] * y**2 + p[7] * z**2 + p[8] * x * y + p[9] * x * z + p[10] * y * z
    )  # fmt: skip
    return 500.0 / time_v * erfc((threshold - mean) / (math.sqrt(2) * sd))


def plain_loop(rest: tuple[float, float], width: float = 4.0) -> np.ndarray:
    """Rates (2, steps + 1, nodes) of the published scheme, l_exc = 5 mm, l_inh = 1 mm."""
    p = [np.array(find_transfer_function(f"{c}-zerlaut2018").coefficients) for c in ("RS", "FS")]
    x = np.linspace(0, 36, NODES)
    profile = np.exp(-((x - x[15]) ** 2) / (2 * width**2))
    kernels = []
    for sd in (5.0 / SPACING, 1.0 / SPACING):
        k = np.arange(-int(3 * sd / SPACING), int(3 * sd / SPACING) + 1)
        weights = np.exp(-((k / sd) ** 2) / 2) / (sd * math.sqrt(2 * math.pi))
        kernels.append((k, weights, (abs(k) / (300 / SPACING) / 0.0005).astype(int)))
    rates = np.empty((2, STEPS + 1, NODES))
    rates[:, 0] = np.array(rest)[:, None]
    place = np.arange(NODES)
    for step in range(STEPS):
        t = step * DT
        course = 15 * math.exp(-((t - 150) ** 2) / (2 * (50.0 if t < 150 else 150.0) ** 2))
        e, i = (
            (
                weights[:, None]
                * r[np.maximum(step - late, 0)[:, None], (place + k[:, None]) % NODES]
            ).sum(axis=0)
            for r, (k, weights, late) in zip(rates, kernels, strict=True)
        )
        for s, arriving in enumerate((e + 4.0 + course * profile, e + 4.0)):
            now = rates[s, step]
            rates[s, step + 1] = now + DT / T * (rate(p[s], arriving, i) - now)
    return rates


def report(name: str, node_steps: int, seconds: float) -> float:
    speed = node_steps / seconds
    print(f"{name:<58} {1000 * seconds:>9.1f} ms  {speed:>12.0f}")
    return speed


def published_ring() -> None:
    model = ring("zerlaut2018", discretisation="published")
    rest = model.resting_state()
    stimulus = Blob(width=4.0)
    run = model.simulate(stimulus)
    loop = plain_loop((rest["nu_e"], rest["nu_i"]))
    difference = max(
        float(abs(run[k].values - loop[s]).max()) for s, k in enumerate(("nu_e", "nu_i"))
    )
    ours = report(
        "ring, published scheme, all of simulate()", STEPS * NODES,
        best(lambda: model.simulate(stimulus)),
    )  # fmt: skip
    theirs = report(
        "the same in plain numpy", STEPS * NODES,
        best(lambda: plain_loop((rest["nu_e"], rest["nu_i"]))),
    )  # fmt: skip
    print(f"  ratio {ours / theirs:.1f}; largest difference of the rates {difference:.1e} Hz")


def continuum_rings() -> None:
    for nodes in (30, 60, 120):
        model = ring("zerlaut2018", nodes=nodes)
        seconds = best(lambda model=model: model.simulate(Blob()), 1)
        report(f"ring of {nodes}, rk4, dt 0.1 ms (4 stages a step)", 6000 * nodes, seconds)


def brain_graphs() -> None:
    """All-to-all graphs whose every edge has its own weight and delay."""
    rng = np.random.default_rng(1)
    for nodes in (30, 100):
        graph = nx.complete_graph(nodes, create_using=nx.DiGraph)
        for _, _, edge in graph.edges(data=True):
            edge.update(weight=rng.random() / nodes, delay=1.0 + 9.0 * rng.random())
        for model, source, target in ((wilson_cowan(), "E", "P"), (aln(), "r_e", "mu_e")):
            start = time.perf_counter()
            field = couple(model, graph, source=source, target=target)
            built = time.perf_counter() - start
            seconds = best(lambda field=field: simulate_nodes(field, 100, dt=0.1, sample=1.0), 1)
            name = f"{model.name} on {nodes} nodes, {field.edge_tables[0].weight} each, rk4"
            report(
                name.replace("weight each", f"{nodes * (nodes - 1)} delays"), 1000 * nodes, seconds
            )
            print(f"  built in {1000 * built:.0f} ms")


def written_out() -> None:
    """What one large expression costs instead: time to compile, and to run."""
    for nodes in (4, 8, 16):
        graph = nx.complete_graph(nodes)
        nx.set_edge_attributes(graph, 1 / nodes, "weight")
        stamp = 1.0 + 1e-6 * (time.time_ns() % 1_000_000)  # a delay never compiled before
        nx.set_edge_attributes(graph, stamp, "delay")
        field: VectorField = couple(wilson_cowan(), graph, source="E", target="P")
        start = time.perf_counter()
        motion(field)
        compiled = time.perf_counter() - start
        seconds = best(lambda field=field: simulate(field, 10, method="rk4"), 1)
        report(f"wilson_cowan on {nodes} nodes, equations written out, rk4", 1000 * nodes, seconds)
        print(f"  compiled in {compiled:.1f} s")


def main() -> None:
    print(f"{'':<58} {'time':>12}  node-steps/s")
    published_ring()
    continuum_rings()
    brain_graphs()
    written_out()


if __name__ == "__main__":
    main()
