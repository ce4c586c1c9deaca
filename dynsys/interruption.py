"""Ctrl-C: an answer at once, in compiled loops and while compiling."""

from __future__ import annotations

import atexit
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from dynsys.listening import Listener

Result = TypeVar("Result")

INTERRUPTED = 130  # exit code: 128 + the number of the signal
_LOOK = 0.1  # seconds between two looks at the keyboard
ANSWER = 0.5  # seconds that compiled loops may take between two looks

note = ""  # what is said besides of an interruption: what became of the work
_at_once = False  # whether an interruption while compiling ends the process
_compiling = 0  # how many compilations are under way
_listener: Listener | None = None


def leave_at_once(leave: bool = True) -> None:
    """Let Ctrl-C while compiling end the process, as the command line wants it.

    Code that is interrupted inside the compiler crashes, so elsewhere the interruption waits until
    the compilation is done.
    """
    global _at_once
    _at_once = leave


def say_interrupted() -> None:
    """Tell the user of the command line, and what became of the work."""
    print("dynsys: interrupted" + (f"; {note}" if note else ""), file=sys.stderr)


class Pace:
    """How many steps of a compiled loop fit between two looks at the keyboard."""

    def __init__(self, first: int, most: int) -> None:
        self._room, self._most = first, most

    def room(self) -> int:
        """Steps to make now."""
        return self._room

    def made(self, steps: int, seconds: float) -> None:
        """How long that took."""
        fitting = int(ANSWER * max(steps, 1) / max(seconds, 1e-9))
        self._room = max(1, min(self._most, 4 * self._room, fitting))


def leave() -> NoReturn:
    """End the process as interrupted, its children with it, without taking it apart first.

    That takes seconds where much was compiled.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def _heard(presses: int) -> None:
    """What is said, or done, when Ctrl-C is pressed while code compiles."""
    if _at_once:
        say_interrupted()
        leave()
    if presses > 1 and not _typed():
        print("dynsys: interrupted while compiling", file=sys.stderr)
        leave()
    end = "" if _typed() else "; again: at once"
    print(f"dynsys: Ctrl-C is heard, it acts when what compiles is done{end}", file=sys.stderr)


def _typed() -> bool:
    """Whether somebody types into this session, whose variables would be lost with it."""
    return hasattr(sys, "ps1") or bool(sys.flags.interactive) or "ipykernel" in sys.modules


@contextmanager
def held() -> Iterator[None]:
    """Hold Ctrl-C back until the block, which compiles, is done; that it is heard is said at once.

    In the command line nothing is lost by leaving: it says so and goes, as a program does when
    Ctrl-C is pressed again. A session that is typed or a notebook stays.
    """
    global _compiling, _listener
    if threading.current_thread() is not threading.main_thread() or _compiling:
        yield
        return
    waiting: list[Any] = []

    def wait(number: int, frame: Any) -> None:
        waiting.append((number, frame))

    before = signal.getsignal(signal.SIGINT)
    if before is None or before == signal.SIG_IGN:  # set outside Python, or not wanted
        yield
        return
    _listener = _listener or Listener(_heard)
    signal.signal(signal.SIGINT, wait)
    _compiling += 1
    try:
        with _listener.listening():
            yield
    finally:
        _compiling -= 1
        signal.signal(signal.SIGINT, before)
    if waiting:
        raise KeyboardInterrupt


def interruptible(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a compiled function that holds no lock (``nogil``) so that Ctrl-C is heard meanwhile.

    It runs in a thread of its own. After an interruption that goes on to its end unheard, with
    arrays that nobody reads any more, or ends with the process.
    """
    if threading.current_thread() is not threading.main_thread():
        return function(*arguments)
    outcome: list[Any] = []

    def call() -> None:
        try:
            outcome.append((function(*arguments), None))
        except BaseException as error:  # raised again where it was called
            outcome.append((None, error))

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK)
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def run_all(
    calls: Sequence[Callable[[], object]], workers: int, done: Callable[[int], object]
) -> None:
    """Make all calls, ``workers`` at a time in threads; ``done`` hears the number of each finished.

    The first error is raised, or KeyboardInterrupt, at once: no further call is begun, and those
    under way go on unheard or end with the process.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    finished: queue.SimpleQueue[tuple[int, BaseException | None]] = queue.SimpleQueue()
    for number in range(len(calls)):
        waiting.put(number)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                calls[number]()
            except BaseException as error:  # raised again where all were asked for
                finished.put((number, error))
            else:
                finished.put((number, None))

    for _ in range(min(workers, len(calls))):
        threading.Thread(target=work, daemon=True).start()
    left = len(calls)
    try:
        while left:
            try:
                number, error = finished.get(timeout=_LOOK)
            except queue.Empty:
                continue
            if error is not None:
                raise error
            left -= 1
            done(number)
    finally:
        stop.set()
