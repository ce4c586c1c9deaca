"""The statements of an XPPAUT .ode file: what each line declares, as XPPAUT sorts them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dynsys.errors import ModelError
from dynsys.exchange.ode_lines import Line, read_lines

# What decides is the first of these characters, as in XPPAUT. A tab counts as a space.
_FIRST = re.compile(r"[ \t=/'(]")
_RATE = re.compile(r"(?:d(?P<over>[^/\s]+)/\s*dt|(?P<primed>[^']+)')\s*=(?P<text>.*)", re.I | re.S)
_MAP = re.compile(r"([^(]+)\(\s*t\s*\+\s*1\s*\)\s*=(.*)", re.IGNORECASE | re.DOTALL)
_INITIAL = re.compile(r"([^(]+)\(\s*0\s*\)\s*=(?!=)(.*)", re.DOTALL)
_FUNCTION = re.compile(r"([^(]+)\(([^()]*)\)\s*=(?!=)(.*)", re.DOTALL)
_FIXED = re.compile(r"([^=]+)=(?!=)(.*)", re.DOTALL)
_ONE = re.compile(r"([^\s=,]+)(?:\s*=\s*([^\s,]*))?\s*,?\s*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_EQUATION = re.compile(r"\w*\s*(=|'|\()")  # what looks meant, behind a word that says nothing
_NAME = re.compile(r"[A-Za-z_][\w.]*")


@dataclass(frozen=True)
class Statement:
    """One declaration: its kind, its name, its text, the line it is on.

    ``kind`` is "state", "parameter", "constant", "initial", "start", "fixed", "derived",
    "auxiliary", "function" (then ``arguments`` are set), "wiener", "table", "option", "set" or
    "reset" (``global``). An "initial" comes from ``init``, a "start" from ``x(0)=``; a "state" that
    comes from ``x(t+1)=`` has the argument "t+1".
    """

    kind: str
    name: str
    text: str
    line: Line
    arguments: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name as XPPAUT compares it: without spaces, in lower case."""
        return "".join(self.name.split()).lower()

    def fault(self, why: str) -> ModelError:
        sign = "=" if self.name and self.text else ""
        return self.line.fault(why, f"{self.name}{sign}{self.text.strip()}")


@dataclass
class Statements:
    """All statements of the file at ``path`` in order, and what was left out, in words."""

    path: Path
    found: list[Statement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Statement]:
        return [s for s in self.found if s.kind in kinds]

    def note(self, line: Line, words: str) -> None:
        self.notes.append(f"{line.place}: {words}")


def read_statements(path: Path) -> Statements:
    """All statements of a file in order.

    Raises StorageError where there is no such file, ModelError with the line number for a line
    that is not understood or that a vector field cannot hold.
    """
    result = Statements(path)
    for line in read_lines(path):
        if _ends(line):
            break
        _read(line, result)
    return result


def _ends(line: Line) -> bool:
    """XPPAUT stops at any line whose first word begins with d, if it is no equation."""
    word = re.fullmatch(r"\s*([dD]\w*)(\s.*)?", line.text, re.DOTALL)
    if word is None or (word[2] or "").lstrip().startswith("="):
        return False
    if (word[2] or "").strip() and not "done".startswith(word[1].lower()):
        raise line.fault("XPPAUT takes it for the end of the file (done), as its word begins by d")
    return True


def _read(line: Line, result: Statements) -> None:
    text = line.text.strip()
    if line.text.startswith("@"):
        result.found.append(Statement("option", "", text[1:].strip(), line))
    elif text.startswith("@"):
        result.note(line, "XPPAUT reads options only where @ is the first character; left out")
    elif text.startswith('"'):
        return
    elif text.startswith(("%", "$")):
        _marked(line, text, result)
    elif re.match(r"0\s*=", text):
        raise line.fault("algebraic equations are not read; eliminate the unknown")
    elif text.startswith("!"):
        result.found.append(_assigned("derived", text[1:], line))
    else:
        _sorted(line, text, result)


