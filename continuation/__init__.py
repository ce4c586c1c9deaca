"""continuation: what a model can do as its parameters change."""

from continuation.branch import Branch
from continuation.curves import fold_curve, hopf_curve
from continuation.diagram import Diagram, bifurcation_diagram
from continuation.equilibria import equilibria
from continuation.equilibrium_search import find_equilibria
from continuation.settings import Settings
from continuation.special_points import SpecialPoint
from continuation.storage import load

__all__ = [
    "Branch",
    "Diagram",
    "Settings",
    "SpecialPoint",
    "bifurcation_diagram",
    "equilibria",
    "find_equilibria",
    "fold_curve",
    "hopf_curve",
    "load",
]
