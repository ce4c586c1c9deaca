"""What a model is made of: states, parameters, observables, and how their expressions are read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import sympy

from dynsys import checks
from dynsys.errors import ModelError, unknown_name
from dynsys.expressions.reading import read_expression
from dynsys.expressions.symbols import symbol
from dynsys.tables import SmoothTable

Expression: TypeAlias = Any  # str, float or sympy.Expr; SymPy carries no types


@dataclass(frozen=True)
class State:
    """A state variable: where searches start, its usual range, its unit and its meaning.

    Equilibria below ``lowest`` are none: a rate, for instance, cannot be negative.
    """

    initial: float
    range: tuple[float, float] | None = None
    unit: str = ""
    meaning: str = ""
    lowest: float | None = None

    @property
    def scale(self) -> float:
        """Typical size: half the range, or the initial value, at least what keeps it finite."""
        if self.range is not None:
            return (self.range[1] - self.range[0]) / 2
        return max(abs(self.initial), 1.0)

    def span(self, size: float) -> tuple[float, float]:
        """The range; without one ``size`` to both sides of the initial value, not below
        ``lowest``."""
        if self.range is not None:
            return self.range
        low = self.initial - size
        if self.lowest is not None:
            low = min(max(low, self.lowest), self.initial)
        return low, self.initial + size


@dataclass(frozen=True)
class Parameter:
    """A parameter: default, unit, one-line meaning; ``positive`` ones refuse values <= 0.

    ``capacitance`` (pF) tells, for an input in mV/ms, which current in pA it stands for.
    """

    value: float
    unit: str = ""
    meaning: str = ""
    positive: bool = False
    capacitance: float | None = None


@dataclass(frozen=True)
class Observable:
    """Something a user looks at: an expression in states and parameters, with unit and meaning.

    ``valid`` is the range outside which predictions mean nothing, ``beyond`` the reason; results
    flag what leaves it.
    """

    expression: Expression
    unit: str = ""
    meaning: str = ""
    valid: tuple[float, float] | None = None
    beyond: str = ""


@dataclass(frozen=True)
class Attractors:
    """How a model's field names its attractors.

    Equilibria by which band an observable falls in: ``names`` has one word more than ``borders``,
    below the first border, between, above the last. Cycles by what carries them: ``cycles`` has
    the word for those that go on when the state ``slow`` is frozen, and for those that do not.
    """

    observable: str
    borders: tuple[float, ...]
    names: tuple[str, ...]
    slow: str = ""
    cycles: tuple[str, ...] = ()

    def name(self, value: float) -> str:
        return self.names[int(np.searchsorted(self.borders, value))]


class Reader:
    """Reads the expressions of one model, whose names it knows."""

    def __init__(self, owner: str, names: list[str], tables: Mapping[str, SmoothTable]) -> None:
        self.owner = owner
        self.symbols = {name: symbol(name) for name in names}
        self.tables = tables

    def __call__(self, label: str, expression: Expression) -> sympy.Expr:
        owner = f"{self.owner}, expression of {label}"
        return read_expression(expression, self.symbols, self.tables, owner)

    def mapping(self, given: Mapping[str, Expression]) -> Mapping[str, sympy.Expr]:
        return MappingProxyType({k: self(k, v) for k, v in given.items()})

    def observables(
        self, given: Mapping[str, Observable | Expression], states: Mapping[str, State]
    ) -> Mapping[str, Observable]:
        """Observables with their expressions read; the states where none are given."""
        if not given:
            given = {k: Observable(symbol(k), s.unit, s.meaning) for k, s in states.items()}
        result = {}
        for label, item in given.items():
            whole = item if isinstance(item, Observable) else Observable(item)
            check_observable(f"{self.owner}, observable {label}", whole)
            result[label] = replace(whole, expression=self(label, whole.expression))
        return MappingProxyType(result)


def declarations(owner: str, kind: Any, given: Any, what: str, example: str) -> dict[str, Any]:
    """States or parameters as such: plain numbers are their initial values and defaults."""
    values = checks.mapping(f"{owner}: {what}", given, example)
    return {
        k: v if isinstance(v, kind) else kind(checks.number(f"{owner}: the value of {k}", v))
        for k, v in values.items()
    }


def check_model_name(name: str) -> None:
    """A model's name is also that of files and modules: letters, digits and underscores only."""
    if not isinstance(name, str) or not name.isidentifier():
        raise ModelError(f"{name!r} cannot name a model; use letters, digits and underscores")


def check_names(
    owner: str, states: Mapping[str, State], parameters: Mapping[str, Parameter], *others: Mapping
) -> None:
    if not states:
        raise ModelError(f"{owner} has no states; give at least one")
    seen: dict[str, str] = {}
    kinds = ("state", "parameter", "definition", "table")
    for kind, names in zip(kinds, (states, parameters, *others), strict=True):
        for label in names:
            if not isinstance(label, str) or not label.isidentifier():
                raise ModelError(f"{owner}: {label!r} cannot name a {kind}; use an identifier")
            if label in seen:
                raise ModelError(f"{owner}: {label!r} is both a {seen[label]} and a {kind}")
            seen[label] = kind


