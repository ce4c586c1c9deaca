"""How long transfer functions take: one point, the published 350 x 64 grid, one table look-up.

Run ``python benchmarks/transfer_function.py``; ``--quick`` leaves the whole grid out.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np
from numba import njit

from dynsys.compiled.splines import table_jet
from dynsys.transfer import EIFNeuron, filter_time_constants, transfer_function, transfer_table
from dynsys.transfer.table_format import DEFAULT_SIGMA, PUBLISHED_MU

_LOOKUPS = 200_000


@njit
def _look_up(t, order, out, count):
    total = 0.0
    for k in range(count):
        table_jet(t, 0, 1.0 + 1e-6 * k, 1.5 + 1e-7 * k, order, out)
        total += out[0, 0, 0]
    return total


def lookup_time(order: int) -> float:
    """Nanoseconds for all derivatives up to ``order`` of the three quantities, best of five."""
    table = transfer_function()
    out = np.empty((order + 1, order + 1, len(table.quantities)))
    packed = table.packed.copy()
    _look_up(packed, order, out, 10)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        _look_up(packed, order, out, _LOOKUPS)
        times.append((time.perf_counter() - start) / _LOOKUPS * 1e9)
    return min(times)


def main() -> None:
    for order in range(4):
        print(f"table look-up, derivatives to order {order}: {lookup_time(order):.0f} ns")
    neuron = EIFNeuron()
    for mu, sigma in [(0.4, 1.5), (1.3, 1.5), (6.0, 0.5)]:
        filter_time_constants(neuron, mu, sigma)
        start = time.perf_counter()
        filter_time_constants(neuron, mu, sigma)
        elapsed = 1000 * (time.perf_counter() - start)
        print(f"one point (mu {mu}, sigma {sigma}): {elapsed:.1f} ms")
    if "--quick" not in sys.argv:
        wall, cpu = time.perf_counter(), time.process_time()
        transfer_table(neuron, PUBLISHED_MU, DEFAULT_SIGMA, progress=False)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(
            f"grid of 350 x 64 with both filters: {wall:.1f} s on {os.cpu_count()} cores "
            f"({cpu:.1f} s of processor time)"
        )


if __name__ == "__main__":
    main()
