"""The complete diagram against brute force: a grid of simulations with exact delays (RK4).

Every cell is integrated from a low and a high state; what it settles on is compared with the
attractors of the diagram's region there. Cells within half a cell of a boundary are left out. Every
disagreement is explained: started on the predicted attractor, does the simulation stay there?

Usage: python benchmarks/regime_map.py [cells] [no_adaptation|adaptation]
"""

from __future__ import annotations

import sys
import time

import numpy as np
import shapely

from continuation import bifurcation_diagram, find_equilibria
from dynsys import regime_map, simulate_ensemble
from dynsys.models import aln

PANELS = {
    "no_adaptation": ({}, ("mu_e", 0, 3), ("mu_i", 0, 3)),
    "adaptation": ({"a": 15, "b": 40}, ("mu_e", 1, 5), ("mu_i", 0, 4)),
}
DT, SETTLE, RECORD = 0.1, 3000.0, 2500.0  # ms; the slowest cycles take 1000 ms
SWING = 0.3  # Hz: smaller swings are equilibria
BORDER = 4.0  # Hz between down and up


def words(lowest: np.ndarray, highest: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """What simulations settled on, from the range and the mean of their excitatory rates."""
    level = np.where(mean < BORDER, "down", "up")
    settled = np.where(highest - lowest > SWING, "cycle", level)
    return np.where(np.isfinite(mean), settled, "stopped")


def settled_on(model, values, initial) -> str:
    """What one simulation from a state settles on."""
    run = simulate_ensemble(
        model, RECORD, points={k: [v] for k, v in values.items()}, initial=initial,
        record="r_E", dt=DT, settle=SETTLE, sample=2.0,
    )  # fmt: skip
    rates = run["r_E"].values[0]
    return str(words(rates.min(), rates.max(), rates.mean()))


def predicted(names) -> frozenset[str]:
    """The attractors of a region in the words of the simulation."""
    return frozenset("cycle" if name.startswith("LC") else name for name in names)


def main(cells: int = 61, panel: str = "no_adaptation") -> None:
    settings, x, y = PANELS[panel]
    model = aln().with_parameters(**settings)
    start = time.perf_counter()
    diagram = bifurcation_diagram(model, x=x, y=y)
    took = time.perf_counter() - start
    across, upward = np.linspace(x[1], x[2], cells), np.linspace(y[1], y[2], cells)
    grid = np.array([(h, v) for v in upward for h in across])

    start = time.perf_counter()
    # Rest states of a moderately inhibited and of a moderately excited population.
    low, high = (
        find_equilibria(
            model.with_parameters(
                **{x[0]: x[1] + a * (x[2] - x[1]), y[0]: y[1] + b * (y[2] - y[1])}
            )
        )[-1][: len(model.states)]
        for a, b in ((0.3, 0.7), (0.7, 0.3))
    )
    chart = regime_map(
        model, (*x, cells), (*y, cells), {"low": low, "high": high}, duration=RECORD,
        settle=SETTLE, method="rk4", dt=DT, swing=SWING, progress=True,
    )  # fmt: skip
    measures = (chart[k].values.reshape(2, -1) for k in ("minimum", "maximum", "mean"))
    found = words(*measures)
    brute = time.perf_counter() - start

    regions = [region for _, region in diagram.regimes.nodes(data=True)]
    size = np.array([x[2] - x[1], y[2] - y[1]])
    borders = shapely.union_all([
        shapely.transform(r["polygon"].boundary, lambda p: (p - [x[1], y[1]]) / size)
        for r in regions
    ])  # fmt: skip
    agree, near, wrong = 0, 0, []
    for k, (h, v) in enumerate(grid):
        where = (np.array([h, v]) - [x[1], y[1]]) / size
        inside = np.all((where > 1e-9) & (where < 1 - 1e-9))
        if not inside or shapely.distance(borders, shapely.Point(where)) < 0.5 / (cells - 1):
            near += 1
            continue
        region = next(r for r in regions if r["polygon"].covers(shapely.Point(h, v)))
        seen = frozenset(str(f[k]) for f in found) - {"stopped"}
        if seen == predicted(region["attractors"]):
            agree += 1
        else:
            wrong.append((h, v, region, seen))
    print(f"{panel}: diagram {took:.1f} s; {cells} x {cells} cells, two starts each, {brute:.1f} s "
          f"({brute / took:.0f} times as long)")  # fmt: skip
    total = agree + len(wrong)
    print(f"{near} cells on boundaries left out; {agree} of {total} others agree "
          f"({100 * agree / total:.2f} %)")  # fmt: skip
    for h, v, region, seen in wrong:
        print(explanation(model, diagram, h, v, region, seen))


def explanation(model, diagram, h: float, v: float, region, seen) -> str:
    """Why a cell disagrees: each predicted attractor is started on and followed."""
    head = f"({h:.3f}, {v:.3f}) predicted {' + '.join(region['attractors'])}, " \
           f"simulated {' + '.join(sorted(seen))}: "  # fmt: skip
    values = {diagram.x[0]: float(h), diagram.y[0]: float(v)}
    reasons = []
    for item in diagram.attractors(**values):
        kind = "cycle" if item["kind"] == "cycle" else item["name"]
        stays = settled_on(model, values, item["state"][: len(model.states)]) == kind
        reasons.append(
            f"{item['name']} {'is stable when started on' if stays else 'is left again'}"
        )
        if item["kind"] == "cycle":
            reasons[-1] += (
                f" ({item['frequency']:.2f} Hz, swing {np.ptp(item['extrema']['r_E']):.2g} Hz)"
            )
    return head + "; ".join(reasons)


if __name__ == "__main__":
    main(*(int(a) if a.isdigit() else a for a in sys.argv[1:]))
