"""dynsys: what a model is — vector fields, delays, transfer functions, simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names
from dynsys.pictures import show_pictures

if TYPE_CHECKING:
    from dynsys.coupling.coupled_field import couple
    from dynsys.coupling.edges import Coupling, Diffusion
    from dynsys.definition import Attractors, Observable, Parameter, State
    from dynsys.errors import (
        ConvergenceError,
        DynsysError,
        ModelError,
        StorageError,
        UnknownNameError,
    )
    from dynsys.exchange.ode_reader import read_ode
    from dynsys.exchange.pydstool_specification import read_pydstool
    from dynsys.exchange.sbml_reader import read_sbml
    from dynsys.expressions.delay import delay
    from dynsys.linear_response import frequency_response
    from dynsys.simulation.adaptive import Tolerance
    from dynsys.simulation.ensembles import simulate_ensemble
    from dynsys.simulation.graph_runs import Pattern, simulate_nodes
    from dynsys.simulation.regime_chart import RegimeMap
    from dynsys.simulation.regime_maps import regime_map
    from dynsys.simulation.runs import simulate
    from dynsys.tables import SmoothTable
    from dynsys.vector_field import VectorField
    from dynsys.version import __version__

__all__ = [
    "Attractors",
    "ConvergenceError",
    "Coupling",
    "Diffusion",
    "DynsysError",
    "ModelError",
    "Observable",
    "Parameter",
    "Pattern",
    "RegimeMap",
    "SmoothTable",
    "State",
    "StorageError",
    "Tolerance",
    "UnknownNameError",
    "VectorField",
    "__version__",
    "couple",
    "delay",
    "frequency_response",
    "read_ode",
    "read_pydstool",
    "read_sbml",
    "regime_map",
    "simulate",
    "simulate_ensemble",
    "simulate_nodes",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "dynsys.coupling.coupled_field": ["couple"],
        "dynsys.coupling.edges": ["Coupling", "Diffusion"],
        "dynsys.definition": ["Attractors", "Observable", "Parameter", "State"],
        "dynsys.errors": [
            "ConvergenceError",
            "DynsysError",
            "ModelError",
            "StorageError",
            "UnknownNameError",
        ],
        "dynsys.exchange.ode_reader": ["read_ode"],
        "dynsys.exchange.pydstool_specification": ["read_pydstool"],
        "dynsys.exchange.sbml_reader": ["read_sbml"],
        "dynsys.expressions.delay": ["delay"],
        "dynsys.linear_response": ["frequency_response"],
        "dynsys.simulation.adaptive": ["Tolerance"],
        "dynsys.simulation.ensembles": ["simulate_ensemble"],
        "dynsys.simulation.graph_runs": ["Pattern", "simulate_nodes"],
        "dynsys.simulation.regime_chart": ["RegimeMap"],
        "dynsys.simulation.regime_maps": ["regime_map"],
        "dynsys.simulation.runs": ["simulate"],
        "dynsys.tables": ["SmoothTable"],
        "dynsys.vector_field": ["VectorField"],
        "dynsys.version": ["__version__"],
    },
)

show_pictures()
