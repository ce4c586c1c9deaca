"""Ctrl-C: an answer at once, in compiled loops and while compiling."""

from __future__ import annotations

import atexit
import gc
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn, TypeVar

Result = TypeVar("Result")

INTERRUPTED = 130  # exit code: 128 + the number of the signal
_LOOK = 0.1  # seconds between two looks at the keyboard
ANSWER = 0.5  # seconds that compiled loops may take between two looks

note = ""  # what is said besides of an interruption: what became of the work
_compiling: list[object] = []  # what is being compiled, also after an interruption
_compiled = 0.0  # seconds of processor time that took
_answered = False  # whether an interruption was answered with a part of a result
_given_up = False  # whether an interruption left something that is being compiled to itself


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
    atexit.unregister(_finish_compiling)  # nobody waits for what is compiled
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def uninterrupted(work: Callable[[], Result]) -> Result:
    """What ``work``, which compiles, returns; Ctrl-C is answered at once, and it goes on unheard.

    Code that is interrupted inside the compiler crashes, so the main thread only waits for it. What
    is compiled to its end is kept, for a next call.
    """
    global _given_up

    def counted() -> Result:
        global _compiled
        begin = time.thread_time()
        _compiling.append(work)
        try:
            return work()
        finally:
            _compiling.remove(work)
            _compiled += time.thread_time() - begin

    if threading.current_thread() is not threading.main_thread():
        return counted()
    try:
        return _in_a_thread(counted)
    except KeyboardInterrupt:
        _given_up = True
        raise


def is_compiling() -> bool:
    """Whether something is compiled now."""
    return bool(_compiling)


def compiling_time() -> float:
    """Processor time (s) that this process has compiled, or loaded what was compiled before."""
    return _compiled


def _finish_compiling() -> None:
    """At the end of the process: it may not be taken apart while something is compiled."""
    answered = _given_up or getattr(sys, "last_type", None) is KeyboardInterrupt
    if _compiling and answered:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)  # nobody waits for what is compiled
    while _compiling:
        time.sleep(_LOOK)


def _end_at_once() -> None:
    """At the end of an interrupted process: nothing is searched for cycles of garbage, which takes
    a second where much was compiled, and many while the machine is busy."""
    if _answered or getattr(sys, "last_type", None) is KeyboardInterrupt:
        gc.freeze()


def answered() -> None:
    """What is under way was interrupted, and returns what is finished."""
    global _answered
    _answered = True


atexit.register(_finish_compiling)
atexit.register(_end_at_once)


def interruptible(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a compiled function that holds no lock (``nogil``) so that Ctrl-C is heard meanwhile.

    It runs in a thread of its own. After an interruption that goes on to its end unheard, with
    arrays that nobody reads any more, or ends with the process.
    """
    if threading.current_thread() is not threading.main_thread():
        return function(*arguments)
    return _in_a_thread(partial(function, *arguments))


def _in_a_thread(work: Callable[[], Result]) -> Result:
    """What ``work`` returns or raises; the main thread listens to the keyboard meanwhile."""
    outcome: list[Any] = []

    def call() -> None:
        try:
            outcome.append((work(), None))
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
