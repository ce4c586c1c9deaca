"""Expressions from strings, in the notation PyDSTool and XPPAUT users know; never ``eval``."""

from __future__ import annotations

import ast
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import sympy

from dynsys.errors import ModelError, unknown_name
from dynsys.expressions.conditions import piecewise
from dynsys.expressions.delay import delay
from dynsys.expressions.functions import Linoid
from dynsys.expressions.notation import ELSE, IF, THEN, original, shown, syntax_tree
from dynsys.expressions.partials import Partial

_ONE_ARGUMENT: dict[str, Callable[..., sympy.Expr]] = {
    "exp": sympy.exp,
    "log": sympy.log,
    "ln": sympy.log,
    "log10": lambda u: sympy.log(u) / sympy.log(10),
    "sqrt": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "asin": sympy.asin,
    "acos": sympy.acos,
    "atan": sympy.atan,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "abs": sympy.Abs,
    "floor": sympy.floor,
    "sign": sympy.sign,
    "erf": sympy.erf,
    "erfc": sympy.erfc,
    "heav": lambda u: piecewise((sympy.S.Zero, u < 0), (sympy.S.One, sympy.true)),
}
_OWN_RULES = ("delay", "if", "linoid", "max", "min", "partial", "pow")
_OPERATORS: dict[type, Callable[..., sympy.Expr]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
}
_COMPARISONS = {ast.Lt: sympy.Lt, ast.LtE: sympy.Le, ast.Gt: sympy.Gt, ast.GtE: sympy.Ge}
_NOT_DIFFERENTIABLE = "it is not differentiable"
_REFUSED = {
    **dict.fromkeys(("flr", "ceil", "round", "mod"), _NOT_DIFFERENTIABLE),
    **dict.fromkeys(("ran", "normal"), "noise belongs to the simulation, not to the vector field"),
}
# Exact powers of ratios stay exact up to this many bits; beyond, a double holds all that counts.
_EXACT_BITS = 4096


@cache
def function_names() -> frozenset[str]:
    """Names a symbol must not take."""
    return frozenset([*_ONE_ARGUMENT, *_OWN_RULES, "pi"])


def parse_expression(
    text: str,
    symbols: Mapping[str, sympy.Expr],
    tables: Mapping[str, Any] | None = None,
    owner: str = "expression",
    functions: Mapping[str, Callable[..., sympy.Expr]] | None = None,
) -> sympy.Expr:
    """Read an expression.

    ``^`` and ``**`` are powers; ``if(c)then(a)else(b)`` and ``if(c, a, b)``, ``heav``, ``ln``,
    ``pow``, ``max``, ``min``, ``delay(signal, tau)``, ``linoid(u)`` = u / (1 - exp(-u)),
    ``partial(f, x)`` and ``table.quantity(a, b)`` are understood. Decimal literals keep every
    digit, ratios of integers are exact. A constant that is no finite real number is refused.

    Parameters
    ----------
    symbols : name -> expression it stands for.
    tables : name -> SmoothTable.
    owner : what the expression belongs to, for messages.
    functions : name -> what a call of it becomes, for functions of the user's own.

    Raises
    ------
    UnknownNameError for an undeclared symbol or function, ModelError for anything unreadable.

    Example
    -------
    >>> x = sympy.Symbol("x")
    >>> parse_expression("2*x^2 + 1", {"x": x})
    2*x**2 + 1
    """
    for name in symbols:
        if name in function_names():
            raise ModelError(
                f"{owner}: the name {name!r} shadows the function {name}; choose another name"
            )
    tree = syntax_tree(text, owner)
    try:
        return _in_doubles(
            _Builder(symbols, tables or {}, owner, text, functions or {}).build(tree)
        )
    except RecursionError:
        raise ModelError(
            f"{owner}: {shown(text)} is nested too deeply; name its parts in `definitions`"
        ) from None


