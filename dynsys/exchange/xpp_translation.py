"""XPPAUT's expressions in the toolbox's notation, number by number the same.

A comparison is the number 0 or 1 and any number but 0 is true, as in XPPAUT; ``==`` is two
inequalities; ``mod`` and ``flr`` become ``floor``; ``atan2`` is written with ``atan``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dynsys.errors import ModelError
from dynsys.exchange.xpp_grammar import COMPARISONS, FUNCTIONS, Tree, Unreadable

_OWN_RULES = ("shift", "delay", "del_shft", "flr", "mod", "atan2")
_SAME = frozenset(FUNCTIONS) - frozenset(_OWN_RULES)
_NOISE = "noise belongs to a simulation, not to a vector field; use wiener, or its mean"
_NOT_READ = {
    "ran": _NOISE,
    "normal": _NOISE,
    "poisson": _NOISE,
    **dict.fromkeys(
        ("besselj", "bessely", "besseli", "lgamma"),
        "the toolbox has no such function; use a formula or a table",
    ),
    "ishift": "ishift names no value of its own; write shift(x, number)",
    "set": "set(...) changes a value while it runs, which a vector field cannot",
    "hom_bcs": "it belongs to the boundary-value solver",
}
_NUMBERS: dict[
    str, Callable[..., float | None]
] = {  # of calls of numbers, as in the index of shift(x0, mod(i'+3,10))
    "abs": abs,
    "flr": math.floor,
    "mod": lambda a, b: a - b * math.floor(a / b) if b > 0 else None,
}
_OPPOSITE = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
# How tightly the written text binds: a sum, a product, a power, something closed.
_SUM, _PRODUCT, _POWER, _CLOSED = range(4)
_LONGEST_SUM = 5000


class NotCarried(ModelError):
    """XPPAUT reads the expression; a vector field cannot hold what it does."""


@dataclass
class Translation:
    """Writes trees as text.

    ``spelled`` gives, for each name in lower case, how it is written; ``variables`` and
    ``constants`` are the names in XPPAUT's own order, which ``shift`` counts along; ``states`` are
    the names a delay may have; ``numbers`` the values of constants, for the limits of sums.
    ``refused`` maps names to the reason why they cannot be used.
    """

    spelled: Mapping[str, str]
    states: Sequence[str] = ()
    variables: Sequence[str] = ()
    constants: Sequence[str] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    _index: list[int] = field(default_factory=list)

    def __call__(self, tree: Tree) -> str:
        return self._text(tree)[0]

    # --- numbers ------------------------------------------------------------------------------

    def _closed(self, tree: Tree, least: int) -> str:
        text, binds = self._text(tree)
        return text if binds >= least else f"({text})"

    def _text(self, tree: Tree) -> tuple[str, int]:
        kind = tree[0]
        if kind == "number":
            return tree[1].lstrip("0") if tree[1].isdigit() and int(tree[1]) else tree[1], _CLOSED
        if kind == "name":
            return self._name(tree[1]), _CLOSED
        if kind == "sign":
            return f"(-{self._closed(tree[1], _POWER)})", _CLOSED
        if kind in ("+", "-"):
            return f"{self._text(tree[1])[0]}{kind}{self._closed(tree[2], _PRODUCT)}", _SUM
        if kind in ("*", "/"):
            left, right = self._closed(tree[1], _PRODUCT), self._closed(tree[2], _POWER)
            return f"{left}{kind}{right}", _PRODUCT
        if kind == "^":
            return f"{self._closed(tree[1], _CLOSED)}^{self._closed(tree[2], _CLOSED)}", _POWER
        if kind == "if":
            return f"if({self.condition(tree[1])}, {self(tree[2])}, {self(tree[3])})", _CLOSED
        if kind == "call":
            return self._call(tree[1], tree[2])
        if kind == "sum":
            return self._sum(*tree[1:])
        return f"if({self.condition(tree)}, 1, 0)", _CLOSED

    def _name(self, key: str) -> str:
        if key == "i'":
            if not self._index:
                raise Unreadable("i' has a value inside sum(...)of(...) only")
            return f"({self._index[-1]})"
        if key in self.refused:
            raise NotCarried(self.refused[key])
        return self.spelled[key]

    # --- conditions ---------------------------------------------------------------------------

    def condition(self, tree: Tree, wanted: bool = True) -> str:
        """A condition that holds where the tree's number is not 0 (or, unwanted, where it is)."""
        kind = tree[0]
        if kind in COMPARISONS:
            left, right = self._closed(tree[1], _SUM), self._closed(tree[2], _SUM)
            return _compared(kind if wanted else _OPPOSITE[kind], left, right)
        if kind in ("&", "*"):
            word = "and" if wanted else "or"
        elif kind == "|":
            word = "or" if wanted else "and"
        elif kind == "not":
            return self.condition(tree[1], not wanted)
        elif kind == "sign":
            return self.condition(tree[1], wanted)
        else:
            return _compared("!=" if wanted else "==", self(tree), "0")
        return f"({self.condition(tree[1], wanted)} {word} {self.condition(tree[2], wanted)})"

    # --- calls --------------------------------------------------------------------------------

    def _call(self, name: str, arguments: list[Tree]) -> tuple[str, int]:
        if name in _NOT_READ:
            raise NotCarried(f"{name}(...): {_NOT_READ[name]}")
        if name in self.refused:
            raise NotCarried(self.refused[name])
        if name == "shift":
            return self._name(self._shifted(arguments[0], arguments[1])), _CLOSED
        if name in ("delay", "del_shft"):
            return self._delay(name, arguments), _CLOSED
        texts = [self(a) for a in arguments]
        if name == "flr":
            return f"floor({texts[0]})", _CLOSED
        if name == "mod":
            return self._modulo(arguments), _CLOSED
        if name == "atan2":
            level, upright = (self._constant(a) == 0 for a in arguments)
            return _angle(texts[0], texts[1], level, upright), _CLOSED
        word = name if name in _SAME else self.spelled[name]
        return f"{word}({', '.join(texts)})", _CLOSED

    def _modulo(self, arguments: list[Tree]) -> str:
        value = self._constant(arguments[1])
        if value is not None and value <= 0:
            raise NotCarried(f"mod(x, {value:g}) is read for a positive modulus only")
        x, modulus = (self._closed(a, _CLOSED) for a in arguments)
        return f"({x}-{modulus}*floor({x}/{modulus}))"

    def _delay(self, name: str, arguments: list[Tree]) -> str:
        of, lag = arguments[0], arguments[-1]
        if of[0] != "name":
            raise Unreadable("XPPAUT delays one variable; write delay(x, tau)")
        key = of[1]
        if name == "del_shft":
            key, lag = self._shifted(of, arguments[1]), arguments[2]
        if key not in self.states:
            raise NotCarried(f"XPPAUT keeps the past of states only; {key} is none")
        if self._constant(lag) == 0:
            return self._name(key)
        return f"delay({self._name(key)}, {self(lag)})"

    def _shifted(self, of: Tree, by: Tree) -> str:
        """The name so many places after another in XPPAUT's own list."""
        steps = self._constant(by)
        if of[0] != "name" or steps is None:
            raise NotCarried("shift takes a name and a number (or i' inside a sum)")
        known = self.variables if of[1] in self.variables else self.constants
        if of[1] not in known:
            raise NotCarried(f"{of[1]} stands in no list along which shift could count")
        place = known.index(of[1]) + int(steps)
        if not 0 <= place < len(known):
            raise NotCarried(f"shift({of[1]}, {int(steps)}) points past the last name")
        return known[place]

    def _sum(self, low: Tree, high: Tree, body: Tree) -> tuple[str, int]:
        ends = [self._constant(low), self._constant(high)]
        if None in ends:
            raise NotCarried("the limits of sum(low,high)of(...) must be numbers")
        if self._index:
            raise NotCarried("a sum inside a sum shares its index i'; write one of them out")
        first, last = (int(end or 0) for end in ends)
        if last - first >= _LONGEST_SUM:
            raise NotCarried(f"the sum has more than {_LONGEST_SUM} terms")
        terms = []
        for i in range(first, last + 1):
            self._index.append(i)
            terms.append(self._closed(body, _PRODUCT))
            self._index.pop()
        return f"({'+'.join(terms) or '0'})", _CLOSED

    def _constant(self, tree: Tree) -> float | None:
        """The value of a tree of numbers, constants and i', or None."""
        kind = tree[0]
        if kind == "call":
            known = [self._constant(a) for a in tree[2]]
            return _NUMBERS[tree[1]](*known) if tree[1] in _NUMBERS and None not in known else None
        if kind == "number":
            return float(tree[1])
        if kind == "name":
            if tree[1] == "i'" and self._index:
                return float(self._index[-1])
            return 3.141592653589793 if tree[1] == "pi" else self.numbers.get(tree[1])
        values = [self._constant(part) for part in tree[1:] if isinstance(part, tuple)]
        if kind == "*" and 0 in values:
            return 0.0
        if None in values or kind not in ("sign", "+", "-", "*", "/"):
            return None
        a, b = (*(v for v in values if v is not None), 0.0)[:2]
        if kind == "sign":
            return -a
        if kind == "/":
            return a / b if b else None
        return {"+": a + b, "-": a - b, "*": a * b}[kind]


def _compared(kind: str, left: str, right: str) -> str:
    if kind == "==":
        return f"(({left} <= {right}) and ({left} >= {right}))"
    if kind == "!=":
        return f"(({left} < {right}) or ({left} > {right}))"
    return f"({left} {kind} {right})"


def _angle(y: str, x: str, level: bool, upright: bool) -> str:
    """atan2(y, x): each piece has the right derivatives, the cut is at x < 0.

    ``level`` and ``upright`` tell that y and x are the number 0.
    """
    if upright:
        return f"(sign({y})*pi/2)"
    if level:
        return f"if({x} < 0, pi, 0)"
    steep = f"sign({y})*pi/2 - atan(({x})/({y}))"
    behind = f"atan(({y})/({x})) + if({y} < 0, -pi, pi)"
    flat = f"if({x} > 0, atan(({y})/({x})), if({x} < 0, {behind}, 0))"
    return f"if(abs({y}) > abs({x}), {steep}, {flat})"
