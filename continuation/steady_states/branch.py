"""``Branch``: a followed curve as data, with its special points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from continuation.drawing import Mark, draw_branch
from continuation.engine.branch_point_problem import PITCHFORK, TRANSCRITICAL
from continuation.engine.following import REASONS, Follower, Trace
from continuation.engine.intervals import AXIS
from continuation.engine.problems import EQUILIBRIUM, FOLD, HOPF
from continuation.engine.settings import Settings
from continuation.engine.special_points import (
    SpecialPoint,
    SpecialPoints,
    from_record,
    numbered,
    point_named,
    points_labelled,
    record,
)
from continuation.explorer.explorable import Explorable
from continuation.frames import point_frame
from continuation.netcdf import head_of, with_head, write
from continuation.steady_states.deflation import SEARCHES
from continuation.steady_states.half_stable import UNRESOLVED
from continuation.steady_states.jumps import bend_at, may_bend
from continuation.steady_states.living import equilibria_content
from continuation.steady_states.pieces import EARLY, followed_on, located, trace_of
from dynsys.delays import DEFAULT_ORDER
from dynsys.errors import ModelError
from dynsys.serialization import to_dict
from dynsys.validity import flags
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    import pandas as pd


CURVES = {  # the words for them in a figure's legend
    FOLD.name: "fold of equilibria",
    HOPF.name: "Hopf",
    PITCHFORK: "pitchfork",
    TRANSCRITICAL: "transcritical",
}


@dataclass(frozen=True)
class Branch(Explorable):
    """A curve of equilibria, folds or Hopf points.

    ``data`` is an xarray Dataset over ``point``: free parameters, states, observables,
    ``unstable`` (eigenvalues right of the axis), ``stable``, ``neutral`` (none right of the axis,
    some on it: a centre), ``eigenvalue_real/imag`` (point, mode), ``piece`` (disconnected pieces
    are numbered), on Hopf curves ``frequency`` (Hz; per time unit for a
    dimensionless model).
    ``ended`` holds for every piece why each end stopped, ``steps`` the next steps there; ``sought``
    counts the places at which equilibria on none of the pieces were searched in vain.

    Example
    -------
    >>> branch = equilibria(model, parameter="I", span=(0, 1))
    >>> branch["H1"].parameters["I"]
    """

    kind: str
    model: VectorField
    parameters: tuple[str, ...]
    spans: Mapping[str, tuple[float, float]]
    data: xr.Dataset
    special_points: SpecialPoints[SpecialPoint]
    ended: tuple[tuple[str, str], ...]
    settings: Settings
    steps: tuple[tuple[float, float], ...] = ()
    sought: int = 0

    def __len__(self) -> int:
        return self.data.sizes["point"]

    def __getitem__(self, name: str) -> SpecialPoint:
        """The special point of this name; labels of AUTO and MatCont are understood too."""
        return point_named(self.special_points, name, f"this {self.kind} branch")

    def points(self, label: str) -> list[SpecialPoint]:
        """All special points with a label ("H", "LP", ...), in order."""
        return points_labelled(self.special_points, label)

    def states(self) -> np.ndarray:
        """Full states (point, n), delay lines included."""
        return self.data["coordinates"].values

    def pieces(self) -> list[xr.Dataset]:
        """The connected pieces as separate datasets."""
        numbers = self.data["piece"].values
        return [self.data.isel(point=np.flatnonzero(numbers == k)) for k in np.unique(numbers)]

    def plot(
        self, observable: str | None = None, ax: Any = None, *, style: str = "default",
        legend: bool = False, **line: Any,
    ) -> Any:  # fmt: skip
        """Draw the branch: in one parameter against an observable, in two in their plane.

        Stable pieces solid and wide, unstable dashed and thin. ``style`` is "default",
        "publication" or "xppaut"; ``line`` are matplotlib's keywords for lines. Returns the axes.

        Example
        -------
        >>> branch.plot(color="0.3", legend=True).figure.savefig("branch.pdf")
        """
        across, *second = self.parameters
        shown = self.model.observable_names[0] if observable is None else observable
        up = second[0] if second else shown
        self.model.unit(up)  # an unknown name is answered here with the known ones
        marks = [Mark(p.value(across), p.value(up), p.label, p.name) for p in self.special_points]
        word = CURVES.get(self.kind)
        return draw_branch(self.data, across, up, marks, ax, word, style, legend, **line)

    page_content = equilibria_content

    def to_dataframe(self) -> pd.DataFrame:
        """One row per point, as pandas has it; units in ``frame.attrs["units"]``."""
        return point_frame(self.data)

    def stored(self) -> xr.Dataset:
        """``data`` with all that made it in its attributes: what ``save`` writes."""
        head = {
            "kind": self.kind,
            "model": to_dict(self.model),
            "parameters": self.parameters,
            "spans": self.spans,
            "settings": asdict(self.settings),
            "ended": self.ended,
            "steps": self.steps,
            "sought": self.sought,
            "special_points": [record(p) for p in self.special_points],
        }
        return with_head(self.data, head)

    @classmethod
    def from_stored(cls, dataset: xr.Dataset, model: VectorField | None = None) -> Branch:
        """The branch that ``stored`` described; ``model`` avoids compiling it again."""
        head = head_of(dataset)
        described = VectorField.from_dict(head["model"])
        if model is None or model.delay_order != described.delay_order:
            own = described
        else:
            own = model.with_parameters(**described.parameters)
        return cls(
            kind=head["kind"],
            model=own,
            parameters=tuple(head["parameters"]),
            spans={k: tuple(v) for k, v in head["spans"].items()},
            data=dataset.drop_attrs(deep=False),
            special_points=SpecialPoints(from_record(own, p) for p in head["special_points"]),
            ended=tuple(tuple(pair) for pair in head["ended"]),
            settings=Settings(**head["settings"]),
            steps=tuple(tuple(pair) for pair in head["steps"]),
            sought=head.get("sought", 0),
        )

    def save(self, path: str | Path) -> Path:
        """Write the branch to a NetCDF file, complete or not at all."""
        return write(self.stored(), path)

    def extended(self, max_points: int | None = None) -> Branch:
        """A branch of equilibria continued at every end that stopped early.

        Every such end goes on in its direction by up to ``max_points`` points (the settings' by
        default), as it would have without stopping, also after ``save`` and ``load``.

        Raises ModelError where no end stopped early, or for curves of folds and Hopf points: follow
        these again from any of their points.

        Example
        -------
        >>> longer = load("branch.nc").extended(max_points=200)
        """
        if self.kind != EQUILIBRIUM.name or not any(EARLY & set(pair) for pair in self.ended):
            ends = "; ".join(f"{a}, {b}" for a, b in self.ended)
            raise ModelError(
                f"this branch of {self.kind} has no end to extend ({ends}); only branches of "
                "equilibria that stopped early are extended. Follow it across a wider span"
            )
        room = replace(self.settings, max_points=1 + (max_points or self.settings.max_points))
        follower = Follower(self.model, EQUILIBRIUM, self.spans, room)
        traces = [
            followed_on(follower, trace_of(follower, piece, ended, steps))
            for piece, ended, steps in zip(self.pieces(), self.ended, self.steps, strict=True)
        ]
        most = max(self.settings.max_points, *(len(t.points) for t in traces))
        longer = replace(self.settings, max_points=most)
        return equilibria_of(Follower(self.model, EQUILIBRIUM, self.spans, longer), traces)

    def special_point_table(self) -> list[dict[str, Any]]:
        """One record per special point: name, parameters, observables, frequency, coefficients."""
        return [
            {
                "name": p.name,
                **{k: p.parameters[k] for k in self.parameters},
                **p.observables,
                self.model.frequency_column: p.frequency,
                **p.coefficients,
                "residual": p.certificate.get("residual"),
            }
            for p in self.special_points
        ]

    def __str__(self) -> str:
        lines = [f"{self.kind} of {self.model.name} in {', '.join(self.parameters)}"]
        if self.model.lines and self.model.delay_order > DEFAULT_ORDER:
            lines.append(f"  delay lines of {self.model.delay_order} nodes")
        for number, piece in enumerate(self.pieces()):
            spans = ", ".join(
                f"{k} {float(piece[k].min()):.6g} .. {float(piece[k].max()):.6g}"
                for k in self.parameters
            )
            lines.append(f"  piece {number + 1}: {piece.sizes['point']} points, {spans}")
            start, end = self.ended[number]
            lines.append(f"    start: {start}; end: {end}")
            lines += [f"    {p}" for p in self.special_points if p.piece == number]
            lines += _neutral_words(piece)
            lines += [f"    {flag}" for flag in flags(self.model, piece)]
        if self.sought:
            lines.append(
                f"  {self.sought} x {SEARCHES} searches at {self.sought} values in between met no "
                f"other curve: one that 1 in {self.sought * SEARCHES // 3} of them leads to is "
                "missed with a probability of 5 %"
            )
        return "\n".join(lines)

    __repr__ = __str__


def _neutral_words(piece: xr.Dataset) -> list[str]:
    """A line on stretches where stability cannot be told from the linear part."""
    count = int(piece["neutral"].sum()) if "neutral" in piece else 0
    if count < 2:  # a bifurcation point itself
        return []
    return [
        f"    neutral at {count} points: eigenvalues on the imaginary axis (centres, degenerate "
        "equilibria, curves of them) or bends of the field, where no linear part tells stability"
    ]


def make_branch(
    follower: Follower,
    traces: Sequence[Trace],
    special_points: Iterable[SpecialPoint],
    ended: Sequence[tuple[str, str]] | None = None,
    steps: Sequence[tuple[float, float]] = (),
) -> Branch:
    """The Branch of a follower's problem from its traces, one per piece."""
    hopf = follower.problem is HOPF
    return Branch(
        kind=follower.problem.name,
        model=follower.model,
        parameters=follower.names,
        spans=follower.spans,
        data=make_dataset(follower, traces, omega_column=hopf),
        special_points=numbered(special_points),
        ended=tuple(reasons(trace, hopf) for trace in traces) if ended is None else tuple(ended),
        settings=follower.settings,
        steps=tuple(steps),
    )


