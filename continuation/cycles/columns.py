"""Branches and curves of cycles as columns over their points."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from continuation.cycles.counts import Spectra, undetermined
from continuation.cycles.delay_errors import delay_error
from continuation.cycles.extrema import extrema_of_orbits
from continuation.cycles.multipliers import complex_values
from continuation.cycles.orbits import DEGREE, Orbit, Point, Solver
from dynsys.vector_field import VectorField

RESOLVED = 1e-3  # distance of a curve's own multipliers from their places beyond which others tell
# nothing
NOTABLE = 1e-6  # error of delayed signals beyond which it is printed


def make_dataset(
    solver: Solver,
    points: Sequence[Point],
    spectra: Spectra | None = None,
    unstable: np.ndarray | None = None,
    still: int = 0,
) -> xr.Dataset:
    """Columns over the points of a branch or curve of cycles.

    ``spectra`` are their multipliers, of which (k,) are ``unstable``, where they are known from the
    whole branch, and ``still`` ones are 1 everywhere.
    """
    model, orbits = solver.model, [p.orbit for p in points]
    spectra = Spectra.of(points) if spectra is None else spectra
    unstable = spectra.clearly_unstable if unstable is None else unstable
    doubt = spectra.undetermined
    if still:  # rounding of size e moves multipliers that are double 1 by its square root
        more = spectra.log10.shape[1] > still
        doubt = more & undetermined(spectra.trivial**2, spectra.clearly_unstable)
    # What delay lines leave of them is not known here, but by each cycle (``own_past``).
    errors = np.full_like(spectra.error, np.nan) if model.lines else spectra.error
    found, unknowns = complex_values(spectra.log10, spectra.angle), np.array([o.z for o in orbits])
    columns: dict[str, Any] = {
        name: ("point", unknowns[:, 1 + k].copy(), {"units": model.unit(name)})
        for k, name in enumerate(solver.names)
    }
    columns |= {
        "period": ("point", unknowns[:, 0].copy(), {"units": model.time_unit}),
        "frequency": (
            "point", model.frequency_factor / unknowns[:, 0], {"units": model.frequency_unit},
        ),
        "unstable": ("point", unstable),
        "stable": ("point", (unstable == 0) & (still == 0) & ~spectra.lost),
        "neutral": ("point", (unstable == 0) & (still > 0) & ~doubt),
        "undetermined": ("point", doubt),
        "trivial_error": ("point", spectra.trivial),
        "intervals": ("point", [o.intervals for o in orbits]),
        **_delay_column(solver, orbits),
        "multiplier_real": (("point", "mode"), found.real),
        "multiplier_imag": (("point", "mode"), found.imag),
        "multiplier_log10": (("point", "mode"), spectra.log10),
        "multiplier_angle": (("point", "mode"), spectra.angle),
        "multiplier_error": (("point", "mode"), errors),
    }  # fmt: skip
    ends = extrema_along(solver, orbits)
    for k, name in enumerate(model.observables):
        unit = {"units": model.unit(name)}
        columns[f"min_{name}"] = ("point", ends[:, 0, k], unit)
        columns[f"max_{name}"] = ("point", ends[:, 1, k], unit)
    return xr.Dataset(columns)


def _delay_column(solver: Solver, orbits: Sequence[Orbit]) -> dict[str, Any]:
    """The errors of delayed signals, for models that have them."""
    if not solver.model.lines:
        return {}
    return {"delay_error": ("point", [delay_error(solver, orbit) for orbit in orbits])}


def delay_words(data: xr.Dataset, model: VectorField) -> list[str]:
    """A line on what delay lines cost, where it is worth one."""
    worst = float(data["delay_error"].max()) if "delay_error" in data else 0.0
    if worst <= NOTABLE:
        return []
    return [
        f"  delay lines of {model.delay_order} nodes: delayed signals to {worst:.0e} of their "
        "range; each cycle tells how far its multipliers are known, small ones less than large "
        "ones (CycleSettings.delay_error, model.with_delay_order)"
    ]


def hidden_words(data: xr.Dataset) -> list[str]:
    """A line on cycles of a curve that have not its multipliers, as rounding hides them."""
    if "critical_error" not in data:
        return []
    errors, name = data["critical_error"].values, str(next(iter(data.data_vars)))
    lost = errors > RESOLVED
    if not lost.any():
        return []
    values = data[name].values[lost]
    return [
        f"  on {lost.sum()} of them, {name} = {values.min():.6g} .. {values.max():.6g}, the "
        f"multipliers of the curve are off their places by up to {errors.max():.0e}: others are "
        "not known there, and no special cycles are looked for"
    ]


def extrema_along(solver: Solver, orbits: Sequence[Orbit]) -> np.ndarray:
    """Smallest and largest value (k, 2, o) of every observable along orbits."""
    compiled = solver.model.compiled
    p = np.tile(solver.model.parameter_array(), (len(orbits), 1))
    for row, orbit in zip(p, orbits, strict=True):
        row[solver.free] = orbit.z[1 : 1 + len(solver.names)]
    found = []
    for _, group in itertools.groupby(enumerate(orbits), lambda entry: entry[1].intervals):
        places, alike = zip(*group, strict=True)
        out = np.empty((len(alike), 2, len(solver.model.observables)))
        extrema_of_orbits(
            compiled.observables, compiled.tables, p[places[0] : places[-1] + 1], solver.scale,
            np.array([o.mesh for o in alike]), np.array([o.u for o in alike]), DEGREE, out,
        )  # fmt: skip
        found.append(out)
    return np.concatenate(found)
