"""Zeros where the field jumps or bends: states held as by dry friction, ends of intervals of rest,
zeros that a bend makes stable from one side only, zeros with an infinite slope.

Newton's method meets them, since a state beside a jump is a zero to rounding, and the Jacobian at
the end of an interval may be that outside of it. No branch leads through them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import sympy

from continuation.engine.breaks import break_between
from continuation.engine.field import jacobians, rates
from continuation.steady_states.continua import (
    AWAY,
    Continuum,
    field_size,
    rest_beside,
    slope_size,
)
from dynsys.expressions.symbols import symbol
from dynsys.vector_field import VectorField

_BESIDE = 1e-7  # scaled distance to both sides of a state
_NEARER = 1e-9  # and a shorter one, between which slopes of infinite ones grow so often:
_GROWING = 5.0  # the square root's 10 times, the cube root's 22 times
_STEEP = 100.0  # of the largest slopes in the box
_JUMPED = 100.0 * 2.0 * _BESIDE  # of a slope: what changes more between both sides may jump
_JUMP = 1e-3  # of the field's size, between both sides
_BEND = 1e-2  # of the Jacobian's largest entry, between both sides
_JUMPING = (sympy.sign, sympy.floor, sympy.Heaviside, sympy.Piecewise)
_BENDING = (*_JUMPING, sympy.Abs, sympy.Max, sympy.Min)
_met: WeakKeyDictionary[VectorField, frozenset[type]] = WeakKeyDictionary()  # of a model's family
_SEGMENTS = 32  # between random states, on which a jump is looked for
_NOUGHT = 1e-9  # of a scale: as near to a place as its search comes
_UNSOUGHT = (
    "states that a jump holds are neither sought nor followed; a steep smooth function, as tanh, "
    "in place of the jump has equilibria"
)


@dataclass(frozen=True)
class Jump:
    """A zero ``state`` (n,) on a jump of the field across ``name``; ``interval``: states beside it
    are held by the jump as well."""

    model: VectorField
    state: np.ndarray
    name: str
    interval: bool

    def __str__(self) -> str:
        rest = (
            "a whole interval of states is at rest there, as with dry friction"
            if self.interval
            else "what is at rest there is held by the jump alone"
        )
        return (
            f"the field of {self.model.name} jumps across {self.name} at "
            f"{place_of(self.model, self.state)}: {rest}. {_UNSOUGHT[0].upper()}{_UNSOUGHT[1:]}"
        )


@dataclass(frozen=True)
class Bend:
    """A zero ``state`` (n,) at which the field bends across ``name``, its slope of two signs."""

    model: VectorField
    state: np.ndarray
    name: str

    def __str__(self) -> str:
        return (
            f"the field of {self.model.name} bends across {self.name} at "
            f"{place_of(self.model, self.state)}: its linear part has one sign on one side and the "
            "other on the other, as at the zero of abs(x), which is neither stable nor unstable "
            "nor followed"
        )


@dataclass(frozen=True)
class Steep:
    """An equilibrium ``state`` (n,) at which the slope of the field across ``name`` is infinite."""

    model: VectorField
    state: np.ndarray
    name: str

    def __str__(self) -> str:
        return (
            f"the slope of the field of {self.model.name} is infinite across {self.name} at the "
            f"equilibrium {place_of(self.model, self.state)}, as that of a cube root at 0: it has "
            "no linear part, which tells stability and where a branch leads"
        )


@dataclass(frozen=True)
class Step:
    """A ``place`` (n,) in the states' ranges at which the field of a model jumps."""

    model: VectorField
    place: np.ndarray

    def __str__(self) -> str:
        at = ", ".join(
            f"{k} = {v:.4g}" for k, v in zip(self.model.states, self.place, strict=False)
        )
        return f"the field of {self.model.name} jumps, as at {at}: {_UNSOUGHT}"


def place_of(model: VectorField, state: np.ndarray) -> str:
    """A state in words, rounded, with the values of the parameters."""
    rounded = np.where(np.abs(state) < _NOUGHT * model.scales, 0.0, state)
    at = ", ".join(f"{k} = {v:.4g}" for k, v in zip(model.states, rounded, strict=False))
    return f"{at} ({', '.join(f'{k} = {v:g}' for k, v in model.parameters.items())})"


