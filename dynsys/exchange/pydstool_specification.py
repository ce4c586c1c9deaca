"""PyDSTool's string specifications: models written as them, and models read from them."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sympy

from dynsys.checks import shown
from dynsys.definition import Observable, State
from dynsys.errors import ModelError, unknown_name
from dynsys.exchange.comments import python_comment
from dynsys.exchange.user_functions import UserFunctions
from dynsys.expressions.conditions import written_out
from dynsys.expressions.functions import Linoid
from dynsys.expressions.parsing import function_names
from dynsys.expressions.partials import spelled_out
from dynsys.expressions.printing import _TextPrinter
from dynsys.expressions.symbols import evaluation_order, symbol
from dynsys.storage import write_atomically
from dynsys.typed import typed
from dynsys.vector_field import VectorField

# What a specification may hold; the second group only concerns PyDSTool's integrators.
_MEANINGFUL = ("name", "varspecs", "pars", "ics", "fnspecs", "auxvars", "reuseterms", "xdomain")
_NUMERICAL = (
    "algparams", "tdomain", "tdata", "ttype", "xtype", "pdomain", "checklevel", "abseps", "norm",
    "vars", "compiler", "targetlang", "nobuild", "activatedBounds", "enforcebounds", "verboselevel",
    "magBound", "eventPars",
)  # fmt: skip
_REFUSED = {
    "inputs": "an external input is no parameter; make the system autonomous",
    "events": "events make the system hybrid; leave them out for continuation",
    "ignorespecial": "specifications with ignorespecial cannot be checked",
}
_DERIVED = ("Jacobian", "Jacobian_pars")  # ours are exact and generated
# PyDSTool takes these for functions and constants, whatever a model means by them.
_PROTECTED = frozenset(
    [n for n in dir(math) if not n.startswith("__")]
    + [n for n in dir(random) if not n.startswith("_")]
    + ["sign", "mod", "abs", "pow", "min", "max", "sum", "and", "not", "or", "for", "if", "heav"]
    + ["globalindepvar", "initcond", "getindex", "getbound", "arcsin", "arccos", "arctan"]
    + ["arctan2", "arccosh", "arcsinh", "arctanh", "t", "linoid"]
    # its symbolic class writes constants and functions with a capital
    + ["E", "Pi", "Exp", "Log", "Sqrt", "Pow", "Sin", "Cos", "Tan", "Tanh", "Abs", "Sign", "Max"]
)
_LINOID = "if(abs(u) < 0.03, 1 + u/2 + u**2/12 - u**4/720 + u**6/30240, u/(1 - exp(-u)))"


class _Printer(_TextPrinter):
    """PyDSTool's notation: max and min of two, conditions without and, or."""

    def _print_Linoid(self, expression: sympy.Expr) -> str:
        if expression.args[1] != 0:
            raise ModelError(f"PyDSTool has no derivative of linoid: {expression}")
        return f"linoid({self._print(expression.args[0])})"

    def _if(self, condition: sympy.Basic, then: str, otherwise: str) -> str:
        if isinstance(condition, sympy.And):
            for part in condition.args:
                then = self._if(part, then, otherwise)
            return then
        if isinstance(condition, sympy.Or):
            for part in condition.args:
                otherwise = self._if(part, then, otherwise)
            return otherwise
        return f"if({self._print(condition)}, {then}, {otherwise})"

    def _print_Piecewise(self, expression: sympy.Piecewise) -> str:
        text = self._print(expression.args[-1][0])
        for branch, condition in reversed(expression.args[:-1]):
            text = self._if(condition, self._print(branch), text)
        return text

    def _print_Choice(self, expression: sympy.Expr) -> str:
        condition, *values = expression.args
        return self._if(condition, *map(self._print, values))

    def _print_Max(self, expression: sympy.Expr) -> str:
        return self._pairwise("max", expression)

    def _print_Min(self, expression: sympy.Expr) -> str:
        return self._pairwise("min", expression)

    def _pairwise(self, name: str, expression: sympy.Expr) -> str:
        text = self._print(expression.args[0])
        for argument in map(self._print, expression.args[1:]):
            text = f"{name}({text}, {argument})"
        return text


