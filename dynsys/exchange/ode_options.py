"""Options of an .ode file (``@ total=100, meth=rk``): what they set, what is left to XPPAUT."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dynsys.exchange.ode_statements import Statement, Statements

# XPPAUT looks at the first letter of a method only.
_METHODS = {
    "d": "discrete", "e": "euler", "m": "heun", "r": "rk4", "a": "adams", "g": "gear",
    "v": "volterra", "b": "backward euler", "q": "adaptive rk4", "s": "stiff", "c": "cvode",
    "5": "dormand-prince 5", "8": "dormand-prince 8", "2": "rosenbrock", "y": "symplectic",
}  # fmt: skip


# The options that are used here, each before those whose beginning it is.
_SHOWN = ("xp", "yp", "xlo", "xhi", "ylo", "yhi")
AUTO = ("ntst", "nmax", "dsmin", "dsmax", "ds", "parmin", "parmax")
_READ = ("dtmin", "dtmax", "dt", "total", "trans", "t0", "bound", "meth", *_SHOWN, *AUTO)


def options(statements: Statements) -> dict[str, str]:
    """Option, in lower case -> its value as text; the last one counts.

    XPPAUT knows an option by its beginning: ``bounds``, ``transient`` and ``method`` are here
    ``bound``, ``trans`` and ``meth``.
    """
    result: dict[str, str] = {}
    for statement in statements.of("option"):
        for name, value in _pairs(statement, statements):
            known = _known(name)
            result[known] = _method(statement, value, statements) if known == "meth" else value
    return result


def _known(name: str) -> str:
    """The option that a word begins with; those of further windows, as ``xp2``, are others."""
    if name[:-1] in _SHOWN and name[-1] in "2345678":
        return name
    return next((k for k in _READ if name.startswith(k)), name)


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
    if not method:
        statements.note(statement.line, f"XPPAUT knows no method {value!r}; left out")
    return method


# --- what the toolbox makes of them -------------------------------------------------------------

# Fixed-step methods that ``simulate`` has too; the others become its adaptive one.
_FIXED_STEP = ("euler", "heun", "rk4")
_STEP = 0.05  # XPPAUT's own


def run_defaults(chosen: Mapping[str, str], driven: bool = False) -> dict[str, Any]:
    """Duration, settling time, method, step and bounds of a simulation, where the options tell.

    The forcing of a ``driven`` model acts during the transient too, which is then recorded.
    XPPAUT's own bounds of 100, where a file has none, are not taken over.
    """
    result: dict[str, Any] = {}
    total, before = _float(chosen, "total"), None if driven else _float(chosen, "trans")
    if total is not None and total > (before or 0):
        # XPPAUT counts the total from the start of the transient.
        result["duration"] = total - (before or 0.0)
    if before is not None and before > 0 and "duration" in result:
        result["settle"] = before
    if chosen.get("meth") in _FIXED_STEP:
        result["method"] = chosen["meth"]
        result["dt"] = abs(_float(chosen, "dt") or _STEP)
    if bound := _float(chosen, "bound"):
        result["bounds"] = abs(bound)
    return result


def windows(chosen: Mapping[str, str], states: list[str]) -> dict[str, tuple[float, float]]:
    """State, in lower case -> the window in which XPPAUT shows it: where its values are."""
    shown = {"x": chosen.get("xp", "t"), "y": chosen.get("yp", states[0])}
    result = {}
    for axis, state in shown.items():
        low, high = _float(chosen, f"{axis}lo"), _float(chosen, f"{axis}hi")
        if state.lower() in states and low is not None and high is not None and low < high:
            result[state.lower()] = (low, high)
    return result


def left_out(chosen: Mapping[str, str]) -> list[str]:
    """The options that only XPPAUT uses, as it names them."""
    return [name for name in chosen if name not in _READ or name in ("dtmin", "dtmax")]


def _float(chosen: Mapping[str, str], name: str) -> float | None:
    try:
        return float(chosen[name])
    except (KeyError, ValueError):
        return None