def check_known(
    given: Mapping[str, Any], known: Collection[str], kind: str, owner: str
) -> Mapping[str, Any]:
    """``given`` back; UnknownNameError for a name that is none of ``known``."""
    for label in given:
        if label not in known:
            raise unknown_name(kind, label, known, owner)
    return given


def check_texts(owner: str, given: Any, *names: str) -> None:
    """ModelError where one of these attributes is no text."""
    for name in names:
        checks.text(f"{owner}: {name}", getattr(given, name))


def check_observable(owner: str, given: Observable) -> None:
    check_texts(owner, given, "unit", "meaning", "beyond")
    if given.valid is not None:
        ends = checks.numbers(f"{owner}: valid", given.valid, finite=False)
        if ends.shape != (2,) or not ends[0] < ends[1]:
            raise ModelError(f"{owner}: valid is {checks.shown(given.valid)}; give (low, high)")


def sentences(owner: str, notes: Any) -> tuple[str, ...]:
    """Notes on a model, each of them text."""
    if isinstance(notes, str) or not isinstance(notes, Iterable):
        raise ModelError(
            f"{owner}: notes is {checks.shown(notes)}; give a list of sentences, as ['from a file']"
        )
    return tuple(checks.text(f"{owner}: a note", note) for note in notes)


def named_sets(owner: str, sets: Any, known: Collection[str]) -> Mapping[str, Mapping[str, float]]:
    """Named sets of parameters and initial values, each a number."""
    example = "{'rest': {'I': 0.0}}"
    return MappingProxyType(
        {
            name: {
                k: checks.number(f"{owner}, set {name}: {k}", value)
                for k, value in check_known(
                    checks.mapping(f"{owner}: the set {name}", chosen, example), known,
                    "state or parameter", f"{owner}, set {name}",
                ).items()
            }
            for name, chosen in checks.mapping(f"{owner}: sets", sets, example).items()
        }
    )  # fmt: skip


def check_attractors(
    owner: str, given: Any, observables: Collection[str], states: Collection[str]
) -> Attractors | None:
    """The names of attractors, if they fit the model and one another."""
    if given is None:
        return None
    checks.instance(
        f"{owner}: attractors", given, Attractors, "Attractors('rate', (30.0,), ('down', 'up'))"
    )
    checks.known("observable", given.observable, observables, f"{owner}, attractors")
    if given.slow:
        checks.known("state", given.slow, states, f"{owner}, attractors")
    borders = checks.numbers(f"{owner}, attractors: borders", given.borders)
    if len(given.names) != borders.size + 1 or not np.all(np.diff(borders) > 0):
        raise ModelError(
            f"{owner}, attractors: {borders.size} borders and {len(given.names)} names; borders "
            "ascend, and there is one name more, below the first, between, above the last"
        )
    return given


def check_state(owner: str, label: str, state: State) -> None:
    check_texts(f"{owner}, state {label}", state, "unit", "meaning")
    checks.number(f"{owner}: the initial value of {label}", state.initial)
    if state.lowest is not None:
        checks.number(f"{owner}: the lowest value of {label}", state.lowest, finite=False)
    if state.range is not None:
        check_range(owner, label, state.range)


def check_range(owner: str, label: str, given: Any) -> tuple[float, float]:
    """The ends of a state's range."""
    try:
        low, high = given
    except (TypeError, ValueError):
        raise ModelError(f"{owner}: the range of {label} is {given!r}; give (low, high)") from None
    low = checks.number(f"{owner}: the lower end of the range of {label}", low)
    high = checks.number(f"{owner}: the upper end of the range of {label}", high)
    if not low < high:
        raise ModelError(f"{owner}: the range {given} of {label} is empty or reversed")
    return low, high


def check_parameter(owner: str, label: str, declared: Parameter, value: float) -> None:
    check_texts(f"{owner}, parameter {label}", declared, "unit", "meaning")
    number = checks.number(f"{owner}: parameter {label}", value)
    if declared.capacitance is not None:
        checks.number(
            f"{owner}: capacitance of the parameter {label}", declared.capacitance, above=0
        )
    positive = declared.positive
    if positive is not False:
        positive = checks.flag(f"{owner}: positive of the parameter {label}", positive)
    if positive and not number > 0:
        unit = f" {declared.unit}" if declared.unit else ""
        raise ModelError(
            f"{owner}: parameter {label} is {value:g}{unit} but must be positive"
            + (f" ({declared.meaning})" if declared.meaning else "")
        )


def ordered_equations(
    owner: str, states: Mapping[str, State], equations: Mapping[str, sympy.Expr]
) -> Mapping[str, sympy.Expr]:
    for label in equations:
        if label not in states:
            raise unknown_name("state", label, states, owner)
    missing = [label for label in states if label not in equations]
    if missing:
        raise ModelError(f"{owner}: no equation for the state {', '.join(missing)}")
    return MappingProxyType({label: equations[label] for label in states})
