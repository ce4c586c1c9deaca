"""Time integration of ordinary, delay and stochastic models, single runs and ensembles."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# The integrators compile on their first import; a model should not wait for them.
_LAZY = {
    "Pattern": "dynsys.simulation.graph_runs",
    "Tolerance": "dynsys.simulation.adaptive",
    "onset_latency": "dynsys.simulation.space_time",
    "plot_space_time": "dynsys.simulation.space_time",
    "simulate": "dynsys.simulation.runs",
    "simulate_ensemble": "dynsys.simulation.ensembles",
    "simulate_nodes": "dynsys.simulation.graph_runs",
}

__all__ = [
    "Pattern",
    "Tolerance",
    "onset_latency",
    "plot_space_time",
    "simulate",
    "simulate_ensemble",
    "simulate_nodes",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
