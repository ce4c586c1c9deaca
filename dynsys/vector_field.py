"""``VectorField``: a model written once, from which everything else is derived."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy

from dynsys import description
from dynsys.code_generation import FieldGraph
from dynsys.compilation import CompiledField, load_or_compile
from dynsys.delays import DEFAULT_ORDER, Delay, DelayLine, fill_lines, replace_delays
from dynsys.errors import ModelError, unknown_name
from dynsys.graph import Graph
from dynsys.parsing import parse_expression
from dynsys.printing import to_text
from dynsys.tables import SmoothTable
from dynsys.translation import Translator

Expression = str | float | sympy.Expr
_HERTZ = {"ms": 1000.0, "s": 1.0, "": 1.0}


@dataclass(frozen=True)
class State:
    """A state variable: where searches start, its usual range, its unit and its meaning."""

    initial: float
    range: tuple[float, float] | None = None
    unit: str = ""
    meaning: str = ""

    @property
    def scale(self) -> float:
        """Typical size: half the range, or the initial value, at least what keeps it finite."""
        if self.range is not None:
            return (self.range[1] - self.range[0]) / 2
        return max(abs(self.initial), 1.0)


@dataclass(frozen=True)
class Parameter:
    """A parameter: default, unit, one-line meaning; ``positive`` ones refuse values <= 0."""

    value: float
    unit: str = ""
    meaning: str = ""
    positive: bool = False


@dataclass(frozen=True)
class Observable:
    """Something a user looks at: an expression in states and parameters, with unit and meaning."""

    expression: Expression
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Attractors:
    """How a model's field names its equilibria: by which band an observable falls in.

    ``names`` has one word more than ``borders``: below the first border, between, above the last.
    """

    observable: str
    borders: tuple[float, ...]
    names: tuple[str, ...]

    def name(self, value: float) -> str:
        return self.names[int(np.searchsorted(self.borders, value))]


@dataclass(frozen=True, eq=False)
class VectorField:
    """A dynamical system x' = f(x, p), with delays and tables, as symbolic expressions.

    Parameters
    ----------
    name : short name of the model, letters, digits and underscores.
    states : name -> ``State`` (or the initial value).
    parameters : name -> ``Parameter`` (or the default value).
    equations : state name -> time derivative, as a string or a SymPy expression.
    definitions : name -> expression; sub-expressions with a name, usable everywhere.
    observables : name -> ``Observable`` (or expression); the states by default.
    tables : name -> ``SmoothTable``; in strings ``table.quantity(a, b)``.
    time_unit : "ms", "s" or "" (dimensionless); frequencies are in Hz for the first two.
    source : where the equations come from.
    delay_order : Chebyshev nodes per delay line.

    Raises
    ------
    ModelError, UnknownNameError
        for an undeclared symbol, a state without an equation, a value that makes no sense.

    Example
    -------
    >>> model = VectorField("decay", {"x": 1.0}, {"k": 2.0}, {"x": "-k*x"})
    >>> model.rhs([1.5])
    array([-3.])
    """

    name: str
    states: Mapping[str, State | float]
    parameters: Mapping[str, Parameter | float]
    equations: Mapping[str, Expression]
    definitions: Mapping[str, Expression] = field(default_factory=dict)
    observables: Mapping[str, Observable | Expression] = field(default_factory=dict)
    tables: Mapping[str, SmoothTable] = field(default_factory=dict)
    time_unit: str = "ms"
    source: str = ""
    meaning: str = ""
    attractors: Attractors | None = None
    delay_order: int = DEFAULT_ORDER
    _values: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not self.name.isidentifier():
            raise ModelError(
                f"{self.name!r} cannot name a model; use letters, digits and underscores"
            )
        if self.time_unit not in _HERTZ:
            raise unknown_name("time unit", self.time_unit, [u or '""' for u in _HERTZ], self.name)
        if self.delay_order < 1:
            raise ModelError(f"delay_order is {self.delay_order}; use 1 or more (6 is the default)")
        states = {k: v if isinstance(v, State) else State(float(v)) for k, v in self.states.items()}
        declared = {
            k: v if isinstance(v, Parameter) else Parameter(float(v))
            for k, v in self.parameters.items()
        }
        _check_names(self.name, states, declared, self.definitions, self.tables)
        for label, state in states.items():
            _check_state(self.name, label, state)
        read = _Reader(self.name, [*states, *declared, *self.definitions], self.tables)
        put(self, "states", MappingProxyType(states))
        put(self, "tables", MappingProxyType(dict(self.tables)))
        put(self, "definitions", read.mapping(self.definitions))
        put(self, "equations", _ordered_equations(self.name, states, read.mapping(self.equations)))
        put(self, "observables", read.observables(self.observables, states))
        values = {k: p.value for k, p in declared.items()} if self._values is None else self._values
        put(self, "declared_parameters", MappingProxyType(declared))
        put(self, "_values", MappingProxyType(dict(values)))
        put(self, "parameters", self._values)
        for label, value in values.items():
            _check_parameter(self.name, label, declared[label], value)
        self._check_delays()

    # --- values -------------------------------------------------------------------------------

    def with_parameters(self, **values: float) -> VectorField:
        """Return the same model with other parameter values.

        Raises UnknownNameError for a name the model does not have, ModelError for a value that
        is not finite or not allowed.
        """
        for label, value in values.items():
            if label not in self.parameters:
                raise unknown_name("parameter", label, self.parameters, self.name)
            _check_parameter(self.name, label, self.declared_parameters[label], value)
        new = {**self.parameters, **{k: float(v) for k, v in values.items()}}
        return self._copy(_values=MappingProxyType(new))

    def with_delay_order(self, order: int) -> VectorField:
        """Return the same model with ``order`` Chebyshev nodes per delay line."""
        if int(order) != order or order < 1:
            raise ModelError(f"delay order {order!r} makes no sense; use an integer of 1 or more")
        return self._copy(delay_order=int(order))

    def _copy(self, **changes: Any) -> VectorField:
        other = object.__new__(VectorField)
        dropped = _ORDER_DEPENDENT if "delay_order" in changes else frozenset()
        kept = {k: v for k, v in self.__dict__.items() if k not in dropped}
        other.__dict__.update(kept)
        other.__dict__.update(changes)
        if "_values" in changes:
            other.__dict__["parameters"] = changes["_values"]
            other._check_delays()
        return other

    def parameter_array(self) -> np.ndarray:
        """Parameter values (m,) in the order of ``parameter_names``."""
        return np.array(list(self.parameters.values()), dtype=float)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(self.parameters)

    @property
    def observable_names(self) -> tuple[str, ...]:
        return tuple(self.observables)

    @cached_property
    def state_names(self) -> tuple[str, ...]:
        """Names of the physical states, then of the delay-line nodes."""
        return (*self.states, *(str(node) for line in self.lines for node in line.nodes))

    def parameter_index(self, name: str) -> int:
        """Position of a parameter; UnknownNameError where there is none of this name."""
        if name not in self.parameters:
            raise unknown_name("parameter", name, self.parameters, self.name)
        return self.parameter_names.index(name)

    def unit(self, name: str) -> str:
        """Unit of a state, parameter or observable."""
        for group in (self.observables, self.states, self.declared_parameters):
            if name in group:
                return group[name].unit
        raise unknown_name("state, parameter or observable", name,
                           [*self.states, *self.parameters, *self.observables], self.name)  # fmt: skip

    @property
    def frequency_factor(self) -> float:
        """Cycles per time unit to Hz (1000 for ms; 1 for s and for dimensionless time)."""
        return _HERTZ[self.time_unit]

    # --- the lifted system --------------------------------------------------------------------

    @cached_property
    def _lifted_system(self) -> tuple[list[sympy.Expr], list[DelayLine]]:
        """Definitions, equations and observables without delays, and the delay lines."""
        raw = [
            *self.definitions.values(),
            *self.equations.values(),
            *(o.expression for o in self.observables.values()),
        ]
        return replace_delays(raw, self.delay_order)

    @property
    def lines(self) -> list[DelayLine]:
        """The delay lines appended to the state, one per delayed signal."""
        return self._lifted_system[1]

    @property
    def physical_dimension(self) -> int:
        """Number of states without delay lines."""
        return len(self.states)

    @cached_property
    def compiled(self) -> CompiledField:
        """Compiled functions of the (lifted) field; made once, then loaded from the disk."""
        tables = [np.asarray(table.packed, dtype=float) for table in self.tables.values()]
        packed = np.ascontiguousarray(np.concatenate(tables) if tables else np.zeros(1))
        return load_or_compile(self.name, self.definition(), self._build_graph, packed)

    def definition(self) -> str:
        """Canonical text of what determines the compiled functions (no parameter values)."""
        write = self._writer()
        groups = [
            [*self.states],
            [*self.parameters],
            [f"{k}={write(v)}" for k, v in self.definitions.items()],
            [f"{k}={write(v)}" for k, v in self.equations.items()],
            [f"{k}={write(v.expression)}" for k, v in self.observables.items()],
            [f"{k}={table.digest}" for k, table in self.tables.items()],
            [str(self.delay_order)],
        ]
        return "\n".join("; ".join(group) for group in groups)

    def _writer(self):
        quantities = {k: tuple(table.quantities) for k, table in self.tables.items()}
        return lambda expression: to_text(expression, quantities)

    def _build_graph(self) -> FieldGraph:
        expressions, lines = self._lifted_system
        graph = Graph()
        nodes = [node for line in lines for node in line.nodes]
        states = {_symbol(k): graph.node("x", i) for i, k in enumerate(self.states)}
        states |= {k: graph.node("x", len(self.states) + i) for i, k in enumerate(nodes)}
        parameters = {_symbol(k): graph.node("p", i) for i, k in enumerate(self.parameters)}
        translate = Translator(graph, states | parameters)
        count = len(self.definitions)
        named = dict(zip(self.definitions, expressions[:count], strict=True))
        for label in _evaluation_order(self.name, named):
            translate.define(_symbol(label), named[label])
        field_ = [*expressions[count : count + len(self.equations)]]
        field_ += [equation for line in lines for equation in line.equations()]
        offsets, quantities, position = {}, {}, 0
        for label, table in self.tables.items():
            offsets[label], quantities[label] = position, len(table.quantities)
            position += len(table.packed)
        return FieldGraph(
            graph=graph,
            states=list(states.values()),
            parameters=list(parameters.values()),
            field=[translate(e) for e in field_],
            observables=[translate(e) for e in expressions[count + len(self.equations) :]],
            signals=[translate(x.signal) for x in lines] + [translate(x.tau) for x in lines],
            table_offsets=offsets,
            table_quantities=quantities,
        )

    @cached_property
    def _delays(self) -> tuple[sympy.Expr, ...]:
        expressions = [*self.definitions.values(), *self.equations.values()]
        delays = {term.args[1] for e in expressions for term in e.atoms(Delay)}
        states = {_symbol(k) for k in self.states}
        for tau in delays:
            if tau.free_symbols & states:
                raise ModelError(
                    f"{self.name}: the delay {tau} depends on a state; only delays that are "
                    "constants or expressions in parameters are supported"
                )
        return tuple(delays)

    def _check_delays(self) -> None:
        for tau in self._delays:
            if isinstance(tau, sympy.Symbol) and tau.name in self.parameters:
                value: Any = self.parameters[tau.name]
            else:
                value = tau.xreplace(
                    {_symbol(k): sympy.Float(v) for k, v in self.parameters.items()}
                )
            if isinstance(value, float) or value.is_number:
                if not float(value) > 0:
                    raise ModelError(
                        f"{self.name}: the delay {tau} is {float(value):g}; delays must be positive "
                        "(leave delay(...) out of the equation for an instantaneous signal)"
                    )

    # --- evaluation ---------------------------------------------------------------------------

    def initial_state(self) -> np.ndarray:
        """Default initial state (n,), delay lines filled with their signals' values."""
        x = np.zeros(self.compiled.n)
        x[: len(self.states)] = [state.initial for state in self.states.values()]
        return self.fill_lines(x)

    def fill_lines(
        self, x: Sequence[float] | np.ndarray, parameters: np.ndarray | None = None
    ) -> np.ndarray:
        """Complete states (n_physical,) or (k, n_physical) with delay lines at rest."""
        given = np.asarray(x, dtype=float)
        full = np.zeros((*given.shape[:-1], self.compiled.n))
        full[..., : given.shape[-1]] = given
        if self.lines:
            rows = full.reshape(-1, self.compiled.n)
            p = self.parameter_array() if parameters is None else parameters
            fill_lines(
                self.compiled.signals, rows, p, self.compiled.tables,
                len(self.states), len(self.lines), self.delay_order,
            )  # fmt: skip
        return full

    @cached_property
    def scales(self) -> np.ndarray:
        """Typical size (n,) of every state; of delay lines from their signals over the ranges."""
        scale = np.ones(self.compiled.n)
        physical = len(self.states)
        scale[:physical] = [state.scale for state in self.states.values()]
        if self.lines:
            # Default parameters: the norm of a continuation must not depend on where it starts.
            p = np.array([declared.value for declared in self.declared_parameters.values()])
            samples = self.fill_lines(self._sample_states(32), p)[:, physical:]
            size = np.nanmax(np.abs(samples), axis=0) / 2
            scale[physical:] = np.where(np.isfinite(size) & (size > 0), size, 1.0)
        return scale

    def _sample_states(self, count: int) -> np.ndarray:
        low, high = self.state_box()
        return low + (high - low) * np.random.default_rng(1).random((count, len(low)))

    def state_box(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends (n_physical,) of the states' ranges (initial +- scale without)."""
        bounds = [
            state.range or (state.initial - state.scale, state.initial + state.scale)
            for state in self.states.values()
        ]
        low, high = np.array(bounds, dtype=float).T
        return low, high

    def rhs(self, x: Sequence[float] | np.ndarray) -> np.ndarray:
        """Time derivative (n,) at a state (n,) or, for delay lines at rest, (n_physical,)."""
        out = np.empty(self.compiled.n)
        self.compiled.field(self._full(x), self.parameter_array(), self.compiled.tables, out)
        return out

    def jacobian(self, x: Sequence[float] | np.ndarray) -> np.ndarray:
        """Exact Jacobian (n, n) at a state."""
        out = np.empty((self.compiled.n, self.compiled.n))
        self.compiled.jacobian(self._full(x), self.parameter_array(), self.compiled.tables, out)
        return out

    def parameter_derivative(self, x: Sequence[float] | np.ndarray, name: str) -> np.ndarray:
        """Exact derivative (n,) of the field with respect to one parameter."""
        direction = np.zeros(self.compiled.m)
        direction[self.parameter_index(name)] = 1.0
        out = np.empty(self.compiled.n)
        self.compiled.tangent(
            self._full(x), self.parameter_array(), self.compiled.tables,
            np.zeros(self.compiled.n), direction, out,
        )  # fmt: skip
        return out

    def observe(self, x: Sequence[float] | np.ndarray) -> dict[str, float]:
        """Values of the observables at a state."""
        out = np.empty(len(self.observables))
        self.compiled.observables(self._full(x), self.parameter_array(), self.compiled.tables, out)
        return dict(zip(self.observables, out.tolist(), strict=True))

    def _full(self, x: Sequence[float] | np.ndarray) -> np.ndarray:
        state = np.ascontiguousarray(x, dtype=float)
        if state.shape == (self.compiled.n,):
            return state
        if state.shape == (len(self.states),):
            return self.fill_lines(state)
        raise ModelError(
            f"{self.name}: a state has {len(self.states)} numbers ({', '.join(self.states)})"
            + (f" or {self.compiled.n} with the delay lines" if self.lines else "")
            + f"; got shape {state.shape}"
        )

    # --- words --------------------------------------------------------------------------------

    def describe(self) -> str:
        """States, parameters with units and meaning, equations, observables and source as text."""
        return description.text(self)

    def _repr_latex_(self) -> str:
        return description.latex(self)

    def __repr__(self) -> str:
        values = ", ".join(f"{k}={v:g}" for k, v in self.parameters.items())
        return f"<VectorField {self.name}: {len(self.states)} states; {values}>"

    def __reduce__(self):
        from dynsys.serialization import from_dict, to_dict

        return from_dict, (to_dict(self),)


_ORDER_DEPENDENT = frozenset(["_lifted_system", "compiled", "scales", "state_names"])


def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)


