"""Expressions from strings, in the notation PyDSTool and XPPAUT users know; never ``eval``."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import sympy

from dynsys.errors import ModelError, unknown_name

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
    "sign": sympy.sign,
    "heav": lambda u: sympy.Piecewise((0, u < 0), (1, True)),
}
_TWO_ARGUMENTS: dict[str, Callable[..., sympy.Expr]] = {
    "pow": sympy.Pow,
    "atan2": sympy.atan2,
}
_COMPARISONS = {ast.Lt: sympy.Lt, ast.LtE: sympy.Le, ast.Gt: sympy.Gt, ast.GtE: sympy.Ge}
_REFUSED = {
    "floor": "it is not differentiable",
    "ceil": "it is not differentiable",
    "mod": "it is not differentiable",
    "ran": "noise belongs to the simulation, not to the vector field",
}
_XPPAUT_IF = re.compile(r"\bif\s*\(")


@cache
def function_names() -> frozenset[str]:
    """Names a symbol must not take."""
    own = {"if", "delay", "linoid", "max", "min", "pi"}
    return frozenset([*_ONE_ARGUMENT, *_TWO_ARGUMENTS, *own])


def parse_expression(
    text: str,
    symbols: Mapping[str, sympy.Expr],
    tables: Mapping[str, Any] | None = None,
    owner: str = "expression",
) -> sympy.Expr:
    """Read an expression.

    ``^`` and ``**`` are powers; ``if(c)then(a)else(b)`` and ``if(c, a, b)``, ``heav``, ``ln``,
    ``pow``, ``max``, ``min``, ``delay(signal, tau)``, ``linoid(u)`` = u / (1 - exp(-u)) and
    ``table.quantity(a, b)`` are understood. Decimal literals keep every digit.

    Parameters
    ----------
    symbols : name -> expression it stands for.
    tables : name -> SmoothTable.
    owner : what the expression belongs to, for messages.

    Raises
    ------
    UnknownNameError for an undeclared symbol or function, ModelError for anything unreadable.

    Example
    -------
    >>> x = sympy.Symbol("x")
    >>> parse_expression("2*x^2 + 1", {"x": x})
    2*x**2 + 1
    """
    if not isinstance(text, str) or not text.strip():
        raise ModelError(f"{owner}: the expression is empty")
    for name in symbols:
        if name in function_names():
            raise ModelError(
                f"{owner}: the name {name!r} shadows the function {name}; choose another name"
            )
    source = _unfold_conditions(text.strip(), owner).replace("^", "**")
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ModelError(f"{owner}: cannot read {text!r} ({_reason(error, text)})") from None
    try:
        return _Builder(symbols, tables or {}, owner, text).build(tree.body)
    except RecursionError:
        raise ModelError(f"{owner}: {text[:40]!r}... is nested too deeply") from None


def _reason(error: BaseException, text: str) -> str:
    if text.count("(") != text.count(")"):
        return f"{text.count('(')} opening and {text.count(')')} closing parentheses"
    return getattr(error, "msg", "") or "it is no expression"


def _unfold_conditions(text: str, owner: str) -> str:
    """``if(c)then(a)else(b)`` and ``if(c, a, b)`` as calls of ``if_``, which Python can read."""
    result = _XPPAUT_IF.sub("if_(", text)
    result = re.sub(r"\)\s*then\s*\(", ", then_(", result)
    result = re.sub(r"\)\s*else\s*\(", "), else_(", result)
    # Every "if_(c, then_(a), else_(b)" lost the parenthesis that closed its condition.
    return _close_conditions(result, owner) if "then_(" in result else result


def _close_conditions(text: str, owner: str) -> str:
    position = 0
    while (start := text.find("else_(", position)) >= 0:
        depth, end = 0, start + len("else_")
        for end in range(start + len("else_"), len(text)):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            if depth == 0:
                break
        if depth != 0:
            raise ModelError(f"{owner}: unbalanced parentheses after else in {text!r}")
        text = text[: end + 1] + ")" + text[end + 1 :]
        position = start + 1
    return text


class _Builder:
    """Turns a Python syntax tree into SymPy, refusing what an equation cannot hold."""

    def __init__(
        self, symbols: Mapping[str, sympy.Expr], tables: Mapping[str, Any], owner: str, text: str
    ) -> None:
        self.symbols, self.tables, self.owner, self.text = symbols, tables, owner, text

    def build(self, node: ast.expr) -> sympy.Expr:
        if isinstance(node, ast.Constant):
            return self._number(node)
        if isinstance(node, ast.Name):
            return self._symbol(node.id)
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
            value = self.build(node.operand)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.Call):
            return self._call(node)
        raise self._refuse(node)

    def _refuse(self, node: ast.AST, why: str = "an equation cannot hold it") -> ModelError:
        part = ast.unparse(node) if isinstance(node, ast.expr) else self.text
        return ModelError(f"{self.owner}: {part!r} in {self.text!r} is not understood: {why}")

    def _number(self, node: ast.Constant) -> sympy.Expr:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._refuse(node, "only numbers may stand here")
        if isinstance(value, int):
            return sympy.Integer(value)
        if value != value or value in (float("inf"), float("-inf")):
            raise self._refuse(node, "the number is too large")
        return sympy.Float(value, 17)

    def _symbol(self, name: str) -> sympy.Expr:
        if name in self.symbols:
            return self.symbols[name]
        if name == "pi":
            return sympy.pi
        raise unknown_name("symbol", name, self.symbols, f"{self.owner} ({self.text!r})")

    def _operation(self, node: ast.BinOp) -> sympy.Expr:
        left, right = self.build(node.left), self.build(node.right)
        operation = type(node.op)
        if operation is ast.Add:
            return left + right
        if operation is ast.Sub:
            return left - right
        if operation is ast.Mult:
            return left * right
        if operation is ast.Div:
            if right.is_zero:
                raise self._refuse(node, "it divides by zero")
            return left / right
        if operation is ast.Pow:
            return self._power(node, left, right)
        raise self._refuse(node)

    def _power(self, node: ast.BinOp, base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
        if exponent.is_number and base.is_number:
            if abs(float(exponent)) > 1000 or (base.is_zero and float(exponent) < 0):
                raise self._refuse(node, "the power is not a finite number of reasonable size")
        result = base**exponent
        if result.is_number and not result.is_extended_real:
            raise self._refuse(node, "the power is not a real number")
        return result

    def _call(self, node: ast.Call) -> sympy.Expr:
        if node.keywords:
            raise self._refuse(node, "functions take no keywords")
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            return self._lookup(node, node.func.value.id, node.func.attr)
        if not isinstance(node.func, ast.Name):
            raise self._refuse(node)
        return self._function(node, node.func.id)

    def _function(self, node: ast.Call, name: str) -> sympy.Expr:
        if name == "if_":
            return self._condition(node)
        if name in ("then_", "else_") and len(node.args) == 1:
            return self.build(node.args[0])
        values = [self.build(argument) for argument in node.args]
        if name in _ONE_ARGUMENT:
            self._count(node, name, 1)
            return _ONE_ARGUMENT[name](values[0])
        if name in _TWO_ARGUMENTS:
            self._count(node, name, 2)
            return _TWO_ARGUMENTS[name](*values)
        if name in ("max", "min") and len(values) >= 2:
            return (sympy.Max if name == "max" else sympy.Min)(*values)
        if name == "linoid":
            from dynsys.functions import Linoid

            if len(values) not in (1, 2):
                self._count(node, name, 1)
            return Linoid(*values)
        if name == "delay":
            from dynsys.delays import delay

            self._count(node, name, 2)
            return delay(*values)
        if name in _REFUSED:
            raise self._refuse(node, _REFUSED[name])
        known = sorted(function_names() - {"pi"})
        raise unknown_name("function", name, known, f"{self.owner} ({self.text!r})")

    def _count(self, node: ast.Call, name: str, wanted: int) -> None:
        if len(node.args) != wanted:
            raise self._refuse(node, f"{name} takes {wanted} argument{'s' * (wanted > 1)}")

    def _lookup(self, node: ast.Call, table: str, quantity: str) -> sympy.Expr:
        if table not in self.tables:
            raise unknown_name("table", table, self.tables, f"{self.owner} ({self.text!r})")
        self._count(node, f"{table}.{quantity}", 2)
        word, order = _derivative_order(quantity)
        expression = self.tables[table].expression(word, *map(self.build, node.args))
        if order == (0, 0):
            return expression
        name, index, _, _, a, b = expression.args
        return expression.func(name, index, *order, a, b)

    def _condition(self, node: ast.Call) -> sympy.Expr:
        if len(node.args) != 3:
            raise self._refuse(node, "write if(condition)then(a)else(b) or if(condition, a, b)")
        condition, then, otherwise = node.args
        return sympy.Piecewise(
            (self.build(then), self._comparison(condition)), (self.build(otherwise), True)
        )

    def _comparison(self, node: ast.expr) -> sympy.Basic:
        if isinstance(node, ast.BoolOp):
            parts = [self._comparison(value) for value in node.values]
            return (sympy.And if isinstance(node.op, ast.And) else sympy.Or)(*parts)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            parts = [self._comparison(node.left), self._comparison(node.right)]
            return (sympy.And if isinstance(node.op, ast.BitAnd) else sympy.Or)(*parts)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            kind = _COMPARISONS.get(type(node.ops[0]))
            if kind is not None:
                return kind(self.build(node.left), self.build(node.comparators[0]))
        raise self._refuse(node, "a condition compares with <, <=, > or >=")


def _derivative_order(quantity: str) -> tuple[str, tuple[int, int]]:
    """``rate_1_0`` names the first derivative of ``rate`` in its first argument."""
    match = re.fullmatch(r"(.+)_(\d)_(\d)", quantity)
    if match is None:
        return quantity, (0, 0)
    return match[1], (int(match[2]), int(match[3]))
