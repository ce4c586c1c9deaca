"""XPPAUT's rules for expressions, as a calculator of its own: two stacks and a table.

The table is that of XPPAUT 8 (and 6.11): the higher number binds tighter, equal ones from the
left; a minus is a sign at the start and behind ``(`` or ``,`` only, and binds as ``*`` does.
"""

from __future__ import annotations

import math
import re

PRIORITY = {"(": 1, ",": 3, "|": 4, "+": 4, "-": 4, "&": 6, "*": 6, "/": 6, "sign": 6, "not": 6}
PRIORITY |= dict.fromkeys(["^", "<", ">", "<=", ">=", "==", "!="], 7)
_TOKEN = re.compile(r"\d+\.?\d*|not|[a-z]+\d?|<=|>=|==|!=|.")
_CALLS = {
    "abs": (1, abs), "exp": (1, math.exp), "heav": (1, lambda u: float(u >= 0)),
    "flr": (1, math.floor),
    "max": (2, max), "min": (2, min), "mod": (2, lambda a, b: math.fmod(a, b) % b),
    "atan2": (2, math.atan2),
}  # fmt: skip


def _apply(operator, values):
    if operator in ("sign", "not"):
        a = values.pop()
        values.append(-a if operator == "sign" else float(a == 0))
        return
    b, a = values.pop(), values.pop()
    values.append(
        float(
            {
                "|": lambda: bool(a) or bool(b), "&": lambda: bool(a) and bool(b),
                "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b,
                "^": lambda: a**b, "<": lambda: a < b, ">": lambda: a > b, "<=": lambda: a <= b,
                ">=": lambda: a >= b, "==": lambda: a == b, "!=": lambda: a != b,
            }[operator]()
        )
    )  # fmt: skip


def value(text: str, names: dict[str, float]) -> float:
    """What XPPAUT computes for an expression of numbers, names, operators and functions."""
    values: list[float] = []
    operators: list[str] = []
    before = "start"
    for token in _TOKEN.findall(text.replace(" ", "").replace("**", "^")):
        if token == "-" and before in ("start", "(", ","):
            token = "sign"
        if re.match(r"\d", token):
            values.append(float(token))
        elif token in names:
            values.append(names[token])
        elif token == "(" or token in _CALLS:
            operators.append(token)
        elif token in (")", ","):
            while operators[-1] != "(":
                _apply(operators.pop(), values)
            if token == ")":
                operators.pop()
                if operators and operators[-1] in _CALLS:
                    count, function = _CALLS[operators.pop()]
                    arguments = [values.pop() for _ in range(count)][::-1]
                    values.append(float(function(*arguments)))
        else:
            while (
                operators and operators[-1] in PRIORITY and operators[-1] != "("
                and PRIORITY[operators[-1]] >= PRIORITY[token] and token != "not"
            ):  # fmt: skip
                _apply(operators.pop(), values)
            operators.append(token)
        before = token
    while operators:
        _apply(operators.pop(), values)
    return values[0]
