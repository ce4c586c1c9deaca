"""Which integrator, with which step: the choices of a call, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.simulation.arguments import EULER, METHODS, Tableau
from dynsys.vector_field import VectorField

PUBLISHED_STEP = 0.1  # ms
_DEFAULT_STEP = {"ms": 0.1, "s": 1e-4, "": 0.01}


@dataclass(frozen=True)
class Scheme:
    """A fixed-step method with its step; ``extra_lag`` lengthens every delay."""

    tableau: Tableau
    dt: float
    bilinear: bool
    extra_lag: float
    noise: Mapping[str, Any]
    discretisation: str

    def attributes(self, settle: float) -> dict[str, Any]:
        """What a result says about how it was integrated."""
        return {
            "method": self.tableau.name,
            "dt": self.dt,
            "settle": settle,
            "discretisation": self.discretisation,
            "noise": str({k: str(v) for k, v in self.noise.items()}),
        } | ({"clamped": 1} if self.bilinear else {})


def default_step(model: VectorField) -> float:
    """0.1 ms, in the model's time unit; 0.01 where time has none."""
    return _DEFAULT_STEP[model.time_unit]


def scheme(
    model: VectorField,
    method: str | None,
    dt: float | None,
    discretisation: str | None,
    noise: Mapping[str, Any] | None,
) -> Scheme:
    """The method of a call.

    "published" is the stepper behind Cakan & Obermayer 2020: forward Euler, delays one step longer
    than stated, tables read bilinearly and held constant beyond their edges; dt 0.1 ms by default.
    """
    noise = checks.mapping("noise", noise, "{'x': 0.1}")
    if discretisation is not None:
        checks.known("discretisation", discretisation, ["published"], "simulate")
    published = discretisation == "published"
    if published and method not in (None, "euler"):
        raise ModelError(
            f"the published discretisation is forward Euler; leave out method={method!r}"
        )
    method = (
        "rk4" if method is None else checks.known("method", method, METHODS, "simulate_ensemble")
    )
    step = default_step(model) if dt is None else checks.number("dt", dt, above=0)
    if noise and not published and method in ("rk4", "exponential"):
        raise ModelError(
            f"{method} has no higher order for white noise; choose method='euler' "
            "(Euler-Maruyama, Ito) or 'heun' (Stratonovich)"
        )
    return Scheme(
        tableau=EULER if published else METHODS[method],
        dt=step,
        bilinear=published,
        extra_lag=step if published else 0.0,
        noise=noise,
        discretisation=discretisation or "continuous",
    )
