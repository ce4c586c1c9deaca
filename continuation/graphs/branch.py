"""``graph_equilibria``: the equilibria of a graph along a global parameter, and how they lose
stability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from continuation.drawing import Mark, draw_marks
from continuation.engine.settings import Settings
from continuation.engine.special_points import (
    SpecialPoints,
    numbered,
    point_named,
    points_labelled,
)
from continuation.graphs.following import BOUND, INTERRUPTED, SparseCurve, Step
from continuation.graphs.points import GraphPoint, crossings, located
from continuation.graphs.state import (
    GraphState,
    check_field,
    graph_equilibrium,
    observed,
    unstable_roots,
)
from continuation.graphs.system import EquilibriumSystem
from continuation.netcdf import with_head, write
from dynsys import checks
from dynsys.coupling.coupled_field import CoupledField
from dynsys.drawing import DARK, axis_label, canvas
from dynsys.errors import ConvergenceError, ModelError
from dynsys.journal import whole
from dynsys.styles import Style, merged
from dynsys.typed import typed


@dataclass(frozen=True)
class GraphBranch:
    """A curve of equilibria of a graph, or of its Hopf points.

    ``data``: Dataset over ``point``: the parameters, every state and observable (point, node),
    ``unstable`` (characteristic roots right of the axis, exact) and ``stable``; on Hopf curves
    ``frequency`` (Hz; per time unit for a dimensionless model).
    ``special_points``: ``GraphPoint``s; ``ended``: why each end stopped; ``lost``: crossings that
    were counted but not located, in words.

    Example
    -------
    >>> branch = graph_equilibria(field, "K", (0, 2))
    >>> branch["H1"].strongest()
    """

    kind: str
    field: CoupledField
    parameters: tuple[str, ...]
    data: xr.Dataset
    special_points: SpecialPoints[GraphPoint]
    ended: tuple[str, str]
    settings: Settings
    lost: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.data.sizes["point"]

    def __getitem__(self, name: str) -> GraphPoint:
        """The special point of this name; labels of AUTO and MatCont are understood too."""
        return point_named(self.special_points, name, f"this branch of {self.kind}")

    def points(self, label: str) -> list[GraphPoint]:
        """All special points with a label, in order."""
        return points_labelled(self.special_points, label)

    def state(self, index: int) -> GraphState:
        """The equilibrium at a point of the branch.

        Example
        -------
        >>> branch.state(-1).modes(2)
        """
        row = self.data.isel(point=checks.whole("index", index))
        values = {k: float(row[k]) for k in self.parameters}
        start = np.stack([row[k].values for k in self.field.node_model.states], axis=1)
        return graph_equilibrium(self.field.with_parameters(**values), start)  # type: ignore[arg-type]

    def plot(
        self, observable: str | None = None, ax: Any = None, *, style: str = "default", **line: Any
    ) -> Any:
        """Draw an observable of all nodes (thin) and its mean over the parameter, or a Hopf curve
        in its plane; stable solid, unstable dashed. Returns the axes.

        ``style`` is "default" or "publication"; ``line`` are matplotlib's keywords for the mean.
        """
        with canvas(ax, style) as (ax, look):
            return self._drawn(observable, ax, look, line)

    def _drawn(self, observable: str | None, ax: Any, look: Style, line: dict[str, Any]) -> Any:
        across = self.parameters[0]
        x = self.data[across].values
        if len(self.parameters) > 1:
            up, y = self.parameters[1], self.data[self.parameters[1]].values[:, None]
        else:
            up = next(iter(self.field.node_model.observables)) if observable is None else observable
            self.field.node_model.unit(up)
            y = self.data[up].values
        stable = self.data["stable"].values | (len(self.parameters) > 1)
        for low, high in _runs(stable):
            kind = look.stable if stable[low] else look.unstable
            if y.shape[1] > 1:
                nodes = look.line({}, color="#9aa7b8", lw=0.5, ls=kind["ls"], zorder=1)
                ax.plot(x[low:high], y[low:high], **nodes)
            mean = y[low:high].mean(axis=1)
            ax.plot(x[low:high], mean, **merged({"color": DARK, "zorder": 2, **kind}, line))
        unit = self.data[up].attrs["units"]
        ax.set(xlabel=axis_label(across, self.data[across].attrs["units"]))
        ax.set_ylabel(axis_label(up, unit))
        draw_marks(ax, [self._mark(p, up) for p in self.special_points], look)
        return ax

    def _mark(self, point: GraphPoint, up: str) -> Mark:
        values = point.parameters
        y = values[up] if up in values else float(point.state.data[up].mean())
        return Mark(values[self.parameters[0]], y, point.label, point.name)

    def save(self, path: str | Path) -> Path:
        """Write ``data`` and the special points to a NetCDF file, complete or not at all.

        The graph itself is not in it: ``couple`` makes it again.
        """
        head = {
            "kind": f"graph {self.kind}",
            "model": self.field.name,
            "source": self.field.source,
            "values": dict(self.field.parameters),
            "settings": asdict(self.settings),
            "ended": self.ended,
            "special_points": [
                {"name": p.name, "parameters": dict(p.parameters), "frequency": p.frequency}
                for p in self.special_points
            ],
        }
        return write(with_head(self.data, head), path)

    def __str__(self) -> str:
        spans = ", ".join(
            f"{k} {float(self.data[k].min()):.6g} .. {float(self.data[k].max()):.6g}"
            for k in self.parameters
        )
        lines = [
            f"{self.kind} of {self.field.name}: {len(self)} points, {spans}",
            f"  start: {self.ended[0]}; end: {self.ended[1]}",
            *(f"  {p}" for p in self.special_points),
            *(f"  {words}" for words in self.lost),
        ]
        return "\n".join(lines)

    __repr__ = __str__


@typed
def graph_equilibria(
    field: CoupledField,
    parameter: str,
    span: tuple[float, float],
    start: GraphState | Mapping[str, float] | Sequence[float] | np.ndarray | None = None,
    settings: Settings | None = None,
    locate: str = "boundaries",
) -> GraphBranch:
    """Follow an equilibrium of a graph of mean fields across a span of one parameter.

    1. Find an equilibrium (``graph_equilibrium``) at the field's own parameters.
    2. Follow it in both directions through folds: pseudo-arclength, sparse matrices.
    3. Count the characteristic roots right of the axis at every point, delays exact, by the
       argument principle.
    4. Where stability is lost or won, locate every root that crosses: Hopf points (H), folds (LP)
       and other zeros (BP), each with the mode of the graph that becomes critical.

    Parameters
    ----------
    field : from ``couple``.
    parameter : any parameter of the field: a coupling strength, a speed, a drive; of one node
        (``P_<node>``) too.
    span : (low, high), which the field's own value lies in.
    start : as in ``graph_equilibrium``.
    settings : ``Settings``; ``step_max`` of 0.04 makes 50 points at least across the span.
    locate : "boundaries" of stability, or "all" changes of the number of unstable roots: a graph of
        100 similar nodes has some hundred of them.

    Raises
    ------
    UnknownNameError, ModelError for a wrong name or span; ConvergenceError where no equilibrium is
    found to start from.

    Only the curve through the start is followed; roots that cross and return within one step are
    not seen.

    Example
    -------
    >>> branch = graph_equilibria(field, "K", (0.0, 2.0))
    >>> print(branch["H1"], branch["H1"].mode["shape"].sel(state="mu_fE"))
    """
    check_field(field)
    settings = Settings() if settings is None else settings
    checks.instance("settings", settings, Settings, "Settings(step_max=0.02)")
    low, high = checked_span(field, parameter, span)
    checks.known("locate", locate, ("boundaries", "all"), "graph_equilibria")
    with whole(parts=True):
        state = graph_equilibrium(field, start)
        system = EquilibriumSystem(state.point.nodes, [parameter], [(low, high)])
        curve = SparseCurve(system, settings)
        y = np.append(state.point.z.ravel(), field.parameters[parameter])
        steps, ended = _both(curve, Step(y, curve.along_parameter(y)))
        unstable = [_counted(curve, step) for step in steps]
        points, lost = _located(curve, steps, unstable, locate == "all")
    return GraphBranch(
        kind="equilibria",
        field=field,
        parameters=(parameter,),
        data=table(curve, steps, {"unstable": np.array(unstable)}),
        special_points=numbered(points),
        ended=ended,
        settings=settings,
        lost=tuple(lost),
    )


def checked_span(
    field: CoupledField, parameter: str, span: tuple[float, float]
) -> tuple[float, float]:
    """A span that holds the field's own value of a parameter."""
    checks.known("parameter", parameter, field.parameters, field.name)
    values = checks.numbers(f"the span of {parameter}", span)
    if values.shape != (2,) or not values[0] < values[1]:
        raise ModelError(f"the span of {parameter} is {span!r}; give (low, high) with low < high")
    low, high = values.tolist()
    value = field.parameters[parameter]
    if not low <= value <= high:
        raise ModelError(
            f"{field.name} has {parameter} = {value:g}, outside of the span {low:g} .. {high:g}; "
            f"start inside it: field.with_parameters({parameter}={low:g})"
        )
    return low, high


