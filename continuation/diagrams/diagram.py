"""``bifurcation_diagram``: every bifurcation curve and every attractor in a parameter plane."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import networkx as nx
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from continuation.asynchronous.planes import asynchronous_curves, check_plane
from continuation.cycles.branch import CycleBranch
from continuation.cycles.curves import CycleCurve
from continuation.cycles.cycle import Cycle
from continuation.diagrams.audit import Audit, audited
from continuation.diagrams.computing import (
    AUDIT,
    BUDGET,
    checked,
    regions_of,
    scanned,
    settled,
)
from continuation.diagrams.doubts import PARTIAL, UnresolvedWarning, doubts_of
from continuation.diagrams.line_diagram import LineDiagram, line_diagram
from continuation.diagrams.living import plane_content
from continuation.diagrams.paths import Axis, checked_axes, position
from continuation.diagrams.picture import draw_plane
from continuation.diagrams.plane_notes import check_effects, plane_notes
from continuation.diagrams.probing import Findings, Prober
from continuation.diagrams.progress import shown
from continuation.diagrams.rows import (
    curve_lines,
    distinct,
    distinct_cycles,
    regime_rows,
    region_lines,
    special_point_rows,
)
from continuation.diagrams.storage import parts_of, tree_of
from continuation.diagrams.survey import Survey
from continuation.engine.budget import Budget, limited
from continuation.engine.settings import Settings
from continuation.engine.special_points import (
    SpecialPoint,
    SpecialPoints,
    numbered,
    point_named,
    points_labelled,
)
from continuation.explorer.explorable import Explorable
from continuation.frames import row_frame
from continuation.netcdf import write
from continuation.steady_states.branch import Branch
from dynsys import checks
from dynsys.cluster.connection import spreading
from dynsys.errors import ModelError
from dynsys.journal import part_is_wanted, whole
from dynsys.level_sets import on_level_set
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class Diagram(Explorable):
    """A two-parameter bifurcation diagram.

    ``curves`` are fold and Hopf curves of equilibria, ``cycle_curves`` those of folds, doublings,
    tori and diverging periods of cycles, ``lines`` and ``cycles`` the one-parameter branches they
    were found from. ``regimes`` is a networkx graph: a node per region with ``attractors`` (names),
    ``stable`` (what is known of each), ``cycles`` (ranges of period and extrema), ``polygon`` and
    ``area``; an edge per boundary with the ``bifurcations`` that separate. ``checked`` is the audit
    that ended the computation; a ``partial`` one was interrupted before there were regions;
    ``limits`` are sentences on bounds that searches met. ``asynchronous`` are the exact Hopf curves
    of the network.
    """

    model: VectorField
    x: Axis
    y: Axis
    curves: tuple[Branch, ...]
    lines: tuple[Branch, ...]
    cycle_curves: tuple[CycleCurve, ...]
    cycles: tuple[CycleBranch, ...]
    regimes: nx.Graph
    settings: Settings
    checked: Audit | None = None
    partial: bool = False
    asynchronous: tuple[Branch, ...] = ()
    limits: tuple[str, ...] = ()

    @cached_property
    def special_points(self) -> SpecialPoints[SpecialPoint | Cycle]:
        """Codimension-two points of all curves, each once: of equilibria, then of cycles."""
        points = distinct(point for curve in self.curves for point in curve.special_points)
        cycles = (cycle for curve in self.cycle_curves for cycle in curve.special_points)
        return SpecialPoints(numbered([*points, *distinct_cycles(cycles)]), formerly=points)

    def __getitem__(self, name: str) -> SpecialPoint | Cycle:
        """The special point of this name; labels of AUTO and MatCont are understood too."""
        return point_named(self.special_points, name, "this diagram")

    def points(self, label: str) -> list[SpecialPoint | Cycle]:
        """All special points with a label ("BT", "CPC", ...), in order."""
        return points_labelled(self.special_points, label)

    def attractors(self, **values: float) -> list[dict[str, Any]]:
        """What is stable at one point: equilibria with their observables, cycles with frequency.

        Cycles are carried to the point from the nearest ones known, and all that the region of the
        point lacks then by simulation. Raises ModelError outside the plane.
        """
        place = np.array(self._place(values))
        answer = self._prober.within(place, None if self.partial else self.region(**values))
        return [{k: v for k, v in item.items() if k != "cycle"} for item in answer.stable]

    def region(self, **values: float) -> dict[str, Any]:
        """The region that holds a point: a node of ``regimes`` with all it knows.

        Raises ModelError outside the plane.

        Example
        -------
        >>> diagram.region(mu_e=1.0, mu_i=0.5)["label"]
        """
        self._place(values)
        self._check_whole()
        point = shapely.Point(values[self.x[0]], values[self.y[0]])
        regions = [region for _, region in self.regimes.nodes(data=True)]
        return min(regions, key=lambda region: region["polygon"].distance(point))

    def unresolved(self) -> list[dict[str, Any]]:
        """Regions at two of whose points different attractors are stable, or none was found."""
        return [r for _, r in self.regimes.nodes(data=True) if r["unresolved"]]

    def audit(self, points: int = 300, seed: int = 7) -> Audit:
        """Compare the regions with brute-force simulations at random points.

        Every point is simulated from several starts; what the runs come to is told from the motions
        alone and compared with the region's label, coexisting attractors included. See ``Audit``.

        Parameters
        ----------
        points : how many to test, farther than 1 % of the plane from every boundary.
        seed : of the points and the random starts.

        Example
        -------
        >>> diagram.audit(points=300, seed=7).bound
        """
        self._check_whole()
        if points < 1:
            raise ModelError(f"points is {points}; an audit needs at least 1")
        return audited(self._prober, regions_of(self.regimes), points, seed)

    def mended(
        self, points: int = 300, seed: int = 7, progress: bool = False, budget: float = BUDGET
    ) -> Diagram:
        """The diagram audited, and looked at again where it is wrong, until nothing disagrees.

        Every round tests fresh points, so that the last audit (``checked``) proves what it says.
        """
        self._check_whole()
        survey = Survey(self.model, self.x, self.y, self.settings, findings=self._findings())
        with shown(progress), whole(say=progress), limited(budget) as time:
            found = _whole(survey, self.regimes, points, seed, time)
        return replace(found, asynchronous=self.asynchronous)

    def _check_whole(self) -> None:
        """ModelError where there are no regions to speak of."""
        if self.partial:
            raise ModelError(PARTIAL)

    def doubts(self) -> list[str]:
        """Sentences on what is not known and on what is known to be wrong; empty for neither."""
        return doubts_of(self)

    def refined(
        self, points: Sequence[Mapping[str, float]], progress: bool = False, budget: float = BUDGET
    ) -> Diagram:
        """The diagram with scan lines through further points, and the plane cut again.

        Everything known is kept; curves and cycles met by the new lines are added.

        Parameters
        ----------
        points : parameter values inside the plane, where a boundary may have been missed.

        Example
        -------
        >>> closer = diagram.refined([{"mu_e": 1.2, "mu_i": 0.4}])
        """
        survey = Survey(self.model, self.x, self.y, self.settings, findings=self._findings())
        self._check_whole()
        tested = 0 if self.checked is None else self.checked.tested
        with shown(progress), whole(say=progress), limited(budget) as time:
            survey.look_at([self._place(dict(point)) for point in points])
            found = _whole(survey, settled(survey), tested, 7, time)
        return replace(found, asynchronous=self.asynchronous)

    def _place(self, values: dict[str, float]) -> list[float]:
        """A point in units of the plane; fills in the model's own values, refuses others."""
        for name, low, high in (self.x, self.y):
            value = values.setdefault(name, self.model.parameters[name])
            if not low <= value <= high:
                raise ModelError(
                    f"{name} = {value:g} lies outside the diagram, which covers {low:g} .. {high:g}"
                )
        if other := set(values) - {self.x[0], self.y[0]}:
            raise ModelError(
                f"{', '.join(sorted(other))} is no axis of the diagram, which covers "
                f"{self.x[0]} and {self.y[0]}"
            )
        return position(values, (self.x, self.y))

    def _findings(self) -> Findings:
        return Findings(self.curves, self.cycle_curves, self.lines, self.cycles)

    @cached_property
    def _prober(self) -> Prober:
        return Prober(self.model, (self.x, self.y), self._findings())

    def plot(
        self, ax: Any = None, regions: bool = True, *, curves: Sequence[str] | None = None,
        style: str = "default", legend: bool = True, **line: Any,
    ) -> Any:  # fmt: skip
        """Draw curves, codimension-two points and named regions. Returns the axes.

        ``curves``: words of the legend, such as ["Hopf"]; all by default. ``style`` is "default" or
        "publication"; ``line`` are matplotlib's keywords for the curves.
        """
        return draw_plane(self, ax, regions, style, legend, curves, **line)

    page_content = plane_content

    def stored(self) -> xr.DataTree:
        """All curves, scan lines, cycles and regions: what ``save`` writes."""
        return tree_of(self)

    @classmethod
    def from_stored(cls, tree: xr.DataTree) -> Diagram:
        """The diagram that ``stored`` described."""
        return cls(**parts_of(tree))

    def save(self, path: str | Path) -> Path:
        """Write everything to one NetCDF file, complete or not at all."""
        return write(self.stored(), path)

    def to_dataframe(self) -> pd.DataFrame:
        """One row per region, largest first; ``special_points.to_dataframe()`` has the points."""
        return row_frame(self.regime_table())

    def special_point_table(self) -> list[dict[str, Any]]:
        """One record per codimension-two point."""
        return special_point_rows(self)

    def regime_table(self) -> list[dict[str, Any]]:
        """One record per region, largest first: attractors, area, ranges of the cycles' period."""
        return regime_rows(self.regimes)

    def __str__(self) -> str:
        (x, *xs), (y, *ys) = self.x, self.y
        title = (
            f"bifurcation diagram of {self.model.name} in {x} [{xs[0]:g}, {xs[1]:g}], "
            f"{y} [{ys[0]:g}, {ys[1]:g}]"
        )
        lines = curve_lines([*self.curves, *self.asynchronous, *self.cycle_curves])
        lines += map(str, self.special_points)
        lines += [PARTIAL] if self.partial else region_lines(self.regimes)
        lines += [f"audit: {self.checked or 'none: the labels were not held against simulations'}"]
        lines += [f"bound met: {words}" for words in self.limits]
        lines += plane_notes(self)
        return "\n  ".join([title, *lines])

    __repr__ = __str__


