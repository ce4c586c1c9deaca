"""The cache of compiled functions: it serves what the sources say, also after an edit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dynsys.numba_cache import PACKAGES

CALLEE = """
from dynsys.numba_cache import njit

@njit("float64(float64)", cache=True)
def inner(x):
    return {factor} * x
"""
CONSTANT = "OFFSET = {offset}\n"
CALLER = """
from dynsys.numba_cache import njit
from pair.callee import inner
from pair.constant import OFFSET

@njit("float64(float64)", cache=True)
def outer(x):
    return inner(x) + OFFSET
"""
MAIN = """
from dynsys.numba_cache import PACKAGES
PACKAGES.add("pair")
from pair.caller import outer
print(outer(1.0), sum(outer.stats.cache_hits.values()))
"""


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A package of two files with compiled functions, one calling the other, and a constant."""
    folder = tmp_path / "pair"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "callee.py").write_text(CALLEE.format(factor=2.0))
    (folder / "constant.py").write_text(CONSTANT.format(offset=0.5))
    (folder / "caller.py").write_text(CALLER)
    return folder


def start(pair: Path, code: str = MAIN) -> subprocess.Popen[str]:
    """Another process; it calls the outer function."""
    command = [sys.executable, "-c", code]
    here = str(Path(__file__).parents[2])
    return subprocess.Popen(
        command, cwd=pair.parent, stdout=subprocess.PIPE, text=True,
        env={"PYTHONPATH": f"{pair.parent}:{here}", "PATH": "", "HOME": str(pair.parent)},
    )  # fmt: skip


def run(pair: Path, code: str) -> str:
    """What another process prints."""
    out, _ = start(pair, code).communicate(timeout=120)
    return out


def result(process: subprocess.Popen[str]) -> tuple[float, int]:
    """What the outer function gave for 1, and how often it came from the disk."""
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    value, hits = out.split()
    return float(value), int(hits)


def compiled_files(pair: Path, stem: str) -> list[Path]:
    return sorted((pair / "__pycache__").glob(f"{stem}.*.nbc"))


def test_an_edited_callee_or_constant_reaches_its_caller_in_the_next_process(pair):
    assert result(start(pair)) == (2.5, 0)
    assert result(start(pair)) == (2.5, 1)
    (pair / "callee.py").write_text(CALLEE.format(factor=3.0))
    assert result(start(pair)) == (3.5, 0)
    (pair / "constant.py").write_text(CONSTANT.format(offset=0.25))
    assert result(start(pair)) == (3.25, 0)
    assert result(start(pair)) == (3.25, 1)
    assert len(compiled_files(pair, "caller")) == 1  # what older sources left is gone


def test_what_compiled_code_cannot_contain_may_change_freely(pair):
    assert result(start(pair)) == (2.5, 0)
    (pair / "constant.py").write_text("# a remark\n" + CONSTANT.format(offset=0.5))
    assert result(start(pair)) == (2.5, 1)


def test_a_function_is_compiled_when_it_is_first_needed_not_where_it_is_defined(pair):
    code = (
        f"{MAIN.splitlines()[1]}; {MAIN.splitlines()[2]}; import pair.caller as caller;"
        "print(len(caller.outer.overloads)); caller.outer(1);"  # an integer, converted as stated
        "print(*(len(f.overloads) for f in (caller.outer, caller.inner)));"
        "import pickle; again = pickle.loads(pickle.dumps(caller.inner)); print(again(2))"
    )
    assert run(pair, code).split() == ["0", "1", "1", "4.0"]
    pickled = code.replace("caller.outer(1);", "")  # not yet compiled
    assert run(pair, pickled).split() == ["0", "0", "0", "4.0"]


def test_what_does_not_fit_the_stated_signature_is_refused_as_ever(pair):
    code = f"{MAIN.splitlines()[1]}; {MAIN.splitlines()[2]}; import pair.callee as c; " + (
        "\nfor word in ('a', 'b'):\n  try: c.inner(word)\n"
        "  except TypeError as error: print('No matching definition' in str(error))"
    )
    assert run(pair, code).split() == ["True", "True"]


def test_two_processes_that_compile_the_same_at_once_end_well(pair):
    assert [result(process) for process in [start(pair), start(pair)]] in (
        [(2.5, 0), (2.5, 0)],
        [(2.5, 0), (2.5, 1)],
        [(2.5, 1), (2.5, 0)],
    )
    assert result(start(pair)) == (2.5, 1)


def test_a_folder_that_cannot_be_written_serves_from_the_users_cache(pair):
    (pair / "__pycache__").touch()  # no folder can be made there, whoever the user is
    assert result(start(pair)) == (2.5, 0)
    assert result(start(pair)) == (2.5, 1)


READ_ONLY = """
from numba.core import caching
def refuse(self):
    raise PermissionError("read-only")
caching.InTreeCacheLocator.ensure_cache_path = refuse
"""


def test_what_an_installation_keeps_serves_whoever_cannot_write_there(pair):
    assert result(start(pair)) == (2.5, 0)
    assert result(start(pair, READ_ONLY + MAIN)) == (2.5, 1)
    own = pair.parent / ".cache"
    assert not list(own.rglob("caller.*.nbc"))  # nothing had to be kept anew


def test_what_is_damaged_in_an_installation_is_kept_by_whoever_cannot_write_there(pair):
    assert result(start(pair)) == (2.5, 0)
    [file] = compiled_files(pair, "caller")
    damaged = file.read_bytes()[:-100] + bytes(100)
    file.write_bytes(damaged)
    assert result(start(pair, READ_ONLY + MAIN)) == (2.5, 0)
    assert result(start(pair, READ_ONLY + MAIN)) == (2.5, 1)
    assert file.read_bytes() == damaged


def test_a_folder_that_the_environment_names_stands_alone(pair):
    assert result(start(pair)) == (2.5, 0)
    named = f"import os; os.environ['NUMBA_CACHE_DIR'] = {str(pair.parent / 'own')!r}\n"
    assert result(start(pair, named + MAIN)) == (2.5, 0)
    assert result(start(pair, named + MAIN)) == (2.5, 1)


def test_whoever_waits_for_the_engine_is_told_how_not_to(pair):
    told = MAIN + "from dynsys import activity, numba_cache\nprint(*activity._remarks)"
    assert "`dynsys compile` does it all ahead" in run(pair, told)
    assert "dynsys compile" not in run(pair, told)  # it is compiled now


def test_what_is_kept_is_known_without_loading_it(pair):
    asked = MAIN.replace("print(outer(1.0)", "print(outer.is_kept())\nprint(outer(1.0)")
    assert run(pair, asked).split()[0] == "False"
    assert run(pair, asked).split()[0] == "True"
    for file in compiled_files(pair, "caller"):
        file.unlink()
    assert run(pair, asked).split()[0] == "False"


def test_every_package_compiles_through_this_cache():
    root = Path(__file__).parents[2]
    for package in PACKAGES:
        for file in (root / package).rglob("*.py"):
            lines = file.read_text().splitlines()
            own = [line for line in lines if line.startswith("from numba ") and "njit" in line]
            assert not own or file.name == "numba_cache.py", file


def test_a_configuration_in_the_current_folder_does_not_move_the_cache(pair):
    (pair.parent / ".numba_config.yaml").write_text("cache_dir: elsewhere\n")
    assert result(start(pair)) == (2.5, 0)
    assert not (pair.parent / "elsewhere").exists()
    assert list(pair.glob("__pycache__/*.nbi"))