class _Reader:
    """Reads expressions: strings through the parser, SymPy by matching symbols by name."""

    def __init__(self, owner: str, names: list[str], tables: Mapping[str, SmoothTable]) -> None:
        self.owner = owner
        self.symbols = {name: _symbol(name) for name in names}
        self.tables = tables

    def __call__(self, label: str, expression: Expression) -> sympy.Expr:
        owner = f"{self.owner}, expression of {label}"
        if isinstance(expression, str):
            return parse_expression(expression, self.symbols, self.tables, owner)
        expression = sympy.sympify(expression)
        table_names = set(self.tables)
        found = {s for s in expression.free_symbols if s.name not in table_names}
        for symbol in sorted(found, key=str):
            if symbol.name not in self.symbols:
                raise unknown_name("symbol", symbol.name, self.symbols, owner)
        return expression.xreplace({s: self.symbols[s.name] for s in found})

    def mapping(self, given: Mapping[str, Expression]) -> Mapping[str, sympy.Expr]:
        return MappingProxyType({k: self(k, v) for k, v in given.items()})

    def observables(
        self, given: Mapping[str, Observable | Expression], states: Mapping[str, State]
    ) -> Mapping[str, Observable]:
        if not given:
            given = {k: Observable(_symbol(k), s.unit, s.meaning) for k, s in states.items()}
        result = {}
        for label, item in given.items():
            whole = item if isinstance(item, Observable) else Observable(item)
            result[label] = Observable(self(label, whole.expression), whole.unit, whole.meaning)
        return MappingProxyType(result)


