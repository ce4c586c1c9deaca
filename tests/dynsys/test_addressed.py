"""Compiled functions that are called at their address: as if linked, and never missing."""

from __future__ import annotations

import numpy as np
import pytest
from numba import float64, types
from numba.core.runtime import _nrt_python, rtsys

from dynsys import addressed
from dynsys.numba_cache import njit
from tests.dynsys.test_numba_cache import result, start

VECTOR = types.Array(float64, 1, "C")


@njit([float64(VECTOR, float64), float64(VECTOR, types.int64)], addressed=True)
def scaled(a, factor):
    if factor < 0:
        raise ValueError("a negative factor")
    return a[0] * factor


@njit([VECTOR(VECTOR)], addressed=True)
def doubled(a):
    return 2.0 * a


@njit
def between(a, factor):
    return scaled(a, factor) + scaled(a, 2)


@njit([float64(VECTOR, float64)])
def outer(a, factor):
    return between(doubled(a), factor)


def test_callers_compute_what_they_would_with_everything_linked():
    assert outer(np.array([3.0]), 0.5) == 3.0 + 12.0
    assert scaled(np.array([3.0]), 0.5) == 1.5


def test_an_error_reaches_the_caller():
    with pytest.raises(ValueError, match="a negative factor"):
        outer(np.array([3.0]), -1.0)


def test_the_code_of_an_addressed_function_is_not_in_its_callers():
    outer(np.array([3.0]), 0.5)
    [code] = outer.inspect_llvm().values()
    assert scaled._slots[0].symbol in code
    assert not any("define" in line and "scaled" in line for line in code.splitlines())


def test_arrays_that_are_returned_through_an_address_are_freed():
    _nrt_python.memsys_enable_stats()
    outer(np.array([3.0]), 0.5)
    before = rtsys.get_allocation_stats()
    for _ in range(100):
        outer(np.array([3.0]), 0.5)
    after = rtsys.get_allocation_stats()
    assert after.alloc - before.alloc >= 100
    assert after.alloc - before.alloc == after.free - before.free


def test_an_empty_slot_is_an_error_and_no_jump():
    assert outer(np.array([3.0]), 0.5) == 15.0
    cell = addressed._cells[doubled._slots[0].symbol]
    kept, cell.value = cell.value, None
    try:
        with pytest.raises(RuntimeError, match="doubled is called before it is compiled"):
            outer(np.array([3.0]), 0.5)
    finally:
        cell.value = kept
    assert outer(np.array([3.0]), 0.5) == 15.0


def test_functions_whose_name_is_not_their_own_are_refused():
    with pytest.raises(TypeError, match="made in a function"):

        @njit([float64(float64)], addressed=True)
        def inner(x):
            return x

    with pytest.raises(TypeError, match="what it returns"):
        addressed.Slot(scaled.py_func, (float64,))


CALLEE = """
from dynsys.numba_cache import njit

@njit("float64(float64)", cache=True, addressed=True)
def inner(x):
    return {factor} * x
"""
MIDDLE = """
from dynsys.numba_cache import njit
from pair.callee import inner

@njit
def middle(x):
    return inner(x)
"""
CALLER = """
from dynsys.numba_cache import njit
from pair import middle

@njit("float64(float64)", cache=True)
def outer(x):
    return middle.middle(x)
"""


def test_callers_from_the_disk_find_the_address_of_this_process(tmp_path):
    pair = tmp_path / "pair"
    pair.mkdir()
    (pair / "__init__.py").touch()
    (pair / "callee.py").write_text(CALLEE.format(factor=2.0))
    (pair / "middle.py").write_text(MIDDLE)
    (pair / "caller.py").write_text(CALLER)
    assert result(start(pair)) == (2.0, 0)
    assert result(start(pair)) == (2.0, 1)
    for file in (pair / "__pycache__").glob("callee.*.nbc"):
        file.unlink()
    assert result(start(pair)) == (2.0, 1)  # the callee is compiled again, its caller not
    (pair / "callee.py").write_text(CALLEE.format(factor=3.0))
    assert result(start(pair)) == (3.0, 0)
    assert result(start(pair)) == (3.0, 1)
