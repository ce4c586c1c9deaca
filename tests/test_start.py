"""How the toolbox starts: what a command imports, what its packages show."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("numpy", "numba", "sympy", "scipy", "matplotlib", "xarray", "pandas", "brian2", "dask")
LAZY = [
    "dynsys",
    *(f"dynsys.{room}" for room in ("cells", "coupling", "neurons", "simulation", "transfer")),
    "continuation",
    "continuation.pycont",
    "stimulation",
    "validation",
    "validation.networks",
]


def imported(script: str) -> str:
    """Which of the heavy libraries a new process holds after a script."""
    tail = f"\nprint('held', *(m for m in {HEAVY} if m in sys.modules))"
    made = subprocess.run(
        [sys.executable, "-c", f"import sys\n{script}{tail}"], capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return made.stdout.splitlines()[-1].removeprefix("held").strip()


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["models"], ["diagramm", "aln"], ["diagram", "--help"]]
)
def test_commands_that_compute_nothing_import_nothing_heavy(words):
    script = f"""
from dynsys.commands import main
try:
    main({words})
except SystemExit:
    pass"""
    assert imported(script) == ""


def test_packages_import_nothing_heavy_before_a_name_is_used():
    assert imported(f"import {', '.join(LAZY)}") == ""
    assert "sympy" in imported("from dynsys import VectorField")  # the check itself can fail


@pytest.mark.parametrize("name", LAZY)
def test_a_package_shows_its_names_to_people_and_to_type_checkers(name):
    package = importlib.import_module(name)
    tree = ast.parse(Path(str(package.__file__)).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    call = next(node.value for node in tree.body if ast.unparse(node).startswith("__getattr__, "))
    table = ast.literal_eval(call.args[1])
    homes = {public: module for module, names in table.items() for public in names}
    assert homes == typed
    assert sorted(homes) == sorted(package.__all__)
    assert set(package.__all__) <= set(dir(package))
    for public in package.__all__:
        assert getattr(package, public) is getattr(importlib.import_module(homes[public]), public)
        assert find_spec(f"{name}.{public}") is None, "a submodule would hide the public name"


def test_submodules_are_found_and_unknown_names_are_refused():
    import continuation
    import dynsys

    assert callable(dynsys.models.aln)
    assert continuation.pycont.ContClass
    with pytest.raises(AttributeError, match="module 'dynsys' has no attribute 'VectorFeld'"):
        _ = dynsys.VectorFeld


def test_the_table_of_contents_is_the_library():
    from dynsys.library import contents
    from dynsys.models import LIBRARY

    assert list(contents()) == list(LIBRARY)
    assert all(line.endswith(".") for line in contents().values())


def test_the_installed_version_is_known():
    import dynsys

    assert dynsys.__version__.split(".")[0].isdigit()
