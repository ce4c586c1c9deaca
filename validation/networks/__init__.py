"""Networks of neurons behind the mean fields: one file tells a network, the others run it."""

from __future__ import annotations

from validation.networks.network import Network, network_of
from validation.networks.runs import NetworkRun

__all__ = ["Network", "NetworkRun", "network_of"]
