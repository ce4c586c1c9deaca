"""The house: rooms on floors, imports that run downwards, no large circles of files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import networkx as nx
import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("dynsys", "continuation", "stimulation", "validation")

# The picture of the house, ground floor first. A file may import from its own room and from the
# floors below; rooms on one floor know nothing of each other. A file belongs to the longest entry
# that fits its path (coupling makes kernels as simulation does, from two of its files); what the
# command line calls stands on top of its package.
HOUSE = """
dynsys/errors dynsys/version dynsys/lazy_names dynsys/library dynsys/doors dynsys/cache
dynsys/checks dynsys/interruption dynsys/sealing dynsys/pictures
dynsys/sealed_files dynsys/addressed dynsys/activity dynsys/styles
dynsys/drawing
dynsys/children dynsys/checksums dynsys/storage dynsys/numba_cache
dynsys/netcdf dynsys/numpy_files dynsys/pruning
dynsys/packing
dynsys/journal
dynsys/cluster
dynsys/expressions
dynsys/compiled
dynsys
dynsys/exchange dynsys/cells
dynsys/transfer
dynsys/simulation/bilinear
dynsys/simulation/arguments
dynsys/simulation/motion
dynsys/coupling
dynsys/simulation
dynsys/neurons
dynsys/models
dynsys/engine_functions
dynsys/commands dynsys/doctor dynsys/precompilation
continuation/frames continuation/region_names
continuation/drawing continuation/netcdf continuation/report
continuation/explorer
continuation/engine
continuation/steady_states
continuation/asynchronous continuation/graphs
continuation/cycles
continuation/diagrams
continuation/user_functions continuation/pycont continuation/neurons
continuation
continuation/commands
stimulation/waveforms
stimulation/entrainment
stimulation/transitions
stimulation stimulation/commands
validation/brian validation/measures
validation/networks validation/circuits
validation/trials
validation/reports
validation validation/commands
"""
FLOORS = {room: floor for floor, line in enumerate(HOUSE.split("\n")) for room in line.split()}
LARGEST_CIRCLE = 3  # files
# Imports for type checkers alone that run upwards: (file, file above it), each with its reason.
UPWARD_TYPES: set[tuple[str, str]] = set()


class Import(NamedTuple):
    """An import of one of our files by another; ``kind``: "top", "function" or "types"."""

    source: str
    target: str
    kind: str
    line: int


@cache
def files() -> dict[str, Path]:
    """Module -> file, of all four packages."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(files()[module].read_text())


def is_door(module: str) -> bool:
    """Whether a module only opens onto others: its names load on first use.

    So do those of packages, and what models need of rooms above them (``dynsys.doors`` says why).
    """
    return files()[module].name == "__init__.py" or module == "dynsys.doors"


def statements(node: ast.AST, kind: str = "top") -> Iterator[tuple[ast.stmt, str]]:
    """Every import statement below a node with its kind; nested conditions do not matter."""
    for child in ast.iter_child_nodes(node):
        below = kind
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            below = "function"
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            below = "types"
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, kind
        yield from statements(child, below)


@cache
def homes(module: str) -> dict[str, str]:
    """Name -> module of what a package shows."""
    return {
        alias.asname or alias.name: statement.module
        for statement, _ in statements(tree(module))
        if isinstance(statement, ast.ImportFrom) and statement.module and is_door(module)
        for alias in statement.names
    }


def home(module: str, name: str) -> str | None:
    """The file of ours that ``from module import name`` reads; None for other libraries."""
    if f"{module}.{name}" in files():
        return f"{module}.{name}"
    if module not in files():
        return None
    further = homes(module).get(name)
    return module if further is None else home(further, name)


@cache
def imports() -> tuple[Import, ...]:
    """Every import between our files; a module named in a string is one that is loaded late."""
    found = []
    for module in files():
        if is_door(module):
            continue
        for statement, kind in statements(tree(module)):
            if isinstance(statement, ast.ImportFrom):
                assert statement.level == 0, f"{module}: relative import"
                targets = [home(statement.module or "", alias.name) for alias in statement.names]
            else:
                targets = [alias.name for alias in statement.names if alias.name in files()]
            found += [Import(module, t, kind, statement.lineno) for t in targets if t]
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Constant) and node.value in files() and "." in node.value:
                found.append(Import(module, node.value, "function", node.lineno))
    return tuple(i for i in dict.fromkeys(found) if i.source != i.target)


