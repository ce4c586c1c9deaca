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


def best_of(work: Callable[[], object], repetitions: int = 3) -> tuple[float, float]:
    """Shortest time in seconds by the clock, and least processor time of all threads together."""
    work()
    times = []
    for _ in range(repetitions):
        start, used = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - start, time.process_time() - used))
    return min(clock for clock, _ in times), min(used for _, used in times)
