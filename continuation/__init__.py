"""continuation: what a model can do as its parameters change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names

if TYPE_CHECKING:
    from continuation.asynchronous.spectrum import RateSpectrum, rate_spectrum
    from continuation.asynchronous.state import AsynchronousState, asynchronous_state
    from continuation.cycles.branch import CycleBranch
    from continuation.cycles.conservative import conservative_cycles
    from continuation.cycles.curves import (
        CycleCurve,
        cycle_fold_curve,
        period_doubling_curve,
        torus_curve,
    )
    from continuation.cycles.cycle import Cycle
    from continuation.cycles.homoclinic import homoclinic_curve
    from continuation.cycles.limit_cycles import limit_cycles
    from continuation.cycles.phase_response import direct_phase_response, phase_response
    from continuation.cycles.second_order_response import second_order_phase_response
    from continuation.cycles.sensitivities import cycle_sensitivity
    from continuation.cycles.settings import CycleSettings
    from continuation.diagrams.diagram import Diagram, bifurcation_diagram
    from continuation.diagrams.line_diagram import LineDiagram
    from continuation.engine.settings import Settings
    from continuation.engine.special_points import SpecialPoint
    from continuation.graphs.branch import GraphBranch, graph_equilibria
    from continuation.graphs.hopf import graph_hopf_curve
    from continuation.graphs.points import GraphPoint
    from continuation.graphs.state import GraphState, graph_equilibrium
    from continuation.neurons.spiking_orbits import SpikingBranch, spiking_orbits
    from continuation.ode_settings import settings_of_ode
    from continuation.pycont.comparison import CrossCheck, cross_check
    from continuation.pycont.container import ContClass, args
    from continuation.steady_states.branch import Branch
    from continuation.steady_states.branch_point_curves import branch_point_curve
    from continuation.steady_states.curves import fold_curve, hopf_curve
    from continuation.steady_states.dispersion import Dispersion, dispersion, wave_equation
    from continuation.steady_states.equilibria import equilibria
    from continuation.steady_states.maps import Map, fixed_points, read_map
    from continuation.steady_states.search import find_equilibria
    from continuation.storage import load
    from continuation.user_functions.search import user_points
    from continuation.user_functions.stopping import until

__all__ = [
    "AsynchronousState",
    "Branch",
    "ContClass",
    "CrossCheck",
    "Cycle",
    "CycleBranch",
    "CycleCurve",
    "CycleSettings",
    "Diagram",
    "Dispersion",
    "GraphBranch",
    "GraphPoint",
    "GraphState",
    "LineDiagram",
    "Map",
    "RateSpectrum",
    "Settings",
    "SpecialPoint",
    "SpikingBranch",
    "args",
    "asynchronous_state",
    "bifurcation_diagram",
    "branch_point_curve",
    "conservative_cycles",
    "cross_check",
    "cycle_fold_curve",
    "cycle_sensitivity",
    "direct_phase_response",
    "dispersion",
    "equilibria",
    "find_equilibria",
    "fixed_points",
    "fold_curve",
    "graph_equilibria",
    "graph_equilibrium",
    "graph_hopf_curve",
    "homoclinic_curve",
    "hopf_curve",
    "limit_cycles",
    "load",
    "period_doubling_curve",
    "phase_response",
    "rate_spectrum",
    "read_map",
    "second_order_phase_response",
    "settings_of_ode",
    "spiking_orbits",
    "torus_curve",
    "until",
    "user_points",
    "wave_equation",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "continuation.asynchronous.spectrum": ["RateSpectrum", "rate_spectrum"],
        "continuation.asynchronous.state": ["AsynchronousState", "asynchronous_state"],
        "continuation.cycles.branch": ["CycleBranch"],
        "continuation.cycles.conservative": ["conservative_cycles"],
        "continuation.cycles.curves": [
            "CycleCurve",
            "cycle_fold_curve",
            "period_doubling_curve",
            "torus_curve",
        ],
        "continuation.cycles.cycle": ["Cycle"],
        "continuation.cycles.homoclinic": ["homoclinic_curve"],
        "continuation.cycles.limit_cycles": ["limit_cycles"],
        "continuation.cycles.phase_response": ["direct_phase_response", "phase_response"],
        "continuation.cycles.second_order_response": ["second_order_phase_response"],
        "continuation.cycles.sensitivities": ["cycle_sensitivity"],
        "continuation.cycles.settings": ["CycleSettings"],
        "continuation.diagrams.diagram": ["Diagram", "bifurcation_diagram"],
        "continuation.diagrams.line_diagram": ["LineDiagram"],
        "continuation.engine.settings": ["Settings"],
        "continuation.engine.special_points": ["SpecialPoint"],
        "continuation.graphs.branch": ["GraphBranch", "graph_equilibria"],
        "continuation.graphs.hopf": ["graph_hopf_curve"],
        "continuation.graphs.points": ["GraphPoint"],
        "continuation.graphs.state": ["GraphState", "graph_equilibrium"],
        "continuation.neurons.spiking_orbits": ["SpikingBranch", "spiking_orbits"],
        "continuation.ode_settings": ["settings_of_ode"],
        "continuation.pycont.comparison": ["CrossCheck", "cross_check"],
        "continuation.pycont.container": ["ContClass", "args"],
        "continuation.steady_states.branch": ["Branch"],
        "continuation.steady_states.branch_point_curves": ["branch_point_curve"],
        "continuation.steady_states.curves": ["fold_curve", "hopf_curve"],
        "continuation.steady_states.dispersion": ["Dispersion", "dispersion", "wave_equation"],
        "continuation.steady_states.equilibria": ["equilibria"],
        "continuation.steady_states.maps": ["Map", "fixed_points", "read_map"],
        "continuation.steady_states.search": ["find_equilibria"],
        "continuation.storage": ["load"],
        "continuation.user_functions.search": ["user_points"],
        "continuation.user_functions.stopping": ["until"],
    },
)
