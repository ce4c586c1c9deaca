"""One-parameter diagrams: equilibria and the cycles of every Hopf point, with their frequency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from continuation.cycles.branch import Cycle, CycleBranch
from continuation.cycles.limit_cycles import limit_cycles
from continuation.cycles.tracing import CycleSettings
from continuation.diagrams.scan import ends_at
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint, canonical_label
from continuation.steady_states.branch import Branch
from continuation.steady_states.equilibria import equilibria
from dynsys.errors import ConvergenceError
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class LineDiagram:
    """Equilibria and limit cycles of a model along one parameter.

    ``equilibria`` is a Branch, ``cycles`` a CycleBranch for every family of cycles born at a Hopf
    point (one that connects two Hopf points is followed once), ``missed`` says why the cycles of a
    Hopf point could not be followed.
    """

    model: VectorField
    parameter: str
    equilibria: Branch
    cycles: tuple[CycleBranch, ...]
    missed: tuple[str, ...] = ()

    def special_points(self, label: str | None = None) -> list[SpecialPoint | Cycle]:
        """Special points of equilibria and cycles; of one label where given."""
        found: list[SpecialPoint | Cycle] = list(self.equilibria.special_points)
        for branch in self.cycles:
            found += branch.special_points
        wanted = None if label is None else canonical_label(label)
        return [p for p in found if wanted in (None, p.label)]

    def special_point_table(self) -> list[dict[str, Any]]:
        """One record per special point of equilibria and cycles."""
        rows = self.equilibria.special_point_table()
        for number, branch in enumerate(self.cycles, 1):
            rows += [{"cycles": number, **row} for row in branch.special_point_table()]
        return rows

    def plot(self, observable: str | None = None, axes: Any = None) -> Any:
        """Draw equilibria with the cycles' extrema, and below the frequency; returns both axes."""
        from continuation.drawing import draw_line_diagram

        return draw_line_diagram(self, observable=observable, axes=axes)

    def __str__(self) -> str:
        lines = [str(self.equilibria), *map(str, self.cycles), *self.missed]
        return "\n".join(lines)

    __repr__ = __str__


def line_diagram(
    model: VectorField,
    parameter: str,
    span: tuple[float, float],
    settings: Settings | None = None,
    cycle_settings: CycleSettings | None = None,
    seed: int = 0,
) -> LineDiagram:
    """Follow all equilibria across a span, and the cycles of every Hopf point on them.

    Example
    -------
    >>> diagram = line_diagram(aln().with_parameters(mu_i=0.5), "mu_e", (0.0, 3.0))
    >>> upper, lower = diagram.plot()
    """
    branch = equilibria(model, parameter, span, settings=settings, seed=seed)
    cycles: list[CycleBranch] = []
    missed: list[str] = []
    for point in branch.points("H"):
        if any(ends_at(known, point) for known in cycles):
            continue
        try:
            cycles.append(limit_cycles(point, parameter, span, settings=cycle_settings))
        except ConvergenceError as error:
            missed.append(f"cycles of {point.name}: {error}")
    return LineDiagram(model, parameter, branch, tuple(cycles), tuple(missed))
