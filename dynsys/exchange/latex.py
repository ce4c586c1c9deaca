"""A model's equations, parameters and sources as LaTeX for a paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sympy

from dynsys.exchange.comments import latex_comment, latex_words
from dynsys.storage import write_atomically

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField


def write_latex(model: VectorField, path: str | Path | None = None) -> str:
    r"""The equations as ``align*``, the parameters as ``tabular``; to a file where a path is given.

    The text needs the package amsmath. Definitions follow the equations they serve.

    Example
    -------
    >>> from dynsys.models import morris_lecar
    >>> print(morris_lecar().to_latex())
    """
    lines = [
        rf"\frac{{d {_symbol(k)}}}{{dt}} &= {sympy.latex(e)}" for k, e in model.equations.items()
    ]
    lines += [f"{_symbol(k)} &= {sympy.latex(e)}" for k, e in model.definitions.items()]
    rows = [
        f"${_symbol(k)}$ & {v:.10g} & {latex_words(p.unit)} & {latex_words(p.meaning)} \\\\"
        for (k, v), p in zip(
            model.parameters.items(), model.declared_parameters.values(), strict=True
        )
    ]
    parts = ["\\begin{align*}", " \\\\\n".join(lines), "\\end{align*}"]
    if rows:
        parts += ["\\begin{tabular}{llll}", "parameter & value & unit & meaning \\\\ \\hline"]
        parts += [*rows, "\\end{tabular}"]
    if model.source:
        parts.append(latex_comment(f"Source: {model.source}"))
    text = "\n".join(parts) + "\n"
    if path is not None:
        write_atomically(Path(path), lambda draft: draft.write_text(text, encoding="utf-8"))
    return text


def _symbol(name: str) -> str:
    return sympy.latex(sympy.Symbol(name))
