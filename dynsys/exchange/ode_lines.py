"""The lines of an XPPAUT .ode file as XPPAUT sees them: continued, included, arrays written out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dynsys.errors import ModelError, StorageError

_RANGE = re.compile(r"\[\s*(\d+)\s*\.\.\s*(\d+)\s*\]")
_INDEX = re.compile(r"(?<!int)\[([^\[\]]*)\]")
_OF_J = re.compile(r"\s*j\s*(?:([+\-*])\s*(\d+)\s*)?")
_INCLUDE = re.compile(r"#include\s+(\S+)")  # with a space behind # it is a comment to XPPAUT
_LONGEST_RANGE = 5000  # XPPAUT holds no more variables


@dataclass(frozen=True)
class Line:
    """What stands in a line, in which file, and at which number it begins (from 1).

    ``array`` tells that it is one copy of a line with a range ``[1..5]`` of its own.
    """

    file: str
    number: int
    text: str
    array: bool = False

    @property
    def place(self) -> str:
        return f"{self.file}, line {self.number}"

    def fault(self, why: str, shown: str = "") -> ModelError:
        """The error for this line: where it is, what it says, why it cannot be read."""
        text = shown or self.text.strip()
        brief = text if len(text) <= 80 else text[:76] + " ..."
        return ModelError(f"{self.place}: {brief!r} cannot be read: {why}")


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a file: continued ones joined, ``#include`` followed, loops written out.

    Comments (``#``) and empty lines are left out; nothing is read ahead, so that what stands below
    the end of the model is not looked at. Raises StorageError where there is no such file,
    ModelError for an old-style file, an endless include or an index that is none.
    """
    return _written_out(_joined(path, ()))


def _joined(path: Path, open_files: tuple[Path, ...]) -> Iterator[Line]:
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error}") from error
    raw = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    if not open_files:
        _refuse_old_style(path, raw[0])
    waiting, first = "", 0
    for number, content in enumerate(raw, 1):
        first = first if waiting else number
        # XPPAUT cuts a line at its first backslash; the very first line is never continued.
        before, backslash, _ = content.partition("\\")
        waiting += before
        if backslash and not (number == 1 and not open_files) and number < len(raw):
            waiting = waiting or " "
            continue
        line, waiting = Line(path.name, first, waiting), ""
        stripped = line.text.strip()
        if included := _INCLUDE.match(stripped):
            yield from _included(path, line, included[1], open_files)
        elif open_files and re.match(r"#\s*done", stripped, re.IGNORECASE):
            return
        elif stripped and not stripped.startswith("#"):
            yield line


def _refuse_old_style(path: Path, first: str) -> None:
    count = re.match(r"\s*\+?(\d+)", first)
    if count and int(count[1]) > 0:
        raise Line(path.name, 1, first).fault(
            "it is an old-style file, which begins with the number of its equations; "
            "`xppaut -convert FILE` writes it in the style of x'=..., which is read"
        )


def _included(path: Path, line: Line, name: str, open_files: tuple[Path, ...]) -> Iterator[Line]:
    target = path.parent / name
    if target in (path, *open_files):
        raise line.fault("the file includes itself")
    if not target.is_file():
        raise line.fault(f"there is no file {target}; put it beside {path.name}")
    yield from _joined(target, (*open_files, path))


def _written_out(lines: Iterator[Line]) -> Iterator[Line]:
    for line in lines:
        ranges = _RANGE.findall(line.text)
        if len(ranges) > 1:
            raise line.fault("XPPAUT writes out one range [a..b] in a line; use two lines")
        if not ranges:
            yield _indexed(line, None)
            continue
        over = _values(line, *map(int, ranges[0]))
        if line.text.startswith("%"):
            members = list(_block(line, lines))
            for j in over:
                yield from (_indexed(member, j) for member in members)
        else:
            text = _RANGE.sub("[j]", line.text)
            yield from (_indexed(replace(line, text=text, array=True), j) for j in over)


def _values(line: Line, low: int, high: int) -> range:
    """The values of j, downwards where the range is written so."""
    if abs(high - low) >= _LONGEST_RANGE:
        raise line.fault(f"the range is longer than {_LONGEST_RANGE}")
    return range(low, high + 1) if low <= high else range(low, high - 1, -1)


def _block(line: Line, lines: Iterator[Line]) -> Iterator[Line]:
    """The lines up to the ``%`` that ends a block ``%[1..3]``."""
    for member in lines:
        if member.text.startswith("%"):
            return
        if _RANGE.search(member.text):
            raise member.fault("a range inside a block %[a..b]; write one of them out")
        yield member
    raise line.fault("the block has no end; close it with a line that begins with %")


def _indexed(line: Line, j: int | None) -> Line:
    """The line with ``[j]``, ``[j+1]``, ``[j-1]``, ``[j*2]`` and ``[3]`` as plain numbers."""

    def number(match: re.Match) -> str:
        inside = match[1]
        if inside.strip().isdigit():
            return str(int(inside))
        index = _OF_J.fullmatch(inside)
        if index is None:
            raise line.fault(f"[{inside}] is no index; write a number, j, j+1, j-1 or j*2")
        if j is None:
            raise line.fault(f"[{inside}] stands outside an array; write [1..n] on its left side")
        if index[1] is None:
            return str(j)
        other = int(index[2])
        return str({"+": j + other, "-": j - other, "*": j * other}[index[1]])

    if "[" not in line.text or line.text.lstrip().startswith(("@", '"')):
        return line
    return replace(line, text=_INDEX.sub(number, line.text))
