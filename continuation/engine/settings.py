"""All settings of a continuation in one place, each with its meaning."""

from __future__ import annotations

from dataclasses import dataclass

from dynsys import checks
from dynsys.errors import ModelError


@dataclass(frozen=True)
class Settings:
    """How a curve is followed. Steps are in scaled arclength: states by their typical size,
    parameters by half their span, so a straight branch across a span has length 2.

    Parameters
    ----------
    step : first step.
    step_min, step_max : a smaller step ends the curve; none is larger.
    tolerance : Newton stops when the last scaled correction is below it.
    max_newton : Newton iterations before a step is halved.
    max_points : points in each direction before the curve ends.
    min_cosine : smallest cosine between successive tangents; sharper turns halve the step.
    places : values of the parameter, besides the ends and the middle of the span, at which
        equilibria on none of the curves are searched.
    delay_check : compare the rightmost eigenvalues of delay models with the exact
        characteristic equation at every special point, and follow with more nodes per delay line
        where those of the model do not resolve them.
    most_delay_order : the most nodes of a delay line that are tried then.
    """

    step: float = 0.01
    step_min: float = 1e-9
    step_max: float = 0.04
    tolerance: float = 1e-9
    max_newton: int = 8
    max_points: int = 5000
    min_cosine: float = 0.98
    places: int = 12
    delay_check: bool = True
    most_delay_order: int = 64

    def __post_init__(self) -> None:
        for name in ("step", "step_min", "step_max", "tolerance"):
            checks.number(f"Settings.{name}", getattr(self, name), above=0)
        for name in ("max_newton", "max_points", "most_delay_order"):
            checks.whole(f"Settings.{name}", getattr(self, name), least=1)
        checks.whole("Settings.places", self.places, least=0)
        checks.number("Settings.min_cosine", self.min_cosine, above=0, most=1)
        checks.flag("Settings.delay_check", self.delay_check)
        if not self.step_min < self.step_max:
            raise ModelError(
                f"step_min {self.step_min:g} must be smaller than step_max {self.step_max:g}"
            )