def table(curve: SparseCurve, steps: Sequence[Step], more: Mapping[str, np.ndarray]) -> xr.Dataset:
    """The curve as a dataset."""
    field, names = curve.system.nodes.field, curve.system.parameters
    rows = [observed(curve.system.point(step.y)) for step in steps]
    model = field.node_model
    columns: dict[str, Any] = {
        name: ("point", [s.y[k - len(names)] for s in steps], {"units": field.unit(name)})
        for k, name in enumerate(names)
    }
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        columns[name] = (("point", "node"), values, {"units": model.unit(name)})
    for name, values in more.items():
        columns[name] = ("point", values)
    columns.setdefault("stable", ("point", columns["unstable"][1] == 0))
    return xr.Dataset(columns, coords={"node": list(field.labels)})


def _both(curve: SparseCurve, start: Step) -> tuple[list[Step], tuple[str, str]]:
    """The curve through a start, from the end at the smaller value on."""
    k, (low, high) = -curve.count, curve.system.spans[0]
    value = start.y[k]
    back: tuple[list[Step], str] = ([], BOUND)
    ahead: tuple[list[Step], str] = ([], BOUND)
    if value > low:
        back = curve.follow(Step(start.y, -start.tangent))
    if value < high and back[1] != INTERRUPTED:
        ahead = curve.follow(start)
    turned = [Step(s.y, -s.tangent) for s in reversed(back[0])]
    return [*turned, start, *ahead[0]], (back[1], ahead[1])


