"""Where to look for the equilibria of a model whose states declare no ranges."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import sympy

from dynsys.definition import symbol
from dynsys.errors import DynsysError
from dynsys.simulation import Tolerance, simulate
from dynsys.vector_field import VectorField

_DURATION, _SAMPLES = 100.0, 500  # of the model's own run, in its time unit
_MOST_STEPS = 200_000  # of it: where the model is stiff, the first of the way must do
_MARGIN = 0.25  # of the width found, on each side


def with_search_ranges(model: VectorField) -> VectorField:
    """The model with a range for every state that declares none.

    The range holds the initial value, the path of a run from there, and every value at which the
    state meets a parameter or a number in the equations (the -35 of ``v + 35``, the ``ena`` of
    ``v - ena``), widened by a quarter. A range that a state declares is kept.
    """
    bare = [k for k, s in model.states.items() if s.range is None]
    if not bare:
        return model
    path = _path(model)
    values = {symbol(k): sympy.Float(v) for k, v in model.parameters.items()}
    met = _meetings(model, values)
    sizes = dict(zip(model.states, model.sizes.tolist(), strict=True))
    ranges = {}
    for label in bare:
        initial, size = model.states[label].initial, sizes[label]
        known = [initial - size, initial + size]
        known += [v for v in (*path.get(label, ()), *met[label]) if np.isfinite(v)]
        low, high = min(known), max(known)
        margin = _MARGIN * (high - low)
        ranges[label] = (low - margin, high + margin)
    return model.with_ranges(**ranges)


def guessed_ranges(model: VectorField) -> str:
    """Where states without a range were looked for, in words; nothing where all have one."""
    bare = [k for k, s in model.states.items() if s.range is None]
    ranges = with_search_ranges(model).states if bare else {}
    found = [(k, ranges[k].range) for k in bare]
    places = ", ".join(f"{k} from {r[0]:.3g} to {r[1]:.3g}" for k, r in found if r is not None)
    return f" (without a range of their own: {places})" if places else ""


def _path(model: VectorField) -> dict[str, tuple[float, float]]:
    """State -> least and largest value of a run; nothing where the run fails at once."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a run that explodes still shows where it came through
            run = simulate(
                model, _DURATION, record="states", sample=_DURATION / _SAMPLES, inputs={}, noise={},
                method="adaptive", tolerance=Tolerance(most_steps=_MOST_STEPS),
            )  # fmt: skip
    except DynsysError:
        return {}
    sizes = dict(zip(model.states, model.sizes.tolist(), strict=True))
    result = {}
    for label in model.states:
        seen = run[label].values
        size = 1e3 * sizes[label]
        seen = seen[np.isfinite(seen) & (np.abs(seen) < max(size, 1e3))]
        if seen.size:
            result[label] = (float(seen.min()), float(seen.max()))
    return result


def _meetings(model: VectorField, values: dict) -> dict[str, list[float]]:
    """State -> where sums such as ``v - ena`` vanish, at the model's parameter values."""
    named: dict = dict(values)
    for label, definition in model.definitions.items():
        plain = definition.xreplace(values)
        if plain.is_number:
            named[symbol(label)] = plain
    result: dict[str, list[float]] = {k: [] for k in model.states}
    for expression in (*model.equations.values(), *model.definitions.values()):
        for part in sympy.preorder_traversal(expression):
            if isinstance(part, sympy.Add):
                for label, value in _zeros(part.xreplace(named), result):
                    result[label].append(value)
    return result


def _zeros(part: sympy.Expr, states: dict[str, list[float]]) -> Iterator[tuple[str, float]]:
    """The value of a state, times a number, that balances the other term, a number."""
    used = [s for s in part.free_symbols if s.name in states]
    if len(used) != 1 or part.free_symbols != set(used) or len(part.args) != 2:
        return
    slope = sympy.diff(part, used[0])
    if slope.is_number and slope != 0:
        yield used[0].name, float(-part.subs(used[0], 0) / slope)
