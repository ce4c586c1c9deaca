"""PyDSTool 0.91 on today's Python: its own source is adapted as it is loaded, nothing else.

PyDSTool imports modules that Python, numpy and scipy have removed. A finder that answers for the
package ``PyDSTool`` only changes the syntax trees of its modules on their way in:

1. ``parser`` and ``symbol`` become ``dynsys.exchange.python_grammar``;
2. ``distutils`` and ``numpy.distutils`` become empty shells (their compilers are not used here);
3. ``numpy`` and ``scipy`` become views of the real ones that add the removed names and keep the
   old meaning of ``array(copy=False)``;
4. ``exec`` and ``locals`` of one function share their names again (Python 3.13 separated them).

Python, numpy and scipy themselves stay as they are. Whether differentiation works is checked on
expressions with known derivatives before anything is returned.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import os
import sys
import token
import types
import warnings
from functools import cache
from typing import Any

import numpy as np

from dynsys.errors import DynsysError
from dynsys.exchange import python_grammar

_HERE = "dynsys.exchange.pydstool_view"
_REMOVED: dict[str, Any] = {
    "Inf": np.inf, "NaN": np.nan, "alltrue": np.all, "sometrue": np.any, "product": np.prod,
    "cumproduct": np.cumprod, "int": int, "float": float, "complex": complex, "bool": bool,
    "object": object, "int0": np.intp, "float_": np.float64, "complex_": np.complex128,
    "mat": np.asmatrix, "infty": np.inf, "unicode_": np.str_, "string_": np.bytes_,
    "in1d": np.isin, "row_stack": np.vstack, "trapz": np.trapezoid,
}  # fmt: skip


def _array(content: Any, *arguments: Any, **options: Any) -> np.ndarray:
    if options.get("copy") is False:  # numpy 2 refuses where numpy 1 copied if it had to
        options["copy"] = None
    return np.array(content, *arguments, **options)


def _view(name: str, real: types.ModuleType, extra: dict[str, Any]) -> types.ModuleType:
    """A module that looks like ``real`` with some names added."""
    module = types.ModuleType(f"{_HERE}_{name}", f"{name} as PyDSTool knows it")
    names = sorted({n for n in dir(real) if not n.startswith("_")} | set(extra))

    def find(attribute: str) -> Any:
        if attribute in extra:
            return extra[attribute]
        return getattr(real, attribute)

    module.__dict__.update(__getattr__=find, __all__=names, __file__=real.__file__)
    return module


class _Shell(types.ModuleType):
    """A module of which nothing works until it is called, and then says so."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*_: Any, **__: Any) -> Any:
            raise DynsysError(
                f"{self.__name__}.{name}: compiling through PyDSTool is not supported"
            )

        return missing


@cache
def _views() -> dict[str, str]:
    """Old module name -> the module that stands for it, all of them made."""
    # Only PyDSTool needs all of these.
    import scipy
    import scipy.integrate
    import scipy.io
    import scipy.linalg
    import scipy.optimize
    import scipy.special

    special = _view("special", scipy.special, {})
    special.__dict__["__getattr__"] = _lenient(scipy.special)
    numpy_view = _view("numpy", np, {**_REMOVED, "array": _array})
    again = {n: getattr(np, n) for n in dir(np) if not n.startswith("_") and not hasattr(scipy, n)}
    again |= {**_REMOVED, "array": _array, "who": _nothing, "special": special}
    scipy_view = _view("scipy", scipy, again)
    optimize = _view(
        "optimize", scipy.optimize, {"minpack": scipy.optimize, "zeros": scipy.optimize}
    )
    made = {
        "parser": python_grammar,
        "symbol": python_grammar,
        "token": _view("token", token, {"tok_name": dict(token.tok_name)}),  # PyDSTool adds to it
        "numpy": numpy_view,
        "scipy": scipy_view,
        "scipy.special": special,
        "scipy.optimize": optimize,
        **{
            name: _Shell(f"{_HERE}_{name.replace('.', '_')}")
            for name in ("distutils", "distutils.core", "distutils.sysconfig", "distutils.util",
                         "numpy.distutils", "numpy.distutils.core", "numpy.distutils.misc_util")
        },
    }  # fmt: skip
    for module in made.values():
        sys.modules.setdefault(module.__name__, module)
    return {name: module.__name__ for name, module in made.items()}


def _nothing(*_: Any, **__: Any) -> None:
    """``scipy.who`` listed variables."""