class _Builder:
    """Turns a Python syntax tree into SymPy, refusing what an equation cannot hold."""

    def __init__(
        self, symbols: Mapping[str, sympy.Expr], tables: Mapping[str, Any], owner: str, text: str,
        functions: Mapping[str, Callable[..., sympy.Expr]],
    ) -> None:  # fmt: skip
        # Python's parser composes characters (the micro sign becomes a Greek mu): so do we.
        self.symbols = {unicodedata.normalize("NFKC", k): v for k, v in symbols.items()}
        self.tables, self.owner, self.text = tables, owner, text
        self.functions = functions

    def build(self, node: ast.expr) -> sympy.Expr:
        if isinstance(node, ast.Constant):
            return self._number(node)
        if isinstance(node, ast.Name):
            return self._symbol(node.id)
        if isinstance(node, ast.BinOp):
            return self._real(node, self._operation(node))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
            value = self.build(node.operand)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.Call):
            return self._real(node, self._call(node))
        raise self._refuse(node)

    # --- refusing -----------------------------------------------------------------------------

    def _refuse(self, node: ast.AST, why: str = "an equation cannot hold it") -> ModelError:
        part = original(ast.unparse(node)) if isinstance(node, ast.expr) else self.text
        alone = part.replace(" ", "") == self.text.replace(" ", "")
        place = "" if alone else f" in {shown(self.text)}"
        return ModelError(f"{self.owner}: {shown(part)}{place} is not understood: {why}")

    def _unknown(self, kind: str, name: str, known: Any) -> Exception:
        found = re.search(
            rf"(?<!\w){re.escape(name)}(?!\w)", unicodedata.normalize("NFKC", self.text)
        )
        place = f" at character {found.start() + 1}" if found else ""
        return unknown_name(kind, name, known, f"{self.owner} ({shown(self.text)}{place})")

    def _real(self, node: ast.AST, result: sympy.Expr) -> sympy.Expr:
        """A constant must be a finite real number; anything else passes."""
        if not result.is_number:
            return result
        try:
            value = float(result)
        except (TypeError, ValueError, OverflowError):
            value = math.nan
        if not math.isfinite(value):
            raise self._refuse(node, "it is not a finite real number")
        return result

    # --- leaves -------------------------------------------------------------------------------

    def _number(self, node: ast.Constant) -> sympy.Expr:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._refuse(node, "only numbers may stand here")
        if isinstance(value, int):
            return self._real(node, sympy.Integer(value))
        if not math.isfinite(value):
            raise self._refuse(node, "the number is too large")
        return sympy.Float(value, 17)

    def _symbol(self, name: str) -> sympy.Expr:
        if name in self.symbols:
            return self.symbols[name]
        if name == "pi":
            return sympy.pi
        if name in function_names():
            raise ModelError(
                f"{self.owner}: {name!r} in {shown(self.text)} is a function; write {name}(...)"
            )
        raise self._unknown("symbol", name, self.symbols)

    # --- operations ---------------------------------------------------------------------------

    def _operation(self, node: ast.BinOp) -> sympy.Expr:
        if isinstance(node.op, (ast.Mult, ast.Div)):
            return sympy.Mul(*self._factors(node))
        left, right = self.build(node.left), self.build(node.right)
        if isinstance(node.op, ast.Pow):
            return self._power(node, left, right)
        operator = _OPERATORS.get(type(node.op))
        if operator is None:
            modulo = isinstance(node.op, (ast.Mod, ast.FloorDiv))
            raise self._refuse(node, _NOT_DIFFERENTIABLE) if modulo else self._refuse(node)
        return operator(left, right)

    def _factors(self, node: ast.expr) -> list[sympy.Expr]:
        """All factors of a product: SymPy spreads a number over a sum where the two are alone."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return [sympy.S.NegativeOne, *self._factors(node.operand)]
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div))):
            return [self.build(node)]
        right = self.build(node.right)
        if isinstance(node.op, ast.Div) and right.is_zero:
            raise self._refuse(node, "it divides by zero")
        return [*self._factors(node.left), right if isinstance(node.op, ast.Mult) else 1 / right]

    def _power(self, node: ast.AST, base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
        if not (base.is_number and exponent.is_number):
            return base**exponent
        b, e = float(base), float(exponent)
        if b == 0 and e < 0:
            raise self._refuse(node, "it divides by zero")
        if b and abs(b) != 1 and e * math.log(abs(b)) > 710:
            raise self._refuse(node, "the number is too large")
        if isinstance(base, sympy.Rational):
            # Exact arithmetic with a million digits would hang where a double is meant.
            bits = base.p.bit_length() + base.q.bit_length()
            if bits * abs(e) > _EXACT_BITS:
                return sympy.Float(b, 17) ** exponent
        return base**exponent

    # --- calls --------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> sympy.Expr:
        if node.keywords:
            raise self._refuse(node, "functions take no keywords")
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            return self._lookup(node, node.func.value.id, node.func.attr)
        if not isinstance(node.func, ast.Name):
            raise self._refuse(node)
        if node.func.id == IF:
            return self._condition(node)
        return self._function(node, node.func.id)

    def _function(self, node: ast.Call, name: str) -> sympy.Expr:
        if name in self.functions:
            return self.functions[name](*map(self.build, node.args))
        if name in _REFUSED:
            raise self._refuse(node, _REFUSED[name])
        if name not in _ONE_ARGUMENT and name not in _OWN_RULES:
            raise self._unknown(
                "function", name, sorted({*function_names(), *self.functions} - {"pi"})
            )
        values = [self.build(argument) for argument in node.args]
        if name in _ONE_ARGUMENT:
            self._count(node, name, 1)
            return _ONE_ARGUMENT[name](values[0])
        if name in ("max", "min"):
            if len(values) < 2:
                raise self._refuse(node, f"{name} takes 2 arguments or more")
            return (sympy.Max if name == "max" else sympy.Min)(*values)
        if name == "linoid":
            return self._linoid(node, values)
        self._count(node, name, 2)
        if name == "pow":
            return self._power(node, *values)
        if name == "partial":
            if not values[1].is_Symbol:
                raise self._refuse(node, "partial(f, x) takes a state or parameter x")
            return Partial(*values)
        return delay(*values)

    def _linoid(self, node: ast.Call, values: list[sympy.Expr]) -> sympy.Expr:
        if len(values) not in (1, 2):
            raise self._refuse(node, "linoid takes 1 argument (and the order of a derivative)")
        if len(values) == 2 and not (values[1].is_Integer and 0 <= values[1] <= 99):
            raise self._refuse(node, "the order of a derivative is an integer, 0 or more")
        return Linoid(*values)

    def _count(self, node: ast.Call, name: str, wanted: int) -> None:
        if len(node.args) != wanted:
            raise self._refuse(node, f"{name} takes {wanted} argument{'s' * (wanted > 1)}")

    def _lookup(self, node: ast.Call, table: str, quantity: str) -> sympy.Expr:
        if table not in self.tables:
            raise self._unknown("table", table, self.tables)
        self._count(node, f"{table}.{quantity}", 2)
        word, order = _derivative_order(quantity)
        expression = self.tables[table].expression(word, *map(self.build, node.args))
        if order == (0, 0):
            return expression
        name, index, _, _, a, b = expression.args
        return expression.func(name, index, *order, a, b)

    # --- conditions ---------------------------------------------------------------------------

    def _condition(self, node: ast.Call) -> sympy.Expr:
        if len(node.args) != 3:
            raise self._refuse(node, "write if(condition)then(a)else(b) or if(condition, a, b)")
        condition, then, otherwise = node.args
        return piecewise(
            (self.build(_inside(then, THEN)), self._comparison(condition)),
            (self.build(_inside(otherwise, ELSE)), sympy.true),
        )

    def _comparison(self, node: ast.expr) -> sympy.Basic:
        if isinstance(node, ast.BoolOp):
            parts = [self._comparison(value) for value in node.values]
            return (sympy.And if isinstance(node.op, ast.And) else sympy.Or)(*parts)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            parts = [self._comparison(node.left), self._comparison(node.right)]
            return (sympy.And if isinstance(node.op, ast.BitAnd) else sympy.Or)(*parts)
        if isinstance(node, ast.Compare):
            return self._chain(node)
        raise self._refuse(node, "a condition compares with <, <=, > or >=")

    def _chain(self, node: ast.Compare) -> sympy.Basic:
        """``a < b`` or ``a < b < c``."""
        sides = [node.left, *node.comparators]
        kinds = [_COMPARISONS.get(type(operator)) for operator in node.ops]
        if any(
            isinstance(s, ast.BinOp) and isinstance(s.op, (ast.BitAnd, ast.BitOr)) for s in sides
        ):
            raise self._refuse(node, "write (a < b) & (c < d), with parentheses")
        if None in kinds:
            raise self._refuse(node, "a condition compares with <, <=, > or >=")
        values = [self.build(side) for side in sides]
        pairs = zip(kinds, values[:-1], values[1:], strict=True)
        return sympy.And(*(kind(a, b) for kind, a, b in pairs if kind))


def _in_doubles(expression: sympy.Expr) -> sympy.Expr:
    """Round folded constants to doubles, which a text can write and read back exactly."""
    rounded = {f: sympy.Float(float(f), 17) for f in expression.atoms(sympy.Float)}
    return expression.xreplace({f: r for f, r in rounded.items() if f != r})


def _inside(node: ast.expr, name: str) -> ast.expr:
    """``a`` of the ``THEN(a)`` that the XPPAUT form of a condition holds."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
        if len(node.args) == 1:
            return node.args[0]
    return node


def _derivative_order(quantity: str) -> tuple[str, tuple[int, int]]:
    """``rate_1_0`` names the first derivative of ``rate`` in its first argument."""
    match = re.fullmatch(r"(.+)_(\d)_(\d)", quantity)
    if match is None:
        return quantity, (0, 0)
    return match[1], (int(match[2]), int(match[3]))
