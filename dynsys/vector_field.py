"""``VectorField``: a model written once, from which everything else is derived."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy

from dynsys import checks, description, serialization
from dynsys.compiled.compilation import CompiledField, load_or_compile
from dynsys.compiled.lifting import field_graph
from dynsys.definition import (
    Attractors,
    Expression,
    Observable,
    Parameter,
    Reader,
    State,
    check_attractors,
    check_known,
    check_model_name,
    check_names,
    check_parameter,
    check_state,
    check_texts,
    declarations,
    named_sets,
    ordered_equations,
    sentences,
    symbol,
)
from dynsys.delays import DEFAULT_ORDER, DelayLine, delays_in, fill_lines, replace_delays
from dynsys.errors import ModelError, unknown_name
from dynsys.exports import Exports
from dynsys.expressions.printing import to_text
from dynsys.inputs import read_inputs
from dynsys.resting import Rest
from dynsys.scaling import state_sizes
from dynsys.tables import SmoothTable
from dynsys.variants import Variants, checked_order, checked_run

_HERTZ = {"ms": 1000.0, "s": 1.0, "": 1.0}


class VectorField(Exports, Rest, Variants):
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
    inputs : parameter -> its course in the time ``t``, which ``simulate`` lets it follow.
    noise : state -> amplitude of its white noise, which ``simulate`` adds by default.
    sets : name -> values of parameters and initial values; see ``with_set``.
    run : defaults of ``simulate``: duration, method, dt, settle, bounds.
    notes : sentences on where the model comes from: what was read, what was left out.

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

    states: Mapping[str, State]
    parameters: Mapping[str, float]
    declared_parameters: Mapping[str, Parameter]
    equations: Mapping[str, sympy.Expr]
    definitions: Mapping[str, sympy.Expr]
    observables: Mapping[str, Observable]
    tables: Mapping[str, SmoothTable]
    name: str
    time_unit: str
    source: str
    meaning: str
    attractors: Attractors | None
    delay_order: int
    inputs: Mapping[str, sympy.Expr]
    noise: Mapping[str, sympy.Expr]
    sets: Mapping[str, Mapping[str, float]]
    run: Mapping[str, Any]
    notes: tuple[str, ...]

    def __init__(
        self,
        name: str,
        states: Mapping[str, State | float],
        parameters: Mapping[str, Parameter | float],
        equations: Mapping[str, Expression],
        definitions: Mapping[str, Expression] | None = None,
        observables: Mapping[str, Observable | Expression] | None = None,
        tables: Mapping[str, SmoothTable] | None = None,
        time_unit: str = "ms",
        source: str = "",
        meaning: str = "",
        attractors: Attractors | None = None,
        delay_order: int = DEFAULT_ORDER,
        inputs: Mapping[str, Expression] | None = None,
        noise: Mapping[str, Expression] | None = None,
        sets: Mapping[str, Mapping[str, float]] | None = None,
        run: Mapping[str, Any] | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        check_model_name(name)
        if not isinstance(time_unit, str) or time_unit not in _HERTZ:
            raise unknown_name("time unit", time_unit, [u or '""' for u in _HERTZ], name)
        whole = declarations(name, State, states, "states", "{'x': 0.5}")
        declared = declarations(name, Parameter, parameters, "parameters", "{'k': 2.0}")
        named = checks.mapping(f"{name}: definitions", definitions, "{'r': '1/(1 + x)'}")
        given_tables = checks.mapping(f"{name}: tables", tables, "{'eif': table}")
        written = checks.mapping(f"{name}: equations", equations, "{'x': '-k*x'}")
        amplitudes = checks.mapping(f"{name}: noise", noise, "{'x': '0.1'}")
        check_names(name, whole, declared, named, given_tables)
        for label, state in whole.items():
            check_state(name, label, state)
        for label, parameter in declared.items():
            check_parameter(name, label, parameter, parameter.value)
        read = Reader(name, [*whole, *declared, *named], given_tables)
        self.__dict__.update(
            name=name,
            states=MappingProxyType(whole),
            declared_parameters=MappingProxyType(declared),
            parameters=MappingProxyType({k: p.value for k, p in declared.items()}),
            tables=MappingProxyType(given_tables),
            definitions=read.mapping(named),
            equations=ordered_equations(name, whole, read.mapping(written)),
            observables=read.observables(
                checks.mapping(f"{name}: observables", observables, "{'rate': 'x^2'}"), whole
            ),
            time_unit=time_unit,
            source=source,
            meaning=meaning,
            attractors=attractors,
            delay_order=checked_order(delay_order),
            inputs=read_inputs(name, inputs, declared),
            noise=read.mapping(check_known(amplitudes, whole, "state", name)),
            sets=named_sets(name, sets, {**whole, **declared}),
            run=checked_run(name, run),
            notes=sentences(name, notes),
        )
        check_texts(name, self, "source", "meaning")
        check_attractors(name, attractors, self.observables, whole)
        self._check_delays()

    def __setattr__(self, name: str, value: object) -> None:
        raise ModelError(
            f"models are immutable; model.with_parameters({name}=...) returns one with other values"
        )

    # --- values -------------------------------------------------------------------------------

    def parameter_array(self) -> np.ndarray:
        """Parameter values (m,) in the order of ``parameter_names``."""
        return self._values.copy()

    @cached_property
    def _values(self) -> np.ndarray:
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
        known = checks.known("parameter", name, self.parameters, self.name)
        return self.parameter_names.index(known)

    def unit(self, name: str) -> str:
        """Unit of a state, parameter or observable."""
        groups: dict[str, Any] = {**self.declared_parameters, **self.states, **self.observables}
        known = checks.known("state, parameter or observable", name, groups, self.name)
        return groups[known].unit

    @property
    def frequency_factor(self) -> float:
        """Cycles per time unit to Hz (1000 for ms; 1 for s and for dimensionless time)."""
        return _HERTZ[self.time_unit]

    @property
    def frequency_unit(self) -> str:
        """Unit of frequencies: "Hz", or "per time unit" where the time has no unit."""
        return "Hz" if self.time_unit else "per time unit"

    @property
    def frequency_column(self) -> str:
        """Heading of frequencies in tables, with their unit where there is one."""
        return "frequency_Hz" if self.time_unit else "frequency"

    # --- the lifted system --------------------------------------------------------------------

    @cached_property
    def lifted_system(self) -> tuple[list[sympy.Expr], list[DelayLine]]:
        """Definitions, equations and observables without delays, and the delay lines."""
        raw = [*self.definitions.values(), *self.equations.values()]
        raw += [o.expression for o in self.observables.values()]
        return replace_delays(raw, self.delay_order)

    @property
    def lines(self) -> list[DelayLine]:
        """The delay lines appended to the state, one per delayed signal."""
        return self.lifted_system[1]

    @property
    def physical_dimension(self) -> int:
        """Number of states without delay lines."""
        return len(self.states)

    @cached_property
    def compiled(self) -> CompiledField:
        """Compiled functions of the (lifted) field; made once, then loaded from the disk."""
        if self.unvalued is not None:
            return self.unvalued.compiled
        tables = [np.asarray(table.packed, dtype=float) for table in self.tables.values()]
        packed = np.ascontiguousarray(np.concatenate(tables) if tables else np.zeros(1))
        return load_or_compile(self.name, self.definition(), lambda: field_graph(self), packed)

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

    def _writer(self) -> Callable[[sympy.Expr], str]:
        quantities = {k: tuple(table.quantities) for k, table in self.tables.items()}
        return lambda expression: to_text(expression, quantities)

    @cached_property
    def _delays(self) -> tuple[sympy.Expr, ...]:
        expressions = [*self.definitions.values(), *self.equations.values()]
        return delays_in(expressions, self.states, self.name)

    def _check_delays(self) -> None:
        for tau in self._delays:
            if isinstance(tau, sympy.Symbol) and tau.name in self.parameters:
                value: Any = self.parameters[tau.name]
            else:
                known = {symbol(k): sympy.Float(v) for k, v in self.parameters.items()}
                value = tau.xreplace(known)
            if isinstance(value, float) or value.is_number:
                if not float(value) > 0:
                    raise ModelError(
                        f"{self.name}: the delay {tau} is {float(value):g}; it must be positive "
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
            p = self._values if parameters is None else parameters
            fill_lines(
                self.compiled.signals, rows, p, self.compiled.tables,
                len(self.states), len(self.lines), self.delay_order,
            )  # fmt: skip
        return full

    @cached_property
    def sizes(self) -> np.ndarray:
        """Typical size (n_physical,) of every state: its range, or the model's own motion."""
        return state_sizes(self)

    @cached_property
    def scales(self) -> np.ndarray:
        """Typical size (n,) of every state; of delay lines from their signals over the ranges."""
        scale = np.ones(self.compiled.n)
        physical = len(self.states)
        scale[:physical] = self.sizes
        if self.lines:
            # Default parameters: the norm of a continuation must not depend on where it starts.
            p = np.array([declared.value for declared in self.declared_parameters.values()])
            low, high = self.state_box()
            inside = low + (high - low) * np.random.default_rng(1).random((32, physical))
            samples = self.fill_lines(inside, p)[:, physical:]
            size = np.nanmax(np.abs(samples), axis=0) / 2
            scale[physical:] = np.where(np.isfinite(size) & (size > 0), size, 1.0)
        return scale

    def state_box(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends (n_physical,) of the states' ranges (``State.span``)."""
        return self._box[0].copy(), self._box[1].copy()

    @cached_property
    def _box(self) -> np.ndarray:
        spans = [state.span(s) for state, s in zip(self.states.values(), self.sizes, strict=True)]
        return np.array(spans, dtype=float).T

    def rhs(self, x: Sequence[float] | np.ndarray) -> np.ndarray:
        """Time derivative (n,) at a state (n,) or, for delay lines at rest, (n_physical,)."""
        c = self.compiled
        c.field(self._full(x), self._values, c.tables, out := np.empty(c.n))
        return out

    def jacobian(self, x: Sequence[float] | np.ndarray) -> np.ndarray:
        """Exact Jacobian (n, n) at a state."""
        c = self.compiled
        c.jacobian(self._full(x), self._values, c.tables, out := np.empty((c.n, c.n)))
        return out

    def parameter_derivative(self, x: Sequence[float] | np.ndarray, name: str) -> np.ndarray:
        """Exact derivative (n,) of the field with respect to one parameter."""
        c, still = self.compiled, np.zeros(self.compiled.n)
        direction, out = np.zeros(c.m), np.empty(c.n)
        direction[self.parameter_index(name)] = 1.0
        c.tangent(self._full(x), self._values, c.tables, still, direction, out)
        return out

    def observe(self, x: Sequence[float] | np.ndarray) -> dict[str, float]:
        """Values of the observables at a state."""
        c, out = self.compiled, np.empty(len(self.observables))
        c.observables(self._full(x), self._values, c.tables, out)
        return dict(zip(self.observables, out.tolist(), strict=True))

    def _full(self, x: Sequence[float] | np.ndarray) -> np.ndarray:
        if not (isinstance(x, np.ndarray) and x.dtype == float):
            x = checks.numbers(f"the state of {self.name}", x, finite=False)
        state = np.ascontiguousarray(x)
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
        return VectorField.from_dict, (serialization.to_dict(self),)

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> VectorField:
        """Rebuild a model from ``serialization.to_dict``.

        Raises StorageError where the data is damaged or a table is not to be found.
        """
        with serialization.reading():
            model = VectorField(**serialization.arguments(content))
            return model.with_parameters(**content["values"])
