"""The Montbrió-Pazó-Roxin model: exact mean field of quadratic integrate-and-fire neurons."""

from __future__ import annotations

from dynsys import checks
from dynsys.definition import Attractors, Observable, Parameter, State
from dynsys.models.library_model import library_model
from dynsys.vector_field import VectorField


@library_model
def montbrio_pazo_roxin(delay: bool = True, kinetics: bool = True) -> VectorField:
    """tau r' = Delta/(pi tau) + 2 r v,  tau v' = v^2 + eta + I + J tau s - (pi tau r)^2.

    Exact for infinitely many neurons tau V' = V^2 + eta_j + I + J tau s that spike at infinity, all
    coupled to all, with Lorentzian eta_j of center eta and half width Delta. Synapses answer with a
    delay D and first-order kinetics, tau_d s' = r(t - D) - s.

    Parameters
    ----------
    delay : False: spikes act at once (and there is no parameter ``D``).
    kinetics : False: s is the (delayed) rate itself (and there is no ``tau_d``). Without both the
        model is that of 2015, with two states.

    Returns
    -------
    VectorField with r in kHz, v the mean membrane potential (dimensionless), observable ``rate`` in
    Hz. With ``tau=1`` and times read in units of tau the equations are the published ones.

    Example
    -------
    >>> montbrio_pazo_roxin(delay=False, kinetics=False).with_parameters(eta=-4.0)

    Source: Montbrió, Pazó & Roxin 2015, Phys Rev X 5:021028; with delay Pazó & Montbrió 2016, Phys
    Rev Lett 116:238101; with kinetics Devalle, Roxin & Montbrió 2017, PLOS Comput Biol 13:e1005881.
    """
    checks.flag("delay", delay)
    checks.flag("kinetics", kinetics)
    states = {
        "r": State(0.02, (0.0, 1.0), "kHz", "population rate"),
        "v": State(-2.0, (-10.0, 10.0), "", "mean membrane potential"),
    }
    arriving = "delay(r, D)" if delay else "r"
    equations = {
        "r": "(Delta/(pi*tau) + 2*r*v)/tau",
        "v": f"(v**2 + eta + I + J*tau*{'s' if kinetics else arriving} - (pi*tau*r)**2)/tau",
    }
    parameters = dict(_PARAMETERS)
    if kinetics:
        states["s"] = State(0.02, (0.0, 1.0), "kHz", "synaptic activation")
        equations["s"] = f"({arriving} - s)/tau_d"
        parameters["tau_d"] = Parameter(2.0, "ms", "synaptic decay time", positive=True)
    if delay:
        parameters["D"] = Parameter(1.0, "ms", "synaptic delay", positive=True)
    return VectorField(
        name="montbrio_pazo_roxin",
        meaning="exact mean field of quadratic integrate-and-fire neurons",
        states=states,
        parameters=parameters,
        equations=equations,
        observables={"rate": Observable("1000*r", "Hz", "population rate")},
        attractors=Attractors("rate", (30.0,), ("down", "up")),
        time_unit="ms",
        source="Montbrió, Pazó & Roxin 2015, Phys Rev X 5:021028",
    )


_PARAMETERS = {
    "eta": Parameter(-5.0, "", "center of the neurons' excitabilities"),
    "Delta": Parameter(1.0, "", "half width of their distribution", positive=True),
    "J": Parameter(15.0, "", "coupling; negative inhibits"),
    "I": Parameter(0.0, "", "input to all neurons"),
    "tau": Parameter(10.0, "ms", "membrane time constant", positive=True),
}
