"""Morris & Lecar's cell as a member of the library, in nS and pF."""

from __future__ import annotations

from dynsys.cells.parameters import EquationCell
from dynsys.definition import Parameter, State
from dynsys.spike_rule import SpikeRule
from dynsys.vector_field import VectorField


def morris_lecar_cell() -> EquationCell:
    """The type I cell of Rinzel & Ermentrout 1998 on 1e-5 cm^2 of membrane.

    1 uF/cm^2 is 10 pF there, 1 mS/cm^2 is 10 nS, 1 uA/cm^2 is 10 pA; it fires beyond 399.6 pA.
    Transfer functions published for such cells used parameters that are not public: fit your own.

    Source: Morris & Lecar 1981, Biophys J 35:193-213; Rinzel & Ermentrout 1998, table 7.1.

    Example
    -------
    >>> simulate_cell(find_cell("Morris-Lecar"), 1000.0, 450.0).attrs["rate"]
    """
    field = VectorField(
        "morris_lecar_cell",
        {
            "V": State(-60.0, (-80.0, 60.0), "mV", "membrane potential"),
            "n": State(0.01, (0.0, 1.0), "", "potassium activation"),
        },
        {
            "I": Parameter(0.0, "pA", "injected current"),
            "g_syn": Parameter(0.0, "nS", "open synaptic conductance"),
            "E_syn": Parameter(0.0, "mV", "its reversal potential"),
            "C_m": Parameter(200.0, "pF", "membrane capacitance", positive=True),
            "g_Ca": Parameter(40.0, "nS", "calcium conductance"),
            "g_K": Parameter(80.0, "nS", "potassium conductance"),
            "g_L": Parameter(20.0, "nS", "leak conductance"),
            "E_L": Parameter(-60.0, "mV", "leak reversal potential"),
            "phi": Parameter(0.067, "1/ms", "rate of potassium activation", positive=True),
        },
        {
            "V": "(I - g_syn*(V - E_syn) - g_Ca*m_inf*(V - 120) - g_K*n*(V + 84) - g_L*(V - E_L))"
            "/C_m",
            "n": "phi*(n_inf - n)*cosh((V - 12)/34.8)",
        },
        {"m_inf": "(1 + tanh((V + 1.2)/18))/2", "n_inf": "(1 + tanh((V - 12)/17.4))/2"},
        source="Morris & Lecar 1981, Biophys J 35:193-213; Rinzel & Ermentrout 1998",
    )
    return EquationCell(
        "Morris-Lecar", 20.0, 200.0, -60.0, field=field,
        rule=SpikeRule(0.0, refractory=2.0, ceiling=-30.0), step=0.02,
    )  # fmt: skip