def _counted(curve: SparseCurve, step: Step) -> int:
    return unstable_roots(curve.system.point(step.y).linear)


def _located(
    curve: SparseCurve, steps: Sequence[Step], unstable: Sequence[int], every: bool
) -> tuple[list[GraphPoint], list[str]]:
    """The points where roots cross, in the order of the curve; and what was not located."""
    points, lost = [], []
    for (before, after), (m, n) in zip(pairwise(steps), pairwise(unstable), strict=True):
        if m == n or (m and n and not every):
            continue
        found, changes = [], 0
        for crossing in crossings(curve, before, after, (m, n)):
            try:
                found.append(located(curve, crossing))
            except ConvergenceError:
                continue
            pair = 1 if found[-1].label != "H" else 2
            changes += pair if crossing.at_after.value.real > 0 else -pair
        k = -curve.count
        secant = after.y[k] - before.y[k]
        name = curve.system.parameters[0]
        found.sort(key=lambda p: (p.parameters[name] - before.y[k]) / (secant or 1.0))
        points += found
        if changes != n - m:
            lost.append(
                f"between {name} = {before.y[k]:.6g} and {after.y[k]:.6g} the number of unstable "
                f"roots changes from {m} to {n}; located: {changes:+d}. Take smaller steps there"
            )
    return points, lost


def _runs(stable: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of equal stability, each up to the next one's first point."""
    edges = [0, *(np.flatnonzero(np.diff(stable.astype(int))) + 1).tolist(), len(stable)]
    return [(low, min(high + 1, len(stable))) for low, high in pairwise(edges)]
