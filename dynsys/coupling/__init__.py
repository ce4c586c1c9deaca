"""Models as the nodes of a graph: who sends what to whom, how strongly and how late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names

if TYPE_CHECKING:
    from dynsys.coupling.coupled_field import CoupledField, couple
    from dynsys.coupling.edges import Coupling, Diffusion

__all__ = [
    "CoupledField",
    "Coupling",
    "Diffusion",
    "couple",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "dynsys.coupling.coupled_field": ["CoupledField", "couple"],
        "dynsys.coupling.edges": ["Coupling", "Diffusion"],
    },
)
