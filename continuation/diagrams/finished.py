"""Parts of a diagram that are kept as soon as they are finished (``dynsys.journal``).

Every part has a key, the hash of all it comes from, and a form as plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from continuation.cycles.branch import CycleBranch
from continuation.cycles.curves import CycleCurve
from continuation.cycles.cycle import Cycle
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import Branch
from dynsys.journal import Form, key
from dynsys.vector_field import VectorField

Span = tuple[float, float]


class Kept(NamedTuple):
    """How the results of some tasks are kept: what names a task's result, and their form."""

    key: Callable[[Any], str]
    form: Form[Any]


def lines(settings: Settings, seed: int) -> Kept:
    """Scan lines, by (model on the line, free parameter, span)."""

    def name(task: tuple[VectorField, str, Span]) -> str:
        at, free, span = task
        return key("line", at.digest, dict(at.parameters), free, span, asdict(settings), seed)

    # Its model may be another one: that of a level set, where sums are conserved.
    return Kept(name, Form(Branch.stored, Branch.from_stored))


def curves(model: VectorField, settings: Settings) -> Kept:
    """Curves of equilibria, by (point, parameters, spans, frequency)."""

    def name(task: tuple[SpecialPoint, tuple[str, str], dict[str, Span], float | None]) -> str:
        point, names, spans, omega = task
        values = dict(point.parameters)
        about = [point.label, names, spans, omega, point.omega, values, asdict(settings)]
        # Complex, as they come back from the disk: made, they are real where all of them are.
        spectrum = np.asarray(point.eigenvalues, complex)
        return key("curve", model.digest, about, point.state, spectrum)

    return Kept(name, _of(Branch, model))


def cycles_of_lines(model: VectorField) -> Kept:
    """Families of cycles, by the scan line on which they are born."""

    def name(line: Branch) -> str:
        about = [dict(line.model.parameters), line.spans, line.parameters]
        points = [[p.name, p.omega, dict(p.parameters)] for p in line.special_points]
        return key("cycles", model.digest, about, points, line.states())

    return Kept(name, _several(_of(CycleBranch, model)))


def cycles(model: VectorField, *more: Any) -> Kept:
    """One family of cycles, by (cycle, parameter, span) or (Hopf point, parameter, span, most)."""

    def name(task: tuple[Any, ...]) -> str:
        return key("family", model.digest, *_about(task[0]), list(task[1:]), list(more))

    return Kept(name, _of(CycleBranch, model))


def cycle_curves(model: VectorField, spans: dict[str, Span]) -> Kept:
    """Curves of cycles, by (cycle, kind)."""

    def name(task: tuple[Cycle, int]) -> str:
        return key("cycle curve", model.digest, *_about(task[0]), task[1], spans)

    return Kept(name, _of(CycleCurve, model))


def _about(start: Cycle | SpecialPoint) -> list[Any]:
    """What determines where a cycle or a Hopf point leads."""
    if isinstance(start, SpecialPoint):
        return [start.label, start.omega, dict(start.parameters), start.state]
    orbit, solver = start.orbit, start.solver
    about = [start.label, dict(start.parameters), solver.spans, solver.kind, solver.fixed]
    return [about, orbit.mesh, orbit.u, orbit.z, np.asarray(start.multipliers, complex)]


def _of(kind: Any, model: VectorField) -> Form[Any]:
    return Form(lambda part: part.stored(), partial(_again, kind, model))


def _again(kind: Any, model: VectorField, content: Any) -> Any:
    return kind.from_stored(content, model)


def _several(form: Form[Any]) -> Form[Sequence[Any]]:
    return Form(
        lambda parts: [form.plain(part) for part in parts],
        lambda contents: [form.again(content) for content in contents],
    )
