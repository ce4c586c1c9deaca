"""The Hodgkin-Huxley squid axon (Hodgkin & Huxley 1952) in the modern sign convention."""

from __future__ import annotations

from dynsys.definition import Parameter, State
from dynsys.models.library_model import library_model
from dynsys.vector_field import VectorField


@library_model
def hodgkin_huxley() -> VectorField:
    """The space-clamped squid axon at 6.3 C; mV, ms, uA/cm^2, mS/cm^2.

    The rates with removable singularities (at V = -40 and -55 mV) are written with ``linoid``, so
    the field and all its derivatives are exact there too.

    Example
    -------
    >>> hodgkin_huxley().with_parameters(I=10)
    """
    return VectorField(
        name="hodgkin_huxley",
        meaning="squid giant axon: sodium, potassium and leak currents",
        states={
            "V": State(-65.0, (-90.0, 50.0), "mV", "membrane potential"),
            "m": State(0.05, (0.0, 1.0), "", "sodium activation"),
            "h": State(0.6, (0.0, 1.0), "", "sodium inactivation"),
            "n": State(0.32, (0.0, 1.0), "", "potassium activation"),
        },
        parameters={
            "I": Parameter(0.0, "uA/cm^2", "applied current"),
            "C": Parameter(1.0, "uF/cm^2", "membrane capacitance", positive=True),
            "gNa": Parameter(120.0, "mS/cm^2", "sodium conductance"),
            "gK": Parameter(36.0, "mS/cm^2", "potassium conductance"),
            "gL": Parameter(0.3, "mS/cm^2", "leak conductance"),
            "ENa": Parameter(50.0, "mV", "sodium reversal potential"),
            "EK": Parameter(-77.0, "mV", "potassium reversal potential"),
            "EL": Parameter(-54.387, "mV", "leak reversal potential"),
        },
        definitions={
            "alpha_m": "linoid((V + 40)/10)",
            "beta_m": "4*exp(-(V + 65)/18)",
            "alpha_h": "0.07*exp(-(V + 65)/20)",
            "beta_h": "1/(1 + exp(-(V + 35)/10))",
            "alpha_n": "0.1*linoid((V + 55)/10)",
            "beta_n": "0.125*exp(-(V + 65)/80)",
        },
        equations={
            "V": "(I - gNa*m^3*h*(V - ENa) - gK*n^4*(V - EK) - gL*(V - EL))/C",
            "m": "alpha_m*(1 - m) - beta_m*m",
            "h": "alpha_h*(1 - h) - beta_h*h",
            "n": "alpha_n*(1 - n) - beta_n*n",
        },
        source="Hodgkin & Huxley 1952, J Physiol 117:500-544",
    )
