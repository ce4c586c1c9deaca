"""Processes of our own, which import and read nothing from the folder the user works in.

A ``json.py`` there would be imported instead of Python's own, a file ``brian_preferences`` executed
by Brian2: files that come with somebody else's data. Children are therefore started with Python's
safe path, and with a working folder of ours (``cwd``) at every place that starts one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_HOME = Path(__file__).resolve().parents[1]  # where the packages are


def python(*arguments: str) -> list[str]:
    """The command that runs this Python without the current folder on its import path.

    Example
    -------
    >>> subprocess.run(python("-c", "print(1)"), env=child_environment(), cwd=folder)
    """
    return [sys.executable, "-P", *arguments]


def cores() -> int:
    """Cores that this process may use."""
    has_affinity = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1


def child_environment() -> dict[str, str]:
    """The environment of a process that imports what this one can, the user's own folder apart.

    Left out are relative entries of ``sys.path``, the current folder and that of the running
    script, unless ``PYTHONPATH`` names them or these packages are there.
    """
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    wanted = {_HOME, *(Path(path).resolve() for path in named if os.path.isabs(path))}
    own = {Path.cwd().resolve()}
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script:
        own.add(Path(script).resolve().parent)
    paths = [path for path in sys.path if os.path.isabs(path)]
    kept = [path for path in paths if Path(path).resolve() not in own - wanted]
    if not any(Path(path).resolve() == _HOME for path in kept):
        kept.append(str(_HOME))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(kept), "PYTHONSAFEPATH": "1"}
