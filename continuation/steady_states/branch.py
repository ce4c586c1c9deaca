"""``Branch``: a followed curve as data, with its special points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from continuation.engine.following import REASONS, Follower, Trace
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint, point_named, points_labelled
from dynsys.validity import flags
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class Branch:
    """A curve of equilibria, folds or Hopf points.

    ``data`` is an xarray Dataset over ``point``: free parameters, states, observables,
    ``unstable`` (eigenvalues right of the axis), ``stable``, ``eigenvalue_real/imag``
    (point, mode), ``piece`` (disconnected pieces are numbered), on Hopf curves ``frequency`` in Hz.
    ``ended`` holds for every piece why each end stopped, ``steps`` the next steps there.

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
    special_points: tuple[SpecialPoint, ...]
    ended: tuple[tuple[str, str], ...]
    settings: Settings
    steps: tuple[tuple[float, float], ...] = ()

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

    def plot(self, observable: str | None = None, ax: Any = None, **options: Any) -> Any:
        """Draw the branch; stable solid and wide, unstable dashed and thin. Returns the axes."""
        from continuation.drawing import draw_branch

        return draw_branch(self, observable=observable, ax=ax, **options)

    def save(self, path: str | Path) -> Path:
        """Write the branch to a NetCDF file, complete or not at all."""
        from continuation.storage import save_branch

        return save_branch(self, path)

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
        from continuation.steady_states.equilibria import extend

        return extend(self, max_points)

    def special_point_table(self) -> list[dict[str, Any]]:
        """One record per special point: name, parameters, observables, frequency, coefficients."""
        return [
            {
                "name": p.name,
                **{k: p.parameters[k] for k in self.parameters},
                **p.observables,
                "frequency_Hz": p.frequency,
                **p.coefficients,
                "residual": p.certificate.get("residual"),
            }
            for p in self.special_points
        ]

    def __str__(self) -> str:
        lines = [f"{self.kind} of {self.model.name} in {', '.join(self.parameters)}"]
        for number, piece in enumerate(self.pieces()):
            spans = ", ".join(
                f"{k} {float(piece[k].min()):.6g} .. {float(piece[k].max()):.6g}"
                for k in self.parameters
            )
            lines.append(f"  piece {number + 1}: {piece.sizes['point']} points, {spans}")
            start, end = self.ended[number]
            lines.append(f"    start: {start}; end: {end}")
            lines += [f"    {p}" for p in self.special_points if p.piece == number]
            lines += [f"    {flag}" for flag in flags(self.model, piece)]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from continuation.drawing import html

        return html(self)


def make_dataset(
    follower: Follower, traces: Sequence[Trace], omega_column: bool = False
) -> xr.Dataset:
    """The dataset of a branch from its traces, one per piece."""
    model, n = follower.model, follower.n
    y = np.concatenate([trace.points for trace in traces])
    spectra = np.concatenate([trace.eigenvalues for trace in traces])
    x = y[:, :n] * follower.scale[:n]
    columns: dict[str, Any] = {}
    for k, name in enumerate(follower.names):
        columns[name] = ("point", y[:, n + k] * follower.scale[n + k], {"units": model.unit(name)})
    for k, name in enumerate(model.states):
        columns[name] = ("point", x[:, k], {"units": model.unit(name)})
    for name, values in observe_all(model, follower.free, x, y[:, n:] * follower.scale[n:]).items():
        columns[name] = ("point", values, {"units": model.unit(name)})
    if omega_column:
        omega = np.sqrt(np.maximum(y[:, -1] * follower.scale[-1], 0.0))
        columns["frequency"] = (
            "point", omega / (2 * np.pi) * model.frequency_factor, {"units": "Hz"},
        )  # fmt: skip
    columns["unstable"] = ("point", count_unstable(spectra, follower.problem.critical))
    columns["stable"] = ("point", columns["unstable"][1] == 0)
    columns["eigenvalue_real"] = (("point", "mode"), spectra.real)
    columns["eigenvalue_imag"] = (("point", "mode"), spectra.imag)
    columns["piece"] = ("point", np.repeat(np.arange(len(traces)), [len(t.points) for t in traces]))
    columns["coordinates"] = (("point", "coordinate"), x)
    return xr.Dataset(columns, coords={"coordinate": list(model.state_names)})


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
    """Eigenvalues right of the axis, without the ``critical`` ones of a curve."""
    if critical == 0:
        return np.sum(spectra.real > 0, axis=1)
    if critical == 1:
        order = np.argsort(np.abs(spectra), axis=1)
    else:
        order = np.argsort(np.abs(spectra.real) + 1e3 * (spectra.imag == 0), axis=1)
    rest = np.take_along_axis(spectra, order, axis=1)[:, critical:]
    return np.sum(rest.real > 0, axis=1)


def reasons(trace: Trace, hopf: bool = False) -> tuple[str, str]:
    """Why both ends of a trace stopped, in words."""
    words = []
    for reason, index in ((trace.start, 0), (trace.end, -1)):
        vanished = hopf and abs(trace.points[index, -1]) < 1e-9
        words.append(
            "Bogdanov-Takens point: the frequency vanishes" if vanished else REASONS[reason]
        )
    return words[0], words[1]
