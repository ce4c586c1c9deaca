"""Models with conserved sums on the level set of a start, where their equilibria are isolated."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynsys.conservation import ConservedSum, conserved_sums, words
from dynsys.definition import Parameter
from dynsys.errors import ModelError
from dynsys.vector_field import VectorField

_SAME = 1e-9  # difference of factors found at two places


@dataclass(frozen=True)
class LevelSet:
    """A ``whole`` model whose ``sums`` keep their values, and its ``model`` there.

    ``model`` lacks one state for every sum, which is a definition instead; the values of the sums
    are its parameters ``names``, so that a level can be changed, or continued in.
    """

    whole: VectorField
    model: VectorField
    sums: tuple[ConservedSum, ...]
    names: tuple[str, ...]

    def at(self, x: np.ndarray) -> VectorField:
        """The model on the level set of a state (n_physical,) or (n,) of the whole one."""
        physical = np.asarray(x, float)[: self.whole.physical_dimension]
        values = (float(s.factors @ physical) for s in self.sums)
        return self.model.with_parameters(**dict(zip(self.names, values, strict=True)))

    def inside(self, x: np.ndarray) -> np.ndarray:
        """The states that are left, of a state (n_physical,) or (n,) of the whole model."""
        here = dict(zip(self.whole.states, np.asarray(x, float).tolist(), strict=False))
        return np.array([here[name] for name in self.model.states])

    def outside(self, x: np.ndarray, model: VectorField) -> np.ndarray:
        """The whole state (n,) of a state on the level set of ``model``."""
        known = dict(zip(model.states, np.asarray(x, float).tolist(), strict=False))
        rows = np.array([s.factors for s in self.sums])
        missing = [k for k, name in enumerate(self.whole.states) if name not in known]
        physical = np.array([known.get(name, 0.0) for name in self.whole.states])
        levels = np.array([model.parameters[name] for name in self.names])
        physical[missing] = np.linalg.solve(rows[:, missing], levels - rows @ physical)
        return self.whole.fill_lines(physical)

    def __str__(self) -> str:
        kept = ", ".join(
            f"{s} = {self.model.parameters[name]:.9g} (parameter {name!r})"
            for s, name in zip(self.sums, self.names, strict=True)
        )
        out = ", ".join(k for k in self.whole.states if k not in self.model.states)
        return (
            f"{', '.join(map(str, self.sums))} {'is' if len(self.sums) == 1 else 'are'} conserved "
            f"by {self.whole.name}: it is followed on the level set of the start, {kept}; "
            f"{out} follows from the other states"
        )


def level_set(
    model: VectorField,
    spans: Mapping[str, tuple[float, float]] | None = None,
    start: Sequence[float] | np.ndarray | None = None,
) -> LevelSet | None:
    """The level set of a start (the initial state by default); None where nothing is conserved.

    Where ``spans`` of parameters are given, the sums are to be conserved all over them: those of
    single values are none.

    Raises ModelError where the conserved sums depend on these parameters, so that no level set goes
    on, or where nothing moves.

    Example
    -------
    >>> closed = VectorField("closed", {"x": 0.5, "y": 1.5}, {"k": 2.0},
    ...                      {"x": "y - k*x", "y": "k*x - y"}, time_unit="")
    >>> level_set(closed).model.parameters["conserved"]
    2.0
    """
    random = np.random.default_rng(5)
    _ = model.compiled  # copies at other values have it then
    places = [
        model.with_parameters(**{k: float(random.uniform(*ends)) for k, ends in spans.items()})
        if spans else model
        for _ in range(2)
    ]  # fmt: skip
    first, second = (conserved_sums(place) for place in places)
    if not first or len(first) != len(second):
        return None
    alike = all(
        np.max(np.abs(a.factors - b.factors)) < _SAME for a, b in zip(first, second, strict=True)
    )
    if len(first) == len(model.states):
        raise ModelError(words(model))
    if not alike:
        raise ModelError(
            f"what {model.name} conserves depends on {', '.join(spans or ())}, so that no level "
            f"set goes on along it: {words(model) or words(places[0])}"
        )
    names = _names(model, len(first))
    found = LevelSet(model, _reduced(model, first, names), first, names)
    whole = model.initial_state() if start is None else model._full(start)
    return LevelSet(model, found.at(whole), first, names)


def on_level_set(model: VectorField, spans: Mapping[str, tuple[float, float]]) -> VectorField:
    """The model on the level set of its initial state, which is warned of; else the model."""
    level = level_set(model, spans)
    if level is None:
        return model
    warnings.warn(str(level), stacklevel=3)
    return level.model


def _names(model: VectorField, count: int) -> tuple[str, ...]:
    """Names of the sums' values that the model does not use."""
    taken = {*model.states, *model.parameters, *model.definitions, *model.observables}
    taken |= {*model.tables}
    found = ["conserved"] if count == 1 else [f"conserved_{k + 1}" for k in range(count)]
    while taken & set(found):
        found = [f"{name}_" for name in found]
    return tuple(found)


def _reduced(
    model: VectorField, sums: tuple[ConservedSum, ...], names: tuple[str, ...]
) -> VectorField:
    """The model with one state less for every sum."""
    left_out = {s.state_to_leave_out()[0]: (s, k) for s, k in zip(sums, names, strict=True)}
    kept: dict[str, Any] = {k: v for k, v in model.states.items() if k not in left_out}
    parameters = dict(model.declared_parameters) | {
        name: Parameter(s.value, meaning=f"{s}, which nothing changes")
        for s, name in zip(sums, names, strict=True)
    }
    reduced = VectorField(
        model.name, kept, parameters,
        {k: e for k, e in model.equations.items() if k in kept},
        definitions={**model.definitions, **{k: _text(k, *v) for k, v in left_out.items()}},
        observables=model.observables, tables=model.tables, time_unit=model.time_unit,
        source=model.source, meaning=model.meaning, attractors=model.attractors,
        delay_order=model.delay_order, inputs=model.inputs,
        noise={k: e for k, e in model.noise.items() if k in kept}, run=model.run,
        notes=model.notes,
    )  # fmt: skip
    return reduced.with_parameters(**model.parameters)


def _text(state: str, total: ConservedSum, name: str) -> str:
    """The state that a sum determines, as an expression."""
    factors = dict(zip(total.states, total.factors.tolist(), strict=True))
    own = factors.pop(state)
    rest = "".join(f" - ({f / own!r})*{k}" for k, f in factors.items() if f)
    return f"{name}/({own!r}){rest}"
