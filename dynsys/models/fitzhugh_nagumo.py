"""The FitzHugh-Nagumo model of an excitable membrane (FitzHugh 1961; Nagumo et al. 1962)."""

from __future__ import annotations

from dynsys.definition import Parameter, State
from dynsys.models.library_model import library_model
from dynsys.vector_field import VectorField


@library_model
def fitzhugh_nagumo() -> VectorField:
    """v' = v - v^3/3 - w + I,  w' = epsilon (v + a - b w); dimensionless.

    Example
    -------
    >>> fitzhugh_nagumo().with_parameters(I=0.5)
    """
    return VectorField(
        name="fitzhugh_nagumo",
        meaning="excitable membrane in two variables (canards, relaxation oscillations)",
        states={
            "v": State(-1.2, (-3.0, 3.0), "", "membrane potential"),
            "w": State(-0.6, (-2.0, 3.0), "", "recovery"),
        },
        parameters={
            "I": Parameter(0.0, "", "applied current"),
            "a": Parameter(0.7, "", "offset of the recovery nullcline"),
            "b": Parameter(0.8, "", "slope of the recovery nullcline"),
            "epsilon": Parameter(0.08, "", "recovery rate", positive=True),
        },
        equations={"v": "v - v^3/3 - w + I", "w": "epsilon*(v + a - b*w)"},
        time_unit="",
        source="FitzHugh 1961, Biophys J 1:445-466",
    )
