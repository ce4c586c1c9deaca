"""Milliseconds per cycle point (multipliers, mesh adaptation and detection included, warm).

AUTO-07p's times, for the ratio, were measured on one thread of a machine of this kind with
NTST = 50, NCOL = 4 (milliseconds a point). Ours has the same mesh.
"""

from __future__ import annotations

import time

import numpy as np

from continuation import CycleSettings, equilibria, limit_cycles
from dynsys.models import aln, jansen_rit, morris_lecar

AUTO = {"morris_lecar": 0.34, "jansen_rit": 1.2}
CASES = [
    (morris_lecar(), "I", (60.0, 260.0), "H2"),
    (jansen_rit(), "p", (50.0, 400.0), "H2"),
    (aln().with_parameters(mu_i=0.5), "mu_e", (0.3, 1.6), "H2"),
]


def main() -> None:
    settings = CycleSettings(intervals=50, most_intervals=50)
    print("model          states  cycles  ms/cycle  to AUTO")
    for model, parameter, span, name in CASES:
        branch = equilibria(model, parameter, span)
        point = branch[name] if model.name != "jansen_rit" else branch.points("H")[0]
        best, count = np.inf, 1
        for _ in range(3):
            start = time.perf_counter()
            count = len(limit_cycles(point, parameter, span, settings=settings))
            best = min(best, (time.perf_counter() - start) / count)
        ratio = f"{1000 * best / AUTO[model.name]:.1f}" if model.name in AUTO else "-"
        print(f"{model.name:<14} {model.compiled.n:>6} {count:>7} {1000 * best:>9.2f} {ratio:>8}")


if __name__ == "__main__":
    main()
