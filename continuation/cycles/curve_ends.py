"""Why curves of bifurcating cycles end, in words."""

from __future__ import annotations

import numpy as np

from continuation.cycles import following as engine
from continuation.cycles.closing import halves_become_alike
from continuation.cycles.conditions import DOUBLING, FOLD, TORUS
from continuation.cycles.orbits import Solver
from continuation.cycles.tracing import ENOUGH, REASONS, TWICE, Trace

_NEAR_RESONANCE = 0.03  # rad: where Newton fails this near, the 1:1 or 1:2 point is why
_GPD = "generalized period doubling (GPD)"
_BIRTHS = {  # where their cycles are of no size
    FOLD: "generalized Hopf", TORUS: "Hopf-Hopf or zero-Hopf", DOUBLING: "resonant Hopf"
}  # fmt: skip


def why_it_ended(solver: Solver, traced: Trace) -> str:
    """Why a curve stopped on one side."""
    at_bound = traced.bound is not None and traced.bound[0] == 3
    if solver.kind == TORUS and (at_bound or traced.reason == engine.STEP_MIN):
        angle = float(traced.points[-1].orbit.z[3])
        near = np.inf if at_bound else _NEAR_RESONANCE
        if angle < near and halves_become_alike(traced.points):
            return _twice(solver, traced, "1:2 resonance (R2) or fold-flip (LPPD)")
        if min(angle, np.pi - angle) < near:
            return "1:1 resonance (R1)" if angle < np.pi / 2 else "1:2 resonance (R2)"
    if traced.reason == engine.SHRUNK or (traced.reason == ENOUGH and solver.kind == FOLD):
        return f"the cycle shrank to a {_BIRTHS.get(solver.kind, 'Hopf')} point"
    if traced.reason == TWICE:
        tori = solver.kind == TORUS
        return _twice(solver, traced, "flip of a torus (PDNS)" if tori else _GPD)
    return traced.words


def _twice(solver: Solver, traced: Trace, where: str) -> str:
    """That doubled cycles end at a cycle with the multiplier -1, and next to which."""
    values = traced.points[-1].orbit.z[1:3]
    place = ", ".join(f"{k} = {v:.4g}" for k, v in zip(solver.names, values, strict=True))
    return f"{REASONS[TWICE]}, at a {where} next to {place}"
