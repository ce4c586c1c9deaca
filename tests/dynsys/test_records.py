"""Named tuples as arguments: one signature for all models, and no loose arrays by the dozen."""

from __future__ import annotations

import ast
import subprocess
import sys
import timeit
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pytest
from numba import float64, typeof, types
from numba.core.errors import TypingError

from continuation.engine.following import Follower
from continuation.engine.predictor_corrector import Plane, newton, workspace
from continuation.engine.problems import EQUILIBRIUM
from continuation.engine.settings import Settings
from dynsys.compiled import functions
from dynsys.compiled.functions import FunctionType, addresses
from dynsys.compiled.records import numba_type, record
from dynsys.models import fitzhugh_nagumo, morris_lecar
from dynsys.numba_cache import njit

ROOT = Path(__file__).parents[2]
MOST = 9  # arguments of a compiled function
FROZEN = types.Array(float64, 1, "C", readonly=True)


@record
class Pair(NamedTuple):
    weights: Annotated[np.ndarray, FROZEN]
    both: Annotated[tuple, types.UniTuple(FROZEN, 2)]


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
    many = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path, node in found
        if len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs) > MOST
    ]
    assert not many


def curve(model, parameter, span):
    return Follower(model, EQUILIBRIUM, {parameter: span}, Settings()).curve


def test_every_model_uses_the_same_compiled_functions():
    for model, parameter in ((fitzhugh_nagumo(), "I"), (morris_lecar(), "I")):
        size = model.compiled.n + 1
        row = np.eye(size)[-1]
        newton(curve(model, parameter, (0.0, 1.0)), Plane(row, 0.5), row / 2, 1e-9, 20,
               workspace(size))  # fmt: skip
    assert len(newton.signatures) == 1


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


def test_a_member_that_is_only_read_may_be_read_only_and_tuples_are_checked():
    weights = np.ones(2)
    weights.flags.writeable = False
    assert typeof(Pair(weights, (weights, weights))) == numba_type(Pair)
    assert typeof(Pair(np.ones(2), (weights, weights))) == numba_type(Pair)
    with pytest.raises(TypeError, match=r"Pair\.both is .* it must be .*readonly"):
        typeof(Pair(weights, (np.ones(2), weights)))
    with pytest.raises(TypeError, match=r"Plane\.row is .*; it must be .*float64, 1d, C"):
        typeof(Plane(weights, 0.5))


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


KIND = FunctionType(float64(float64))


@njit([float64(KIND, float64)])
def twice(f, x):
    return f(f(x))


def test_a_function_s_addresses_are_looked_up_once(monkeypatch):
    half = njit([float64(float64)])(lambda x: x / 2.0)
    assert twice(half, 8.0) == 2.0  # compiled, which itself reads the name below
    looked = []
    monkeypatch.setattr(
        functions, "addresses", lambda *given: looked.append(given) or addresses(*given)
    )
    third = njit([float64(float64)])(lambda x: x / 3.0)
    assert twice(third, 9.0) == 1.0
    assert twice(third, 18.0) == 2.0
    assert looked == [(third, KIND)]


def test_a_function_of_another_signature_is_refused():
    of_two = njit([float64(float64, float64)])(lambda x, y: x + y)
    with pytest.raises(TypeError):
        twice(of_two, 1.0)
    with pytest.raises(TypingError, match="not available"):
        addresses(of_two, KIND)


def test_an_error_inside_a_function_arrives():
    def root(x):
        if x < 0:
            raise ValueError("no root here")
        return x**0.5

    with pytest.raises(ValueError, match="no root here"):
        twice(njit([float64(float64)])(root), -1.0)


def test_an_evaluation_called_from_python_costs_little():
    """Less than 40 us on a busy machine; numba's own look-up of five functions takes 250."""
    f = Follower(morris_lecar(), EQUILIBRIUM, {"I": (0.0, 1.0)}, Settings())
    at, y, residual, matrix = f.curve, np.zeros(3), np.zeros(2), np.zeros((2, 3))
    call = lambda: at.evaluate(at.field, at.border, y, residual, matrix)  # noqa: E731
    assert min(timeit.repeat(call, number=20, repeat=20)) / 20 < 40e-6
