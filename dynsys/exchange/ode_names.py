"""The names of an .ode file: declared once, in any case, and as the toolbox writes them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from dynsys.exchange.ode_statements import Statement, Statements
from dynsys.exchange.xpp_grammar import RESERVED
from dynsys.expressions.parsing import function_names

VARIABLES = ("state", "fixed")
_CONSTANTS = ("parameter", "constant", "derived", "wiener")
_DECLARED = (*VARIABLES, *_CONSTANTS, "function", "table")


@dataclass
class Names:
    """Declared statements by key, and how each name is spelled in the model."""

    declared: dict[str, Statement]
    spelled: dict[str, str] = field(default_factory=dict)

    def keys(self, *kinds: str) -> list[str]:
        """The keys of some kinds in the order of the file."""
        return [key for key, s in self.declared.items() if s.kind in kinds]

    @property
    def variables(self) -> list[str]:
        """XPPAUT's list of variables: the states, then the fixed ones."""
        return [*self.keys("state"), *self.keys("fixed")]

    @property
    def constants(self) -> list[str]:
        """XPPAUT's list of constants, in the order of the file."""
        return self.keys(*_CONSTANTS)


def declared_names(statements: Statements) -> Names:
    """Collect the names, whatever their case; ModelError for those declared twice."""
    declared: dict[str, Statement] = {}
    for s in statements.of(*_DECLARED):
        if s.key in declared:
            before = declared[s.key]
            raise s.fault(
                f"{s.name} is declared in line {before.line.number} already (as {before.kind}; "
                "upper and lower case are the same)"
            )
        if s.key in RESERVED:
            what = "the time" if s.key == "t" else "the name of a function"
            raise s.fault(f"{s.name} is {what}; choose another")
        declared[s.key] = s
    names = Names(declared, {"t": "t", "pi": "pi"})
    taken = {"t", *(s.name for s in declared.values())}
    for key, s in declared.items():
        names.spelled[key] = fresh_name(s.name, taken)
        taken.add(names.spelled[key])
    return names


def fresh_name(name: str, taken: Iterable[str]) -> str:
    """A name as Python and our notation allow it: ``lambda_`` for lambda, ``k_e`` for k.e."""
    result = re.sub(r"\W", "_", name).rstrip("_") if "." in name else name
    if keyword.iskeyword(result) or result in function_names() or result in ("if", "then"):
        result += "_"
    while result != name and result in taken:
        result += "_"
    return result
