"""Cells with dendrites: their shape, and what follows from it for the passive membrane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names

if TYPE_CHECKING:
    from dynsys.cells.morphology.passive import PassiveNeuron
    from dynsys.cells.morphology.reduction import ReducedNeuron, reduced
    from dynsys.cells.morphology.shapes import ball_and_stick, cylinder, rall_tree
    from dynsys.cells.morphology.swc import read_swc
    from dynsys.cells.morphology.tree import Morphology

__all__ = [
    "Morphology",
    "PassiveNeuron",
    "ReducedNeuron",
    "ball_and_stick",
    "cylinder",
    "rall_tree",
    "read_swc",
    "reduced",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "dynsys.cells.morphology.passive": ["PassiveNeuron"],
        "dynsys.cells.morphology.reduction": ["ReducedNeuron", "reduced"],
        "dynsys.cells.morphology.shapes": ["ball_and_stick", "cylinder", "rall_tree"],
        "dynsys.cells.morphology.swc": ["read_swc"],
        "dynsys.cells.morphology.tree": ["Morphology"],
    },
)
