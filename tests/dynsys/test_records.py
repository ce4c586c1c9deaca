"""Named tuples as arguments: one signature for all models, and no loose arrays by the dozen."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from continuation.engine.following import Follower
from continuation.engine.predictor_corrector import Plane, newton, workspace
from continuation.engine.problems import EQUILIBRIUM
from continuation.engine.settings import Settings
from dynsys.models import fitzhugh_nagumo, morris_lecar

ROOT = Path(__file__).parents[2]
MOST = 9  # arguments of a compiled function
# Functions with more, and why.
MORE = {
    "run_cell": "one loop over steps of a cell; what it takes is the state of that loop",
    "step_neurons": "one loop over Euler steps of neurons; what it takes is the state of that loop",
    "_run": "a network in single precision: the arrays share no structure with the models'",
    "_advance": "the hottest loop of a network: vectors over one population",
}


def compiled_functions():
    """(file, definition) of every function decorated by njit."""
    for package in ("dynsys", "continuation", "stimulation", "validation"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef) and any(
                    "njit" in ast.unparse(d) for d in node.decorator_list
                ):
                    yield path, node


def test_compiled_functions_take_few_arguments():
    found = list(compiled_functions())
    assert len(found) > 80
    many = {
        node.name
        for _, node in found
        if len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs) > MOST
    }
    assert many == set(MORE)


def curve(model, parameter, span):
    return Follower(model, EQUILIBRIUM, {parameter: span}, Settings()).curve


def test_every_model_uses_the_same_compiled_functions():
    before = len(newton.signatures)
    for model, parameter in ((fitzhugh_nagumo(), "I"), (morris_lecar(), "I")):
        size = model.compiled.n + 1
        row = np.eye(size)[-1]
        newton(curve(model, parameter, (0.0, 1.0)), Plane(row, 0.5), row / 2, 1e-9, 20,
               workspace(size))  # fmt: skip
    assert len(newton.signatures) == before == 1


@pytest.mark.parametrize(
    "row",
    [np.eye(3)[:, ::-1].T[0][::-1], np.ones(6)[::2], np.ones(3, np.float32), np.ones((3, 1))],
    ids=["reversed", "strided", "single precision", "matrix"],
)
def test_an_array_of_another_kind_is_refused_by_name(row):
    y = np.zeros(3)
    with pytest.raises(TypeError, match=r"Plane\.row is .*; it must be .*float64, 1d, C"):
        newton(curve(fitzhugh_nagumo(), "I", (0.0, 1.0)), Plane(row, 0.5), y, 1e-9, 5,
               workspace(3))  # fmt: skip


def test_a_second_process_finds_the_compiled_functions_on_the_disk():
    """Functions and models among the arguments must not make the cache miss."""
    code = (
        "from continuation.engine.predictor_corrector import follow, newton\n"
        "from continuation.cycles.following import follow as cycles\n"
        "from continuation.cycles.correction import correct\n"
        "print(sum(f.stats.cache_misses.total() for f in (follow, newton, cycles, correct)))"
    )
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
    assert done.stdout.strip() == "0"