def pydstool_name(name: str) -> str:
    """The name a state or parameter has in PyDSTool: with a _ where PyDSTool claims it.

    Example
    -------
    >>> pydstool_name("e"), pydstool_name("v")
    ('e_', 'v')
    """
    return f"{name}_" if name in _PROTECTED else name


def specification(model: VectorField) -> dict[str, Any]:
    """A model as keyword arguments of PyDSTool's ``args``: name, varspecs, pars, ics, fnspecs.

    Named expressions are written out, delays are their transport lines, names that PyDSTool
    claims for itself get a _ (see ``pydstool_name``). Raises ModelError for a
    model with tables: ``model.to_pydstool()`` gives a Generator that calls the compiled field.

    Example
    -------
    >>> from dynsys.models import fitzhugh_nagumo
    >>> specification(fitzhugh_nagumo())["pars"]["I"]
    """
    if model.tables:
        raise ModelError(
            f"{model.name} has tables ({', '.join(model.tables)}), which a PyDSTool specification "
            "cannot hold; model.to_pydstool() gives a Generator that calls the compiled field"
        )
    expressions, lines = model.lifted_system
    first, last = len(model.definitions), len(model.definitions) + len(model.equations)
    named = dict(zip(model.definitions, expressions[:first], strict=True))
    written: dict[sympy.Symbol, sympy.Expr] = {}
    for label in evaluation_order(model.name, named):
        written[symbol(label)] = written_out(named[label], written)
    field = [*expressions[first:last], *(e for line in lines for e in line.equations())]
    field = [spelled_out(written_out(e, written), {}) for e in field]
    names = {k: pydstool_name(k) for k in [*model.state_names, *model.parameters]}
    renamed = {symbol(k): symbol(v) for k, v in names.items() if k != v}
    texts = [_Printer({}).doprint(e.xreplace(renamed)) for e in field]
    states = [names[k] for k in model.state_names]
    result: dict[str, Any] = {
        "name": model.name,
        "varspecs": dict(zip(states, texts, strict=True)),
        "pars": {names[k]: v for k, v in model.parameters.items()},
        "ics": dict(zip(states, model.initial_state().tolist(), strict=True)),
    }
    if any(e.has(Linoid) for e in field):
        result["fnspecs"] = {"linoid": (["u"], _LINOID)}
    return result


def write_script(model: VectorField, path: str | Path) -> Path:
    """Write a Python script that makes the model as a PyDSTool Generator ``ode``."""
    about = python_comment(f"{model.name} for PyDSTool. {model.source}")
    lines = [about, "import PyDSTool as dst", ""]
    lines.append("specification = dst.args(")
    for key, value in specification(model).items():
        if isinstance(value, dict):
            lines.append(f"    {key}={{")
            lines += [f"        {k!r}: {v!r}," for k, v in value.items()]
            lines.append("    },")
        else:
            lines.append(f"    {key}={value!r},")
    lines += [")", "ode = dst.Generator.Vode_ODEsystem(specification)"]
    text = "\n".join(lines) + "\n"
    return write_atomically(Path(path), lambda draft: draft.write_text(text, encoding="utf-8"))


