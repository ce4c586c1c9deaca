"""validation: whether networks of neurons do what the mean field predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names

if TYPE_CHECKING:
    from validation.measures.estimates import Estimate
    from validation.networks.network import Network, network_of
    from validation.networks.runs import NetworkRun
    from validation.reports.report import report
    from validation.trials.planning import plan
    from validation.trials.residences import residences

__all__ = [
    "Estimate",
    "Network",
    "NetworkRun",
    "network_of",
    "plan",
    "report",
    "residences",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "validation.measures.estimates": ["Estimate"],
        "validation.networks.network": ["Network", "network_of"],
        "validation.networks.runs": ["NetworkRun"],
        "validation.reports.report": ["report"],
        "validation.trials.planning": ["plan"],
        "validation.trials.residences": ["residences"],
    },
)
