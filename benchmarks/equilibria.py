"""Points per second on equilibrium branches, and seconds for the published diagrams (warm).

Run with `make bench`. Eigenvalues and detection are included. AUTO-07p's times, for the ratio, were
measured on one thread of a machine of this kind (milliseconds a point, detection included).
"""

from __future__ import annotations

import time

import numpy as np

from continuation import Settings, bifurcation_diagram, equilibria
from continuation.engine.following import Follower
from continuation.engine.problems import EQUILIBRIUM
from dynsys.models import aln, jansen_rit, morris_lecar

AUTO = {"morris_lecar": 0.030, "jansen_rit": 0.044}
CASES = [
    (morris_lecar(), "I", (0.0, 300.0)),
    (jansen_rit(), "p", (-50.0, 400.0)),
    (aln().with_parameters(mu_i=0.5), "mu_e", (0.0, 3.0)),
]


def milliseconds_per_point(model, parameter: str, span: tuple[float, float]) -> tuple[float, int]:
    """Best of five runs along the branch with fine steps: (ms a point, points)."""
    branch = equilibria(model, parameter, span)
    follower = Follower(model, EQUILIBRIUM, {parameter: span}, Settings(step_max=1e-3))
    y = follower.scaled(branch.states()[0], float(branch.data[parameter][0]))
    tangent = follower.any_tangent(y)
    best, count = np.inf, 1
    for _ in range(5):
        start = time.perf_counter()
        trace = follower.follow(y, tangent)
        count = len(trace.points)
        best = min(best, (time.perf_counter() - start) / count)
    return 1000 * best, count


def main() -> None:
    print("equilibrium branches (eigenvalues and detection included, warm)")
    print(
        f"{'model':<14} {'states':>6} {'points':>7} {'ms/point':>9} {'points/s':>9} {'to AUTO':>8}"
    )
    for model, parameter, span in CASES:
        ms, count = milliseconds_per_point(model, parameter, span)
        ratio = f"{ms / AUTO[model.name]:.2f}" if model.name in AUTO else "-"
        print(f"{model.name:<14} {model.compiled.n:>6} {count:>7} {ms:>9.4f} {1000 / ms:>9.0f} "
              f"{ratio:>8}")  # fmt: skip
    print("\nboth panels of figure 2 of Cakan & Obermayer 2020 at the level of equilibria (warm)")
    panels = [
        (aln(), ("mu_e", 0, 3), ("mu_i", 0, 3)),
        (aln().with_parameters(a=15, b=40), ("mu_e", 1, 5), ("mu_i", 0, 4)),
    ]
    for model, x, y in panels:
        start = time.perf_counter()
        diagram = bifurcation_diagram(model, x=x, y=y)
        seconds = time.perf_counter() - start
        points = sum(map(len, diagram.curves)) + sum(map(len, diagram.lines))
        adaptation = f"a = {model.parameters['a']:g}, b = {model.parameters['b']:g}"
        curves = f"{len(diagram.curves)} curves and {len(diagram.lines)} lines"
        print(f"{adaptation}: {seconds:.2f} s, {points} points on {curves}")


if __name__ == "__main__":
    main()
