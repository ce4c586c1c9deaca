"""A computed branch's problem again: its follower, its points as unknowns, its borders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from continuation.engine.borders import hopf_borders, null_vectors
from continuation.engine.branch_point_problem import BRANCH_POINT, KINDS
from continuation.engine.following import Follower
from continuation.engine.problems import EQUILIBRIUM, FOLD, HOPF
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import Branch
from continuation.steady_states.branch_point_curves import branch_point_start, set_borders
from continuation.steady_states.curves import fold_start, hopf_start

Start = Callable[..., tuple[Follower, np.ndarray]]


def follower_of(branch: Branch) -> Follower:
    """A follower of the branch's problem, its borders set at one of the branch's points."""
    names = branch.parameters
    if branch.kind == "equilibria":
        return Follower(branch.model, EQUILIBRIUM, dict(branch.spans), branch.settings)
    starts: dict[str, tuple[str, Start]] = {
        "fold curve": ("LP", fold_start),
        "hopf curve": ("H", hopf_start),
        **dict.fromkeys(KINDS, ("BP", branch_point_start)),
    }
    label, start = starts[branch.kind]
    middle = len(branch) // 2
    row = branch.data.isel(point=middle)
    values = {k: float(row[k]) for k in names}
    model = branch.model.with_parameters(**values)
    state = branch.states()[middle]
    point = SpecialPoint(
        label=label,
        state=state, parameters=dict(model.parameters), model=model, free=tuple(names),
        eigenvalues=np.linalg.eigvals(model.jacobian(state)),
        frequency=float(row["frequency"]) if "frequency" in row else None,
    )  # fmt: skip
    return start(point, (names[0], names[1]), branch.spans, branch.settings)[0]


def scaled_points(branch: Branch, follower: Follower) -> list[np.ndarray]:
    """Scaled unknowns of every piece."""
    result = []
    for piece in branch.pieces():
        columns = [piece["coordinates"].values, *(piece[k].values[:, None] for k in follower.names)]
        if follower.problem is BRANCH_POINT:
            columns.append(piece["unfolding"].values[:, None])
        elif follower.problem.extra:
            omega = 2 * np.pi * piece["frequency"].values / follower.model.frequency_factor
            columns.append(omega[:, None] ** 2)
        result.append(np.concatenate(columns, axis=1) / follower.scale)
    return result


def set_border(follower: Follower, y: np.ndarray) -> None:
    """Borders of the test functions of a curve of bifurcations, at a point near it."""
    if follower.problem is FOLD:
        follower.border[0], follower.border[1] = null_vectors(follower.jacobian(y))
    elif follower.problem is HOPF:
        omega = float(np.sqrt(max(y[-1] * follower.scale[-1], 0.0)))
        hopf_borders(follower.jacobian(y), omega, follower.border)
    elif follower.problem is BRANCH_POINT:
        set_borders(follower, y)
