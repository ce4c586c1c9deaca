"""Compiled functions of a model: generated, compiled by numba, cached on disk by content."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np

from dynsys.cache import cache_directory
from dynsys.compiled.code_generation import FieldGraph, second_source, source
from dynsys.compiled.entries import Writer, load_entry
from dynsys.compiled.points_source import points_source
from dynsys.compiled.series import program, run_program

# The files that write and serve compiled functions, below the package's folder.
_GENERATORS = [
    *(
        f"expressions/{name}"
        for name in ["graph", "translation", "conditions", "functions", "partials", "singularities"]
    ),
    *(
        f"compiled/{name}"
        for name in (
            "code_generation",
            "points_source",
            "numbers",
            "arithmetic",
            "hyperbolic",
            "transport",
            "series",
            "kernels",
            "splines",
        )
    ),
    "delays",
]


@dataclass(frozen=True)
class CompiledField:
    """A model's compiled functions (signatures in ``dynsys.compiled.kernels``) and packed tables.

    ``n`` counts the states with the nodes of delay lines, ``m`` the parameters.
    ``signals`` writes the delayed signals, then their delays. ``taylor`` is for calls from Python,
    which need not wait for ``taylor_kernel``, the same for compiled callers. ``write`` makes the
    cache's entry ``folder`` again.
    """

    n: int
    m: int
    field: Callable
    jacobian: Callable
    tangent: Callable
    taylor: Callable
    taylor_kernel: Callable
    observables: Callable
    signals: Callable
    domain: Callable
    tables: np.ndarray
    folder: Path
    write: Writer = dataclasses.field(repr=False)

    @cached_property
    def linearize(self) -> Callable:
        """Field, Jacobian and derivative along parameters at several states at once, compiled when
        asked for."""
        return load_entry(self.folder, self.write, "points").linearize

    @cached_property
    def rates(self) -> Callable:
        """The field at several states at once, compiled when asked for."""
        return load_entry(self.folder, self.write, "points").rates

    @cached_property
    def jacobian_tangent(self) -> Callable:
        """The Jacobian's directional derivative, compiled where it is first asked for."""
        return load_entry(self.folder, self.write, "second").jacobian_tangent


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

    A damaged cache entry is made again.
    """
    folder = model_folder(name, definition)

    def write(draft: Path) -> None:
        _generate(draft, name, build())

    module = load_entry(folder, write)
    return CompiledField(
        n=module.STATES,
        m=module.PARAMETERS,
        field=module.field,
        jacobian=module.jacobian,
        tangent=module.tangent,
        taylor=partial(run_program, *module.PROGRAM),
        taylor_kernel=module.taylor,
        observables=module.observables,
        signals=module.signals,
        domain=module.domain,
        tables=tables,
        folder=folder,
        write=write,
    )


def _generate(draft: Path, name: str, model: FieldGraph) -> None:
    """Write the generated sources and the Taylor kernel's program."""
    instructions, constants, outputs = program(model.graph, model.field, dict(model.table_offsets))
    (draft / "kernels.py").write_text(source(model, name))
    (draft / "points.py").write_text(points_source(model, name))
    (draft / "second.py").write_text(second_source(model, name))
    np.savez(draft / "program.npz", instructions=instructions, constants=constants, outputs=outputs)
