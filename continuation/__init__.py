"""continuation: what a model can do as its parameters change."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from continuation.diagrams.diagram import Diagram, bifurcation_diagram
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import Branch
from continuation.steady_states.branch_point_curves import branch_point_curve
from continuation.steady_states.curves import fold_curve, hopf_curve
from continuation.steady_states.equilibria import equilibria
from continuation.steady_states.search import find_equilibria
from continuation.storage import load

# The cycle engine compiles on its first import; equilibria should not wait for it.
_LAZY = {
    "ContClass": "continuation.pycont.container",
    "CrossCheck": "continuation.pycont.comparison",
    "Cycle": "continuation.cycles.branch",
    "CycleBranch": "continuation.cycles.branch",
    "CycleCurve": "continuation.cycles.curves",
    "CycleSettings": "continuation.cycles.tracing",
    "Dispersion": "continuation.steady_states.dispersion",
    "cycle_fold_curve": "continuation.cycles.curves",
    "cycle_sensitivity": "continuation.cycles.sensitivities",
    "args": "continuation.pycont.container",
    "cross_check": "continuation.pycont.comparison",
    "direct_phase_response": "continuation.cycles.phase_response",
    "dispersion": "continuation.steady_states.dispersion",
    "homoclinic_curve": "continuation.cycles.homoclinic",
    "LineDiagram": "continuation.diagrams.line_diagram",
    "Map": "continuation.steady_states.maps",
    "fixed_points": "continuation.steady_states.maps",
    "limit_cycles": "continuation.cycles.limit_cycles",
    "period_doubling_curve": "continuation.cycles.curves",
    "phase_response": "continuation.cycles.phase_response",
    "spiking_orbits": "continuation.neurons.spiking_orbits",
    "SpikingBranch": "continuation.neurons.spiking_orbits",
    "torus_curve": "continuation.cycles.curves",
    "until": "continuation.user_functions.stopping",
    "user_points": "continuation.user_functions.search",
    "wave_equation": "continuation.steady_states.dispersion",
}

__all__ = [
    "Branch",
    "ContClass",
    "CrossCheck",
    "Cycle",
    "CycleBranch",
    "CycleCurve",
    "CycleSettings",
    "Diagram",
    "Dispersion",
    "LineDiagram",
    "Map",
    "Settings",
    "SpecialPoint",
    "SpikingBranch",
    "args",
    "bifurcation_diagram",
    "branch_point_curve",
    "cross_check",
    "cycle_fold_curve",
    "cycle_sensitivity",
    "direct_phase_response",
    "dispersion",
    "equilibria",
    "find_equilibria",
    "fixed_points",
    "fold_curve",
    "homoclinic_curve",
    "hopf_curve",
    "limit_cycles",
    "load",
    "period_doubling_curve",
    "phase_response",
    "spiking_orbits",
    "torus_curve",
    "until",
    "user_points",
    "wave_equation",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
