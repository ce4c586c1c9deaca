"""What a diagram does not know, and what it knows to be wrong, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from continuation.diagrams.diagram import Diagram

NOTABLE = 1e-3  # of the plane: an unresolved area that is warned of
PARTIAL = (
    "interrupted: the diagram is partial, without regions; it holds the curves found until then, "
    "and the same call goes on from there"
)


class UnresolvedWarning(UserWarning):
    """A diagram of which part is unresolved, or contradicted by simulations."""


def doubts_of(diagram: Diagram) -> list[str]:
    """Sentences on what is not known and on what is known to be wrong; empty for neither."""
    result = [PARTIAL] if diagram.partial else []
    share = sum(region["area"] for region in diagram.unresolved())
    if share > NOTABLE:
        result.append(
            f"{100 * share:.2g} % of the plane is unresolved: no attractor, or no boundary between "
            "different ones, was found there; see diagram.unresolved(), and "
            "diagram.refined(points) to look closer"
        )
    result += [f"{words}; give a larger budget to go on" if "budget" in words else words
               for words in diagram.limits]  # fmt: skip
    if diagram.checked is not None and not diagram.checked.passed:
        result.append(
            f"simulations contradict the diagram: {diagram.checked}\n"
            "see diagram.checked.disagreements, and diagram.mended() to look further"
        )
    return result
