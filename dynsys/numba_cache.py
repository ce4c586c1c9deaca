"""``njit``: numba's own, with a cache on the disk that notices edited callees.

numba keeps a compiled function as long as the content of its own file is the same. The code of its
callees, and the constants it read, are copied into it, whatever files they come from: after an
edit of one of those the copy would be served on. Here the key is the content of every file that
the code can come from. Import ``njit`` from this module, never from numba.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core import caching, event, sigutils
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher
from numba.core.registry import CPUDispatcher
from numba.core.typeinfer import register_dispatcher
from numba.extending import _Intrinsic

from dynsys.activity import remark
from dynsys.addressed import CONVENTION, Slot, within
from dynsys.interruption import uninterrupted
from dynsys.sealed_files import Folder, TemporaryPlace, seal_files
from dynsys.version import PACKAGES

__all__ = ["njit"]

UNCOMPILED = "compiling the engine, once per installation; `dynsys compile` does it all ahead"
GENERATED = "dynsys_compiled_"  # modules of the models' generated functions begin so

_functions: Any = caching.CompileResultCacheImpl
_Function: Any = CPUDispatcher  # numba has no types of its own
# numba's choices of a folder, no public name: should a later numba have none, its own keys serve.
_STANDARD = tuple(getattr(_functions, "_locator_classes", ()))
_PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic)
_DIGITS = 16  # of the digest, in the names of files


class CompiledFunction(_Function):
    """A compiled function; one of stated signatures is compiled when it is first needed.

    Until then it costs nothing. numba itself would compile it where it is defined, so that whoever
    imports a package waits for all of it.
    """

    signatures_stated: tuple[Any, ...] = ()
    _stated: tuple[Any, ...] = ()  # those that wait for the first need
    _slots: tuple[Slot, ...] = ()  # where compiled callers read its addresses, if they do

    def compile(self, sig: Any) -> Any:
        """Compile for a signature, as numba asks it; for the stated ones instead where they wait.

        Ctrl-C is answered at once meanwhile.
        """
        if global_compiler_lock.is_locked():  # this thread compiles a caller
            return self._compile(sig)
        return uninterrupted(lambda: self._compile(sig))

    def _compile(self, sig: Any) -> Any:
        with global_compiler_lock:
            if not self._stated and not self._can_compile:
                return self  # another thread was faster
            stated, self._stated = self._stated, ()
            try:
                for called in within(self.py_func):  # before anyone can call this one
                    called.settle()
                if not stated:
                    return super().compile(sig)
                with register_dispatcher(self):
                    for each in stated:
                        super().compile(each)
                for slot in self._slots:
                    slot.fill(self.overloads[slot.arguments])
                self.disable_compile()
            except BaseException:
                self._stated = stated
                raise
        return self  # which chooses among its signatures

    def get_overload(self, sig: Any) -> Any:
        """What compiled callers call, as numba asks it: by which it finds how."""
        arguments = sigutils.normalize_signature(sig)[0]
        own = [slot for slot in self._slots if slot.arguments == arguments]
        return own[0] if own else super().get_overload(sig)

    def get_compile_result(self, sig: Any) -> Any:
        """What was compiled for a signature, as numba asks it."""
        self.settle()
        return super().get_compile_result(sig)

    def _reduce_states(self) -> Any:
        """What is pickled: with the stated signatures, which numba reads of what is compiled."""
        self.settle()
        return super()._reduce_states()

    def settle(self) -> None:
        """Compile for the stated signatures, or load what is kept, where that is not done yet."""
        if self._stated:
            self.compile(self._stated[0])

    def is_kept(self) -> bool:
        """Whether it lies on the disk for all stated signatures, or is not to be kept there."""
        files = getattr(self._cache, "_cache_file", None)
        codegen = self.targetctx.codegen()
        return files is None or all(
            files.holds(self._cache._index_key(each, codegen)) for each in self.signatures_stated
        )


def njit(*signatures: Any, addressed: bool = False, **options: Any) -> Any:
    """``numba.njit``, with a list of signatures that are compiled when one is first needed.

    ``addressed``: compiled callers call it at its address (``dynsys.addressed``).
    """
    function = signatures[0] if signatures and isinstance(signatures[0], FunctionType) else None
    stated = signatures[0] if signatures and function is None else ()

    def compiled(function: FunctionType) -> Any:
        made: Any = numba.njit(**options)(function)
        if isinstance(made, _Function):  # not where NUMBA_DISABLE_JIT is set
            made.__class__ = CompiledFunction
            made._stated = tuple(stated) if isinstance(stated, (list, tuple)) else (stated,)
            made.signatures_stated = made._stated
            if addressed:
                made._slots = tuple(Slot(function, each) for each in made._stated)
        return made

    return compiled if function is None else compiled(function)


class _Part(NamedTuple):
    """One module as it was loaded: its own share of a digest, and the modules it calls."""

    stamp: tuple[int, int]
    share: bytes
    calls: tuple[str, ...]


_parts: dict[str, _Part] = {}


def digest(module: str) -> str:
    """Hash of the files that the compiled functions of an imported module can come from.

    These are the module's own, and those of the modules whose compiled functions it imports, and
    so on. Imported constants count by their values: other files may change freely.

    Raises OSError where a file cannot be read.
    """
    _read(module, again=True)
    found: dict[str, bytes] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            part = _read(name)
            found[name] = part.share
            waiting += part.calls
    whole = hashlib.sha256(numba.__version__.encode() + CONVENTION)
    for name in sorted(found):
        whole.update(found[name])
    return whole.hexdigest()[:_DIGITS]


def _read(name: str, again: bool = False) -> _Part:
    """A module's part of the digest, as loaded; ``again``: it may just have been reloaded.

    A file that was edited after its import still counts with its old content, which is what runs.
    """
    if name in _parts and not again:
        return _parts[name]
    module = sys.modules[name]
    path = str(module.__file__)
    status = os.stat(path)
    stamp = (status.st_mtime_ns, status.st_size)
    if name not in _parts or _parts[name].stamp != stamp:
        share = hashlib.sha256(name.encode() + Path(path).read_bytes())
        calls = []
        for label, value in sorted(vars(module).items()):
            if label.startswith("__"):
                continue
            if isinstance(value, Dispatcher):
                calls.append(str(value.py_func.__module__))
            elif isinstance(value, _Intrinsic):
                calls.append(str(value._defn.__module__))
            elif isinstance(value, ModuleType):
                calls.append(value.__name__)
            else:
                share.update(b"".join(_constant(label, value)))
        others = {call for call in calls if _covered(call) and call != name}
        _parts[name] = _Part(stamp, share.digest(), tuple(sorted(others)))
    return _parts[name]


def _covered(module: str) -> bool:
    root = module.partition(".")[0]
    return (root in PACKAGES or root.startswith(GENERATED)) and module in sys.modules


def _constant(label: str, value: Any) -> Iterator[bytes]:
    """What compiled code can freeze of a global value; nothing where it can freeze none."""
    if isinstance(value, _PLAIN):
        yield f"{label}={value!r};".encode()
    elif isinstance(value, tuple):
        for k, item in enumerate(value):
            yield from _constant(f"{label}.{k}", item)
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"{label}={value.dtype.str}{value.shape}".encode() + value.tobytes()
    elif isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields"):
        yield f"{label}={value._fields}".encode()


def _standard() -> list[Any]:
    """numba's choices of a folder, without one that a file of the current folder has named.

    numba reads ``.numba_config.yaml`` wherever it is started; what it loads from a cache executes.
    """
    named = bool(os.environ.get("NUMBA_CACHE_DIR"))
    return [c for c in _STANDARD if named or c.__name__.strip("_") != "UserProvidedCacheLocator"]


class ContentLocator:
    """Where a compiled function of these packages is kept: in numba's folder, by its digest.

    That is the one beside the sources where it can be written, for all users of an installation;
    else the user's own, and what was compiled for the installation is read all the same. A folder
    that ``NUMBA_CACHE_DIR`` names stands alone.

    The digest is part of the files' names. So files of another state of the sources are never read,
    not even while another process replaces them: numba writes a function's index before its code.
    """

    def __init__(self, place: Any, path: str, key: str) -> None:
        self._place, self._key = place, key
        self._py_file = path  # numba's warnings tell it

    @classmethod
    def from_function(cls, py_func: FunctionType, py_file: str) -> ContentLocator | None:
        """The locator of a function; None, for numba's own to answer, where it is not of ours."""
        module = py_func.__module__
        if not _covered(module):
            return None
        places = (standard.from_function(py_func, py_file) for standard in _standard())
        place = next((found for found in places if found is not None), None)
        try:
            return cls(TemporaryPlace(py_func) if place is None else place, py_file, digest(module))
        except OSError:  # no file of its own, as in an archive
            return None

    def get_cache_path(self) -> str:
        """The folder that is written, as numba chooses it."""
        folder = Folder(self._place.get_cache_path())
        beside = os.path.join(os.path.dirname(self._py_file), "__pycache__")
        if folder != beside and not os.environ.get("NUMBA_CACHE_DIR"):
            folder.beside = beside
        return folder

    def get_source_stamp(self) -> str:
        """What an index must have been written for."""
        return self._key

    def get_disambiguator(self) -> str:
        """What tells files of equal names apart: line and digest."""
        return f"{self._place.get_disambiguator()}-{self._key}"

    def ensure_cache_path(self) -> None:
        """Called before something new is written: remove what older sources left."""
        with suppress(OSError):  # what cannot be written is said where it is
            self._place.ensure_cache_path()
        folder, stem = Path(self.get_cache_path()), Path(self._py_file).stem
        ours = re.compile(rf"{re.escape(stem)}\..*-\d+(-[0-9a-f]{{{_DIGITS}}})?\.py\d+.*\.nb[ic]")
        for file in folder.glob(f"{stem}.*.nb[ic]"):
            match = ours.fullmatch(file.name)
            if match and match[1] != f"-{self._key}":
                with suppress(OSError):  # another process was faster
                    file.unlink()


class _Listener(event.Listener):
    """Says that the engine is compiled, where somebody waits for it."""

    def on_start(self, begun: Any) -> None:
        function = begun.data["dispatcher"]
        if isinstance(function, CompiledFunction) and function.signatures_stated:
            if function.py_func.__module__.partition(".")[0] in PACKAGES:
                remark(UNCOMPILED)

    def on_end(self, ended: Any) -> None:
        """It has been said."""


event.register("numba:compile", _Listener())
if _STANDARD:
    _functions._locator_classes = [ContentLocator, *_STANDARD]
    seal_files()
