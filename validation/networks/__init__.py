"""Networks of neurons behind the mean fields: one file tells a network, the others run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names

if TYPE_CHECKING:
    from validation.networks.network import Network, network_of
    from validation.networks.runs import NetworkRun

__all__ = [
    "Network",
    "NetworkRun",
    "network_of",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "validation.networks.network": ["Network", "network_of"],
        "validation.networks.runs": ["NetworkRun"],
    },
)