@cache
def room(module: str) -> str:
    """The room of a module, as it stands in the picture."""
    parts = module.split(".")
    if len(parts) > 2 and re.search(r"commands?$", parts[-1]):
        return f"{parts[0]}/commands"
    path = "/".join(parts)
    fitting = [r for r in FLOORS if path == r or path.startswith(r + "/")]
    return max(fitting, key=len)


def upward(kind: str) -> list[str]:
    """Imports of a kind that do not run downwards, as text."""
    return [
        f"{i.source}:{i.line} ({room(i.source)}) imports {i.target} ({room(i.target)})"
        for i in imports()
        if i.kind == kind and room(i.source) != room(i.target)
        and FLOORS[room(i.target)] >= FLOORS[room(i.source)]
        and (kind != "types" or (i.source, i.target) not in UPWARD_TYPES)
    ]  # fmt: skip


def circles(kinds: set[str]) -> list[list[str]]:
    """Files that import each other around, largest circle first."""
    graph = nx.DiGraph((i.source, i.target) for i in imports() if i.kind in kinds)
    found = [sorted(c) for c in nx.strongly_connected_components(graph) if len(c) > 1]
    return sorted(found, key=len, reverse=True)


def unexplained(text: str) -> list[int]:
    """Lines of imports inside functions with no comment on them or right above their block."""
    lines, parsed = text.split("\n"), ast.parse(text)
    inside = [s for s, kind in statements(parsed) if kind == "function"]
    taken = {k for s in inside for k in range(s.lineno, (s.end_lineno or s.lineno) + 1)}
    result = []
    for statement in inside:
        first = statement.lineno
        while first - 1 in taken:
            first -= 1
        block = lines[first - 2 : statement.end_lineno]  # from the line above the block on
        above = block[0].strip() if block[0].strip().startswith("#") else ""
        reasons = [above, *(line.partition("#")[2] for line in block[1:])]
        if not any(re.sub(r"(noqa|fmt|type)\b:? ?[\w ]*", "", r).strip(" #") for r in reasons):
            result.append(statement.lineno)
    return result


def test_the_picture_shows_every_room():
    folders = {
        f"{package}/{path.name}"
        for package in PACKAGES
        for path in (ROOT / package).iterdir()
        if (path / "__init__.py").exists()
    }
    assert folders <= set(FLOORS)
    shown = {r for r in FLOORS if (ROOT / r).exists() or (ROOT / f"{r}.py").exists()}
    assert shown == set(FLOORS)


@pytest.mark.parametrize("kind", ["top", "function", "types"])
def test_imports_run_downwards(kind):
    assert not upward(kind), "\n".join(upward(kind))


def test_files_do_not_import_each_other_in_large_circles():
    large = [c for c in circles({"top", "function"}) if len(c) > LARGEST_CIRCLE]
    assert not large, large


@pytest.mark.parametrize("module", files())
def test_an_import_inside_a_function_gives_its_reason(module):
    assert not unexplained(files()[module].read_text()), files()[module]


def test_every_kind_of_import_is_seen():
    kinds = {(i.source, i.target): i.kind for i in imports()}
    engine, equilibria = "continuation.engine.following", "continuation.steady_states.equilibria"
    assert kinds[equilibria, engine] == "top"
    assert kinds["continuation.commands", equilibria] == "function"  # through the package's name
    assert kinds["continuation.user_functions.stopping", "continuation.cycles.branch"] == "types"
    assert kinds["continuation.storage", "continuation.cycles.branch"] == "function"  # in a table
    assert not any(is_door(i.source) for i in imports())


def test_reasons_are_looked_for_beside_the_import():
    good = "def f():\n    # It takes a second to load.\n    import a\n    import b\n"
    beside = "def f():\n    import a  # takes a second to load\n"
    far = "def f():\n    # It takes a second to load.\n\n    import a\n"
    silenced = "def f():\n    import a  # noqa: F401\n"
    assert [unexplained(text) for text in (good, beside, far, silenced)] == [[], [], [4], [2]]
