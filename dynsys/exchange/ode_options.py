"""Options of an .ode file (``@ total=100, meth=rk``): what they set, what is left to XPPAUT."""

from __future__ import annotations

import re

from dynsys.errors import ModelError
from dynsys.exchange.ode_statements import Statement, Statements

# XPPAUT looks at the first letter of a method only.
_METHODS = {
    "d": "discrete", "e": "euler", "m": "heun", "r": "rk4", "a": "adams", "g": "gear",
    "v": "volterra", "b": "backward euler", "q": "adaptive rk4", "s": "stiff", "c": "cvode",
    "5": "dormand-prince 5", "8": "dormand-prince 8", "2": "rosenbrock", "y": "symplectic",
}  # fmt: skip


def options(statements: Statements) -> dict[str, str]:
    """Option, in lower case -> its value as text; the last one counts.

    Raises ModelError where the method is that of maps.
    """
    result: dict[str, str] = {}
    for statement in statements.of("option"):
        for name, value in _pairs(statement, statements):
            result[name] = value
            if name.startswith("meth"):
                result["meth"] = _method(statement, value, statements)
    return result


def _pairs(statement: Statement, statements: Statements) -> list[tuple[str, str]]:
    line, text = statement.line, statement.line.text
    if re.search(r"\s=|=\s", text):
        if re.search(r"meth\w*\s*=\s*d", text, re.IGNORECASE):
            raise line.fault(
                "XPPAUT reads no option with spaces at its equals sign, so this is no map to it; "
                "write meth=discrete for a map, or remove the option for a flow"
            )
        statements.note(line, "XPPAUT reads no option with spaces at its equals sign; left out")
    first, *words = re.split(r"[\s,]+", text)
    if first != "@":
        statements.note(line, f"XPPAUT takes no notice of an option joined to @; {first} left out")
    pairs = (word.partition("=") for word in words)
    return [(name.lower(), value) for name, _, value in pairs if name and value]


def _method(statement: Statement, value: str, statements: Statements) -> str:
    method = _METHODS.get(value[0].lower(), "")
    if method == "discrete":
        raise map_error(statement)
    if not method:
        statements.note(statement.line, f"XPPAUT knows no method {value!r}; left out")
    return method


def map_error(statement: Statement) -> ModelError:
    return statement.line.fault(
        "meth=discrete makes the file a map, in which x'=f stands for x(t+1)=f, and a map is no "
        "flow; give its equations to continuation.Map"
    )
