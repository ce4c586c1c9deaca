"""Equilibria for the living page of a one-parameter diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from continuation.drawing import mark_color
from continuation.engine.problems import EQUILIBRIUM
from continuation.engine.special_points import SpecialPoint
from continuation.explorer.content import PageAxis, base_content, packed, rounded, rounded_list
from dynsys.errors import ModelError
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    from continuation.steady_states.branch import Branch

TOLD = 3  # eigenvalues of every point


def equilibria_content(branch: Branch) -> dict[str, Any]:
    """What the page of a branch of equilibria shows.

    Raises ModelError for curves in two parameters, which belong to a diagram's page.
    """
    if branch.kind != EQUILIBRIUM.name:
        raise ModelError(
            f"a {branch.kind} of {', '.join(branch.parameters)} has no page of its own; "
            "bifurcation_diagram(...).explore(...) shows it in its plane"
        )
    (name,) = branch.parameters
    axis = PageAxis(name, *branch.spans[name], branch.model.unit(name))
    content = base_content(
        branch.model, "line", f"Equilibria of {branch.model.name}", (axis,), rates(branch)
    )
    return content | {
        "x": axis._asdict(),
        "branches": pieces(branch),
        "families": [],
        "points": [told_point(point, name) for point in branch.special_points],
    }


def rates(branch: Branch) -> list[float]:
    """How fast the stable equilibria of a branch are approached, per time unit."""
    stable = branch.data["stable"].values
    return np.max(branch.data["eigenvalue_real"].values[stable], axis=1, initial=-np.inf).tolist()


def pieces(branch: Branch) -> list[dict[str, Any]]:
    """The connected pieces of a branch of equilibria."""
    return [_piece(branch.model, branch.parameters[0], piece) for piece in branch.pieces()]


def _piece(model: VectorField, name: str, piece: xr.Dataset) -> dict[str, Any]:
    return {
        "p": rounded_list(piece[name].values, 8),
        "stable": piece["stable"].values.tolist(),
        "values": {k: rounded_list(piece[k].values) for k in model.observables},
        "states": packed(piece["coordinates"].values[:, : len(model.states)]),
        "eigenvalues": [
            largest(real, imaginary, real)
            for real, imaginary in zip(
                piece["eigenvalue_real"].values, piece["eigenvalue_imag"].values, strict=True
            )
        ],
    }


def largest(real: np.ndarray, imaginary: np.ndarray, size: np.ndarray) -> list[list[float | None]]:
    """The numbers of largest ``size`` as [real, imaginary]."""
    order = np.argsort(-size, kind="stable")[:TOLD]
    return [[rounded(real[k], 4), rounded(imaginary[k], 4)] for k in order]


def told_point(point: SpecialPoint, parameter: str) -> dict[str, Any]:
    """A special point: its place for every observable, and what it is."""
    return {
        "name": point.name,
        "x": float(point.parameters[parameter]),
        "values": {k: rounded(v) for k, v in point.observables.items()},
        "parameters": {parameter: float(point.parameters[parameter])},
        "color": mark_color(point.label),
        "words": str(point).removeprefix(point.name).strip(),
    }
