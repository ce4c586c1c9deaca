"""A Sphinx extension: docstrings that say "name : meaning" as reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

ENTRY = re.compile(r"^(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)*) : (?P<meaning>.+)$")
ERROR = re.compile(r"^\w+(Error|Warning)\b")


def sections(lines: Sequence[str]) -> list[str]:
    """Headings become rubrics, parameters terms with their meaning below, errors paragraphs.

    Example
    -------
    >>> sections(["Parameters", "----------", "span : (low, high)."])[2:]
    ['``span``', '    (low, high).']
    """
    section, result = "", []
    for line, following in pairwise([*lines, ""]):
        entry = ENTRY.match(line) if section in ("Parameters", "Attributes") else None
        if _underlines(following) and line and not line[0].isspace():
            section = line
            result += ["", f".. rubric:: {line}"]
        elif _underlines(line):
            result.append("")
        elif entry:
            names = ", ".join(f"``{name}``" for name in entry["names"].split(", "))
            result += [names, "    " + entry["meaning"]]
        elif section == "Raises" and ERROR.match(line):
            result += ["", line]
        else:
            result.append(line)
    return result


def _underlines(line: str) -> bool:
    return len(line) > 2 and set(line) == {"-"}


def convert(app, what, name, obj, options, lines: list[str]) -> None:
    """What autodoc calls for every docstring; changes ``lines`` in place."""
    lines[:] = sections(lines)


def setup(app) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", convert)
    return {"parallel_read_safe": True}