def equilibria_of(follower: Follower, traces: list[Trace]) -> Branch:
    """The Branch of traces of equilibria, with the branches that leave from branch points."""
    points = located(follower, traces)
    return make_branch(follower, traces, points, steps=[trace.steps for trace in traces])


def make_dataset(
    follower: Follower, traces: Sequence[Trace], omega_column: bool = False
) -> xr.Dataset:
    """The dataset of a branch from its traces, one per piece."""
    model, n = follower.model, follower.n
    y = np.concatenate([trace.points for trace in traces])
    spectra = np.concatenate([trace.eigenvalues for trace in traces])
    x = y[:, :n] * follower.scale[:n]
    columns: dict[str, tuple] = {}
    for k, name in enumerate(follower.names):
        columns[name] = ("point", y[:, n + k] * follower.scale[n + k], {"units": model.unit(name)})
    for k, name in enumerate(model.states):
        columns[name] = ("point", x[:, k], {"units": model.unit(name)})
    for name, values in observe_all(model, follower.free, x, y[:, n:] * follower.scale[n:]).items():
        columns[name] = ("point", values, {"units": model.unit(name)})
    if omega_column:
        omega = np.sqrt(np.maximum(y[:, -1] * follower.scale[-1], 0.0))
        columns["frequency"] = (
            "point", omega / (2 * np.pi) * model.frequency_factor,
            {"units": model.frequency_unit},
        )  # fmt: skip
    columns["unstable"] = ("point", count_unstable(spectra, follower.problem.critical))
    neutral = count_neutral(spectra) > follower.problem.critical
    if follower.problem is EQUILIBRIUM:
        neutral |= _unresolved(follower, y, spectra) | _bent(follower, y)
    columns["stable"] = ("point", (columns["unstable"][1] == 0) & ~neutral)
    columns["neutral"] = ("point", (columns["unstable"][1] == 0) & neutral)
    columns["eigenvalue_real"] = (("point", "mode"), spectra.real)
    columns["eigenvalue_imag"] = (("point", "mode"), spectra.imag)
    columns["piece"] = ("point", np.repeat(np.arange(len(traces)), [len(t.points) for t in traces]))
    columns["coordinates"] = (("point", "coordinate"), x)
    # As NumPy's arrays: for others xarray asks Dask, which takes a fifth of a second to load.
    names = xr.Variable("coordinate", np.array(model.state_names), fastpath=True)
    plain = {k: xr.Variable(d, v, dict(*u), fastpath=True) for k, (d, v, *u) in columns.items()}
    return xr.Dataset(plain, coords={"coordinate": names})


