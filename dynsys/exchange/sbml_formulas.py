"""SBML's formulas (MathML) as SymPy expressions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from itertools import pairwise
from typing import Any

import sympy
from sympy.logic.boolalg import Boolean

from dynsys.errors import ModelError
from dynsys.expressions.conditions import piecewise
from dynsys.inputs import TIME

AVOGADRO = 6.02214179e23  # the value that SBML fixes


@cache
def libsbml() -> Any:
    """The library python-libsbml; ModelError with the line that installs it where it is absent."""
    try:
        import libsbml as library  # an optional extra
    except ImportError as error:
        raise ModelError(
            f"SBML files are read by python-libsbml, which cannot be imported ({error}): "
            "pip install 'dynsys-toolbox[sbml]'"
        ) from error
    return library


class Formulas:
    """Reads the formulas of one SBML model, whose names ``symbols`` maps to expressions.

    Raises ModelError, with ``where`` the formula stands, for what a vector field cannot hold
    (delays, rates of change inside formulas, random numbers) and for unknown names.
    """

    def __init__(self, symbols: Mapping[str, sympy.Expr], functions: Mapping[str, Any]) -> None:
        self.symbols = dict(symbols)
        self.functions = dict(functions)
        self._open: list[str] = []

    def __call__(
        self, node: Any, where: str, local: Mapping[str, sympy.Expr] | None = None
    ) -> sympy.Expr:
        """A number's formula; ``local`` names shadow those of the model."""
        if node is None:
            raise ModelError(f"{where} has no formula")
        return _number(self._read(node, where, dict(local or {})))

    def _read(self, node: Any, where: str, local: dict[str, sympy.Expr]) -> Any:
        word = _words().get(node.getType(), "")
        if word == "NAME":
            return self._named(node.getName(), where, local)
        if word == "FUNCTION":
            return self._called(node, where, local)
        if word in _LEAVES:
            return _LEAVES[word](node)
        parts = [self._read(node.getChild(k), where, local) for k in range(node.getNumChildren())]
        if word in _UNARY and len(parts) == 1:
            return _UNARY[word](_number(parts[0]))
        if word in _OPERATIONS:
            return _OPERATIONS[word]([_number(p) for p in parts])
        if word in _RELATIONS:
            return _chain(_RELATIONS[word], [_number(p) for p in parts])
        if word in _LOGICAL:
            return _LOGICAL[word]([_condition(p) for p in parts])
        if word == "FUNCTION_PIECEWISE":
            return _piecewise(parts, where)
        written = libsbml().formulaToL3String(node)
        raise ModelError(f"{where}: {_REFUSED.get(word, 'there is no counterpart')} in {written}")

    def _named(self, name: str, where: str, local: Mapping[str, sympy.Expr]) -> sympy.Expr:
        for known in (local, self.symbols):
            if name in known:
                return known[name]
        raise ModelError(f"{where}: {name} is declared nowhere")

    def _called(self, node: Any, where: str, local: dict[str, sympy.Expr]) -> Any:
        name = node.getName()
        definition = self.functions.get(name)
        if definition is None or definition.getBody() is None:
            raise ModelError(f"{where}: the function {name} is defined nowhere")
        arguments = [
            definition.getArgument(k).getName() for k in range(definition.getNumArguments())
        ]
        if len(arguments) != node.getNumChildren():
            raise ModelError(
                f"{where}: {name} takes {len(arguments)} arguments; {node.getNumChildren()} given"
            )
        if name in self._open:
            raise ModelError(f"{where}: the function {name} calls itself")
        values = [self._read(node.getChild(k), where, local) for k in range(len(arguments))]
        self._open.append(name)
        try:
            return self._read(
                definition.getBody(), where, dict(zip(arguments, values, strict=True))
            )
        finally:
            self._open.pop()


@cache
def _words() -> dict[int, str]:
    """Type of a node -> its name in libsbml, without the AST in front."""
    library = libsbml()
    names = [n for n in dir(library) if n.startswith("AST_") and n != "AST_UNKNOWN"]
    return {getattr(library, n): n[4:] for n in names if isinstance(getattr(library, n), int)}


def _number(value: Any) -> sympy.Expr:
    return (
        value
        if isinstance(value, sympy.Expr)
        else piecewise((sympy.S.One, value), (sympy.S.Zero, sympy.true))
    )


def _condition(value: Any) -> Boolean:
    return _different(value, sympy.S.Zero) if isinstance(value, sympy.Expr) else value


def _same(a: sympy.Expr, b: sympy.Expr) -> Boolean:
    return sympy.And(a <= b, a >= b)


def _different(a: sympy.Expr, b: sympy.Expr) -> Boolean:
    return sympy.Or(a < b, a > b)


def _chain(relation: Callable, parts: Sequence[sympy.Expr]) -> Boolean:
    """``a < b < c`` holds where each neighbouring pair does."""
    return sympy.And(*(relation(a, b) for a, b in pairwise(parts)))


def _piecewise(parts: list[Any], where: str) -> sympy.Expr:
    """Value, condition, value, condition, ..., the value elsewhere."""
    if len(parts) % 2 == 0:
        raise ModelError(f"{where}: a piecewise formula says nothing of the cases left (otherwise)")
    pairs = [(_number(v), _condition(c)) for v, c in zip(parts[:-1:2], parts[1::2], strict=True)]
    return piecewise(*pairs, (_number(parts[-1]), sympy.true))


def _minus(parts: Sequence[sympy.Expr]) -> sympy.Expr:
    return -parts[0] if len(parts) == 1 else parts[0] - parts[1]


def _root(parts: Sequence[sympy.Expr]) -> sympy.Expr:
    degree, radicand = parts if len(parts) == 2 else (sympy.Integer(2), parts[0])
    return sympy.sqrt(radicand) if degree == 2 else radicand ** (1 / degree)


