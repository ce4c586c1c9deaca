"""The model library's table of contents, read from its files without running them.

A model is a file of ``dynsys/models`` with a function of the same name that returns a
``VectorField``; the file's first line says what it is.
"""

from __future__ import annotations

import ast
from pathlib import Path


def contents() -> dict[str, str]:
    """Name -> first line of its file, for every model of the library, in alphabetical order.

    Example
    -------
    >>> contents()["fitzhugh_nagumo"]
    'The FitzHugh-Nagumo model of an excitable membrane (FitzHugh 1961; Nagumo et al. 1962).'
    """
    result = {}
    for path in sorted((Path(__file__).parent / "models").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(_makes_model(node, path.stem) for node in tree.body):
            result[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return result


def _makes_model(node: ast.stmt, name: str) -> bool:
    return (
        isinstance(node, ast.FunctionDef)
        and node.name == name
        and node.returns is not None
        and ast.unparse(node.returns) == "VectorField"
    )
