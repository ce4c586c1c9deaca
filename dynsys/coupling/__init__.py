"""Models as the nodes of a graph: who sends what to whom, how strongly and how late."""

from __future__ import annotations

from dynsys.coupling.coupled_field import CoupledField, couple
from dynsys.coupling.edges import Coupling, Diffusion

__all__ = ["CoupledField", "Coupling", "Diffusion", "couple"]
