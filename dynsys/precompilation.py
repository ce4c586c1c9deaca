"""``dynsys compile``: the whole engine compiled ahead, once per installation.

A function is compiled after those it calls, which the process that compiles it then finds on the
disk; those that most others wait for come first. What is compiled stays, so that a run which was
interrupted goes on where it was.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from dynsys.activity import doing
from dynsys.children import child_environment, cores, python
from dynsys.errors import DynsysError

MOST = 4  # processes: more would wait for the longest chain of functions, and need 1 GB each
_LOOK = 0.1  # seconds between two looks at the keyboard
_MODEL = "the functions of aln"
_ABOUT = """\
Compile the engine, which all models share, so that no first result waits for it. Once per
installation: what is compiled lies beside the sources, for everybody who may read these, or where
they cannot be written, in the cache of this user (NUMBA_CACHE_DIR, if set). Whoever leaves this
out waits when something is first needed. Interrupted, it goes on from there the next time.

  dynsys compile
"""


def add_compile(subparsers: Any) -> None:
    """Add ``dynsys compile``."""
    # Here, since only commands need it.
    from argparse import RawDescriptionHelpFormatter

    parser = subparsers.add_parser(
        "compile", help="compile the engine ahead, once per installation",
        description=_ABOUT, formatter_class=RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--workers", type=int, help=f"processes (default: cores, {MOST} at most)")
    parser.set_defaults(run=run_compile)


def run_compile(chosen: Any) -> None:
    """Compile what is not yet; says how much that was, and where it lies."""
    # Here, since the command line's help should not wait for all packages.
    from dynsys.engine_functions import callees, engine_functions

    if chosen.workers is not None and chosen.workers < 1:
        raise DynsysError(f"--workers {chosen.workers}: at least one process has to compile")
    begin = time.monotonic()
    with doing("looking for what is compiled"):
        functions = engine_functions()
        missing = {name: f for name, f in functions.items() if not f.is_kept()}
        waits = callees(missing)
    workers = chosen.workers or min(MOST, cores())
    with doing("compiling the engine", total=len(missing) + 1) as activity:
        failed = compile_all({**waits, _MODEL: set()}, workers, activity.advance, _MODEL)
    kept = sum(f.is_kept() for f in functions.values())
    for name, reason in failed.items():
        print(f"dynsys: {name}: {reason}", file=sys.stderr)
    if kept < len(functions):
        raise DynsysError(
            f"{len(functions) - kept} of the engine's {len(functions)} functions are not kept on "
            "the disk; they are compiled where they are needed"
        )
    if failed:
        raise DynsysError("the engine is compiled, but not what the first examples add to it")
    print(
        f"the engine is compiled: {len(functions)} functions, {len(missing)} of them now, "
        f"in {time.monotonic() - begin:.0f} s"
    )


def compile_all(
    waits: Mapping[str, set[str]], workers: int, done: Callable[[], object], first: str = ""
) -> dict[str, str]:
    """Compile functions by name, each after those it waits for, and what takes longest ``first``;
    returns the failures, in words."""
    queue = _Queue(waits, first)
    children = [_start() for _ in range(min(workers, len(waits)))]
    threads = [
        threading.Thread(target=_feed, args=(child, queue, done), daemon=True) for child in children
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(_LOOK)  # Ctrl-C is heard between two of these
    finally:
        queue.stop()
        for child in children:
            child.kill()  # after an interruption; else it has ended
            child.wait()
    return queue.failed


class _Queue:
    """Names that wait for others, given out to several threads."""

    def __init__(self, waits: Mapping[str, set[str]], first: str = "") -> None:
        self._waits = {name: set(others) for name, others in waits.items()}
        self._height = _heights(waits) | {first: len(waits) + 1}
        self._under_way: set[str] = set()
        self._changed = threading.Condition()
        self.failed: dict[str, str] = {}

    def take(self) -> str | None:
        """The next one, when there is one; None when all are given out."""
        with self._changed:
            while self._waits:
                ready = [name for name, others in self._waits.items() if not others]
                if not self._under_way:  # what calls each other waits for nothing more
                    ready = ready or list(self._waits)
                if ready:
                    name = max(ready, key=self._height.__getitem__)
                    del self._waits[name]
                    self._under_way.add(name)
                    return name
                self._changed.wait()
            return None

    def finish(self, name: str, failure: str) -> None:
        """One is compiled, or cannot be; then those that wait for it fail by themselves."""
        with self._changed:
            self._under_way.discard(name)
            if failure:
                self.failed[name] = failure
            for others in self._waits.values():
                others.discard(name)
            self._changed.notify_all()

    def stop(self) -> None:
        """Give out no more."""
        with self._changed:
            self._waits.clear()
            self._changed.notify_all()


def _heights(waits: Mapping[str, set[str]]) -> dict[str, int]:
    """How long the longest chain of those is that wait for a name, itself included."""
    heights = dict.fromkeys(waits, 1)
    for _ in waits:
        before = dict(heights)
        for name, others in waits.items():
            for other in others & heights.keys():
                heights[other] = max(heights[other], heights[name] + 1)
        if heights == before:
            break
    return heights


def _start() -> subprocess.Popen[str]:
    code = f"from {__name__} import serve; serve()"
    return subprocess.Popen(
        python("-c", code), env=child_environment(), cwd=os.path.abspath(os.sep),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def _feed(child: subprocess.Popen[str], queue: _Queue, done: Callable[[], object]) -> None:
    """Give a process one name after the other."""
    assert child.stdin is not None and child.stdout is not None
    while (name := queue.take()) is not None:
        try:
            child.stdin.write(f"{name}\n")
            child.stdin.flush()
            answer = child.stdout.readline()
        except OSError:
            answer = ""
        lost = "the process that compiled it ended; is the memory full?"
        queue.finish(name, answer.strip() if answer else lost)
        if not answer:
            return
        done()
    child.stdin.close()
    child.wait()


def serve() -> None:
    """Compile the functions named on standard input; each is answered by a line, empty if well.

    Ctrl-C, which a terminal sends to all its processes, is for the one that started this.
    """
    # Here, since this process alone needs it.
    from dynsys.engine_functions import compile_model_functions, function_of

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a package may print
    for line in sys.stdin:
        name, failure = line.strip(), ""
        try:
            if name == _MODEL:
                compile_model_functions()
            else:
                function_of(name).settle()
        except Exception as error:  # the others are compiled all the same
            failure = f"{type(error).__name__}: {error}".replace("\n", " ")
        with suppress(OSError):  # whoever started this was killed; no further name will come
            print(failure, file=answers, flush=True)
