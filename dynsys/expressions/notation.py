"""The notation of PyDSTool and XPPAUT as a Python syntax tree, which is read and never executed."""

from __future__ import annotations

import ast
import keyword
import re
import warnings

from dynsys.errors import ModelError

# ``if`` and ``else`` are Python's own words, so a condition travels under these names.
IF, THEN, ELSE = "__if__", "__then__", "__else__"
_WORD = re.compile(r"[^\W\d]\w*")
_OPERATORS_IN_WORDS = {"if", "else", "and", "or", "not"}


def syntax_tree(text: str, owner: str) -> ast.expr:
    """Read ``text``: ``^`` is a power, conditions become calls of ``IF(condition, a, b)``.

    Raises ModelError for anything that is not one expression, with the reason.
    """
    if not isinstance(text, str) or not text.strip():
        raise ModelError(f"{owner}: the expression is empty")
    if "#" in text:
        raise ModelError(f"{owner}: cannot read {shown(text)} (comments do not belong in it)")
    for name in (IF, THEN, ELSE):
        if name in text:
            raise ModelError(f"{owner}: the name {name!r} is taken; choose another")
    source = _unfold_conditions(" ".join(text.split()), owner).replace("^", "**")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "1if" and the like are refused or read, in our words
            return ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ModelError(f"{owner}: cannot read {shown(text)} ({_reason(error, text)})") from None


def shown(text: str) -> str:
    """The text in quotes, shortened where it would fill the screen."""
    return repr(text if len(text) <= 120 else text[:100] + " ...")


def original(part: str) -> str:
    """A piece of the tree's own text in the words the user wrote."""
    for inner, outer in ((IF, "if"), (THEN, "then"), (ELSE, "else")):
        part = part.replace(inner, outer)
    return part


def _reason(error: BaseException, text: str) -> str:
    if text.count("(") != text.count(")"):
        return f"{text.count('(')} opening and {text.count(')')} closing parentheses"
    reserved = [w for w in _WORD.findall(text) if keyword.iskeyword(w)]
    for word in reserved:
        if word not in _OPERATORS_IN_WORDS:
            return f"{word!r} is a reserved word of Python; call it {word}_ or the like"
    if isinstance(error, (MemoryError, RecursionError)):
        return "it is nested too deeply; name its parts in `definitions`"
    return getattr(error, "msg", "") or "it is no expression"


def _unfold_conditions(text: str, owner: str) -> str:
    """``if(c)then(a)else(b)`` and ``if(c, a, b)`` as calls of ``IF``."""
    result = re.sub(r"\bif\s*\(", f"{IF}(", text)
    result, thens = re.subn(r"\)\s*then\s*\(", f", {THEN}(", result)
    result, elses = re.subn(r"\)\s*else\s*\(", f"), {ELSE}(", result)
    if thens != elses:
        raise ModelError(
            f"{owner}: {shown(text)} has {thens} 'then' and {elses} 'else'; "
            "write if(condition)then(a)else(b) or if(condition, a, b)"
        )
    return _close_conditions(result, text, owner)


def _close_conditions(result: str, text: str, owner: str) -> str:
    """Give back the parenthesis that ``IF(c, THEN(a), ELSE(b)`` lost after its condition."""
    # From the last to the first, so that conditions inside an else are whole when it is measured.
    start = len(result)
    while (start := result.rfind(f"{ELSE}(", 0, start)) >= 0:
        depth, end = 0, start + len(ELSE)
        for end in range(start + len(ELSE), len(result)):
            depth += {"(": 1, ")": -1}.get(result[end], 0)
            if depth == 0:
                break
        if depth != 0:
            raise ModelError(f"{owner}: unbalanced parentheses after else in {shown(text)}")
        result = result[: end + 1] + ")" + result[end + 1 :]
    return result
