"""Syntax trees of the removed module ``parser``: the expressions of Python's old grammar.

PyDSTool differentiates symbolically on these trees. Each node is a list: a number, then its
children, or for a token its text. Every level of the grammar appears, also with a single child.

Source: Python 3.8 reference, Grammar/Grammar (the rules from ``eval_input`` down).
"""

from __future__ import annotations

import io
import token
import tokenize
from collections.abc import Callable

_WORDS = """
eval_input testlist test or_test and_test not_test comparison comp_op expr xor_expr and_expr
shift_expr arith_expr term factor power atom_expr atom trailer arglist argument testlist_comp
subscriptlist subscript
"""
NUMBERS = {name: 300 + i for i, name in enumerate(_WORDS.split())}
sym_name = {number: name for name, number in NUMBERS.items()}
_BINARY = (
    ("expr", ("|",)),
    ("xor_expr", ("^",)),
    ("and_expr", ("&",)),
    ("shift_expr", ("<<", ">>")),
    ("arith_expr", ("+", "-")),
    ("term", ("*", "/", "%", "//")),
)
_COMPARISONS = ("<", ">", "==", ">=", "<=", "!=")
_SKIPPED = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT)


class STType:
    """A tree as ``parser.expr`` returned it."""

    def __init__(self, tree: list) -> None:
        self._tree = tree

    def tolist(self) -> list:
        return self._tree


def expr(text: str) -> STType:
    """The tree of one expression; SyntaxError where there is none.

    Example
    -------
    >>> expr("x").tolist()[0] == NUMBERS["eval_input"]
    True
    """
    reader = _Reader(text)
    tree = [NUMBERS["eval_input"], reader.testlist()]
    if reader.kind() != token.ENDMARKER:
        raise SyntaxError(f"invalid syntax in {text!r}")
    return STType([*tree, [token.NEWLINE, ""], [token.ENDMARKER, ""]])


class _Reader:
    """Recursive descent, one method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        try:
            stream = list(tokenize.generate_tokens(io.StringIO(text.strip()).readline))
        except (tokenize.TokenError, IndentationError) as error:
            raise SyntaxError(str(error)) from None
        self.tokens = [t for t in stream if t.type not in _SKIPPED]
        self.at = 0

    def kind(self) -> int:
        return self.tokens[self.at].exact_type

    def text(self) -> str:
        return self.tokens[self.at].string

    def take(self) -> list:
        taken = self.tokens[self.at]
        self.at += 1
        return [taken.exact_type, taken.string]

    def expect(self, text: str) -> list:
        if self.text() != text:
            raise SyntaxError(f"{text!r} expected, {self.text()!r} found")
        return self.take()

    def series(self, rule: str, part: Callable[[], list], operators: tuple[str, ...]) -> list:
        node = [NUMBERS[rule], part()]
        while self.text() in operators and self.kind() != token.STRING:
            node += [self.take(), part()]
        return node

    def commas(self, rule: str, part: Callable[[], list], closing: str) -> list:
        node = [NUMBERS[rule], part()]
        while self.text() == ",":
            node.append(self.take())
            if self.text() == closing:
                break
            node.append(part())
        return node

    def testlist(self) -> list:
        return self.commas("testlist", self.test, "")

    def test(self) -> list:
        node = [NUMBERS["test"], self.or_test()]
        if self.text() == "if":
            node += [self.take(), self.or_test(), self.expect("else"), self.test()]
        return node

    def or_test(self) -> list:
        return self.series("or_test", self.and_test, ("or",))

    def and_test(self) -> list:
        return self.series("and_test", self.not_test, ("and",))

    def not_test(self) -> list:
        if self.text() == "not":
            return [NUMBERS["not_test"], self.take(), self.not_test()]
        return [NUMBERS["not_test"], self.comparison()]

    def comparison(self) -> list:
        node = [NUMBERS["comparison"], self.binary(0)]
        while self.text() in _COMPARISONS:
            node += [[NUMBERS["comp_op"], self.take()], self.binary(0)]
        return node

    def binary(self, level: int) -> list:
        rule, operators = _BINARY[level]
        deeper = level + 1 < len(_BINARY)
        part = (lambda: self.binary(level + 1)) if deeper else self.factor
        return self.series(rule, part, operators)

    def factor(self) -> list:
        if self.text() in ("+", "-", "~"):
            return [NUMBERS["factor"], self.take(), self.factor()]
        return [NUMBERS["factor"], self.power()]

    def power(self) -> list:
        node = [NUMBERS["power"], self.atom_expr()]
        if self.text() == "**":
            node += [self.take(), self.factor()]
        return node

    def atom_expr(self) -> list:
        node = [NUMBERS["atom_expr"], self.atom()]
        while self.text() in ("(", "[", "."):
            node.append(self.trailer())
        return node

    def trailer(self) -> list:
        opening = self.take()
        node = [NUMBERS["trailer"], opening]
        if opening[1] == ".":
            return [*node, self.take()]
        closing = ")" if opening[1] == "(" else "]"
        rule, part = ("arglist", self.argument) if closing == ")" else (
            "subscriptlist", self.subscript
        )  # fmt: skip
        if self.text() != closing:
            node.append(self.commas(rule, part, closing))
        return [*node, self.expect(closing)]

    def argument(self) -> list:
        node = [NUMBERS["argument"], self.test()]
        if self.text() == "=":
            node += [self.take(), self.test()]
        return node

    def subscript(self) -> list:
        return [NUMBERS["subscript"], self.test()]

    def atom(self) -> list:
        closing = {"(": ")", "[": "]"}.get(self.text())
        if closing is not None and self.kind() != token.STRING:
            node = [NUMBERS["atom"], self.take()]
            if self.text() != closing:
                node.append(self.commas("testlist_comp", self.test, closing))
            return [*node, self.expect(closing)]
        if self.kind() not in (token.NAME, token.NUMBER, token.STRING):
            raise SyntaxError(f"an operand is expected, {self.text()!r} found")
        if self.text() in ("if", "else", "and", "or", "not", "in", "is", "lambda", "for"):
            raise SyntaxError(f"an operand is expected, {self.text()!r} found")
        return [NUMBERS["atom"], self.take()]