def _marked(line: Line, text: str, result: Statements) -> None:
    """A line behind % or $: no comment to XPPAUT, which reads an equation where it finds one.

    Names that begin so are not read here, so that nothing can depend on what is left out.
    """
    first = _FIRST.search(text)
    if first and first[0] in "/'(":
        if _INITIAL.fullmatch(text):
            raise line.fault(f"XPPAUT has no state whose name begins by {text[0]}; use #")
        words = f"XPPAUT reads an equation of a name that begins by {text[0]}, which nothing uses"
        result.note(line, f"{words}; left out")
        return
    result.note(line, f"a line that begins by {text[0]} has no effect; left out")


def _sorted(line: Line, text: str, result: Statements) -> None:
    first = _FIRST.search(text)
    if first is None or (first[0] in " \t" and not text[first.end() :].lstrip().startswith("=")):
        word = text[: first.start()] if first else text
        _command(line, word.upper(), text[len(word) :].strip(), result)
    elif first[0] in " \t=":
        result.found.append(_assigned("fixed", text, line))
    elif first[0] == "(":
        result.found.append(_called(line, text))
    else:
        result.found.append(_rate(line, text))


# --- equations ----------------------------------------------------------------------------------


def _rate(line: Line, text: str) -> Statement:
    match = _RATE.fullmatch(text)
    if match is None:
        raise line.fault("it is no statement; write x'=... or dx/dt=...")
    name = (match["over"] or match["primed"]).strip()
    return Statement("state", _checked(line, name), match["text"].strip(), line)


def _called(line: Line, text: str) -> Statement:
    """``x(0)=value``, ``x(t+1)=expression``, ``f(a,b)=expression``; no integral equations."""
    if match := _MAP.fullmatch(text):
        name = _checked(line, match[1].strip())
        return Statement("state", name, match[2].strip(), line, ("t+1",))
    if match := _INITIAL.fullmatch(text):
        return Statement("start", _checked(line, match[1].strip()), match[2].strip(), line)
    match = _FUNCTION.fullmatch(text)
    if match is None:
        raise line.fault("it is no statement; write name=value, x'=... or f(a)=...")
    if re.search(r"int\s*[{\[]", match[3], re.IGNORECASE):
        raise line.fault("integral equations are not ordinary differential equations")
    # A space beside an argument means something to XPPAUT: see ``ode_expressions``.
    arguments = tuple(a for a in match[2].split(",") if a.strip())
    return Statement(
        "function", _checked(line, match[1].strip()), match[3].strip(), line, arguments
    )


def _assigned(kind: str, text: str, line: Line) -> Statement:
    match = _FIXED.fullmatch(text.strip())
    if match is None or not match[2].strip():
        raise line.fault("it is no statement; write name=value, x'=... or f(a)=...")
    return Statement(kind, _checked(line, match[1].strip()), match[2].strip(), line)