@overload
def bifurcation_diagram(
    model: VectorField, x: Axis, y: Axis, settings: Settings | None = None, seed: int = 0,
    progress: bool = False, audit: int | None = None, asynchronous: bool = False,
    scheduler: Any = None, budget: float | None = None,
) -> Diagram: ...  # fmt: skip


@overload
def bifurcation_diagram(
    model: VectorField, x: Axis, y: None = None, settings: Settings | None = None, seed: int = 0,
    progress: bool = False, audit: int | None = None, asynchronous: bool = False,
    scheduler: Any = None, budget: float | None = None,
) -> LineDiagram: ...  # fmt: skip


def bifurcation_diagram(
    model: VectorField,
    x: Axis,
    y: Axis | None = None,
    settings: Settings | None = None,
    seed: int = 0,
    progress: bool = False,
    audit: int | None = None,
    asynchronous: bool = False,
    scheduler: Any = None,
    budget: float | None = None,
) -> Diagram | LineDiagram:
    """Find every bifurcation curve and every attractor in a rectangle of two parameters.

    1. Follow all equilibria along scan lines in both directions of the plane.
    2. From every fold, Hopf and branch point that lies on no known curve, follow its curve.
    3. From every codimension-two point, follow the curves that emanate from it.
    4. Follow the cycles of every Hopf point on a scan line and beside every generalized Hopf point,
       and from their bifurcations the curves of cycles.
    5. Cut the plane along all curves and ask at several places of every face what is stable there.
    6. Where the answers differ, or a simulation met a cycle that no branch led to, look again with
       further lines and cycles, and cut again.
    7. Name every region by its stable equilibria and cycles, and cut it where their words change
       without a bifurcation: at a rate, or from a fast to a slow rhythm. What stays contradictory
       is ``unresolved``: named so, hatched, and warned of.
    8. Simulate at random points from several starts; where this disagrees with a region's label,
       look for the boundary between and cut again. The last audit, of fresh points, is
       ``checked``: shown with its bound, and warned of where a point disagrees.

    Parameters
    ----------
    x, y : (parameter name, low, high). Without ``y`` the result is a ``LineDiagram``: equilibria
        and limit cycles along x, with their frequency.
    progress : show what is being done, stage by stage.
    audit : points of the plane to test at the end, 40; 0 for none. ``diagram.audit`` tests more.
    budget : processor time (s) for a plane, 300, without compiling. When half of it is spent no
        further curve is looked for, and regions that nobody had time to look at are unresolved:
        ``limits`` says so.
    asynchronous : add the exact Hopf curves of the network behind ``aln()``, which see.
    scheduler : the address of a Dask scheduler, a client or cluster, or "local": its workers follow
        the scan lines, cycles and curves of cycles of a plane (see
        ``dynsys.cluster.connection.spreading``); the plane is cut and audited here.

    Example
    -------
    >>> diagram = bifurcation_diagram(aln(), x=("mu_e", 0, 3), y=("mu_i", 0, 3))
    >>> diagram["CP1"].parameters["mu_e"]
    """
    checks.instance("model", model, VectorField, "see dynsys.models, or write one")
    settings = Settings() if settings is None else settings
    checks.instance("settings", settings, Settings, "Settings(step_max=0.02)")
    seed = checks.seed(seed)
    if asynchronous:
        check_plane(model, y)
    spans = checked_axes(model, x) if y is None else checked_axes(model, x, y)
    model = on_level_set(model, spans)
    check_effects(model, spans)
    if y is None:
        of_planes = {"scheduler": scheduler, "audit": audit, "budget": budget}
        for option in (k for k, v in of_planes.items() if v is not None):
            raise ModelError(f"{option} acts on planes; leave it out for a line, or give y")
        ((name, span),) = spans.items()
        return line_diagram(model, name, span, settings=settings, seed=seed)
    audit = checks.whole("audit", AUDIT if audit is None else audit, least=0)
    budget = BUDGET if budget is None else checks.number("budget", budget, above=0, finite=False)
    survey = Survey(model, x, y, settings, seed)
    try:
        with shown(progress), whole(say=progress), spreading(scheduler), limited(budget) as time:
            found = _whole(survey, scanned(survey), audit, 7, time)
            if not asynchronous:
                return found
            more = asynchronous_curves(model, spans, found.lines, progress)
            return replace(found, asynchronous=more)
    except KeyboardInterrupt:
        if not part_is_wanted():
            raise
    warnings.warn(PARTIAL, stacklevel=2)
    return _diagram(survey, nx.Graph(), partial=True)


def _whole(
    survey: Survey,
    graph: nx.Graph,
    points: int,
    seed: int,
    budget: Budget,
) -> Diagram:
    """The diagram of what a survey found, audited; what it does not know is warned of."""
    graph, audit = checked(survey, graph, points, seed)
    result = replace(_diagram(survey, graph), checked=audit, limits=tuple(budget.met))
    for doubt in result.doubts():
        warnings.warn(doubt, UnresolvedWarning, stacklevel=3)
    return result


def _diagram(survey: Survey, regimes: nx.Graph, partial: bool = False) -> Diagram:
    found = survey.findings()
    return Diagram(
        survey.model, survey.x, survey.y, found.curves, found.lines, found.cycle_curves,
        found.cycles, regimes, survey.settings, partial=partial,
    )  # fmt: skip
