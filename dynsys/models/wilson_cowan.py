"""The Wilson-Cowan model of an excitatory and an inhibitory population (Wilson & Cowan 1972)."""

from __future__ import annotations

from dynsys.definition import Parameter, State
from dynsys.models.library_model import library_model
from dynsys.vector_field import VectorField


@library_model
def wilson_cowan() -> VectorField:
    """E' = -E + S(P + a E - b I),  I' = -I + S(Q + c E - d I),  S(x) = 1/(1 + exp(-x)).

    Dimensionless, in the form and with the parameters of Hoppensteadt & Izhikevich 1997, section
    2.2, whose fold, Hopf, cusp and Bogdanov-Takens points are textbook knowledge.

    Example
    -------
    >>> wilson_cowan().with_parameters(P=-1.0)
    """
    return VectorField(
        name="wilson_cowan",
        meaning="excitatory and inhibitory populations with sigmoid rates",
        states={
            "E": State(0.2, (0.0, 1.0), "", "excitatory activity"),
            "I": State(0.2, (0.0, 1.0), "", "inhibitory activity"),
        },
        parameters={
            "P": Parameter(0.0, "", "input to E"),
            "Q": Parameter(-4.0, "", "input to I"),
            "a": Parameter(10.0, "", "coupling E to E"),
            "b": Parameter(10.0, "", "coupling I to E"),
            "c": Parameter(10.0, "", "coupling E to I"),
            "d": Parameter(-2.0, "", "coupling I to I (negative excites)"),
        },
        equations={
            "E": "-E + 1/(1 + exp(-(P + a*E - b*I)))",
            "I": "-I + 1/(1 + exp(-(Q + c*E - d*I)))",
        },
        time_unit="",
        source="Wilson & Cowan 1972, Biophys J 12:1-24; Hoppensteadt & Izhikevich 1997",
    )
