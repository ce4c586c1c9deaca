"""One-parameter diagrams: equilibria and the cycles of every Hopf point, with their frequency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from typing import Any

import pandas as pd

from continuation.cycles.branch import CycleBranch
from continuation.cycles.cycle import Cycle
from continuation.cycles.limit_cycles import limit_cycles
from continuation.cycles.settings import CycleSettings
from continuation.diagrams import finished
from continuation.diagrams.living import line_content
from continuation.diagrams.scan import end_of
from continuation.drawing import draw_frequencies
from continuation.engine.following import INTERRUPTED, REASONS
from continuation.engine.settings import Settings
from continuation.engine.special_points import (
    SpecialPoint,
    SpecialPoints,
    numbered,
    point_named,
    points_labelled,
)
from continuation.explorer.explorable import Explorable
from continuation.steady_states.branch import Branch
from continuation.steady_states.equilibria import equilibria
from dynsys.drawing import axis_label, panels
from dynsys.errors import ConvergenceError
from dynsys.journal import announce, piece, whole
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class LineDiagram(Explorable):
    """Equilibria and limit cycles of a model along one parameter.

    ``equilibria`` is a Branch, ``cycles`` a CycleBranch for every family of cycles born at a Hopf
    point (one that connects two Hopf points is followed once), ``missed`` says why the cycles of a
    Hopf point could not be followed, or that Ctrl-C made the diagram a partial one. Special cycles
    are numbered through all families.
    """

    model: VectorField
    parameter: str
    equilibria: Branch
    cycles: tuple[CycleBranch, ...]
    missed: tuple[str, ...] = ()

    @cached_property
    def special_points(self) -> SpecialPoints[SpecialPoint | Cycle]:
        """Special points of the equilibria, then those of the cycles."""
        found: list[SpecialPoint | Cycle] = list(self.equilibria.special_points)
        for branch in self.cycles:
            found += branch.special_points
        return SpecialPoints(numbered(found))

    def __getitem__(self, name: str) -> SpecialPoint | Cycle:
        """The special point of this name; labels of AUTO and MatCont are understood too."""
        return point_named(self.special_points, name, "this diagram")

    def points(self, label: str) -> list[SpecialPoint | Cycle]:
        """All special points with a label ("H", "LPC", ...), in order."""
        return points_labelled(self.special_points, label)

    def to_dataframe(self) -> pd.DataFrame:
        """One row per point of the equilibria and of the families of cycles, told by ``branch``."""
        frames = [self.equilibria.to_dataframe().assign(branch="equilibria")]
        frames += [b.to_dataframe().assign(branch=f"cycles {k}")
                   for k, b in enumerate(self.cycles, 1)]  # fmt: skip
        units = {k: unit for frame in frames for k, unit in frame.attrs["units"].items()}
        for frame in frames:
            frame.attrs.clear()  # pandas joins tables only where these are alike
        whole = pd.concat(frames, ignore_index=True)
        whole.attrs["units"] = units
        return whole

    def special_point_table(self) -> list[dict[str, Any]]:
        """One record per special point of equilibria and cycles."""
        rows = self.equilibria.special_point_table()
        for number, branch in enumerate(self.cycles, 1):
            rows += [{"cycles": number, **row} for row in branch.special_point_table()]
        return rows

    page_content = line_content

    def plot(
        self, observable: str | None = None, axes: Any = None, *, style: str = "default",
        legend: bool = False, **line: Any,
    ) -> Any:  # fmt: skip
        """Draw equilibria with the cycles' extrema, and below the frequency; returns both axes.

        ``style`` is "default", "publication" or "xppaut"; ``line`` matplotlib's keywords for lines.
        """
        ratios = [3, 1]
        with panels(axes, style, (6.8, 6), 2, sharex=True, height_ratios=ratios) as (axes, _):
            upper, lower = axes
            for branch in (self.equilibria, *self.cycles):
                branch.plot(observable, ax=upper, style=style, legend=legend, **line)
            families = [branch.data for branch in self.cycles]
            draw_frequencies(families, self.parameter, lower, style, **line)
            upper.set_xlabel("")
            unit = self.model.frequency_unit
            across = axis_label(self.parameter, self.model.unit(self.parameter))
            lower.set(xlabel=across, ylabel=f"frequency ({unit})")
        return axes

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
    line = finished.lines(settings or Settings(), seed)
    missed: list[str] = []
    cycles: list[CycleBranch] = []
    with whole(parts=True):
        branch = piece(
            partial(line.key, (model, parameter, span)),
            partial(equilibria, model, parameter, span, settings=settings, seed=seed), line.form,
        )  # fmt: skip
        assert branch is not None
        how = None if cycle_settings is None else asdict(cycle_settings)
        family = finished.cycles(branch.model, how)
        births = [] if cut_off(branch.ended) else branch.points("H")
        announce("families of cycles", [partial(family.key, (p, parameter, span)) for p in births])
        for point in births:
            if any(end_of(known, births) is point for known in cycles):
                continue
            follow = partial(limit_cycles, point, parameter, span, settings=cycle_settings)
            try:
                found = piece(partial(family.key, (point, parameter, span)), follow, family.form)
            except ConvergenceError as error:
                missed.append(f"cycles of {point.name}: {error}")
                continue
            assert found is not None
            cycles.append(found)
            if cut_off([found.ended]):
                break
    if cut_off([*branch.ended, *(family.ended for family in cycles)]):
        missed.append("interrupted: the diagram is partial; the same call goes on from there")
    return LineDiagram(branch.model, parameter, branch, _named_apart(cycles), tuple(missed))


def cut_off(ended: Iterable[tuple[str, str]]) -> bool:
    """Whether Ctrl-C ended a branch."""
    return any(REASONS[INTERRUPTED] in ends for ends in ended)


def _named_apart(branches: Sequence[CycleBranch]) -> tuple[CycleBranch, ...]:
    """The branches with their special cycles numbered through, so that a name means one cycle."""
    named = iter(numbered(cycle for branch in branches for cycle in branch.special_points))
    return tuple(
        replace(branch, special_points=SpecialPoints(next(named) for _ in branch.special_points))
        for branch in branches
    )