def _check_names(
    owner: str, states: Mapping[str, State], parameters: Mapping[str, Parameter], *others: Mapping
) -> None:
    if not states:
        raise ModelError(f"{owner} has no states; give at least one")
    seen: dict[str, str] = {}
    kinds = ("state", "parameter", "definition", "table")
    for kind, names in zip(kinds, (states, parameters, *others), strict=True):
        for label in names:
            if not label.isidentifier():
                raise ModelError(f"{owner}: {label!r} cannot name a {kind}; use an identifier")
            if label in seen:
                raise ModelError(f"{owner}: {label!r} is both a {seen[label]} and a {kind}")
            seen[label] = kind


def _check_state(owner: str, label: str, state: State) -> None:
    if not math.isfinite(state.initial):
        raise ModelError(f"{owner}: the initial value of {label} is {state.initial}; give a number")
    if state.range is not None and not state.range[0] < state.range[1]:
        raise ModelError(f"{owner}: the range {state.range} of {label} is empty or reversed")


def _check_parameter(owner: str, label: str, declared: Parameter, value: float) -> None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ModelError(f"{owner}: parameter {label} is {value!r}; give a number") from None
    if not math.isfinite(number):
        raise ModelError(f"{owner}: parameter {label} is {value!r}; give a finite number")
    if declared.positive and not number > 0:
        unit = f" {declared.unit}" if declared.unit else ""
        raise ModelError(
            f"{owner}: parameter {label} is {value:g}{unit} but must be positive"
            + (f" ({declared.meaning})" if declared.meaning else "")
        )


def _ordered_equations(
    owner: str, states: Mapping[str, State], equations: Mapping[str, sympy.Expr]
) -> Mapping[str, sympy.Expr]:
    for label in equations:
        if label not in states:
            raise unknown_name("state", label, states, owner)
    missing = [label for label in states if label not in equations]
    if missing:
        raise ModelError(f"{owner}: no equation for the state {', '.join(missing)}")
    return MappingProxyType({label: equations[label] for label in states})


def _evaluation_order(owner: str, definitions: Mapping[str, sympy.Expr]) -> list[str]:
    needs = {
        label: {s.name for s in e.free_symbols if s.name in definitions}
        for label, e in definitions.items()
    }
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ModelError(
            f"{owner}: the definitions {circle} depend on each other without a delay"
        ) from None
