"""``device="cuda"``: the points of a task on a GPU, in parts that its memory holds."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.simulation.device_motion import device_functions
from dynsys.simulation.history import mark_kinks, stencils

if TYPE_CHECKING:
    from dynsys.simulation.integration import Task

DEVICES = ("cpu", "cuda")
_PART = 2**16  # points of a part at most
_SMALLEST = 32
_SHARE = 0.8  # of the free memory that parts may take


def check_workers(workers: int | None, scheduler: Any, device: str) -> None:
    """ModelError for a number of threads that is none, or where no threads of this process work."""
    if workers is None:
        return
    checks.whole("workers", workers, least=1)
    if scheduler is not None or device != "cpu":
        other = "a scheduler" if scheduler is not None else f"device={device!r}"
        raise ModelError(f"workers are threads here, and {other} computes elsewhere; leave one out")


def checked_device(device: str) -> bool:
    """Whether a call is made on a GPU; ModelError where none is usable."""
    if checks.known("device", device, DEVICES, "simulate_ensemble") == "cpu":
        return False
    reason = _unusable()
    if reason:
        raise ModelError(
            f'device="cuda" needs an NVIDIA GPU with its driver, and none is usable here '
            f"({reason}); leave device out: all cores of this machine are used"
        )
    return True


@cache
def _unusable() -> str:
    """Why no GPU can be used; empty where one can."""
    try:
        # It is imported where a GPU is asked for: others should not wait for it.
        from numba import cuda
    except ImportError as error:
        return f"numba's CUDA support cannot be imported: {error}"
    return "" if cuda.is_available() else "no driver, device or CUDA toolkit was found"


def run_on_device(task: Task) -> None:
    """Integrate the points of a task that are not done on the GPU; those of equal delays together.

    Where its memory does not hold a part, parts are halved, which is said.

    Raises ModelError for runs with inputs or noise, and for models whose functions have no device
    version.
    """
    if task.tableau.exponential:
        raise ModelError('device="cuda" takes the methods "rk4", "heun" and "euler"')
    if task.inputs or len(task.noisy):
        raise ModelError(
            'runs with inputs or noise are made by this machine\'s processor; leave device="cuda" '
            "out"
        )
    from dynsys.simulation.device_kernel import kernel_of  # loads numba's support of GPUs

    kernel = kernel_of(device_functions(task.model, task.motion), len(task.tableau.b))
    pending = np.flatnonzero(~task.done)
    _, group = np.unique(task.lags[pending], axis=0, return_inverse=True)
    for k in range(int(group.max(initial=-1)) + 1):
        waiting = [pending[group.ravel() == k]]
        size = _fitting(task)
        while waiting:
            points = waiting.pop()
            if len(points) > size:
                waiting += [points[size:], points[:size]]
                continue
            try:
                _integrate(task, kernel, points)
            except Exception as error:
                if not _is_out_of_memory(error) or size <= _SMALLEST:
                    raise
                size = max(_SMALLEST, min(size, len(points)) // 2)
                warnings.warn(
                    f"the GPU's memory does not hold {len(points)} points at once; {size} are "
                    "integrated at a time",
                    stacklevel=3,
                )
                waiting.append(points)


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "OUT_OF_MEMORY" in str(error).upper()


def _fitting(task: Task) -> int:
    """Points whose arrays the free memory holds."""
    from numba import cuda  # as above

    assert task.past is not None
    samples = task.out.shape[1] * task.out.shape[2]
    numbers = samples + task.past[0].size + task.x.shape[1] + task.p.shape[1] + 3
    try:
        free = float(cuda.current_context().get_memory_info()[0])
    except Exception:  # the simulator has none
        return _PART
    return int(np.clip(_SHARE * free / (8 * numbers), _SMALLEST, _PART))


def _integrate(task: Task, kernel: Any, points: np.ndarray) -> None:
    """Integrate points of equal delays; their results land in the task."""
    from numba import cuda  # as above

    from dynsys.simulation.device_kernel import launch  # as above

    assert task.past is not None
    tableau, lags, delayed = task.tableau.method(), task.lags[points[0]], task.motion.delayed
    total, length = task.settle + task.steps, task.past.shape[1]
    kinks = np.zeros(total + 2 if delayed else 1, np.uint8)
    reads = stencils(lags, tableau.c, task.dt, tableau.points)
    if delayed:
        mark_kinks(lags, task.dt, np.zeros(0, np.int64), kinks)
    ring = np.zeros((length, max(delayed, 1), len(points)))
    if task.has_past and delayed:
        place = (np.arange(length) + 1) & (length - 1)
        ring[place] = np.moveaxis(task.past[points], 0, 2)
    states = cuda.to_device(np.ascontiguousarray(task.x[points].T))
    on_device = cuda.to_device(ring)
    shape = (task.out.shape[1], max(task.out.shape[2], 1), len(points))
    out = cuda.to_device(np.full(shape, np.nan))
    report = cuda.to_device(np.zeros((3, len(points))))
    launch(
        kernel, len(points), states, cuda.to_device(np.ascontiguousarray(task.p[points].T)),
        cuda.to_device(task.motion.tables), cuda.to_device(tableau.a), cuda.to_device(tableau.b),
        task.dt, task.settle, task.steps, task.stride,
        cuda.to_device(reads.base), cuda.to_device(reads.low), cuda.to_device(reads.weights),
        cuda.to_device(kinks), on_device, task.has_past, cuda.to_device(task.columns), out, report,
    )  # fmt: skip
    found, past = report.copy_to_host(), on_device.copy_to_host()
    task.x[points] = states.copy_to_host().T
    task.out[points] = np.moveaxis(out.copy_to_host(), 2, 0)[:, :, : task.out.shape[2]]
    task.report[points, :3], task.report[points, 3] = found.T, -1.0
    if delayed:
        place = (found[0].astype(int)[:, None] + np.arange(length) + 1) & (length - 1)
        task.past[points] = np.moveaxis(past, 2, 0)[np.arange(len(points))[:, None], place]
    task.done[points] = True