def _lenient(real: types.ModuleType) -> Any:
    """Names that scipy.special has lost stay names; calling one says that it is gone."""

    def find(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        found = getattr(real, attribute, None)
        return found if found is not None else getattr(_Shell("scipy.special"), attribute)

    return find


class _Adapter(ast.NodeTransformer):
    """Points imports at the views and lets ``exec`` and ``locals`` share their names."""

    def __init__(self) -> None:
        self.views = _views()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.level == 0 and node.module in self.views:
            node.module = self.views[node.module]
        return node

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        result: list[ast.stmt] = []
        for alias in node.names:
            root = alias.name.split(".")[0]
            if alias.name in self.views and alias.asname:
                result.append(ast.Import([ast.alias(self.views[alias.name], alias.asname)]))
            elif root in self.views:
                # ``import scipy.special`` binds scipy, whose view holds special.
                target = self.views[alias.name if "." not in alias.name else root]
                package, _, last = target.rpartition(".")
                result.append(ast.ImportFrom(package, [ast.alias(last, root)], 0))
            else:
                result.append(ast.Import([alias]))
        return [ast.copy_location(statement, node) for statement in result]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        calls = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
        names = {function.id for function in calls if isinstance(function, ast.Name)}
        self.generic_visit(node)
        if {"exec", "locals"} <= names:
            _Names().visit(node)
            begin = ast.parse("_made_ = {}").body
            node.body[:0] = [ast.copy_location(statement, node.body[0]) for statement in begin]
        return node


class _Names(ast.NodeTransformer):
    """``exec(code)`` fills ``_made_``, ``locals()`` shows it."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Name):
            return node
        if node.func.id == "locals":
            return ast.copy_location(_expression("{**locals(), **_made_}"), node)
        if node.func.id == "exec" and len(node.args) == 1:
            update = _expression("_made_.update({**locals(), **_made_})")
            node.args += [_expression("globals()"), _expression("_made_")]
            both = ast.Tuple([update, node], ast.Load())
            return ast.copy_location(both, node)
        return node


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module of PyDSTool from its source, adapted; never from a cached byte code."""

    def get_code(self, fullname: str) -> types.CodeType:
        path = self.get_filename(fullname)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes and `is 0`, in PyDSTool's own text
            tree = ast.parse(self.get_data(path), path)
            tree = ast.fix_missing_locations(_Adapter().visit(tree))
            return compile(tree, path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Answers for ``PyDSTool`` and its modules, for nothing else."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname.split(".")[0] != "PyDSTool":
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path)
        if found is None or not (found.origin or "").endswith(".py"):
            return found
        found.loader = _Loader(fullname, str(found.origin))
        return found


# Expressions whose derivatives a wrong syntax tree gets wrong, often in silence.
_KNOWN = {
    "x**3": lambda x: 3 * x**2,
    "pow(x, 2)*sin(x)": lambda x: 2 * x * np.sin(x) + x**2 * np.cos(x),
    "exp(-x*x)/(1 + x)": lambda x: np.exp(-x * x) * (-2 * x * (1 + x) - 1) / (1 + x) ** 2,
    "tanh((x - 2)/3) - 5*x + sqrt(x)": lambda x: (
        (1 - np.tanh((x - 2) / 3) ** 2) / 3 - 5 + 0.5 / np.sqrt(x)
    ),
    "-x**2*log(x)": lambda x: -2 * x * np.log(x) - x,
    "2**x": lambda x: 2**x * np.log(2),
    "cos(x)**2": lambda x: -2 * np.cos(x) * np.sin(x),
}  # fmt: skip


@cache
def pydstool() -> types.ModuleType:
    """The package PyDSTool, imported so that it works on this Python, and checked.

    Raises DynsysError where it is not installed or its symbolic derivatives are wrong.

    Example
    -------
    >>> dst = pydstool()
    >>> dst.args(name="fold").name
    'fold'
    """
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    os.environ.setdefault("MPLBACKEND", "Agg")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            package = importlib.import_module("PyDSTool")
    except ModuleNotFoundError as error:
        if error.name != "PyDSTool":
            raise
        raise DynsysError(
            "PyDSTool is not installed: pip install 'PyDSTool>=0.91', or leave backend='pydstool' "
            "out to use our own engine"
        ) from None
    _check_derivatives(package)
    return package


def _check_derivatives(package: types.ModuleType) -> None:
    functions = {n: getattr(np, n) for n in ("sin", "cos", "cosh", "tanh", "exp", "log", "sqrt")}
    for text, derivative in _KNOWN.items():
        written = str(package.Diff(text, "x")).lower()  # it writes Pow, Sin, ...
        for x in (0.7, 1.9):
            names = functions | {"x": x, "pow": pow}
            # What PyDSTool makes of the texts above, nothing that a user wrote.
            value = eval(written, {"__builtins__": {}}, names)  # noqa: S307
            if not abs(value - derivative(x)) < 1e-12:
                raise DynsysError(
                    f"PyDSTool's derivative of {text} is {written}, which is {value:g} at x = {x}; "
                    f"it should be {derivative(x):g}. This pair of versions must not be used"
                )