def _checked(line: Line, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise line.fault(f"{name!r} is no name; use letters, digits and underscores")
    return name


# --- commands -----------------------------------------------------------------------------------

# Beginning of the word -> why it is refused, in the order in which XPPAUT asks.
_REFUSED = {
    "GR": "groups are not read; write their parts out",
    "MA": "Markov variables make the system random; write their mean, or average over states",
    "SO": "algebraic equations (solve) are not read; eliminate the unknown",
    "VECTOR": "vector variables are not read; write their components out",
    "SPECIA": "networks (special) are not read; write their sums out, as sum(0,9)of(...)",
    "EX": "right-hand sides in compiled libraries (export) cannot be read; write the equations",
    "V": "integral equations (volterra) are not ordinary differential equations",
}


def _command(line: Line, word: str, rest: str, result: Statements) -> None:
    for beginning, why in _REFUSED.items():
        if word.startswith(beginning):
            raise line.fault(why)
    for beginning, reader in _READERS.items():
        if word.startswith(beginning):
            return reader(line, rest, result)
    if _EQUATION.match(rest):
        raise line.fault("it is no statement; write name=value, x'=... or f(a)=... without spaces "
                         "inside the left side")  # fmt: skip
    result.note(line, f"XPPAUT knows no statement {word.lower()!r}; left out")
    return None


def _auxiliary(line: Line, rest: str, result: Statements) -> None:
    match = _FIXED.fullmatch(rest)
    if match is None:
        raise line.fault("write aux name=expression")
    result.found.append(Statement("auxiliary", match[1].strip(), match[2].strip(), line))


def _declared(kind: str) -> Callable[[Line, str, Statements], None]:
    """``a=1, b=2``, ``a=1 b=2`` and ``a`` (which is 0), with their numbers checked."""

    def read(line: Line, rest: str, result: Statements) -> None:
        foreign, at = False, 0
        while at < len(rest):
            match = _ONE.match(rest, at)
            if match is None:  # a stray comma or equals sign
                at += 1
                continue
            at = match.end()
            name, value = match[1], match[2]
            if _NAME.fullmatch(name) and not (foreign and value is None):
                number = _leading_number(line, kind, name, value, result)
                result.found.append(Statement(kind, name, number, line))
            elif value is not None or name[0].isdigit():
                raise line.fault(f"{match[0].strip()!r} is no name=number")
            else:
                # XPPAUT makes a parameter of each such word, which nothing uses.
                result.note(line, f"{name!r} behind the values is left out")
                foreign = True

    return read


def _leading_number(line: Line, kind: str, name: str, value: str | None, result: Statements) -> str:
    """The number XPPAUT takes: what a value begins with, and 0 for none.

    A parameter that is no number is refused: the model would be another. An initial value says
    only where a simulation starts.
    """
    if value is None:
        return "0"
    match = _NUMBER.match(value)
    if match is None and kind == "initial":
        result.note(line, f"{name}={value}: {value!r} is no number; {name} starts at 0, as there")
        return "0"
    if match is None:
        raise line.fault(
            f"{name}={value}: {value!r} is no number, and XPPAUT takes 0 for it; write the number, "
            "or a derived parameter in a line of its own: !name=formula"
        )
    rest = value[match.end() :]
    if rest.strip(";"):
        result.note(line, f"XPPAUT reads {name}={value} as {match[0]} and leaves out {rest!r}")
    return match[0]


def _names(kind: str) -> Callable[[Line, str, Statements], None]:
    def read(line: Line, rest: str, result: Statements) -> None:
        for word in re.split(r"[\s,]+", rest.strip(" ,")):
            name = _checked(line, word.split("=")[0])
            result.found.append(Statement(kind, name, "", line))

    return read


def _table(line: Line, rest: str, result: Statements) -> None:
    name, _, source = rest.partition(" ")
    result.found.append(Statement("table", _checked(line, name), source.strip(), line))


def _set(line: Line, rest: str, result: Statements) -> None:
    match = re.fullmatch(r"([^\s{]+)([^{]*)\{(.*?)\}?\s*", rest, re.DOTALL)
    if match is None:
        raise line.fault("write set name {a=1,b=2}")
    if match[2].strip():
        result.note(line, f"the set is called {match[1]}; {match[2].strip()!r} is left out")
    result.found.append(Statement("set", match[1], match[3], line))


def _left_out(words: str) -> Callable[[Line, str, Statements], None]:
    return lambda line, rest, result: result.note(line, f"{words}; left out")


def _reset(line: Line, rest: str, result: Statements) -> None:
    result.found.append(Statement("reset", "", rest, line))


_READERS: dict[str, Callable[[Line, str, Statements], None]] = {
    "AU": _auxiliary,
    "TA": _table,
    "ON": _left_out("a choice of what is shown (only)"),
    "P": _declared("parameter"),
    "N": _declared("constant"),
    "I": _declared("initial"),
    "W": _names("wiener"),
    "O": _left_out("a file of options"),
    "SE": _set,
    "G": _reset,
    "B": _left_out("a condition of the boundary-value solver"),
}