def observe_all(
    model: VectorField, free: np.ndarray, states: np.ndarray, values: np.ndarray
) -> dict[str, np.ndarray]:
    """Observables along a curve: name -> (point,)."""
    compiled, p = model.compiled, model.parameter_array()
    out = np.empty((len(states), len(model.observables)))
    for row, (x, free_values) in enumerate(zip(states, values, strict=True)):
        p[free] = free_values[: len(free)]
        compiled.observables(np.ascontiguousarray(x), p, compiled.tables, out[row])
    return dict(zip(model.observables, out.T, strict=True))


def count_unstable(spectra: np.ndarray, critical: int) -> np.ndarray:
    """Eigenvalues right of the axis, without the ``critical`` ones of a curve.

    Those on the axis, to rounding, do not count.
    """
    if critical == 0:
        return np.sum(spectra.real > _axis(spectra), axis=1)
    if critical == 1:
        order = np.argsort(np.abs(spectra), axis=1)
    else:
        order = np.argsort(np.abs(spectra.real) + 1e3 * (spectra.imag == 0), axis=1)
    rest = np.take_along_axis(spectra, order, axis=1)[:, critical:]
    return np.sum(rest.real > _axis(spectra), axis=1)


def count_neutral(spectra: np.ndarray) -> np.ndarray:
    """Eigenvalues on the imaginary axis, to rounding."""
    return np.sum(np.abs(spectra.real) <= _axis(spectra), axis=1)


