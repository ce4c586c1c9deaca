"""Expressions in XPPAUT's grammar: its symbols, its precedences, its reading from the left.

XPPAUT drops all spaces and takes the longest symbol it knows at each place. Operators of equal
precedence are taken from the left, powers included; comparisons bind as tightly as powers, ``&``
as ``*``, ``|`` as ``+``; a sign binds looser than a power or a comparison: ``-x^2`` is -(x^2),
``x-1>0`` is x-(1>0), ``-x<1`` is -(x<1), ``2^3^2`` is 64. Verified against XPPAUT 6.11 and the
table of its version 8.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeAlias

# ("number", "2.5"), ("name", "gna"), ("sign", a), ("not", a), ("+", a, b), ...,
# ("call", "f", [a, ...]), ("if", c, a, b), ("sum", low, high, body)
Tree: TypeAlias = tuple[Any, ...]

PRECEDENCE = {
    "|": 4, "+": 4, "-": 4,
    "&": 6, "*": 6, "/": 6,
    "^": 7, "**": 7, "<": 7, ">": 7, "<=": 7, ">=": 7, "==": 7, "!=": 7,
}  # fmt: skip
_PREFIX = 6  # of a sign and of ``not``
COMPARISONS = frozenset(["<", ">", "<=", ">=", "==", "!="])
FUNCTIONS = {
    **dict.fromkeys(
        ["sin", "cos", "tan", "asin", "acos", "atan", "sinh", "tanh", "cosh", "abs", "exp", "ln",
         "log", "log10", "sqrt", "heav", "sign", "flr", "erf", "erfc", "ran", "poisson", "lgamma",
         "hom_bcs"], 1),
    **dict.fromkeys(
        ["atan2", "max", "min", "mod", "delay", "normal", "besselj", "bessely", "besseli", "shift",
         "ishift"], 2),
    **dict.fromkeys(["del_shft", "set"], 3),
}  # fmt: skip
_WORDS = ("if", "then", "else", "not", "sum", "of")
_VALUES = ("pi", "t", "i'")
_SYMBOLS = (*PRECEDENCE, "(", ")", ",", *_WORDS, *FUNCTIONS)
RESERVED = frozenset([*_WORDS, *FUNCTIONS, "pi", "t"])
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?")
_WORD = re.compile(r"[a-z_][\w.]*|\S")
_DEEPEST = 150  # parentheses inside each other


class Unreadable(Exception):
    """Why an expression is none, and the name in it that is unknown, if that is the reason."""

    def __init__(self, why: str, name: str = "", call: bool = False) -> None:
        super().__init__(why)
        self.name, self.call = name, call


@dataclass(frozen=True)
class _Token:
    kind: str  # "number", "symbol" or "name"
    text: str


def parse(text: str, names: Collection[str], arity: Callable[[str], int | None]) -> Tree:
    """The tree of an expression; Unreadable where XPPAUT would not read it.

    ``names`` are the declared names in lower case; ``arity`` tells the number of arguments of
    those that are functions.
    """
    tokens = _tokens("".join(text.split()).lower(), names)
    return _Parser(tokens, arity).whole()


def _tokens(text: str, names: Collection[str]) -> list[_Token]:
    # XPPAUT's own symbols win over names; a function's argument may hide t and pi.
    kinds = dict.fromkeys((*_VALUES, *names), "name") | dict.fromkeys(_SYMBOLS, "symbol")
    lengths = sorted({len(symbol) for symbol in kinds}, reverse=True)
    result: list[_Token] = []
    at = 0
    while at < len(text):
        found = next((text[at : at + n] for n in lengths if text[at : at + n] in kinds), None)
        if found is None:
            result.append(_number(text, at))
        else:
            _check_end(text, at, found)
            result.append(_Token(kinds[found], found))
        at += len(result[-1].text)
    return result


def _check_end(text: str, at: int, found: str) -> None:
    """A word that goes on is another word, and an unknown one; only ``not`` may touch the next."""
    after = text[at + len(found) : at + len(found) + 1]
    if found != "not" and re.match(r"\w", found[-1]) and re.match(r"\w", after):
        raise _unknown(text, at)


def _number(text: str, at: int) -> _Token:
    match = _NUMBER.match(text, at)
    if match is None:
        raise _unknown(text, at)
    if re.match(r"[\w.]", text[match.end() : match.end() + 1]):
        raise Unreadable(f"{text[at : match.end() + 3]!r} is no number; write * between factors")
    return _Token("number", match[0])


def _unknown(text: str, at: int) -> Unreadable:
    match = _WORD.match(text, at)
    word = match[0] if match else text[at]
    if word == "int":
        return Unreadable("integral equations are not ordinary differential equations")
    if not re.match(r"[a-z_]", word):
        return Unreadable(f"XPPAUT knows no {word!r}")
    return Unreadable(f"{word!r} is unknown", word, text[at + len(word) :].startswith("("))


class _Parser:
    def __init__(self, tokens: list[_Token], arity: Callable[[str], int | None]) -> None:
        self.tokens, self.arity = tokens, arity
        self.at = self.depth = 0

    def whole(self) -> Tree:
        texts = [t.text for t in self.tokens]
        if not texts:
            raise Unreadable("the expression is empty")
        if texts.count("(") != texts.count(")"):
            raise Unreadable(
                f"{texts.count('(')} opening and {texts.count(')')} closing parentheses"
            )
        tree = self._expression(0, True)
        if self.at < len(self.tokens):
            raise Unreadable(f"{self.tokens[self.at].text!r} stands where an operator is expected")
        return tree

    def _next(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def _take(self, wanted: str) -> None:
        if self._next() != wanted:
            raise Unreadable(f"{wanted!r} is expected before {self._next() or 'the end'!r}")
        self.at += 1

    def _expression(self, above: int, begins: bool, within: int = 0) -> Tree:
        """Operators that bind tighter than ``above``; a sign may stand where it ``begins``."""
        left = self._operand(begins, within)
        while (precedence := PRECEDENCE.get(self._next(), 0)) > above:
            operator = self._next()
            self.at += 1
            right = self._expression(precedence, False, precedence)
            left = ("^" if operator == "**" else operator, left, right)
        return left

    def _operand(self, begins: bool, within: int) -> Tree:
        if self.at >= len(self.tokens):
            raise Unreadable("the expression ends where a number is expected")
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "number":
            return ("number", token.text)
        if token.text == "-" and begins:
            return ("sign", self._expression(_PREFIX, False, _PREFIX))
        if token.text == "not":
            if within >= _PREFIX:
                raise Unreadable("XPPAUT misreads not behind this operator; write (not(...))")
            return ("not", self._expression(_PREFIX, False, _PREFIX))
        if token.text == "(":
            return self._inside()
        if token.text == "if":
            return self._condition()
        if token.text == "sum":
            low, high = self._arguments("sum", 2)
            self._take("of")
            return ("sum", low, high, *self._arguments("of", 1))
        return self._named(token)

    def _named(self, token: _Token) -> Tree:
        count = self.arity(token.text) if token.kind == "name" else FUNCTIONS.get(token.text)
        if count is not None:
            return ("call", token.text, self._arguments(token.text, count))
        if token.kind == "name":
            return ("name", token.text)
        raise Unreadable(f"{token.text!r} stands where a number is expected")

    def _inside(self) -> Tree:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Unreadable("it is nested too deeply; name its parts in lines of their own")
        tree = self._expression(0, True)
        self.depth -= 1
        self._take(")")
        return tree

    def _arguments(self, name: str, count: int) -> list[Tree]:
        if self._next() != "(":
            raise Unreadable(f"{name!r} is a function; write {name}(...)")
        self.at += 1
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Unreadable("it is nested too deeply; name its parts in lines of their own")
        given = [self._expression(0, True)]
        while self._next() == ",":
            self.at += 1
            given.append(self._expression(0, True))
        self.depth -= 1
        self._take(")")
        if len(given) != count:
            raise Unreadable(
                f"{name} takes {count} argument{'s' * (count != 1)}; {len(given)} given"
            )
        return given

    def _condition(self) -> Tree:
        parts = self._arguments("if", 1)
        for word in ("then", "else"):
            self._take(word)
            parts += self._arguments(word, 1)
        return ("if", *parts)
