"""The engine: the compiled functions that all models share, in whatever package they stand.

Each is compiled for the signatures stated where it is defined, so all of them can be compiled and
kept on the disk before there is any model.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from dynsys.addressed import called
from dynsys.errors import DynsysError
from dynsys.numba_cache import GENERATED, PACKAGES, CompiledFunction

_HOME = Path(__file__).resolve().parents[1]
_MARK = "from dynsys.numba_cache import njit"


def engine_functions() -> dict[str, CompiledFunction]:
    """ "module.name" -> function, of all packages that are installed.

    Raises DynsysError where nothing is compiled (NUMBA_DISABLE_JIT).
    """
    found = {}
    for module in _modules():
        for label, value in vars(import_module(module)).items():
            if isinstance(value, CompiledFunction) and value.signatures_stated:
                if value.py_func.__module__ == module:
                    found[f"{module}.{label}"] = value
    if not found:
        raise DynsysError("nothing is compiled: the environment sets NUMBA_DISABLE_JIT; unset it")
    return found


def function_of(name: str) -> CompiledFunction:
    """The function of this name."""
    module, _, label = name.rpartition(".")
    found: CompiledFunction = getattr(import_module(module), label)
    return found


def callees(functions: dict[str, CompiledFunction]) -> dict[str, set[str]]:
    """Name -> the names of those that a function calls, itself or in what is linked into it."""
    names = {id(function): name for name, function in functions.items()}
    result = {}
    for name, function in functions.items():
        own, seen, waiting = set[str](), set[int](), [function.py_func]
        while waiting:
            for other in called(waiting.pop()):
                if id(other) in seen or other is function:
                    continue
                seen.add(id(other))
                if id(other) in names:
                    own.add(names[id(other)])
                else:
                    waiting.append(other.py_func)
        result[name] = own
    return result


def compile_model_functions() -> None:
    """Compile what the mean field of the first examples, ``aln``, needs for its diagrams."""
    # Here, since the engine is looked through without any model.
    from dynsys.models import aln
    from dynsys.simulation.motion import motion

    model = aln()
    compiled, moves = model.compiled, motion(model)
    parts = (compiled.linearize, compiled.jacobian_tangent, moves.lanes)
    assert all(parts)
    for function in _generated():
        function.settle()


def _generated() -> Iterator[CompiledFunction]:
    """The models' compiled functions that are loaded; whole steps, which diagrams never take, are
    left out."""
    for name, module in list(sys.modules.items()):
        if name.startswith(GENERATED) and not name.endswith("_steps"):
            for value in list(vars(module).values()):
                if isinstance(value, CompiledFunction) and value.py_func.__module__ == name:
                    yield value


def _modules() -> list[str]:
    """The modules that define compiled functions."""
    found = []
    for package in sorted(PACKAGES):
        for path in sorted((_HOME / package).rglob("*.py")):
            if path.stem != "numba_cache" and _MARK in path.read_text(encoding="utf-8"):
                found.append(".".join(path.relative_to(_HOME).with_suffix("").parts))
    return found