def _logarithm(parts: Sequence[sympy.Expr]) -> sympy.Expr:
    base, argument = parts if len(parts) == 2 else (sympy.Integer(10), parts[0])
    return sympy.log(argument) / (
        sympy.Float(math.log(base)) if base.is_number else sympy.log(base)
    )


def _factorial(x: sympy.Expr) -> sympy.Expr:
    if not x.is_number:
        raise ModelError(f"the factorial of {x}, which is no number, cannot be differentiated")
    return sympy.factorial(x)


def _inverse(function: Callable) -> Callable:
    return lambda x: 1 / function(x)


def _of_inverse(function: Callable) -> Callable:
    return lambda x: function(1 / x)


def _arsinh(x: sympy.Expr) -> sympy.Expr:
    return sympy.sign(x) * sympy.log(sympy.Abs(x) + sympy.sqrt(x**2 + 1))


def _arcosh(x: sympy.Expr) -> sympy.Expr:
    return sympy.log(x + sympy.sqrt(x - 1) * sympy.sqrt(x + 1))


def _artanh(x: sympy.Expr) -> sympy.Expr:
    return sympy.log((1 + x) / (1 - x)) / 2


_LEAVES: dict[str, Callable[[Any], Any]] = {
    "INTEGER": lambda node: sympy.Integer(node.getInteger()),
    "REAL": lambda node: sympy.Float(node.getReal()),
    "REAL_E": lambda node: sympy.Float(node.getReal()),
    "RATIONAL": lambda node: sympy.Rational(node.getNumerator(), node.getDenominator()),
    "NAME_TIME": lambda node: TIME,
    "NAME_AVOGADRO": lambda node: sympy.Float(AVOGADRO),
    "CONSTANT_E": lambda node: sympy.E,
    "CONSTANT_PI": lambda node: sympy.pi,
    "CONSTANT_TRUE": lambda node: sympy.true,
    "CONSTANT_FALSE": lambda node: sympy.false,
}
_TRIGONOMETRIC: dict[str, Callable] = {
    "SIN": sympy.sin, "COS": sympy.cos, "TAN": sympy.tan, "CSC": _inverse(sympy.sin),
    "SEC": _inverse(sympy.cos), "COT": _inverse(sympy.tan), "SINH": sympy.sinh,
    "COSH": sympy.cosh, "TANH": sympy.tanh, "CSCH": _inverse(sympy.sinh),
    "SECH": _inverse(sympy.cosh), "COTH": _inverse(sympy.tanh), "ARCSIN": sympy.asin,
    "ARCCOS": sympy.acos, "ARCTAN": sympy.atan, "ARCCSC": _of_inverse(sympy.asin),
    "ARCSEC": _of_inverse(sympy.acos), "ARCCOT": _of_inverse(sympy.atan), "ARCSINH": _arsinh,
    "ARCCOSH": _arcosh, "ARCTANH": _artanh, "ARCCSCH": _of_inverse(_arsinh),
    "ARCSECH": _of_inverse(_arcosh), "ARCCOTH": _of_inverse(_artanh),
}  # fmt: skip
_UNARY: dict[str, Callable] = {f"FUNCTION_{k}": f for k, f in _TRIGONOMETRIC.items()} | {
    "FUNCTION_ABS": sympy.Abs, "FUNCTION_EXP": sympy.exp, "FUNCTION_LN": sympy.log,
    "FUNCTION_FLOOR": sympy.floor, "FUNCTION_CEILING": lambda x: -sympy.floor(-x),
    "FUNCTION_FACTORIAL": _factorial,
}  # fmt: skip
_OPERATIONS: dict[str, Callable[[list], Any]] = {
    "PLUS": lambda parts: sympy.Add(*parts),
    "TIMES": lambda parts: sympy.Mul(*parts),
    "MINUS": _minus,
    "DIVIDE": lambda parts: parts[0] / parts[1],
    "POWER": lambda parts: parts[0] ** parts[1],
    "FUNCTION_POWER": lambda parts: parts[0] ** parts[1],
    "FUNCTION_ROOT": _root,
    "FUNCTION_LOG": _logarithm,
    "FUNCTION_MAX": lambda parts: sympy.Max(*parts),
    "FUNCTION_MIN": lambda parts: sympy.Min(*parts),
}
_RELATIONS: dict[str, Callable] = {
    "RELATIONAL_LT": sympy.Lt, "RELATIONAL_LEQ": sympy.Le, "RELATIONAL_GT": sympy.Gt,
    "RELATIONAL_GEQ": sympy.Ge, "RELATIONAL_EQ": _same, "RELATIONAL_NEQ": _different,
}  # fmt: skip
_LOGICAL: dict[str, Callable[[list], Boolean]] = {
    "LOGICAL_AND": lambda parts: sympy.And(*parts),
    "LOGICAL_OR": lambda parts: sympy.Or(*parts),
    "LOGICAL_NOT": lambda parts: sympy.Not(parts[0]),
    "LOGICAL_XOR": lambda parts: reduce(
        lambda a, b: sympy.Or(sympy.And(a, sympy.Not(b)), sympy.And(sympy.Not(a), b)), parts
    ),
    "LOGICAL_IMPLIES": lambda parts: sympy.Or(sympy.Not(parts[0]), parts[1]),
}
_REFUSED = {
    "FUNCTION_DELAY": "delays are not read",
    "FUNCTION_RATE_OF": "rates of change (rateOf) are not read; write the rate out",
    "FUNCTION_QUOTIENT": "quotients of whole numbers are not read; use floor(a/b)",
    "FUNCTION_REM": "remainders are not read; use a - b*floor(a/b)",
}