def with_steps(notes: Sequence[str], model: VectorField) -> list[str]:
    """What a search left out; where it says nothing, that the field jumps, if it does."""
    step = None if notes else step_met(model)
    return [*notes] if step is None else [str(step)]


def step_met(model: VectorField) -> Step | None:
    """A place at which the field jumps between random states of their ranges; None where it does
    not, or where nothing in its expressions can jump."""
    if not _has(model, *_JUMPING):
        return None
    low, high = model.state_box()
    unit = np.random.default_rng(4).random((_SEGMENTS, 2, len(low)))
    for a, b in low + (high - low) * unit:
        place = break_between(lambda x: model.rhs(x) / model.scales, *model.fill_lines([a, b]))
        if place is not None:
            return Step(model, np.where(np.abs(place) < _NOUGHT * model.scales, 0.0, place))
    return None


def irregular(model: VectorField, x: np.ndarray) -> Jump | Continuum | Bend | Steep | None:
    """The jump, the end of a curve of equilibria, the bend with slopes of both signs, or the
    infinite slope, at a zero (n,); None at an equilibrium."""
    for i in _suspicious(model, x):
        below, above = _sides(model, x, i)
        if _jumps(model, x, below, above):
            beside = [
                x + side * AWAY * step
                for j, step in enumerate(np.diag(model.scales)[: model.physical_dimension])
                if j != i
                for side in (1.0, -1.0)
            ]
            held = any(_held(model, y, i) for y in beside)
            return Jump(model, x, model.state_names[i], held)
        if _bends(model, below, above):
            end = _end_of_interval(model, x)
            if end is not None:
                return end
            if _turns(model, x, below, above) and not _bounded(model, x, i):
                return Bend(model, x, model.state_names[i])
        if _is_steep(model, x, i):
            return Steep(model, x, model.state_names[i])
    return None


def _suspicious(model: VectorField, x: np.ndarray) -> list[int]:
    """The states across which a zero may be any of these, all looked at together: nearly always
    there is none."""
    count, scale = model.physical_dimension, model.scales
    ways = np.diag(scale)[:count]
    near, far = _NEARER * ways, _BESIDE * ways
    with np.errstate(invalid="ignore", over="ignore"):  # where the field ends it has no value
        slopes = jacobians(model, np.concatenate([x[None], x - far, x + far, x - near, x + near]))
        changes = np.abs(rates(model, x + far) - rates(model, x - far)) / scale
        here = np.max(np.abs(slopes[0] * scale[None, :] / scale[:, None]), axis=1)
        jump = np.any(changes > _JUMPED * here, axis=1)
        sides = slopes[1:].reshape(4, count, len(x), len(x))
        largest = np.max(np.abs(sides[:2]), axis=(0, 2, 3))
        bend = np.max(np.abs(sides[0] - sides[1]), axis=(1, 2)) > _BEND * largest
        own = np.max(np.abs(np.diagonal(sides, axis1=1, axis2=3)) / scale[:, None], axis=1)
        known, grown = (np.fmax.reduce([np.zeros(count), *pair]) for pair in (own[:2], own[2:]))
    return np.flatnonzero(jump | bend | (grown > _GROWING * known)).tolist()


def may_bend(model: VectorField) -> bool:
    """Whether a model's expressions can bend as its states change."""
    return _has(model, *_BENDING)


def _has(model: VectorField, *functions: type[sympy.Function]) -> bool:
    """Whether a function of these is met whose argument changes with the states."""
    return any(issubclass(met, functions) for met in _functions_of_states(model))


def _functions_of_states(model: VectorField) -> frozenset[type]:
    """The kinds of functions whose arguments change with the states, at any parameter values."""
    family = model.unvalued or model
    if family not in _met:
        moving = {symbol(name) for name in model.states}
        waiting = dict(model.definitions)
        while reached := [name for name, e in waiting.items() if e.free_symbols & moving]:
            moving |= {symbol(name) for name in reached}
            for name in reached:
                del waiting[name]
        expressions = (*model.equations.values(), *model.definitions.values())
        _met[family] = frozenset(
            type(f)
            for e in expressions
            for f in e.atoms(*_JUMPING, *_BENDING)
            if f.free_symbols & moving
        )
    return _met[family]


