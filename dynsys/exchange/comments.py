"""Free text (sources, meanings, units) in files that other programs execute: as comments, only.

One function for each target. A text comes from whoever wrote a model: whatever it holds, it must
neither end the comment it stands in nor begin a line of its own.
"""

from __future__ import annotations

import textwrap

_XPP_WIDTH = 200  # XPPAUT's lines hold 1024 bytes; a character may be four


def one_line(text: object) -> str:
    """The text in one line of printable characters.

    Line breaks of every alphabet, control characters and those that reverse the direction of
    writing become spaces.

    Example
    -------
    >>> one_line("Doe 1999,\\n\\tchapter 2")
    'Doe 1999, chapter 2'
    """
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


def c_comment(text: object) -> str:
    """A comment of C: nothing in the text ends it, or looks like another one's beginning.

    Example
    -------
    >>> c_comment("a */ b")
    '/* a * / b */'
    """
    inner = one_line(text)
    while "*/" in inner or "/*" in inner:
        inner = inner.replace("*/", "* /").replace("/*", "/ *")
    return f"/* {inner} */"


def python_comment(text: object) -> str:
    """A comment of Python.

    Example
    -------
    >>> python_comment('three quotes are \"\"\"')
    '# three quotes are \"\"\"'
    """
    return f"# {one_line(text)}".rstrip()


def xpp_comment(text: object) -> str:
    """Lines of an .ode file that XPPAUT skips, each short enough for it and none continued.

    A backslash, wherever it stands, joins the next line to its own, for comments, too: written are
    slashes.

    Example
    -------
    >>> xpp_comment("C:\\\\models")
    '# C:/models'
    """
    parts = textwrap.wrap(one_line(text).replace("\\", "/"), _XPP_WIDTH) or [""]
    return "\n".join(f"# {part}".rstrip() for part in parts)


def latex_comment(text: object) -> str:
    """A comment of LaTeX; ``^^M``, which TeX reads as a line break, is taken apart.

    Example
    -------
    >>> latex_comment("20 % more")
    '% 20 % more'
    """
    inner = one_line(text)
    while "^^" in inner:
        inner = inner.replace("^^", "^ ^")
    return f"% {inner}".rstrip()


def latex_words(text: object) -> str:
    """Plain words of a LaTeX document, its own characters escaped.

    Example
    -------
    >>> latex_words("50 %")
    '50 \\\\%'
    """
    special = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
    return "".join(special.get(c) or (f"\\{c}" if c in "_%&#${}" else c) for c in one_line(text))
