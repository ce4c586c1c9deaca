"""``dynsys doctor``: what works on this machine, and the line that repairs what does not.

Each check imports what it tries: a part that is broken must not break the others, nor the start.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dynsys.children import child_environment, python
from dynsys.errors import DynsysError

_OLDEST = (3, 11)  # as in setup.cfg
GOOD, OPTIONAL, BAD = "works", "absent", "BROKEN"


@dataclass(frozen=True)
class Finding:
    """One part: ``works``, ``absent`` (optional parts only) or ``BROKEN``; what repairs it."""

    part: str
    state: str
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.state:<7} {self.part:<22} {self.detail}"
        return f"{line}\n{'':<8}-> {self.remedy}" if self.remedy else line


def examine() -> list[Finding]:
    """Everything the toolbox and its optional parts need, tried out.

    Example
    -------
    >>> print(*examine(), sep="\\n")
    """
    findings = []
    for part, check in _CHECKS.items():
        try:
            findings.append(check(part))
        except Exception as error:  # a part that breaks in its own way must not hide the others
            findings.append(Finding(part, BAD, f"{type(error).__name__}: {error}"))
    return findings + list(_bad_pairs(_installed))


def add_doctor(subparsers: Any) -> None:
    """Add ``dynsys doctor``."""
    parser = subparsers.add_parser("doctor", help="what works here, and how to repair the rest")
    parser.set_defaults(run=run_doctor)


def run_doctor(_: Any) -> None:
    """Print all findings; DynsysError (exit code 1) where a part is broken."""
    findings = examine()
    print(*findings, sep="\n")
    broken = [f.part for f in findings if f.state == BAD]
    if broken:
        raise DynsysError(f"{len(broken)} broken: {', '.join(broken)}")


def _installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


# --- the toolbox itself -----------------------------------------------------------------------


def _python(part: str) -> Finding:
    text = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _OLDEST:
        return Finding(part, BAD, text, "install Python 3.11 or later")
    return Finding(part, GOOD, text)


def _libraries(part: str) -> Finding:
    names = ("numpy", "scipy", "numba", "llvmlite", "sympy", "xarray", "netCDF4", "matplotlib")
    versions = {name: _installed(name) for name in names}
    missing = [name for name, found in versions.items() if found is None]
    if missing:
        return Finding(
            part, BAD, f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}"
        )
    return Finding(part, GOOD, ", ".join(f"{k} {v}" for k, v in versions.items()))


def _cache(part: str) -> Finding:
    # Here, so that what cannot be imported is one finding among others.
    from dynsys.cache import cache_directory

    place = cache_directory()
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Finding(part, BAD, f"{place}: {error}", "export DYNSYS_CACHE_DIR=/a/writable/place")
    models = place / "models"
    count = sum(1 for _ in models.iterdir()) if models.is_dir() else 0
    return Finding(part, GOOD, f"{place} ({count} compiled models)")


def _engine(part: str) -> Finding:
    # Here, so that what cannot be imported is one finding among others.
    from dynsys.vector_field import VectorField

    value = VectorField("doctor", {"x": 1.0}, {"k": 2.0}, {"x": "-k*x^3"}).jacobian([2.0])[0, 0]
    if value != -24.0:
        return Finding(part, BAD, f"d(-2 x^3)/dx at 2 is {value}", "dynsys's cache may be damaged: "
                       "remove it")  # fmt: skip
    return Finding(part, GOOD, "a model compiles and differentiates")


def _compiled(part: str) -> Finding:
    """Whether a first result has to wait for the compiler."""
    # Here, so that what cannot be imported is one finding among others.
    from dynsys.engine_functions import engine_functions

    functions = engine_functions().values()
    kept = sum(function.is_kept() for function in functions)
    said = f"{kept} of {len(functions)} functions, once for this installation"
    if kept < len(functions):
        return Finding(part, OPTIONAL, said, "dynsys compile; else what first needs them waits")
    return Finding(part, GOOD, said)


def _threads(part: str) -> Finding:
    """Small matrices: one BLAS thread is fastest, ten times so on a busy machine."""
    chosen = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
    if chosen == "1":
        return Finding(part, GOOD, "one")
    said = f"{chosen}" if chosen else f"unset: as many as there are cores ({os.cpu_count()})"
    return Finding(part, GOOD, said, "export OPENBLAS_NUM_THREADS=1 is faster for small models")


# --- optional parts ---------------------------------------------------------------------------


def _pydstool(part: str) -> Finding:
    # Here, so that what cannot be imported is one finding among others.
    from dynsys.exchange.pydstool_import import pydstool

    found = _installed("PyDSTool")
    if found is None:
        return Finding(part, OPTIONAL, "for cross-checks", "pip install 'PyDSTool>=0.91'")
    try:
        pydstool()
    except Exception as error:
        return Finding(part, BAD, f"{found}: {error}", "pip install --force-reinstall PyDSTool")
    return Finding(part, GOOD, f"{found}, its symbolic derivatives checked")


def _program(names: tuple[str, ...], purpose: str, remedy: str) -> Callable[[str], Finding]:
    def check(part: str) -> Finding:
        for name in names:
            path = shutil.which(name)
            if path:
                return Finding(part, GOOD, path)
        return Finding(part, OPTIONAL, purpose, remedy)

    return check


def _compiler(part: str) -> Finding:
    path = shutil.which("gcc") or shutil.which("cc")
    if path is None:
        return Finding(
            part, OPTIONAL, "for exported C and Brian2's compiled targets", "apt install gcc"
        )
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.c"
        source.write_text("#include <math.h>\ndouble probe(double x) { return exp(x); }\n")
        made = subprocess.run(
            [path, "-shared", "-fPIC", "-o", f"{folder}/probe.so", str(source), "-lm"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if made.returncode:
        first = made.stderr.strip().splitlines()[:1]
        return Finding(part, BAD, f"{path}: {' '.join(first)}", "apt install gcc libc6-dev")
    return Finding(part, GOOD, f"{path} compiles")


def _auto(part: str) -> Finding:
    path = shutil.which("auto")
    folder = os.environ.get("AUTO_DIR")
    if path is None and folder and (Path(folder) / "bin" / "auto").exists():
        return Finding(part, BAD, f"AUTO_DIR is {folder}, but auto is not on the path",
                       "export PATH=$AUTO_DIR/bin:$PATH")  # fmt: skip
    if path is None:
        return Finding(part, OPTIONAL, "to run exported AUTO-07p jobs",
                       "build AUTO-07p and add its bin directory to PATH")  # fmt: skip
    with tempfile.TemporaryDirectory() as empty:
        script = Path(empty) / "empty.auto"
        script.write_text("")
        made = subprocess.run(
            [path, script.name], cwd=empty, capture_output=True, text=True, timeout=60, check=False
        )
    if made.returncode:
        last = (made.stderr or made.stdout).strip().splitlines()[-1:]
        return Finding(part, BAD, f"{path} ends with {made.returncode}: {' '.join(last)}",
                       "build AUTO-07p anew for the Python that runs it")  # fmt: skip
    return Finding(part, GOOD, f"{path} runs a script")


def _brian(part: str) -> Finding:
    found = _installed("brian2")
    if found is None:
        return Finding(part, OPTIONAL, "for networks of neurons",
                       "pip install 'brian2>=2.9'")  # fmt: skip
    targets = ["numpy"]
    if find_spec("Cython") is not None:
        targets.append("cython")
    if shutil.which("g++"):
        targets.append("cpp_standalone")
    script = "import brian2; brian2.run(0*brian2.ms)"
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run(
            python("-c", script), cwd=folder, env=child_environment(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if made.returncode:
        last = made.stderr.strip().splitlines()[-1:]
        return Finding(
            part, BAD, f"{found}: {' '.join(last)}", "pip install 'numpy<2.4' 'brian2>=2.9'"
        )
    return Finding(part, GOOD, f"{found}; targets {', '.join(targets)}")


_CHECKS: dict[str, Callable[[str], Finding]] = {
    "Python": _python,
    "libraries": _libraries,
    "cache directory": _cache,
    "compiled models": _engine,
    "compiled engine": _compiled,
    "BLAS threads": _threads,
    "C compiler": _compiler,
    "PyDSTool backend": _pydstool,
    "AUTO-07p": _auto,
    "XPPAUT": _program(("xppaut", "xpp"), "to open exported .ode files", "apt install xppaut"),
    "Brian2": _brian,
}


# --- versions that do not go together ---------------------------------------------------------


def _release(text: str) -> tuple[int, ...]:
    """(2, 3, 5) of "2.3.5rc1"."""
    numbers = []
    for part in text.split(".")[:3]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        numbers.append(int(digits or 0))
    return tuple(numbers)


# (library, is its version affected, other, is its version affected, why, remedy)
_Rule = Callable[[tuple[int, ...]], bool]
_BAD_PAIRS: tuple[tuple[str, _Rule, str, _Rule, str, str], ...] = (
    ("brian2", lambda v: v < (2, 10), "numpy", lambda v: v >= (2, 4),
     "brian2 2.9 uses ndarray.ptp, removed in numpy 2.4", "pip install 'numpy<2.4'"),
    ("numba", lambda v: v < (0, 61), "numpy", lambda v: v >= (2, 1),
     "numba before 0.61 refuses numpy 2.1", "pip install 'numba>=0.61'"),
    ("scipy", lambda v: v < (1, 13), "numpy", lambda v: v >= (2, 0),
     "scipy before 1.13 is built for numpy 1", "pip install 'scipy>=1.13'"),
    ("matplotlib", lambda v: v < (3, 9), "numpy", lambda v: v >= (2, 0),
     "matplotlib before 3.9 is built for numpy 1", "pip install 'matplotlib>=3.9'"),
    ("netCDF4", lambda v: v < (1, 7), "numpy", lambda v: v >= (2, 0),
     "netCDF4 before 1.7 is built for numpy 1", "pip install 'netCDF4>=1.7'"),
    ("sympy", lambda v: v < (1, 13), "sympy", lambda v: v < (1, 13),
     "sympy before 1.13 takes 1.0 and 1 for equal", "pip install 'sympy>=1.13'"),
)  # fmt: skip


def _bad_pairs(installed: Callable[[str], str | None]) -> Iterator[Finding]:
    """Known bad pairs of versions that are installed together."""
    clean = True
    for first, is_first, second, is_second, why, remedy in _BAD_PAIRS:
        a, b = installed(first), installed(second)
        if a and b and is_first(_release(a)) and is_second(_release(b)):
            clean = False
            yield Finding("versions", BAD, f"{first} {a} with {second} {b}: {why}", remedy)
    if clean:
        yield Finding("versions", GOOD, f"none of {len(_BAD_PAIRS)} known bad pairs is installed")