def bend_at(model: VectorField, x: np.ndarray) -> str | None:
    """The state across which the field bends at a zero (n,), its linear parts on both sides with
    determinants of two signs; None where it does not."""
    if not may_bend(model):
        return None
    for i in range(model.physical_dimension):
        sides = _sides(model, x, i, _NEARER)
        if _bends(model, *sides) and _turns(model, x, *sides) and not _bounded(model, x, i):
            return model.state_names[i]
    return None


def _sides(
    model: VectorField, x: np.ndarray, i: int, away: float = _BESIDE
) -> tuple[np.ndarray, np.ndarray]:
    step = np.zeros(len(x))
    step[i] = away * model.scales[i]
    return x - step, x + step


def _jumps(model: VectorField, x: np.ndarray, below: np.ndarray, above: np.ndarray) -> bool:
    changes = np.abs(model.rhs(above) - model.rhs(below)) / model.scales
    slopes = model.jacobian(x) * model.scales[None, :] / model.scales[:, None]
    steep = changes > _JUMPED * np.max(np.abs(slopes), axis=1)
    return bool(np.any(steep)) and bool(np.any(steep & (changes > _JUMP * field_size(model))))


def _held(model: VectorField, x: np.ndarray, i: int) -> bool:
    """Whether the fields on both sides of a jump across state ``i`` push a state into it, and
    nothing else moves."""
    below, above = (model.rhs(y) for y in _sides(model, x, i))
    rates = np.abs(np.array([below, above]) / model.scales)
    still = np.all(np.delete(rates <= 10.0 * _BESIDE * field_size(model), i, axis=1))
    return bool(still and below[i] >= 0.0 >= above[i])


def _bends(model: VectorField, below: np.ndarray, above: np.ndarray) -> bool:
    a, b = model.jacobian(below), model.jacobian(above)
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        return False
    return bool(np.max(np.abs(a - b)) > _BEND * max(np.max(np.abs(a)), np.max(np.abs(b))))


def _turns(model: VectorField, x: np.ndarray, below: np.ndarray, above: np.ndarray) -> bool:
    """Whether the Jacobians on both sides of a zero have determinants of two signs, by a bend and
    not since both almost vanish, as beside a double zero."""
    if np.any(np.abs(model.rhs(x) / model.scales) > 10.0 * _BESIDE * field_size(model)):
        return False  # beside an infinite slope Newton's steps vanish where the field does not
    a, b = model.jacobian(below), model.jacobian(above)
    change = np.max(np.abs(a - b) * model.scales[None, :] / model.scales[:, None], axis=1)
    return bool(
        np.any(change > _BEND * slope_size(model))
        and np.linalg.slogdet(a)[0] * np.linalg.slogdet(b)[0] < 0
    )


def _is_steep(model: VectorField, x: np.ndarray, i: int) -> bool:
    """Whether the slopes by state ``i`` grow without end towards a zero, and are large already."""
    near, far = (_slope(model, _sides(model, x, i, away), i) for away in (_NEARER, _BESIDE))
    return near > _GROWING * far and near > _STEEP * float(np.max(slope_size(model)))


def _slope(model: VectorField, places: tuple[np.ndarray, np.ndarray], i: int) -> float:
    """The largest scaled slope by state ``i`` at two places; where the field ends, at the other."""
    slopes = [np.max(np.abs(model.jacobian(y)[:, i] / model.scales)) for y in places]
    return float(np.nanmax([0.0, *slopes])) * float(model.scales[i])


def _bounded(model: VectorField, x: np.ndarray, i: int) -> bool:
    """Whether a state cannot go below its value here: only one side counts."""
    lowest = list(model.states.values())[i].lowest
    return lowest is not None and bool(x[i] <= lowest + _BESIDE * model.scales[i])


def _end_of_interval(model: VectorField, x: np.ndarray) -> Continuum | None:
    size = field_size(model)
    for direction in np.eye(len(x))[: model.physical_dimension]:
        end = rest_beside(model, x, direction, size)
        if end is not None:
            return Continuum(model, end, direction)
    return None
