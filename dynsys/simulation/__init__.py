"""Time integration of ordinary, delay and stochastic models, single runs and ensembles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names

if TYPE_CHECKING:
    from dynsys.simulation.adaptive import Tolerance
    from dynsys.simulation.ensembles import simulate_ensemble
    from dynsys.simulation.graph_runs import Pattern, simulate_nodes
    from dynsys.simulation.regime_chart import RegimeMap
    from dynsys.simulation.regime_maps import regime_map
    from dynsys.simulation.runs import simulate
    from dynsys.simulation.space_time import onset_latency, plot_space_time

__all__ = [
    "Pattern",
    "RegimeMap",
    "Tolerance",
    "onset_latency",
    "plot_space_time",
    "regime_map",
    "simulate",
    "simulate_ensemble",
    "simulate_nodes",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "dynsys.simulation.adaptive": ["Tolerance"],
        "dynsys.simulation.ensembles": ["simulate_ensemble"],
        "dynsys.simulation.graph_runs": ["Pattern", "simulate_nodes"],
        "dynsys.simulation.regime_chart": ["RegimeMap"],
        "dynsys.simulation.regime_maps": ["regime_map"],
        "dynsys.simulation.runs": ["simulate"],
        "dynsys.simulation.space_time": ["onset_latency", "plot_space_time"],
    },
)
