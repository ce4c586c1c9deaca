"""continuation: what a model can do as its parameters change."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from continuation.branch import Branch
from continuation.curves import fold_curve, hopf_curve
from continuation.diagram import Diagram, bifurcation_diagram
from continuation.equilibria import equilibria
from continuation.equilibrium_search import find_equilibria
from continuation.settings import Settings
from continuation.special_points import SpecialPoint
from continuation.storage import load

# The cycle engine compiles on its first import; equilibria should not wait for it.
_LAZY = {
    "ContClass": "continuation.pycont",
    "CrossCheck": "continuation.backend_comparison",
    "Cycle": "continuation.cycle_branch",
    "CycleBranch": "continuation.cycle_branch",
    "CycleCurve": "continuation.cycle_curves",
    "CycleSettings": "continuation.cycle_tracing",
    "Dispersion": "continuation.wave_numbers",
    "cycle_fold_curve": "continuation.cycle_curves",
    "cycle_sensitivity": "continuation.sensitivities",
    "args": "continuation.pycont",
    "cross_check": "continuation.backend_comparison",
    "direct_phase_response": "continuation.phase_responses",
    "dispersion": "continuation.wave_numbers",
    "homoclinic_curve": "continuation.homoclinic",
    "LineDiagram": "continuation.line_diagram",
    "Map": "continuation.maps",
    "fixed_points": "continuation.maps",
    "limit_cycles": "continuation.cycles",
    "period_doubling_curve": "continuation.cycle_curves",
    "phase_response": "continuation.phase_responses",
    "spiking_orbits": "continuation.spiking_orbits",
    "SpikingBranch": "continuation.spiking_orbits",
    "torus_curve": "continuation.cycle_curves",
    "until": "continuation.stopping",
    "user_points": "continuation.user_point_search",
    "wave_equation": "continuation.wave_numbers",
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
