"""A table's value inside an expression."""

from __future__ import annotations

import sympy

from dynsys.expressions.admission import ModelFunction


class TableLookup(ModelFunction):
    """``TableLookup(table, quantity, i, j, a, b)``: d^i/da^i d^j/db^j of a quantity at (a, b)."""

    nargs = 6

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        name, quantity, i, j, a, b = self.args
        if argindex == 5:
            return TableLookup(name, quantity, i + 1, j, a, b)
        if argindex == 6:
            return TableLookup(name, quantity, i, j + 1, a, b)
        return sympy.S.Zero

    def _latex(self, printer, exp=None):
        name, quantity, i, j, a, b = self.args
        order = rf"^{{({i},{j})}}" if i or j else ""
        head = rf"\mathrm{{{name}}}_{{{quantity}}}{order}"
        text = rf"{head}\left({printer._print(a)}, {printer._print(b)}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"
