"""Conductance-based mean fields: grids of single cells, fits, evaluation of the second order.

Run: python benchmarks/master_equation.py
"""

from __future__ import annotations

import time

import numpy as np

from dynsys.cells import find_cell
from dynsys.models import master_equation
from dynsys.transfer import GridSettings, fit_transfer_function, rate_grid


def seconds(call, repeats: int = 1) -> float:
    """Best of ``repeats`` calls."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    """Print a line for each."""
    for name, network, trials in (("RS", "CONFIG1", 4), ("HH-RS", "CONFIG1-carlu", 2)):
        cell, settings = find_cell(name), GridSettings(trials=trials)
        short = GridSettings(excitation=3, inhibition=2, duration=200.0, trials=2)
        rate_grid(find_cell("RS"), "CONFIG1", settings=short)  # compiles
        grids = []
        spent = seconds(lambda: grids.append(rate_grid(cell, network, settings=settings)))  # noqa: B023
        print(f"{name}: grid of 10 x 10 points, {trials} runs of 10 s each: {spent:.1f} s")
        spent = seconds(lambda: fit_transfer_function(cell, grids[0]))  # noqa: B023
        print(f"{name}: fit of 11 coefficients in two steps: {spent:.2f} s")
    for name in ("zerlaut2018", "divolo2019"):
        model = master_equation(name, order=2)
        compiled, p, x = model.compiled, model.parameter_array(), model.initial_state()
        n = compiled.n
        out, matrix = np.empty(n), np.empty((n, n))

        def field() -> None:
            for _ in range(10_000):
                compiled.field(x, p, compiled.tables, out)  # noqa: B023

        def jacobian() -> None:
            for _ in range(10_000):
                compiled.jacobian(x, p, compiled.tables, matrix)  # noqa: B023

        print(
            f"{name}, second order ({n} states): right-hand side "
            f"{seconds(field, 5) * 100:.2f} us, Jacobian {seconds(jacobian, 5) * 100:.2f} us"
        )


if __name__ == "__main__":
    main()
