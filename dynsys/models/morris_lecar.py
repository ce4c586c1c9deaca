"""The Morris-Lecar model of the barnacle muscle fiber (Morris & Lecar 1981)."""

from __future__ import annotations

from dynsys import checks
from dynsys.definition import Parameter, State
from dynsys.models.library_model import library_model
from dynsys.vector_field import VectorField

_SETS = {
    "hopf": {"v3": 2.0, "v4": 30.0, "phi": 0.04, "gCa": 4.4},
    "saddle-node": {"v3": 12.0, "v4": 17.4, "phi": 0.067, "gCa": 4.0},
    "homoclinic": {"v3": 12.0, "v4": 17.4, "phi": 0.23, "gCa": 4.0},
}


@library_model
def morris_lecar(excitability: str = "hopf") -> VectorField:
    """Calcium, potassium and leak currents in two variables; mV, ms, uA/cm^2, mS/cm^2.

    Parameters
    ----------
    excitability : the onset of firing of the parameter set: "hopf" (type II), "saddle-node"
        (type I) or "homoclinic" (Rinzel & Ermentrout 1998, table 7.1).

    Example
    -------
    >>> morris_lecar("saddle-node").with_parameters(I=40)
    """
    checks.known("excitability", excitability, _SETS, "morris_lecar")
    chosen = _SETS[excitability]
    return VectorField(
        name="morris_lecar",
        meaning="barnacle muscle fiber: type I and type II excitability",
        states={
            "V": State(-40.0, (-80.0, 60.0), "mV", "membrane potential"),
            "w": State(0.02, (0.0, 1.0), "", "potassium activation"),
        },
        parameters={
            "I": Parameter(0.0, "uA/cm^2", "applied current"),
            "C": Parameter(20.0, "uF/cm^2", "membrane capacitance", positive=True),
            "gCa": Parameter(chosen["gCa"], "mS/cm^2", "calcium conductance"),
            "gK": Parameter(8.0, "mS/cm^2", "potassium conductance"),
            "gL": Parameter(2.0, "mS/cm^2", "leak conductance"),
            "ECa": Parameter(120.0, "mV", "calcium reversal potential"),
            "EK": Parameter(-84.0, "mV", "potassium reversal potential"),
            "EL": Parameter(-60.0, "mV", "leak reversal potential"),
            "v1": Parameter(-1.2, "mV", "half activation of calcium"),
            "v2": Parameter(18.0, "mV", "slope of calcium activation", positive=True),
            "v3": Parameter(chosen["v3"], "mV", "half activation of potassium"),
            "v4": Parameter(chosen["v4"], "mV", "slope of potassium activation", positive=True),
            "phi": Parameter(chosen["phi"], "1/ms", "rate of potassium activation", positive=True),
        },
        definitions={
            "m_inf": "(1 + tanh((V - v1)/v2))/2",
            "w_inf": "(1 + tanh((V - v3)/v4))/2",
        },
        equations={
            "V": "(I - gCa*m_inf*(V - ECa) - gK*w*(V - EK) - gL*(V - EL))/C",
            "w": "phi*(w_inf - w)*cosh((V - v3)/(2*v4))",
        },
        source="Morris & Lecar 1981, Biophys J 35:193-213; Rinzel & Ermentrout 1998",
    )