def _unresolved(follower: Follower, y: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    """Points (k,) where a further Newton step changes the Jacobian by as much as its eigenvalues
    lie from the imaginary axis.

    At a double equilibrium, as of -x^2, each step halves the distance and the eigenvalue with it:
    its sign says from which side Newton's method came.
    """
    n, scale = follower.n, follower.scale[: follower.n]
    x, values = y[:, :n] * scale, (y * follower.scale)[:, n : n + len(follower.free)]
    rate, near = _linear_parts(follower, x, values)
    step = np.zeros_like(x)
    regular = np.linalg.slogdet(near)[0] != 0.0  # elsewhere an eigenvalue is zero
    step[regular] = np.linalg.solve(near[regular], rate[regular][..., None])[..., 0]
    change = (_linear_parts(follower, x - step, values)[1] - near) * scale / scale[:, None]
    return np.max(np.abs(change), axis=(1, 2)) > UNRESOLVED * np.min(np.abs(spectra.real), axis=1)


def _bent(follower: Follower, y: np.ndarray) -> np.ndarray:
    """Points (k,) on a bend of the field whose linear parts differ in the sign of their
    determinant."""
    if not may_bend(follower.model):
        return np.zeros(len(y), dtype=bool)
    return np.array([bend_at(follower.at(each), follower.state(each)) is not None for each in y])


def _linear_parts(
    follower: Follower, states: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The field (k, n) and its Jacobians (k, n, n) along a curve."""
    compiled, p = follower.model.compiled, follower.model.parameter_array()
    rates = np.empty(states.shape)
    jacobians = np.empty((*states.shape, states.shape[1]))
    for k, x in enumerate(np.ascontiguousarray(states)):
        p[follower.free] = values[k]
        compiled.field(x, p, compiled.tables, rates[k])
        compiled.jacobian(x, p, compiled.tables, jacobians[k])
    return rates, jacobians


def _axis(spectra: np.ndarray) -> np.ndarray:
    """Real parts (k, 1) that rounding cannot tell from zero."""
    return AXIS * np.max(np.abs(spectra), axis=1, keepdims=True)


def reasons(trace: Trace, hopf: bool = False) -> tuple[str, str]:
    """Why both ends of a trace stopped, in words."""
    words = []
    for reason, index in ((trace.start, 0), (trace.end, -1)):
        vanished = hopf and abs(trace.points[index, -1]) < 1e-9
        words.append(
            "Bogdanov-Takens point: the frequency vanishes" if vanished else REASONS[reason]
        )
    return words[0], words[1]
