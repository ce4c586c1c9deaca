"""The same model with other values, ranges or observables: the methods ``with_...`` of a model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import sympy

from dynsys import checks
from dynsys.definition import (
    Expression,
    Observable,
    Reader,
    check_known,
    check_parameter,
    check_range,
    sentences,
)
from dynsys.errors import ModelError
from dynsys.serialization import to_dict

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

RUN = ("duration", "method", "dt", "settle", "bounds")  # what a model may say of its simulations
_OWN = frozenset(["_values", "_box"])  # what no copy takes over
# What a model computed once and must compute anew when delays or observables change.
_ORDER_DEPENDENT = frozenset(["lifted_system", "compiled", "scales", "state_names"])


class Variants:
    """Variants of a ``VectorField``, which itself never changes."""

    unvalued: VectorField | None = None  # of a copy with other values: it shares its compiled code

    @cached_property
    def digest(self) -> str:
        """Hash of all that the model says, the values of its parameters apart."""
        content = {k: v for k, v in to_dict(cast(Any, self)).items() if k != "values"}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def with_parameters(self, /, *unnamed: Any, **values: float) -> VectorField:
        """Return the same model with other parameter values, each by its name.

        Raises UnknownNameError for a name the model does not have, ModelError for a value that
        is not finite or not allowed.
        """
        model = cast(Any, self)
        if unnamed:
            raise ModelError(
                f"{model.name}: values are given by name, as in with_parameters("
                f"{next(iter(model.parameters), 'k')}=1.0); a mapping as with_parameters(**values)"
            )
        for label, value in check_known(values, model.parameters, "parameter", model.name).items():
            check_parameter(model.name, label, model.declared_parameters[label], value)
        new = {**model.parameters, **{k: float(v) for k, v in values.items()}}
        return _copy(model, frozenset(), parameters=MappingProxyType(new))

    def with_ranges(self, /, **ranges: tuple[float, float]) -> VectorField:
        """Return the same model with other ranges of its states, where searches look.

        Raises UnknownNameError for a state the model does not have, ModelError for an empty range.

        Example
        -------
        >>> model.with_ranges(V=(-100, 60))
        """
        model = cast(Any, self)
        new = dict(model.states)
        for label, ends in check_known(ranges, new, "state", model.name).items():
            new[label] = replace(new[label], range=check_range(model.name, label, ends))
        return _copy(model, frozenset(["scales", "sizes"]), states=MappingProxyType(new))

    def with_lowest(self, /, **values: float) -> VectorField:
        """Return the same model with lowest values of its states, below which no equilibrium is
        one.

        Raises UnknownNameError for a state the model does not have.

        Example
        -------
        >>> model.with_lowest(r=0.0)
        """
        model = cast(Any, self)
        new = dict(model.states)
        for label, value in check_known(values, new, "state", model.name).items():
            new[label] = replace(new[label], lowest=float(value))
        return _copy(model, frozenset(["scales", "sizes"]), states=MappingProxyType(new))

    def __getitem__(self, name: object) -> Any:
        """No item: a model is no mapping. ModelError says where its values are."""
        raise ModelError(
            f"{cast(Any, self).name} has no items: the value of a parameter is "
            "model.parameters['k'], a state is model.states['x']"
        )

    def with_set(self, name: str) -> VectorField:
        """Return the same model with a named set of parameters and initial values.

        Raises UnknownNameError for a set the model does not have.
        """
        model = cast(Any, self)
        checks.known("set", name, model.sets, model.name)
        chosen = model.sets[name]
        states = {
            k: replace(s, initial=float(chosen[k])) if k in chosen else s
            for k, s in model.states.items()
        }
        moved = _copy(model, frozenset(["scales", "sizes"]), states=MappingProxyType(states))
        return moved.with_parameters(**{k: v for k, v in chosen.items() if k in model.parameters})

    def with_words(
        self, run: Mapping[str, Any] | None = None, notes: Sequence[str] = ()
    ) -> VectorField:
        """Return the same model with further notes, and other defaults of ``simulate``.

        Raises UnknownNameError for a default that ``simulate`` does not have.
        """
        model = cast(Any, self)
        new = MappingProxyType({**model.run, **checked_run(model.name, run)})
        more = sentences(model.name, notes)
        return _copy(model, frozenset(), run=new, notes=(*model.notes, *more))

    def with_delay_order(self, order: int) -> VectorField:
        """Return the same model with ``order`` Chebyshev nodes per delay line."""
        return _copy(cast(Any, self), _ORDER_DEPENDENT, delay_order=checked_order(order))

    def with_observables(self, /, **expressions: Observable | Expression) -> VectorField:
        """Return the same model with more observables, strings or SymPy expressions.

        They appear in every branch, figure and table computed with it.
        """
        model = cast(Any, self)
        read = Reader(
            model.name, [*model.states, *model.parameters, *model.definitions], model.tables
        )
        more = read.observables(expressions, model.states) if expressions else {}
        new = MappingProxyType({**model.observables, **more})
        return _copy(model, _ORDER_DEPENDENT, observables=new)


def substituted(
    model: VectorField, replacements: Mapping[sympy.Symbol, sympy.Expr]
) -> dict[str, Any]:
    """The expressions of a model with symbols replaced, and all that goes with them.

    They are the arguments of a ``VectorField`` but for its name, states and parameters.

    Example
    -------
    >>> substituted(model, {symbol("I"): symbol("I") + symbol("drive")})["equations"]["V"]
    """
    return {
        "equations": {k: e.xreplace(replacements) for k, e in model.equations.items()},
        "definitions": {k: e.xreplace(replacements) for k, e in model.definitions.items()},
        "observables": {
            k: replace(o, expression=o.expression.xreplace(replacements))
            for k, o in model.observables.items()
        },
        "tables": model.tables,
        "time_unit": model.time_unit,
        "source": model.source,
        "delay_order": model.delay_order,
    }


def _copy(model: Any, dropped: frozenset[str], **changes: Any) -> VectorField:
    other, dropped = object.__new__(type(model)), dropped | _OWN
    if {*changes} == {"parameters"}:
        changes["unvalued"] = model.unvalued or model
    else:
        dropped |= {"digest", "unvalued"}
    other.__dict__.update({k: v for k, v in model.__dict__.items() if k not in dropped})
    other.__dict__.update(changes)
    other._check_delays()
    return other


def checked_run(owner: str, run: Any) -> Mapping[str, Any]:
    """Defaults of ``simulate``; UnknownNameError for one that it does not have."""
    given = checks.mapping(f"{owner}: run", run, "{'duration': 1000.0}")
    return check_known(given, RUN, "default of simulate", owner)


def checked_order(order: int) -> int:
    """The number of nodes of a delay line; ModelError for what is none."""
    return checks.whole("delay_order", order, least=1, most=999)
