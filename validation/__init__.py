"""validation: whether networks of neurons do what the mean field predicts."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Each on first use: the command line and a worker that only runs networks start quickly.
_LAZY = {
    "Estimate": "validation.measures.estimates",
    "Network": "validation.networks.network",
    "NetworkRun": "validation.networks.runs",
    "network_of": "validation.networks.network",
    "plan": "validation.trials.planning",
    "report": "validation.reports.report",
}

__all__ = ["Estimate", "Network", "NetworkRun", "network_of", "plan", "report"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
