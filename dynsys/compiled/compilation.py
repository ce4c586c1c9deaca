"""Compiled functions of a model: generated, compiled by numba, cached on disk by content."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from dynsys.cache import cache_directory
from dynsys.compiled.code_generation import FieldGraph, second_source, source
from dynsys.compiled.series import program
from dynsys.errors import DynsysError
from dynsys.numba_cache import GENERATED

# The files that write and serve compiled functions, below the package's folder.
_GENERATORS = [
    *(
        f"expressions/{name}"
        for name in ("graph", "translation", "functions", "partials", "singularities")
    ),
    *(f"compiled/{name}" for name in ("code_generation", "series", "kernels", "splines")),
    "delays",
]


@dataclass(frozen=True)
class CompiledField:
    """A model's compiled functions (signatures in ``dynsys.compiled.kernels``) and packed tables.

    ``n`` counts the states with the nodes of delay lines, ``m`` the parameters.
    ``signals`` writes the delayed signals, then their delays.
    """

    n: int
    m: int
    field: Callable
    jacobian: Callable
    tangent: Callable
    taylor: Callable
    observables: Callable
    signals: Callable
    domain: Callable
    tables: np.ndarray
    folder: Path

    @cached_property
    def jacobian_tangent(self) -> Callable:
        """The Jacobian's directional derivative, compiled where it is first asked for."""
        try:
            return _load(self.folder, "second").jacobian_tangent
        except Exception as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise DynsysError(
                f"the compiled functions in {self.folder} are damaged ({error!r}) and were "
                "removed; run it again to make them anew"
            ) from error


@cache
def generator_digest() -> str:
    """Hash of the code that writes and serves compiled functions: a new version compiles anew."""
    package = Path(__file__).parents[1]
    content = b"".join((package / f"{name}.py").read_bytes() for name in _GENERATORS)
    return hashlib.sha256(content).hexdigest()


def model_folder(name: str, definition: str) -> Path:
    """Where the compiled functions of this definition live."""
    digest = hashlib.sha256((definition + generator_digest()).encode()).hexdigest()[:24]
    return cache_directory() / "models" / f"{name}-{digest}"


def load_or_compile(
    name: str, definition: str, build: Callable[[], FieldGraph], tables: np.ndarray
) -> CompiledField:
    """Load the compiled functions of a definition; generate and compile them where they are new.

    A damaged cache entry is removed and made again.
    """
    folder = model_folder(name, definition)
    if not (folder / "kernels.py").exists():
        _generate(folder, name, build())
    try:
        module = _load(folder)
    except Exception:  # whatever a damaged file raises: the entry can always be made again
        shutil.rmtree(folder, ignore_errors=True)
        _generate(folder, name, build())
        module = _load(folder)
    return CompiledField(
        n=module.STATES,
        m=module.PARAMETERS,
        field=module.field,
        jacobian=module.jacobian,
        tangent=module.tangent,
        taylor=module.taylor,
        observables=module.observables,
        signals=module.signals,
        domain=module.domain,
        tables=tables,
        folder=folder,
    )


def _generate(folder: Path, name: str, model: FieldGraph) -> None:
    """Write the generated sources and the Taylor kernel's program."""
    text, second = source(model, name), second_source(model, name)
    instructions, constants, outputs = program(model.graph, model.field, dict(model.table_offsets))

    def write(draft: Path) -> None:
        (draft / "kernels.py").write_text(text)
        (draft / "second.py").write_text(second)
        np.savez(
            draft / "program.npz", instructions=instructions, constants=constants, outputs=outputs
        )

    publish(folder, write)


def publish(folder: Path, write: Callable[[Path], None]) -> None:
    """Make a cached model with its ``kernels.py``; it appears complete or not at all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    except OSError as error:
        raise DynsysError(
            f"compiled models are cached in {folder.parent}, which cannot be written ({error}); "
            "set DYNSYS_CACHE_DIR to a writable directory"
        ) from error
    try:
        write(draft)
        os.rename(draft, folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not (folder / "kernels.py").exists():  # not merely a race another process won
            raise


def _load(folder: Path, stem: str = "kernels") -> types.ModuleType:
    module_name = f"{GENERATED}{folder.name.replace('-', '_')}_{stem}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    path = folder / f"{stem}.py"
    specification = importlib.util.spec_from_file_location(module_name, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module_name] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module
