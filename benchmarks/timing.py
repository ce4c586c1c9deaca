"""How benchmarks take time."""

from __future__ import annotations

import time
from collections.abc import Callable


def best(work: Callable[[], object], repetitions: int = 3) -> float:
    """Shortest time in seconds; the first call, which may compile, is not counted."""
    work()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
