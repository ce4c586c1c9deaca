"""A model in words: plain text for the terminal, LaTeX for a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import sympy

from dynsys.expressions.printing import to_text

if TYPE_CHECKING:
    from dynsys.definition import Attractors
    from dynsys.vector_field import VectorField

_NO_UNIT = (
    "a unit of its own, so that frequencies are per time unit; time_unit='ms' or 's' declares one"
)


def text(model: VectorField) -> str:
    """States, parameters, equations, observables and source of a model as plain text."""
    quantities = {k: tuple(t.quantities) for k, t in model.tables.items()}

    def formulas(given: Mapping[str, sympy.Expr], mark: str) -> list[str]:
        return [f"  {label}{mark} = {to_text(e, quantities)}" for label, e in given.items()]

    unit_of = model.unit
    states = [(k, f"{s.initial:g}", s.unit, s.meaning) for k, s in model.states.items()]
    parameters = [
        (k, f"{v:g}", unit_of(k), model.declared_parameters[k].meaning)
        for k, v in model.parameters.items()
    ]
    observables = [
        (k, to_text(o.expression, quantities), o.unit, o.meaning)
        for k, o in model.observables.items()
    ]
    parts = [f"{model.name}: {model.meaning}" if model.meaning else model.name]
    parts += ["", "States", *_table(states), "", "Parameters", *_table(parameters)]
    parts += ["", f"Equations (time in {model.time_unit or _NO_UNIT})"]
    parts += formulas(model.equations, "'")
    if model.definitions:
        parts += ["with", *formulas(model.definitions, "")]
    parts += ["", "Observables", *_table(observables)]
    if model.lines:
        parts += ["", f"Delays (transport lines of {model.delay_order} Chebyshev nodes)"]
        parts += [f"  {to_text(x.signal)} delayed by {to_text(x.tau)}" for x in model.lines]
    if model.tables:
        parts += ["", "Tables", *(_domain(k, t.domain) for k, t in model.tables.items())]
    if model.inputs:
        parts += ["", "Inputs in simulations (time t)", *formulas(model.inputs, "(t)")]
    if model.noise:
        parts += ["", "White noise in simulations (amplitudes)", *formulas(model.noise, "")]
    if model.sets:
        parts += ["", "Sets of values", *(f"  {k}: {_values(v)}" for k, v in model.sets.items())]
    if model.run:
        parts += ["", f"Simulations by default: {_values(model.run)}"]
    if model.attractors is not None:
        parts += ["", "Attractors", *_words(model.attractors)]
    if model.source:
        parts += ["", f"Source: {model.source}"]
    if model.notes:
        parts += ["", "Notes", *(f"  {note}" for note in model.notes)]
    return "\n".join(parts)


def _values(given: Mapping[str, object]) -> str:
    return ", ".join(f"{k} = {v}" for k, v in given.items())


def _words(rule: Attractors) -> list[str]:
    """ "down < 4 < up" for the bands of the naming observable, and the words for cycles."""
    parts = [rule.names[0]]
    for border, name in zip(rule.borders, rule.names[1:], strict=False):
        parts += [f"{border:g}", name]
    lines = [f"  equilibria by {rule.observable}: {' < '.join(parts)}"]
    return lines + ([f"  cycles: {', '.join(rule.cycles)}"] if rule.cycles else [])


def _domain(name: str, domain: Mapping[str, tuple[float, float]]) -> str:
    spans = ", ".join(f"{axis} in [{low:g}, {high:g}]" for axis, (low, high) in domain.items())
    return f"  {name}: {spans}"


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [tuple(row) for row in rows]
    if not lines:
        return ["  none"]
    widths = [max((len(row[k]) for row in lines), default=0) for k in range(len(lines[0]))]
    return [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in lines
    ]


def latex(model: VectorField) -> str:
    """The equations and definitions as a LaTeX ``aligned`` block."""
    lines = [
        rf"\frac{{d {sympy.latex(sympy.Symbol(k))}}}{{dt}} &= {sympy.latex(e)}"
        for k, e in model.equations.items()
    ]
    lines += [
        f"{sympy.latex(sympy.Symbol(k))} &= {sympy.latex(e)}" for k, e in model.definitions.items()
    ]
    return "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$"