@typed
def read_pydstool(specification: Any, time_unit: str = "", source: str = "") -> VectorField:
    """Read a model from PyDSTool's string specification, ``args(...)`` or a dictionary.

    Read are name, varspecs, pars, ics, fnspecs, auxvars (they become observables), reuseterms
    and xdomain (the states' ranges); what only concerns integrators is skipped. ``^`` is a power.
    PyDSTool itself need not be installed.

    Raises
    ------
    ModelError, UnknownNameError
        for what PyDSTool accepts although it hides a mistake: a name that shadows a function, a
        parameter without a value, a misspelt key; and for inputs, events, explicit time.

    Example
    -------
    >>> from dynsys import read_pydstool
    >>> model = read_pydstool(dict(name="fold", pars={"m": 1}, varspecs={"x": "m - x^2"}))
    >>> model.rhs([2.0])
    array([-3.])
    """
    given = _contents(specification)
    name = str(given.get("name", "model"))
    varspecs, parameters = dict(given["varspecs"]), dict(given.get("pars", {}))
    auxiliary = list(given.get("auxvars", []))
    for label in auxiliary:
        if label not in varspecs:
            raise unknown_name("specification for the auxiliary", label, varspecs, name)
    terms = {label: text for text, label in dict(given.get("reuseterms", {})).items()}
    known = [*varspecs, *parameters, *terms]
    for label in known:
        if label in function_names():
            raise ModelError(f"{name}: the name {label!r} shadows the function {label}; rename it")
    read = _reader(name, known, dict(given.get("fnspecs", {})))
    states = {k: v for k, v in varspecs.items() if k not in auxiliary}
    ics = dict(given.get("ics", {}))
    for label in ics:
        if label not in varspecs:
            raise unknown_name("variable", label, varspecs, f"{name} (ics)")
    observables = {k: Observable(symbol(k)) for k in states}
    observables |= {k: Observable(read(k, varspecs[k])) for k in auxiliary}
    return VectorField(
        name=re.sub(r"\W", "_", name) if name else "model",
        states={
            k: State(float(ics.get(k, 0.0)), _range(given.get("xdomain", {}).get(k)))
            for k in states
        },
        parameters=parameters,
        equations={k: read(k, text) for k, text in states.items()},
        definitions={k: read(k, text) for k, text in terms.items()},
        observables=observables,
        time_unit=time_unit,
        source=source or "PyDSTool specification",
    )


def _contents(specification: Any) -> dict[str, Any]:
    """The keys that mean something for a vector field, all others judged."""
    if not isinstance(specification, Mapping) and not hasattr(specification, "__dict__"):
        raise ModelError(f"the specification is {shown(specification)}; give PyDSTool's args(...)")
    content = specification if isinstance(specification, Mapping) else vars(specification)
    given = {str(k): v for k, v in content.items() if not str(k).startswith("_")}
    for key, value in given.items():
        if key in _REFUSED and value:
            raise ModelError(f"the specification has {key}: {_REFUSED[key]}")
        if key not in _MEANINGFUL and key not in _NUMERICAL and key not in _REFUSED:
            raise unknown_name("key", key, [*_MEANINGFUL, *_NUMERICAL], "a PyDSTool specification")
    if not given.get("varspecs"):
        raise ModelError("the specification has no varspecs: one right-hand side per variable")
    return given


def _reader(name: str, known: list[str], functions: dict[str, Any]):
    """A function that reads one right-hand side."""
    user = UserFunctions({label: symbol(label) for label in known})
    for label, content in functions.items():
        if label in _DERIVED:
            continue
        if label == "massMatrix":
            raise ModelError(f"{name}: mass matrices are not read; solve for the derivatives")
        try:
            arguments, body = content
        except (TypeError, ValueError):
            raise ModelError(
                f"{name}: fnspecs[{label!r}] is {content!r}; write (['argument'], 'body')"
            ) from None
        user.define(label, list(arguments), body, f"{name}, function {label}")

    def read(label: str, text: Any) -> sympy.Expr:
        owner = f"{name}, varspecs[{label!r}]"
        if re.search(r"\bfor\s*\(", str(text)):
            raise ModelError(f"{owner}: the macro for(...) is not read; write the equations out")
        if re.search(r"(?<![\w.])t(?!\w)", str(text)) and "t" not in known:
            raise ModelError(
                f"{owner}: {text!r} depends on the time t; make the forcing autonomous"
            )
        return user.read(str(text), owner)

    return read


def _range(domain: Any) -> tuple[float, float] | None:
    if not isinstance(domain, (list, tuple)) or len(domain) != 2:
        return None
    low, high = float(domain[0]), float(domain[1])
    return (low, high) if abs(low) < 1e300 and abs(high) < 1e300 else None
