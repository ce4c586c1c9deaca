"""How cycles are followed."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from dynsys.errors import ModelError
from dynsys.typed import check_fields


@dataclass(frozen=True)
class CycleSettings:
    """How cycles are followed; steps are in the scaled norm of ``Solver.product``.

    Parameters
    ----------
    intervals : mesh intervals at the start (degree 4 on each), and the fewest.
    most_intervals : the mesh is refined up to this number where the trivial multiplier is off.
    trivial_error : accuracy asked of the multiplier that is exactly 1.
    mesh_error : estimated error between mesh nodes below which no intervals are added: what is
        left is the sensitivity of the multipliers themselves, as along canards.
    step, step_min, step_max : first, smallest and largest step (step_max times the amplitude).
    tolerance : Newton stops when the last scaled correction is below it.
    max_newton : Newton iterations before a step is halved.
    min_cosine : smallest cosine between successive tangents; sharper turns halve the step.
    max_points : cycles before the branch ends.
    longest : the branch ends where the period exceeds the first one by this factor.
    delay_error : error of delayed signals, relative to their range, above which a branch is
        followed with more nodes per delay line, until it is below 1e-6 (see the column).
    most_unstable : the branch ends after so many unstable cycles on end: what follows them is far
        from the stable ones that a diagram asks for.
    violent : between two cycles with a multiplier beyond this no special cycles are located: in a
        canard they take long, and no stable cycle begins or ends there. Elsewhere folds that only
        a turn of the parameter tells stay where the mesh of the branch puts them.
    """

    intervals: int = 30
    most_intervals: int = 480
    trivial_error: float = 1e-6
    mesh_error: float = 1e-6
    step: float = 0.01
    step_min: float = 1e-7
    step_max: float = 0.06
    tolerance: float = 1e-8
    max_newton: int = 8
    min_cosine: float = 0.9
    max_points: int = 400
    longest: float = 200.0
    delay_error: float = 5e-4
    most_unstable: float = math.inf
    violent: float = math.inf

    def __post_init__(self) -> None:
        check_fields(self)
        for name, value in asdict(self).items():
            unbounded = value == math.inf and name in ("most_unstable", "violent")
            if not (unbounded or (math.isfinite(value) and value > 0)):
                raise ModelError(f"CycleSettings.{name} is {value!r}; it must be a positive number")
        if self.intervals < 4 or self.intervals > self.most_intervals:
            raise ModelError(
                f"CycleSettings.intervals is {self.intervals}; give at least 4 and at most "
                f"most_intervals = {self.most_intervals}"
            )
