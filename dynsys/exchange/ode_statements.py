"""The statements of an XPPAUT .ode file: what each line declares, with its line number."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path

from dynsys.errors import ModelError, StorageError

# Statements that change what a model does and that a vector field cannot hold.
_REFUSED = {
    "wiener": "noise belongs to a simulation, not to a vector field",
    "global": "resets (global flags) make the system hybrid; only smooth flows can be continued",
    "markov": "Markov variables make the system random",
    "table": "tables from files are not read; give a formula or a dynsys.SmoothTable",
    "volterra": "integral equations are not ordinary differential equations",
    "special": "networks (special) are not read; write their sums out",
    "solve": "algebraic equations are not read; eliminate the unknown",
    "solv": "algebraic equations are not read; eliminate the unknown",
    "bdry": "boundary conditions do not belong to a vector field",
    "export": "right-hand sides in compiled libraries (export) cannot be read",
    "vector": "vector variables are not read; write their components out",
    "method": "old-style files (numbers of variables first) are not read; use the 5.x syntax",
}
# Statements that only concern XPPAUT's windows and numerics.
_IGNORED = ("set", "only", "options", "option", "command")
_NAME = r"[A-Za-z_]\w*"
_ASSIGNMENT = re.compile(rf"({_NAME})\s*=\s*([^\s,=]+)\s*,?\s*")
_RATE = re.compile(rf"(?:d({_NAME})/dt|({_NAME})')\s*=(.*)", re.IGNORECASE)
_INITIAL = re.compile(rf"({_NAME})\s*\(\s*0\s*\)\s*=(.*)")
_MAP = re.compile(rf"({_NAME})\s*\(\s*t\s*(\+\s*1)?\s*\)\s*=")
_FUNCTION = re.compile(rf"({_NAME})\s*\(([^()]*)\)\s*=(?!=)(.*)")
_FIXED = re.compile(rf"({_NAME})\s*=(?!=)(.*)")
_LOOP = re.compile(r"\[\s*(\d+)\s*\.\.\s*(\d+)\s*\]")
_INDEX = re.compile(r"\[\s*j\s*([+-]\s*\d+)?\s*\]", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """One declaration: its kind, its name, its text, the line it is on.

    ``kind`` is "state", "parameter", "constant", "initial", "fixed", "derived", "auxiliary" or
    "function" (then ``arguments`` are set).
    """

    kind: str
    name: str
    text: str
    line: int
    arguments: tuple[str, ...] = ()


def read_statements(path: Path) -> list[Statement]:
    """All statements of a file in order.

    Raises StorageError where there is no such file, ModelError with the line number for a line
    that is not understood or that a vector field cannot hold.
    """
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error}") from error
    found: list[Statement] = []
    for line, content in _logical_lines(text):
        if re.fullmatch(r"d(one)?", content, re.IGNORECASE):
            break
        for part in _unrolled(content, path, line):
            found += _statements(part, path, line)
    return found


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """(number of the first line, content), continued lines joined, comments left out."""
    result, waiting, first = [], "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        content = raw.strip()
        if not waiting and (not content or content[0] in '#"%@$'):
            continue
        first = first if waiting else number
        waiting += " " + content.rstrip("\\") if content.endswith("\\") else " " + content
        if not content.endswith("\\"):
            result.append((first, waiting.strip()))
            waiting = ""
    return result + ([(first, waiting.strip())] if waiting else [])


def _unrolled(content: str, path: Path, line: int) -> list[str]:
    """``x[1..3]'=-x[j]`` as three lines."""
    loop = _LOOP.search(content)
    if loop is None:
        return [content]
    low, high = int(loop[1]), int(loop[2])
    if not 0 <= high - low < 1000:
        raise fault(path, line, content, "the range of the array is empty or longer than 1000")
    copies = []
    for j in range(low, high + 1):
        copy = _LOOP.sub(str(j), content)
        for index in reversed(list(_INDEX.finditer(copy))):
            number = j + int((index[1] or "0").replace(" ", ""))
            copy = copy[: index.start()] + str(number) + copy[index.end() :]
        copies.append(copy)
    return copies


def _statements(content: str, path: Path, line: int) -> list[Statement]:
    word = re.match(r"[A-Za-z_]\w*", content)
    first = word[0].lower() if word else ""
    rest = content[len(first) :].strip()
    declares = bool(rest) and rest[0] not in "='(/"
    if declares and first in _REFUSED:
        raise fault(path, line, content, _REFUSED[first])
    if declares and first in _IGNORED:
        return []
    if re.fullmatch(r"p(ar(am(eter)?)?s?)?", first) and declares:
        return _assignments("parameter", rest, path, line)
    if re.fullmatch(r"n(um(ber)?s?)?", first) and declares:
        return _assignments("constant", rest, path, line)
    if re.fullmatch(r"i(nit)?", first) and declares:
        return _assignments("initial", rest, path, line)
    if first == "aux" and declares:
        return [_named("auxiliary", _FIXED, rest, path, line)]
    if content.startswith("!"):
        return [_named("derived", _FIXED, content[1:].strip(), path, line)]
    if re.match(r"0\s*=", content):
        raise fault(path, line, content, _REFUSED["solve"])
    return [_equation(content, path, line)]


def _equation(content: str, path: Path, line: int) -> Statement:
    match = _RATE.fullmatch(content)
    if match:
        return Statement("state", match[1] or match[2], match[3].strip(), line)
    match = _INITIAL.fullmatch(content)
    if match:
        return Statement("initial", match[1], match[2].strip(), line)
    match = _MAP.match(content)
    if match:
        kind = "maps x(t+1)=... " if match[2] else "integral equations x(t)=... "
        raise fault(path, line, content, kind + "are no flows; write x'=...")
    match = _FUNCTION.fullmatch(content)
    if match:
        arguments = tuple(a.strip() for a in match[2].split(",") if a.strip())
        return Statement("function", match[1], match[3].strip(), line, arguments)
    return _named("fixed", _FIXED, content, path, line)


def _named(kind: str, pattern: re.Pattern, text: str, path: Path, line: int) -> Statement:
    match = pattern.fullmatch(text)
    if match is None or not match[2].strip():
        raise fault(path, line, text, "it is no statement; write name=value, x'=... or f(a)=...")
    return Statement(kind, match[1], match[2].strip(), line)


def _assignments(kind: str, text: str, path: Path, line: int) -> list[Statement]:
    """``a=1, b=2`` and ``a=1 b=2``."""
    result, rest = [], re.sub(r"\s*=\s*", "=", text)
    while rest:
        match = _ASSIGNMENT.match(rest)
        if match is None:
            raise fault(path, line, rest, "write name=number, separated by commas or spaces")
        result.append(Statement(kind, match[1], match[2], line))
        rest = rest[match.end() :]
    return result


def fault(path: Path, line: int, content: str, why: str) -> ModelError:
    """The error for a line: where it is, what it says, why it cannot be read."""
    shown = content if len(content) <= 80 else content[:76] + " ..."
    return ModelError(f"{path.name}, line {line}: {shown!r} cannot be read: {why}")


def python_name(name: str) -> str:
    """A name as Python and our notation allow it: ``lambda`` becomes ``lambda_``."""
    return name + "_" if keyword.iskeyword(name) else name
